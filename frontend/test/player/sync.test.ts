import { describe, expect, it } from "vitest";
import { follow, MasterClock, mustHold, spread, type Tile } from "../../src/player/sync";

const CLOCK = 1_000_000;

function tile(ahead: number, change: Partial<Tile> = {}): Tile {
  return {
    shownMs: CLOCK + ahead,
    place: { kind: "at", media: 50 },
    isSeeking: false,
    sinceSeekMs: 60_000,
    rate: 1,
    ...change,
  };
}

describe("a tile beside the clock", () => {
  it.each([
    [0, { do: "leave" }],
    [79, { do: "leave" }],
    [-79, { do: "leave" }],
    [81, { do: "rate", rate: 0.95 }],
    [-81, { do: "rate", rate: 1.05 }],
    [499, { do: "rate", rate: 0.95 }],
    [501, { do: "seek", media: 50 }],
    [-501, { do: "seek", media: 50 }],
    [90_000, { do: "seek", media: 50 }],
  ])("%i ms ahead: %o", (ahead, step) => {
    expect(follow(tile(ahead), CLOCK, 1)).toEqual(step);
  });

  it("is corrected around the clock's own speed", () => {
    expect(follow(tile(-100, { rate: 2 }), CLOCK, 2)).toEqual({ do: "rate", rate: 2.1 });
    expect(follow(tile(900, { rate: 4 }), CLOCK, 4)).toEqual({ do: "rate", rate: 3.8 });
  });

  it("takes the clock's speed when it is back", () => {
    expect(follow(tile(-15, { rate: 1.05 }), CLOCK, 1)).toEqual({ do: "rate", rate: 1 });
    expect(follow(tile(-40, { rate: 1.05 }), CLOCK, 1)).toEqual({ do: "leave" });
    expect(follow(tile(5), CLOCK, 2)).toEqual({ do: "rate", rate: 2 });
  });

  it("is not sought again while a seek is under way or just done", () => {
    expect(follow(tile(9000, { isSeeking: true }), CLOCK, 1)).toEqual({ do: "leave" });
    expect(follow(tile(9000, { sinceSeekMs: 300 }), CLOCK, 1)).toEqual({ do: "leave" });
  });

  it("is sought if it shows nothing yet", () => {
    expect(follow(tile(NaN), CLOCK, 1)).toEqual({ do: "seek", media: 50 });
  });

  it("waits where there is no footage, at the place where it goes on", () => {
    const gap = { fromMs: CLOCK - 5, toMs: CLOCK + 5000, at: 70 };
    expect(follow(tile(0, { place: { kind: "gap", media: 70, gap } }), CLOCK, 1)).toEqual({
      do: "wait",
      media: 70,
      until: CLOCK + 5000,
    });
    expect(follow(tile(0, { place: { kind: "after", media: 99 } }), CLOCK, 1)).toMatchObject({
      do: "wait",
      until: null,
    });
  });

  it("swings in: what starts beside the clock ends within the corridor and stays", () => {
    let ahead = -400;
    let rate = 1;
    for (let ms = 0; ms < 20_000; ms += 100) {
      const step = follow(tile(ahead, { rate }), CLOCK, 1);
      expect(step.do).not.toBe("seek");
      if (step.do === "rate") rate = step.rate;
      ahead += 100 * (rate - 1);
    }
    expect(Math.abs(ahead)).toBeLessThan(20);
    expect(rate).toBe(1);
  });
});

describe("the clock", () => {
  it("runs with its speed, stands, and never jumps by itself", () => {
    let now = 0;
    const clock = new MasterClock(() => now, 1000);
    now = 500;
    expect(clock.ms).toBe(1000);
    clock.start();
    now = 600;
    expect(clock.ms).toBe(1100);
    clock.setRate(4);
    now = 700;
    expect(clock.ms).toBe(1500);
    clock.start();
    clock.stop();
    now = 9999;
    expect(clock.ms).toBe(1500);
    clock.set(50);
    expect(clock.ms).toBe(50);
  });

  it("stands only while nobody who has footage is ready", () => {
    expect(mustHold(["loading", "ready"], false)).toBe(false);
    expect(mustHold(["loading", "absent"], false)).toBe(true);
    expect(mustHold(["absent", "absent"], false)).toBe(false);
    expect(mustHold(["loading", "ready"], true)).toBe(true);
    expect(mustHold(["ready", "absent"], true)).toBe(false);
  });
});

describe("spread", () => {
  it("is between the earliest and the latest that show something", () => {
    expect(spread([100, NaN, 160, 130])).toBe(60);
    expect(spread([100])).toBe(0);
  });
});
