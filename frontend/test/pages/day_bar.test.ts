import { describe, expect, it } from "vitest";
import { barOf, tilesOf } from "../../src/pages/model/day_bar";

const BUCKET = 256_000;
const TILE = 1024 * BUCKET;
const tile = (n: number, ...runs: number[]) => ({ camera: "a", n, until_ms: null, runs });

describe("the bar of a day", () => {
  it("asks for each tile that the day touches, once", () => {
    expect(tilesOf(0, TILE)).toEqual([0]);
    expect(tilesOf(TILE - 1, TILE + 1)).toEqual([0, 1]);
    expect(tilesOf(5, 5)).toEqual([0]);
  });

  it("joins runs over the border of two tiles", () => {
    const bar = barOf([tile(1, 1024, 1, 0), tile(0, 1024, 1, 0)], 0, 2 * TILE);
    expect(bar.runs).toEqual([{ state: "kept", start: 0, length: 100 }]);
    expect(bar.seconds.kept).toBe((2 * TILE) / 1000);
  });

  it("shows a problem that lies inside kept footage", () => {
    const bar = barOf([tile(0, 512, 1, 0, 256, 1, 5, 256, 8, 0)], 0, TILE);
    expect(bar.runs).toEqual([{ state: "kept", start: 0, length: 75 }]);
    expect(bar.marks).toEqual([{ state: "lost", start: 50, length: 25 }]);
  });

  it("cuts what lies outside the day, and ends where the future begins", () => {
    const bar = barOf([tile(0, 100, 1, 0)], 50 * BUCKET, 150 * BUCKET);
    expect(bar.runs).toEqual([{ state: "kept", start: 0, length: 50 }]);
  });

  it("takes the mark of a protected clip for no problem", () => {
    expect(barOf([tile(0, 10, 1, 16)], 0, TILE).marks).toEqual([]);
  });
});
