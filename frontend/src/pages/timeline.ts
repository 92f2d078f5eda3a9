import { type PropertyValues, html, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { classMap } from "lit/directives/class-map.js";
import { mdiCctv, mdiChevronDown, mdiFilmstripOff, mdiKeyboardOutline } from "@mdi/js";
import type { EventClass, Key } from "../api/types";
import { readKeys, readTime, writeKeys, writeTime } from "../panel/router";
import "../player/player";
import type { VtrackPlayer } from "../player/player";
import type { App } from "../store/app";
import { base, fields } from "../styles/base";
import { HOUR, SECOND } from "../time/zone";
import "../timeline/calendar";
import type { RangeAct } from "../timeline/acts";
import { isTyping } from "../timeline/keys";
import type { Range } from "../timeline/selection";
import "../timeline/timeline";
import type { Act, VtrackTimeline } from "../timeline/timeline";
import "../ui/button";
import { element } from "../ui/element";
import "../ui/menu";
import "../ui/states";
import "../ui/tabs";
import { VtrackElement } from "../ui/vtrack-element";
import "./range-acts";
import type { VtrackRangeActs } from "./range-acts";
import "./timeline-events";
import "./timeline-help";
import { type VtrackTimelineHelp, singleKeys } from "./timeline-help";
import "./timeline-selection";
import type { VtrackSelection } from "./timeline-selection";
import { timelinePageStyles } from "./timeline-styles";

const MOST_PLAYED = 4;
const NOTE_EVERY = 5000;
const SHORTEST_SPAN = 10;
type Side = "events" | "calendar" | "selection";

/**
 * Timeline and player. Its address: `c` cameras, `t` the playhead, `z` seconds shown, `play`, `a`
 * and `b` the selection; without `t` it is live.
 */
@element("vtrack-page-timeline")
export class VtrackPageTimeline extends VtrackElement {
  @property({ type: Boolean, reflect: true }) narrow = false;
  @state() private playing: Key[] = [];
  @state() private active?: Key;
  @state() private time?: number;
  @state() private isLive = false;
  @state() private range?: Range;
  @state() private isLooping = false;
  @state() private classes?: EventClass[];
  @state() private side: Side = "events";
  @query("vtrack-player") private player?: VtrackPlayer;
  @query("vtrack-timeline") private timeline?: VtrackTimeline;
  @query("vtrack-selection") private selection?: VtrackSelection;
  @query("vtrack-range-acts") private acts!: VtrackRangeActs;
  @query("vtrack-timeline-help") private help!: VtrackTimelineHelp;
  private readonly cameras = this.select((s) => s.info?.cameras);
  private noteTimer?: ReturnType<typeof setInterval>;
  private watching?: App;
  private arrival?: () => void;

  static override styles = [base, fields, timelinePageStyles];

  protected override appChanged(app: App | undefined): void {
    this.watching?.router.removeEventListener("moved", this.moved);
    this.watching = app;
    app?.router.addEventListener("moved", this.moved);
    if (app) this.moved();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.keyed);
    this.noteTimer = setInterval(() => this.noteTime(), NOTE_EVERY);
  }

  override disconnectedCallback(): void {
    this.noteTime();
    super.disconnectedCallback();
    this.removeEventListener("keydown", this.keyed);
    clearInterval(this.noteTimer);
  }

  /** Read the address; what it asks of player and timeline is done when they are there. */
  private readonly moved = (): void => {
    const { router, store } = this.app;
    const { page, params } = router.place;
    if (page !== "timeline") return;
    const known = store.state.info?.cameras.map(({ key }) => key) ?? [];
    const wanted = readKeys(params.get("c")).filter((key) => known.includes(key));
    this.playing = wanted.length > 0 ? wanted.slice(0, MOST_PLAYED) : known.slice(0, 1);
    this.active = this.playing[0];
    const [a, b] = [readTime(params.get("a")), readTime(params.get("b"))];
    this.range = a !== undefined && b !== undefined && a < b ? { from: a, to: b } : undefined;
    if (this.range) this.side = "selection";
    const t = readTime(params.get("t"));
    const span = Number(params.get("z"));
    const wide = span >= SHORTEST_SPAN ? span * SECOND : undefined;
    this.arrival = () => this.arrive(t, wide, params.get("play") === "1");
    this.requestUpdate();
  };

  private arrive(t: number | undefined, wide: number | undefined, plays: boolean): void {
    const { player, timeline } = this;
    if (!player || !timeline) return;
    if (t === undefined) {
      const now = this.app.now();
      const shown = wide ?? 24 * HOUR;
      timeline.show(now - shown * 0.92, now + shown * 0.08);
      this.time = now;
      this.isLive = true;
      player.goLive();
      return;
    }
    this.isLive = false;
    this.time = Math.min(t, this.app.now());
    const shown = wide ?? (this.range ? (this.range.to - this.range.from) * 3 : 2 * HOUR);
    timeline.showAround(this.time, shown);
    player.seek(this.time, plays);
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const { arrival } = this;
    if (!arrival || !this.timeline) return;
    this.arrival = undefined;
    // The elements inside have rendered once before they are told where to be.
    void this.timeline.updateComplete.then(arrival);
  }

  // --- the address

  private noteTime(): void {
    const view = this.timeline?.isReady ? this.timeline.view : undefined;
    if (!view || this.app.router.place.page !== "timeline") return;
    this.app.router.note({
      c: writeKeys(this.playing),
      t: this.isLive || this.time === undefined ? undefined : writeTime(wholeSecond(this.time)),
      z: Math.round((view.to - view.from) / SECOND),
      a: this.range && writeTime(this.range.from),
      b: this.range && writeTime(this.range.to),
      play: undefined,
    });
  }

  // --- what is played

  private seek(t: number, plays?: boolean): void {
    this.isLive = false;
    this.time = t;
    this.player?.seek(t, plays);
  }

  private pick(camera: Key): void {
    this.active = camera;
    if (!this.playing.includes(camera)) {
      this.playing = this.playing.length > 1 ? this.replaced(camera) : [camera];
      const t = this.time;
      void this.updateComplete.then(() => {
        if (this.isLive || t === undefined) this.player?.goLive();
        else this.player?.seek(t);
      });
    }
    this.noteTime();
  }

  /** With several pictures the new camera takes the place of the last one. */
  private replaced(camera: Key): Key[] {
    return [...this.playing.slice(0, -1), camera];
  }

  private toggle(camera: Key): void {
    if (this.playing.includes(camera)) {
      if (this.playing.length > 1) this.playing = this.playing.filter((key) => key !== camera);
    } else if (this.playing.length < MOST_PLAYED) this.playing = [...this.playing, camera];
    else this.playing = this.replaced(camera);
    if (!this.active || !this.playing.includes(this.active)) this.active = this.playing[0];
    this.noteTime();
  }

  private setRange(range: Range | null): void {
    const isNew = !this.range && range;
    this.range = range ?? undefined;
    if (!range) {
      this.isLooping = false;
      if (this.side === "selection") this.side = "events";
    } else if (isNew) this.side = "selection";
  }

  /** The menu of a lane: it concerns its camera alone, whatever else is played. */
  private actOnLane(action: Act, camera: Key, range: Range): void {
    this.setRange(range);
    this.side = "selection";
    if (action !== "play") void this.acts.run(action, { cameras: [camera], ...range });
  }

  /** What is selected, of all cameras that are played. */
  private actOnSelection(action: RangeAct): void {
    if (!this.range) this.app.toast({ text: this.t("selection.how") });
    else void this.acts.run(action, { cameras: this.playing, ...this.range });
  }

  // --- keys

  private readonly keyed = (event: KeyboardEvent): void => {
    if (isTyping(event) || event.defaultPrevented) return;
    const isSingle = event.key.length === 1 && event.key !== " " && !event.ctrlKey;
    if (isSingle && !singleKeys()) return;
    const takers = [this.player, this.timeline, { handleKey: (key: KeyboardEvent) => this.ownKey(key) }];
    const isTaken = takers.some((taker) => taker?.handleKey(event));
    // Home Assistant has single keys of its own; ours end here.
    if (isTaken) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  private ownKey(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    switch (event.key) {
      case "x":
        this.actOnSelection("export");
        return true;
      case "p":
        this.actOnSelection("protect");
        return true;
      case "Delete":
        this.actOnSelection("delete");
        return true;
      case "g":
        this.help.askTime(this.time ?? this.app.now());
        return true;
      case "h":
        this.help.show();
        return true;
      default:
        return false;
    }
  }

  // --- what is seen

  private picker() {
    const cameras = this.cameras.value ?? [];
    const items = cameras.map(({ key, name, is_former }) => ({
      id: key,
      label: name,
      checked: this.playing.includes(key),
      hint: is_former ? this.t("timeline.former") : undefined,
    }));
    const label =
      this.playing.length === 1
        ? this.app.cameraName(this.playing[0]!)
        : this.t("timeline.cameras", { count: this.playing.length });
    return html`<vtrack-menu
      sticky
      side="below-start"
      .items=${items}
      .label=${this.t("timeline.choose")}
      @chosen=${(event: CustomEvent<{ id: Key }>) => this.toggle(event.detail.id)}
    >
      <vtrack-button look="text" has-popup="menu" .icon=${mdiCctv} .label=${label}>
        <vtrack-icon .path=${mdiChevronDown}></vtrack-icon>
      </vtrack-button>
    </vtrack-menu>`;
  }

  private bar() {
    const { formats } = this.app;
    const { time } = this;
    return html`<div class="bar">
      ${this.picker()}
      <span class="grow"></span>
      <button
        class="clock num"
        title=${this.t("timeline.go_to")}
        @click=${() => this.help.askTime(time ?? this.app.now())}
      >
        ${this.isLive
          ? html`<span class="live">${this.t("timeline.live")}</span>`
          : time === undefined
            ? nothing
            : html`<span class="muted">${formats.day(time)}</span> ${formats.timeSeconds(time)}`}
      </button>
      ${this.narrow
        ? nothing
        : html`<vtrack-button
            look="text"
            icon-only
            has-popup="dialog"
            .icon=${mdiKeyboardOutline}
            .label=${this.t("keys.heading")}
            shortcut="H"
            @click=${() => this.help.show()}
          ></vtrack-button>`}
    </div>`;
  }

  private eventList() {
    return html`<vtrack-event-list
      .cameras=${this.playing}
      .time=${this.time}
      .classes=${this.classes}
      @seek=${(event: CustomEvent<{ camera: Key; t: number }>) => {
        this.active = event.detail.camera;
        this.timeline?.follow();
        this.seek(event.detail.t, true);
      }}
      @classes=${(event: CustomEvent<EventClass[] | undefined>) => (this.classes = event.detail)}
    ></vtrack-event-list>`;
  }

  private calendar() {
    return html`<vtrack-calendar
      .cameras=${this.playing}
      .time=${this.time}
      @day=${(event: CustomEvent<Range>) => this.showDay(event.detail)}
    ></vtrack-calendar>`;
  }

  private showDay({ from, to }: Range): void {
    this.timeline?.show(from, to);
    void this.firstOf(from, Math.min(to, this.app.now()));
  }

  /** Go to the first footage of a day; to its beginning where there is none. */
  private async firstOf(from: number, to: number): Promise<void> {
    const camera = this.active ?? this.playing[0];
    if (!camera) return;
    try {
      const edge = await this.app.api.edge(camera, from - 1, "next", "kept");
      const t = edge.t_ms !== null && edge.t_ms < to ? edge.t_ms : from;
      this.seek(Math.max(t, from), false);
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private selected() {
    if (!this.range) return html`<p class="muted small">${this.t("selection.how")}</p>`;
    return html`<vtrack-selection
      .range=${this.range}
      .cameras=${this.playing}
      .looping=${this.isLooping}
      @range=${(event: CustomEvent<Range | null>) => this.setRange(event.detail)}
      @loop=${() => (this.isLooping = !this.isLooping)}
      @act=${(event: CustomEvent<RangeAct>) => this.actOnSelection(event.detail)}
    ></vtrack-selection>`;
  }

  private aside() {
    if (!this.narrow) {
      return html`<aside>
        ${this.range ? html`<section>${this.selected()}</section>` : nothing}
        <section>${this.calendar()}</section>
        <section>${this.eventList()}</section>
      </aside>`;
    }
    const tabs = (["events", "calendar", "selection"] as const).map((id) => ({
      id,
      label: this.t(`timeline.tab_${id}`),
    }));
    return html`<aside>
      <vtrack-tabs
        .tabs=${tabs}
        .value=${this.side}
        .label=${this.t("timeline.tabs")}
        @chosen=${(event: CustomEvent<{ id: Side }>) => (this.side = event.detail.id)}
      ></vtrack-tabs>
      <section>
        ${this.side === "events"
          ? this.eventList()
          : this.side === "calendar"
            ? this.calendar()
            : this.selected()}
      </section>
    </aside>`;
  }

  override render() {
    const cameras = this.cameras.value ?? [];
    if (cameras.length === 0) {
      return html`<vtrack-empty
        .icon=${mdiFilmstripOff}
        .heading=${this.t("timeline.no_cameras")}
        .text=${this.t("timeline.no_cameras_text")}
      >
        ${this.app.isAdmin
          ? html`<vtrack-button
              look="primary"
              href="/config/integrations/dashboard/add?domain=vtrack_nvr"
              .label=${this.t("timeline.add_nvr")}
            ></vtrack-button>`
          : nothing}
      </vtrack-empty>`;
    }
    const lanes = this.narrow ? this.playing : cameras.map(({ key }) => key);
    return html`<div class="page ${classMap({ narrow: this.narrow })}">
      <div class="stage">
        ${this.bar()}
        <vtrack-player
          .cameras=${this.playing}
          .active=${this.active}
          .loop=${this.isLooping ? this.range : undefined}
          @time=${(event: CustomEvent<{ t: number; live: boolean }>) => {
            this.isLive = event.detail.live;
            this.time = event.detail.live ? this.app.now() : event.detail.t;
          }}
          @pick=${(event: CustomEvent<{ camera: Key }>) => (this.active = event.detail.camera)}
        ></vtrack-player>
      </div>
      <vtrack-timeline
        .cameras=${lanes}
        .playing=${this.playing}
        .active=${this.active}
        .time=${this.time}
        .live=${this.isLive}
        .range=${this.range}
        .classes=${this.classes}
        ?narrow=${this.narrow}
        @seek=${(event: CustomEvent<{ t: number; play?: boolean }>) =>
          this.seek(event.detail.t, event.detail.play)}
        @scrub=${() => this.player?.pause()}
        @pick=${(event: CustomEvent<{ camera: Key }>) => this.pick(event.detail.camera)}
        @range=${(event: CustomEvent<Range | null>) => this.setRange(event.detail)}
        @view=${() => this.noteTime()}
        @live=${() => {
          this.isLive = true;
          this.time = this.app.now();
          this.player?.goLive();
        }}
        @act=${(event: CustomEvent<{ action: Act; camera: Key } & Range>) => {
          const { action, camera, from, to } = event.detail;
          this.actOnLane(action, camera, { from, to });
        }}
      ></vtrack-timeline>
      ${this.aside()}
      <vtrack-range-acts @changed=${() => this.selection?.recount()}></vtrack-range-acts>
      <vtrack-timeline-help
        @go=${(event: CustomEvent<number>) => {
          this.timeline?.goTo(event.detail);
          this.seek(event.detail);
        }}
      ></vtrack-timeline-help>
    </div>`;
  }
}

function wholeSecond(t: number): number {
  return Math.floor(t / SECOND) * SECOND;
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-timeline": VtrackPageTimeline;
  }
}
