/**
 * How each state and class of event looks: colour, and a shape that tells it apart without colour.
 * The legend, the lanes and the minimap draw with the same functions.
 */

import { EVENT_CLASSES, STATES, type EventClass, type State } from "../api/types";

export interface Palette {
  lane: string;
  laneLow: string;
  text: string;
  text2: string;
  line: string;
  states: Record<State, string>;
  protected: string;
  event: string;
  /** Windows' high contrast and its like: two colours, shapes do the rest. */
  isForced: boolean;
  font: string;
}

/** Read the colours that hold at an element now. */
export function readPalette(host: Element): Palette {
  const style = getComputedStyle(host);
  const isForced = matchMedia("(forced-colors: active)").matches;
  const read = (name: string, forced = "CanvasText"): string =>
    isForced ? forced : style.getPropertyValue(name).trim() || "#888";
  const states = Object.fromEntries(
    STATES.map((state) => [state, read(`--vt-${state.replace("_", "-")}`)]),
  ) as Record<State, string>;
  states.unknown = read("--vt-absent", "GrayText");
  return {
    lane: read("--vt-lane", "Canvas"),
    laneLow: read("--vt-lane-low", "Canvas"),
    text: read("--vt-text"),
    text2: read("--vt-text-2"),
    line: read("--vt-line", "GrayText"),
    states,
    protected: read("--vt-protected", "Highlight"),
    event: read("--vt-event"),
    isForced,
    font: style.fontFamily || "sans-serif",
  };
}

export type Shape =
  | "none"
  | "solid"
  | "diagonal"
  | "half"
  | "chevrons"
  | "cross"
  | "bottom"
  | "vertical"
  | "dots"
  | "hairline"
  | "lowered";

export const SHAPES: Record<State, Shape> = {
  unknown: "none",
  kept: "solid",
  on_device: "diagonal",
  fetching: "chevrons",
  failed: "cross",
  lost: "bottom",
  missing: "vertical",
  removed: "dots",
  absent: "hairline",
  not_wanted: "lowered",
  on_request: "half",
};

/** The sign on wide runs. */
export const SIGNS: Partial<Record<State, string>> = { failed: "!", lost: "×", missing: "?" };

/** Narrower than this a pattern says nothing: solid. */
export const PATTERN_FROM = 4;

const TILE = 8;

/** Patterns by shape and colour, at the resolution of the screen. */
export class Patterns {
  private readonly made = new Map<string, CanvasPattern>();

  constructor(
    private readonly target: CanvasRenderingContext2D,
    private readonly scale: number,
  ) {}

  get(shape: Shape, colour: string, height: number): CanvasPattern {
    const key = `${shape} ${colour} ${height}`;
    let pattern = this.made.get(key);
    if (!pattern) {
      pattern = this.make(shape, colour, height);
      this.made.set(key, pattern);
    }
    return pattern;
  }

  private make(shape: Shape, colour: string, height: number): CanvasPattern {
    const wide = shape === "chevrons" ? 10 : shape === "vertical" ? 4 : TILE;
    const high = shape === "chevrons" ? height : TILE;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(wide * this.scale);
    canvas.height = Math.round(high * this.scale);
    const g = canvas.getContext("2d")!;
    g.scale(canvas.width / wide, canvas.height / high);
    g.strokeStyle = colour;
    g.fillStyle = colour;
    g.beginPath();
    switch (shape) {
      case "diagonal":
      case "half":
        g.lineWidth = 1.1;
        lines(g, 1);
        break;
      case "cross":
        g.lineWidth = 1.6;
        lines(g, 1);
        lines(g, -1);
        break;
      case "vertical":
        g.fillRect(0, 0, 2, high);
        break;
      case "chevrons":
        g.lineWidth = 2;
        g.moveTo(2, high * 0.2);
        g.lineTo(7, high * 0.5);
        g.lineTo(2, high * 0.8);
        break;
      default:
        g.fillRect(0, 0, wide, high);
    }
    g.stroke();
    const pattern = this.target.createPattern(canvas, "repeat")!;
    pattern.setTransform(new DOMMatrix().scale(wide / canvas.width, high / canvas.height));
    return pattern;
  }
}

/** Diagonals that join over the borders of the pattern. */
function lines(g: CanvasRenderingContext2D, direction: 1 | -1): void {
  for (const shift of [-TILE, 0, TILE]) {
    if (direction === 1) {
      g.moveTo(shift - 1, TILE + 1);
      g.lineTo(shift + TILE + 1, -1);
    } else {
      g.moveTo(shift - 1, -1);
      g.lineTo(shift + TILE + 1, TILE + 1);
    }
  }
}

export interface Rect {
  x: number;
  y: number;
  width: number;
}

/** Draw runs of one state, each a bar of this height. */
export function drawState(
  g: CanvasRenderingContext2D,
  patterns: Patterns,
  palette: Palette,
  state: State,
  rects: readonly Rect[],
  height: number,
): void {
  if (rects.length === 0) return;
  const colour = palette.states[state];
  const shape = SHAPES[state];
  g.fillStyle = colour;
  g.beginPath();
  switch (shape) {
    case "none":
      return;
    case "solid":
      for (const { x, y, width } of rects) g.rect(x, y, width, height);
      g.fill();
      return;
    case "bottom":
      for (const { x, y, width } of rects) g.rect(x, y + height - 4, width, 4);
      g.fill();
      break;
    case "hairline":
      for (const { x, y, width } of rects) g.rect(x, y + height / 2 - 0.5, width, 1);
      g.fill();
      return;
    case "dots":
      g.setLineDash([2, 3]);
      g.strokeStyle = colour;
      g.lineWidth = 2;
      for (const { x, y, width } of rects) {
        g.moveTo(x, y + height / 2);
        g.lineTo(x + width, y + height / 2);
      }
      g.stroke();
      g.setLineDash([]);
      return;
    case "lowered":
      for (const { x, y, width } of rects) g.rect(x, y + height * 0.62, width, height * 0.38);
      g.fill();
      return;
    case "half": {
      const top = Math.round(height * 0.45);
      const low = rects.map(({ x, y, width }) => ({ x, y: y + top, width }));
      patterned(g, patterns, palette, state, low, height - top);
      return;
    }
    default:
      patterned(g, patterns, palette, state, rects, height);
  }
  sign(g, palette, state, rects, height);
}

function patterned(
  g: CanvasRenderingContext2D,
  patterns: Patterns,
  palette: Palette,
  state: State,
  rects: readonly Rect[],
  height: number,
): void {
  const colour = palette.states[state];
  const isLight = state === "on_device" || state === "on_request";
  for (const { x, y, width } of rects) if (width < PATTERN_FROM) g.rect(x, y, width, height);
  g.fill();
  const wide = rects.filter(({ width }) => width >= PATTERN_FROM);
  if (wide.length === 0) return;
  g.beginPath();
  for (const { x, y, width } of wide) g.rect(x, y, width, height);
  if (!palette.isForced) {
    g.globalAlpha = isLight ? 0.14 : 0.2;
    g.fill();
    g.globalAlpha = 1;
  }
  // Chevrons are as high as the bar, so their pattern begins at each bar's top.
  if (SHAPES[state] === "chevrons") {
    for (const { x, y, width } of wide) chevrons(g, patterns, colour, x, y, width, height, 0);
  } else {
    g.fillStyle = patterns.get(SHAPES[state], colour, height);
    g.globalAlpha = isLight ? 0.75 : 1;
    g.fill();
    g.globalAlpha = 1;
  }
  g.strokeStyle = colour;
  g.lineWidth = 1;
  g.beginPath();
  for (const { x, y, width } of wide) g.rect(x + 0.5, y + 0.5, width - 1, height - 1);
  g.stroke();
}

/** Chevrons in one bar, moved on by a phase: what is being fetched moves. */
export function chevrons(
  g: CanvasRenderingContext2D,
  patterns: Patterns,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
  phase: number,
): void {
  g.save();
  g.beginPath();
  g.rect(x, y, width, height);
  g.clip();
  g.translate(x + phase, y);
  g.fillStyle = patterns.get("chevrons", colour, height);
  g.fillRect(-phase - 12, 0, width + 24, height);
  g.restore();
}

function sign(
  g: CanvasRenderingContext2D,
  palette: Palette,
  state: State,
  rects: readonly Rect[],
  height: number,
): void {
  const text = SIGNS[state];
  if (!text || height < 12) return;
  const isBottom = SHAPES[state] === "bottom";
  g.font = `700 ${isBottom ? 11 : 12}px ${palette.font}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  for (const { x, y, width } of rects) {
    if (width < 22) continue;
    const middle = x + width / 2;
    if (!isBottom) {
      g.fillStyle = palette.isForced ? "Canvas" : palette.lane;
      g.beginPath();
      g.arc(middle, y + height / 2, 7, 0, 7);
      g.fill();
    }
    g.fillStyle = palette.states[state];
    g.fillText(text, middle, y + (isBottom ? (height - 4) / 2 : height / 2 + 0.5));
  }
}

/** The mark of a class of event, around a middle. Shapes differ, so colour need not. */
export function drawEvent(
  g: CanvasRenderingContext2D,
  cls: EventClass,
  x: number,
  y: number,
  size: number,
): void {
  const r = size / 2;
  g.beginPath();
  switch (cls) {
    case "motion": // a wave of three strokes, drawn as an upward triangle
      g.moveTo(x, y - r);
      g.lineTo(x + r, y + r);
      g.lineTo(x - r, y + r);
      g.closePath();
      break;
    case "person":
      g.arc(x, y - r * 0.45, r * 0.55, 0, 7);
      g.moveTo(x + r, y + r);
      g.arc(x, y + r, r, 0, Math.PI, true);
      g.closePath();
      break;
    case "vehicle":
      g.rect(x - r, y - r * 0.2, size, r * 1.1);
      g.rect(x - r * 0.55, y - r * 0.9, r * 1.1, r);
      break;
    case "animal":
      g.moveTo(x, y - r);
      g.lineTo(x + r, y);
      g.lineTo(x, y + r);
      g.lineTo(x - r, y);
      g.closePath();
      break;
    case "doorbell": // a bell: a half circle over its rim
      g.arc(x, y + r * 0.5, r, Math.PI, 0);
      g.closePath();
      g.rect(x - r * 0.3, y + r * 0.6, r * 0.6, r * 0.4);
      break;
    case "line": // a bar between two posts
      g.rect(x - r, y - r, r * 0.35, size);
      g.rect(x + r * 0.65, y - r, r * 0.35, size);
      g.rect(x - r, y - r * 0.2, size, r * 0.4);
      break;
    case "recording":
      g.arc(x, y, r * 0.85, 0, 7);
      break;
    case "other":
      g.rect(x - r * 0.75, y - r * 0.75, r * 1.5, r * 1.5);
      break;
  }
  g.fill();
}

export function eventClass(place: number, classes: readonly EventClass[] = EVENT_CLASSES): EventClass {
  return classes[place] ?? "other";
}
