import { describe, expect, it } from "vitest";
import { NO_FILTER, type Filter, clipFilter, countLimits, filterQuery, parseFilter } from "../../src/pages/model/filter";

const FULL: Filter = {
  cameras: ["SN1/1", "SN1/2"],
  from: "2026-11-01",
  to: "2026-11-20",
  event: "person",
  source: "live",
  isProtected: true,
  state: "problem",
  text: "front door",
};

const read = (query: Record<string, string>): Filter => parseFilter(new URLSearchParams(query));

describe("the filter in the address", () => {
  it("comes back as it was written", () => {
    expect(read(filterQuery(FULL))).toEqual(FULL);
    expect(filterQuery(NO_FILTER)).toEqual({});
    expect(read({})).toEqual(NO_FILTER);
  });

  it("leaves out what it does not understand", () => {
    expect(read({ from: "2026-02-30", to: "soon", ev: "ufo", src: "tape", st: "gone", p: "yes" })).toEqual(NO_FILTER);
  });

  it("turns round days in the wrong order", () => {
    expect(read({ from: "2026-11-20", to: "2026-11-01" })).toMatchObject({ from: "2026-11-01", to: "2026-11-20" });
  });

  it("names each camera once", () => {
    expect(read({ c: "a,b,,a" }).cameras).toEqual(["a", "b"]);
  });

  it("bounds what somebody else wrote into it", () => {
    const many = Array.from({ length: 100 }, (_, index) => `c${index}`).join(",");
    expect(read({ c: many, q: "x".repeat(500) }).cameras).toHaveLength(64);
    expect(read({ q: "x".repeat(500) }).text).toHaveLength(100);
  });
});

describe("the filter for the server", () => {
  const startOf = (day: string, later: number): number => Date.parse(`${day}T00:00:00Z`) + later * 86_400_000;

  it("is empty without limits", () => {
    expect(clipFilter(NO_FILTER, startOf)).toEqual({});
  });

  it("includes the last day", () => {
    const { from_ms, to_ms } = clipFilter({ ...NO_FILTER, from: "2026-11-20", to: "2026-11-20" }, startOf);
    expect(to_ms! - from_ms!).toBe(86_400_000);
  });

  it("asks for remarks, not for a state, where something is wrong with kept clips", () => {
    expect(clipFilter({ ...NO_FILTER, state: "problem" }, startOf)).toEqual({ has_problem: true });
    expect(clipFilter({ ...NO_FILTER, state: "trashed" }, startOf)).toEqual({ state: "trashed" });
  });
});

it("counts a stretch of days as one limit", () => {
  expect(countLimits(FULL)).toBe(7);
  expect(countLimits({ ...NO_FILTER, text: "  " })).toBe(0);
});
