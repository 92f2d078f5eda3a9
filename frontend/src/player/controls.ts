/** The row below the picture: what is shown, and the buttons. */

import { css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import {
  mdiAccessPoint,
  mdiCamera,
  mdiChevronDoubleLeft,
  mdiChevronDoubleRight,
  mdiDotsVertical,
  mdiDownload,
  mdiFastForward10,
  mdiFullscreen,
  mdiFullscreenExit,
  mdiPause,
  mdiPictureInPictureBottomRight,
  mdiPlay,
  mdiRewind10,
  mdiSkipNext,
  mdiSkipPrevious,
  mdiSpeedometer,
  mdiVolumeHigh,
  mdiVolumeOff,
} from "@mdi/js";
import type { Key as CameraKey } from "../api/types";
import { base } from "../styles/base";
import "../ui/button";
import { element } from "../ui/element";
import "../ui/menu";
import { VtrackElement } from "../ui/vtrack-element";
import type { Sound } from "./deck-row";
import { canFloat } from "./full-screen";
import type { Act } from "./keys";
import { SPEEDS } from "./speeds";

/** Dispatches `act` (an Act), `speed`, `volume`, `live` and `download`. */
@element("vtrack-player-controls")
export class VtrackPlayerControls extends VtrackElement {
  @property({ attribute: false }) time = NaN;
  @property() camera?: CameraKey;
  @property({ type: Boolean }) playing = false;
  @property({ type: Boolean }) live = false;
  @property({ type: Boolean }) full = false;
  @property({ type: Number }) speed = 1;
  @property({ attribute: false }) fastest = Infinity;
  @property({ attribute: false }) sound: Sound = { muted: true, volume: 1 };
  @property({ attribute: false }) video?: HTMLVideoElement;

  static override styles = [
    base,
    css`
      :host {
        display: block;
        container-type: inline-size;
        padding: var(--vt-s1) var(--vt-s2);
      }

      .all {
        pointer-events: auto;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 2px var(--vt-s2);
      }

      .row {
        display: flex;
        align-items: center;
        gap: 2px;
      }

      .clock {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--vt-s2);
        flex: 1 1 60px;
        min-inline-size: 0;
        padding-inline: var(--vt-s2);
      }

      .clock b {
        font-size: var(--vt-size-l);
        font-weight: 500;
      }

      .live {
        color: var(--vt-error);
        font-weight: 600;
      }

      input[type="range"] {
        inline-size: 72px;
        accent-color: var(--vt-accent-text);
      }

      .speed {
        font-variant-numeric: tabular-nums;
      }

      .small-only {
        display: none;
      }

      @container (max-width: 640px) {
        .clock .small-only {
          display: inline;
          font-size: var(--vt-size-m);
        }

        .wide {
          display: none;
        }
      }

      @container (max-width: 420px) {
        .narrow-off {
          display: none;
        }

        .all,
        .row {
          gap: 0;
        }

        .clock {
          padding-inline: 2px;
        }
      }

      @media (pointer: coarse) {
        input[type="range"] {
          display: none;
        }
      }
    `,
  ];

  private act(act: Act): void {
    this.dispatchEvent(new CustomEvent("act", { detail: act }));
  }

  private button(icon: string, key: string, act: Act, shortcut: string, directed = false) {
    return html`<vtrack-button
      icon-only
      look="text"
      .icon=${icon}
      .label=${this.t(`player.${key}`)}
      .shortcut=${shortcut}
      ?directed=${directed}
      @click=${() => this.act(act)}
    ></vtrack-button>`;
  }

  override render() {
    return html`<div class="all">${this.renderClock()}
      <div class="row" dir="ltr" role="group" aria-label=${this.t("player.controls")}>
        <span class="narrow-off"
          >${this.button(mdiSkipPrevious, "previous_event", { do: "event", direction: "previous" }, "B")}</span
        >
        ${this.button(mdiRewind10, "back_10", { do: "by", seconds: -10 }, "J")}
        <span class="wide"
          >${this.button(mdiChevronDoubleLeft, "frame_back", { do: "frame", direction: -1 }, ",")}</span
        >
        <vtrack-button
          icon-only
          look="primary"
          .icon=${this.playing && !this.live ? mdiPause : mdiPlay}
          .label=${this.t(this.playing && !this.live ? "player.pause" : "player.play")}
          shortcut="K"
          ?disabled=${this.live}
          @click=${() => this.act({ do: "toggle" })}
        ></vtrack-button>
        <span class="wide"
          >${this.button(mdiChevronDoubleRight, "frame_on", { do: "frame", direction: 1 }, ".")}</span
        >
        ${this.button(mdiFastForward10, "on_10", { do: "by", seconds: 10 }, "L")}
        <span class="narrow-off"
          >${this.button(mdiSkipNext, "next_event", { do: "event", direction: "next" }, "N")}</span
        >
      </div>
      <div class="row">
        ${this.renderSpeed()}
        <span class="narrow-off"
          >${this.button(
            this.sound.muted ? mdiVolumeOff : mdiVolumeHigh,
            this.sound.muted ? "sound_on" : "sound_off",
            { do: "mute" },
            "U",
          )}</span
        >
        <input
          class="wide"
          type="range"
          min="0"
          max="1"
          step="0.05"
          aria-label=${this.t("player.volume")}
          .value=${String(this.sound.muted ? 0 : this.sound.volume)}
          @input=${this.volumeMoved}
        />
        <span class="wide">${this.button(mdiCamera, "snapshot", { do: "snapshot" }, "S")}</span>
        ${this.button(this.full ? mdiFullscreenExit : mdiFullscreen, "full_screen", { do: "full" }, "F")}
        ${this.renderMore()}
      </div></div>`;
  }

  private renderClock() {
    const { formats } = this.app;
    if (this.live) {
      return html`<div class="clock"><span class="live">${this.t("player.live")}</span></div>`;
    }
    if (Number.isNaN(this.time)) return html`<div class="clock"></div>`;
    return html`<div class="clock num">
      <span class="muted wide">${formats.day(this.time)}</span>
      <b class="wide">${formats.timeTenths(this.time)}</b>
      <b class="small-only">${formats.timeSeconds(this.time)}</b>
      ${this.speed === 1 ? nothing : html`<span class="muted">${this.speed}×</span>`}
      <vtrack-button
        class="wide"
        look="text"
        compact
        .label=${this.t("player.go_live")}
        @click=${this.goLive}
      ></vtrack-button>
    </div>`;
  }

  private renderSpeed() {
    const items = SPEEDS.filter((speed) => speed <= this.fastest).map((speed) => ({
      id: String(speed),
      label: `${speed}×`,
      checked: speed === this.speed,
      divided: speed === 16,
      ...(speed === 16 ? { hint: this.t("player.as_pictures") } : {}),
    }));
    return html`<vtrack-menu
      .items=${items}
      .label=${this.t("player.speed")}
      @chosen=${(event: CustomEvent<{ id: string }>) =>
        this.dispatchEvent(new CustomEvent("speed", { detail: Number(event.detail.id) }))}
    >
      <vtrack-button
        icon-only
        look="text"
        has-popup="menu"
        .icon=${mdiSpeedometer}
        .label=${this.t("player.speed")}
        .shortcut=${"< >"}
        ?disabled=${this.live}
      ></vtrack-button>
    </vtrack-menu>`;
  }

  private renderMore() {
    const items = [
      { id: "live", label: this.t("player.go_live"), icon: mdiAccessPoint, disabled: this.live },
      {
        id: "mute",
        label: this.t(this.sound.muted ? "player.sound_on" : "player.sound_off"),
        icon: this.sound.muted ? mdiVolumeOff : mdiVolumeHigh,
      },
      { id: "event-previous", label: this.t("player.previous_event"), icon: mdiSkipPrevious },
      { id: "event-next", label: this.t("player.next_event"), icon: mdiSkipNext },
      { id: "snapshot", label: this.t("player.snapshot"), icon: mdiCamera },
      ...(canFloat(this.video)
        ? [{ id: "pip", label: this.t("player.pip"), icon: mdiPictureInPictureBottomRight }]
        : []),
      { id: "download", label: this.t("player.download_clip"), icon: mdiDownload, disabled: this.live },
      { id: "previous", label: this.t("player.previous_problem"), icon: mdiSkipPrevious, divided: true },
      { id: "next", label: this.t("player.next_problem"), icon: mdiSkipNext },
    ];
    return html`<vtrack-menu
      .items=${items}
      .label=${this.t("player.more")}
      @chosen=${(event: CustomEvent<{ id: string }>) => this.chosen(event.detail.id)}
    >
      <vtrack-button
        icon-only
        look="text"
        has-popup="menu"
        .icon=${mdiDotsVertical}
        .label=${this.t("player.more")}
      ></vtrack-button>
    </vtrack-menu>`;
  }

  private readonly goLive = (): void => {
    this.dispatchEvent(new Event("live"));
  };

  private chosen(id: string): void {
    if (id === "live") this.goLive();
    else if (id === "download") this.dispatchEvent(new Event("download"));
    else if (id === "pip" || id === "snapshot" || id === "mute") this.act({ do: id });
 else if (id === "event-previous") this.act({ do: "event", direction: "previous" });
    else if (id === "event-next") this.act({ do: "event", direction: "next" });
    else if (id === "previous" || id === "next") this.act({ do: "problem", direction: id });
  }

  private readonly volumeMoved = (event: Event): void => {
    const volume = Number((event.target as HTMLInputElement).value);
    this.dispatchEvent(new CustomEvent("volume", { detail: volume }));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-player-controls": VtrackPlayerControls;
  }
}
