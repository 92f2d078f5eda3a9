import { describe, expect, it } from "vitest";
import type { Month, State } from "../../src/api/types";
import { toCsv } from "../../src/pages/model/csv";
import { isMonth, monthAfter, percentOfAll, reportOf, reportRows } from "../../src/pages/model/report";

const STATES: State[] = [
  "unknown",
  "kept",
  "on_device",
  "fetching",
  "failed",
  "lost",
  "missing",
  "removed",
  "absent",
  "not_wanted",
  "on_request",
];
const DAY = 86_400_000;

const month = (...days: number[][]): Month => ({
  month: "2026-11",
  time_zone: "UTC",
  states: STATES,
  days: days.map((_, index) => `2026-11-0${index + 1}`),
  day_from_ms: days.map((_, index) => index * DAY),
  cameras: { a: days },
});
const seconds = (part: Partial<Record<State, number>>): number[] => STATES.map((state) => part[state] ?? 0);

describe("the report of a month", () => {
  it("counts what was expected, not what was never recorded, not wanted, or is kept on request", () => {
    const day = seconds({ kept: 90, lost: 10, absent: 500, not_wanted: 900, on_request: 900 });
    const report = reportOf("a", "Porch", month(day), DAY);
    expect(report.percent).toBe(90);
    expect(report.missingSeconds).toBe(10);
    expect(report.days[0]?.tone).toBe("most");
  });

  it("says nothing of a day without expected footage, nor of the future", () => {
    const report = reportOf("a", "Porch", month(seconds({ absent: 86_400 }), seconds({})), DAY / 2);
    expect(report.days.map((day) => day.tone)).toEqual(["nothing", "future"]);
    expect(report.percent).toBeNull();
    expect(percentOfAll([report])).toBeNull();
  });

  it("writes one row per camera and past day", () => {
    const report = reportOf("a", "Porch", month(seconds({ kept: 86_390, lost: 10 }), seconds({})), DAY / 2);
    const rows = reportRows([report], ["Camera", "Day"]);
    expect(rows).toHaveLength(2);
    expect(rows[1]?.slice(0, 4)).toEqual(["Porch", "2026-11-01", 99.98, 86_390]);
  });

  it("knows a camera the answer leaves out", () => {
    expect(reportOf("b", "Gate", month(seconds({ kept: 1 })), DAY).percent).toBeNull();
  });
});

it("goes over the end of a year", () => {
  expect(monthAfter("2026-12", 1)).toBe("2027-01");
  expect(monthAfter("2026-01", -1)).toBe("2025-12");
  expect(isMonth("2026-13")).toBe(false);
});

describe("a table as CSV", () => {
  it("quotes what would break a row, and runs no formula", () => {
    const text = toCsv([['Porch, "left"', "=HYPERLINK(1)", 1.5, null]]);
    expect(text).toBe('\uFEFF"Porch, ""left""",\'=HYPERLINK(1),1.5,\r\n');
  });
});
