/** Coverage of a stretch, from time tiles, as runs that a bar can draw. */

import { STATES, type State, type Tile } from "../../api/types";

export interface Run {
  readonly state: State;
  /** From the beginning of the stretch on, in percent of it. */
  readonly start: number;
  readonly length: number;
}

export interface DayBar {
  /** Each state where it is the main one; without *unknown* and *absent*. */
  readonly runs: readonly Run[];
  /** Problems, wherever there is one: they are drawn over the runs. */
  readonly marks: readonly Run[];
  readonly seconds: Readonly<Partial<Record<State, number>>>;
}

export const BAR_LEVEL = 4;
const BUCKETS = 1024;
const BAR_BUCKET_MS = 1000 * 4 ** BAR_LEVEL;
const TILE_MS = BUCKETS * BAR_BUCKET_MS;
const SILENT: ReadonlySet<State> = new Set(["unknown", "absent"]);

/** Return the numbers of the tiles that touch [from, to). */
export function tilesOf(from: number, to: number): number[] {
  const first = Math.floor(from / TILE_MS);
  const last = Math.floor((to - 1) / TILE_MS);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Return what tiles of level `BAR_LEVEL` say of [from, to). */
export function barOf(tiles: readonly Tile[], from: number, to: number): DayBar {
  const runs: Run[] = [];
  const marks: Run[] = [];
  const seconds: Partial<Record<State, number>> = {};
  const percent = (ms: number): number => (100 * ms) / (to - from);
  const add = (list: Run[], state: State, start: number, end: number): void => {
    const last = list.at(-1);
    const begins = percent(start - from);
    if (last?.state === state && Math.abs(last.start + last.length - begins) < 1e-9) {
      list[list.length - 1] = { state, start: last.start, length: percent(end - from) - last.start };
    } else {
      list.push({ state, start: begins, length: percent(end - start) });
    }
  };
  for (const tile of [...tiles].sort((one, other) => one.n - other.n)) {
    let at = tile.n * TILE_MS;
    for (let index = 0; index + 2 < tile.runs.length; index += 3) {
      const [buckets = 0, main = 0, mark = 0] = tile.runs.slice(index, index + 3);
      const start = Math.max(from, at);
      at += buckets * BAR_BUCKET_MS;
      const end = Math.min(to, at);
      if (end <= start) continue;
      const state = STATES[main] ?? "unknown";
      seconds[state] = (seconds[state] ?? 0) + (end - start) / 1000;
      if (!SILENT.has(state)) add(runs, state, start, end);
      const problem = STATES[mark & 15] ?? "unknown";
      if (problem !== "unknown") add(marks, problem, start, end);
    }
  }
  return { runs, marks, seconds };
}
