import { property } from "lit/decorators.js";
import type { EventClass, Key } from "../api/types";
import { HOUR, MINUTE } from "../time/zone";
import { VtrackElement } from "../ui/vtrack-element";
import type { Range } from "./selection";
import { Stage, type StageScene } from "./stage";
import * as v from "./view";

const AT_REST = 250;

/** What is shown, and how one gets elsewhere: the part of the timeline that hands do not touch. */
export abstract class TimelineView extends VtrackElement {
  @property({ attribute: false }) cameras: Key[] = [];
  @property({ attribute: false }) playing: Key[] = [];
  @property() active?: Key;
  @property({ type: Number }) time?: number;
  @property({ type: Boolean }) live = false;
  @property({ attribute: false }) range?: Range;
  @property({ attribute: false }) classes?: EventClass[];
  @property({ type: Boolean, reflect: true }) compact = false;
  /** On a phone: names stand above their lanes. */
  @property({ type: Boolean, reflect: true }) narrow = false;
  protected isFollowing = true;
  protected readonly stage = new Stage(this);
  private shown?: v.View;
  private restTimer?: ReturnType<typeof setTimeout>;
  private readonly cameraRows = this.select((s) => s.info?.cameras);
  private readonly statuses = this.select((s) =>
    this.cameras.map((key) => s.cameras[key]?.device_oldest_ms ?? null),
  );

  abstract readonly isReady: boolean;
  abstract scene(): StageScene;
  abstract drawMinimap(): void;
  abstract panBy(pixels: number): void;

  // --- what others call

  get view(): v.View {
    return (this.shown ??= v.clampView(
      { from: this.app.now() - 22 * 60 * MINUTE, to: this.app.now() + 2 * 60 * MINUTE },
      this.limits(24 * 60 * MINUTE),
    ));
  }

  show(from: number, to: number): void {
    this.moveTo(v.clampView({ from, to }, this.limits(to - from)));
  }

  /** Show so much around a moment at once; less of what has not happened yet. */
  showAround(t: number, wide: number): void {
    this.moveTo(this.settledAround(t, wide));
  }

  private settledAround(t: number, wide: number): v.View {
    const limits = this.limits(wide);
    return v.clampView(v.settled(v.around(t, wide, limits), this.app.now()), limits);
  }

  goTo(t: number, wide = v.span(this.view)): void {
    this.isFollowing = true;
    this.stage.glide(this.settledAround(t, wide));
  }

  zoom(factor: number): void {
    const { view } = this;
    const isInSight = this.time !== undefined && this.time > view.from && this.time < view.to;
    const anchor = isInSight ? this.time! : (view.from + view.to) / 2;
    this.stage.glide(v.zoomAt(view, factor, anchor, this.limits(v.span(view) * factor)));
  }

  /** Show so much around the playhead. */
  preset(wide: number): void {
    const { view } = this;
    const isInSight = this.time !== undefined && this.time > view.from && this.time < view.to;
    const middle = isInSight ? this.time! : (view.from + view.to) / 2;
    this.stage.glide(this.settledAround(middle, wide));
  }

  fitDay(): void {
    const { zone } = this.app;
    const from = zone.startOfDay(this.time ?? (this.view.from + this.view.to) / 2);
    const to = zone.dayAfter(from);
    this.stage.glide(v.clampView({ from, to }, { min: from, max: to }));
  }

  follow(): void {
    this.isFollowing = true;
    if (this.time !== undefined) this.stage.glide(v.followed(this.view, this.time, this.limits()));
  }

  // --- inside

  protected limits(wide = v.span(this.view)): v.Limits {
    const now = this.app.now();
    const known = this.cameraRows.value?.filter(({ key }) => this.cameras.includes(key)) ?? [];
    const firsts = [...known.map(({ first_ms }) => first_ms), ...(this.statuses.value ?? [])];
    const oldest = Math.min(now, ...firsts.filter((t) => t !== null));
    const { zone } = this.app;
    const margin = now + Math.max(MINUTE, Math.min(wide, v.LONGEST) * 0.1);
    // A view of a day may show today to its end.
    const max = wide > 20 * HOUR ? Math.max(margin, zone.dayAfter(now)) : margin;
    return { min: Math.min(zone.startOfDay(oldest), max - v.LONGEST * 1.1), max };
  }

  protected moveTo(view: v.View, isQuiet = false): void {
    this.shown = view;
    this.stage.schedule();
    if (isQuiet) return;
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.tell("view", { ...this.view }), AT_REST);
  }

  /** A step of a movement that the stage makes. */
  step(view: v.View): void {
    this.moveTo(view);
  }

  protected tell(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  protected goLive(): void {
    this.isFollowing = true;
    const now = this.app.now();
    const wide = v.span(this.view);
    this.stage.glide(v.clampView({ from: now - wide * 0.85, to: now + wide * 0.15 }, this.limits()));
    this.tell("live", null);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.restTimer);
  }
}
