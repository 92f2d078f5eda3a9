/** What the list of recordings shows, and how that stands in the address. */

import { EVENT_CLASSES, type ClipFilter, type EventClass } from "../../api/types";

export const SOURCES = ["replay", "live", "backfill"] as const;
export const STATES = ["problem", "missing", "trashed"] as const;

export type SourceWord = (typeof SOURCES)[number];
export type StateWord = (typeof STATES)[number];

/** A local day as in `<input type=date>`: `2026-11-20`; empty is no limit. */
export type Day = string;

export interface Filter {
  readonly cameras: readonly string[];
  /** First and last local day, both included. */
  readonly from: Day;
  readonly to: Day;
  readonly event: EventClass | "";
  readonly source: SourceWord | "";
  readonly isProtected: boolean;
  readonly state: StateWord | "";
  readonly text: string;
}

export const NO_FILTER: Filter = {
  cameras: [],
  from: "",
  to: "",
  event: "",
  source: "",
  isProtected: false,
  state: "",
  text: "",
};

const LONGEST_TEXT = 100;
const MOST_CAMERAS = 64;

function isDay(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const moment = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(value);
}

function known<T extends string>(value: string | null, words: readonly T[]): T | "" {
  return words.find((word) => word === value) ?? "";
}

/** Return the filter of an address; what it does not understand is left out. */
export function parseFilter(query: URLSearchParams): Filter {
  let from = query.get("from") ?? "";
  let to = query.get("to") ?? "";
  from = isDay(from) ? from : "";
  to = isDay(to) ? to : "";
  if (from && to && from > to) [from, to] = [to, from];
  const cameras = (query.get("c") ?? "").split(",").filter(Boolean);
  return {
    cameras: [...new Set(cameras)].slice(0, MOST_CAMERAS),
    from,
    to,
    event: known(query.get("ev"), EVENT_CLASSES),
    source: known(query.get("src"), SOURCES),
    isProtected: query.get("p") === "1",
    state: known(query.get("st"), STATES),
    text: (query.get("q") ?? "").slice(0, LONGEST_TEXT),
  };
}

/** Return the address of a filter in its shortest form; `parseFilter` reads it back. */
export function filterQuery(filter: Filter): Record<string, string> {
  const query: Record<string, string> = {};
  if (filter.cameras.length) query.c = filter.cameras.join(",");
  if (filter.from) query.from = filter.from;
  if (filter.to) query.to = filter.to;
  if (filter.event) query.ev = filter.event;
  if (filter.source) query.src = filter.source;
  if (filter.isProtected) query.p = "1";
  if (filter.state) query.st = filter.state;
  if (filter.text.trim()) query.q = filter.text.trim();
  return query;
}

/**
 * Return the filter as the server takes it.
 *
 * `startOf` gives UTC of the begin of a local day: days have 23, 24 or 25 hours.
 */
export function clipFilter(filter: Filter, startOf: (day: Day, daysLater: number) => number): ClipFilter {
  const clips: ClipFilter = {};
  if (filter.cameras.length) clips.cameras = [...filter.cameras];
  if (filter.from) clips.from_ms = startOf(filter.from, 0);
  if (filter.to) clips.to_ms = startOf(filter.to, 1);
  if (filter.event) clips.event_class = filter.event;
  if (filter.source) clips.sources = [filter.source];
  if (filter.isProtected) clips.is_protected = true;
  if (filter.state === "problem") clips.has_problem = true;
  else if (filter.state) clips.state = filter.state;
  if (filter.text.trim()) clips.text = filter.text.trim();
  return clips;
}

/** Return how many kinds of limit are set, for the badge of the filter button. */
export function countLimits(filter: Filter): number {
  return [
    filter.cameras.length > 0,
    filter.from !== "" || filter.to !== "",
    filter.event !== "",
    filter.source !== "",
    filter.isProtected,
    filter.state !== "",
    filter.text.trim() !== "",
  ].filter(Boolean).length;
}

/** Return the list with an item added, or without it where it was there. */
export function toggle<T>(items: readonly T[], item: T): readonly T[] {
  return items.includes(item) ? items.filter((each) => each !== item) : [...items, item];
}
