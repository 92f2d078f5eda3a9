import { describe, expect, it, vi } from "vitest";
import type { EventCounts, EventMarks } from "../src/api/types";
import { dayCoverage } from "../src/timeline/calendar";
import { fill, stripPlace } from "../src/timeline/clips";
import { EventCache, chunkSize, readEvents } from "../src/timeline/events";
import { keyAction } from "../src/timeline/keys";
import { surroundings } from "../src/timeline/minimap";
import { Pictures } from "../src/api/pictures";
import { HOUR, Zone } from "../src/time/zone";

const DAY = 24 * HOUR;
const marks: EventMarks = {
  kind: "events",
  cameras: ["a", "b"],
  classes: ["motion", "person"],
  events: [1, 0, 5000, 1000, 0, 1, 2000, 0, 0, 0, 1000, 9000],
};

describe("events", () => {
  it("are read by camera, in order", () => {
    const read = readEvents(marks, 100_000);
    expect(read.get("a")).toEqual([
      { t: 101_000, length: 9000, cls: "motion", count: 0 },
      { t: 102_000, length: 0, cls: "person", count: 0 },
    ]);
    expect(read.get("b")).toHaveLength(1);
  });

  it("are counts where there are many", () => {
    const counts: EventCounts = {
      kind: "counts",
      cameras: ["a"],
      classes: ["motion"],
      bucket_ms: 60_000,
      counts: [0, 0, 3, 7],
    };
    expect(readEvents(counts, 1000).get("a")).toEqual([
      { t: 181_000, length: 60_000, cls: "motion", count: 7 },
    ]);
  });

  it("come in chunks that fit the zoom; each is asked for once, until it is touched", () => {
    const cache = new EventCache();
    const view = { from: 10 * DAY + HOUR, to: 10 * DAY + 5 * HOUR };
    expect(chunkSize(view)).toBe(6 * HOUR);
    const [chunk] = cache.missing(view, ["a", "b"], 20 * DAY);
    expect(chunk).toMatchObject({ from: 10 * DAY, to: 10 * DAY + 6 * HOUR, cameras: ["a", "b"] });
    cache.put(chunk!, marks, 20 * DAY);
    const beside = cache.missing(view, ["a", "b"], 20 * DAY);
    expect(beside.map(({ from }) => from)).toEqual([10 * DAY - 6 * HOUR, 10 * DAY + 6 * HOUR]);
    expect(cache.marks(6 * HOUR, 10 * DAY, 10 * DAY + 4000, "a")).toHaveLength(2);
    // A coarser chunk stands in for a finer one that is not here.
    expect(cache.marks(HOUR, 10 * DAY, 10 * DAY + 4000, "a")).toHaveLength(2);
    expect(cache.touch([["c", 0, 20 * DAY]])).toBe(false);
    expect(cache.touch([["a", 10 * DAY, 10 * DAY + 1]])).toBe(true);
    expect(cache.missing(view, ["a", "b"], 20 * DAY)[0]?.from).toBe(10 * DAY);
    cache.filter(["person"]);
    expect(cache.marks(6 * HOUR, 10 * DAY, 10 * DAY + 4000, "a")).toHaveLength(0);
  });

  it("are not asked for where nothing has happened yet, and for 32 cameras at a time", () => {
    const cache = new EventCache();
    const now = 10 * DAY;
    expect(cache.missing({ from: now + HOUR, to: now + 2 * HOUR }, ["a"], now)).toEqual([]);
    const many = Array.from({ length: 40 }, (_, n) => `camera ${n}`);
    const chunks = cache.missing({ from: now - HOUR, to: now }, many, now);
    expect(chunks.map(({ cameras }) => cameras.length)).toEqual([32, 8]);
  });
});

describe("pictures", () => {
  it("finds the picture of a strip", () => {
    const clip = { id: 1, start: 1000, length: 300_000 };
    expect(stripPlace(clip, 1000, 12)).toBe(0);
    expect(stripPlace(clip, 1000 + 299_999, 12)).toBe(11);
    expect(stripPlace(clip, 1000 + 25_000, 12)).toBe(1);
    expect(stripPlace(clip, 0, 12)).toBe(0);
    expect(fill("/frame/{id}/{ms}", { id: 7, ms: 3000 })).toBe("/frame/7/3000");
  });

  it("loads two at once, the newest wish first, and gives up what is no longer wanted", async () => {
    const waiting: { path: string; answer: (ok: boolean) => void }[] = [];
    const hass = {
      fetchWithAuth: (path: string) =>
        new Promise<Response>((resolve) => {
          waiting.push({ path, answer: (ok) => resolve(new Response("x", { status: ok ? 200 : 404 })) });
        }),
    };
    const pictures = new Pictures({ hass } as never);
    const got = vi.fn();
    for (const path of ["1", "2", "3", "4", "5"]) void pictures.get(path).then((a) => got(path, a));
    expect(waiting.map(({ path }) => path)).toEqual(["1", "2"]);
    pictures.cancel("4");
    waiting[0]!.answer(true);
    waiting[1]!.answer(false);
    await vi.waitFor(() => expect(waiting).toHaveLength(4));
    expect(waiting.map(({ path }) => path)).toEqual(["1", "2", "5", "3"]);
    expect(got.mock.calls).toContainEqual(["4", undefined]);
    expect(got.mock.calls).toContainEqual(["2", undefined]);
    expect(pictures.peek("1")).toMatch(/^blob:/);
    void pictures.get("2"); // failed a moment ago: not asked for again at once
    expect(waiting).toHaveLength(4);
  });
});

describe("calendar", () => {
  it("counts what ought to be kept", () => {
    //           unknown kept device fetching failed lost missing removed absent unwanted
    expect(dayCoverage([[0, 90, 5, 5, 0, 0, 0, 500, 500, 500]])).toEqual({
      share: 0.9,
      hasProblem: false,
      hasRequestable: false,
    });
    expect(dayCoverage([[0, 50, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 50, 0, 0, 0, 0]])).toEqual({
      share: 0.5,
      hasProblem: true,
      hasRequestable: false,
    });
    expect(dayCoverage([[0, 0, 0, 0, 0, 0, 0, 9, 9, 9]]).share).toBeUndefined();
  });

  it("tells of footage that the device holds and that nobody wants to be copied", () => {
    expect(dayCoverage([[0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 60]])).toEqual({
      share: undefined,
      hasProblem: false,
      hasRequestable: true,
    });
  });
});

describe("minimap", () => {
  const berlin = new Zone("Europe/Berlin");
  const now = berlin.moment(2026, 11, 20, 12);

  it("shows the day, the week or the month around a view", () => {
    const day = surroundings({ from: now - HOUR, to: now }, now, berlin);
    expect(berlin.dayName(day.from)).toBe("2026-11-20");
    expect(day.to).toBe(berlin.dayAfter(now));
    const week = surroundings({ from: now - DAY, to: now }, now, berlin);
    expect(berlin.daysBetween(week.from, week.to)).toBe(7);
    const month = surroundings({ from: now - 20 * DAY, to: now }, now, berlin);
    expect(month.from).toBeLessThanOrEqual(now - 20 * DAY);
  });

  it("has 25 hours on the day on which clocks are set back", () => {
    const noon = berlin.moment(2026, 10, 25, 12);
    const day = surroundings({ from: noon, to: noon + HOUR }, now, berlin);
    expect((day.to - day.from) / HOUR).toBe(25);
  });
});

describe("keys", () => {
  const key = (name: string, part: Partial<KeyboardEvent> = {}) =>
    keyAction({ key: name, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...part });

  it("leaves the browser's and Home Assistant's keys alone", () => {
    for (const name of ["e", "m", "a", "c", "d", "Tab", "Enter", "F5"]) expect(key(name)).toBeUndefined();
    expect(key("+", { ctrlKey: true })).toBeUndefined();
    expect(key("ArrowLeft", { altKey: true })).toBeUndefined();
  });

  it("goes by seconds and minutes", () => {
    expect(key("ArrowLeft")).toEqual({ kind: "seek", ms: -5000 });
    expect(key("ArrowRight", { shiftKey: true })).toEqual({ kind: "seek", ms: 60_000 });
    expect(key("]")).toEqual({ kind: "range", handle: "to" });
  });
});
