/** Marks of the time axis, on round local times. Days have 23 to 25 hours. */

import { HOUR, MINUTE, SECOND, type Zone } from "../time/zone";
import type { View } from "./view";
import { span } from "./view";

type Step = { unit: "ms"; ms: number } | { unit: "hour" | "day" | "month"; count: number; ms: number };

const DAY = 24 * HOUR;
const STEPS: Step[] = [
  ...[1, 2, 5, 10, 15, 30].map((count): Step => ({ unit: "ms", ms: count * SECOND })),
  ...[1, 2, 5, 10, 15, 30].map((count): Step => ({ unit: "ms", ms: count * MINUTE })),
  ...[1, 2, 3, 6, 12].map((count): Step => ({ unit: "hour", count, ms: count * HOUR })),
  ...[1, 2, 7].map((count): Step => ({ unit: "day", count, ms: count * DAY })),
  { unit: "month", count: 1, ms: 30 * DAY },
];

export interface Tick {
  t: number;
  /** The beginning of a day: labelled with its date. */
  isDay: boolean;
}

export interface Axis {
  ticks: Tick[];
  /** Smaller marks between them, without words. */
  minor: number[];
  step: Step;
}

/** Marks for a view, so that labels of `label` pixels do not touch. */
export function axis(view: View, width: number, label: number, zone: Zone): Axis {
  const least = (span(view) / Math.max(1, width)) * label;
  const at = STEPS.findIndex((step) => step.ms >= least);
  const step = STEPS[at < 0 ? STEPS.length - 1 : at]!;
  const finer = STEPS.filter((each) => each.ms < step.ms && step.ms % each.ms === 0).at(-2);
  const ticks = moments(view, step, zone);
  return {
    step,
    ticks: ticks.map((t) => ({ t, isDay: t === zone.startOfDay(t) })),
    minor: finer ? moments(view, finer, zone).filter((t) => !ticks.includes(t)) : [],
  };
}

function moments(view: View, step: Step, zone: Zone): number[] {
  const found: number[] = [];
  const add = (t: number): void => {
    if (t >= view.from && t <= view.to && t !== found.at(-1)) found.push(t);
  };
  if (step.unit === "month") {
    for (let t = zone.startOfMonth(view.from); t <= view.to; t = zone.monthAfter(t)) add(t);
    return found;
  }
  if (step.unit === "day") {
    for (let t = zone.startOfDay(view.from); t <= view.to; t = zone.dayAfter(t)) {
      // Counted within the month, so that marks stay where they are while the view moves.
      const { day } = zone.fields(t);
      if ((day - 1) % step.count === 0 && (step.count === 1 || day < 29)) add(t);
    }
    return found;
  }
  for (let day = zone.startOfDay(view.from); day <= view.to; day = zone.dayAfter(day)) {
    const next = zone.dayAfter(day);
    if (next <= view.from) continue;
    if (step.unit === "hour") {
      const { year, month, day: dayOfMonth } = zone.fields(day);
      for (let hour = 0; hour < 24; hour += step.count) {
        const t = zone.moment(year, month, dayOfMonth, hour);
        if (t < next) add(t);
      }
      continue;
    }
    const skipped = Math.max(0, Math.ceil((view.from - day) / step.ms));
    const end = Math.min(next - 1, view.to);
    for (let t = day + skipped * step.ms; t <= end; t += step.ms) add(t);
  }
  return found;
}

/** The days that a view touches, each from its beginning to the next one's. */
export function days(view: View, zone: Zone): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let from = zone.startOfDay(view.from); from < view.to; ) {
    const to = zone.dayAfter(from);
    found.push({ from, to });
    from = to;
  }
  return found;
}
