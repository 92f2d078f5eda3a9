import { css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import type { Camera, CameraStatus, Fetching, NvrStatus } from "../../api/types";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import "../../ui/icon";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { type Words, cameraWords, tellableLag } from "../model/camera_words";
import type { DayBar } from "../model/day_bar";
import "./day_bar";
import "./thumbnail";
import { TONE_ICONS, coverageWords, days, fixButton, moment, say, writing } from "./words";

/** One camera: its newest picture, its state in words, its day, what it holds. */
@element("vtrack-camera-tile")
export class VtrackCameraTile extends VtrackElement {
  @property({ attribute: false }) camera!: Camera;
  @property({ attribute: false }) status: CameraStatus | null = null;
  @property({ attribute: false }) nvr: NvrStatus | null = null;
  @property({ attribute: false }) fetching: Fetching | null = null;
  @property({ attribute: false }) today?: DayBar;
  /** Where now is in the day, in percent. */
  @property({ type: Number }) now = 101;

  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        position: relative;
        overflow: hidden;
        background: var(--vt-card);
        border: 1px solid var(--vt-line);
        border-radius: var(--vt-radius);
        transition: box-shadow var(--vt-fast);
      }

      :host(:hover) {
        box-shadow: var(--vt-shadow-2);
      }

      .picture {
        position: relative;
        display: block;
      }

      :host([away]) vtrack-thumbnail {
        filter: grayscale(1) brightness(0.8);
        --none-opacity: 0;
      }

      /* At the bottom: most cameras write their clock at the top. */
      .state {
        position: absolute;
        inset-block-end: 10px;
        inset-inline-start: 10px;
        display: inline-flex;
        align-items: center;
        gap: 6px;
        max-inline-size: calc(100% - 20px);
        padding: 3px 10px 3px 8px;
        border-radius: 999px;
        background: rgb(16 18 20 / 78%);
        color: #fff;
        font-size: var(--vt-size-xs);
        font-weight: 500;
        line-height: 18px;
        pointer-events: none;
        --vt-icon-size: 15px;
      }

      .good vtrack-icon {
        color: #7ddc94;
      }

      .live vtrack-icon {
        color: #ff6b60;
      }

      .busy vtrack-icon {
        color: #8fd0ff;
      }

      .warn vtrack-icon {
        color: #ffc46b;
      }

      .bad {
        background: #a3231b;
      }

      .progress {
        position: absolute;
        inset-inline: 0;
        inset-block-end: 0;
      }

      vtrack-progress {
        block-size: 4px;
      }

      .text {
        display: grid;
        gap: 8px;
        padding: 12px 16px 14px;
      }

      h3 {
        min-inline-size: 0;
        font-size: var(--vt-size-l);
        line-height: 1.3;
      }

      /* The whole tile opens the time line; buttons in it lie above. */
      h3 a {
        color: inherit;
        text-decoration: none;
        overflow-wrap: anywhere;
      }

      h3 a::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: var(--vt-radius);
      }

      h3 a:focus-visible {
        outline: none;
      }

      h3 a:focus-visible::after {
        outline: 2px solid var(--vt-accent-text);
        outline-offset: -3px;
      }

      .today {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--vt-s3);
      }

      .percent {
        min-inline-size: 4ch;
        text-align: end;
        font-weight: 500;
        line-height: 1;
        white-space: nowrap;
      }

      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--vt-s3);
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
      }

      .facts > :last-child:not(:first-child) {
        margin-inline-start: auto;
      }

      /* Over the old picture: what is wrong is the first thing to see. */
      .problem {
        position: absolute;
        inset: 0;
        display: grid;
        align-content: center;
        justify-items: center;
        gap: 10px;
        padding: 12px 16px 40px;
        background: rgb(16 18 20 / 66%);
        color: #fff;
        font-size: var(--vt-size-s);
        text-align: center;
      }

      .problem p {
        max-inline-size: 34ch;
        text-wrap: balance;
      }

      .problem vtrack-button {
        z-index: 1;
        --vt-tint: rgb(255 255 255 / 92%);
        --vt-tint-2: #fff;
        --vt-accent-text: #10202a;
      }

      @media (forced-colors: active) {
        .state,
        .problem {
          border: 1px solid CanvasText;
          background: Canvas;
          color: CanvasText;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        :host {
          transition: none;
        }
      }
    `,
  ];

  private words(): Words {
    return cameraWords(this.camera, this.status, this.nvr, this.app.isAdmin, writing(this.app));
  }

  override render() {
    const { app, camera, status } = this;
    const words = this.words();
    this.toggleAttribute("away", words.tone === "bad" || words.tone === "off");
    const clip = status?.last_clip ?? null;
    const thumbnail = app.store.state.info?.urls.thumbnail;
    const path = clip && thumbnail ? thumbnail.replace("{id}", String(clip.id)) : undefined;
    return html`
      <div class="picture">
        <vtrack-thumbnail .path=${path}></vtrack-thumbnail>
        ${words.sentence
          ? html`<div class="problem">
              <p>${say(app, words.sentence)}</p>
              ${fixButton(app, words.fix, (kind) => this.act(kind))}
            </div>`
          : nothing}
        <span class="state ${words.tone}">
          <vtrack-icon .path=${TONE_ICONS[words.tone]}></vtrack-icon><span class="truncate num">${this.stateWords(words)}</span>
        </span>
        ${this.fetching
          ? html`<div class="progress">
              <vtrack-progress .value=${this.fetching.done} .label=${this.t("overview.fetching.title")}></vtrack-progress>
            </div>`
          : nothing}
      </div>
      <div class="text">
        <h3>
          <a href=${this.app.router.href("timeline", this.target())} aria-label=${this.t("overview.tile.open", { name: camera.name })}
            >${camera.name}</a
          >
        </h3>
        ${camera.is_former
          ? nothing
          : html`<div class="today">
              <vtrack-day-bar .bar=${this.today} .now=${this.now} .label=${this.barLabel()}></vtrack-day-bar>
              <span class="percent num" aria-hidden="true"
                >${status?.today_percent == null ? "–" : app.formats.percent(status.today_percent / 100)}</span
              >
            </div>`}
        ${this.facts()}
      </div>
    `;
  }

  private target(): Record<string, string> {
    const end = this.status?.last_clip?.end_ms;
    const query: Record<string, string> = { c: this.camera.key };
    // A former camera has nothing at now: its newest footage is opened.
    if (this.camera.is_former && end !== undefined) query.t = new Date(end - 1000).toISOString();
    return query;
  }

  /** The state, with how far it is and how far behind where that is worth telling. */
  private stateWords(words: Words): string {
    const { app, fetching, status } = this;
    const state =
      words.label.key === "camera_state.fetching" && fetching
        ? this.t("overview.tile.fetching", { percent: app.formats.percent(Math.min(0.99, fetching.done)) })
        : say(app, words.label);
    const lag = status && words.sentence === null ? tellableLag(status) : null;
    if (lag === null) return state;
    const behind = this.t("overview.tile.lag", { duration: app.formats.duration(Math.floor(lag / 60) * 60_000) });
    return words.label.key === "camera_state.behind" ? behind : `${state} · ${behind}`;
  }

  private barLabel(): string {
    const percent = this.status?.today_percent;
    if (percent == null || !this.today) return this.t("overview.tile.today_nothing");
    return this.t("overview.tile.today_label", {
      percent: this.app.formats.percent(percent / 100),
      parts: coverageWords(this.app, this.today.seconds),
    });
  }

  private facts() {
    const { app, status } = this;
    if (!status) return nothing;
    const clip = status.last_clip;
    const held = status.held_days;
    const promised = status.promised_days;
    return html`<div class="facts num">
      <span>${clip ? this.t("overview.tile.last_clip", { moment: moment(app, clip.end_ms) }) : this.t("overview.tile.no_clip")}</span>
      ${held === null
        ? nothing
        : html`<span
            >${promised === null
              ? this.t("overview.tile.holds", { days: days(app, held) })
              : this.t("overview.tile.holds_of", { days: app.formats.number(held, held < 10 ? 1 : 0), promised: days(app, promised) })}</span
          >`}
    </div>`;
  }

  private act(kind: "sync" | "resume"): void {
    const done = kind === "sync" ? this.app.api.sync([this.camera.key]) : this.app.api.resume(this.camera.nvr);
    done.catch((error: unknown) => this.app.toastError(error));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-camera-tile": VtrackCameraTile;
  }
}
