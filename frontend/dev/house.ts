/** Two houses that never were: 3 cameras and two weeks, or 32 cameras and a month. Repeatable. */

import type { Camera, EventClass, Nvr, State } from "../src/api/types";

export const DAY = 86_400_000;
const MIN = 60_000;
export const CLIP = 5 * MIN;

export interface MockSpan {
  from: number;
  to: number;
  state: State;
  reason: string;
}

export interface MockEvent {
  start: number;
  length: number;
  cls: EventClass;
}

export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = [
  "Porch", "Gate", "Garage", "Garden", "Driveway", "Back door", "Hall", "Cellar", "Stable",
  "Workshop", "Loading bay", "Office", "Server room", "Staircase", "Roof", "Bicycle shed",
  "Pool", "Greenhouse", "Attic", "Kitchen", "Playground", "Car park north", "Car park south",
  "Reception", "Corridor 1", "Corridor 2", "Warehouse east", "Warehouse west", "Fire exit",
  "Ramp", "Letter box", "Orchard",
];

export class House {
  readonly cameras: Camera[] = [];
  readonly nvrs: Nvr[] = [];
  private readonly days = new Map<string, MockSpan[]>();
  private readonly happened = new Map<string, MockEvent[]>();

  constructor(
    readonly count: number,
    readonly daysKept: number,
    readonly now: () => number,
  ) {
    const perNvr = count > 8 ? 8 : 1;
    for (let index = 0; index < count; index += 1) {
      const nvr = Math.floor(index / perNvr);
      const key = `SN${1000 + nvr}`;
      if (index % perNvr === 0) {
        this.nvrs.push({
          key,
          name: perNvr > 1 ? `Recorder ${nvr + 1}` : `${NAMES[index]} camera`,
          entry_id: `entry${nvr}`,
          device_id: `device${nvr}`,
          is_former: false,
          manufacturer: "Simulated",
          model: perNvr > 1 ? "NVR-8" : "CAM-1",
          firmware: "1.4.2",
          configure_url: `/config/integrations/integration/vtrack_nvr#config_entry=entry${nvr}`,
        });
      }
      this.cameras.push({
        key: `${key}/${(index % perNvr) + 1}`,
        name: NAMES[index % NAMES.length]!,
        nvr: key,
        nvr_name: this.nvrs.at(-1)!.name,
        number: (index % perNvr) + 1,
        entity_id: `camera.${NAMES[index % NAMES.length]!.toLowerCase().replace(/ /g, "_")}_live`,
        device_id: `camera${index}`,
        is_former: false,
        may_control: true,
        has_recordings: index % 5 !== 4,
        mode: index % 7 === 3 ? "events" : "all",
        first_ms: now() - daysKept * DAY,
        promised_days: daysKept,
        promised_bytes: null,
      });
    }
  }

  index(key: string): number {
    return this.cameras.findIndex((camera) => camera.key === key);
  }

  /** The spans of a camera in a range, clipped to it and to now. */
  spans(index: number, from: number, to: number): MockSpan[] {
    const end = Math.min(to, this.now());
    const found: MockSpan[] = [];
    for (let day = Math.floor(from / DAY); day * DAY < end; day += 1) {
      for (const span of this.day(index, day)) {
        if (span.to <= from || span.from >= end) continue;
        const last = found.at(-1);
        const clipped = { ...span, from: Math.max(span.from, from), to: Math.min(span.to, end) };
        if (last?.state === span.state && last.reason === span.reason && last.to === clipped.from) {
          last.to = clipped.to;
        } else found.push(clipped);
      }
    }
    return found;
  }

  private day(index: number, day: number): MockSpan[] {
    const key = `${index}/${day}`;
    const known = this.days.get(key);
    if (known) return known;
    const spans = this.overlay(index, day, this.plain(index, day));
    if (day < Math.floor(this.now() / DAY)) this.days.set(key, spans);
    return spans;
  }

  private plain(index: number, day: number): MockSpan[] {
    const start = day * DAY;
    const oldest = Math.floor(this.now() / DAY) - this.daysKept;
    if (day < oldest - 3) return [{ from: start, to: start + DAY, state: "not_wanted", reason: "older" }];
    if (day < oldest) return [{ from: start, to: start + DAY, state: "removed", reason: "retention" }];
    if (this.cameras[index]!.mode !== "events") {
      return [{ from: start, to: start + DAY, state: "kept", reason: "" }];
    }
    const spans: MockSpan[] = [];
    let at = start;
    for (const event of this.events(index, day)) {
      const from = Math.max(at, event.start - MIN);
      const to = Math.min(start + DAY, event.start + event.length + 2 * MIN);
      if (to <= from) continue;
      if (from > at) spans.push({ from: at, to: from, state: "on_request", reason: "" });
      spans.push({ from, to, state: "kept", reason: "" });
      at = to;
    }
    if (at < start + DAY) spans.push({ from: at, to: start + DAY, state: "on_request", reason: "" });
    return spans;
  }

  private overlay(index: number, day: number, spans: MockSpan[]): MockSpan[] {
    const rnd = random(index * 7919 + day * 104_729 + 17);
    const start = day * DAY;
    const age = Math.floor(this.now() / DAY) - day;
    const paint = (from: number, length: number, state: State, reason: string): void => {
      const to = from + length;
      const next: MockSpan[] = [];
      let done = false;
      for (const span of spans) {
        if (span.to <= from || span.from >= to || span.state === "removed") next.push(span);
        else {
          if (span.from < from) next.push({ ...span, to: from });
          if (!done) next.push({ from: Math.max(from, span.from), to: Math.min(to, spans.at(-1)!.to), state, reason });
          done = true;
          if (span.to > to) next.push({ ...span, from: to });
        }
      }
      spans = next;
    };
    if (rnd() < 0.25) paint(start + rnd() * DAY * 0.7, (20 + rnd() * 180) * MIN, "absent", "nothing_recorded");
    if (rnd() < 0.18) paint(start + rnd() * DAY * 0.9, (3 + rnd() * 30) * MIN, "lost", "overwritten");
    if (rnd() < 0.12 && age > 1) paint(start + rnd() * DAY * 0.9, (5 + rnd() * 20) * MIN, "missing", "file_gone");
    if (rnd() < 0.3 && age < 5) paint(start + rnd() * DAY * 0.9, (5 + rnd() * 25) * MIN, "failed", "busy");
    if (rnd() < 0.12) paint(start + rnd() * DAY * 0.9, (10 + rnd() * 60) * MIN, "removed", "person");
    if (index % 6 === 5 && age < 2) paint(start, DAY, "on_device", "waiting");
    if (age === 0) {
      const now = this.now();
      const behind = index === 1 ? 180 : 12 + (index % 4) * 10;
      const from = Math.floor((now - behind * MIN) / CLIP) * CLIP;
      paint(from, start + DAY - from, "on_device", "waiting");
      if (index % 3 !== 2) paint(from, CLIP, "fetching", "");
      if (index === 2) paint(now - 95 * MIN, 95 * MIN, "failed", "unreachable");
    }
    return spans;
  }

  events(index: number, day: number): MockEvent[] {
    const key = `${index}/${day}`;
    const known = this.happened.get(key);
    if (known) return known;
    const rnd = random(index * 31 + day * 131_071 + 5);
    const classes: EventClass[] = ["motion", "motion", "motion", "motion", "person", "vehicle", "animal", "recording", "other"];
    const count = 14 + Math.floor(rnd() * 26);
    const events = Array.from({ length: count }, () => {
      // more by day than by night
      const hour = rnd() < 0.8 ? 6 + rnd() * 15 : rnd() * 24;
      return {
        start: Math.round(day * DAY + hour * 3_600_000),
        length: Math.round(4000 + rnd() * rnd() * 120_000),
        cls: classes[Math.floor(rnd() * classes.length)]!,
      };
    }).sort((a, b) => a.start - b.start);
    this.happened.set(key, events);
    return events;
  }

  eventsBetween(index: number, from: number, to: number): MockEvent[] {
    const found: MockEvent[] = [];
    for (let day = Math.floor(from / DAY) - 1; day * DAY < Math.min(to, this.now()); day += 1) {
      found.push(
        ...this.events(index, day).filter(
          (event) => event.start + event.length > from && event.start < to && event.start < this.now(),
        ),
      );
    }
    return found;
  }
}
