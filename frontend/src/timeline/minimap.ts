import { css, html, type PropertyValues } from "lit";
import { property, query } from "lit/decorators.js";
import { STATES, type Key, type State } from "../api/types";
import type { App } from "../store/app";
import { base } from "../styles/base";
import type { Formats } from "../time/formats";
import { HOUR, type Zone } from "../time/zone";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import { days } from "./axis";
import { type Palette, Patterns, type Rect, drawState, readPalette } from "./looks";
import { fit } from "./painter";
import { type TileCache, levelFor } from "./tiles";
import { type View, LONGEST, span, timeAt, xOf } from "./view";

const DAY = 24 * HOUR;
const HEIGHT = 36;
const BAR = 12;
const TOP = 5;
/** At least so much lies between what is written below two days. */
const NAMES_APART = 10;
const NUMBERS_APART = 5;

/** What lies around a view: its day, the week around it, or the last month. */
export function surroundings(view: View, now: number, zone: Zone): View {
  const middle = (view.from + view.to) / 2;
  if (span(view) <= DAY / 3) {
    const from = zone.startOfDay(middle);
    return { from, to: zone.dayAfter(from) };
  }
  const count = span(view) <= 2.4 * DAY ? 7 : 31;
  const end = zone.dayAfter(Math.min(now, middle + (count / 2) * DAY));
  const from = Math.min(zone.dayAfter(end, -count), zone.startOfDay(view.from));
  return { from, to: Math.max(end, view.to) };
}

/** The surroundings of the view in one line, with the view as a window to be dragged. */
@element("vtrack-minimap")
export class VtrackMinimap extends VtrackElement {
  @property() camera?: Key;
  @query("canvas") private canvas?: HTMLCanvasElement;
  @query(".window") private window!: HTMLElement;
  private around: View = { from: 0, to: 1 };
  private view: View = { from: 0, to: 1 };
  private palette?: Palette;
  private width = 0;
  private drawn = "";
  private grabbed?: number;
  private readonly sizes = new ResizeObserver(() => {
    this.width = this.clientWidth;
    this.drawn = "";
  });

  static override styles = [
    base,
    css`
      :host {
        display: block;
        position: relative;
        block-size: ${HEIGHT}px;
        direction: ltr;
        touch-action: none;
        cursor: pointer;
      }

      canvas {
        display: block;
        inline-size: 100%;
        block-size: 100%;
      }

      .window {
        position: absolute;
        inset-block: 0 ${HEIGHT - BAR - TOP * 2}px;
        left: 0;
        min-inline-size: 10px;
        border: 2px solid var(--vt-text-2);
        border-radius: 6px;
        background: color-mix(in srgb, var(--vt-text) 8%, transparent);
        cursor: grab;
        pointer-events: none;
      }
    `,
  ];

  /** What it wants tiles for. */
  get need(): { view: View; width: number; cameras: readonly Key[] } | undefined {
    if (!this.camera || this.width === 0) return undefined;
    return { view: this.around, width: this.width, cameras: [this.camera] };
  }

  protected override appChanged(_app: App | undefined): void {
    this.palette = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    this.addEventListener("pointerdown", this.down);
    this.addEventListener("pointermove", this.moved);
    this.addEventListener("pointerup", this.up);
    this.addEventListener("pointercancel", this.up);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  protected override updated(_changed: PropertyValues<this>): void {
    this.palette = undefined;
    this.drawn = "";
  }

  draw(view: View, tiles: TileCache): void {
    if (!this.canvas || this.width === 0 || !this.camera) return;
    this.view = view;
    const { zone, formats } = this.app;
    // While the window is dragged its surroundings stand still.
    if (this.grabbed === undefined) this.around = surroundings(view, this.app.now(), zone);
    const { around, width } = this;
    const left = xOf(around, width, view.from);
    const wide = Math.max(10, xOf(around, width, view.to) - left);
    this.window.style.transform = `translateX(${left}px)`;
    this.window.style.width = `${wide}px`;
    const key = [around.from, around.to, width, tiles.version, this.camera].join("|");
    if (key === this.drawn) return;
    this.drawn = key;
    this.palette ??= readPalette(this);
    const palette = this.palette;
    const dpr = window.devicePixelRatio || 1;
    fit(this.canvas, width, HEIGHT, dpr);
    const g = this.canvas.getContext("2d")!;
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, width, HEIGHT);
    g.fillStyle = palette.lane;
    g.fillRect(0, TOP, xOf(around, width, Math.min(around.to, this.app.now())), BAR);
    const rects = new Map<State, Rect[]>(STATES.map((state) => [state, []]));
    tiles.eachRun(levelFor(around, width), this.camera, around.from, around.to, (from, to, main, mark) => {
      const x = xOf(around, width, from);
      const y = TOP;
      rects.get(STATES[main]!)!.push({ x, y, width: Math.max(1, xOf(around, width, to) - x) });
      const problem = STATES[mark & 15]!;
      if (problem !== "unknown" && problem !== STATES[main]) rects.get(problem)!.push({ x, y, width: 2 });
    });
    const patterns = new Patterns(g, dpr);
    for (const [state, list] of rects) drawState(g, patterns, palette, state, list, BAR);
    g.font = `400 11px ${palette.font}`;
    g.textBaseline = "alphabetic";
    g.textAlign = "center";
    g.fillStyle = palette.text2;
    const isDay = span(around) <= 1.1 * DAY;
    const words = isDay ? undefined : dayWords(g, width, around, formats);
    for (let t = around.from, n = 0; t < around.to; n += 1) {
      const next = isDay ? zone.moment(...ymd(zone, around.from), (n + 1) * 6) : zone.dayAfter(t);
      const x = xOf(around, width, t);
      const room = xOf(around, width, next) - x;
      g.globalAlpha = 0.5;
      if (n > 0) g.fillRect(Math.round(x), TOP + BAR + 4, 1, 5);
      g.globalAlpha = 1;
      if (!words) g.fillText(formats.time(t), Math.max(x, 16), HEIGHT - 2);
      else if (n % words.every === 0) {
        const text = words.of(t);
        const half = g.measureText(text).width / 2;
        g.fillText(text, Math.min(Math.max(x + room / 2, half), width - half), HEIGHT - 2);
      }
      t = next;
    }
    this.title = isDay ? formats.dayLong(around.from) : formats.range(around.from, around.to);
  }

  private readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.setPointerCapture(event.pointerId);
    const t = this.at(event);
    const inside = t >= this.view.from && t <= this.view.to;
    this.grabbed = inside ? t - this.view.from : span(this.view) / 2;
    this.go(t);
  };

  private readonly moved = (event: PointerEvent): void => {
    if (this.grabbed !== undefined) this.go(this.at(event));
  };

  private readonly up = (): void => {
    this.grabbed = undefined;
  };

  private at(event: PointerEvent): number {
    return timeAt(this.around, this.width, event.clientX - this.getBoundingClientRect().left);
  }

  private go(t: number): void {
    const from = t - this.grabbed!;
    const detail = { from, to: from + Math.min(span(this.view), LONGEST) };
    this.dispatchEvent(new CustomEvent("move", { detail }));
  }

  override render() {
    return html`<canvas aria-hidden="true"></canvas>
      <div class="window"></div>`;
  }
}

/**
 * What is written below days: their names if all of them have room, else the numbers of as many as
 * have. Languages need very different room for both.
 */
function dayWords(
  g: CanvasRenderingContext2D,
  width: number,
  around: View,
  formats: Formats,
): { every: number; of: (t: number) => string } {
  const shown = days(around, formats.zone);
  const room = width / Math.max(1, shown.length);
  const widest = (of: (t: number) => string): number =>
    Math.max(...shown.map(({ from }) => g.measureText(of(from)).width));
  const named = (t: number): string => formats.day(t);
  if (widest(named) + NAMES_APART <= room) return { every: 1, of: named };
  const numbered = (t: number): string => formats.dayOfMonth(t);
  return { every: Math.ceil((widest(numbered) + NUMBERS_APART) / room), of: numbered };
}

function ymd(zone: Zone, t: number): [number, number, number] {
  const { year, month, day } = zone.fields(t);
  return [year, month, day];
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-minimap": VtrackMinimap;
  }
}
