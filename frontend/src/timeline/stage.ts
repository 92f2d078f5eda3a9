/** Draws the timeline when something has changed, once a frame, and never while it is hidden. */

import type { Key } from "../api/types";
import type { Formats } from "../time/formats";
import { SECOND, type Zone } from "../time/zone";
import type { EventCache } from "./events";
import type { LaneLayout } from "./layout";
import { type Palette, readPalette } from "./looks";
import { LanePainter } from "./painter";
import { drawRuler } from "./ruler";
import type { Range } from "./selection";
import type { TileCache } from "./tiles";
import { type View, between, xOf } from "./view";

export interface StageScene {
  view: View;
  layout: LaneLayout;
  cameras: readonly Key[];
  tiles: TileCache;
  events: EventCache;
  zone: Zone;
  formats: Formats;
  now: number;
  time?: number;
  range?: Range;
  pointedX?: number;
}

export interface StageHost extends HTMLElement {
  readonly isReady: boolean;
  readonly view: View;
  scene(): StageScene;
  step(view: View): void;
  panBy(pixels: number): void;
  drawMinimap(): void;
}

const GLIDE_MS = 220;
/** How much of its speed a fling keeps after a millisecond. */
const FRICTION = 0.9955;
const SLOWEST = 0.02;
const MARCH_MS = 110;

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const forcedColors = matchMedia("(forced-colors: active)");

export class Stage {
  width = 0;
  /** Times of the last frames in milliseconds, for the benchmark. */
  readonly times: number[] = [];
  private painter?: LanePainter;
  private parts?: Record<"lanes" | "ruler" | "now" | "hover" | "playhead", HTMLElement>;
  private root?: ParentNode;
  private palette?: Palette;
  private frame?: number;
  private glideTo?: { from: View; to: View; start: number };
  private speed = 0;
  private lastFling = 0;
  private march?: ReturnType<typeof setTimeout>;
  private phase = 0;
  private tick?: ReturnType<typeof setInterval>;
  private readonly sizes = new ResizeObserver(() => this.measure());

  constructor(private readonly host: StageHost) {}

  get isGliding(): boolean {
    return this.glideTo !== undefined || this.speed !== 0;
  }

  start(root: ParentNode): void {
    this.stop();
    const find = (selector: string): HTMLElement => root.querySelector<HTMLElement>(selector)!;
    this.root = root;
    this.parts = {
      lanes: find(".track > canvas"),
      ruler: find(".ruler > canvas"),
      now: find(".now"),
      hover: find(".hover"),
      playhead: find(".playhead"),
    };
    this.painter = new LanePainter(this.parts.lanes as HTMLCanvasElement);
    this.sizes.observe(find(".ruler"));
    // The line of now moves on; nothing else does by itself.
    this.tick = setInterval(() => this.schedule(), SECOND);
    forcedColors.addEventListener("change", this.reset);
    document.addEventListener("visibilitychange", this.schedule);
    this.measure();
  }

  stop(): void {
    this.sizes.disconnect();
    clearInterval(this.tick);
    clearTimeout(this.march);
    this.march = undefined;
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    forcedColors.removeEventListener("change", this.reset);
    document.removeEventListener("visibilitychange", this.schedule);
  }

  /** Colours or texts have changed. */
  readonly reset = (): void => {
    this.palette = undefined;
    this.schedule();
  };

  private measure(): void {
    const width = this.parts?.ruler.parentElement?.clientWidth ?? 0;
    if (width === this.width) return;
    this.width = width;
    this.host.dispatchEvent(new Event("resized"));
    this.schedule();
  }

  readonly schedule = (): void => {
    if (this.frame !== undefined || document.hidden || !this.host.isConnected) return;
    this.frame = requestAnimationFrame((time) => {
      this.frame = undefined;
      this.draw(time);
    });
  };

  private draw(time: number): void {
    if (!this.host.isReady || !this.painter || this.width === 0) return;
    this.move(time);
    const started = performance.now();
    this.palette ??= readPalette(this.host);
    const scene = this.host.scene();
    const dpr = window.devicePixelRatio || 1;
    const isMarching = this.painter.isMoving && !reducedMotion.matches;
    const full = { ...scene, width: this.width, dpr, palette: this.palette };
    this.painter.draw(full, isMarching ? (this.phase += 1) : 0);
    drawRuler(
      this.parts!.ruler as HTMLCanvasElement,
      scene.view,
      this.width,
      dpr,
      this.palette,
      scene.formats,
    );
    this.overlay(scene);
    this.host.drawMinimap();
    this.times.push(performance.now() - started);
    if (this.times.length > 600) this.times.splice(0, 300);
    if (isMarching) this.marchOn();
  }

  private marchOn(): void {
    this.march ??= setTimeout(() => {
      this.march = undefined;
      this.schedule();
    }, MARCH_MS);
  }

  private overlay(scene: StageScene): void {
    const { view, now, time, range, pointedX } = scene;
    const place = (part: HTMLElement, x: number | undefined): void => {
      const isSeen = x !== undefined && x >= -1 && x <= this.width + 1;
      part.style.visibility = isSeen ? "visible" : "hidden";
      if (isSeen) part.style.transform = `translateX(${x}px)`;
    };
    const x = (t: number): number => xOf(view, this.width, t);
    place(this.parts!.now, x(now));
    place(this.parts!.hover, pointedX);
    place(this.parts!.playhead, time === undefined ? undefined : x(time));
    if (!range) return;
    const selection = this.root!.querySelector<HTMLElement>(".selection");
    if (!selection) return;
    const [left, right] = [x(range.from), x(range.to)];
    selection.style.transform = `translateX(${left}px)`;
    selection.style.width = `${Math.max(2, right - left)}px`;
    const length = selection.querySelector<HTMLElement>(".length")!;
    length.textContent = scene.formats.length(range.to - range.from);
    length.hidden = right - left < 56;
    for (const handle of this.root!.querySelectorAll<HTMLElement>(".handle")) {
      const at = handle.dataset.zone === "from" ? left : right;
      handle.style.visibility = at >= -12 && at <= this.width + 12 ? "visible" : "hidden";
      handle.style.transform = `translateX(${at}px)`;
    }
  }

  // --- movement

  /** Go to a view in one sweep, or at once where motion is not wanted. */
  glide(to: View): void {
    this.speed = 0;
    if (reducedMotion.matches || document.hidden) {
      this.glideTo = undefined;
      this.host.step(to);
      return;
    }
    this.glideTo = { from: { ...this.host.view }, to, start: performance.now() };
    this.schedule();
  }

  fling(pixelsPerMs: number): void {
    if (Math.abs(pixelsPerMs) < 0.15 || reducedMotion.matches) return;
    this.speed = Math.max(-6, Math.min(pixelsPerMs, 6));
    this.lastFling = performance.now();
    this.schedule();
  }

  halt(): void {
    this.glideTo = undefined;
    this.speed = 0;
  }

  private move(time: number): void {
    if (this.glideTo) {
      const share = Math.min(1, Math.max(0, (time - this.glideTo.start) / GLIDE_MS));
      const { from, to } = this.glideTo;
      if (share === 1) this.glideTo = undefined;
      this.host.step(between(from, to, 1 - (1 - share) ** 3));
      this.schedule();
    } else if (this.speed !== 0) {
      const passed = Math.max(0, time - this.lastFling);
      this.lastFling = time;
      this.host.panBy(this.speed * passed);
      this.speed *= FRICTION ** passed;
      if (Math.abs(this.speed) < SLOWEST) this.speed = 0;
      this.schedule();
    }
  }
}
