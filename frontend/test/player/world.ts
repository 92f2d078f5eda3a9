/** One camera behind a controller, with decks that play only what they are told to. */

import { vi } from "vitest";
import { CodecMemory } from "../../src/player/codecs";
import { PlayerController, type Stage } from "../../src/player/controller";
import type { Deck } from "../../src/player/deck";
import type { Finder, Found, Search } from "../../src/player/finder";
import type { Missing } from "../../src/player/machine";
import type { PlayerSource, Span } from "../../src/player/source";
import type { Piece } from "../../src/player/time-map";
import { FakeDeck, FakeVideo } from "./fake-deck";

export const T = Date.UTC(2026, 10, 20, 8, 30);
/** Kept: an hour, and half an hour after a gap of an hour. */
export const HOUR = 3600;
const KEPT: [number, number][] = [
  [0, HOUR],
  [2 * HOUR, 2.5 * HOUR],
];

function pieces(from: number, to: number): Piece[] {
  let start = 0;
  return KEPT.filter(([a, b]) => b > from && a < to).map(([a, b]) => {
    const low = Math.max(a, from);
    const high = Math.min(b, to);
    const piece = { start, duration: high - low, startMs: T + low * 1000 };
    start += high - low;
    return piece;
  });
}

export class World {
  readonly decks: FakeDeck[] = [];
  readonly shown: HTMLVideoElement[] = [];
  readonly removed: HTMLVideoElement[] = [];
  readonly skipped: Missing[] = [];
  readonly searches: Search[] = [];
  answers: ((search: Search) => Found | Promise<Found>) | undefined;
  keepsVideo = false;
  readonly controller: PlayerController;

  constructor() {
    const stage: Stage = {
      addVideo: () => new FakeVideo() as unknown as HTMLVideoElement,
      show: (video) => this.shown.push(video),
      removeVideo: (video) => this.removed.push(video),
      mustKeepVideo: () => this.keepsVideo,
      slide: () => undefined,
      changed: () => undefined,
      skipped: (missing) => this.skipped.push(missing),
      mutedByBrowser: () => undefined,
    };
    this.controller = new PlayerController({
      stage,
      source: {} as PlayerSource,
      camera: "c",
      mayFetch: true,
      memory: new CodecMemory(),
      isNative: false,
      now: () => Date.now(),
      finder: { find: (search: Search) => this.find(search) } as unknown as Finder,
      makeDeck: (video, host) => {
        const deck = new FakeDeck(
          video,
          host,
          ({ url }) => {
            const [from, to] = url.split("-").map(Number) as [number, number];
            return pieces(from, to);
          },
          () => Date.now(),
        );
        this.decks.push(deck);
        return Promise.resolve(deck as Deck);
      },
    });
  }

  /** Windows of half an hour around a place. */
  private async find(search: Search): Promise<Found> {
    this.searches.push(search);
    if (this.answers) return this.answers(search);
    await Promise.resolve();
    const at = (search.ms - T) / 1000;
    const from = search.window ? (search.window.fromMs - T) / 1000 : at - 900;
    return footage(Math.max(from, 0), from + 1800, at);
  }

  get deck(): FakeDeck {
    return this.decks.at(-1)!;
  }

  /** Go somewhere and see its first picture. */
  async at(seconds: number): Promise<FakeDeck> {
    this.controller.seek(T + seconds * 1000, true);
    await settle();
    this.deck.show();
    return this.deck;
  }
}

export function footage(from: number, to: number, at: number): Found {
  const spans: Span[] = [
    { state: "absent", from_ms: T + HOUR * 1000, to_ms: T + 2 * HOUR * 1000, reason: "", next_try_ms: null },
  ];
  const list = pieces(from, to);
  const run = list.find((each) => at * 1000 + T < each.startMs + each.duration * 1000);
  if (!run) {
    const missing = { fromMs: T + at * 1000, toMs: null, state: "absent", reason: "" };
    return { kind: "missing", missing, nearestMs: T };
  }
  return {
    kind: "footage",
    listing: { url: `${from}-${to}`, mediaUrl: "", text: "", isGrowing: false, originMs: 0 },
    media: run.start + Math.max(0, (T + at * 1000 - run.startMs) / 1000),
    window: { fromMs: T + from * 1000, toMs: T + to * 1000 },
    spans,
    token: "",
    formats: [{ codecs: "avc1.64001f", width: 640, height: 360 }],
    isConverted: false,
    isFetched: false,
    missing: null,
  };
}

export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1);
}
