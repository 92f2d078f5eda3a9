import { css, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { mdiMotionSensorOff } from "@mdi/js";
import { Superseded, errorText } from "../api/errors";
import type { EventRow, Key } from "../api/types";
import { EVENT_ICONS } from "../ui/event_icons";
import "../pages/parts/thumbnail";
import { dayName } from "../pages/parts/words";
import type { CoverageEvent } from "../store/link";
import { base } from "../styles/base";
import { HOUR } from "../time/zone";
import { element } from "../ui/element";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";

const SETTLE_MS = 3000;
const MOST = 50;

/** Events of some cameras, newest first. Dispatches `chosen` with camera and moment. */
@element("vtrack-card-events")
export class VtrackCardEvents extends VtrackElement {
  @property({ attribute: false }) cameras: readonly Key[] = [];
  @property({ type: Number }) hours = 24;
  /** The moment that is shown: its event is marked. */
  @property({ type: Number }) time?: number;
  @state() private rows?: readonly EventRow[];
  @state() private error?: unknown;
  private asked = "";
  private timer?: ReturnType<typeof setTimeout>;

  static override styles = [
    base,
    css`
      :host {
        display: block;
        overflow: auto;
        overscroll-behavior: contain;
      }

      h3 {
        position: sticky;
        inset-block-start: 0;
        z-index: 1;
        padding: 8px 12px 4px;
        background: var(--vt-card);
        color: var(--vt-text-2);
        font-size: var(--vt-size-xs);
      }

      button {
        display: grid;
        grid-template-columns: 80px minmax(0, 1fr);
        align-items: center;
        gap: 10px;
        inline-size: 100%;
        min-block-size: 57px;
        padding: 6px 12px;
        border: 0;
        background: none;
        text-align: start;
        cursor: pointer;
      }

      button:hover {
        background: var(--vt-soft);
      }

      button[aria-current] {
        background: var(--vt-tint);
      }

      button:focus-visible {
        outline-offset: -2px;
      }

      vtrack-thumbnail {
        border-radius: var(--vt-radius-xs);
      }

      .what {
        display: flex;
        align-items: center;
        gap: 6px;
        color: var(--vt-text-2);
        font-size: var(--vt-size-s);
        --vt-icon-size: 16px;
      }

      vtrack-skeleton {
        margin: 8px 12px;
        block-size: 45px;
      }
    `,
  ];

  protected override appChanged(): void {
    this.app.link.addEventListener("coverage", this.changed);
  }

  override disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.app.link.removeEventListener("coverage", this.changed);
    super.disconnectedCallback();
  }

  protected override willUpdate(): void {
    const wanted = `${this.cameras.join()} ${this.hours}`;
    if (wanted === this.asked) return;
    this.asked = wanted;
    void this.load();
  }

  private readonly changed = (event: Event): void => {
    const touched = (event as CoverageEvent).detail;
    if (touched && !touched.some(([key]) => this.cameras.includes(key))) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, SETTLE_MS);
  };

  private async load(): Promise<void> {
    if (!this.cameras.length) return;
    const page = { cameras: [...this.cameras], from_ms: Math.floor(this.app.now() - this.hours * HOUR), limit: MOST };
    try {
      const { events } = await this.app.api.latest.run("events of a card", () => this.app.api.eventsPage(page));
      this.rows = events;
      this.error = undefined;
    } catch (error) {
      // Events that are shown stay; they are asked for again with the next change.
      if (!(error instanceof Superseded) && !this.rows) this.error = error;
    }
  }

  override render() {
    if (this.error) {
      return html`<vtrack-empty tone="error" .text=${errorText(this.error, this.app.texts)}>
        <vtrack-button compact .label=${this.t("common.try_again")} @click=${() => void this.load()}></vtrack-button>
      </vtrack-empty>`;
    }
    if (!this.rows) return html`<div aria-busy="true">${[1, 2, 3, 4].map(() => html`<vtrack-skeleton></vtrack-skeleton>`)}</div>`;
    if (!this.rows.length) return html`<vtrack-empty .icon=${mdiMotionSensorOff} .text=${this.t("card.no_events")}></vtrack-empty>`;
    let last = "";
    return html`<ul>
      ${repeat(
        this.rows,
        (row) => `${row.camera} ${row.start_ms} ${row.event_class}`,
        (row) => {
          const day = dayName(this.app, row.start_ms);
          const heading = day === last ? nothing : html`<h3>${day}</h3>`;
          last = day;
          return html`<li>${heading}${this.row(row)}</li>`;
        },
      )}
    </ul>`;
  }

  private row(row: EventRow) {
    const { app } = this;
    const path = row.clip_id === null ? undefined : app.store.state.info?.urls.thumbnail.replace("{id}", String(row.clip_id));
    const isShown = this.time !== undefined && this.time >= row.start_ms && this.time < Math.max(row.end_ms, row.start_ms + 1000);
    return html`<button type="button" aria-current=${isShown ? "true" : nothing} @click=${() => this.choose(row)}>
      <vtrack-thumbnail .path=${path}></vtrack-thumbnail>
      <span class="truncate">
        <span class="num">${app.formats.timeSeconds(row.start_ms)}</span>
        <span class="what truncate">
          <vtrack-icon .path=${EVENT_ICONS[row.event_class]}></vtrack-icon>
          <span class="truncate"
            >${this.t(`event.${row.event_class}`)}${this.cameras.length > 1 ? ` · ${app.cameraName(row.camera)}` : nothing}</span
          >
        </span>
      </span>
    </button>`;
  }

  private choose(row: EventRow): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: { camera: row.camera, t: row.start_ms } }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-card-events": VtrackCardEvents;
  }
}
