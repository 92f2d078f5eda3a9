import { describe, expect, it } from "vitest";
import { axis, days } from "../src/timeline/axis";
import { laneAt, laneLayout, laneTop, lanesHeight } from "../src/timeline/layout";
import { dragHandle, moveRange, rangeBetween, setEnd, snap } from "../src/timeline/selection";
import { TileCache, bucketMs, levelFor, tileMs, tilesOf } from "../src/timeline/tiles";
import * as v from "../src/timeline/view";
import { HOUR, MINUTE, Zone } from "../src/time/zone";

const NOON = Date.UTC(2026, 10, 20, 12);
const DAY = 24 * HOUR;
const limits = { min: NOON - 60 * DAY, max: NOON + HOUR };

describe("view", () => {
  it("keeps the moment under the pointer while zooming from a month to seconds", () => {
    let view: v.View = { from: NOON - 31 * DAY, to: NOON };
    const x = 733;
    const anchor = v.timeAt(view, 1000, x);
    for (let step = 0; step < 120; step += 1) view = v.zoomAt(view, 0.85, anchor, limits);
    expect(v.span(view)).toBeCloseTo(v.SHORTEST, 3);
    expect(v.xOf(view, 1000, anchor)).toBeCloseTo(x, 3);
  });

  it("does not show more than a month, nor what lies beyond its limits", () => {
    const all = v.zoomAt({ from: NOON - 20 * DAY, to: NOON }, 10, NOON, limits);
    expect(v.span(all)).toBe(v.LONGEST);
    expect(all.to).toBeLessThanOrEqual(limits.max);
    expect(v.pan({ from: NOON - DAY, to: NOON }, 50 * DAY, limits).to).toBe(limits.max);
    expect(v.pan({ from: NOON - DAY, to: NOON }, -90 * DAY, limits).from).toBe(limits.min);
  });

  it("shows all there is where the archive is shorter than the view", () => {
    const short = { min: NOON - HOUR, max: NOON };
    expect(v.clampView({ from: NOON - 5 * DAY, to: NOON }, short)).toEqual({
      from: short.min,
      to: short.max,
    });
  });

  it("keeps the moments under two fingers", () => {
    const view = { from: NOON - DAY, to: NOON };
    const [a, b] = [v.timeAt(view, 800, 200), v.timeAt(view, 800, 400)];
    const next = v.pinch(view, 800, [200, 400], [100, 600], limits);
    expect(v.xOf(next, 800, a)).toBeCloseTo(100, 5);
    expect(v.xOf(next, 800, b)).toBeCloseTo(600, 5);
  });

  it("follows a playhead that leaves, and leaves the view alone while it is in sight", () => {
    const view = { from: NOON - HOUR, to: NOON };
    expect(v.followed(view, NOON - 30 * MINUTE, limits)).toBe(view);
    const next = v.followed(view, NOON - 2 * MINUTE, limits);
    expect(v.xOf(next, 900, NOON - 2 * MINUTE)).toBeCloseTo(300, 5);
  });

  it("moves by itself only near an edge", () => {
    expect(v.edgeSpeed(500, 1000)).toBe(0);
    expect(v.edgeSpeed(-50, 1000)).toBeCloseTo(-0.6);
    expect(v.edgeSpeed(990, 1000)).toBeGreaterThan(0);
  });

  it("goes from one view to another with the anchor in place", () => {
    const a = { from: NOON - DAY, to: NOON };
    const b = v.zoomAt(a, 0.1, NOON - 6 * HOUR, limits);
    const half = v.between(a, b, 0.5);
    expect(v.xOf(half, 100, NOON - 6 * HOUR)).toBeCloseTo(75, 5);
    expect(v.between(a, b, 1)).toBe(b);
  });
});

describe("tiles", () => {
  it("chooses the finest level whose buckets are not narrower than a pixel", () => {
    expect(levelFor({ from: 0, to: 10_000 }, 1000)).toBe(0);
    expect(levelFor({ from: 0, to: DAY }, 1400)).toBe(3);
    expect(levelFor({ from: 0, to: DAY }, 337)).toBe(5);
    expect(levelFor({ from: 0, to: 31 * DAY }, 1400)).toBe(6);
    expect(levelFor({ from: 0, to: 31 * DAY }, 10)).toBe(7);
  });

  it("names the tiles that a stretch touches, its end not included", () => {
    expect(tilesOf(0, 0, tileMs(0))).toEqual([0]);
    expect(tilesOf(0, tileMs(0) - 1, tileMs(0) + 1)).toEqual([0, 1]);
    expect(tilesOf(3, 5, 5)).toEqual([]);
  });

  const runs = (cache: TileCache, level: number, from: number, to: number): number[][] => {
    const found: number[][] = [];
    cache.eachRun(level, "a", from, to, (...run) => found.push(run));
    return found;
  };

  it("gives the runs of a stretch, cut to it", () => {
    const cache = new TileCache();
    cache.put(0, { camera: "a", n: 0, until_ms: null, runs: [10, 1, 0, 5, 4, 4, 1009, 1, 16] }, 0);
    expect(runs(cache, 0, 8000, 17_000)).toEqual([
      [8000, 10_000, 1, 0],
      [10_000, 15_000, 4, 4],
      [15_000, 17_000, 1, 16],
    ]);
    expect(cache.stateAt(0, "a", 12_345)).toEqual({ state: 4, mark: 4 });
    expect(cache.stateAt(0, "b", 12_345)).toBeUndefined();
  });

  it("ends a running tile at the moment it was made for", () => {
    const cache = new TileCache();
    cache.put(1, { camera: "a", n: 0, until_ms: 6500, runs: [2, 1, 0] }, 0);
    expect(runs(cache, 1, 0, 100_000)).toEqual([[0, 6500, 1, 0]]);
  });

  it("lets a coarser tile stand in until the fine one is here", () => {
    const cache = new TileCache();
    cache.put(1, { camera: "a", n: 0, until_ms: null, runs: [512, 2, 0, 512, 1, 0] }, 0);
    const border = 512 * bucketMs(1);
    expect(runs(cache, 0, border - 1000, border + 1000)).toEqual([
      [border - 1000, border, 2, 0],
      [border, border + 1000, 1, 0],
    ]);
  });

  it("asks for what is not here, stale, or running and behind", () => {
    const cache = new TileCache();
    const wide = tileMs(0);
    const now = 2.5 * wide;
    expect(cache.missing(0, ["a"], 0, 9 * wide, now)).toEqual([["a", 0], ["a", 1], ["a", 2]]);
    cache.put(0, { camera: "a", n: 0, until_ms: null, runs: [1024, 1, 0] }, 0);
    cache.put(0, { camera: "a", n: 1, until_ms: null, runs: [1024, 1, 0] }, 0);
    const running = { camera: "a", n: 2, until_ms: now - 20_000, runs: [490, 1, 0] };
    cache.put(0, running, now - 20_000);
    expect(cache.missing(0, ["a"], 0, 9 * wide, now)).toEqual([]);
    expect(cache.missing(0, ["a"], 0, 9 * wide, now, 30_000)).toEqual([]);
    expect(cache.missing(0, ["a"], 0, 9 * wide, now, 10_000)).toEqual([["a", 2]]);
    cache.put(0, running, now); // a server whose clock is behind is not asked for ever
    expect(cache.missing(0, ["a"], 0, 9 * wide, now, 10_000)).toEqual([]);
    expect(cache.touch([["b", 0, wide]])).toBe(false);
    expect(cache.touch([["a", wide, wide + 1]])).toBe(true);
    expect(cache.missing(0, ["a"], 0, 9 * wide, now)).toEqual([["a", 1]]);
    expect(runs(cache, 0, wide, wide + 1000)).toHaveLength(1); // drawn until the new one is here
    cache.touch(null);
    expect(cache.missing(0, ["a"], 0, 9 * wide, now)).toHaveLength(3);
  });

  it("asks for a tile that ended while it was running", () => {
    const cache = new TileCache();
    cache.put(0, { camera: "a", n: 0, until_ms: tileMs(0) - 60_000, runs: [964, 1, 0] }, 0);
    expect(cache.missing(0, ["a"], 0, 1, 5 * tileMs(0), 10_000)).toEqual([["a", 0]]);
  });

  it("forgets what was not looked at for longest", () => {
    const cache = new TileCache();
    for (let n = 0; n < 2000; n += 1) cache.put(0, { camera: "a", n, until_ms: null, runs: [] }, 0);
    cache.get(0, "a", 0);
    cache.put(0, { camera: "a", n: 2000, until_ms: null, runs: [] }, 0);
    expect(cache.size).toBe(2000);
    expect(cache.get(0, "a", 0)).toBeDefined();
    expect(cache.get(0, "a", 1)).toBeUndefined();
  });
});

describe("axis", () => {
  const berlin = new Zone("Europe/Berlin");
  const clocks = (from: number, to: number, zone: Zone): string[] =>
    axis({ from, to }, 1000, 100, zone).ticks.map(({ t }) => zone.clock(t).slice(0, 5));

  it("stands on round local times on a day of 23 hours", () => {
    const from = berlin.moment(2026, 3, 29);
    const to = berlin.dayAfter(from);
    expect(to - from).toBe(23 * HOUR);
    expect(clocks(from, to, berlin)).toEqual(
      ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00"],
    );
  });

  it("stands on round local times on a day of 25 hours", () => {
    const from = berlin.moment(2026, 10, 25);
    const to = berlin.dayAfter(from);
    expect(to - from).toBe(25 * HOUR);
    const ticks = axis({ from, to }, 1000, 100, berlin).ticks;
    expect(ticks.map(({ t }) => berlin.clock(t).slice(0, 5))).toEqual(
      ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00"],
    );
    expect(ticks.map(({ isDay }) => isDay).filter(Boolean)).toHaveLength(2);
  });

  it("shows both hours between two and three when clocks are set back", () => {
    const from = berlin.moment(2026, 10, 25, 1);
    expect(clocks(from, from + 4 * HOUR, berlin)).toEqual(
      ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30", "04:00"],
    );
  });

  it("stands on days and months in a zone with half an hour", () => {
    const delhi = new Zone("Asia/Kolkata");
    const from = delhi.moment(2026, 11, 1);
    const month = axis({ from, to: from + 31 * DAY }, 1000, 100, delhi).ticks;
    expect(month.every(({ isDay }) => isDay)).toBe(true);
    expect(clocks(from, from + 6 * HOUR, delhi)[1]).toBe("01:00");
  });

  it("names each day that a view touches once", () => {
    const from = berlin.moment(2026, 3, 28, 12);
    expect(days({ from, to: from + 2 * DAY }, berlin).map(({ from: t, to }) => (to - t) / HOUR))
      .toEqual([24, 23, 24]);
  });
});

describe("layout", () => {
  it("finds the lane and its part under a pointer", () => {
    const layout = laneLayout(32, "wide");
    expect(laneAt(layout, laneTop(layout, 7) + 1)).toEqual({ lane: 7, part: "bar" });
    expect(laneAt(layout, laneTop(layout, 7) + layout.bar + 2)).toEqual({ lane: 7, part: "events" });
    expect(laneAt(layout, lanesHeight(layout) + 1)).toBeUndefined();
    expect(laneAt(layout, -1)).toBeUndefined();
    const phone = laneLayout(2, "phone");
    expect(laneAt(phone, laneTop(phone, 1) - 1)).toEqual({ lane: 1, part: "bar" });
    expect(laneTop(phone, 0)).toBeGreaterThanOrEqual(phone.label);
  });
});

describe("selection", () => {
  it("is whole seconds, in order, a second at least", () => {
    expect(rangeBetween(5400, 1200)).toEqual({ from: 1000, to: 6000 });
    expect(rangeBetween(1000, 1000)).toEqual({ from: 1000, to: 2000 });
  });

  it("turns over when an end is dragged past the other", () => {
    const range = { from: 10_000, to: 20_000 };
    expect(dragHandle(range, "to", 5000)).toEqual([{ from: 5000, to: 10_000 }, "from"]);
    expect(dragHandle(range, "from", 15_000)).toEqual([{ from: 15_000, to: 20_000 }, "from"]);
    expect(dragHandle(range, "from", 30_000)).toEqual([{ from: 20_000, to: 30_000 }, "to"]);
  });

  it("has its ends set by keys in any order", () => {
    expect(setEnd(undefined, "from", 100_000)).toEqual({ from: 100_000, to: 160_000 });
    expect(setEnd(undefined, "to", 100_000)).toEqual({ from: 40_000, to: 100_000 });
    const range = { from: 100_000, to: 160_000 };
    expect(setEnd(range, "to", 400_000)).toEqual({ from: 100_000, to: 400_000 });
    expect(setEnd(range, "from", 500_000)).toEqual({ from: 500_000, to: 560_000 });
    expect(setEnd(range, "to", 50_000)).toEqual({ from: -10_000, to: 50_000 });
  });

  it("moves as a whole and snaps to what is near", () => {
    expect(moveRange({ from: 1000, to: 3000 }, 1499)).toEqual({ from: 2000, to: 4000 });
    expect(snap(1010, [900, 1000, 2000], 50)).toBe(1000);
    expect(snap(1200, [900, 1000, 2000], 50)).toBe(1200);
  });
});
