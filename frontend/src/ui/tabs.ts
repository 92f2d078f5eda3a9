import { LitElement, css, html, nothing } from "lit";
import { property } from "lit/decorators.js";
import { base } from "../styles/base";
import { element } from "./element";
import "./icon";

export interface Tab {
  id: string;
  label: string;
  icon?: string;
}

/** Tabs over panels of the same page. Dispatches `chosen` with `detail: { id }`. */
@element("vtrack-tabs")
export class VtrackTabs extends LitElement {
  @property({ attribute: false }) tabs: Tab[] = [];
  @property() value = "";
  @property() label = "";

  static override styles = [
    base,
    css`
      [role="tablist"] {
        display: flex;
        gap: var(--vt-s1);
        border-block-end: 1px solid var(--vt-line);
        overflow-x: auto;
        scrollbar-width: none;
      }

      button {
        display: flex;
        align-items: center;
        gap: var(--vt-s2);
        min-block-size: calc(var(--vt-target) + 4px);
        padding-inline: var(--vt-s3);
        border: 0;
        border-block-end: 2px solid transparent;
        margin-block-end: -1px;
        background: none;
        color: var(--vt-text-2);
        font-weight: 500;
        white-space: nowrap;
        cursor: pointer;
      }

      button:hover {
        color: var(--vt-text);
      }

      button[aria-selected="true"] {
        color: var(--vt-accent-text);
        border-color: var(--vt-accent-text);
      }

      /* Words without their icons, rather than words that are cut. */
      @media (max-width: 480px) {
        button > vtrack-icon {
          display: none;
        }
      }

      :focus-visible {
        outline-offset: -2px;
        border-radius: var(--vt-radius-xs);
      }
    `,
  ];

  private choose(id: string): void {
    if (id === this.value) return;
    this.value = id;
    this.dispatchEvent(new CustomEvent("chosen", { detail: { id } }));
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const along = this.matches(":dir(rtl)") ? -step : step;
    const at = this.tabs.findIndex((tab) => tab.id === this.value);
    const next = (at + along + this.tabs.length) % this.tabs.length;
    this.choose(this.tabs[next]!.id);
    this.renderRoot.querySelectorAll("button")[next]?.focus();
  };

  override render() {
    return html`<div role="tablist" aria-label=${this.label} @keydown=${this.keyed}>
      ${this.tabs.map(
        ({ id, label, icon }) =>
          html`<button
            type="button"
            role="tab"
            aria-selected=${id === this.value ? "true" : "false"}
            tabindex=${id === this.value ? "0" : "-1"}
            @click=${() => this.choose(id)}
          >
            ${icon ? html`<vtrack-icon .path=${icon}></vtrack-icon>` : nothing}${label}
          </button>`,
      )}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-tabs": VtrackTabs;
  }
}
