import { LitElement, css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import { ifDefined } from "lit/directives/if-defined.js";
import { base } from "../styles/base";
import { element } from "./element";
import "./icon";
import "./tooltip";

export type ButtonLook = "primary" | "tonal" | "text" | "danger";

/**
 * A button, or a link that looks like one (`href`).
 *
 * `label` is its text. With `icon` alone (`iconOnly`) the label is read out and shown as a tooltip.
 */
@element("vtrack-button")
export class VtrackButton extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };

  @property() label = "";
  @property() icon?: string;
  @property({ type: Boolean, attribute: "icon-only", reflect: true }) iconOnly = false;
  @property({ type: Boolean }) directed = false;
  @property({ reflect: true }) look: ButtonLook = "tonal";
  @property() href?: string;
  @property() download?: string;
  @property({ type: Boolean, reflect: true }) disabled = false;
  @property({ type: Boolean, reflect: true }) busy = false;
  @property({ type: Boolean, reflect: true }) compact = false;
  /** For a button that stays pressed. */
  @property({ type: Boolean, reflect: true }) pressed?: boolean;
  /** For a button that opens something; "menu" or "dialog". */
  @property({ attribute: "has-popup" }) hasPopup?: "menu" | "dialog";
  @property({ type: Boolean }) expanded?: boolean;
  /** A key that does the same, shown in the tooltip. */
  @property() shortcut?: string;
  @property() tip?: string;

  static override styles = [
    base,
    css`
      :host {
        display: inline-flex;
        vertical-align: middle;
      }

      .button {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        inline-size: 100%;
        min-block-size: var(--vt-target);
        padding-inline: 16px;
        border: 1px solid transparent;
        border-radius: 999px;
        background: var(--vt-tint);
        color: var(--vt-accent-text);
        font-weight: 500;
        font-size: var(--vt-size-m);
        line-height: 1.2;
        text-decoration: none;
        white-space: nowrap;
        cursor: pointer;
        user-select: none;
        transition: background-color var(--vt-fast);
      }

      .button:hover {
        background: var(--vt-tint-2);
      }

      :host([look="primary"]) .button {
        background: var(--vt-accent-text);
        color: var(--vt-card);
      }

      :host([look="primary"]) .button:hover {
        background: color-mix(in srgb, var(--vt-accent-text) 88%, var(--vt-text));
      }

      :host([look="text"]) .button {
        background: transparent;
        color: inherit;
      }

      :host([look="text"]) .button:hover {
        background: var(--vt-soft-2);
      }

      :host([look="danger"]) .button {
        background: var(--vt-error-soft);
        color: var(--vt-error);
      }

      :host([look="danger"]) .button:hover {
        background: color-mix(in srgb, var(--vt-error) 18%, transparent);
      }

      :host([pressed]) .button {
        background: var(--vt-tint-2);
        color: var(--vt-accent-text);
      }

      :host([icon-only]) .button {
        padding: 0;
        inline-size: var(--vt-target);
      }

      :host([compact]) .button {
        padding-inline: 10px;
        min-block-size: max(28px, calc(var(--vt-target) - 8px));
        font-size: var(--vt-size-s);
      }

      :host([compact][icon-only]) .button {
        padding: 0;
        inline-size: max(28px, calc(var(--vt-target) - 8px));
      }

      :host([disabled]) .button,
      :host([busy]) .button {
        cursor: default;
        opacity: 0.45;
      }

      :host([disabled]) {
        pointer-events: none;
      }

      .with-icon {
        padding-inline-start: 12px;
      }

      @media (forced-colors: active) {
        .button {
          border-color: ButtonText;
        }

        :host([pressed]) .button {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ];

  override render() {
    const inside = html`${this.icon
      ? html`<vtrack-icon .path=${this.icon} ?directed=${this.directed}></vtrack-icon>`
      : nothing}${this.iconOnly ? nothing : html`<span>${this.label}</span>`}<slot></slot>`;
    const look = `button${this.icon && !this.iconOnly ? " with-icon" : ""}`;
    const label = this.iconOnly ? this.label : undefined;
    const body = this.href
      ? html`<a
          class=${look}
          href=${this.disabled ? nothing : this.href}
          download=${ifDefined(this.download)}
          aria-label=${ifDefined(label)}
          >${inside}</a
        >`
      : html`<button
          class=${look}
          type="button"
          ?disabled=${this.disabled}
          aria-disabled=${this.busy ? "true" : nothing}
          aria-label=${ifDefined(label)}
          aria-pressed=${this.pressed === undefined ? nothing : String(this.pressed)}
          aria-haspopup=${ifDefined(this.hasPopup)}
          aria-expanded=${this.expanded === undefined ? nothing : String(this.expanded)}
          aria-keyshortcuts=${ifDefined(this.shortcut)}
          @click=${this.guard}
        >
          ${inside}
        </button>`;
    const tip = this.tip ?? (this.iconOnly ? this.label : undefined);
    if (!tip) return body;
    return html`<vtrack-tooltip .text=${tip} .shortcut=${this.shortcut}>${body}</vtrack-tooltip>`;
  }

  private guard(event: Event): void {
    if (this.busy) event.stopImmediatePropagation();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-button": VtrackButton;
  }
}
