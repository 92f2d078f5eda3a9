/** Dates, times and numbers in the language and the formats that a person chose in their profile. */

import type { Locale } from "../api/hass";
import { HOUR, MINUTE, SECOND, type Zone } from "./zone";

export class Formats {
  private readonly made = new Map<string, Intl.DateTimeFormat>();
  private readonly numbers = new Map<string, Intl.NumberFormat>();
  readonly hour12: boolean;
  private readonly dateLanguage: string | undefined;

  constructor(
    readonly locale: Locale,
    readonly zone: Zone,
  ) {
    this.dateLanguage = known(locale.language);
    this.hour12 = usesHour12(locale);
  }

  private date(t: number, options: Intl.DateTimeFormatOptions): string {
    return this.dateFormat(options).format(t);
  }

  private dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    let format = this.made.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(this.dateLanguage, { ...options, timeZone: this.zone.name });
      this.made.set(key, format);
    }
    return format;
  }

  private clockOptions(): Intl.DateTimeFormatOptions {
    return this.hour12
      ? { hour: "numeric", minute: "2-digit", hourCycle: "h12" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  }

  /** A line never breaks inside of a time. */
  private clock(t: number, more: Intl.DateTimeFormatOptions): string {
    return this.date(t, { ...this.clockOptions(), ...more }).replace(/ /g, "\u00a0");
  }

  /** 08:31 or 8:31 AM */
  time(t: number): string {
    return this.clock(t, {});
  }

  /** 08:31:07 */
  timeSeconds(t: number): string {
    return this.clock(t, { second: "2-digit" });
  }

  /** 08:31:07.4: the clock of the player */
  timeTenths(t: number): string {
    return this.clock(t, { second: "2-digit", fractionalSecondDigits: 1 });
  }

  /** Fri 20 Nov */
  day(t: number): string {
    return this.date(t, { weekday: "short", day: "numeric", month: "short" });
  }

  /** Friday, 20 November 2026 */
  dayLong(t: number): string {
    return this.date(t, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }

  /** 20 Nov */
  dayShort(t: number): string {
    return this.date(t, { day: "numeric", month: "short" });
  }

  /** 20 */
  dayOfMonth(t: number): string {
    return this.date(t, { day: "numeric" });
  }

  /** November 2026 */
  month(t: number): string {
    return this.date(t, { month: "long", year: "numeric" });
  }

  /** 2026-11-20, 20/11/2026, 11/20/2026: in the order the person chose */
  dateNumeric(t: number): string {
    const options: Intl.DateTimeFormatOptions = {
      year: "numeric",
      month: "numeric",
      day: "numeric",
    };
    const order = this.locale.date_format;
    if (!/^[DMY]{3}$/.test(order)) return this.date(t, options);
    const parts = this.dateFormat(options).formatToParts(t);
    const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
    const separator = parts.find((each) => each.type === "literal")?.value ?? "/";
    const value: Record<string, string> = { D: part("day"), M: part("month"), Y: part("year") };
    return [...order].map((letter) => value[letter]).join(separator.trim() || "/");
  }

  /** Fri 20 Nov, 08:31:07 */
  dateTime(t: number): string {
    return `${this.day(t)}, ${this.timeSeconds(t)}`;
  }

  /** Fri 20 Nov, 08:31 */
  dateTimeShort(t: number): string {
    return `${this.day(t)}, ${this.time(t)}`;
  }

  /** 08:30–08:33, with the day at each end if the days differ. */
  range(from: number, to: number): string {
    const seconds = from % MINUTE !== 0 || to % MINUTE !== 0;
    const clock = (t: number): string => (seconds ? this.timeSeconds(t) : this.time(t));
    if (this.zone.dayName(from) === this.zone.dayName(to)) {
      return `${this.day(from)}, ${clock(from)} – ${clock(to)}`;
    }
    return `${this.day(from)}, ${clock(from)} – ${this.day(to)}, ${clock(to)}`;
  }

  /** Names of the weekdays in the order of the person's week; 0 is Sunday. */
  weekdays(): { day: number; short: string; long: string }[] {
    const names = (style: "short" | "long"): Intl.DateTimeFormat =>
      new Intl.DateTimeFormat(this.dateLanguage, { weekday: style, timeZone: "UTC" });
    const [short, long] = [names("short"), names("long")];
    const first = firstWeekday(this.locale);
    return Array.from({ length: 7 }, (_, index) => {
      const day = (first + index) % 7;
      const date = Date.UTC(2023, 0, 1 + day); // a Sunday and the days after it
      return { day, short: short.format(date), long: long.format(date) };
    });
  }

  /** 3:05 or 1:02:03: how a player writes a length */
  length(ms: number): string {
    const total = Math.round(ms / SECOND);
    const [hours, minutes, seconds] = [
      Math.floor(total / 3600),
      Math.floor(total / 60) % 60,
      total % 60,
    ];
    const two = (value: number): string => String(value).padStart(2, "0");
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  }

  /** 3 min, 2 hr 10 min, 5 days: in words, two units at most */
  duration(ms: number, style: "short" | "narrow" | "long" = "short"): string {
    const DAY = 24 * HOUR;
    const units: [string, number][] = [
      ["day", DAY],
      ["hour", HOUR],
      ["minute", MINUTE],
      ["second", SECOND],
    ];
    let rest = Math.max(0, Math.round(ms / SECOND) * SECOND);
    const at = units.findIndex(([, size]) => rest >= size);
    if (at < 0) return this.unit(0, "second", style);
    const words: string[] = [];
    for (const [unit, size] of units.slice(at, at + 2)) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count > 0) words.push(this.unit(count, unit, style));
    }
    return words.join(" ");
  }

  /** 1.2 TB: as storage makers and Home Assistant count, by thousands */
  bytes(bytes: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
    let value = bytes;
    let at = 0;
    while (value >= 999.5 && at < units.length - 1) {
      value /= 1000;
      at += 1;
    }
    return this.unit(value, units[at]!, "short", value < 10 && at > 0 ? 1 : 0);
  }

  /** 12 MB/s */
  rate(bytesPerSecond: number): string {
    return `${this.bytes(bytesPerSecond)}/s`;
  }

  number(value: number, digits = 0): string {
    return this.numberFormat({ maximumFractionDigits: digits }).format(value);
  }

  /** 0.98 is 98 %; never rounded up to 100 or down to 0. */
  percent(share: number): string {
    const floor = share < 1 && share > 0.99 ? Math.floor(share * 1000) / 1000 : share;
    const digits = floor !== 0 && floor !== 1 && (floor > 0.99 || floor < 0.01) ? 1 : 0;
    return this.numberFormat({ style: "percent", maximumFractionDigits: digits }).format(floor);
  }

  /** 5 minutes ago, in 20 seconds */
  relative(t: number, now: number): string {
    const format = new Intl.RelativeTimeFormat(this.dateLanguage, { numeric: "auto" });
    const away = t - now;
    const size = Math.abs(away);
    if (size < MINUTE) return format.format(Math.round(away / SECOND), "second");
    if (size < HOUR) return format.format(Math.round(away / MINUTE), "minute");
    if (size < 24 * HOUR) return format.format(Math.round(away / HOUR), "hour");
    return format.format(this.zone.daysBetween(now, t), "day");
  }

  private unit(value: number, unit: string, style: "short" | "narrow" | "long", digits = 0): string {
    const options = { style: "unit", unit, unitDisplay: style, maximumFractionDigits: digits };
    return this.numberFormat(options as Intl.NumberFormatOptions).format(value);
  }

  private numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    let format = this.numbers.get(key);
    if (!format) {
      const grouping = this.locale.number_format === "none" ? { useGrouping: false } : {};
      const units = options.style === "unit";
      // The words of units follow the language, the digits the number format.
      const language = units ? this.dateLanguage : numberLanguage(this.locale);
      format = new Intl.NumberFormat(language, { ...options, ...grouping });
      this.numbers.set(key, format);
    }
    return format;
  }
}

function known(language: string): string | undefined {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(language)[0];
  } catch {
    return undefined;
  }
}

/** As Home Assistant's profile defines its choices of number format. */
function numberLanguage(locale: Locale): string[] | string | undefined {
  switch (locale.number_format) {
    case "comma_decimal":
      return ["en-US", "en"];
    case "decimal_comma":
      return ["de", "es", "it"];
    case "space_comma":
      return ["fr", "sv", "cs"];
    case "quote_decimal":
      return ["de-CH"];
    case "system":
      return undefined;
    default:
      return known(locale.language);
  }
}

function usesHour12(locale: Locale): boolean {
  if (locale.time_format === "12") return true;
  if (locale.time_format === "24") return false;
  const language = locale.time_format === "system" ? undefined : known(locale.language);
  return new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** The first day of the person's week; 0 is Sunday. */
export function firstWeekday(locale: Locale): number {
  const chosen = WEEKDAYS.indexOf(locale.first_weekday);
  if (chosen >= 0) return chosen;
  try {
    const info = new Intl.Locale(locale.language) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    const first = (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay;
    return (first ?? 1) % 7;
  } catch {
    return 1;
  }
}
