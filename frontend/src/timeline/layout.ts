/** Where lanes lie, and what is under a pointer. All pure. */

export interface LaneLayout {
  /** Height of the camera's name above the bar; 0 where names have a column of their own. */
  label: number;
  /** Height of the coverage bar. */
  bar: number;
  /** Height of the row of events below it. */
  events: number;
  /** Space between lanes. */
  gap: number;
  count: number;
}

/** More lanes are lower ones. On a phone the names stand above their bars. */
export function laneLayout(count: number, look: "wide" | "phone" | "card"): LaneLayout {
  if (look === "phone") return { label: 18, bar: 22, events: 12, gap: 8, count };
  if (look === "card") return { label: count > 1 ? 16 : 0, bar: 18, events: 10, gap: 6, count };
  if (count <= 4) return { label: 0, bar: 24, events: 12, gap: 14, count };
  if (count <= 12) return { label: 0, bar: 18, events: 10, gap: 10, count };
  return { label: 0, bar: 14, events: 8, gap: 4, count };
}

export function pitch(layout: LaneLayout): number {
  return layout.label + layout.bar + layout.events + layout.gap;
}

/** The top of a lane's bar. */
export function laneTop(layout: LaneLayout, index: number): number {
  return index * pitch(layout) + layout.gap / 2 + layout.label;
}

export function lanesHeight(layout: LaneLayout): number {
  return layout.count * pitch(layout);
}

export interface Hit {
  lane: number;
  part: "bar" | "events";
}

/** The lane at a height, undefined below the last one. */
export function laneAt(layout: LaneLayout, y: number): Hit | undefined {
  const lane = Math.floor(y / pitch(layout));
  if (lane < 0 || lane >= layout.count) return undefined;
  const inside = y - laneTop(layout, lane);
  return { lane, part: inside > layout.bar ? "events" : "bar" };
}
