/** The week of a schedule helper, as bars of a day. */

import type { GateKind } from "../../api/types";

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** What `schedule/list` tells of one helper. */
export interface ScheduleHelper {
  readonly id: string;
  readonly name: string;
  readonly monday?: readonly Block[];
  readonly tuesday?: readonly Block[];
  readonly wednesday?: readonly Block[];
  readonly thursday?: readonly Block[];
  readonly friday?: readonly Block[];
  readonly saturday?: readonly Block[];
  readonly sunday?: readonly Block[];
}

/** Return whether an entity can decide this of a camera: only a week says ahead what is wanted. */
export function mayDecide(kind: GateKind, entityId: string): boolean {
  return kind !== "wanted" || entityId.startsWith("schedule.");
}

interface Block {
  readonly from: string;
  readonly to: string;
}

export interface Bar {
  /** From midnight on, in percent of a day. */
  readonly start: number;
  readonly length: number;
  readonly from: string;
  readonly to: string;
}

export interface WeekRow {
  readonly day: Weekday;
  readonly bars: readonly Bar[];
  readonly hours: number;
}

const DAY_S = 86_400;

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return Math.min(DAY_S, Math.max(0, hours * 3600 + minutes * 60 + seconds)) || 0;
}

/** Return the seven days beginning with `first` (0 is Monday). */
export function weekOf(helper: ScheduleHelper, first = 0): WeekRow[] {
  return WEEKDAYS.map((_, index) => {
    const day = WEEKDAYS[(index + first) % 7]!;
    const bars = (helper[day] ?? [])
      .map(({ from, to }): Bar => {
        const begins = secondsOf(from);
        // 23:59:59 and 24:00 both mean the end of the day.
        const ends = secondsOf(to) >= DAY_S - 1 ? DAY_S : secondsOf(to);
        return {
          start: (100 * begins) / DAY_S,
          length: (100 * Math.max(0, ends - begins)) / DAY_S,
          from: from.slice(0, 5),
          to: ends === DAY_S ? "24:00" : to.slice(0, 5),
        };
      })
      .filter((bar) => bar.length > 0)
      .sort((one, other) => one.start - other.start);
    return { day, bars, hours: bars.reduce((sum, bar) => sum + (24 * bar.length) / 100, 0) };
  });
}
