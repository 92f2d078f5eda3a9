import { type PropertyValues, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { classMap } from "lit/directives/class-map.js";
import { STATES, type Key, type State } from "../api/types";
import type { App } from "../store/app";
import { base } from "../styles/base";
import { SECOND } from "../time/zone";
import { element } from "../ui/element";
import "../ui/menu";
import type { MenuItem, VtrackMenu } from "../ui/menu";
import { type RangeAct, mayDo } from "./acts";
import { Feeder } from "./feeder";
import { Gestures, type Target } from "./gestures";
import { isTyping, keyAction } from "./keys";
import { laneAt, laneLayout, laneTop, lanesHeight, pitch } from "./layout";
import "./minimap";
import type { VtrackMinimap } from "./minimap";
import type { Pointed } from "./preview";
import "./preview";
import { type Handle, type Range, dragHandle, rangeBetween, setEnd, snap } from "./selection";
import "./span-list";
import { levelFor } from "./tiles";
import { timelineStyles } from "./timeline-styles";
import { TimelineView } from "./timeline-view";
import "./toolbar";
import * as v from "./view";

/** What a lane's menu offers; the page does it. */
export type Act = "play" | Exclude<RangeAct, "delete">;
const ACTS: readonly Act[] = ["play", "fetch", "export", "protect", "share"];
/** What an action of the menu concerns without a selection: so much before and after. */
const ACT_AROUND = 30 * SECOND;
const SNAP = 6;

/** The timeline; its properties, methods and events are told in frontend/README.md. */
@element("vtrack-timeline")
export class VtrackTimeline extends TimelineView implements Target {
  @state() private isSelecting = false;
  @state() private pointed?: Pointed;
  @state() private menuAt?: { camera: Key; t: number };
  @state() private showsList = false;
  @query(".track") private track!: HTMLElement;
  @query("vtrack-menu") private menuElement!: VtrackMenu;
  @query("vtrack-minimap") private minimap?: VtrackMinimap;
  private heldHandle?: Handle;
  private scrubbed?: number;
  private feeder?: Feeder;
  private readonly gestures = new Gestures(this);

  static override styles = [base, timelineStyles];

  /** Take a key; returns whether it was one of the timeline's. */
  handleKey(event: KeyboardEvent): boolean {
    if (isTyping(event)) return false;
    const action = keyAction(event);
    if (!action) return false;
    event.preventDefault();
    event.stopPropagation();
    switch (action.kind) {
      case "seek":
        this.seekBy(action.ms);
        break;
      case "lane":
        this.pickBy(action.by);
        break;
      case "zoom":
        this.zoom(action.factor);
        break;
      case "fit":
        this.fitDay();
        break;
      case "home":
        this.tell("seek", { camera: this.active, t: this.app.zone.startOfDay(this.at) });
        break;
      case "end":
        this.goLive();
        break;
      case "range":
        this.setRange(setEnd(this.range, action.handle, this.at));
        break;
      case "clear":
        this.clearAll();
        break;
    }
    return true;
  }

  // --- life

  private watched?: App;

  protected override appChanged(app: App | undefined): void {
    this.feeder?.stop();
    this.feeder = undefined;
    this.watched?.removeEventListener("changed", this.stage.reset);
    this.watched = app;
    if (!app) return;
    app.addEventListener("changed", this.stage.reset); // another theme has other colours
    this.feeder = new Feeder(app);
    this.feeder.addEventListener("loaded", () => this.stage.schedule());
    this.feeder.start();
    this.stage.reset();
  }

  override firstUpdated(): void {
    this.stage.start(this.renderRoot);
    this.attachGestures();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.hasUpdated) return;
    this.stage.start(this.renderRoot);
    this.attachGestures();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stage.stop();
    this.gestures.detach();
  }

  private attachGestures(): void {
    for (const part of this.renderRoot.querySelectorAll<HTMLElement>("[data-zone]")) {
      this.gestures.attach(part, part.dataset.zone as never);
    }
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("range")) this.attachGestures(); // its handles came or went
    if (changed.has("time") && this.time !== undefined && this.isFollowing && !this.stage.isGliding) {
      const next = v.followed(this.view, this.time, this.limits());
      if (next !== this.view) this.moveTo(next, this.live);
    }
    this.stage.schedule();
  }

  // --- what the stage draws

  scene() {
    const { app } = this;
    this.feeder!.want({
      view: this.view,
      width: this.stage.width,
      cameras: this.cameras,
      classes: this.classes,
      also: this.minimap?.need,
    });
    return {
      view: this.view,
      layout: this.layout(),
      cameras: this.cameras,
      tiles: this.feeder!.tiles,
      events: this.feeder!.events,
      zone: app.zone,
      formats: app.formats,
      now: app.now(),
      time: this.scrubbed ?? this.time,
      range: this.range,
      pointedX: this.pointed?.x,
    };
  }

  get isReady(): boolean {
    return this.feeder !== undefined && this.hasUpdated && this.cameras.length > 0;
  }

  drawMinimap(): void {
    this.minimap?.draw(this.view, this.feeder!.tiles);
  }

  private layout() {
    const look = this.compact ? "card" : this.narrow ? "phone" : "wide";
    return laneLayout(this.cameras.length, look);
  }

  // --- what hands do (Target)

  box(): DOMRect {
    return this.track.getBoundingClientRect();
  }

  selecting(): boolean {
    return this.isSelecting;
  }

  isCompact(): boolean {
    return this.compact;
  }

  halt(): void {
    this.stage.halt();
  }

  panBy(pixels: number): void {
    this.isFollowing = false;
    const ms = (-pixels / this.stage.width) * v.span(this.view);
    this.moveTo(v.pan(this.view, ms, this.limits()));
  }

  fling(speed: number): void {
    this.stage.fling(speed);
  }

  zoomAt(x: number, factor: number): void {
    this.halt();
    const anchor = this.timeAt(x);
    this.moveTo(v.zoomAt(this.view, factor, anchor, this.limits(v.span(this.view) * factor)));
  }

  pinch(before: readonly [number, number], after: readonly [number, number]): void {
    this.isFollowing = false;
    this.moveTo(v.pinch(this.view, this.stage.width, before, after, this.limits()));
  }

  press(x: number, y: number): void {
    const camera = this.cameraAt(y);
    if (!camera) return;
    const t = this.timeAt(x);
    this.isFollowing = true;
    if (t > this.app.now()) {
      this.goLive();
      return;
    }
    if (camera !== this.active) this.tell("pick", { camera });
    this.tell("seek", { camera, t, play: true });
  }

  /** Zoom to the stretch under the pointer. */
  pressTwice(x: number, y: number): void {
    const camera = this.cameraAt(y);
    if (!camera) return;
    const t = this.timeAt(x);
    const level = levelFor(this.view, this.stage.width);
    let found: Range | undefined;
    this.feeder!.tiles.eachRun(level, camera, this.view.from, this.view.to, (from, to) => {
      if (from <= t && t < to) found = { from, to };
    });
    const wide = found ? (found.to - found.from) * 1.2 : 0;
    if (found && wide < v.span(this.view) * 0.7) {
      this.stage.glide(v.around((found.from + found.to) / 2, wide, this.limits(wide)));
    } else this.stage.glide(v.zoomAt(this.view, 0.25, t, this.limits()));
  }

  menu(x: number, y: number, clientX: number, clientY: number): void {
    const camera = this.cameraAt(y);
    if (!camera) return;
    this.menuAt = { camera, t: this.timeAt(x) };
    this.leave();
    this.menuElement.openAt(clientX, clientY);
  }

  scrub(x: number, isDone: boolean): void {
    const t = Math.min(this.timeAt(Math.max(0, Math.min(x, this.stage.width))), this.app.now());
    const camera = this.active ?? this.cameras[0];
    if (!camera) return;
    this.isFollowing = true;
    if (isDone) {
      this.scrubbed = undefined;
      this.leave();
      this.tell("seek", { camera, t, play: undefined });
      return;
    }
    this.scrubbed = t;
    this.point(camera, t, v.xOf(this.view, this.stage.width, t));
    this.tell("scrub", { camera, t });
    this.stage.schedule();
  }

  selectRange(x: number, anchorX: number, isDone: boolean): void {
    this.setRange(rangeBetween(this.snapped(anchorX), this.snapped(x)));
    this.pointAt(x, isDone);
    if (isDone) this.isSelecting = false;
  }

  handle(handle: Handle, x: number, isDone: boolean): void {
    if (!this.range) return;
    const [range, held] = dragHandle(this.range, this.heldHandle ?? handle, this.snapped(x));
    this.heldHandle = isDone ? undefined : held;
    this.setRange(range);
    this.pointAt(x, isDone);
  }

  hover(x: number, y: number | undefined): void {
    const camera = y === undefined ? this.active : this.cameraAt(y);
    const t = this.timeAt(x);
    if (!camera || t > this.app.now() || x < 0) this.leave();
    else this.point(camera, t, x);
  }

  leave(): void {
    if (this.scrubbed !== undefined) return;
    this.pointed = undefined;
    this.stage.schedule();
  }

  // --- helpers

  private get at(): number {
    return this.time ?? (this.view.from + this.view.to) / 2;
  }

  private timeAt(x: number): number {
    return v.timeAt(this.view, this.stage.width, x);
  }

  private cameraAt(y: number): Key | undefined {
    const hit = laneAt(this.layout(), y);
    return hit && this.cameras[hit.lane];
  }

  private snapped(x: number): number {
    const t = this.timeAt(Math.max(0, Math.min(x, this.stage.width)));
    const within = (SNAP / this.stage.width) * v.span(this.view);
    return Math.min(snap(t, this.time === undefined ? [] : [this.time], within), this.app.now());
  }

  private point(camera: Key, t: number, x: number): void {
    const level = levelFor(this.view, this.stage.width);
    const found = this.feeder?.tiles.stateAt(level, camera, t);
    const what: State = (found && STATES[found.state]) ?? "unknown";
    this.pointed = { camera, t: Math.round(t), state: what, x };
  }

  private pointAt(x: number, isDone: boolean): void {
    const camera = this.active ?? this.cameras[0];
    if (isDone || !camera) this.leave();
    else this.point(camera, this.timeAt(x), x);
  }

  private setRange(range: Range | undefined): void {
    this.range = range;
    this.tell("range", range ? { ...range } : null);
  }

  private clearAll(): void {
    if (this.isSelecting) this.isSelecting = false;
    else this.setRange(undefined);
  }

  private seekBy(ms: number): void {
    const t = Math.min(this.at + ms, this.app.now());
    this.isFollowing = true;
    this.tell("seek", { camera: this.active, t, play: undefined });
  }

  private pickBy(by: number): void {
    const at = this.active ? this.cameras.indexOf(this.active) : -1;
    const camera = this.cameras[Math.max(0, Math.min(at + by, this.cameras.length - 1))];
    if (!camera || camera === this.active) return;
    this.tell("pick", { camera });
    const label = this.renderRoot.querySelectorAll<HTMLElement>(".label")[this.cameras.indexOf(camera)];
    if (this.renderRoot.querySelector(".label:focus")) label?.focus();
    label?.scrollIntoView({ block: "nearest" });
  }

  private act(id: Act): void {
    const { camera, t } = this.menuAt!;
    if (id === "play") {
      this.tell("pick", { camera });
      this.tell("seek", { camera, t, play: true });
      return;
    }
    const isInside = this.range && this.range.from <= t && t < this.range.to;
    const range = isInside ? this.range! : rangeBetween(t - ACT_AROUND, t + ACT_AROUND);
    if (!isInside) this.setRange(range);
    this.tell("act", { action: id, camera, ...range });
  }

  private menuItems(): MenuItem[] {
    const camera = this.menuAt && this.app.camera(this.menuAt.camera);
    return ACTS.filter((id) => id === "play" || mayDo(id, [camera], this.app.isAdmin)).map((id) => ({
      id,
      label: this.t(`timeline.act_${id}`),
    }));
  }

  /** What a screen reader says of a lane. */
  private laneText(camera: Key): string {
    const { formats } = this.app;
    const found = this.feeder?.tiles.stateAt(levelFor(this.view, this.stage.width), camera, this.at);
    const what = this.t(`state.${(found && STATES[found.state]) ?? "unknown"}`);
    return `${this.app.cameraName(camera)}, ${formats.dayLong(this.at)} ${formats.timeSeconds(this.at)}, ${what}`;
  }

  private label(camera: Key, lane: number) {
    const layout = this.layout();
    // Beside the bar, or above it.
    const top = lane * pitch(layout) + (layout.label ? layout.gap / 2 : 0);
    const below = layout.label ? 0 : layout.events;
    const isActive = camera === this.active;
    const isFirst = !this.active && lane === 0;
    return html`<div
      class="label"
      role="slider"
      tabindex=${isActive || isFirst ? "0" : "-1"}
      aria-label=${this.app.cameraName(camera)}
      aria-valuemin=${Math.round(this.view.from / SECOND)}
      aria-valuemax=${Math.round(this.view.to / SECOND)}
      aria-valuenow=${Math.round(this.at / SECOND)}
      aria-valuetext=${this.laneText(camera)}
      aria-current=${isActive ? "true" : nothing}
      style="inset-block-start: ${top}px; block-size: ${pitch(layout)}px; padding-block-end: ${below}px"
      @click=${() => this.tell("pick", { camera })}
    >
      ${this.compact && this.cameras.length === 1
        ? nothing // the card shows whose lane it is, and has no room for the name
        : html`<span class="truncate">${this.app.cameraName(camera)}</span>
            ${this.playing.includes(camera) ? html`<span class="dot"></span>` : nothing}`}
    </div>`;
  }

  override render() {
    const height = lanesHeight(this.layout());
    const isOver = this.compact || this.narrow;
    return html`<vtrack-timeline-tools
        ?compact=${this.compact}
        ?narrow=${this.narrow}
        .span=${v.span(this.view)}
        .selecting=${this.isSelecting}
        .live=${this.live}
        @preset=${(event: CustomEvent<number>) => this.preset(event.detail)}
        @zoom=${(event: CustomEvent<number>) => this.zoom(event.detail)}
        @selecting=${() => (this.isSelecting = !this.isSelecting)}
        @now=${() => this.goLive()}
      ></vtrack-timeline-tools>
      <div class="frame" dir="ltr" @keydown=${this.handleKey}>
        <button class="skip" @click=${() => (this.showsList = !this.showsList)}>
          ${this.t("timeline.as_list")}
        </button>
        <div class="previews">
          <vtrack-preview .pointed=${this.pointed} .room=${this.stage.width}></vtrack-preview>
        </div>
        <div class="ruler" data-zone="ruler"><canvas aria-hidden="true"></canvas></div>
        <div class="scroll ${classMap({ over: isOver })}">
          <div class="labels">${this.cameras.map((camera, lane) => this.label(camera, lane))}</div>
          <div
            class="track ${classMap({ selecting: this.isSelecting })}"
            data-zone="lanes"
            style="block-size: ${height}px"
          >
            <canvas aria-hidden="true"></canvas>
          </div>
        </div>
        <div class="overlay" aria-hidden="true">
          <div class="line now"></div>
          <div class="line hover"></div>
          ${this.range
            ? html`<div class="selection"><span class="length"></span></div>
                <button class="handle" data-zone="from" tabindex="-1"></button>
                <button class="handle" data-zone="to" tabindex="-1"></button>`
            : nothing}
          <div class="line playhead"><div class="knob" data-zone="playhead"></div></div>
        </div>
      </div>
      ${this.compact
        ? nothing
        : html`<vtrack-minimap
            class="mini"
            .camera=${this.active ?? this.cameras[0]}
            @move=${(event: CustomEvent<v.View>) => {
              this.isFollowing = false;
              this.show(event.detail.from, event.detail.to);
            }}
          ></vtrack-minimap>`}
      ${this.showsList
        ? html`<vtrack-span-list
            .camera=${this.active ?? this.cameras[0]}
            .view=${{ ...this.view }}
            @seek=${(event: CustomEvent) => this.tell("seek", event.detail)}
          ></vtrack-span-list>`
        : nothing}
      <vtrack-menu
        .items=${this.menuItems()}
        .label=${this.t("timeline.menu")}
        @chosen=${(event: CustomEvent<{ id: Act }>) => this.act(event.detail.id)}
      ></vtrack-menu>`;
  }

  /** The top of a camera's lane, for what the page places beside it. */
  topOf(camera: Key): number {
    return laneTop(this.layout(), this.cameras.indexOf(camera));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-timeline": VtrackTimeline;
  }
}
