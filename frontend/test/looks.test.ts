import { describe, expect, it } from "vitest";
import { STATES, type State } from "../src/api/types";
import { type Palette, type Patterns, drawState, SHAPES } from "../src/timeline/looks";

const HEIGHT = 18;
const palette = {
  states: Object.fromEntries(STATES.map((state) => [state, `colour of ${state}`])),
} as unknown as Palette;
const patterns = {
  get: (shape: string, colour: string) => `${shape} in ${colour}`,
} as unknown as Patterns;

type Bar = [what: string, top: number, bottom: number];

/** Return what a run of a state paints: with which style, between which heights. */
function painted(state: State, width = 60): Bar[] {
  let path: [number, number][] = [];
  const bars: Bar[] = [];
  const paint = (what: string): void => {
    for (const [top, bottom] of path) bars.push([what, top, bottom]);
  };
  const g = {
    fillStyle: "",
    strokeStyle: "",
    beginPath: () => (path = []),
    rect: (_x: number, y: number, _width: number, height: number) => path.push([y, y + height]),
    moveTo: (_x: number, y: number) => path.push([y, y]),
    fill: () => paint(g.fillStyle),
    stroke: () => paint(`line in ${g.strokeStyle}`),
    lineTo: () => undefined,
    save: () => undefined,
    restore: () => undefined,
    clip: () => undefined,
    translate: () => undefined,
    setLineDash: () => undefined,
    fillText: () => undefined,
    arc: () => undefined,
    fillRect: (_x: number, y: number, _width: number, height: number) => {
      bars.push([g.fillStyle, y, y + height]);
    },
  };
  drawState(g as unknown as CanvasRenderingContext2D, patterns, palette, state, [{ x: 0, y: 0, width }], HEIGHT);
  return bars;
}

describe("a run in a lane", () => {
  it("shows footage that the device holds, copied on request only, as hatched as all it holds", () => {
    const colour = palette.states.on_request;
    const bars = painted("on_request");
    const hatch = bars.find(([what]) => what === `half in ${colour}`)!;
    expect(hatch).toBeDefined();
    expect(bars).toContainEqual([`line in ${colour}`, hatch[1] + 0.5, HEIGHT - 0.5]);
  });

  it("is half as high if it is copied on request only, however narrow", () => {
    for (const width of [60, 2]) {
      const tops = painted("on_request", width).map(([, top]) => Math.floor(top));
      expect(tops.length).toBeGreaterThan(0);
      expect(new Set(tops)).toEqual(new Set([8]));
      expect(painted("on_device", width).every(([, top]) => top < 1)).toBe(true);
    }
  });

  it("has a shape of its own for each state", () => {
    expect(new Set(Object.values(SHAPES)).size).toBe(STATES.length);
  });

  it("is seen in every state but that of which nothing is known", () => {
    for (const state of STATES) expect(painted(state).length > 0, state).toBe(state !== "unknown");
  });
});
