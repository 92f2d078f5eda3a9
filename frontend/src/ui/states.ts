import { LitElement, css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import { base } from "../styles/base";
import { element } from "./element";
import "./icon";

/** Nothing here, or nothing to see: an icon, one sentence, and one button in the slot. */
@element("vtrack-empty")
export class VtrackEmpty extends LitElement {
  @property() icon?: string;
  @property() heading = "";
  @property() text = "";
  @property({ reflect: true }) tone: "plain" | "error" | "warning" = "plain";

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        justify-items: center;
        align-content: center;
        gap: var(--vt-s3);
        padding: var(--vt-s6) var(--vt-s4);
        text-align: center;
      }

      .round {
        display: grid;
        place-items: center;
        inline-size: 64px;
        block-size: 64px;
        border-radius: 50%;
        background: var(--vt-tint);
        color: var(--vt-accent-text);
        --vt-icon-size: 32px;
      }

      :host([tone="error"]) .round {
        background: var(--vt-error-soft);
        color: var(--vt-error);
      }

      :host([tone="warning"]) .round {
        background: var(--vt-warning-soft);
        color: var(--vt-warning);
      }

      h2 {
        margin-block-start: var(--vt-s1);
      }

      p {
        max-inline-size: 46ch;
        color: var(--vt-text-2);
        text-wrap: balance;
      }
    `,
  ];

  override render() {
    return html`${this.icon
        ? html`<span class="round"><vtrack-icon .path=${this.icon}></vtrack-icon></span>`
        : nothing}
      ${this.heading ? html`<h2>${this.heading}</h2>` : nothing}
      ${this.text ? html`<p>${this.text}</p>` : nothing}<slot></slot>`;
  }
}

/** A grey block in the place of what is being loaded; its size comes from its style. */
@element("vtrack-skeleton")
export class VtrackSkeleton extends LitElement {
  static override styles = css`
    :host {
      display: block;
      min-block-size: 16px;
      border-radius: var(--vt-radius-s);
      background: var(--vt-soft-2);
      animation: breathe 1.6s ease-in-out infinite;
    }

    @keyframes breathe {
      50% {
        opacity: 0.45;
      }
    }

    @media (prefers-reduced-motion: reduce) {
      :host {
        animation: none;
      }
    }
  `;

  override render() {
    return nothing;
  }
}

/** How far something is; `value` 0 to 1, undefined where nobody knows. */
@element("vtrack-progress")
export class VtrackProgress extends LitElement {
  @property({ type: Number }) value?: number;
  @property() label = "";

  static override styles = css`
    :host {
      display: block;
      block-size: 6px;
    }

    div {
      block-size: 100%;
      overflow: hidden;
      border-radius: 99px;
      background: var(--vt-soft-2);
    }

    span {
      display: block;
      block-size: 100%;
      border-radius: inherit;
      background: var(--vt-accent-text);
      transition: inline-size 400ms linear;
    }

    @media (prefers-reduced-motion: reduce) {
      span {
        transition: none;
      }
    }

    @media (forced-colors: active) {
      div {
        border: 1px solid CanvasText;
      }

      span {
        background: Highlight;
        forced-color-adjust: none;
      }
    }
  `;

  override render() {
    const percent = Math.round((this.value ?? 0) * 100);
    return html`<div
      role="progressbar"
      aria-label=${this.label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${this.value === undefined ? nothing : percent}
    >
      <span style="inline-size: ${percent}%"></span>
    </div>`;
  }
}

/** A choice that is on or off: filters. */
@element("vtrack-chip")
export class VtrackChip extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  @property() label = "";
  @property() icon?: string;
  @property({ type: Boolean, reflect: true }) selected = false;

  static override styles = [
    base,
    css`
      :host {
        display: inline-flex;
      }

      button {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-block-size: max(32px, calc(var(--vt-target) - 4px));
        padding-inline: var(--vt-chip-padding, 12px);
        border: 1px solid var(--vt-line-strong);
        border-radius: var(--vt-radius-s);
        background: transparent;
        font-size: var(--vt-size-s);
        font-weight: 500;
        white-space: nowrap;
        cursor: pointer;
        --vt-icon-size: 18px;
      }

      button:hover {
        background: var(--vt-soft);
      }

      :host([selected]) button {
        background: var(--vt-tint-2);
        border-color: transparent;
        color: var(--vt-accent-text);
      }

      @media (forced-colors: active) {
        :host([selected]) button {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ];

  override render() {
    return html`<button type="button" aria-pressed=${this.selected ? "true" : "false"}>
      ${this.icon ? html`<vtrack-icon .path=${this.icon}></vtrack-icon>` : nothing}
      <span>${this.label}</span><slot></slot>
    </button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-empty": VtrackEmpty;
    "vtrack-skeleton": VtrackSkeleton;
    "vtrack-progress": VtrackProgress;
    "vtrack-chip": VtrackChip;
  }
}
