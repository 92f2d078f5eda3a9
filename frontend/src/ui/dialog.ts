import { css, html, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { mdiClose } from "@mdi/js";
import { base } from "../styles/base";
import "./button";
import { element } from "./element";
import { VtrackElement } from "./vtrack-element";

/**
 * A modal dialog on the native `<dialog>`. Slots: the default for content, `actions` for buttons.
 * `show()` opens it, `close()` or Escape closes it; then it dispatches `closed`.
 */
@element("vtrack-dialog")
export class VtrackDialog extends VtrackElement {
  @property() heading = "";
  /** For a wide one: a table, a picture. */
  @property({ type: Boolean, reflect: true }) wide = false;
  @state() private hasActions = false;
  @query("dialog") private dialog!: HTMLDialogElement;

  static override styles = [
    base,
    css`
      :host {
        display: contents;
      }

      dialog {
        inline-size: min(480px, calc(100vw - 32px));
        max-block-size: calc(100dvh - 48px);
        padding: 0;
        border: 1px solid var(--vt-line);
        border-radius: calc(var(--vt-radius) + 4px);
        background: var(--vt-card);
        color: var(--vt-text);
        box-shadow: var(--vt-shadow-2);
      }

      :host([wide]) dialog {
        inline-size: min(880px, calc(100vw - 32px));
      }

      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }

      .inside {
        display: flex;
        flex-direction: column;
        max-block-size: inherit;
      }

      header {
        display: flex;
        align-items: center;
        gap: var(--vt-s3);
        padding: var(--vt-s4) var(--vt-s3) var(--vt-s2) var(--vt-s5);
      }

      h2 {
        flex: 1;
        font-size: 18px;
      }

      .content {
        padding: var(--vt-s2) var(--vt-s5) var(--vt-s5);
        overflow: auto;
      }

      footer {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--vt-s2);
        padding: 0 var(--vt-s5) var(--vt-s5);
      }

      @media (max-width: 600px) {
        dialog {
          margin-block-end: 0;
          inline-size: 100vw;
          max-inline-size: 100vw;
          border-end-start-radius: 0;
          border-end-end-radius: 0;
        }
      }
    `,
  ];

  async show(): Promise<void> {
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  private readonly keyed = (event: KeyboardEvent): void => event.stopPropagation();

  private readonly backdrop = (event: MouseEvent): void => {
    if (event.target === this.dialog) this.close();
  };

  override render() {
    return html`<dialog
      aria-labelledby="heading"
      @close=${() => this.dispatchEvent(new Event("closed"))}
      @keydown=${this.keyed}
      @click=${this.backdrop}
    >
      <div class="inside">
        <header>
          <h2 id="heading">${this.heading}</h2>
          <vtrack-button
            look="text"
            icon-only
            .icon=${mdiClose}
            .label=${this.t("common.close")}
            @click=${this.close}
          ></vtrack-button>
        </header>
        <div class="content"><slot></slot></div>
        <footer ?hidden=${!this.hasActions}>
          <slot
            name="actions"
            @slotchange=${(event: Event) => {
              this.hasActions = (event.target as HTMLSlotElement).assignedElements().length > 0;
            }}
          ></slot>
        </footer>
      </div>
    </dialog>`;
  }
}

export interface Question {
  heading: string;
  text: unknown;
  /** The button that does it. */
  yes: string;
  danger?: boolean;
}

/** Ask a question in a dialog inside `host`'s shadow root; return whether a person said yes. */
@element("vtrack-confirm")
export class VtrackConfirm extends VtrackElement {
  @property({ attribute: false }) question?: Question;
  @query("vtrack-dialog") private dialog!: VtrackDialog;
  private answer?: (yes: boolean) => void;

  static override styles = [
    base,
    css`
      :host {
        display: contents;
      }
    `,
  ];

  async ask(question: Question): Promise<boolean> {
    this.answer?.(false);
    this.question = question;
    await this.updateComplete;
    await this.dialog.show();
    return new Promise((resolve) => {
      this.answer = resolve;
    });
  }

  private done(yes: boolean): void {
    const answer = this.answer;
    this.answer = undefined;
    this.dialog.close();
    answer?.(yes);
  }

  override render() {
    if (!this.question) return nothing;
    const { heading, text, yes, danger } = this.question;
    return html`<vtrack-dialog .heading=${heading} @closed=${() => this.done(false)}>
      ${typeof text === "string" ? html`<p>${text}</p>` : text}
      <vtrack-button
        slot="actions"
        look="text"
        .label=${this.t("common.cancel")}
        @click=${() => this.done(false)}
      ></vtrack-button>
      <vtrack-button
        slot="actions"
        .look=${danger ? "danger" : "primary"}
        .label=${yes}
        @click=${() => this.done(true)}
      ></vtrack-button>
    </vtrack-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-dialog": VtrackDialog;
    "vtrack-confirm": VtrackConfirm;
  }
}
