import { css, html, nothing } from "lit";
import { state } from "lit/decorators.js";
import { mdiClose } from "@mdi/js";
import type { App, Toast } from "../store/app";
import { base } from "../styles/base";
import "./button";
import { element } from "./element";
import { VtrackElement } from "./vtrack-element";

const PLAIN_MS = 5000;
const ACTION_MS = 10_000;

/** Shows the app's toasts one at a time, and reads out its announcements. One in a panel or card. */
@element("vtrack-toasts")
export class VtrackToasts extends VtrackElement {
  @state() private toast?: Toast;
  @state() private spoken = "";
  private timer?: ReturnType<typeof setTimeout>;
  private from?: App;

  static override styles = [
    base,
    css`
      .place {
        position: fixed;
        inset-block-end: calc(var(--vt-s4) + env(safe-area-inset-bottom, 0px));
        inset-inline: var(--vt-s4);
        display: flex;
        justify-content: center;
        pointer-events: none;
        z-index: 20;
      }

      .toast {
        display: flex;
        align-items: center;
        gap: var(--vt-s2);
        max-inline-size: 560px;
        padding: 6px 6px 6px var(--vt-s4);
        border-radius: var(--vt-radius);
        background: color-mix(in srgb, var(--vt-text) 92%, var(--vt-card));
        color: var(--vt-card);
        box-shadow: var(--vt-shadow-2);
        pointer-events: auto;
      }

      .toast.error {
        box-shadow:
          inset 4px 0 0 var(--vt-error),
          var(--vt-shadow-2);
      }

      .text {
        padding-block: 6px;
        margin-inline-end: var(--vt-s2);
      }

      .act {
        border: 0;
        border-radius: 999px;
        min-block-size: var(--vt-target);
        padding-inline: var(--vt-s3);
        background: none;
        color: color-mix(in srgb, var(--vt-accent) 60%, var(--vt-card));
        font-weight: 600;
        cursor: pointer;
      }

      .act:hover {
        background: color-mix(in srgb, var(--vt-card) 14%, transparent);
      }

      @media (forced-colors: active) {
        .toast {
          border: 1px solid CanvasText;
        }
      }
    `,
  ];

  protected override appChanged(app: App | undefined): void {
    this.from?.removeEventListener("toast", this.toasted);
    this.from?.removeEventListener("announce", this.announced);
    this.from = app;
    app?.addEventListener("toast", this.toasted);
    app?.addEventListener("announce", this.announced);
    if (!app) clearTimeout(this.timer);
  }

  private readonly toasted = (event: Event): void => {
    this.toast = (event as CustomEvent<Toast>).detail;
    this.wait();
  };

  private readonly announced = (event: Event): void => {
    const text = (event as CustomEvent<string>).detail;
    // The same words a second time are read out only if the text differs.
    this.spoken = text === this.spoken ? `${text} ` : text;
  };

  private readonly wait = (): void => {
    clearTimeout(this.timer);
    if (!this.toast) return;
    const least = this.toast.action ? ACTION_MS : PLAIN_MS;
    this.timer = setTimeout(this.close, Math.max(this.toast.ms ?? least, least));
  };

  private readonly hold = (): void => clearTimeout(this.timer);

  private readonly close = (): void => {
    this.toast = undefined;
  };

  private act(): void {
    const run = this.toast?.action?.run;
    this.toast = undefined;
    run?.();
  }

  override render() {
    const toast = this.toast;
    return html`<div class="hidden-text" aria-live="polite">${this.spoken}</div>
      <div class="place" role="status" aria-live="polite">
        ${toast
          ? html`<div
              class="toast ${toast.tone ?? ""}"
              @pointerenter=${this.hold}
              @pointerleave=${this.wait}
              @focusin=${this.hold}
              @focusout=${this.wait}
            >
              <span class="text">${toast.text}</span>
              ${toast.action
                ? html`<button class="act" type="button" @click=${this.act}>
                    ${toast.action.label}
                  </button>`
                : nothing}
              <vtrack-button
                look="text"
                icon-only
                .icon=${mdiClose}
                .label=${this.t("common.close")}
                @click=${this.close}
              ></vtrack-button>
            </div>`
          : nothing}
      </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-toasts": VtrackToasts;
  }
}
