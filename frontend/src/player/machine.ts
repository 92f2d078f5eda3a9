/**
 * What a player is doing. Live and history are one machine.
 *
 * Live is entered by the event `live` and by nothing else: whatever happens while somebody looks
 * at the past, they stay there until they say otherwise.
 */

import type { Problem } from "./ladder";

export type Phase =
  | "closed"
  | "live"
  | "opening"
  | "playing"
  | "paused"
  | "buffering"
  | "gap"
  | "fetching"
  | "end"
  | "slides"
  | "problem";

/** A stretch without footage as it is told: when, and why. */
export interface Missing {
  fromMs: number;
  toMs: number | null;
  /** A state of coverage, or "unknown". */
  state: string;
  reason: string;
}

export interface PlayerState {
  readonly phase: Phase;
  /** Whether it plays as soon as it can. */
  readonly wantsPlay: boolean;
  /** The true time that was asked for last; NaN in live and if closed. */
  readonly targetMs: number;
  readonly missing: Missing | null;
  readonly problem: Problem | null;
}

export type PlayerEvent =
  | { type: "close" }
  | { type: "live" }
  | { type: "seek"; ms: number; play?: boolean }
  | { type: "play" }
  | { type: "pause" }
  /** A picture of the place asked for is on the screen. */
  | { type: "shown" }
  | { type: "stalled" }
  | { type: "gap"; missing: Missing }
  | { type: "fetching"; missing: Missing }
  /** All footage there is so far was played. */
  | { type: "end" }
  | { type: "slides" }
  | { type: "problem"; problem: Problem };

export const CLOSED: PlayerState = {
  phase: "closed",
  wantsPlay: false,
  targetMs: NaN,
  missing: null,
  problem: null,
};

/** Return the state after an event. */
export function next(state: PlayerState, event: PlayerEvent): PlayerState {
  switch (event.type) {
    case "close":
      return CLOSED;
    case "live":
      return { ...CLOSED, phase: "live", wantsPlay: true };
    case "seek":
      return {
        ...CLOSED,
        phase: "opening",
        wantsPlay: event.play ?? (state.wantsPlay || !isHistory(state)),
        targetMs: event.ms,
      };
    case "play":
      return whilePast(state, { wantsPlay: true, phase: played(state) });
    case "pause":
      return whilePast(state, { wantsPlay: false, phase: paused(state) });
    default:
      return isHistory(state) ? ofFootage(state, event) : state;
  }
}

function ofFootage(state: PlayerState, event: PlayerEvent): PlayerState {
  switch (event.type) {
    case "shown":
      return {
        ...state,
        phase: state.wantsPlay ? "playing" : "paused",
        missing: null,
        problem: null,
      };
    case "stalled":
      return state.phase === "playing" ? { ...state, phase: "buffering" } : state;
    case "gap":
      return { ...state, phase: "gap", missing: event.missing, problem: null };
    case "fetching":
      return { ...state, phase: "fetching", missing: event.missing, problem: null };
    case "end":
      return state.phase === "problem" ? state : { ...state, phase: "end" };
    case "slides":
      return { ...state, phase: "slides", wantsPlay: true, missing: null, problem: null };
    case "problem":
      return { ...state, phase: "problem", problem: event.problem };
    default:
      return state;
  }
}

/** Return whether a player shows the past, be it with trouble. */
export function isHistory(state: PlayerState): boolean {
  return state.phase !== "closed" && state.phase !== "live";
}

function whilePast(state: PlayerState, change: Partial<PlayerState>): PlayerState {
  return isHistory(state) ? { ...state, ...change } : state;
}

function played(state: PlayerState): Phase {
  return state.phase === "paused" ? "buffering" : state.phase;
}

function paused(state: PlayerState): Phase {
  return ["playing", "buffering", "slides"].includes(state.phase) ? "paused" : state.phase;
}
