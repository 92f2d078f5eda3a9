import { describe, expect, it } from "vitest";
import { NOTHING_CHOSEN, chooseTo, sumOf, toggleAll, toggleOne, without } from "../../src/pages/model/selection";

const SHOWN = [9, 7, 5, 3, 1];
const chosen = (ids: ReadonlySet<number>): number[] => [...ids].sort((a, b) => a - b);

describe("choosing rows", () => {
  it("turns one on and off", () => {
    const one = toggleOne(NOTHING_CHOSEN, 7);
    expect(chosen(one.ids)).toEqual([7]);
    expect(chosen(toggleOne(one, 7).ids)).toEqual([]);
  });

  it("takes the stretch between two clicks, either way", () => {
    const down = chooseTo(toggleOne(NOTHING_CHOSEN, 7), 3, SHOWN);
    expect(chosen(down.ids)).toEqual([3, 5, 7]);
    const up = chooseTo(toggleOne(NOTHING_CHOSEN, 3), 9, SHOWN);
    expect(chosen(up.ids)).toEqual([3, 5, 7, 9]);
  });

  it("chooses one row where the first click is no longer shown", () => {
    expect(chosen(chooseTo(toggleOne(NOTHING_CHOSEN, 99), 3, SHOWN).ids)).toEqual([3, 99]);
  });

  it("chooses all shown, and none where all were", () => {
    const all = toggleAll(NOTHING_CHOSEN, SHOWN);
    expect(all.ids.size).toBe(5);
    expect(toggleAll(all, SHOWN).ids.size).toBe(0);
  });

  it("forgets rows that are gone", () => {
    expect(chosen(without(toggleAll(NOTHING_CHOSEN, SHOWN), [5, 9]).ids)).toEqual([1, 3, 7]);
  });
});

it("sums up what is chosen only", () => {
  const rows = SHOWN.map((id) => ({ id, start_ms: 0, end_ms: 300_000, bytes: 10, is_protected: id === 7 }));
  expect(sumOf(rows, toggleAll(NOTHING_CHOSEN, [7, 5]))).toEqual({
    count: 2,
    seconds: 600,
    bytes: 20,
    protectedCount: 1,
  });
});
