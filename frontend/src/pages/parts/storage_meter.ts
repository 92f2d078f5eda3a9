import { css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import type { StorageRow } from "../../api/types";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import { VtrackElement } from "../../ui/vtrack-element";
import { barOf, storageWords } from "../model/storage_words";
import { pageStyles } from "./page_styles";
import { counted } from "../../i18n/counted";
import { fixButton, lasts, say } from "./words";

/** How full a storage is, with what, for how long it lasts, and what it lacks. */
@element("vtrack-storage-meter")
export class VtrackStorageMeter extends VtrackElement {
  @property({ attribute: false }) storage!: StorageRow;
  /** Without path and legend. */
  @property({ type: Boolean, reflect: true }) brief = false;

  static override styles = [
    base,
    pageStyles,
    css`
      :host {
        display: grid;
        gap: var(--vt-s2);
        container: none;
      }

      .top {
        display: flex;
        align-items: center;
        gap: var(--vt-s2);
      }

      .top .name {
        flex: 1;
        min-inline-size: 0;
      }

      .path {
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
        overflow-wrap: anywhere;
      }

      .meter {
        display: flex;
        block-size: 12px;
        gap: 2px;
        overflow: hidden;
        border-radius: 6px;
        background: var(--vt-soft-2);
      }

      :host([brief]) .meter {
        block-size: 8px;
      }

      .meter span {
        min-inline-size: 2px;
      }

      .clips {
        background: var(--vt-accent-text);
      }

      .others {
        background: color-mix(in srgb, var(--vt-text) 38%, transparent);
      }

      .floor {
        margin-inline-start: auto;
        background: repeating-linear-gradient(
          135deg,
          color-mix(in srgb, var(--vt-text) 30%, transparent) 0 2px,
          transparent 2px 5px
        );
      }

      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--vt-s4);
        color: var(--vt-text-2);
        font-size: var(--vt-size-xs);
      }

      .legend span::before {
        content: "";
        display: inline-block;
        inline-size: 10px;
        block-size: 10px;
        margin-inline-end: 6px;
        border-radius: 3px;
        background: var(--key, var(--vt-soft-2));
        vertical-align: -1px;
      }

      .legend .key-clips {
        --key: var(--vt-accent-text);
      }

      .legend .key-others {
        --key: color-mix(in srgb, var(--vt-text) 38%, transparent);
      }

      .legend .key-floor {
        --key: repeating-linear-gradient(
          135deg,
          color-mix(in srgb, var(--vt-text) 40%, transparent) 0 2px,
          transparent 2px 4px
        );
      }

      @media (forced-colors: active) {
        .meter {
          border: 1px solid CanvasText;
        }

        .clips {
          forced-color-adjust: none;
          background: Highlight;
        }

        .others {
          forced-color-adjust: none;
          background: GrayText;
        }
      }
    `,
  ];

  override render() {
    const { app, storage } = this;
    const words = storageWords(storage, app.isAdmin);
    const bar = barOf(storage);
    const { free_bytes: free, total_bytes: total } = storage;
    return html`
      <div class="top">
        <span class="name">${storage.name || storage.path || storage.id}</span>
        <span class="chip ${words.tone}">${storage.is_current ? say(app, words.label) : this.t("storage.former")}</span>
      </div>
      ${!this.brief && storage.path ? html`<p class="path">${storage.path}</p>` : nothing}
      ${bar
        ? html`<div class="meter" role="img" aria-label=${this.told()}>
            <span class="clips" style="inline-size:${bar.clips}%"></span>
            <span class="others" style="inline-size:${bar.others}%"></span>
            <span class="floor" style="inline-size:${Math.min(bar.floor, bar.free)}%"></span>
          </div>`
        : nothing}
      <p class="meta num">
        <span>${free === null || total === null ? this.t("storage.free_unknown") : this.t("storage.free_of", { free: app.formats.bytes(free), total: app.formats.bytes(total) })}</span>
        <span>${counted(app, "clips", storage.clips)}</span>
        ${this.brief || storage.bytes_per_day === null
          ? nothing
          : html`<span>${this.t("storage.per_day", { size: app.formats.bytes(storage.bytes_per_day) })}</span>`}
        <span>${lasts(app, storage.days_left) ?? nothing}</span>
      </p>
      ${!this.brief && bar
        ? html`<p class="legend" aria-hidden="true">
            <span class="key-clips">${this.t("storage.clips")} ${app.formats.bytes(storage.clip_bytes)}</span>
            <span class="key-others">${this.t("storage.others")}</span>
            <span class="key-floor">${this.t("storage.floor")} ${app.formats.bytes(storage.floor_bytes)}</span>
            <span>${this.t("storage.free")}</span>
          </p>`
        : nothing}
      ${words.sentence
        ? html`<p class="small ${words.tone === "bad" ? "problem" : ""}">${say(app, words.sentence)}</p>
            <div class="actions">${fixButton(app, words.fix, () => this.syncNow())}</div>`
        : nothing}
    `;
  }

  private told(): string {
    const { app, storage } = this;
    return [
      `${this.t("storage.clips")} ${app.formats.bytes(storage.clip_bytes)}`,
      `${this.t("storage.free")} ${app.formats.bytes(storage.free_bytes ?? 0)}`,
      `${this.t("storage.floor")} ${app.formats.bytes(storage.floor_bytes)}`,
    ].join(", ");
  }

  private syncNow(): void {
    this.app.api.sync().catch((error: unknown) => this.app.toastError(error));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-storage-meter": VtrackStorageMeter;
  }
}
