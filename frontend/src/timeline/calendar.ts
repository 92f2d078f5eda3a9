import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import { mdiChevronLeft, mdiChevronRight } from "@mdi/js";
import { Superseded } from "../api/errors";
import { STATES, type Key, type Month, type State } from "../api/types";
import type { App } from "../store/app";
import type { CoverageEvent } from "../store/link";
import { base } from "../styles/base";
import "../ui/button";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";

export interface DayCoverage {
  /** 0 to 1: kept of what counts; undefined where nothing counts. */
  share?: number;
  /** Something failed, is lost or missing. */
  hasProblem: boolean;
  /** The device holds footage that is copied only on request. */
  hasRequestable: boolean;
}

const EXPECTED: readonly State[] = ["kept", "on_device", "fetching", "failed", "lost", "missing"];
const PROBLEMS: readonly State[] = ["failed", "lost", "missing"];
const FRESH_MS = 60_000;

/** How well a day is covered, over some cameras: seconds per state, in the order of STATES. */
export function dayCoverage(rows: readonly (readonly number[])[]): DayCoverage {
  const sum = (states: readonly State[]): number =>
    rows.reduce(
      (total, row) => total + states.reduce((all, each) => all + (row[STATES.indexOf(each)] ?? 0), 0),
      0,
    );
  const expected = sum(EXPECTED);
  return {
    share: expected > 0 ? sum(["kept"]) / expected : undefined,
    hasProblem: sum(PROBLEMS) > 0,
    hasRequestable: sum(["on_request"]) > 0,
  };
}

/** A month with how well each day is covered. Dispatches `day` with its beginning, `{ from, to }`. */
@element("vtrack-calendar")
export class VtrackCalendar extends VtrackElement {
  @property({ attribute: false }) cameras: Key[] = [];
  /** The day that is marked as shown. */
  @property({ type: Number }) time?: number;
  @state() private month?: number;
  @state() private loaded?: Month;
  private asked = "";
  private askedAt = 0;
  private followed = "";

  static override styles = [
    base,
    css`
      :host {
        display: block;
      }

      header {
        display: flex;
        align-items: center;
        margin-block-end: var(--vt-s1);
      }

      h2 {
        flex: 1;
        text-align: center;
        font-size: var(--vt-size-m);
      }

      table {
        inline-size: 100%;
        border-spacing: 2px;
        table-layout: fixed;
      }

      th {
        font-size: var(--vt-size-xs);
        font-weight: 400;
        color: var(--vt-text-2);
        padding: 0 0 2px;
      }

      td {
        padding: 0;
      }

      button.day {
        display: grid;
        justify-items: center;
        align-content: center;
        gap: 3px;
        inline-size: 100%;
        min-block-size: 38px;
        padding: 0;
        border: 1px solid transparent;
        border-radius: var(--vt-radius-s);
        background: none;
        font-variant-numeric: tabular-nums;
        font-size: var(--vt-size-s);
        cursor: pointer;
        position: relative;
      }

      button.day:hover {
        background: var(--vt-soft-2);
      }

      button.day[aria-current="date"] {
        background: var(--vt-tint-2);
        color: var(--vt-accent-text);
        font-weight: 600;
      }

      button.day:disabled {
        color: var(--vt-text-2);
        opacity: 0.45;
        cursor: default;
        background: none;
      }

      button.today {
        border-color: var(--vt-line-strong);
      }

      .bar {
        inline-size: 22px;
        block-size: 4px;
        border-radius: 2px;
        background: var(--vt-soft-2);
        overflow: hidden;
      }

      .bar.requestable {
        box-sizing: border-box;
        border: 1px solid var(--vt-on-request);
        background: none;
      }

      .bar span {
        display: block;
        block-size: 100%;
        background: var(--vt-kept);
      }

      .problem {
        position: absolute;
        inset-block-start: 3px;
        inset-inline-end: 5px;
        color: var(--vt-failed);
        font-size: 11px;
        font-weight: 700;
        line-height: 1;
      }

      @media (forced-colors: active) {
        .bar {
          border: 1px solid CanvasText;
        }

        .bar span {
          background: CanvasText;
          forced-color-adjust: none;
        }

        button.day[aria-current="date"] {
          border-color: Highlight;
        }
      }
    `,
  ];

  protected override appChanged(app: App | undefined): void {
    this.watching?.link.removeEventListener("coverage", this.covered);
    this.watching = app;
    app?.link.addEventListener("coverage", this.covered);
  }

  private watching?: App;

  private readonly covered = (event: Event): void => {
    // One minute is soon enough for a month; a reconnect may have changed anything.
    if ((event as CoverageEvent).detail !== null && Date.now() - this.askedAt < FRESH_MS) return;
    this.asked = "";
    this.requestUpdate();
  };

  private get shownMonth(): number {
    return this.month ?? this.app.zone.startOfMonth(this.time ?? this.app.now());
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("time") || this.time === undefined) return;
    // The calendar goes along when the playhead comes to another month, not when a person leafs.
    const now = this.app.zone.dayName(this.time).slice(0, 7);
    if (now !== this.followed) this.month = undefined;
    this.followed = now;
  }

  protected override updated(): void {
    const month = this.app.zone.dayName(this.shownMonth).slice(0, 7);
    const cameras = this.cameras.slice(0, this.app.store.state.info?.limits.month_cameras ?? 64);
    const key = `${month} ${cameras.join("\n")}`;
    if (key === this.asked || cameras.length === 0) return;
    this.asked = key;
    this.askedAt = Date.now();
    void this.load(cameras, month);
  }

  private async load(cameras: Key[], month: string): Promise<void> {
    try {
      this.loaded = await this.app.api.latest.run("coverage/month", () =>
        this.app.api.month(cameras, month),
      );
    } catch (error) {
      if (!(error instanceof Superseded)) this.loaded = undefined; // days without bars
    }
  }

  private leaf(months: number): void {
    this.month = this.app.zone.monthAfter(this.shownMonth, months);
  }

  private choose(from: number): void {
    const detail = { from, to: this.app.zone.dayAfter(from) };
    this.dispatchEvent(new CustomEvent("day", { detail }));
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const days = [...this.renderRoot.querySelectorAll<HTMLButtonElement>("button.day")];
    const at = days.indexOf(this.shadowRoot?.activeElement as HTMLButtonElement);
    days[Math.max(0, Math.min(at + step, days.length - 1))]?.focus();
  };

  private coverage(day: string): DayCoverage | undefined {
    const { loaded } = this;
    const at = loaded?.days.indexOf(day) ?? -1;
    if (!loaded || at < 0) return undefined;
    return dayCoverage(
      this.cameras.map((camera) => loaded.cameras[camera]?.[at]).filter((row) => row !== undefined),
    );
  }

  private day(from: number) {
    const { zone, formats } = this.app;
    const now = this.app.now();
    const name = zone.dayName(from);
    const covered = from > now ? undefined : this.coverage(name);
    const isShown = this.time !== undefined && zone.dayName(this.time) === name;
    const isOnRequest = covered?.share === undefined && covered?.hasRequestable;
    const words = covered
      ? covered.share === undefined
        ? this.t(isOnRequest ? "calendar.on_request" : "calendar.nothing")
        : this.t("calendar.covered", { percent: formats.percent(covered.share) })
      : "";
    const problem = covered?.hasProblem ? `, ${this.t("calendar.problem")}` : "";
    return html`<button
      type="button"
      class="day ${zone.dayName(now) === name ? "today" : ""}"
      ?disabled=${from > now}
      tabindex=${isShown ? "0" : "-1"}
      aria-current=${isShown ? "date" : nothing}
      aria-label="${formats.dayLong(from)}${words ? `: ${words}` : ""}${problem}"
      @click=${() => this.choose(from)}
    >
      ${formats.dayOfMonth(from)}
      <span
        class="bar ${isOnRequest ? "requestable" : ""}"
        style=${covered?.share === undefined && !isOnRequest ? "visibility: hidden" : ""}
        ><span style="inline-size: ${Math.round((covered?.share ?? 0) * 100)}%"></span
      ></span>
      ${covered?.hasProblem ? html`<span class="problem">!</span>` : nothing}
    </button>`;
  }

  override render() {
    const { zone, formats } = this.app;
    const first = this.shownMonth;
    const end = zone.monthAfter(first);
    const weekdays = formats.weekdays();
    const lead = weekdays.findIndex(({ day }) => day === zone.fields(first).weekday);
    const cells: (number | undefined)[] = Array.from({ length: lead }, () => undefined);
    for (let day = first; day < end; day = zone.dayAfter(day)) cells.push(day);
    const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, week) =>
      Array.from({ length: 7 }, (_each, at) => cells[week * 7 + at]),
    );
    return html`<header>
        <vtrack-button
          look="text"
          compact
          icon-only
          directed
          .icon=${mdiChevronLeft}
          .label=${this.t("calendar.previous")}
          @click=${() => this.leaf(-1)}
        ></vtrack-button>
        <h2 aria-live="polite">${formats.month(first)}</h2>
        <vtrack-button
          look="text"
          compact
          icon-only
          directed
          ?disabled=${end > this.app.now()}
          .icon=${mdiChevronRight}
          .label=${this.t("calendar.next")}
          @click=${() => this.leaf(1)}
        ></vtrack-button>
      </header>
      <table @keydown=${this.keyed}>
        <thead>
          <tr>
            ${weekdays.map(({ short, long }) => html`<th scope="col" abbr=${long}>${short}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${weeks.map(
            (week) =>
              html`<tr>
                ${week.map((day) => html`<td>${day === undefined ? nothing : this.day(day)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-calendar": VtrackCalendar;
  }
}
