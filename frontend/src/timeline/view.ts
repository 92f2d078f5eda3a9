/** What is shown: a stretch of time over a width of pixels. All pure. */

import { HOUR, SECOND } from "../time/zone";

export interface View {
  from: number;
  to: number;
}

export interface Limits {
  /** Nothing is shown before and after. */
  min: number;
  max: number;
}

const DAY = 24 * HOUR;
export const SHORTEST = 10 * SECOND;
export const LONGEST = 31 * DAY;
/** The spans of the buttons. */
export const PRESETS = [LONGEST, 7 * DAY, DAY, 6 * HOUR, HOUR, 10 * 60 * SECOND] as const;

export function span(view: View): number {
  return view.to - view.from;
}

export function xOf(view: View, width: number, t: number): number {
  return ((t - view.from) / span(view)) * width;
}

export function timeAt(view: View, width: number, x: number): number {
  return view.from + (x / width) * span(view);
}

/** Bring a view inside its limits and spans, keeping its middle where that can be. */
export function clampView(view: View, limits: Limits): View {
  const room = Math.max(SHORTEST, limits.max - limits.min);
  const wide = Math.min(Math.max(span(view), SHORTEST), LONGEST, room);
  let from = view.from + (span(view) - wide) / 2;
  from = Math.max(limits.min, Math.min(from, limits.max - wide));
  return { from, to: from + wide };
}

/** Zoom so that the moment under the pointer stays under it. A factor above 1 shows more. */
export function zoomAt(view: View, factor: number, anchor: number, limits: Limits): View {
  const wide = Math.min(Math.max(span(view) * factor, SHORTEST), LONGEST);
  const share = (anchor - view.from) / span(view);
  const from = anchor - share * wide;
  return clampView({ from, to: from + wide }, limits);
}

export function pan(view: View, ms: number, limits: Limits): View {
  return clampView({ from: view.from + ms, to: view.to + ms }, limits);
}

/** A view of this span around t. */
export function around(t: number, wide: number, limits: Limits): View {
  return clampView({ from: t - wide / 2, to: t + wide / 2 }, limits);
}

/** Move a view back where most of it would show what has not happened yet. */
export function settled(view: View, now: number): View {
  const most = now + span(view) * 0.08;
  return view.to <= most ? view : { from: view.from - (view.to - most), to: most };
}

/** Two fingers: the moments that were under them come to lie under them again. */
export function pinch(
  view: View,
  width: number,
  before: readonly [number, number],
  after: readonly [number, number],
  limits: Limits,
): View {
  const apart = Math.max(10, Math.abs(before[1] - before[0]));
  const now = Math.max(10, Math.abs(after[1] - after[0]));
  const middle = timeAt(view, width, (before[0] + before[1]) / 2);
  const wide = Math.min(Math.max(span(view) * (apart / now), SHORTEST), LONGEST);
  const from = middle - ((after[0] + after[1]) / 2 / width) * wide;
  return clampView({ from, to: from + wide }, limits);
}

/** The view that keeps a playhead in sight: the same, or moved on so that it is at a third. */
export function followed(view: View, t: number, limits: Limits): View {
  const wide = span(view);
  if (t >= view.from + wide * 0.04 && t <= view.to - wide * 0.12) return view;
  const from = t - wide / 3;
  return clampView({ from, to: from + wide }, limits);
}

const EDGE = 32;

/** How fast the view moves when something is dragged to its edge: widths per second, signed. */
export function edgeSpeed(x: number, width: number): number {
  if (x < EDGE) return -Math.min(1, (EDGE - x) / EDGE) * 0.6;
  if (x > width - EDGE) return Math.min(1, (x - width + EDGE) / EDGE) * 0.6;
  return 0;
}

/** One step between two views that looks even at every zoom: spans shrink by ratio. */
export function between(a: View, b: View, share: number): View {
  if (share >= 1) return b;
  const wide = span(a) * (span(b) / span(a)) ** share;
  const [ma, mb] = [(a.from + a.to) / 2, (b.from + b.to) / 2];
  // The middle moves as the span does, so that a zoom at the pointer stays at the pointer.
  const moved = span(a) === span(b) ? share : (wide - span(a)) / (span(b) - span(a));
  const middle = ma + (mb - ma) * moved;
  return { from: middle - wide / 2, to: middle + wide / 2 };
}
