/** How a tile follows the clock that up to four cameras share. */

import type { Place } from "./time-map";

export const MAX_TILES = 4;
/** Below this nobody sees a difference. */
const LEAVE_MS = 80;
/** Above this a seek is quicker than catching up. */
const SEEK_MS = 500;
const CORRECTION = 0.05;
/** A tile that was corrected is corrected until it is this near, or it would swing. */
const SETTLED_MS = 20;
/** No second seek within this: the first one has to come to an end. */
const SEEK_PAUSE_MS = 1500;
const SLOWEST = 0.0625;
const FASTEST = 16;

/** What a tile does next. */
export type Follow =
  | { do: "leave" }
  | { do: "rate"; rate: number }
  | { do: "seek"; media: number }
  | { do: "wait"; media: number; until: number | null };

export interface Tile {
  /** The true time of the picture it shows; NaN if none. */
  shownMs: number;
  /** Where the clock's time lies in the tile's footage. */
  place: Place;
  isSeeking: boolean;
  /** Milliseconds since its last seek began. */
  sinceSeekMs: number;
  rate: number;
}

/**
 * Return what a tile does to be where the clock is.
 *
 * A tile without footage waits at the place where it goes on, never ahead of the clock.
 */
export function follow(tile: Tile, clockMs: number, rate: number): Follow {
  const { place } = tile;
  if (place.kind === "empty") {
    return { do: "wait", media: NaN, until: null };
  }
  if (place.kind !== "at") {
    const until = place.kind === "gap" ? place.gap.toMs : null;
    return { do: "wait", media: place.media, until };
  }
  if (tile.isSeeking) {
    return { do: "leave" };
  }
  const ahead = tile.shownMs - clockMs;
  const distance = Math.abs(ahead);
  if (!(distance < SEEK_MS * Math.max(1, rate))) {
    return tile.sinceSeekMs < SEEK_PAUSE_MS ? { do: "leave" } : { do: "seek", media: place.media };
  }
  const isCorrecting = Math.abs(tile.rate - rate) > 0.001;
  if (distance < (isCorrecting ? SETTLED_MS : LEAVE_MS)) {
    return isCorrecting ? { do: "rate", rate } : { do: "leave" };
  }
  const factor = ahead > 0 ? 1 - CORRECTION : 1 + CORRECTION;
  const corrected = Math.min(Math.max(rate * factor, SLOWEST), FASTEST);
  return Math.abs(corrected - tile.rate) > 0.001 ? { do: "rate", rate: corrected } : { do: "leave" };
}

/** A clock of true time that runs, stands and changes its speed. */
export class MasterClock {
  private anchorMs: number;
  private anchorAt: number;
  private speed = 1;
  private running = false;

  /** `now` returns milliseconds that never jump, as `performance.now` does. */
  constructor(
    private readonly now: () => number,
    startMs = 0,
  ) {
    this.anchorMs = startMs;
    this.anchorAt = now();
  }

  get ms(): number {
    return this.running ? this.anchorMs + (this.now() - this.anchorAt) * this.speed : this.anchorMs;
  }

  get rate(): number {
    return this.speed;
  }

  get isRunning(): boolean {
    return this.running;
  }

  set(ms: number): void {
    this.anchorMs = ms;
    this.anchorAt = this.now();
  }

  setRate(rate: number): void {
    this.set(this.ms);
    this.speed = rate;
  }

  start(): void {
    if (!this.running) {
      this.anchorAt = this.now();
      this.running = true;
    }
  }

  stop(): void {
    this.anchorMs = this.ms;
    this.running = false;
  }
}

/** What a tile is to the others while the clock decides whether to run. */
export type Readiness = "ready" | "loading" | "absent";

/**
 * Return whether the clock stands until somebody is ready.
 *
 * It waits while all that have footage are loading; with `waitForAll`, while any of them is. A
 * tile without footage holds nobody up.
 */
export function mustHold(tiles: readonly Readiness[], waitForAll: boolean): boolean {
  const withFootage = tiles.filter((each) => each !== "absent");
  const loading = withFootage.filter((each) => each === "loading").length;
  return loading > 0 && (waitForAll || loading === withFootage.length);
}

/** Return the largest distance between the times that tiles show, in milliseconds. */
export function spread(shownMs: readonly number[]): number {
  const known = shownMs.filter((each) => Number.isFinite(each));
  return known.length < 2 ? 0 : Math.max(...known) - Math.min(...known);
}
