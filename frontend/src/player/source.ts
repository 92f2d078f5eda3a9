/** What a player asks of the server: the playback contract as functions. */

import type { Format } from "./codecs";
import type { Window } from "./windows";

/** An opened stretch of a camera; addresses work without login until the token ends. */
export interface Opened {
  token: string;
  url: string;
  h264_url: string;
  map_url: string;
  from: number;
  to: number;
  formats: Format[];
  first: number | null;
  last: number | null;
  growing: boolean;
}

/** A stretch of coverage: its state, and why. */
export interface Span {
  state: string;
  from_ms: number;
  to_ms: number;
  reason: string;
  next_try_ms: number | null;
}

export interface Edge {
  t_ms: number | null;
  to_ms: number | null;
  searched_ms: number | null;
}

/** A clip with its strip of pictures, evenly spaced over it. */
export interface ClipSpan {
  id: number;
  startMs: number;
  lengthMs: number;
}

export type Want = "kept" | "event" | "problem";
export type Direction = "next" | "previous";

/** Everything here rejects with an object that has a `code`, as Home Assistant's socket does. */
export interface PlayerSource {
  open(camera: string, window: Window, fetch: boolean): Promise<Opened>;
  spans(camera: string, window: Window): Promise<Span[]>;
  edge(camera: string, ms: number, direction: Direction, want: Want): Promise<Edge>;
  clips(camera: string, window: Window): Promise<ClipSpan[]>;
  /** Return an address of a clip's strip that an image element can load. */
  strip(clip: number): Promise<string | undefined>;
  /** Return an address under which a clip is downloaded. */
  download(clip: number): Promise<string>;
}

/** Find the next border, asking on where a search was cut short; null if there is none. */
export async function findEdge(
  source: PlayerSource,
  camera: string,
  ms: number,
  direction: Direction,
  want: Want,
): Promise<number | null> {
  let from = ms;
  for (let asked = 0; asked < 20; asked += 1) {
    const edge = await source.edge(camera, from, direction, want);
    if (edge.t_ms !== null || edge.searched_ms === null) {
      return edge.t_ms;
    }
    from = edge.searched_ms;
  }
  return null;
}

/** Return the code of what a command was refused with; "connection" if nobody answered. */
export function codeOf(error: unknown): string {
  if (error !== null && typeof error === "object" && "code" in error) {
    return typeof error.code === "string" ? error.code : "connection";
  }
  return typeof error === "number" ? "connection" : "failed";
}
