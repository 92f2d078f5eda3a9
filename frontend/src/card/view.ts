import { ContextProvider } from "@lit/context";
import { LitElement, type PropertyValues, html, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { mdiAlertCircleOutline, mdiCctv, mdiCctvOff, mdiLanDisconnect, mdiOpenInNew } from "@mdi/js";
import { errorText } from "../api/errors";
import type { Hass } from "../api/hass";
import type { Camera, Key } from "../api/types";
import { writeTime } from "../panel/router";
import type { VtrackPlayer } from "../player/player";
import "../player/player";
import { App, appContext } from "../store/app";
import { Select } from "../store/select";
import { base } from "../styles/base";
import { tokens } from "../styles/tokens";
import { HOUR } from "../time/zone";
import type { VtrackTimeline } from "../timeline/timeline";
import "../timeline/timeline";
import { element } from "../ui/element";
import "../ui/states";
import "../ui/toasts";
import { type CardConfig, type CardSettings, type Layout, layoutFor, readConfig } from "./config";
import "./event_list";
import { cardStyles } from "./view_styles";

/** The inside of the card: live and history of one to four cameras. The stub makes it. */
@element("vtrack-card-view")
export class VtrackCardView extends LitElement {
  @property({ attribute: false }) hass?: Hass;
  @property({ attribute: false }) config?: CardConfig;
  @state() private time?: number;
  @state() private isLive = false;
  @state() private active?: Key;
  @state() private width = 0;
  @state() private height = 0;
  @query("vtrack-player") private player?: VtrackPlayer;
  @query("vtrack-timeline") private timeline?: VtrackTimeline;
  private app?: App;
  private settings?: CardSettings;
  private problem = "";
  private begun = "";
  private readonly provider = new ContextProvider(this, { context: appContext });
  protected readonly seen = new Select(
    this,
    () => this.app?.store,
    ({ link, error, info, cameras }) => ({ link, error, info, isTold: Object.keys(cameras).length > 0 }),
  );
  private readonly sizes = new ResizeObserver(([entry]) => {
    if (!entry) return;
    this.width = entry.contentRect.width;
    this.height = entry.contentRect.height;
  });

  static override styles = [tokens, base, cardStyles];

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("config")) this.read();
    if (!this.hass) return;
    // First: those that draw read their colours anew when the app says that it changed.
    this.toggleAttribute("dark", this.hass.themes.darkMode);
    if (!this.app) {
      this.app = new App(this.hass);
      this.provider.setValue(this.app);
      this.begin();
    } else if (changed.has("hass")) {
      this.app.update(this.hass);
    }
  }

  private read(): void {
    this.settings = undefined;
    this.problem = "";
    try {
      if (this.config) this.settings = readConfig(this.config);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.toggleAttribute("bounded", this.settings?.isBounded ?? false);
  }

  private begin(): void {
    this.app?.addEventListener("changed", this.renderAnew);
    this.app?.start();
  }

  private readonly renderAnew = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    if (this.app) this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.app?.removeEventListener("changed", this.renderAnew);
    this.app?.stop();
    this.begun = "";
  }

  /** What the card shows, in the order of its settings; only what this person may see. */
  private cameras(): Camera[] {
    const all = this.app?.store.state.info?.cameras ?? [];
    return (this.settings?.entities ?? []).flatMap((entity) => all.filter((camera) => camera.entity_id === entity));
  }

  protected override updated(): void {
    const cameras = this.cameras();
    const key = cameras.map((camera) => camera.key).join();
    if (!key || key === this.begun || (!this.player && !this.timeline)) return;
    // What is newest comes after the cameras themselves.
    if (!this.settings?.liveFirst && Object.keys(this.app?.store.state.cameras ?? {}).length === 0) return;
    this.begun = key;
    this.active = cameras[0]?.key;
    void this.open();
  }

  /** Begin with the live picture, or with the newest that is kept. */
  private async open(): Promise<void> {
    const { app, settings } = this;
    if (!app || !settings) return;
    await Promise.all([this.player?.updateComplete, this.timeline?.updateComplete]);
    const now = app.now();
    this.timeline?.show(now - settings.hours * HOUR * 0.96, now + settings.hours * HOUR * 0.04);
    if (settings.liveFirst) {
      this.isLive = true;
      this.player?.goLive();
      return;
    }
    const newest = this.active ? app.store.state.cameras[this.active]?.last_clip : null;
    this.seek(newest ? newest.start_ms : now, false);
  }

  private seek(t: number, play?: boolean): void {
    this.isLive = false;
    this.time = t;
    this.player?.seek(t, play);
  }

  // Looks

  override render() {
    const { app } = this;
    if (!app || !this.config) return nothing;
    return html`<div class="card">${this.inside(app)}</div>
      <vtrack-toasts></vtrack-toasts>`;
  }

  private inside(app: App) {
    if (this.problem) return html`<vtrack-empty tone="error" .icon=${mdiAlertCircleOutline} .text=${this.problem}></vtrack-empty>`;
    const { settings } = this;
    const { link, error, info } = app.store.state;
    if (!settings || !app.texts.loaded || (!info && link === "starting")) return html`<vtrack-skeleton class="waiting" aria-busy="true"></vtrack-skeleton>`;
    if (!info) {
      return html`<vtrack-empty
        tone="error"
        .icon=${link === "lost" ? mdiLanDisconnect : mdiAlertCircleOutline}
        .heading=${app.t(`panel.${link === "lost" ? "lost" : "failed"}`)}
        .text=${error && link === "failed" ? errorText(error, app.texts) : ""}
      >
        <vtrack-button look="primary" .label=${app.t("common.try_again")} @click=${app.link.retry}></vtrack-button>
      </vtrack-empty>`;
    }
    if (!settings.entities.length) return html`<vtrack-empty .icon=${mdiCctv} .text=${app.t("card.none")}></vtrack-empty>`;
    const cameras = this.cameras();
    if (!cameras.length) return this.unseen(app, settings.entities[0]!);
    return this.shown(app, settings, cameras);
  }

  /** An entity that is none of ours, or one that this person may not see: both read alike to others. */
  private unseen(app: App, entity: string) {
    const text = app.isAdmin ? app.t("card.unknown", { entity }) : app.t("card.forbidden");
    return html`<vtrack-empty tone="warning" .icon=${mdiCctvOff} .text=${text}></vtrack-empty>`;
  }

  private shown(app: App, settings: CardSettings, cameras: readonly Camera[]) {
    const layout = layoutFor(settings, this.width, this.height);
    const keys = cameras.map(({ key }) => key);
    const isLost = app.store.state.link !== "live";
    const style = settings.height === null ? "" : `block-size:${settings.height}px`;
    return html`${settings.title ? this.heading(app, settings.title, keys) : nothing}
      ${isLost
        ? html`<p class="lost small" role="status"><vtrack-icon .path=${mdiLanDisconnect}></vtrack-icon>${app.t("panel.reconnecting")}</p>`
        : nothing}
      <div class="body ${layout.size} ${layout.isBeside ? "beside" : ""}">
        <div class="main">
          ${layout.parts.has("player")
            ? html`<div class="picture ${settings.height === null ? "" : "fixed"}" style=${style}>
                <vtrack-player
                  .cameras=${keys}
                  .active=${this.active}
                  @time=${this.timed}
                  @pick=${this.picked}
                ></vtrack-player>
                ${settings.title ? nothing : this.opener(app, keys)}
              </div>`
            : nothing}
          ${layout.parts.has("timeline") ? this.line(keys, layout) : nothing}
        </div>
        ${layout.parts.has("list") ? this.list(keys, settings, layout) : nothing}
      </div>`;
  }

  private line(keys: Key[], { size }: Layout) {
    return html`<vtrack-timeline
      compact
      ?bare=${size === "small"}
      .cameras=${keys}
      .playing=${keys}
      .active=${this.active}
      .time=${this.time}
      .live=${this.isLive}
      @seek=${(event: CustomEvent<{ camera: Key; t: number }>) => this.seek(event.detail.t, true)}
      @scrub=${(event: CustomEvent<{ t: number }>) => {
        this.time = event.detail.t;
        this.player?.pause();
      }}
      @pick=${this.picked}
      @live=${() => {
        this.isLive = true;
        this.player?.goLive();
      }}
    ></vtrack-timeline>`;
  }

  private list(keys: Key[], settings: CardSettings, layout: Layout) {
    return html`<vtrack-card-events
      class=${layout.isBeside ? "" : "below"}
      .cameras=${keys}
      .hours=${settings.hours}
      .time=${this.time}
      @chosen=${(event: CustomEvent<{ t: number; camera: Key }>) => {
        this.active = event.detail.camera;
        this.seek(event.detail.t, true);
        this.timeline?.goTo(event.detail.t);
      }}
    ></vtrack-card-events>`;
  }

  private heading(app: App, title: string, keys: readonly Key[]) {
    return html`<header>
      <h2 class="truncate">${title}</h2>
      ${this.opener(app, keys)}
    </header>`;
  }

  /** The same moment in the panel. */
  private opener(app: App, keys: readonly Key[]) {
    const t = this.isLive || this.time === undefined ? undefined : writeTime(this.time);
    return html`<vtrack-button
      class="opener"
      look="text"
      icon-only
      directed
      .icon=${mdiOpenInNew}
      .label=${app.t("card.open")}
      .href=${app.router.href("timeline", { c: keys.join(","), t })}
    ></vtrack-button>`;
  }

  private readonly timed = (event: CustomEvent<{ t: number; playing: boolean; live: boolean }>): void => {
    this.time = event.detail.t;
    this.isLive = event.detail.live;
  };

  private readonly picked = (event: CustomEvent<{ camera: Key }>): void => {
    this.active = event.detail.camera;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-card-view": VtrackCardView;
  }
}
