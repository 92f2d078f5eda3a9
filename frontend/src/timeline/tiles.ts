/** Coverage as tiles of several levels of detail, like the tiles of a map. */

import type { Key, Tile, Touched } from "../api/types";
import type { View } from "./view";
import { span } from "./view";

export const BUCKETS = 1024;
export const LEVELS = 8;
const KEPT = 2000;

export function bucketMs(level: number): number {
  return 1000 * 4 ** level;
}

export function tileMs(level: number): number {
  return BUCKETS * bucketMs(level);
}

/** The finest level whose buckets are not narrower than a pixel. */
export function levelFor(view: View, width: number): number {
  for (let level = 0; level < LEVELS - 1; level += 1) {
    if (span(view) / bucketMs(level) <= width) return level;
  }
  return LEVELS - 1;
}

/** Numbers of the tiles of a level that a stretch touches. */
export function tilesOf(level: number, from: number, to: number): number[] {
  if (to <= from) return [];
  const wide = tileMs(level);
  const first = Math.floor(from / wide);
  const last = Math.ceil(to / wide) - 1;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export interface StoredTile {
  readonly level: number;
  readonly camera: Key;
  readonly n: number;
  readonly runs: readonly number[];
  /** The moment up to which a running tile was made. */
  readonly until: number | null;
  /** When it came. */
  readonly made: number;
  /** Something in it has changed since; it is drawn until the new one is here. */
  stale: boolean;
}

/** The tiles that were asked for last, up to 2 000. */
export class TileCache {
  private readonly tiles = new Map<string, StoredTile>();
  /** Grows with each change: whoever draws compares. */
  version = 0;

  get size(): number {
    return this.tiles.size;
  }

  put(level: number, tile: Tile, now: number): void {
    const key = name(level, tile.camera, tile.n);
    this.tiles.delete(key);
    this.tiles.set(key, {
      level,
      camera: tile.camera,
      n: tile.n,
      runs: tile.runs,
      until: tile.until_ms,
      made: now,
      stale: false,
    });
    for (const old of this.tiles.keys()) {
      if (this.tiles.size <= KEPT) break;
      this.tiles.delete(old);
    }
    this.version += 1;
  }

  get(level: number, camera: Key, n: number): StoredTile | undefined {
    const key = name(level, camera, n);
    const tile = this.tiles.get(key);
    if (tile) {
      this.tiles.delete(key); // now the newest
      this.tiles.set(key, tile);
    }
    return tile;
  }

  /** Mark what these stretches touch; null is everything. Returns whether there was anything. */
  touch(touched: readonly Touched[] | null): boolean {
    let any = false;
    for (const tile of this.tiles.values()) {
      const from = tile.n * tileMs(tile.level);
      const to = from + tileMs(tile.level);
      if (
        touched === null ||
        touched.some(([camera, a, b]) => camera === tile.camera && a < to && b > from)
      ) {
        tile.stale = true;
        any = true;
      }
    }
    return any;
  }

  clear(): void {
    this.tiles.clear();
    this.version += 1;
  }

  /**
   * Tiles to ask for, so that a stretch of these cameras is drawn true. Those that were running
   * when they came are asked for again after `patience`.
   */
  missing(
    level: number,
    cameras: readonly Key[],
    from: number,
    to: number,
    now: number,
    patience = Infinity,
  ): [Key, number][] {
    const wanted: [Key, number][] = [];
    for (const n of tilesOf(level, from, Math.min(to, now))) {
      for (const camera of cameras) {
        const tile = this.tiles.get(name(level, camera, n));
        if (!tile || tile.stale || (tile.until !== null && now - tile.made > patience)) {
          wanted.push([camera, n]);
        }
      }
    }
    return wanted;
  }

  /**
   * Call `draw(from, to, state, mark)` for the runs of a camera in a stretch, at a level. Where its
   * tile is not here yet, a coarser one stands in.
   */
  eachRun(
    level: number,
    camera: Key,
    from: number,
    to: number,
    draw: (from: number, to: number, state: number, mark: number) => void,
  ): void {
    for (const n of tilesOf(level, from, to)) {
      const low = Math.max(from, n * tileMs(level));
      const high = Math.min(to, (n + 1) * tileMs(level));
      const tile = this.get(level, camera, n);
      if (tile) drawRuns(tile, low, high, draw);
      else this.standIn(level + 1, camera, low, high, draw);
    }
  }

  private standIn(
    level: number,
    camera: Key,
    from: number,
    to: number,
    draw: (from: number, to: number, state: number, mark: number) => void,
  ): void {
    for (let coarser = level; coarser < LEVELS; coarser += 1) {
      const tile = this.get(coarser, camera, Math.floor(from / tileMs(coarser)));
      // A stretch within a tile of a level lies within one tile of each coarser level.
      if (tile) {
        drawRuns(tile, from, to, draw);
        return;
      }
    }
  }

  /** The state at a moment as far as tiles know; undefined where none is here. */
  stateAt(level: number, camera: Key, t: number): { state: number; mark: number } | undefined {
    let found: { state: number; mark: number } | undefined;
    this.eachRun(level, camera, t, t + 1, (_from, _to, state, mark) => {
      found = { state, mark };
    });
    return found;
  }
}

function drawRuns(
  tile: StoredTile,
  from: number,
  to: number,
  draw: (from: number, to: number, state: number, mark: number) => void,
): void {
  const bucket = bucketMs(tile.level);
  let at = tile.n * tileMs(tile.level);
  const { runs } = tile;
  for (let index = 0; index < runs.length && at < to; index += 3) {
    let end = at + runs[index]! * bucket;
    const next = end;
    if (tile.until !== null && index === runs.length - 3) end = Math.min(end, tile.until);
    if (end > from) draw(Math.max(at, from), Math.min(end, to), runs[index + 1]!, runs[index + 2]!);
    at = next;
  }
}

function name(level: number, camera: Key, n: number): string {
  return `${level}/${n}/${camera}`;
}
