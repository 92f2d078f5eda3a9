/** Which stretch of a camera's time is loaded around a seek, and when the next one. */

const MINUTE_MS = 60_000;
/** Loaded before the place that was asked for, so that short steps back need nothing new. */
const BEFORE_MS = 15 * MINUTE_MS;
const LENGTH_MS = 75 * MINUTE_MS;
/** Where windows begin: the same places for everybody, so that answers can be shared. */
const GRID_MS = 5 * MINUTE_MS;
/** A window that begins at the end of another starts there and needs nothing before. */
const NEXT_MS = 60 * MINUTE_MS;
/** Seconds of playing before a window's end at which the next one is got ready. */
const LEAD_S = 12;

export interface Window {
  fromMs: number;
  toMs: number;
}

/** Return the window to load for a place. */
export function windowAround(ms: number): Window {
  const fromMs = Math.floor((ms - BEFORE_MS) / GRID_MS) * GRID_MS;
  return { fromMs, toMs: fromMs + LENGTH_MS };
}

/** Return the window that goes on where another ends. */
export function windowAfter(endMs: number): Window {
  return { fromMs: endMs, toMs: Math.ceil((endMs + NEXT_MS) / GRID_MS) * GRID_MS };
}

export function holds(window: Window, ms: number): boolean {
  return ms >= window.fromMs && ms < window.toMs;
}

/** Return whether it is time to get the next window ready. */
export function isNearEnd(media: number, mediaEnd: number, rate: number): boolean {
  return mediaEnd - media <= LEAD_S * Math.max(1, rate);
}
