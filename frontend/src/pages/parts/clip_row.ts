import { css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import { mdiAlertOutline, mdiDotsVertical, mdiLock, mdiVolumeOff } from "@mdi/js";
import type { ClipRow } from "../../api/types";
import { writeTime } from "../../panel/router";
import { base, fields } from "../../styles/base";
import { element } from "../../ui/element";
import type { MenuItem } from "../../ui/menu";
import "../../ui/menu";
import "../../ui/tooltip";
import { VtrackElement } from "../../ui/vtrack-element";
import { EVENT_ICONS } from "../../ui/event_icons";
import "./thumbnail";

/** How a row is clicked: `isRange` with Shift. */
export interface RowChosen {
  readonly isRange: boolean;
}

/**
 * One clip in a list: pictures, when, where, what. Dispatches `chosen` (RowChosen) where its box
 * is ticked, and `act` with the id of a menu item.
 */
@element("vtrack-clip-row")
export class VtrackClipRow extends VtrackElement {
  @property({ attribute: false }) clip!: ClipRow;
  @property({ attribute: false }) menu: MenuItem[] = [];
  @property({ type: Boolean, reflect: true }) chosen = false;
  /** Whether rows are being chosen: then a click on a row chooses it. */
  @property({ type: Boolean, reflect: true }) choosing = false;
  /** Whether the row cannot be chosen. */
  @property({ type: Boolean, reflect: true }) fixed = false;

  static override styles = [
    base,
    fields,
    css`
      :host {
        display: grid;
        grid-template-columns: auto auto minmax(0, 1fr) auto auto auto;
        align-items: center;
        column-gap: var(--vt-s3);
        position: relative;
        padding: 8px var(--vt-s2) 8px var(--vt-s3);
        container: row / inline-size;
        contain-intrinsic-block-size: auto 71px;
        content-visibility: auto;
      }

      :host(:hover) {
        background: var(--vt-soft);
      }

      :host([chosen]) {
        background: var(--vt-tint);
      }

      .box {
        display: grid;
        place-items: center;
        inline-size: max(28px, var(--vt-target));
        block-size: var(--vt-target);
        margin-inline: -6px;
        position: relative;
        z-index: 1;
        cursor: pointer;
      }

      :host([fixed]) {
        grid-template-columns: auto minmax(0, 1fr) auto auto auto;
      }

      .pictures {
        position: relative;
        inline-size: 390px;
        block-size: 54px;
        border-radius: var(--vt-radius-xs);
        overflow: hidden;
      }

      vtrack-thumbnail {
        block-size: 100%;
      }

      .length {
        position: absolute;
        inset-block-end: 3px;
        inset-inline-end: 3px;
        padding: 0 5px;
        border-radius: 4px;
        background: rgb(0 0 0 / 72%);
        color: #fff;
        font-size: 11px;
        line-height: 17px;
      }

      .text {
        min-inline-size: 0;
      }

      a {
        color: inherit;
        text-decoration: none;
        font-weight: 500;
      }

      a::after {
        content: "";
        position: absolute;
        inset: 0;
      }

      a:focus-visible {
        outline: none;
      }

      a:focus-visible::after {
        outline: 2px solid var(--vt-accent-text);
        outline-offset: -2px;
      }

      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--vt-s2);
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
      }

      .icons {
        display: inline-flex;
        gap: 6px;
        align-items: center;
        color: var(--vt-text-2);
        --vt-icon-size: 18px;
      }

      .icons .lock {
        color: var(--vt-protected);
      }

      .icons .warn {
        color: var(--vt-warning);
      }

      .size {
        min-inline-size: 8ch;
        text-align: end;
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
      }

      vtrack-menu,
      .icons {
        position: relative;
        z-index: 1;
      }

      .icons {
        pointer-events: none;
      }

      .icons > * {
        pointer-events: auto;
      }

      @media (max-width: 1100px) {
        .pictures {
          inline-size: 194px;
        }
      }

      @media (max-width: 700px) {
        :host {
          grid-template-columns: auto minmax(0, 1fr) auto auto;
          column-gap: 10px;
          contain-intrinsic-block-size: auto 79px;
        }

        .pictures {
          inline-size: 112px;
          block-size: 63px;
        }

        .size {
          display: none;
        }

        :host([choosing]) {
          grid-template-columns: auto auto minmax(0, 1fr) auto auto;
        }

        :host([fixed]) {
          grid-template-columns: auto minmax(0, 1fr) auto auto;
        }

        :host(:not([choosing])) .box {
          display: none;
        }
      }
    `,
  ];

  override render() {
    const { app, clip } = this;
    const { formats } = app;
    const camera = app.cameraName(clip.camera);
    const time = formats.timeSeconds(clip.start_ms);
    const name = this.t("recordings.row", {
      title: `${time} · ${camera}`,
      day: formats.day(clip.start_ms),
      duration: formats.duration(clip.end_ms - clip.start_ms, "long"),
    });
    const strip = app.store.state.info?.urls.strip.replace("{id}", String(clip.id));
    const isThere = clip.state === "kept";
    const href = app.router.href("timeline", { c: clip.camera, t: writeTime(clip.start_ms), play: isThere ? 1 : undefined });
    return html`
      <label class="box" ?hidden=${this.fixed}>
        <input type="checkbox" .checked=${this.chosen} aria-label=${this.t("recordings.select_row", { name })} @click=${this.tick} />
      </label>
      <div class="pictures">
        <vtrack-thumbnail .path=${isThere ? strip : undefined} .frames=${this.frames()} .of=${app.store.state.info?.strip_pictures ?? 12}></vtrack-thumbnail>
        <span class="length num" aria-hidden="true">${formats.length(clip.end_ms - clip.start_ms)}</span>
      </div>
      <div class="text">
        <a href=${href} aria-label=${name} @click=${this.opened}>
          <span class="num">${time}</span> · ${camera}
        </a>
        <div class="line">${this.line()}</div>
      </div>
      <div class="icons">${this.icons()}</div>
      <span class="size num">${formats.bytes(clip.bytes)}</span>
      ${this.menu.length
        ? html`<vtrack-menu .items=${this.menu} .label=${this.t("recordings.menu_row", { name })} @chosen=${this.chose}>
            <vtrack-button look="text" icon-only has-popup="menu" .icon=${mdiDotsVertical} .label=${this.t("recordings.menu_row", { name })}></vtrack-button>
          </vtrack-menu>`
        : nothing}
    `;
  }

  private frames(): number {
    const width = globalThis.innerWidth;
    return width > 1100 ? 4 : width > 700 ? 2 : 1;
  }

  private line() {
    const { clip } = this;
    const parts = [
      ...clip.events.map((event) => html`<span class="icons"><vtrack-icon .path=${EVENT_ICONS[event]}></vtrack-icon>${this.t(`event.${event}`)}</span>`),
      ...(clip.source === "backfill" ? [html`<span>${this.t("recordings.sources.backfill")}</span>`] : []),
      ...(clip.note ? [html`<span class="truncate">${clip.note}</span>`] : []),
      ...(clip.state === "kept" ? [] : [html`<span>${this.t(`recordings.states.${clip.state === "missing" ? "missing" : "trashed"}`)}</span>`]),
    ];
    return parts.length ? parts : html`<span>${this.t(`recordings.sources.${clip.source}`)}</span>`;
  }

  private icons() {
    const { clip } = this;
    const icon = (path: string, text: string, kind = "") =>
      html`<vtrack-tooltip .text=${text}
        ><vtrack-icon class=${kind} .path=${path}></vtrack-icon><span class="hidden-text">${text}</span></vtrack-tooltip
      >`;
    const problem = clip.problem || (clip.is_time_certain ? "" : "clock_behind");
    return html`${clip.audio_codec === null ? icon(mdiVolumeOff, this.t("recordings.no_sound")) : nothing}
    ${problem ? icon(mdiAlertOutline, this.t(`recordings.problem.${problem}`), "warn") : nothing}
    ${clip.is_protected ? icon(mdiLock, this.t("recordings.is_protected"), "lock") : nothing}`;
  }

  private readonly tick = (event: MouseEvent): void => this.choose(event.shiftKey);

  private choose(isRange: boolean): void {
    this.dispatchEvent(new CustomEvent<RowChosen>("chosen", { detail: { isRange } }));
  }

  private readonly opened = (event: MouseEvent): void => {
    if (!this.choosing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(event.shiftKey);
  };

  private readonly chose = (event: CustomEvent<{ id: string }>): void => {
    event.stopPropagation();
    this.dispatchEvent(new CustomEvent("act", { detail: event.detail }));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-clip-row": VtrackClipRow;
  }
}
