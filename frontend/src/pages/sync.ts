import { css, html, nothing } from "lit";
import { state } from "lit/decorators.js";
import { mdiCheckAll, mdiClose, mdiHistory, mdiLanCheck, mdiPause, mdiPlay, mdiRefresh, mdiSync } from "@mdi/js";
import { errorText } from "../api/errors";
import type { Fetching, Key, Queue, QueueRow, Run } from "../api/types";
import { writeTime } from "../panel/router";
import { base } from "../styles/base";
import { element } from "../ui/element";
import type { MenuItem } from "../ui/menu";
import "../ui/menu";
import "../ui/states";
import "../ui/tabs";
import { VtrackElement } from "../ui/vtrack-element";
import "./parts/connections";
import "./parts/notices";
import { Paged } from "./parts/paged";
import { pageStyles } from "./parts/page_styles";
import { counted } from "../i18n/counted";
import { moment } from "./parts/words";

type Tab = "queue" | "runs" | "connections";

const PAGE = 50;
const SETTLE_MS = 3000;
const PAUSES = [15, 60, 240, 1440] as const;

/** What is copied now, what waits and why, and what was done. */
@element("vtrack-page-sync")
export class VtrackPageSync extends VtrackElement {
  @state() private tab: Tab = "queue";
  @state() private totals?: Queue["totals"];
  protected readonly seen = this.select(({ fetching, nvrs, info }) => [fetching, nvrs, info]);
  private timer?: ReturnType<typeof setTimeout>;
  private readonly queue = new Paged<QueueRow>(this, async (cursor) => {
    const { rows, next, totals } = await this.app.api.queue({ limit: PAGE, cursor });
    this.totals = totals;
    return { rows, next };
  });
  private readonly runs = new Paged<Run>(this, async (cursor) => {
    const { runs, next } = await this.app.api.runs({ limit: PAGE, cursor });
    return { rows: runs, next };
  });

  static override styles = [
    base,
    pageStyles,
    css`
      .fetch {
        flex-wrap: wrap;
        row-gap: 4px;
      }

      .fetch vtrack-progress {
        flex: 1 1 160px;
      }

      .queue .row {
        align-items: center;
      }

      .why {
        flex: 0 1 300px;
        min-inline-size: 0;
        display: grid;
        justify-items: end;
        text-align: end;
        gap: 2px;
        font-size: var(--vt-size-s);
      }

      a.name {
        color: inherit;
        text-decoration: none;
      }

      a.name:hover {
        text-decoration: underline;
      }

      .more {
        display: flex;
        justify-content: center;
        padding: var(--vt-s3);
      }

      .scroll {
        overflow-x: auto;
      }

      @container page (inline-size < 640px) {
        .fetch {
          display: grid;
          grid-template-columns: minmax(0, 1fr) auto auto;
        }

        .fetch > .stretch {
          grid-column: 1 / 3;
          grid-row: 2;
        }

        .fetch > vtrack-progress {
          grid-column: 1 / -1;
          grid-row: 3;
        }

        .fetch > .tail {
          grid-column: 1 / -1;
          grid-row: 4;
        }

        .fetch > vtrack-button {
          grid-column: 3;
          grid-row: 1 / 3;
        }

        .queue .row {
          flex-wrap: wrap;
        }

        .queue .row > .grow {
          flex-basis: 60%;
        }

        .why {
          flex-basis: 100%;
          order: 3;
          justify-items: start;
          text-align: start;
        }

        table,
        tbody,
        tr,
        td {
          display: block;
        }

        thead {
          display: none;
        }

        tr {
          padding: var(--vt-s3);
          display: flex;
          flex-wrap: wrap;
          gap: 2px var(--vt-s3);
        }

        td,
        tr > :first-child,
        tr > :last-child {
          padding: 0;
          text-align: start;
        }

        td:first-child,
        td.wide {
          flex-basis: 100%;
        }

        td:not(:first-child) {
          color: var(--vt-text-2);
          font-size: var(--vt-size-s);
        }

        td:empty {
          display: none;
        }
      }
    `,
  ];

  protected override appChanged(): void {
    this.app.link.addEventListener("coverage", this.changed);
    this.queue.begin();
  }

  override disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.app.link.removeEventListener("coverage", this.changed);
    super.disconnectedCallback();
  }

  /** The queue is asked for anew when something was copied, seldom enough to read it. */
  private readonly changed = (): void => {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.tab === "runs") this.runs.refresh();
      else this.queue.refresh();
    }, SETTLE_MS);
  };

  override render() {
    return html`<div class="page narrow">
      <vtrack-notices></vtrack-notices>
      ${this.now()}
      <section>
        <vtrack-tabs
          .label=${this.t("sync.title")}
          .tabs=${[
            { id: "queue", label: this.t("sync.queue"), icon: mdiCheckAll },
            { id: "runs", label: this.t("sync.runs"), icon: mdiHistory },
            ...(this.app.isAdmin ? [{ id: "connections", label: this.t("sync.connections"), icon: mdiLanCheck }] : []),
          ]}
          .value=${this.tab}
          @chosen=${(event: CustomEvent<{ id: Tab }>) => this.show(event.detail.id)}
        ></vtrack-tabs>
        ${this.tab === "queue" ? this.queueList() : this.tab === "runs" ? this.runList() : html`<vtrack-connections></vtrack-connections>`}
      </section>
    </div>`;
  }

  private show(tab: Tab): void {
    this.tab = tab;
    if (tab === "runs") this.runs.begin();
    else if (tab === "queue") this.queue.begin();
  }

  // Now

  private now() {
    const { fetching, nvrs } = this.app.store.state;
    const rows = Object.entries(fetching);
    const paused = Object.values(nvrs).filter((nvr) => nvr.is_paused);
    return html`<section aria-labelledby="now">
      <div class="head many">
        <h2 id="now">${this.t("sync.now")}</h2>
        ${this.buttons(paused.length > 0)}
      </div>
      <div class="card rows">
        ${paused.length
          ? html`<div class="row">
              <vtrack-icon .path=${mdiPause}></vtrack-icon>
              <span class="grow">${this.pausedWords(paused.map((nvr) => nvr.paused_until_ms))}</span>
            </div>`
          : nothing}
        ${rows.map(([key, fetch]) => this.fetchRow(key, fetch))}
        ${!rows.length && !paused.length
          ? html`<div class="row"><span class="muted">${this.t("overview.fetching.nothing")}</span></div>`
          : nothing}
      </div>
    </section>`;
  }

  private pausedWords(until: readonly (number | null)[]): string {
    const known = until.filter((ms): ms is number => ms !== null);
    return known.length ? this.t("sync.paused_until", { moment: moment(this.app, Math.min(...known)) }) : this.t("sentence.paused");
  }

  private buttons(isPaused: boolean) {
    const { app } = this;
    if (!app.store.state.info?.cameras.some((camera) => camera.may_control)) return nothing;
    const items: MenuItem[] = PAUSES.map((minutes) => ({
      id: String(minutes),
      label: this.t("sync.pause_for", { duration: app.formats.duration(minutes * 60_000, "long") }),
    }));
    return html`${app.isAdmin
        ? isPaused
          ? html`<vtrack-button .icon=${mdiPlay} .label=${this.t("sync.resume")} @click=${() => this.run(app.api.resume(), "sync.resuming")}></vtrack-button>`
          : html`<vtrack-menu
              .items=${items}
              .label=${this.t("sync.pause")}
              @chosen=${(event: CustomEvent<{ id: string }>) => this.run(app.api.pause(undefined, Number(event.detail.id)), "sync.pausing")}
            >
              <vtrack-button look="text" has-popup="menu" .icon=${mdiPause} .label=${this.t("sync.pause")}></vtrack-button>
            </vtrack-menu>`
        : nothing}
      <vtrack-button look="primary" .icon=${mdiSync} .label=${this.t("overview.sync_now")} @click=${() => this.run(app.api.sync(), "overview.sync_started")}></vtrack-button>`;
  }

  private run(done: Promise<unknown>, text: string): void {
    done
      .then(() => {
        this.app.toast({ text: this.t(text) });
        this.changed();
      })
      .catch((error: unknown) => this.app.toastError(error));
  }

  private fetchRow(key: Key, fetch: Fetching) {
    const { app } = this;
    const name = app.cameraName(key);
    return html`<div class="row fetch">
      <span class="name">${name}</span>
      <span class="num stretch">${app.formats.range(fetch.start_ms, fetch.end_ms)}</span>
      <vtrack-progress .value=${fetch.done} .label=${name}></vtrack-progress>
      <span class="num">${app.formats.percent(Math.min(0.99, fetch.done))}</span>
      <span class="num muted small tail">
        ${app.formats.bytes(fetch.bytes)}${fetch.seconds_left === null
          ? nothing
          : html` · ${this.t("overview.fetching.left", { duration: app.formats.duration(fetch.seconds_left * 1000) })}`}
      </span>
      ${app.camera(key)?.may_control
        ? html`<vtrack-button
            look="text"
            icon-only
            .icon=${mdiClose}
            .label=${this.t("sync.cancel_row", { name })}
            @click=${() => this.run(app.api.stopFetch(key), "sync.cancelled")}
          ></vtrack-button>`
        : nothing}
    </div>`;
  }

  // Queue

  private queueList() {
    const { queue, totals } = this;
    const waiting = (totals?.on_device_s ?? 0) + (totals?.failed_s ?? 0);
    const rows = queue.rows.filter(({ state }) => state !== "fetching");
    if (queue.error) return this.failed(queue.error, queue.begin);
    if (queue.isLoading && !queue.rows.length) return this.skeleton();
    if (!rows.length) {
      return html`<div class="card">
        <vtrack-empty .icon=${mdiCheckAll} .heading=${this.t("empty.queue.title")} .text=${this.t("empty.queue.text")}></vtrack-empty>
      </div>`;
    }
    return html`<p class="note num">
        ${this.t((totals?.failed_s ?? 0) > 0 ? "sync.waiting_failed" : "sync.waiting_sum", {
          duration: this.app.formats.duration(waiting * 1000, "long"),
          failed: this.app.formats.duration((totals?.failed_s ?? 0) * 1000, "long"),
        })}
      </p>
      <ul class="card rows queue">
        ${rows.map((row) => html`<li class="row">${this.queueRow(row)}</li>`)}
      </ul>
      ${this.more(queue)}`;
  }

  private queueRow(row: QueueRow) {
    const { app } = this;
    const name = app.cameraName(row.camera);
    const label = row.state === "requested" ? "busy" : row.state === "failed" || row.state === "missing" ? "bad" : "";
    const tries = row.attempts > 0 ? counted(app, "tries", row.attempts) : "";
    const next = row.next_try_ms === null ? "" : this.t("sync.next_try", { moment: moment(app, row.next_try_ms) });
    return html`<div class="grow">
        <a class="name" href=${app.router.href("timeline", { c: row.camera, t: writeTime(row.from_ms), a: writeTime(row.from_ms), b: writeTime(row.to_ms) })}
          >${name}</a
        >
        <p class="meta num">
          <span>${app.formats.range(row.from_ms, row.to_ms)}</span>
          <span>${app.formats.duration(row.to_ms - row.from_ms)}</span>
          ${row.note ? html`<span>${row.note}</span>` : nothing}
        </p>
      </div>
      <div class="why">
        <span class="chip ${label}">${this.t(`sync.state.${row.state}`)}</span>
        ${row.reason ? html`<span>${this.t(`reason.${row.reason}`)}</span>` : nothing}
        ${next || tries ? html`<span class="muted num">${[next, tries].filter(Boolean).join(" · ")}</span>` : nothing}
      </div>
      ${row.job
        ? html`<vtrack-button
            look="text"
            icon-only
            .icon=${mdiClose}
            .label=${this.t("sync.cancel_row", { name })}
            @click=${() => this.run(app.api.cancelJob(row.job!), "sync.cancelled")}
          ></vtrack-button>`
        : row.state === "failed" && app.camera(row.camera)?.may_control
          ? html`<vtrack-button
              look="text"
              icon-only
              .icon=${mdiRefresh}
              .label=${this.t("sync.try_row", { name })}
              @click=${() => this.run(app.api.fetch(row.camera, row.from_ms, row.to_ms), "sync.asked")}
            ></vtrack-button>`
          : nothing}`;
  }

  // History

  private runList() {
    const { app, runs } = this;
    if (runs.error) return this.failed(runs.error, runs.begin);
    if (runs.isLoading && !runs.rows.length) return this.skeleton();
    if (!runs.rows.length) {
      return html`<div class="card">
        <vtrack-empty .icon=${mdiHistory} .heading=${this.t("empty.runs.title")} .text=${this.t("empty.runs.text")}></vtrack-empty>
      </div>`;
    }
    const nvr = (key: Key): string => app.store.state.info?.nvrs.find((each) => each.key === key)?.name ?? key;
    const column = (key: string, kind = "") => html`<th scope="col" class=${kind}>${this.t(`sync.column.${key}`)}</th>`;
    return html`<div class="card scroll">
        <table>
          <thead>
            <tr>
              ${column("started")} ${column("device")} ${column("why")} ${column("clips", "end")} ${column("size", "end")} ${column("took", "end")}
              ${column("state")}
            </tr>
          </thead>
          <tbody>
            ${runs.rows.map(
              (run) =>
                html`<tr>
                  <td>${moment(app, run.started_ms)}</td>
                  <td>${nvr(run.nvr)}</td>
                  <td>${this.t(`sync.run.${run.kind}`)}</td>
                  <td class="end">${run.clips ? counted(app, "clips", run.clips) : "–"}</td>
                  <td class="end">${run.bytes ? app.formats.bytes(run.bytes) : "–"}</td>
                  <td class="end">
                    ${run.ended_ms === null ? "–" : app.formats.duration(Math.max(1000, run.ended_ms - run.started_ms))}
                  </td>
                  <td class="wide">${this.runState(run)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${this.more(runs)}`;
  }

  private runState(run: Run) {
    if (run.ended_ms === null) return html`<span class="chip busy">${this.t("sync.running")}</span>`;
    if (run.errors === 0) return html`<span class="chip good">${this.t("sync.well")}</span>`;
    return html`<span class="chip bad">${counted(this.app, "errors", run.errors)}</span>${run.detail
        ? html` <span class="small muted">${run.detail}</span>`
        : nothing}`;
  }

  private more(list: Paged<QueueRow> | Paged<Run>) {
    return list.hasMore
      ? html`<div class="more">
          <vtrack-button .label=${this.t("sync.more")} ?busy=${list.isLoading} @click=${list.more}></vtrack-button>
        </div>`
      : nothing;
  }

  private failed(error: unknown, again: () => void) {
    return html`<div class="card">
      <vtrack-empty tone="error" .heading=${this.t("trouble.failed")} .text=${errorText(error, this.app.texts)}>
        <vtrack-button look="primary" .label=${this.t("trouble.again")} @click=${again}></vtrack-button>
      </vtrack-empty>
    </div>`;
  }

  private skeleton() {
    return html`<div class="card rows" aria-busy="true">
      ${Array.from({ length: 5 }, () => html`<div class="row"><vtrack-skeleton class="grow" style="block-size:32px"></vtrack-skeleton></div>`)}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-sync": VtrackPageSync;
  }
}
