import { LitElement, css, html, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { base } from "../styles/base";
import { element } from "./element";
import "./icon";
import { place, type Side } from "./place";

export interface MenuItem {
  /** What the `chosen` event tells. */
  id: string;
  label: string;
  icon?: string;
  /** For an item of a group of which one or several are ticked. */
  checked?: boolean;
  disabled?: boolean;
  danger?: boolean;
  /** A line above this item. */
  divided?: boolean;
  hint?: string;
}

/**
 * A menu. Its opener goes into the default slot; a click opens it, arrow keys walk, Escape closes.
 * `openAt(x, y)` opens it as a context menu. Dispatches `chosen` with `detail: { id }`.
 */
@element("vtrack-menu")
export class VtrackMenu extends LitElement {
  @property({ attribute: false }) items: MenuItem[] = [];
  @property() label = "";
  @property() side: Side = "below-end";
  /** Stays open after a choice: for items that are ticked. */
  @property({ type: Boolean }) sticky = false;
  @state() private open = false;
  @query("[role=menu]") private list?: HTMLElement;
  private cameFrom?: HTMLElement;

  static override styles = [
    base,
    css`
      :host {
        display: inline-flex;
      }

      [role="menu"] {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 6px;
        min-inline-size: 180px;
        max-inline-size: min(340px, 92vw);
        max-block-size: 70vh;
        overflow: auto;
        border: 1px solid var(--vt-line);
        border-radius: var(--vt-radius);
        background: var(--vt-card);
        color: var(--vt-text);
        box-shadow: var(--vt-shadow-2);
      }

      button {
        display: flex;
        align-items: center;
        gap: 12px;
        inline-size: 100%;
        min-block-size: var(--vt-target);
        padding: 6px 12px;
        border: 0;
        border-radius: var(--vt-radius-s);
        background: none;
        text-align: start;
        cursor: pointer;
      }

      button:hover,
      button:focus-visible {
        background: var(--vt-soft-2);
        outline-offset: -2px;
      }

      button[aria-disabled="true"] {
        opacity: 0.45;
        cursor: default;
      }

      .danger {
        color: var(--vt-error);
      }

      .label {
        flex: 1;
      }

      .hint {
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
      }

      hr {
        border: 0;
        border-block-start: 1px solid var(--vt-line);
        margin: 6px 0;
      }

      .tick {
        inline-size: 18px;
        block-size: 18px;
        display: grid;
        place-items: center;
        border: 2px solid var(--vt-line-strong);
        border-radius: 4px;
      }

      [aria-checked="true"] .tick {
        border-color: var(--vt-accent-text);
        background: var(--vt-accent-text);
      }

      [aria-checked="true"] .tick::after {
        content: "";
        inline-size: 5px;
        block-size: 9px;
        margin-block-end: 2px;
        border: solid var(--vt-card);
        border-width: 0 2px 2px 0;
        transform: rotate(45deg);
      }
    `,
  ];

  openAt(x: number, y: number): void {
    void this.show({ left: x, right: x, top: y, bottom: y }, "below-start");
  }

  close(): void {
    if (this.list?.matches(":popover-open")) this.list.hidePopover();
  }

  private readonly toggle = (): void => {
    if (this.open) this.close();
    else void this.show(this.getBoundingClientRect(), this.side);
  };

  private async show(anchor: DOMRect | Parameters<typeof place>[1], side: Side): Promise<void> {
    this.cameFrom = focused();
    this.open = true;
    await this.updateComplete;
    if (!this.list) return;
    this.list.showPopover();
    place(this.list, anchor, side);
    this.buttons()[0]?.focus();
  }

  private buttons(): HTMLButtonElement[] {
    return [...(this.list?.querySelectorAll("button") ?? [])];
  }

  private readonly toggled = (event: ToggleEvent): void => {
    if (event.newState === "open") return;
    const inside = this.shadowRoot?.activeElement != null;
    this.open = false;
    if (inside) this.cameFrom?.focus();
    this.dispatchEvent(new Event("closed"));
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    const buttons = this.buttons();
    const at = buttons.indexOf(this.shadowRoot?.activeElement as HTMLButtonElement);
    const to: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: buttons.length - 1,
    };
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      this.close();
      return;
    }
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons[(next + buttons.length) % buttons.length]?.focus();
  };

  private choose(item: MenuItem): void {
    if (item.disabled) return;
    if (!this.sticky) this.close();
    this.dispatchEvent(new CustomEvent("chosen", { detail: { id: item.id } }));
  }

  override render() {
    return html`<slot @click=${this.toggle}></slot>
      <div
        role="menu"
        popover="auto"
        aria-label=${this.label}
        @toggle=${this.toggled}
        @keydown=${this.keyed}
      >
        ${this.open
          ? this.items.map(
              (item) =>
                html`${item.divided ? html`<hr role="separator" />` : nothing}
                  <button
                    type="button"
                    tabindex="-1"
                    role=${item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
                    class=${item.danger ? "danger" : ""}
                    aria-checked=${item.checked === undefined ? nothing : String(item.checked)}
                    aria-disabled=${item.disabled ? "true" : nothing}
                    @click=${() => this.choose(item)}
                  >
                    ${item.checked === undefined ? nothing : html`<span class="tick"></span>`}
                    ${item.icon ? html`<vtrack-icon .path=${item.icon}></vtrack-icon>` : nothing}
                    <span class="label">${item.label}</span>
                    ${item.hint ? html`<span class="hint">${item.hint}</span>` : nothing}
                  </button>`,
            )
          : nothing}
      </div>`;
  }
}

/** What has the focus, through all shadow roots. */
export function focused(): HTMLElement | undefined {
  let active: Element | null | undefined = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active instanceof HTMLElement ? active : undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-menu": VtrackMenu;
  }
}
