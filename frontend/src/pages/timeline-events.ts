import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Superseded, errorText } from "../api/errors";
import { EVENT_CLASSES, type EventClass, type EventRow, type Key } from "../api/types";
import type { App } from "../store/app";
import type { CoverageEvent } from "../store/link";
import { base } from "../styles/base";
import { SECOND } from "../time/zone";
import { element } from "../ui/element";
import { EVENT_ICONS } from "../ui/event_icons";
import "../ui/picture";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";

const PAGE = 50;
const LEAD = 3 * SECOND;
const ANEW_AFTER = 10_000;

/** Events of a day, newest first. Dispatches `seek` and `classes` (undefined is all). */
@element("vtrack-event-list")
export class VtrackEventList extends VtrackElement {
  @property({ attribute: false }) cameras: Key[] = [];
  @property({ type: Number }) time?: number;
  @property({ attribute: false }) classes?: EventClass[];
  @state() private rows?: EventRow[];
  @state() private next: string | null = null;
  @state() private problem?: string;
  private asked = "";
  private isDue = false;
  private timer?: ReturnType<typeof setTimeout>;
  private watching?: App;

  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: var(--vt-s2);
        min-block-size: 0;
      }

      h2 {
        font-size: var(--vt-size-m);
      }

      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        --vt-chip-padding: 9px;
      }

      ul {
        display: grid;
        gap: 2px;
        margin-inline: calc(-1 * var(--vt-s2));
      }

      .event {
        display: grid;
        grid-template-columns: 84px 1fr;
        align-items: center;
        gap: var(--vt-s3);
        inline-size: 100%;
        padding: 5px var(--vt-s2);
        border: 0;
        border-radius: var(--vt-radius-s);
        background: none;
        text-align: start;
        cursor: pointer;
      }

      .event:hover {
        background: var(--vt-soft);
      }

      .event[aria-current] {
        background: var(--vt-tint);
      }

      .event:focus-visible {
        outline-offset: -2px;
      }

      vtrack-picture {
        inline-size: 84px;
        border-radius: 6px;
      }

      .what {
        display: flex;
        align-items: center;
        gap: 6px;
        font-weight: 500;
        --vt-icon-size: 16px;
      }

      .when {
        font-size: var(--vt-size-s);
        color: var(--vt-text-2);
        font-variant-numeric: tabular-nums;
      }

      .more {
        border: 0;
        background: none;
        color: var(--vt-accent-text);
        min-block-size: var(--vt-target);
        font-weight: 500;
        cursor: pointer;
      }
    `,
  ];

  protected override appChanged(app: App | undefined): void {
    this.watching?.link.removeEventListener("coverage", this.covered);
    this.watching = app;
    app?.link.addEventListener("coverage", this.covered);
    if (!app) clearTimeout(this.timer);
  }

  private readonly covered = (event: Event): void => {
    const touched = (event as CoverageEvent).detail;
    if (touched?.every(([camera]) => !this.cameras.includes(camera))) return;
    this.isDue = true;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.requestUpdate();
    }, ANEW_AFTER);
  };

  private get day(): { from: number; to: number } {
    const { zone } = this.app;
    const from = zone.startOfDay(this.time ?? this.app.now());
    return { from, to: zone.dayAfter(from) };
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const { from } = this.day;
    const key = [from, this.classes?.join() ?? "", ...this.cameras].join("\n");
    if ((key === this.asked && !this.isDue) || this.cameras.length === 0) return;
    if (key !== this.asked) this.rows = undefined;
    this.asked = key;
    this.isDue = false;
    void this.load();
  }

  private async load(cursor?: string): Promise<void> {
    const { from, to } = this.day;
    const { asked } = this;
    try {
      const page = await this.app.api.latest.run("events/page", () =>
        this.app.api.eventsPage({
          cameras: this.cameras,
          from_ms: from,
          to_ms: to,
          classes: this.classes,
          limit: PAGE,
          cursor,
        }),
      );
      if (asked !== this.asked) return;
      this.rows = cursor ? [...(this.rows ?? []), ...page.events] : page.events;
      this.next = page.next;
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof Superseded)) this.problem = errorText(error, this.app.texts);
    }
  }

  private toggle(cls: EventClass): void {
    const now = this.classes ?? [];
    const next = now.includes(cls) ? now.filter((each) => each !== cls) : [...now, cls];
    const detail = next.length === 0 || next.length === EVENT_CLASSES.length ? undefined : next;
    this.dispatchEvent(new CustomEvent("classes", { detail }));
  }

  private seek(row: EventRow): void {
    const detail = { camera: row.camera, t: row.start_ms - LEAD, play: true };
    this.dispatchEvent(new CustomEvent("seek", { detail }));
  }

  private row(row: EventRow, isCurrent: boolean) {
    const { formats } = this.app;
    const length = row.end_ms - row.start_ms;
    const what = this.t(`event.${row.event_class}`);
    return html`<li>
      <button
        type="button"
        class="event"
        aria-current=${isCurrent ? "true" : nothing}
        @click=${() => this.seek(row)}
      >
        <vtrack-picture .clip=${row.clip_id ?? undefined}></vtrack-picture>
        <span>
          <span class="what"
            ><vtrack-icon .path=${EVENT_ICONS[row.event_class]}></vtrack-icon>${what}</span
          >
          <span class="when"
            >${formats.timeSeconds(row.start_ms)}${length >= SECOND
              ? ` · ${formats.duration(length)}`
              : ""}</span
          >
          ${this.cameras.length > 1
            ? html`<br /><span class="when">${this.app.cameraName(row.camera)}</span>`
            : nothing}
        </span>
      </button>
    </li>`;
  }

  private list() {
    if (this.problem) return html`<p role="alert">${this.problem}</p>`;
    if (!this.rows) {
      return html`${[1, 2, 3].map(
        () => html`<vtrack-skeleton style="block-size: 52px"></vtrack-skeleton>`,
      )}`;
    }
    if (this.rows.length === 0) return html`<p class="muted small">${this.t("events.none")}</p>`;
    const current = this.rows.find((row) => row.start_ms - LEAD <= (this.time ?? Infinity) + 500);
    return html`<ul>
        ${repeat(
          this.rows,
          (row) => `${row.camera} ${row.start_ms} ${row.event_class}`,
          (row) => this.row(row, row === current),
        )}
      </ul>
      ${this.next
        ? html`<button class="more" @click=${() => this.load(this.next ?? undefined)}>
            ${this.t("common.more")}
          </button>`
        : nothing}`;
  }

  override render() {
    return html`<h2>${this.t("events.heading", { day: this.app.formats.day(this.day.from) })}</h2>
      <div class="chips" role="group" aria-label=${this.t("events.filter")}>
        ${EVENT_CLASSES.map(
          (cls) =>
            html`<vtrack-chip
              .icon=${EVENT_ICONS[cls]}
              .label=${this.t(`event.${cls}`)}
              ?selected=${this.classes?.includes(cls) ?? false}
              @click=${() => this.toggle(cls)}
            ></vtrack-chip>`,
        )}
      </div>
      ${this.list()}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-event-list": VtrackEventList;
  }
}
