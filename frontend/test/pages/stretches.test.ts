import { expect, it } from "vitest";
import { lengthOf, stretchesOf } from "../../src/pages/model/stretches";

const MINUTE = 60_000;
const clip = (camera: string, start: number, minutes = 5) => ({
  camera,
  start_ms: start * MINUTE,
  end_ms: (start + minutes) * MINUTE,
});

it("joins clips that follow each other, of each camera by itself, in any order", () => {
  const clips = [clip("a", 10), clip("a", 0), clip("b", 5), clip("a", 5), clip("a", 60)];
  expect(stretchesOf(clips, Infinity)).toEqual([
    { camera: "a", fromMs: 0, toMs: 15 * MINUTE, clips: 3 },
    { camera: "b", fromMs: 5 * MINUTE, toMs: 10 * MINUTE, clips: 1 },
    { camera: "a", fromMs: 60 * MINUTE, toMs: 65 * MINUTE, clips: 1 },
  ]);
});

it("leaves out what was not chosen in between", () => {
  const stretches = stretchesOf([clip("a", 0), clip("a", 10)], Infinity);
  expect(stretches).toHaveLength(2);
  expect(lengthOf(stretches)).toBe(10 * MINUTE);
});

it("joins over the moment that a device takes between two clips, and over a clip inside another", () => {
  const seam = { camera: "a", start_ms: 5 * MINUTE + 900, end_ms: 10 * MINUTE };
  expect(stretchesOf([clip("a", 0), seam], Infinity)).toHaveLength(1);
  expect(stretchesOf([clip("a", 0, 20), clip("a", 5)], Infinity)).toEqual([
    { camera: "a", fromMs: 0, toMs: 20 * MINUTE, clips: 2 },
  ]);
});

it("begins anew where an export would be too long", () => {
  const clips = Array.from({ length: 6 }, (_, n) => clip("a", n * 5));
  expect(stretchesOf(clips, 15 * MINUTE).map(({ clips: count }) => count)).toEqual([3, 3]);
});
