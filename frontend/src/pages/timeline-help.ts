import { css, html } from "lit";
import { query, state } from "lit/decorators.js";
import { base, fields } from "../styles/base";
import "../ui/button";
import "../ui/dialog";
import type { VtrackDialog } from "../ui/dialog";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";

const KEY = "vtrack-nvr-single-keys";

/** Whether single letters do something: a person may switch them off (WCAG 2.1.4). */
export function singleKeys(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // no storage in this browser: as if never switched
  }
}

const KEYS: readonly [string, string][] = [
  ["Space K", "play"],
  ["← →", "seconds"],
  ["Shift ← →", "minute"],
  ["Alt ← → , .", "frame"],
  ["J L", "ten"],
  ["N B", "event"],
  ["↑ ↓", "camera"],
  ["< >", "speed"],
  ["+ −", "zoom"],
  ["0", "day"],
  ["Home End", "ends"],
  ["[ ]", "range"],
  ["X P Delete", "act"],
  ["G", "go"],
  ["F U I S", "picture"],
  ["1 – 4", "tile"],
  ["H Esc", "help"],
];

/** The dialogs of the timeline page: its keys, and going to a time. Dispatches `go`. */
@element("vtrack-timeline-help")
export class VtrackTimelineHelp extends VtrackElement {
  @state() private at = 0;
  @state() private areOn = singleKeys();
  @state() private isWrong = false;
  @query("#keys") private keys!: VtrackDialog;
  @query("#time") private time!: VtrackDialog;

  static override styles = [
    base,
    fields,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(330px, 1fr));
        gap: 6px var(--vt-s5);
      }

      dl > div {
        display: grid;
        grid-template-columns: 130px 1fr;
        align-items: baseline;
        gap: var(--vt-s3);
      }

      dt {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }

      kbd {
        font: 500 12px/1.6 var(--vt-font);
        min-inline-size: 22px;
        padding: 0 6px;
        text-align: center;
        border: 1px solid var(--vt-line-strong);
        border-block-end-width: 2px;
        border-radius: 5px;
      }

      .check {
        display: flex;
        align-items: center;
        gap: var(--vt-s3);
        min-block-size: var(--vt-target);
        margin-block-start: var(--vt-s3);
      }

      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--vt-s3);
      }

      form label {
        flex: 1 1 140px;
      }

      .wrong {
        color: var(--vt-error);
        margin-block-start: var(--vt-s2);
      }
    `,
  ];

  show(): void {
    void this.keys.show();
  }

  askTime(t: number): void {
    this.at = t;
    this.isWrong = false;
    void this.updateComplete.then(() => this.time.show());
  }

  private readonly go = (event?: Event): void => {
    event?.preventDefault();
    const value = (name: string): string =>
      this.renderRoot.querySelector<HTMLInputElement>(`[name=${name}]`)!.value;
    const t = this.app.zone.read(value("day"), value("clock"));
    this.isWrong = t === undefined || t > this.app.now();
    if (this.isWrong) return;
    this.time.close();
    this.dispatchEvent(new CustomEvent("go", { detail: t }));
  };

  private switchKeys(event: Event): void {
    this.areOn = (event.target as HTMLInputElement).checked;
    try {
      localStorage.setItem(KEY, this.areOn ? "on" : "off");
    } catch {
      this.app.toast({ text: this.t("keys.not_stored") });
    }
  }

  override render() {
    const { zone } = this.app;
    return html`<vtrack-dialog id="keys" wide .heading=${this.t("keys.heading")}>
        <dl>
          ${KEYS.map(
            ([keys, what]) =>
              html`<div>
                <dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt>
                <dd>${this.t(`keys.${what}`)}</dd>
              </div>`,
          )}
        </dl>
        <label class="check">
          <input type="checkbox" .checked=${this.areOn} @change=${this.switchKeys} />
          ${this.t("keys.single")}
        </label>
      </vtrack-dialog>
      <vtrack-dialog id="time" .heading=${this.t("timeline.go_to")}>
        <form @submit=${this.go}>
          <label class="field"
            >${this.t("selection.date")}
            <input type="date" name="day" .value=${zone.dayName(this.at)} max=${zone.dayName(this.app.now())} />
          </label>
          <label class="field"
            >${this.t("selection.time")}
            <input type="time" name="clock" step="1" .value=${zone.clock(this.at)} />
          </label>
          <button type="submit" hidden></button>
        </form>
        ${this.isWrong ? html`<p class="wrong" role="alert">${this.t("timeline.no_time")}</p>` : ""}
        <vtrack-button
          slot="actions"
          look="primary"
          .label=${this.t("timeline.go")}
          @click=${() => this.go()}
        ></vtrack-button>
      </vtrack-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-timeline-help": VtrackTimelineHelp;
  }
}
