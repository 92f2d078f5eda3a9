import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import type { Key, Span } from "../api/types";
import { Superseded, errorText } from "../api/errors";
import { base } from "../styles/base";
import { element } from "../ui/element";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";
import type { View } from "./view";

/** The spans of the view as a list in words: for screen readers, and whoever prefers reading. */
@element("vtrack-span-list")
export class VtrackSpanList extends VtrackElement {
  @property() camera?: Key;
  @property({ attribute: false }) view?: View;
  @state() private spans?: Span[];
  @state() private problem?: string;
  @state() private isCut = false;
  private asked = "";

  static override styles = [
    base,
    css`
      :host {
        display: block;
        padding: var(--vt-s3);
        max-block-size: 260px;
        overflow: auto;
        user-select: text;
      }

      h3 {
        margin-block-end: var(--vt-s2);
      }

      li button {
        border: 0;
        background: none;
        padding: 6px 0;
        text-align: start;
        cursor: pointer;
      }

      li button:hover {
        text-decoration: underline;
      }
    `,
  ];

  protected override updated(_changed: PropertyValues<this>): void {
    const { camera, view } = this;
    if (!camera || !view) return;
    const key = `${camera} ${Math.round(view.from / 1000)} ${Math.round(view.to / 1000)}`;
    if (key === this.asked) return;
    this.asked = key;
    void this.load(camera, view);
  }

  private async load(camera: Key, view: View): Promise<void> {
    try {
      const to = Math.round(Math.min(view.to, this.app.now()));
      const answer = await this.app.api.latest.run("coverage/spans", () =>
        this.app.api.spans(camera, Math.round(Math.min(view.from, to - 1000)), to),
      );
      this.spans = answer.spans;
      this.isCut = answer.next_from_ms !== null;
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof Superseded)) this.problem = errorText(error, this.app.texts);
    }
  }

  private text(span: Span): string {
    const { formats } = this.app;
    const what = this.t(`state.${span.state}`);
    const why = span.reason ? `: ${this.t(`reason.${span.reason}`)}` : "";
    const next = span.next_try_ms
      ? `, ${this.t("timeline.next_try", { time: formats.time(span.next_try_ms) })}`
      : "";
    return `${formats.range(span.from_ms, span.to_ms)}: ${what}${why}${next}`;
  }

  override render() {
    const camera = this.camera ?? "";
    return html`<h3>${this.t("timeline.list_of", { camera: this.app.cameraName(camera) })}</h3>
      ${this.problem ? html`<p role="alert">${this.problem}</p>` : nothing}
      ${this.spans
        ? html`<ul>
            ${this.spans.map(
              (span) =>
                html`<li>
                  <button
                    type="button"
                    @click=${() =>
                      this.dispatchEvent(
                        new CustomEvent("seek", { detail: { camera, t: span.from_ms, play: true } }),
                      )}
                  >
                    ${this.text(span)}
                  </button>
                </li>`,
            )}
          </ul>`
        : html`<vtrack-skeleton></vtrack-skeleton>`}
      ${this.isCut ? html`<p class="muted">${this.t("timeline.list_cut")}</p>` : nothing}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-span-list": VtrackSpanList;
  }
}
