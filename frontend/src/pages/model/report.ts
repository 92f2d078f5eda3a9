/** The coverage report of a month: what was kept on each day, and what was not. */

import type { Month, State } from "../../api/types";

export type StateSeconds = Readonly<Partial<Record<State, number>>>;

const EXPECTED: readonly State[] = ["kept", "on_device", "fetching", "failed", "lost", "missing"];

export type DayTone = "full" | "most" | "some" | "none" | "nothing" | "future";

export interface ReportDay {
  readonly day: string;
  readonly fromMs: number;
  readonly percent: number | null;
  readonly seconds: StateSeconds;
  readonly tone: DayTone;
}

export interface ReportCamera {
  readonly key: string;
  readonly name: string;
  readonly days: readonly ReportDay[];
  readonly percent: number | null;
  readonly keptSeconds: number;
  readonly missingSeconds: number;
}

export function expectedSeconds(seconds: StateSeconds): number {
  return EXPECTED.reduce((sum, state) => sum + (seconds[state] ?? 0), 0);
}

/** Return kept / expected × 100, null where nothing was expected. */
export function percentOf(seconds: StateSeconds): number | null {
  const expected = expectedSeconds(seconds);
  return expected > 0 ? (100 * (seconds.kept ?? 0)) / expected : null;
}

function toneOf(percent: number | null, isFuture: boolean): DayTone {
  if (isFuture) return "future";
  if (percent === null) return "nothing";
  if (percent >= 99.5) return "full";
  if (percent >= 90) return "most";
  return percent > 0 ? "some" : "none";
}

/** Return a camera's month; days that begin after `now` lie in the future. */
export function reportOf(key: string, name: string, month: Month, now: number): ReportCamera {
  const all: Partial<Record<State, number>> = {};
  const days = month.days.map((day, index): ReportDay => {
    const counts = month.cameras[key]?.[index] ?? [];
    const seconds: Partial<Record<State, number>> = {};
    month.states.forEach((state, place) => {
      const value = Math.max(0, counts[place] ?? 0);
      seconds[state] = value;
      all[state] = (all[state] ?? 0) + value;
    });
    const fromMs = month.day_from_ms[index] ?? 0;
    const percent = percentOf(seconds);
    return { day, fromMs, percent, seconds, tone: toneOf(percent, fromMs > now) };
  });
  const kept = all.kept ?? 0;
  return {
    key,
    name,
    days,
    percent: percentOf(all),
    keptSeconds: kept,
    missingSeconds: expectedSeconds(all) - kept,
  };
}

/** Return the percentage of several cameras together; null where nothing was expected. */
export function percentOfAll(cameras: readonly ReportCamera[]): number | null {
  const kept = cameras.reduce((sum, camera) => sum + camera.keptSeconds, 0);
  const missing = cameras.reduce((sum, camera) => sum + camera.missingSeconds, 0);
  return kept + missing > 0 ? (100 * kept) / (kept + missing) : null;
}

/** Return a month some months earlier or later: `2026-11`. */
export function monthAfter(month: string, months: number): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7);
}

export function isMonth(value: string | undefined): value is string {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(value ?? "");
}

/** The states of a report's table, in its columns. */
export const REPORT_STATES: readonly State[] = [
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

/** Return the report as rows of a table, one per camera and past day; seconds are whole. */
export function reportRows(
  cameras: readonly ReportCamera[],
  headings: readonly string[],
): (string | number | null)[][] {
  const rows: (string | number | null)[][] = [[...headings]];
  for (const camera of cameras) {
    for (const day of camera.days) {
      if (day.tone === "future") continue;
      // Cut, not rounded: 100 means that nothing is missing.
      const percent = day.percent === null ? null : Math.floor(day.percent * 100) / 100;
      rows.push([camera.name, day.day, percent, ...REPORT_STATES.map((state) => Math.round(day.seconds[state] ?? 0))]);
    }
  }
  return rows;
}
