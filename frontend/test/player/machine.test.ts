import { describe, expect, it } from "vitest";
import { CLOSED, isHistory, next, type PlayerEvent, type PlayerState } from "../../src/player/machine";

const MISSING = { fromMs: 1, toMs: 2, state: "absent", reason: "" };
const PROBLEM = { code: "stuck", remedy: "again" } as const;

function after(...events: PlayerEvent[]): PlayerState {
  return events.reduce(next, CLOSED);
}

const EVERY: PlayerEvent[] = [
  { type: "seek", ms: 5 },
  { type: "play" },
  { type: "pause" },
  { type: "shown" },
  { type: "stalled" },
  { type: "gap", missing: MISSING },
  { type: "fetching", missing: MISSING },
  { type: "end" },
  { type: "slides" },
  { type: "problem", problem: PROBLEM },
];

describe("live", () => {
  it("is entered by its event and by no row of others", () => {
    const seen = new Set<string>();
    let states = [after({ type: "seek", ms: 1 })];
    for (let depth = 0; depth < 4; depth += 1) {
      states = states.flatMap((state) => EVERY.map((event) => next(state, event)));
      for (const state of states) seen.add(state.phase);
      states = [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
    }
    expect(seen.has("live")).toBe(false);
    expect(seen.has("end")).toBe(true);
    expect(after({ type: "live" }).phase).toBe("live");
  });

  it("is left by going to a moment, which then plays", () => {
    const state = after({ type: "live" }, { type: "seek", ms: 7 });
    expect(state).toMatchObject({ phase: "opening", targetMs: 7, wantsPlay: true });
  });

  it("is not disturbed by what old footage still tells", () => {
    for (const event of EVERY.slice(1)) {
      expect(next(after({ type: "live" }), event).phase).toBe("live");
      expect(next(CLOSED, event).phase).toBe("closed");
    }
  });
});

describe("the past", () => {
  it("keeps playing or pausing over a seek", () => {
    const paused = after({ type: "seek", ms: 1 }, { type: "shown" }, { type: "pause" });
    expect(paused.phase).toBe("paused");
    expect(next(paused, { type: "seek", ms: 2 }).wantsPlay).toBe(false);
    expect(next(paused, { type: "seek", ms: 2, play: true }).wantsPlay).toBe(true);
    expect(after({ type: "seek", ms: 2, play: false }).wantsPlay).toBe(false);
  });

  it("stays at its end until somebody says otherwise", () => {
    const end = after({ type: "seek", ms: 1 }, { type: "shown" }, { type: "end" });
    expect(end.phase).toBe("end");
    expect(isHistory(end)).toBe(true);
    expect(next(end, { type: "shown" }).phase).toBe("playing");
  });

  it("tells a gap with its reason and goes on after it", () => {
    const gap = after({ type: "seek", ms: 1 }, { type: "gap", missing: MISSING });
    expect(gap.missing).toEqual(MISSING);
    expect(next(gap, { type: "shown" })).toMatchObject({ phase: "playing", missing: null });
  });

  it("keeps a problem on the screen until a picture comes", () => {
    const trouble = after({ type: "seek", ms: 1 }, { type: "problem", problem: PROBLEM });
    expect(next(trouble, { type: "end" }).phase).toBe("problem");
    expect(next(trouble, { type: "stalled" }).phase).toBe("problem");
    expect(next(trouble, { type: "shown" }).problem).toBeNull();
    expect(next(trouble, { type: "seek", ms: 3 }).problem).toBeNull();
  });

  it("calls it buffering only while it should play", () => {
    const paused = after({ type: "seek", ms: 1 }, { type: "shown" }, { type: "pause" });
    expect(next(paused, { type: "stalled" }).phase).toBe("paused");
  });
});
