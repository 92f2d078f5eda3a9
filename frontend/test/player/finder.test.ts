import { describe, expect, it } from "vitest";
import { CodecMemory } from "../../src/player/codecs";
import { Finder, type FinderParts, type Search, type Text } from "../../src/player/finder";
import type { Edge, Opened, PlayerSource, Span } from "../../src/player/source";
import type { Window } from "../../src/player/windows";

const T = Date.UTC(2026, 10, 20, 8, 30);
const MINUTE = 60_000;
const H265 = { codecs: "hvc1.1.6.L93.B0", width: 1280, height: 720 };

interface World {
  /** Stretches of kept footage, in ms after T. */
  kept: [number, number][];
  spans?: [string, number, number][];
  /** What a fetch brings, and after how many tries. */
  fetched?: { stretch: [number, number]; after: number };
  formats?: Opened["formats"];
  refuse?: string;
  status?: number;
  growing?: boolean;
}

function playlist(stretches: [number, number][], isOver: boolean): string {
  const lines = stretches.map(
    ([from, to], i) =>
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(T + from).toISOString()}\n#EXTINF:${(to - from) / 1000},\n${i}/0-1.m4s`,
  );
  return `#EXTM3U\n${lines.join("\n")}\n${isOver ? "#EXT-X-ENDLIST\n" : ""}`;
}

class FakeSource implements PlayerSource {
  opened: { window: Window; fetch: boolean }[] = [];
  private tries = 0;

  constructor(readonly world: World) {}

  within(window: Window): [number, number][] {
    return this.world.kept.filter(([from, to]) => T + to > window.fromMs && T + from < window.toMs);
  }

  open(_camera: string, window: Window, fetch: boolean): Promise<Opened> {
    this.opened.push({ window, fetch });
    if (this.world.refuse) return Promise.reject(Object.assign(new Error(), { code: this.world.refuse }));
    const kept = this.within(window);
    if (kept.length === 0 && !fetch) {
      return Promise.reject(Object.assign(new Error(), { code: "no_footage" }));
    }
    const url = `/s/${this.opened.length}/${fetch ? "fetch/" : ""}index.m3u8`;
    return Promise.resolve({
      token: String(this.opened.length),
      url,
      h264_url: url.replace("index", "h264/index"),
      map_url: "",
      from: window.fromMs,
      to: window.toMs,
      formats: this.world.formats ?? [],
      first: kept.length ? T + kept[0]![0] : null,
      last: kept.length ? T + kept.at(-1)![1] : null,
      growing: fetch,
    });
  }

  read = (address: string): Promise<Text> => {
    const { window, fetch } = this.opened.at(-1)!;
    const { fetched, status } = this.world;
    if (status) return Promise.resolve({ status, text: "", retryAfterS: 7 });
    if (fetch) {
      this.tries += 1;
      if (!fetched || this.tries <= fetched.after) {
        return Promise.resolve({ status: 503, text: "", retryAfterS: 1 });
      }
      return Promise.resolve({ status: 200, text: playlist([fetched.stretch], false), retryAfterS: 0 });
    }
    expect(address).toMatch(/media\.m3u8$/);
    return Promise.resolve({
      status: 200,
      text: playlist(this.within(window), !this.world.growing),
      retryAfterS: 0,
    });
  };

  spans(): Promise<Span[]> {
    return Promise.resolve(
      (this.world.spans ?? []).map(([state, from, to]) => ({
        state,
        from_ms: T + from,
        to_ms: T + to,
        reason: "why",
        next_try_ms: null,
      })),
    );
  }

  edge(_camera: string, ms: number, direction: "next" | "previous"): Promise<Edge> {
    const starts = this.world.kept.map(([from]) => T + from);
    const found = direction === "next" ? starts.find((each) => each > ms) : starts.findLast((each) => each < ms);
    return Promise.resolve({ t_ms: found ?? null, to_ms: null, searched_ms: null });
  }

  clips = () => Promise.resolve([]);
  strip = () => Promise.resolve(undefined);
  download = () => Promise.resolve("");
}

function finder(world: World, change: Partial<FinderParts> = {}) {
  const source = new FakeSource(world);
  const told: string[] = [];
  const made = new Finder({
    source,
    camera: "c",
    mayFetch: true,
    memory: new CodecMemory(),
    isNative: false,
    read: source.read,
    capable: ({ codecs }) =>
      Promise.resolve({ isTypeSupported: codecs.startsWith("avc"), isDecodable: null }),
    wait: () => Promise.resolve(),
    ...change,
  });
  const find = (ms: number, search: Partial<Search> = {}) =>
    made.find({
      ms: T + ms,
      jumps: true,
      signal: new AbortController().signal,
      fetching: ({ state }) => told.push(state),
      ...search,
    });
  return { source, find, told };
}

describe("what there is at a place", () => {
  const day: World = {
    kept: [
      [0, 5 * MINUTE],
      [10 * MINUTE, 15 * MINUTE],
    ],
    spans: [["absent", 5 * MINUTE, 10 * MINUTE]],
  };

  it("is played from there, in one request and one playlist", async () => {
    const { find, source } = finder(day);
    expect(await find(90_500)).toMatchObject({ kind: "footage", media: 90.5, missing: null });
    expect(source.opened).toHaveLength(1);
  });

  it("in a gap is the footage behind it, with the reason", async () => {
    const { find } = finder(day);
    expect(await find(7 * MINUTE)).toMatchObject({
      kind: "footage",
      media: 300,
      missing: { fromMs: T + 7 * MINUTE, toMs: T + 10 * MINUTE, state: "absent", reason: "why" },
    });
  });

  it("outside of every window is looked for, and told", async () => {
    const { find, source } = finder({ kept: [[600 * MINUTE, 605 * MINUTE]], spans: [["lost", 0, 600 * MINUTE]] });
    expect(await find(0)).toMatchObject({
      kind: "footage",
      media: 0,
      missing: { fromMs: T, toMs: T + 600 * MINUTE, state: "lost" },
    });
    expect(source.opened).toHaveLength(2);
  });

  it("behind all footage is nothing, and the nearest is offered", async () => {
    const { find } = finder(day);
    expect(await find(300 * MINUTE)).toMatchObject({ kind: "missing", nearestMs: T + 10 * MINUTE });
  });

  it("is not jumped over for somebody who follows a clock", async () => {
    const { find } = finder(day);
    expect(await find(300 * MINUTE, { jumps: false })).toMatchObject({ kind: "missing", nearestMs: null });
    expect(await find(7 * MINUTE, { jumps: false })).toMatchObject({ kind: "footage", media: 300 });
  });

  it("at the growing end is the end", async () => {
    const { find } = finder({ kept: [[0, MINUTE]], growing: true });
    expect(await find(MINUTE + 4000)).toMatchObject({ kind: "footage", media: 59, listing: { isGrowing: true } });
    expect((await find(3 * MINUTE)).kind).toBe("missing");
  });
});

describe("footage on the device", () => {
  const away: World = {
    kept: [[0, MINUTE]],
    spans: [["on_device", MINUTE, 60 * MINUTE]],
    fetched: { stretch: [2 * MINUTE - 1500, 3 * MINUTE], after: 2 },
  };

  it("is fetched, told, and played from the moment asked for", async () => {
    const { find, source, told } = finder(away);
    expect(await find(2 * MINUTE)).toMatchObject({ kind: "footage", isFetched: true, media: 1.5 });
    expect(told).toEqual(["on_device"]);
    expect(source.opened.at(-1)).toEqual({
      fetch: true,
      window: { fromMs: T + 2 * MINUTE, toMs: T + 7 * MINUTE },
    });
  });

  it("is fetched where it is copied on request only, if it was asked for", async () => {
    const world: World = { ...away, spans: [["on_request", MINUTE, 60 * MINUTE]] };
    const { find, source } = finder(world);
    expect((await find(2 * MINUTE)).kind).toBe("missing");
    expect(source.opened.some(({ fetch }) => fetch)).toBe(false);
    const other = finder(world);
    expect(await other.find(2 * MINUTE, { isAsked: true })).toMatchObject({ kind: "footage", isFetched: true });
  });

  it("is not fetched for people who may not, nor for those who follow a clock", async () => {
    const { find, source } = finder(away, { mayFetch: false });
    expect((await find(2 * MINUTE)).kind).toBe("missing");
    const other = finder(away);
    await other.find(2 * MINUTE, { jumps: false });
    expect([...source.opened, ...other.source.opened].some(({ fetch }) => fetch)).toBe(false);
  });

  it("is given up when nothing comes", async () => {
    const { find } = finder({ ...away, fetched: { stretch: [0, 1], after: 999 } });
    expect(await find(2 * MINUTE)).toEqual({
      kind: "failed",
      failure: { kind: "command", code: "device_silent" },
    });
  });

  it("is dropped when somebody goes elsewhere", async () => {
    const abort = new AbortController();
    const { find } = finder(away, {
      wait: () => {
        abort.abort();
        return Promise.reject(new Error("dropped"));
      },
    });
    expect(await find(2 * MINUTE, { signal: abort.signal })).toEqual({ kind: "dropped" });
  });
});

describe("codecs", () => {
  it("that the browser cannot show are told before anything is loaded", async () => {
    const { find } = finder({ kept: [[0, MINUTE]], formats: [H265] });
    expect(await find(0)).toEqual({ kind: "codec", formats: [H265], ms: T });
  });

  it("are played as H.264 once that was chosen", async () => {
    const memory = new CodecMemory();
    memory.remember(H265, "chosen_h264");
    const { find } = finder({ kept: [[0, MINUTE]], formats: [H265] }, { memory });
    expect(await find(0)).toMatchObject({
      isConverted: true,
      listing: { mediaUrl: "/s/1/h264/media.m3u8" },
    });
  });
});

describe("failures", () => {
  it("are handed on with what the server said", async () => {
    expect(await finder({ kept: [[0, MINUTE]], status: 503 }).find(0)).toEqual({
      kind: "failed",
      failure: { kind: "status", status: 503, retryAfterS: 7 },
    });
    expect(await finder({ kept: [], refuse: "no_rights" }).find(0)).toEqual({
      kind: "failed",
      failure: { kind: "command", code: "no_rights" },
    });
    const broken = finder({ kept: [[0, MINUTE]] }, { read: () => Promise.reject(new TypeError("fetch")) });
    expect(await broken.find(0)).toEqual({ kind: "failed", failure: { kind: "network" } });
  });
});
