import { css, html, nothing } from "lit";
import { property, query } from "lit/decorators.js";
import {
  mdiHelpCircleOutline,
  mdiMagnifyMinusOutline,
  mdiMagnifyPlusOutline,
  mdiSelectDrag,
} from "@mdi/js";
import { base } from "../styles/base";
import "../ui/button";
import "../ui/dialog";
import type { VtrackDialog } from "../ui/dialog";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import "./legend";
import { PRESETS } from "./view";

/** Buttons above the timeline: spans, zoom, select, now, legend. */
@element("vtrack-timeline-tools")
export class VtrackTimelineTools extends VtrackElement {
  @property({ type: Number }) span = 0;
  @property({ type: Boolean }) selecting = false;
  @property({ type: Boolean }) live = false;
  @property({ type: Boolean, reflect: true }) compact = false;
  @property({ type: Boolean, reflect: true }) narrow = false;
  @query("vtrack-dialog") private legend!: VtrackDialog;

  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--vt-s2);
        padding: var(--vt-s2) var(--vt-s3);
      }

      .spans {
        display: flex;
        padding: 3px;
        gap: 2px;
        border-radius: 999px;
        background: var(--vt-soft);
        overflow: auto hidden;
        scrollbar-width: none;
      }

      .spans button {
        min-block-size: max(28px, calc(var(--vt-target) - 10px));
        min-inline-size: 42px;
        padding-inline: 10px;
        border: 0;
        border-radius: 999px;
        background: none;
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
        font-weight: 500;
        white-space: nowrap;
        cursor: pointer;
      }

      .spans button:hover {
        color: var(--vt-text);
        background: var(--vt-soft-2);
      }

      .spans button[aria-pressed="true"] {
        background: var(--vt-card);
        color: var(--vt-accent-text);
        box-shadow: var(--vt-shadow);
      }

      .spans button:focus-visible {
        outline-offset: -2px;
      }

      .group {
        display: flex;
      }

      .grow {
        flex: 1;
      }

      .dot {
        inline-size: 8px;
        block-size: 8px;
        border-radius: 50%;
        background: var(--vt-text-2);
      }

      .dot.live {
        background: var(--vt-playhead);
      }

      :host([narrow]) {
        padding-inline: var(--vt-s2);
      }

      :host([narrow]) .spans {
        order: 1;
        flex: 1 1 100%;
      }

      :host([narrow]) .spans button {
        flex: 1;
        min-inline-size: 0;
        padding-inline: 2px;
      }

      @media (forced-colors: active) {
        .spans button[aria-pressed="true"] {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ];

  private tell(type: string, detail?: number): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  override render() {
    const { formats } = this.app;
    const spans = this.compact ? PRESETS.slice(2) : PRESETS;
    return html`<div class="spans" role="group" aria-label=${this.t("timeline.spans")}>
        ${spans.map(
          (span) =>
            html`<button
              type="button"
              aria-pressed=${Math.abs(this.span / span - 1) < 0.02 ? "true" : "false"}
              title=${this.t("timeline.show_span", { span: formats.duration(span, "long") })}
              @click=${() => this.tell("preset", span)}
            >
              ${formats.duration(span, "narrow")}
            </button>`,
        )}
      </div>
      ${this.compact
        ? nothing
        : html`<div class="group">
            <vtrack-button
              look="text"
              compact
              icon-only
              .icon=${mdiMagnifyMinusOutline}
              .label=${this.t("timeline.zoom_out")}
              shortcut="-"
              @click=${() => this.tell("zoom", 2)}
            ></vtrack-button>
            <vtrack-button
              look="text"
              compact
              icon-only
              .icon=${mdiMagnifyPlusOutline}
              .label=${this.t("timeline.zoom_in")}
              shortcut="+"
              @click=${() => this.tell("zoom", 0.5)}
            ></vtrack-button>
          </div>`}
      <span class="grow"></span>
      <vtrack-button
        look="text"
        compact
        ?icon-only=${this.compact}
        .icon=${mdiSelectDrag}
        .label=${this.t("timeline.select")}
        .tip=${this.t("timeline.select_help")}
        .pressed=${this.selecting}
        @click=${() => this.tell("selecting")}
      ></vtrack-button>
      <vtrack-button
        compact
        .label=${this.t("timeline.now")}
        shortcut="End"
        .pressed=${this.live}
        @click=${() => this.tell("now")}
      >
      </vtrack-button>
      ${this.compact
        ? nothing
        : html`<vtrack-button
              look="text"
              compact
              icon-only
              has-popup="dialog"
              .icon=${mdiHelpCircleOutline}
              .label=${this.t("timeline.legend")}
              @click=${() => this.legend.show()}
            ></vtrack-button>
            <vtrack-dialog wide .heading=${this.t("timeline.legend")}>
              <vtrack-legend></vtrack-legend>
            </vtrack-dialog>`}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-timeline-tools": VtrackTimelineTools;
  }
}
