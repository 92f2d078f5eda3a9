import { html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { mdiArrowLeft, mdiChevronLeft, mdiChevronRight, mdiFileDelimitedOutline, mdiPrinter } from "@mdi/js";
import { errorText, Superseded } from "../../api/errors";
import type { Month } from "../../api/types";
import { writeTime } from "../../panel/router";
import { base } from "../../styles/base";
import { HOUR } from "../../time/zone";
import { element } from "../../ui/element";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { toCsv } from "../model/csv";
import { REPORT_STATES, type ReportCamera, type ReportDay, monthAfter, percentOfAll, reportOf, reportRows } from "../model/report";
import { printPage, saveText } from "./hand_out";
import { pageStyles } from "./page_styles";
import { PAPER, reportStyles } from "./report_styles";

const LEGEND = ["full", "most", "some", "none", "nothing"] as const;

/** How much of what should be kept was kept, for each camera and day of a month: to read, print, save. */
@element("vtrack-report")
export class VtrackReport extends VtrackElement {
  /** `2026-11` */
  @property() month = "";
  @state() private cameras?: readonly ReportCamera[];
  @state() private days: readonly { day: string; fromMs: number }[] = [];
  @state() private error?: unknown;
  private shown = "";

  static override styles = [base, pageStyles, reportStyles];

  protected override willUpdate(): void {
    if (this.month !== this.shown) void this.load();
  }

  private async load(): Promise<void> {
    const { app, month } = this;
    this.shown = month;
    this.error = undefined;
    const info = app.store.state.info;
    if (!info) return;
    const size = info.limits.month_cameras;
    try {
      const cameras: ReportCamera[] = [];
      for (let at = 0; at < info.cameras.length; at += size) {
        const some = info.cameras.slice(at, at + size);
        const keys = some.map(({ key }) => key);
        const answer: Month = await app.api.latest.run(`report ${at}`, () => app.api.month(keys, month));
        if (month !== this.month) return;
        this.days = answer.days.map((day, index) => ({ day, fromMs: answer.day_from_ms[index] ?? 0 }));
        cameras.push(...some.map(({ key, name }) => reportOf(key, name, answer, app.now())));
      }
      this.cameras = cameras;
    } catch (error) {
      if (!(error instanceof Superseded) && month === this.month) this.error = error;
    }
  }

  private go(months: number): void {
    this.app.router.go("storage", { report: monthAfter(this.month, months) }, true);
  }

  private get thisMonth(): string {
    return this.app.zone.dayName(this.app.now()).slice(0, 7);
  }

  private save(): void {
    const word = (key: string): string => this.t(`report.${key}`);
    const headings = [word("camera"), word("day"), word("percent"), ...REPORT_STATES.map((each) => word(`column.${each}`))];
    saveText(toCsv(reportRows(this.cameras ?? [], headings)), "text/csv", this.t("report.file", { month: this.month }));
  }

  private readonly print = (): void => {
    const table = this.renderRoot.querySelector("table");
    if (!table) return;
    const { app } = this;
    const page = document.implementation.createHTMLDocument("");
    page.documentElement.lang = app.hass.language;
    page.documentElement.dir = getComputedStyle(this).direction;
    page.title = `${this.t("report.title")}, ${this.month}`;
    const style = page.createElement("style");
    style.textContent = PAPER;
    page.head.append(style);
    const heading = page.createElement("h1");
    heading.textContent = `${this.t("report.title")}: ${app.formats.month(app.zone.read(`${this.month}-01`) ?? app.now())}`;
    const made = page.createElement("p");
    made.textContent = this.t("report.made", { moment: app.formats.dateTimeShort(app.now()) });
    page.body.append(heading, made, page.importNode(table, true));
    printPage(page.documentElement.outerHTML);
  };

  override render() {
    const { app } = this;
    const first = app.zone.read(`${this.month}-01`) ?? app.now();
    return html`<div class="page">
      <section>
        <div class="head">
          <vtrack-button

            look="text"
            icon-only
            directed
            .icon=${mdiArrowLeft}
            .label=${this.t("report.back")}
            .href=${app.router.href("storage")}
          ></vtrack-button>
          <h2>${this.t("report.title")}</h2>
          <div class="month">
            <vtrack-button
              look="text"
              icon-only
              directed
              .icon=${mdiChevronLeft}
              .label=${this.t("report.previous")}
              @click=${() => this.go(-1)}
            ></vtrack-button>
            <strong aria-live="polite">${app.formats.month(first)}</strong>
            <vtrack-button
              look="text"
              icon-only
              directed
              .icon=${mdiChevronRight}
              .label=${this.t("report.next")}
              ?disabled=${this.month >= this.thisMonth}
              @click=${() => this.go(1)}
            ></vtrack-button>
          </div>
          <div class="actions">
            <vtrack-button look="text" .icon=${mdiFileDelimitedOutline} .label=${this.t("report.csv")} ?disabled=${!this.cameras} @click=${this.save}></vtrack-button>
            <vtrack-button .icon=${mdiPrinter} .label=${this.t("report.print")} ?disabled=${!this.cameras} @click=${this.print}></vtrack-button>
          </div>
        </div>
        ${this.body()}
      </section>
    </div>`;
  }

  private body() {
    if (this.error) {
      return html`<div class="card">
        <vtrack-empty tone="error" .heading=${this.t("trouble.failed")} .text=${errorText(this.error, this.app.texts)}>
          <vtrack-button look="primary" .label=${this.t("trouble.again")} @click=${() => void this.load()}></vtrack-button>
        </vtrack-empty>
      </div>`;
    }
    if (!this.cameras) return html`<vtrack-skeleton style="block-size:320px" aria-busy="true"></vtrack-skeleton>`;
    const all = percentOfAll(this.cameras);
    return html`${all === null ? html`<p class="note">${this.t("report.empty")}</p>` : nothing}
      <div class="card scroll" tabindex="0" role="region" aria-label=${this.t("report.title")}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="camera">${this.t("report.camera")}</th>
              ${this.days.map((day) => html`<th scope="col" class="day ${this.weekend(day.fromMs)}">${this.app.formats.dayOfMonth(day.fromMs + HOUR)}</th>`)}
              <th scope="col" class="end">${this.t("report.kept")}</th>
              <th scope="col" class="end">${this.t("report.missing")}</th>
            </tr>
          </thead>
          <tbody>
            ${this.cameras.map((camera) => this.row(camera))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" class="camera">${this.t("report.total")}</th>
              <td colspan=${this.days.length}></td>
              <td class="end strong">${all === null ? "–" : this.percent(all)}</td>
              <td class="end">${this.length(this.cameras.reduce((sum, camera) => sum + camera.missingSeconds, 0))}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      <div class="under">
        <ul class="legend">
          ${LEGEND.map((tone) => html`<li><span class="swatch ${tone}"></span>${this.t(`report.legend.${tone}`)}</li>`)}
        </ul>
        <span class="muted small">${this.t("report.made", { moment: this.app.formats.dateTimeShort(this.app.now()) })}</span>
      </div>`;
  }

  private weekend(ms: number): string {
    const { weekday } = this.app.zone.fields(ms + HOUR);
    return weekday === 0 || weekday === 6 ? "weekend" : "";
  }

  private row(camera: ReportCamera) {
    return html`<tr>
      <th scope="row" class="camera">${camera.name}</th>
      ${camera.days.map((day) => this.cell(camera, day))}
      <td class="end strong">${camera.percent === null ? "–" : this.percent(camera.percent)}</td>
      <td class="end">${this.length(camera.missingSeconds)}</td>
    </tr>`;
  }

  private cell(camera: ReportCamera, day: ReportDay) {
    const names = { camera: camera.name, day: this.app.formats.day(day.fromMs + HOUR) };
    if (day.tone === "future") return html`<td class="cell future"></td>`;
    if (day.percent === null) {
      return html`<td class="cell nothing"><span class="hidden-text">${this.t("report.cell_nothing", names)}</span></td>`;
    }
    const number = this.app.formats.number(Math.floor(day.percent));
    const text = html`${number}<span class="hidden-text">${this.t("report.cell", names)}</span>`;
    // Only what somebody wants to look into is a link: a whole month would be a thousand of them.
    const inside =
      day.tone === "full"
        ? html`<span>${text}</span>`
        : html`<a href=${this.app.router.href("timeline", { c: camera.key, t: writeTime(day.fromMs + 12 * HOUR), z: 86_400 })}>${text}</a>`;
    return html`<td class="cell ${day.tone}">${inside}</td>`;
  }

  private percent(value: number): string {
    return this.app.formats.percent(value / 100);
  }

  private length(seconds: number): string {
    return seconds < 1 ? "–" : this.app.formats.duration(seconds * 1000);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-report": VtrackReport;
  }
}
