/** Fingers, mouse and wheel on the timeline, told as intentions. */

import { edgeSpeed } from "./view";
import type { Handle } from "./selection";

export interface Target {
  /** Width of the lanes in pixels, and their left edge on the screen. */
  box(): DOMRect;
  /** Whether a plain drag selects. */
  selecting(): boolean;
  /** Whether the wheel zooms only with Ctrl. */
  isCompact(): boolean;
  panBy(pixels: number): void;
  /** Pixels a millisecond, when a hand lets go while it moves. */
  fling(speed: number): void;
  halt(): void;
  zoomAt(x: number, factor: number): void;
  pinch(before: readonly [number, number], after: readonly [number, number]): void;
  press(x: number, y: number): void;
  pressTwice(x: number, y: number): void;
  menu(x: number, y: number, clientX: number, clientY: number): void;
  scrub(x: number, isDone: boolean): void;
  selectRange(x: number, anchorX: number, isDone: boolean): void;
  handle(handle: Handle, x: number, isDone: boolean): void;
  hover(x: number, y: number | undefined): void;
  leave(): void;
}

type Mode = "press" | "pan" | "scrub" | "select" | "handle" | "pinch";
export type Zone = "lanes" | "ruler" | "playhead" | "from" | "to";

const SLOP = 5;
const LONG_PRESS = 550;
const WHEEL_ZOOM = 0.0022;

export class Gestures {
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private mode?: Mode;
  private zone: Zone = "lanes";
  private start = { x: 0, y: 0 };
  private isTouch = false;
  private longPress?: ReturnType<typeof setTimeout>;
  private velocity = 0;
  private lastMove = 0;
  private edgeTimer?: number;
  private lastX = 0;
  private listeners: [HTMLElement, string, EventListener][] = [];

  constructor(private readonly target: Target) {}

  /** Listen on a part of the timeline, once; what is under way goes on. */
  attach(part: HTMLElement, zone: Zone): void {
    this.listeners = this.listeners.filter(([known]) => known.isConnected);
    if (this.listeners.some(([known]) => known === part)) return;
    const on = (type: string, listener: (event: never) => void, options?: object): void => {
      part.addEventListener(type, listener as EventListener, options);
      this.listeners.push([part, type, listener as EventListener]);
    };
    on("pointerdown", (event: PointerEvent) => this.down(event, part, zone));
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.cancel);
    on("pointerleave", this.left);
    on("wheel", this.wheel, { passive: false });
    on("contextmenu", this.context);
    on("dblclick", this.double);
  }

  detach(): void {
    for (const [part, type, listener] of this.listeners) part.removeEventListener(type, listener);
    this.listeners.length = 0;
    this.end();
  }

  private at(event: MouseEvent): { x: number; y: number } {
    const box = this.target.box();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent, part: HTMLElement, zone: Zone): void {
    if (event.button !== 0) return;
    event.stopPropagation();
    this.target.halt();
    const at = this.at(event);
    this.pointers.set(event.pointerId, at);
    try {
      part.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is gone already, or made by a test
    }
    if (this.pointers.size === 2) {
      clearTimeout(this.longPress);
      this.mode = "pinch";
      this.target.leave();
      return;
    }
    if (this.pointers.size > 2) return;
    this.zone = zone;
    this.start = at;
    this.lastX = at.x;
    this.velocity = 0;
    this.lastMove = event.timeStamp;
    this.isTouch = event.pointerType === "touch";
    if (zone === "from" || zone === "to") this.mode = "handle";
    else if (zone !== "lanes") {
      this.mode = "scrub";
      this.target.scrub(at.x, false);
    } else {
      this.mode = "press";
      if (this.isTouch) {
        const { clientX, clientY } = event;
        this.longPress = setTimeout(() => {
          this.end();
          this.target.menu(at.x, at.y, clientX, clientY);
        }, LONG_PRESS);
      }
    }
  }

  private readonly move = (event: PointerEvent): void => {
    const at = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.mode) {
      if (event.pointerType !== "touch") {
        const inLanes = (event.currentTarget as HTMLElement).dataset.zone === "lanes";
        this.target.hover(at.x, inLanes ? at.y : undefined);
      }
      return;
    }
    if (this.mode === "pinch") {
      this.pinchMove(event.pointerId, at);
      return;
    }
    this.pointers.set(event.pointerId, at);
    if (this.mode === "press") {
      const moved = Math.abs(at.x - this.start.x);
      if (moved < SLOP) return;
      clearTimeout(this.longPress);
      this.mode = event.shiftKey || this.target.selecting() ? "select" : "pan";
      this.target.leave();
    }
    this.drag(at.x, event.timeStamp);
  };

  private drag(x: number, time: number): void {
    const dx = x - this.lastX;
    switch (this.mode) {
      case "pan":
        this.target.panBy(dx);
        this.velocity = 0.7 * (dx / Math.max(1, time - this.lastMove)) + 0.3 * this.velocity;
        break;
      case "scrub":
        this.target.scrub(x, false);
        break;
      case "select":
        this.target.selectRange(x, this.start.x, false);
        break;
      case "handle":
        this.target.handle(this.zone as Handle, x, false);
        break;
    }
    this.lastX = x;
    this.lastMove = time;
    if (this.mode !== "pan") this.edge();
  }

  /** While something is dragged at an edge the view goes on, and what is dragged with it. */
  private edge(): void {
    if (this.edgeTimer !== undefined) return;
    let last = performance.now();
    const step = (now: number): void => {
      this.edgeTimer = undefined;
      const box = this.target.box();
      const speed = edgeSpeed(this.lastX, box.width);
      if (speed === 0 || !this.mode || this.mode === "pan" || this.mode === "pinch") return;
      const by = speed * box.width * ((now - last) / 1000);
      last = now;
      this.target.panBy(-by);
      this.start = { ...this.start, x: this.start.x - by };
      this.drag(this.lastX, now);
      this.edgeTimer = requestAnimationFrame(step);
    };
    if (edgeSpeed(this.lastX, this.target.box().width) === 0) return;
    this.edgeTimer = requestAnimationFrame(step);
  }

  private pinchMove(id: number, at: { x: number; y: number }): void {
    const ids = [...this.pointers.keys()];
    if (ids.length < 2) return;
    const before = [this.pointers.get(ids[0]!)!.x, this.pointers.get(ids[1]!)!.x] as const;
    this.pointers.set(id, at);
    const after = [this.pointers.get(ids[0]!)!.x, this.pointers.get(ids[1]!)!.x] as const;
    this.target.pinch(before, after);
  }

  private readonly up = (event: PointerEvent): void => {
    if (!this.pointers.has(event.pointerId)) return;
    const at = this.at(event);
    const { mode } = this;
    this.pointers.delete(event.pointerId);
    clearTimeout(this.longPress);
    if (mode === "pinch") {
      // One finger that stays goes on as a pan, from where it is.
      const rest = [...this.pointers.values()][0];
      this.mode = rest ? "pan" : undefined;
      if (rest) this.lastX = rest.x;
      this.velocity = 0;
      return;
    }
    this.mode = undefined;
    if (mode === "press") this.target.press(at.x, at.y);
    else if (mode === "scrub") this.target.scrub(at.x, true);
    else if (mode === "select") this.target.selectRange(at.x, this.start.x, true);
    else if (mode === "handle") this.target.handle(this.zone as Handle, at.x, true);
    else if (mode === "pan" && event.timeStamp - this.lastMove < 60) this.target.fling(this.velocity);
    if (this.isTouch) this.target.leave();
  };

  private readonly cancel = (event: PointerEvent): void => {
    if (!this.pointers.has(event.pointerId)) return;
    // The browser took the finger for its own scrolling.
    this.end();
    this.target.leave();
  };

  private readonly left = (): void => {
    if (!this.mode) this.target.leave();
  };

  private end(): void {
    clearTimeout(this.longPress);
    if (this.edgeTimer !== undefined) cancelAnimationFrame(this.edgeTimer);
    this.edgeTimer = undefined;
    this.pointers.clear();
    this.mode = undefined;
  }

  private readonly wheel = (event: WheelEvent): void => {
    const isZoomKey = event.ctrlKey || event.metaKey;
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (Math.abs(dx) > Math.abs(dy) || (event.shiftKey && !isZoomKey)) {
      event.preventDefault();
      this.target.halt();
      this.target.panBy(-(Math.abs(dx) > Math.abs(dy) ? dx : dy));
      return;
    }
    if (this.target.isCompact() && !isZoomKey) return; // the page scrolls
    event.preventDefault();
    // A pinch on a touchpad comes as small steps with Ctrl.
    const strength = isZoomKey && Math.abs(dy) < 50 ? WHEEL_ZOOM * 4 : WHEEL_ZOOM;
    this.target.zoomAt(this.at(event).x, Math.exp(Math.max(-240, Math.min(dy, 240)) * strength));
  };

  private readonly context = (event: MouseEvent): void => {
    event.preventDefault();
    if (this.isTouch && this.mode) return; // the long press has its own timer
    const at = this.at(event);
    this.target.menu(at.x, at.y, event.clientX, event.clientY);
  };

  private readonly double = (event: MouseEvent): void => {
    const at = this.at(event);
    this.target.pressTwice(at.x, at.y);
  };
}
