/**
 * Draws lanes. A layer twice as wide as the view is drawn when something has changed; moving the
 * view is then one copy of a picture.
 */

import { STATES, type Key, type State } from "../api/types";
import type { Zone } from "../time/zone";
import { days } from "./axis";
import { type EventCache, type Mark, chunkSize } from "./events";
import { type LaneLayout, laneTop, lanesHeight, pitch } from "./layout";
import {
  PATTERN_FROM,
  type Palette,
  Patterns,
  type Rect,
  chevrons,
  drawEvent,
  drawState,
} from "./looks";
import { type TileCache, levelFor } from "./tiles";
import { type View, span } from "./view";

export interface Scene {
  view: View;
  width: number;
  dpr: number;
  layout: LaneLayout;
  cameras: readonly Key[];
  tiles: TileCache;
  events: EventCache;
  palette: Palette;
  zone: Zone;
  now: number;
}

/** A mark for a problem inside a bucket is never narrower. */
const PROBLEM_WIDTH = 3;
const EVENT_APART = 9;

export class LanePainter {
  private readonly layer = document.createElement("canvas");
  private drawn = "";
  private drawnView: View = { from: 0, to: 0 };
  private patterns?: Patterns;
  private patternsFor?: Palette;
  private fetching: Rect[] = [];
  /** How often the layer was drawn, for the benchmark. */
  layers = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** Whether something in sight is being fetched, and so could move. */
  get isMoving(): boolean {
    return this.fetching.length > 0;
  }

  /** Forget what is drawn: colours have changed. */
  reset(): void {
    this.drawn = "";
  }

  draw(scene: Scene, phase = 0): void {
    const { view, width, dpr } = scene;
    const height = lanesHeight(scene.layout);
    if (width <= 0 || height <= 0) return;
    fit(this.canvas, width, height, dpr);
    const wide = span(view);
    const key = [
      scene.tiles.version,
      scene.events.version,
      width,
      height,
      dpr,
      wide.toFixed(3),
      scene.cameras.join("\n"),
      scene.layout.bar,
    ].join("|");
    const isInside = view.from >= this.drawnView.from && view.to <= this.drawnView.to;
    if (key !== this.drawn || !isInside || scene.palette !== this.patternsFor) {
      this.drawLayer(scene);
      this.drawn = key;
    }
    const g = this.canvas.getContext("2d")!;
    const left = Math.round(((this.drawnView.from - view.from) / wide) * width * dpr);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.drawImage(this.layer, left, 0);
    if (phase > 0 && this.fetching.length > 0) this.drawFetching(g, scene, left, phase);
  }

  private drawFetching(g: CanvasRenderingContext2D, scene: Scene, left: number, phase: number): void {
    const { dpr, layout, palette } = scene;
    g.setTransform(dpr, 0, 0, dpr, left, 0);
    for (const { x, y, width } of this.fetching) {
      g.fillStyle = palette.lane;
      g.fillRect(x + 1, y + 1, width - 2, layout.bar - 2);
      chevrons(g, this.patterns!, palette.states.fetching, x, y, width, layout.bar, phase % 10);
    }
  }

  private drawLayer(scene: Scene): void {
    const { view, width, dpr, layout, palette } = scene;
    const wide = span(view);
    this.layers += 1;
    this.drawnView = { from: view.from - wide / 2, to: view.to + wide / 2 };
    fit(this.layer, width * 2, lanesHeight(layout), dpr);
    const g = this.layer.getContext("2d")!;
    if (!this.patterns || this.patternsFor !== palette) {
      this.patterns = new Patterns(g, dpr);
      this.patternsFor = palette;
    }
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, width * 2, lanesHeight(layout));
    const scale = width / wide;
    const snapped = (t: number): number =>
      Math.round((t - this.drawnView.from) * scale * dpr) / dpr;
    this.background(g, scene, snapped);
    const { rects, marks, gold } = this.collect(scene, snapped);
    for (const state of STATES) drawState(g, this.patterns, palette, state, rects[state], layout.bar);
    this.fetching = rects.fetching.filter(({ width: each }) => each >= PATTERN_FROM);
    for (const [state, list] of marks) {
      g.fillStyle = palette.lane;
      for (const { x, y, width: each } of list) g.fillRect(x - 1, y, each + 2, layout.bar);
      g.fillStyle = palette.states[state];
      for (const { x, y, width: each } of list) g.fillRect(x, y, each, layout.bar);
    }
    g.fillStyle = palette.protected;
    for (const { x, y, width: each } of gold) g.fillRect(x, y - 1, each, 3);
    this.drawEvents(g, scene, snapped);
  }

  private background(
    g: CanvasRenderingContext2D,
    { layout, palette, zone, now, width }: Scene,
    x: (t: number) => number,
  ): void {
    const end = Math.min(width * 2, Math.max(0, x(now)));
    g.fillStyle = palette.lane;
    for (let lane = 0; lane < layout.count; lane += 1) {
      g.fillRect(0, laneTop(layout, lane), end, layout.bar);
    }
    g.fillStyle = palette.line;
    for (let lane = 1; lane < layout.count; lane += 1) g.fillRect(0, lane * pitch(layout), width * 2, 1);
    if (span(this.drawnView) / 2 > 3 * 31 * 86_400_000) return;
    for (const { from } of days(this.drawnView, zone)) {
      g.fillRect(x(from), 0, 1, lanesHeight(layout));
    }
  }

  private collect(
    { view, width, layout, cameras, tiles }: Scene,
    x: (t: number) => number,
  ): { rects: Record<State, Rect[]>; marks: Map<State, Rect[]>; gold: Rect[] } {
    const level = levelFor(view, width);
    const rects = Object.fromEntries(STATES.map((state) => [state, []])) as unknown as Record<
      State,
      Rect[]
    >;
    const marks = new Map<State, Rect[]>();
    const gold: Rect[] = [];
    cameras.forEach((camera, lane) => {
      const y = laneTop(layout, lane);
      tiles.eachRun(level, camera, this.drawnView.from, this.drawnView.to, (from, to, main, mark) => {
        const left = x(from);
        const right = Math.max(x(to), left + 1);
        const state = STATES[main] ?? "unknown";
        extend(rects[state], left, y, right - left);
        if (mark & 16) extend(gold, left, y, Math.max(PROBLEM_WIDTH, right - left));
        const problem = STATES[mark & 15];
        if (!problem || problem === "unknown" || problem === state) return;
        let list = marks.get(problem);
        if (!list) marks.set(problem, (list = []));
        const middle = (left + right - PROBLEM_WIDTH) / 2;
        const isNarrow = right - left < PROBLEM_WIDTH * 2;
        list.push({ x: isNarrow ? middle : left, y, width: PROBLEM_WIDTH });
      });
    });
    for (const [state, list] of marks) {
      marks.set(state, list.filter((mark) => !rects[state].some((rect) => touches(rect, mark))));
    }
    return { rects, marks, gold };
  }

  private drawEvents(
    g: CanvasRenderingContext2D,
    { view, layout, cameras, events, palette }: Scene,
    x: (t: number) => number,
  ): void {
    const size = layout.events - 2;
    const chunk = chunkSize(view);
    g.fillStyle = palette.event;
    cameras.forEach((camera, lane) => {
      const top = laneTop(layout, lane) + layout.bar + 2;
      const { from, to } = this.drawnView;
      const marks = events.marks(chunk, from, to, camera);
      if (marks.length > 0 && marks[0]!.count > 0) density(g, marks, x, top, size);
      else each(g, marks, x, top, size);
    });
  }
}

/** One mark each; where they come too close, strokes. */
function each(
  g: CanvasRenderingContext2D,
  marks: readonly Mark[],
  x: (t: number) => number,
  top: number,
  size: number,
): void {
  let last = -Infinity;
  let stroke = -Infinity;
  marks.forEach((mark, at) => {
    const left = x(mark.t);
    const right = x(mark.t + mark.length);
    const next = marks[at + 1] ? x(marks[at + 1]!.t) : Infinity;
    if (right - left > size * 1.5) g.fillRect(left, top + size - 2, right - left, 2);
    if (left - last >= EVENT_APART && next - left >= EVENT_APART - 2) {
      drawEvent(g, mark.cls, left, top + size / 2, size);
      last = left;
    } else if (left - stroke >= 2) {
      g.fillRect(left - 0.5, top + 1, 1.5, size - 1);
      stroke = left;
      last = Math.max(last, left - EVENT_APART / 2);
    }
  });
}

function density(
  g: CanvasRenderingContext2D,
  marks: readonly Mark[],
  x: (t: number) => number,
  top: number,
  size: number,
): void {
  const sums = new Map<number, { width: number; count: number }>();
  for (const mark of marks) {
    const left = x(mark.t);
    const known = sums.get(left);
    if (known) known.count += mark.count;
    else sums.set(left, { width: Math.max(1, x(mark.t + mark.length) - left - 0.5), count: mark.count });
  }
  const most = Math.max(1, ...[...sums.values()].map(({ count }) => count));
  for (const [left, { width, count }] of sums) {
    const high = Math.max(1.5, size * Math.sqrt(count / most));
    g.fillRect(left, top + size - high, width, high);
  }
}

/** Whether a mark stands beside a run, which tells more. */
function touches(run: Rect, mark: Rect): boolean {
  return run.y === mark.y && run.x < mark.x + mark.width + 2 && run.x + run.width > mark.x - 2;
}

/** Add a rectangle, or make the last one longer if this one goes on from it. */
function extend(rects: Rect[], x: number, y: number, width: number): void {
  const last = rects.at(-1);
  if (last?.y === y && x <= last.x + last.width + 0.01) {
    last.width = Math.max(last.width, x + width - last.x);
  } else rects.push({ x, y, width });
}

export function fit(canvas: HTMLCanvasElement, width: number, height: number, dpr: number): void {
  const [wide, high] = [Math.round(width * dpr), Math.round(height * dpr)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
}
