import { describe, expect, it } from "vitest";
import { borderOf, fetchWindow, missingOf, spanAt } from "../../src/player/plan";
import type { Span } from "../../src/player/source";
import { TimeMap } from "../../src/player/time-map";
import { holds, isNearEnd, windowAfter, windowAround } from "../../src/player/windows";

const T = Date.UTC(2026, 10, 20, 8, 30);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function span(state: string, from: number, to: number, reason = ""): Span {
  return { state, from_ms: T + from, to_ms: T + to, reason, next_try_ms: null };
}

describe("windows", () => {
  it("are one to two hours, hold the place, and leave room before it", () => {
    for (const ms of [T, T + 1, T + 7 * MINUTE, T - 123_456]) {
      const window = windowAround(ms);
      expect(holds(window, ms)).toBe(true);
      expect(window.toMs - window.fromMs).toBeGreaterThanOrEqual(HOUR);
      expect(window.toMs - window.fromMs).toBeLessThanOrEqual(2 * HOUR);
      expect(ms - window.fromMs).toBeGreaterThanOrEqual(15 * MINUTE);
      expect(window.toMs - ms).toBeGreaterThan(30 * MINUTE);
    }
  });

  it("are the same for places near each other", () => {
    expect(windowAround(T + 1)).toEqual(windowAround(T + 4 * MINUTE));
  });

  it("go on exactly where the one before ended", () => {
    const window = windowAfter(T + 61_234);
    expect(window.fromMs).toBe(T + 61_234);
    expect(window.toMs - window.fromMs).toBeGreaterThanOrEqual(HOUR);
  });

  it("are got ready earlier the faster one plays", () => {
    expect(isNearEnd(80, 100, 1)).toBe(false);
    expect(isNearEnd(89, 100, 1)).toBe(true);
    expect(isNearEnd(80, 100, 4)).toBe(true);
    expect(isNearEnd(89, 100, 0.25)).toBe(true);
  });
});

describe("what to fetch", () => {
  const spans = [span("kept", 0, 600_000), span("on_device", 600_000, 3_600_000), span("absent", 3_600_000, 7_200_000)];

  it("is no more than five minutes from the place on", () => {
    expect(fetchWindow(spans, T + 700_000, true)).toEqual({
      fromMs: T + 700_000,
      toMs: T + 1_000_000,
    });
    expect(fetchWindow(spans, T + 3_500_000, true)?.toMs).toBe(T + 3_600_000);
  });

  it("is nothing where the device has nothing, or the person may not", () => {
    expect(fetchWindow(spans, T + 100, true)).toBeUndefined();
    expect(fetchWindow(spans, T + 3_700_000, true)).toBeUndefined();
    expect(fetchWindow(spans, T + 700_000, false)).toBeUndefined();
    expect(fetchWindow(spans, T + 3_599_000, true)).toBeUndefined();
  });

  it("counts failed stretches and those under way", () => {
    for (const state of ["failed", "fetching"]) {
      expect(fetchWindow([span(state, 0, MINUTE)], T, true)).toBeDefined();
    }
    for (const state of ["lost", "missing", "removed", "absent", "not_wanted", "on_request", "kept", "unknown"]) {
      expect(fetchWindow([span(state, 0, MINUTE)], T, true)).toBeUndefined();
    }
  });

  it("is what is copied on request only, if a person asks for that moment", () => {
    expect(fetchWindow([span("on_request", 0, MINUTE)], T, true, true)).toBeDefined();
    expect(fetchWindow([span("on_request", 0, MINUTE)], T, false, true)).toBeUndefined();
    expect(fetchWindow([span("not_wanted", 0, MINUTE)], T, true, true)).toBeUndefined();
    expect(fetchWindow([span("removed", 0, MINUTE)], T, true, true)).toBeUndefined();
  });

  it("knows the span of a moment by half-open borders", () => {
    expect(spanAt(spans, T + 600_000)?.state).toBe("on_device");
    expect(spanAt(spans, T - 1)).toBeUndefined();
  });
});

describe("the reason of a gap", () => {
  it("is the one that covers most of it", () => {
    const spans = [span("kept", 0, 1000), span("absent", 1000, 2000), span("lost", 2000, 9000, "overwritten")];
    expect(missingOf(spans, T + 1000, T + 9000)).toEqual({
      fromMs: T + 1000,
      toMs: T + 9000,
      state: "lost",
      reason: "overwritten",
    });
  });

  it("is unknown if coverage says nothing", () => {
    expect(missingOf([], T, null)).toEqual({ fromMs: T, toMs: null, state: "unknown", reason: "" });
  });
});

describe("a border", () => {
  const map = new TimeMap([
    { start: 0, duration: 10, startMs: T },
    { start: 10, duration: 10, startMs: T + 100_000 },
    { start: 20, duration: 10, startMs: T + 200_000 },
  ]);

  it("is the end of the footage, with the true time that comes then", () => {
    expect(borderOf(map, 5, false, [], true)).toEqual({ media: 30, nextMs: T + 210_000, kind: "end" });
  });

  it("does not exist while the playlist grows", () => {
    expect(borderOf(map, 5, true, [], true)).toBeUndefined();
  });

  it("is the next gap whose footage can be fetched", () => {
    const spans = [span("absent", 10_000, 100_000), span("on_device", 110_000, 200_000)];
    expect(borderOf(map, 5, true, spans, true)).toEqual({ media: 20, nextMs: T + 110_000, kind: "fetch" });
    expect(borderOf(map, 25, false, spans, true)).toMatchObject({ media: 30, kind: "end" });
    expect(borderOf(map, 5, false, spans, false)).toMatchObject({ media: 30, kind: "end" });
  });
});
