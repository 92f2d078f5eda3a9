/** The selected range: made by dragging, handles, keys or typed times, all with the same rules. */

import { SECOND } from "../time/zone";

export interface Range {
  from: number;
  to: number;
}

export type Handle = "from" | "to";

export const SHORTEST_RANGE = SECOND;

/** A range between two moments in any order: whole seconds, one at least. */
export function rangeBetween(a: number, b: number): Range {
  const from = Math.floor(Math.min(a, b) / SECOND) * SECOND;
  const to = Math.ceil(Math.max(a, b) / SECOND) * SECOND;
  return { from, to: Math.max(to, from + SHORTEST_RANGE) };
}

/** Drag one end; past the other end it becomes that one. Returns which end is held now. */
export function dragHandle(range: Range, handle: Handle, t: number): [Range, Handle] {
  const fixed = handle === "from" ? range.to : range.from;
  const held: Handle = t < fixed ? "from" : "to";
  return [rangeBetween(t, fixed), held];
}

/** Set one end with a key: the other end stays if it is on its side, or goes a minute away. */
export function setEnd(range: Range | undefined, handle: Handle, t: number): Range {
  const minute = 60 * SECOND;
  if (handle === "from") {
    return rangeBetween(t, range && range.to > t + SHORTEST_RANGE ? range.to : t + minute);
  }
  return rangeBetween(range && range.from < t - SHORTEST_RANGE ? range.from : t - minute, t);
}

/** Move the whole range. */
export function moveRange(range: Range, ms: number): Range {
  const by = Math.round(ms / SECOND) * SECOND;
  return { from: range.from + by, to: range.to + by };
}

/** Moments near which an end snaps: borders of clips and events, the playhead. */
export function snap(t: number, to: readonly number[], within: number): number {
  let best = t;
  let distance = within;
  for (const each of to) {
    const away = Math.abs(each - t);
    if (away <= distance) {
      best = each;
      distance = away;
    }
  }
  return best;
}
