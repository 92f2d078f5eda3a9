import { describe, expect, it } from "vitest";
import type { Locale } from "../src/api/hass";
import { Formats, firstWeekday } from "../src/time/formats";
import { HOUR, MINUTE, Zone, chosenZone } from "../src/time/zone";

const berlin = new Zone("Europe/Berlin");
const DAY = 24 * HOUR;

describe("Zone", () => {
  it.each([
    ["Europe/Berlin", 2026, 3, 29, 23],
    ["Europe/Berlin", 2026, 10, 25, 25],
    ["Europe/Berlin", 2026, 11, 20, 24],
    ["America/New_York", 2026, 3, 8, 23],
    ["Australia/Lord_Howe", 2026, 4, 5, 24.5],
    ["Asia/Kolkata", 2026, 3, 29, 24],
    ["America/Santiago", 2026, 9, 6, 23], // midnight itself is skipped
  ])("%s: %i-%i-%i has %d hours", (name, year, month, day, hours) => {
    const zone = new Zone(name);
    const from = zone.moment(year, month, day, 12);
    expect((zone.dayAfter(from) - zone.startOfDay(from)) / HOUR).toBe(hours);
  });

  it("counts days by the calendar over a change of clocks", () => {
    const noon = berlin.moment(2026, 3, 28, 12);
    const next = berlin.addDays(noon, 1);
    expect(berlin.clock(next)).toBe("12:00:00");
    expect(next - noon).toBe(23 * HOUR);
    expect(berlin.daysBetween(noon, next)).toBe(1);
    expect(berlin.daysBetween(next, noon)).toBe(-1);
  });

  it("reads a time that exists twice as the first, and one that does not as the moment after", () => {
    const twice = berlin.read("2026-10-25", "02:30")!;
    expect(twice).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(berlin.clock(twice + HOUR)).toBe("02:30:00");
    const never = berlin.read("2026-03-29", "02:30")!;
    expect(berlin.clock(never)).toBe("03:30:00");
  });

  it("refuses what is no date or time", () => {
    for (const [day, clock] of [
      ["2026-02-30", "10:00"],
      ["2026-13-01", "10:00"],
      ["2026-11-20", "24:00"],
      ["2026-11-20", "10:60"],
      ["", "10:00"],
      ["20.11.2026", "10:00"],
    ] as const) {
      expect(berlin.read(day, clock), `${day} ${clock}`).toBeUndefined();
    }
    expect(berlin.read("2026-11-20", "8:31:07.4")).toBe(Date.UTC(2026, 10, 20, 7, 31, 7, 400));
  });

  it("goes from month to month over a year", () => {
    const november = berlin.startOfMonth(Date.UTC(2026, 10, 20));
    expect(berlin.dayName(berlin.monthAfter(november, 2))).toBe("2027-01-01");
    expect(berlin.dayName(berlin.monthAfter(november, -11))).toBe("2025-12-01");
  });

  it("is that of the server or of the browser, as the person chose; UTC for one nobody knows", () => {
    expect(chosenZone("server", "Europe/Berlin").name).toBe("Europe/Berlin");
    expect(chosenZone("local", "Europe/Berlin").name).toBe("UTC"); // where these tests run
    expect(chosenZone("server", "Mars/Olympus").name).toBe("UTC");
  });
});

const locale = (part: Partial<Locale>): Locale => ({
  language: "en-GB",
  number_format: "language",
  time_format: "language",
  date_format: "language",
  first_weekday: "language",
  time_zone: "server",
  ...part,
});
const t = Date.UTC(2026, 10, 20, 7, 31, 7, 400);
const plain = (text: string): string => text.replace(/[\u202f\u00a0]/g, " ");

describe("Formats", () => {
  it("writes times with 12 or 24 hours as chosen, whatever the language", () => {
    expect(new Formats(locale({}), berlin).timeTenths(t)).toBe("08:31:07.4");
    expect(plain(new Formats(locale({ time_format: "12" }), berlin).time(t))).toMatch(/^8:31 am$/i);
    expect(new Formats(locale({ language: "en-US", time_format: "12" }), berlin).time(t)).not.toContain(" ");
    expect(new Formats(locale({ language: "en-US", time_format: "24" }), berlin).time(t)).toBe("08:31");
    const midnight = berlin.moment(2026, 11, 20);
    expect(new Formats(locale({ time_format: "24" }), berlin).time(midnight)).toBe("00:00");
  });

  it("writes dates in the order that was chosen", () => {
    expect(new Formats(locale({ date_format: "YMD" }), berlin).dateNumeric(t)).toBe("2026/11/20");
    expect(new Formats(locale({ language: "de", date_format: "MDY" }), berlin).dateNumeric(t)).toBe("11.20.2026");
    expect(new Formats(locale({ language: "de" }), berlin).dateNumeric(t)).toBe("20.11.2026");
  });

  it("writes a range with its day once, or at both ends", () => {
    const formats = new Formats(locale({}), berlin);
    const from = berlin.moment(2026, 11, 20, 8, 30);
    expect(formats.range(from, from + 3 * MINUTE)).toBe("Fri 20 Nov, 08:30 – 08:33");
    expect(formats.range(from, from + DAY)).toBe("Fri 20 Nov, 08:30 – Sat 21 Nov, 08:30");
    expect(formats.range(from + 1000, from + 2000)).toBe("Fri 20 Nov, 08:30:01 – 08:30:02");
  });

  it("writes lengths and sizes", () => {
    const formats = new Formats(locale({}), berlin);
    expect(formats.length(3_723_000)).toBe("1:02:03");
    expect(formats.length(185_000)).toBe("3:05");
    expect(plain(formats.duration(2 * DAY + 5 * HOUR + MINUTE))).toBe("2 days 5 hrs");
    expect(plain(formats.duration(400))).toBe("0 secs");
    expect(plain(formats.bytes(1.21e12))).toBe("1.2 TB");
    expect(plain(formats.bytes(999_600))).toBe("1 MB");
    expect(plain(new Formats(locale({ language: "de" }), berlin).bytes(1.21e12))).toBe("1,2 TB");
  });

  it("never rounds a share up to all or down to nothing", () => {
    const formats = new Formats(locale({}), berlin);
    expect(formats.percent(1)).toBe("100%");
    expect(formats.percent(0.99996)).toBe("99.9%");
    expect(formats.percent(0.984)).toBe("98%");
    expect(formats.percent(0.004)).toBe("0.4%");
    expect(formats.percent(0)).toBe("0%");
  });

  it("tells how long ago, days by the calendar", () => {
    const formats = new Formats(locale({}), berlin);
    expect(formats.relative(t - 5 * MINUTE, t)).toBe("5 minutes ago");
    expect(formats.relative(t + 20_000, t)).toBe("in 20 seconds");
    expect(formats.relative(t - DAY, t)).toBe("yesterday");
  });

  it("begins the week where the person's does", () => {
    expect(firstWeekday(locale({ first_weekday: "saturday" }))).toBe(6);
    expect(firstWeekday(locale({ language: "en-US" }))).toBe(0);
    expect(firstWeekday(locale({ language: "de" }))).toBe(1);
    expect(new Formats(locale({ first_weekday: "sunday" }), berlin).weekdays()[0]?.long).toBe("Sunday");
  });
});
