import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CodecMemory } from "../../src/player/codecs";
import { PlayerController, type Stage } from "../../src/player/controller";
import type { Deck } from "../../src/player/deck";
import type { Finder, Found, Search } from "../../src/player/finder";
import type { Missing } from "../../src/player/machine";
import type { PlayerSource, Span } from "../../src/player/source";
import type { Piece } from "../../src/player/time-map";
import { FakeDeck, FakeVideo } from "./fake-deck";

const T = Date.UTC(2026, 10, 20, 8, 30);
/** Kept: an hour, and half an hour after a gap of an hour. */
const HOUR = 3600;
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

class World {
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

function footage(from: number, to: number, at: number): Found {
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

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1);
}

let world: World;
beforeEach(() => {
  vi.useFakeTimers({ now: T + 100 * HOUR * 1000 });
  world = new World();
});
afterEach(() => {
  world.controller.destroy();
  vi.useRealTimers();
});

describe("going to a moment", () => {
  it("plays once its first picture is there", async () => {
    world.controller.seek(T + 60_000);
    await settle();
    expect(world.controller.state.phase).toBe("opening");
    expect(world.shown).toHaveLength(0);
    world.deck.show();
    expect(world.controller.state.phase).toBe("playing");
    expect(world.controller.shownMs).toBe(T + 60_000);
    expect(world.deck.video.paused).toBe(false);
  });

  it("asks for nothing within what is loaded", async () => {
    await world.at(60);
    world.controller.seek(T + 120_000);
    await settle();
    expect(world.searches).toHaveLength(1);
    expect(world.deck.video.currentTime).toBe(120);
  });

  it("keeps the old picture until the new one is there", async () => {
    const first = await world.at(60);
    world.controller.seek(T + 3000_000);
    await settle();
    expect(first.isGone).toBe(false);
    expect(world.shown).toEqual([first.video]);
    world.deck.show();
    expect(first.isGone).toBe(true);
    expect(world.removed).toEqual([first.video]);
    expect(world.shown.at(-1)).toBe(world.deck.video);
  });

  it("does not show pictures from before the place", async () => {
    world.controller.seek(T + 60_000);
    await settle();
    world.deck.show(0);
    expect(world.controller.state.phase).toBe("opening");
    world.deck.show(60);
    expect(world.controller.state.phase).toBe("playing");
  });

  it("searches once for many wishes in a row, for the last one", async () => {
    let free = (): void => undefined;
    world.answers = async ({ ms }) => {
      await new Promise<void>((resolve) => (free = resolve));
      return footage(0, HOUR, (ms - T) / 1000);
    };
    for (const seconds of [10, 20, 30, 40]) world.controller.seek(T + seconds * 1000);
    free();
    await settle();
    free();
    await settle();
    expect(world.searches.map(({ ms }) => (ms - T) / 1000)).toEqual([10, 40]);
    expect(world.decks).toHaveLength(1);
    expect(world.deck.video.currentTime).toBe(40);
  });

  it("stays paused if it was", async () => {
    await world.at(60);
    world.controller.pause();
    world.controller.seek(T + 3000_000);
    await settle();
    world.deck.show();
    expect(world.controller.state.phase).toBe("paused");
    expect(world.deck.video.paused).toBe(true);
  });

  it("exchanges what plays in one video if that must stay", async () => {
    const first = await world.at(60);
    world.keepsVideo = true;
    world.controller.seek(T + 3000_000);
    await settle();
    expect(world.deck).not.toBe(first);
    expect(world.deck.video).toBe(first.video);
    expect(first.isGone).toBe(true);
    expect(world.removed).toEqual([]);
  });
});

describe("the end of what is loaded", () => {
  it("is passed without a pause: the next is there before", async () => {
    const first = await world.at(60);
    const end = first.map.mediaEnd;
    first.show(end - 8);
    await vi.advanceTimersByTimeAsync(300);
    expect(world.decks).toHaveLength(2);
    const second = world.deck;
    expect(second.map.firstMs).toBe(first.map.lastMs);
    second.show();
    expect(world.shown).toEqual([first.video]);
    first.show(end - 0.01);
    await vi.advanceTimersByTimeAsync(300);
    expect(world.shown).toEqual([first.video, second.video]);
    expect(second.video.paused).toBe(false);
    expect(first.isGone).toBe(true);
  });

  it("stands at the end of all footage, and is never live", async () => {
    const last = await world.at(2.4 * HOUR);
    last.show(last.map.mediaEnd - 0.01);
    await vi.advanceTimersByTimeAsync(600);
    expect(world.controller.state.phase).toBe("end");
    expect(last.video.paused).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(world.controller.state.phase).toBe("end");
    expect(world.searches.length).toBeGreaterThan(3);
  });

  it("goes on by itself when there is more", async () => {
    const last = await world.at(2.4 * HOUR);
    last.show(last.map.mediaEnd - 0.01);
    await vi.advanceTimersByTimeAsync(600);
    world.answers = () => footage(0, 1000, 10);
    await vi.advanceTimersByTimeAsync(11_000);
    world.deck.show();
    await vi.advanceTimersByTimeAsync(300);
    expect(world.shown.at(-1)).toBe(world.deck.video);
    expect(world.controller.state.phase).toBe("playing");
  });
});

describe("a gap", () => {
  it("inside a playlist is told when it is crossed", async () => {
    world.answers = () => footage(0, 3 * HOUR, HOUR - 2);
    const deck = await world.at(HOUR - 2);
    deck.show(HOUR - 0.1);
    deck.show(HOUR);
    expect(world.skipped).toEqual([
      { fromMs: T + HOUR * 1000, toMs: T + 2 * HOUR * 1000, state: "absent", reason: "" },
    ]);
    expect(world.controller.shownMs).toBe(T + 2 * HOUR * 1000);
  });

  it("is waited for, black, by who follows a clock", async () => {
    world.answers = () => footage(0, 3 * HOUR, HOUR - 2);
    const clock = { ms: T + (HOUR - 2) * 1000, rate: 1, runs: true };
    world.controller.follow(clock);
    await settle();
    world.deck.show();
    clock.ms = T + (HOUR + 5) * 1000;
    world.controller.follow(clock);
    expect(world.controller.state).toMatchObject({ phase: "gap", missing: { state: "absent" } });
    expect(world.controller.readiness).toBe("absent");
    expect(world.deck.video.paused).toBe(true);
    clock.ms = T + (2 * HOUR + 1) * 1000;
    world.controller.follow(clock);
    expect(world.controller.state.phase).toBe("playing");
    expect(world.deck.video.paused).toBe(false);
  });
});

describe("a gap whose footage is still on the device", () => {
  const before = (): Found => {
    const found = footage(0, 3 * HOUR, HOUR - 20) as Found & { kind: "footage" };
    return {
      ...found,
      spans: [{ ...found.spans[0]!, state: "on_device" }],
    };
  };

  it("is played, fetched in time", async () => {
    world.answers = (search) =>
      search.ms === T + HOUR * 1000
        ? { ...(footage(2 * HOUR, 2.5 * HOUR, 2 * HOUR) as Found & { kind: "footage" }), isFetched: true }
        : before();
    const deck = await world.at(HOUR - 20);
    deck.show(HOUR - 8);
    await vi.advanceTimersByTimeAsync(300);
    expect(world.decks).toHaveLength(2);
    world.deck.show();
    deck.show(HOUR - 0.01);
    await vi.advanceTimersByTimeAsync(300);
    expect(world.shown.at(-1)).toBe(world.deck.video);
    expect(world.skipped).toEqual([]);
  });

  it("is jumped over, with a word, if the device does not send it", async () => {
    world.answers = (search) =>
      search.ms === T + HOUR * 1000
        ? { kind: "failed", failure: { kind: "command", code: "device_silent" } }
        : before();
    const deck = await world.at(HOUR - 20);
    deck.show(HOUR - 8);
    await vi.advanceTimersByTimeAsync(300);
    deck.show(HOUR - 0.01);
    await vi.advanceTimersByTimeAsync(300);
    expect(deck.video.paused).toBe(false);
    deck.show(HOUR);
    expect(world.skipped).toMatchObject([{ state: "on_device" }]);
    expect(world.controller.state.phase).toBe("playing");
    expect(world.decks).toHaveLength(1);
  });

  it("holds nobody who follows a clock in a circle", async () => {
    world.answers = before;
    const clock = { ms: T + (HOUR - 20) * 1000, rate: 1, runs: true };
    world.controller.follow(clock);
    await settle();
    world.deck.show();
    for (let seconds = -20; seconds < 20; seconds += 1) {
      clock.ms = T + (HOUR + seconds) * 1000;
      world.controller.follow(clock);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(world.controller.state.phase).toBe("gap");
    expect(world.decks).toHaveLength(1);
  });
});

describe("live", () => {
  it("ends what plays, and what is still being looked for", async () => {
    const deck = await world.at(60);
    world.controller.seek(T + 3000_000);
    world.controller.goLive();
    await settle();
    expect(deck.isGone).toBe(true);
    expect(world.controller.state.phase).toBe("live");
    expect(world.decks.filter((each) => !each.isGone)).toEqual([]);
  });
});

describe("trouble", () => {
  it("skips damage once, then says so", async () => {
    const deck = await world.at(60);
    deck.fail(60);
    await settle();
    world.deck.show();
    expect(world.controller.shownMs).toBe(T + 64_000);
    world.deck.fail(64);
    expect(world.controller.state.problem).toEqual({ code: "damaged", remedy: "skip" });
    world.controller.remedy();
    await settle();
    world.deck.show();
    expect(world.controller.state).toMatchObject({ phase: "playing", problem: null });
  });

  it("loads the place anew if pictures stand still for three seconds", async () => {
    const deck = await world.at(60);
    deck.show(61);
    await vi.advanceTimersByTimeAsync(2500);
    expect(world.decks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(world.decks).toHaveLength(2);
    expect(world.searches.at(-1)!.ms).toBe(T + 61_000);
  });

  it("is patient while nothing of the place has come", async () => {
    const deck = await world.at(60);
    deck.video.bufferedTo = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(world.decks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(6000);
    expect(world.decks).toHaveLength(2);
  });

  it("does not take a pause for trouble", async () => {
    await world.at(60);
    world.controller.pause();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(world.decks).toHaveLength(1);
  });

  it("says what the browser cannot play, and plays it as H.264 when asked to", async () => {
    const formats = [{ codecs: "hvc1.1.6.L93.B0", width: 640, height: 360 }];
    world.answers = ({ ms }) => ({ kind: "codec", formats, ms });
    world.controller.seek(T + 60_000);
    await settle();
    expect(world.controller.state.problem).toEqual({
      code: "codec",
      remedy: "h264",
      values: { codec: "H.265" },
    });
    world.answers = undefined;
    world.controller.remedy();
    await settle();
    world.deck.show();
    expect(world.controller.state.phase).toBe("playing");
  });

  it("notices H.265 that stays black", async () => {
    world.answers = () => ({
      ...(footage(0, HOUR, 60) as Found & { kind: "footage" }),
      formats: [{ codecs: "hvc1.1.6.L93.B0", width: 640, height: 360 }],
    });
    world.controller.seek(T + 60_000);
    await vi.advanceTimersByTimeAsync(4000);
    expect(world.controller.state.problem?.code).toBe("codec");
  });

  it("waits for the storage with growing pauses, and goes on", async () => {
    const away: Found = { kind: "failed", failure: { kind: "status", status: 503 } };
    world.answers = () => away;
    world.controller.seek(T + 60_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(world.controller.state.problem?.code).toBe("storage_away");
    await vi.advanceTimersByTimeAsync(15_000);
    expect(world.searches).toHaveLength(3);
    world.answers = undefined;
    await vi.advanceTimersByTimeAsync(21_000);
    world.deck.show();
    expect(world.controller.state).toMatchObject({ phase: "playing", problem: null });
  });
});
