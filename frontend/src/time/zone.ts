/**
 * Arithmetic of local time in an IANA time zone. Times are UTC milliseconds; days and months
 * begin where they do in the zone: a day has 23, 24 or 25 hours.
 */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** No zone has changed its offset elsewhere than on a quarter of an hour since 1970. */
const QUARTER = 15 * MINUTE;
const CACHED_OFFSETS = 4096;

export interface Fields {
  year: number;
  /** 1 to 12 */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
  /** 0 is Sunday */
  weekday: number;
}

export class Zone {
  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  /** Throws RangeError where the browser does not know the zone. */
  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Local time minus UTC at a moment, in milliseconds. */
  offset(t: number): number {
    const quarter = Math.floor(t / QUARTER);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      offset = this.readOffset(quarter * QUARTER);
      if (this.offsets.size >= CACHED_OFFSETS) this.offsets.clear();
      this.offsets.set(quarter, offset);
    }
    return offset;
  }

  private readOffset(t: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(t)) part[type] = Number(value);
    const local = Date.UTC(
      part.year!,
      part.month! - 1,
      part.day,
      part.hour,
      part.minute,
      part.second,
    );
    return local - Math.floor(t / SECOND) * SECOND;
  }

  /** What a clock on the wall shows. */
  fields(t: number): Fields {
    const local = new Date(t + this.offset(t));
    return {
      year: local.getUTCFullYear(),
      month: local.getUTCMonth() + 1,
      day: local.getUTCDate(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
      ms: local.getUTCMilliseconds(),
      weekday: local.getUTCDay(),
    };
  }

  /**
   * The moment at which a clock on the wall shows this. Fields may overflow (day 32, hour -1).
   *
   * Of two such moments, when clocks are set back, the first. Of none, when they are set
   * forward, the moment as far after the change as the missing time is after its beginning.
   */
  moment(year: number, month: number, day = 1, hour = 0, minute = 0, second = 0, ms = 0): number {
    const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
    const before = this.offset(local - 24 * HOUR);
    const after = this.offset(local + 24 * HOUR);
    for (const offset of before === after ? [before] : [before, after]) {
      if (this.offset(local - offset) === offset) return local - offset;
    }
    return local - before;
  }

  startOfDay(t: number): number {
    const { year, month, day } = this.fields(t);
    return this.moment(year, month, day);
  }

  /** The same time of day, so many days on. */
  addDays(t: number, days: number): number {
    const f = this.fields(t);
    return this.moment(f.year, f.month, f.day + days, f.hour, f.minute, f.second, f.ms);
  }

  /** The beginning of the day so many days after the one that contains t. */
  dayAfter(t: number, days = 1): number {
    const { year, month, day } = this.fields(t);
    return this.moment(year, month, day + days);
  }

  startOfMonth(t: number): number {
    const { year, month } = this.fields(t);
    return this.moment(year, month);
  }

  /** The beginning of the month so many months after the one that contains t. */
  monthAfter(t: number, months = 1): number {
    const { year, month } = this.fields(t);
    return this.moment(year, month + months);
  }

  /** Days from one moment's day to another's, by the calendar. */
  daysBetween(from: number, to: number): number {
    const a = this.fields(from);
    const b = this.fields(to);
    return Math.round(
      (Date.UTC(b.year, b.month - 1, b.day) - Date.UTC(a.year, a.month - 1, a.day)) / (24 * HOUR),
    );
  }

  /** `2026-11-20`: the day as date fields and addresses write it. */
  dayName(t: number): string {
    const { year, month, day } = this.fields(t);
    return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
  }

  /** `08:31:07` as time fields write it. */
  clock(t: number): string {
    const { hour, minute, second } = this.fields(t);
    return `${pad(hour)}:${pad(minute)}:${pad(second)}`;
  }

  /** Read `2026-11-20` and `08:31:07`; undefined if either is no date or time. */
  read(day: string, clock = "00:00"): number | undefined {
    const date = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
    const time = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/.exec(clock);
    if (!date || !time) return undefined;
    const [year, month, dayOfMonth] = date.slice(1).map(Number) as [number, number, number];
    const [hour, minute] = [Number(time[1]), Number(time[2])];
    const second = Number(time[3] ?? 0);
    const ms = Number((time[4] ?? "0").padEnd(3, "0"));
    const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
    if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > lastDay) return undefined;
    if (hour > 23 || minute > 59 || second > 59) return undefined;
    return this.moment(year, month, dayOfMonth, hour, minute, second, ms);
  }
}

function pad(value: number, length = 2): string {
  return String(value).padStart(length, "0");
}

/** The zone in which a person wants to read times; UTC where the browser does not know it. */
export function chosenZone(wanted: string, server: string): Zone {
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const name of wanted === "server" ? [server, local] : [local, server]) {
    try {
      return new Zone(name);
    } catch {
      // an old browser may lack a new zone: the next
    }
  }
  return new Zone("UTC");
}
