/** Finds what can be played at a true time: the playlist, the fetch, the next footage, the reason. */

import { ask, type Capability, type CodecMemory, type Format, refused, variantFor } from "./codecs";
import type { Listing } from "./deck";
import type { Failure } from "./ladder";
import type { Missing } from "./machine";
import { fetchWindow, missingOf } from "./plan";
import { readPlaylist } from "./playlist";
import { codeOf, findEdge, type Opened, type PlayerSource, type Span } from "./source";
import { STEP_OVER_MS, TimeMap } from "./time-map";
import { type Window, windowAround } from "./windows";

/** How many searches for the next footage lead on to another one. */
const MOST_LEAPS = 3;
/** At the growing end, this near to the last picture is there. */
const AT_END_MS = 30_000;
/** Each takes a second, and up to five more while the server waits for the first picture. */
const FETCH_TRIES = 20;
/** So long before the window, times inside of its segments begin. */
const LEAD_MS = 24 * 60 * 60_000;

export interface Footage {
  kind: "footage";
  listing: Listing;
  /** The media time to begin at. */
  media: number;
  window: Window;
  spans: Span[];
  token: string;
  formats: Format[];
  isConverted: boolean;
  isFetched: boolean;
  /** What was jumped over to get here. */
  missing: Missing | null;
}

export type Found =
  | Footage
  | { kind: "codec"; formats: Format[]; ms: number }
  | { kind: "missing"; missing: Missing; nearestMs: number | null }
  | { kind: "failed"; failure: Failure }
  | { kind: "dropped" };

export interface Search {
  ms: number;
  /** Which window to load; by default the one around the place. */
  window?: Window;
  /** Whether to go on to the next footage where there is none, and to fetch. */
  jumps: boolean;
  /** Whether a person asked for this moment, or watches what was fetched for them up to it. */
  isAsked?: boolean;
  signal: AbortSignal;
  /** Called when footage is asked of the device. */
  fetching(missing: Missing): void;
}

export interface Text {
  status: number;
  text: string;
  retryAfterS: number;
}

export interface FinderParts {
  source: PlayerSource;
  camera: string;
  mayFetch: boolean;
  memory: CodecMemory;
  isNative: boolean;
  read?: (address: string, signal: AbortSignal) => Promise<Text>;
  capable?: (format: Format) => Promise<Capability>;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Loaded = Omit<Footage, "kind" | "media" | "missing"> & { map: TimeMap };

/** Ends a search with what is to be told. */
class Refused extends Error {
  constructor(readonly found: Found) {
    super(found.kind);
  }
}

export class Finder {
  private readonly capabilities = new Map<string, Promise<Capability>>();

  constructor(private readonly parts: FinderParts) {}

  /** Return what there is at a place; never rejects. */
  async find(search: Search): Promise<Found> {
    try {
      return await this.look(search, 0);
    } catch (error) {
      if (error instanceof Refused) {
        return error.found;
      }
      if (search.signal.aborted) {
        return { kind: "dropped" };
      }
      return {
        kind: "failed",
        failure:
          error instanceof TypeError
            ? { kind: "network" }
            : { kind: "command", code: codeOf(error) },
      };
    }
  }

  private async look(search: Search, leaps: number): Promise<Found> {
    const { ms } = search;
    const window = search.window ?? windowAround(ms);
    const asked = this.parts.source.spans(this.parts.camera, window).catch(() => []);
    const loaded = await this.load(window, asked, search);
    const here = loaded && placeIn(loaded, ms);
    if (here !== undefined) {
      return footage(loaded!, here, null);
    }
    const spans = await asked;
    if (search.jumps) {
      const fetched = await this.fetch(spans, search);
      if (fetched) {
        return fetched;
      }
    }
    const place = loaded?.map.toMedia(ms);
    if (loaded && place && (place.kind === "gap" || place.kind === "before")) {
      const nextMs = loaded.map.toTrue(place.media);
      const missing = missingOf(spans, ms, nextMs);
      // Without jumping, the place is there all the same: it is waited for
      return footage(loaded, place.media, missing);
    }
    return search.jumps
      ? this.leap(search, spans, leaps)
      : { kind: "missing", missing: missingOf(spans, ms, null), nearestMs: null };
  }

  /** Go on to the next footage behind the window, or say that there is none. */
  private async leap(search: Search, spans: readonly Span[], leaps: number): Promise<Found> {
    const { source, camera } = this.parts;
    const { ms } = search;
    const nextMs = leaps < MOST_LEAPS ? await findEdge(source, camera, ms, "next", "kept") : null;
    if (nextMs !== null) {
      const found = await this.look({ ...search, ms: nextMs, isAsked: false, window: windowAround(nextMs) }, leaps + 1);
      return found.kind === "footage"
        ? { ...found, missing: missingOf(spans, ms, nextMs) }
        : found;
    }
    const nearestMs = await findEdge(source, camera, ms, "previous", "kept");
    return { kind: "missing", missing: missingOf(spans, ms, null), nearestMs };
  }

  private async fetch(spans: readonly Span[], search: Search): Promise<Found | undefined> {
    const { ms, signal, isAsked } = search;
    const window = fetchWindow(spans, ms, this.parts.mayFetch, isAsked);
    if (!window) {
      return undefined;
    }
    const missing = missingOf(spans, ms, window.toMs);
    search.fetching(missing);
    for (let tries = 0; tries < FETCH_TRIES; tries += 1) {
      const loaded = await this.load(window, Promise.resolve([...spans]), search, true);
      if (loaded) {
        const here = placeIn(loaded, ms) ?? 0;
        return { ...footage(loaded, here, null), isFetched: true };
      }
      await (this.parts.wait ?? wait)(1000, signal);
    }
    return { kind: "failed", failure: { kind: "command", code: "device_silent" } };
  }

  /** Open a window and read its playlist; undefined if there is nothing in it (yet). */
  private async load(
    window: Window,
    asked: Promise<Span[]>,
    search: Search,
    isFetched = false,
  ): Promise<Loaded | undefined> {
    const { source, camera } = this.parts;
    let opened: Opened;
    try {
      opened = await source.open(camera, window, isFetched);
    } catch (error) {
      if (codeOf(error) === "no_footage") {
        return undefined;
      }
      throw error;
    }
    if (opened.first === null && !isFetched) {
      return undefined;
    }
    const variant = await this.variant(opened.formats);
    if (variant === "none") {
      const formats = refused(opened.formats, await this.ask(opened.formats), this.parts.memory);
      throw new Refused({ kind: "codec", formats, ms: search.ms });
    }
    const url = variant === "h264" ? opened.h264_url : opened.url;
    const mediaUrl = url.replace(/[^/]*$/, "media.m3u8");
    const answer = await (this.parts.read ?? readText)(mediaUrl, search.signal);
    if (answer.status === 503 && (isFetched || opened.first === null)) {
      return undefined;
    }
    if (answer.status !== 200) {
      const { status, retryAfterS } = answer;
      throw new Refused({ kind: "failed", failure: { kind: "status", status, retryAfterS } });
    }
    const { pieces, isEnded } = readPlaylist(answer.text);
    if (pieces.length === 0) {
      return undefined;
    }
    return {
      listing: { url, mediaUrl, text: answer.text, isGrowing: !isEnded, originMs: opened.from - LEAD_MS },
      map: new TimeMap(pieces),
      window,
      spans: await asked,
      token: opened.token,
      formats: opened.formats,
      isConverted: variant === "h264",
      isFetched,
    };
  }

  private async variant(formats: readonly Format[]) {
    return variantFor(formats, await this.ask(formats), this.parts.memory);
  }

  private ask(formats: readonly Format[]): Promise<Capability[]> {
    return Promise.all(
      formats.map((format) => {
        const key = `${format.codecs}|${format.width}x${format.height}`;
        let answer = this.capabilities.get(key);
        if (!answer) {
          answer = (this.parts.capable ?? ((each) => ask(each, this.parts.isNative)))(format);
          this.capabilities.set(key, answer);
        }
        return answer;
      }),
    );
  }
}

/** Return the media time of a place, if it can be shown as it was asked for. */
function placeIn({ map, listing }: Loaded, ms: number): number | undefined {
  const place = map.toMedia(ms);
  switch (place.kind) {
    case "at":
      return place.media;
    case "gap":
      return place.gap.toMs - ms < STEP_OVER_MS ? place.media : undefined;
    case "before":
      return map.firstMs - ms < STEP_OVER_MS ? place.media : undefined;
    case "after":
      return listing.isGrowing && ms - map.lastMs < AT_END_MS ? nearEnd(map) : undefined;
    case "empty":
      return undefined;
  }
}

function nearEnd(map: TimeMap): number {
  return Math.max(0, map.mediaEnd - 1);
}

function footage({ map: _, ...loaded }: Loaded, media: number, missing: Missing | null): Footage {
  return { kind: "footage", media, missing, ...loaded };
}

async function readText(address: string, signal: AbortSignal): Promise<Text> {
  const answer = await fetch(address, { cache: "no-store", signal });
  return {
    status: answer.status,
    text: answer.ok ? await answer.text() : "",
    retryAfterS: Number(answer.headers.get("Retry-After")) || 0,
  };
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("dropped"));
    });
  });
}
