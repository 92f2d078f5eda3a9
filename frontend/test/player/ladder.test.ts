import { describe, expect, it } from "vitest";
import { climb, type Failure, type Step, type Tried, UNTRIED, wentWell } from "../../src/player/ladder";

function steps(failure: Failure, times: number, from: Tried = UNTRIED): Step[] {
  const found: Step[] = [];
  let tried = from;
  for (let i = 0; i < times; i += 1) {
    const result = climb(tried, failure);
    found.push(result.step);
    tried = result.tried;
  }
  return found;
}

const pauses = (failure: Failure, times: number): number[] =>
  steps(failure, times).map((step) => (step.do === "reopen" ? step.afterMs : NaN));

describe("the ladder of errors", () => {
  it.each([401, 403])("%i: signs in again once, then says so", (status) => {
    expect(steps({ kind: "status", status }, 2)).toEqual([
      { do: "reopen", afterMs: 0, told: null },
      { do: "tell", problem: { code: "signed_out", remedy: "reload" } },
    ]);
  });

  it("404: asks coverage what is there now", () => {
    expect(steps({ kind: "status", status: 404 }, 3).map((step) => step.do)).toEqual(["look", "look", "tell"]);
  });

  it("503: tries again with growing pauses, and says why meanwhile", () => {
    const failure: Failure = { kind: "status", status: 503 };
    expect(pauses(failure, 6)).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(steps(failure, 1)[0]).toMatchObject({ told: { code: "storage_away", remedy: "again" } });
  });

  it("waits at least as long as the server asks for", () => {
    expect(pauses({ kind: "status", status: 503, retryAfterS: 30 }, 1)).toEqual([30_000]);
    expect(pauses({ kind: "status", status: 429, retryAfterS: 0 }, 3)).toEqual([1000, 2000, 4000]);
  });

  it("415: offers the download", () => {
    expect(steps({ kind: "status", status: 415 }, 1)).toEqual([
      { do: "tell", problem: { code: "no_convert", remedy: "download" } },
    ]);
  });

  it("keeps quiet about the first hiccup of the network only", () => {
    const [first, second] = steps({ kind: "network" }, 2);
    expect(first).toEqual({ do: "reopen", afterMs: 1000, told: null });
    expect(second).toMatchObject({ afterMs: 2000, told: { code: "not_reached" } });
  });

  it("skips damage once in a clip, and names it the second time", () => {
    const bad = (media: number, clip: number): Failure => ({ kind: "decode", media, clip });
    const first = climb(UNTRIED, bad(12, 7));
    expect(first.step).toEqual({ do: "skip", media: 12 });
    expect(climb(first.tried, bad(12, 8)).step).toEqual({ do: "skip", media: 12 });
    const well = wentWell(first.tried);
    expect(climb(well, bad(30, 7)).step).toEqual({
      do: "tell",
      problem: { code: "damaged", remedy: "skip" },
    });
  });

  it("reloads at the place when pictures stand still, three times", () => {
    expect(steps({ kind: "stall", media: 3 }, 4).map((step) => step.do)).toEqual([
      "reopen",
      "reopen",
      "reopen",
      "tell",
    ]);
    expect(pauses({ kind: "stall", media: 3 }, 3)).toEqual([0, 1000, 4000]);
  });

  it("begins anew once it went well", () => {
    const { tried } = climb(UNTRIED, { kind: "status", status: 401 });
    expect(steps({ kind: "status", status: 401 }, 1, wentWell(tried))[0]!.do).toBe("reopen");
  });

  it.each([
    ["no_rights", "not_allowed"],
    ["unauthorized", "not_allowed"],
    ["unknown_camera", "gone"],
    ["no_footage", "no_footage"],
    ["device_silent", "device_silent"],
    ["something_new", "failed"],
  ])("tells the command's error %s as %s", (code, told) => {
    expect(steps({ kind: "command", code }, 1)[0]).toMatchObject({ do: "tell", problem: { code: told } });
  });

  it.each(["storage_missing", "index_failed", "limit", "connection"])("tries again after %s", (code) => {
    expect(steps({ kind: "command", code }, 1)[0]!.do).toBe("reopen");
  });
});
