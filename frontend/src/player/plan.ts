/** Decisions about a place: play it, fetch it, jump over it, or say why not. */

import type { Missing } from "./machine";
import type { Span } from "./source";
import type { TimeMap } from "./time-map";
import type { Window } from "./windows";

/** How much is asked of a device at once for somebody who watches. */
const FETCH_MS = 5 * 60_000;
/** Less than this is no use to fetch, and no gap worth a word. */
const LEAST_MS = 2000;

/** Less than a picture takes. */
const PICTURE_S = 0.001;

/** States in which the device still has the footage, or it is on its way. */
const FETCHABLE: ReadonlySet<string> = new Set(["on_device", "fetching", "failed"]);
/** The device has it, but it is kept only if somebody asks for it. */
const ON_REQUEST = "on_request";

/** Return what coverage says of a moment. */
export function spanAt(spans: readonly Span[], ms: number): Span | undefined {
  return spans.find((span) => ms >= span.from_ms && ms < span.to_ms);
}

/**
 * Return what is to be fetched to play on at a moment; undefined if nothing can be.
 *
 * `isAsked`: a person asked for this very moment, so that it may be what is not wanted by itself.
 */
export function fetchWindow(
  spans: readonly Span[],
  ms: number,
  mayFetch: boolean,
  isAsked = false,
): Window | undefined {
  const span = spanAt(spans, ms);
  if (!mayFetch || !span || span.to_ms - ms < LEAST_MS) return undefined;
  if (!FETCHABLE.has(span.state) && !(isAsked && span.state === ON_REQUEST)) return undefined;
  return { fromMs: ms, toMs: Math.min(span.to_ms, ms + FETCH_MS) };
}

/**
 * Return the stretch without footage around a moment, with the reason that covers most of it.
 *
 * `fromMs` and `toMs` bound it; without `toMs` nothing is known to follow.
 */
export function missingOf(
  spans: readonly Span[],
  fromMs: number,
  toMs: number | null,
): Missing {
  const end = toMs ?? Infinity;
  let longest = 0;
  let found: Span | undefined;
  for (const span of spans) {
    const length = Math.min(span.to_ms, end) - Math.max(span.from_ms, fromMs);
    if (span.state !== "kept" && length > longest) {
      longest = length;
      found = span;
    }
  }
  return { fromMs, toMs, state: found?.state ?? "unknown", reason: found?.reason ?? "" };
}

/** Where a playlist hands over to the next one. */
export interface Border {
  media: number;
  /** The true time that is shown next. */
  nextMs: number;
  kind: "end" | "fetch";
}

/**
 * Return where playing on from a media time needs another playlist.
 *
 * A playlist that grows has no end yet. A gap whose footage the device still has ends it
 * earlier: it is fetched rather than jumped over.
 */
export function borderOf(
  map: TimeMap,
  media: number,
  isGrowing: boolean,
  spans: readonly Span[],
  mayFetch: boolean,
): Border | undefined {
  for (const gap of map.gaps) {
    if (gap.at > media + PICTURE_S && fetchWindow(spans, gap.fromMs, mayFetch)) {
      return { media: gap.at, nextMs: gap.fromMs, kind: "fetch" };
    }
  }
  if (isGrowing || map.isEmpty) {
    return undefined;
  }
  return { media: map.mediaEnd, nextMs: map.lastMs, kind: "end" };
}
