import { LitElement, css, html, nothing } from "lit";
import { property, query } from "lit/decorators.js";
import { element } from "./element";
import { place } from "./place";

const WAIT = 450;

/**
 * Shows a short text beside what it wraps, on hover and on focus by keyboard; Escape hides it.
 * It repeats an accessible name, so it is hidden from screen readers.
 */
@element("vtrack-tooltip")
export class VtrackTooltip extends LitElement {
  @property() text = "";
  @property() shortcut?: string;
  @query(".tip") private tip?: HTMLElement;
  private timer?: ReturnType<typeof setTimeout>;

  static override styles = css`
    :host {
      display: inline-flex;
    }

    .tip {
      position: fixed;
      inset: auto;
      margin: 0;
      border: 0;
      max-inline-size: 280px;
      padding: 6px 10px;
      border-radius: var(--vt-radius-s);
      background: color-mix(in srgb, var(--vt-text) 92%, var(--vt-card));
      color: var(--vt-card);
      font: 500 var(--vt-size-xs) / 1.35 var(--vt-font);
      box-shadow: var(--vt-shadow);
      pointer-events: none;
    }

    kbd {
      font: inherit;
      opacity: 0.75;
      margin-inline-start: 8px;
      border: 1px solid currentcolor;
      border-radius: 4px;
      padding: 0 4px;
    }

    @media (forced-colors: active) {
      .tip {
        border: 1px solid CanvasText;
      }
    }
  `;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("pointerenter", this.soon);
    this.addEventListener("pointerleave", this.hide);
    this.addEventListener("pointerdown", this.hide);
    this.addEventListener("focusin", this.focused);
    this.addEventListener("focusout", this.hide);
    this.addEventListener("keydown", this.keyed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.hide();
  }

  private readonly soon = (event: PointerEvent): void => {
    if (event.pointerType === "touch") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.show, WAIT);
  };

  private readonly focused = (event: FocusEvent): void => {
    const target = event.composedPath()[0];
    if (target instanceof Element && target.matches(":focus-visible")) this.show();
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.hide();
  };

  private readonly show = (): void => {
    if (!this.text || !this.tip || !("showPopover" in HTMLElement.prototype)) return;
    if (this.tip.matches(":popover-open")) return;
    this.tip.showPopover();
    place(this.tip, this.getBoundingClientRect(), "above");
  };

  private readonly hide = (): void => {
    clearTimeout(this.timer);
    if (this.tip?.matches(":popover-open")) this.tip.hidePopover();
  };

  override render() {
    return html`<slot></slot>
      <div class="tip" popover="manual" aria-hidden="true">
        ${this.text}${this.shortcut ? html`<kbd>${this.shortcut}</kbd>` : nothing}
      </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-tooltip": VtrackTooltip;
  }
}
