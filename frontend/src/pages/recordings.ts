import { html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import {
  mdiChartTimeline,
  mdiCheckboxMultipleMarkedOutline,
  mdiClose,
  mdiDelete,
  mdiDownload,
  mdiExportVariant,
  mdiFilmstripOff,
  mdiLock,
  mdiLockOpenVariant,
  mdiPlay,
  mdiRefresh,
  mdiRestore,
  mdiShareVariant,
} from "@mdi/js";
import { errorText } from "../api/errors";
import type { ClipFilter, ClipRow } from "../api/types";
import { writeTime } from "../panel/router";
import { runJob } from "../store/jobs";
import { base } from "../styles/base";
import type { VtrackConfirm } from "../ui/dialog";
import "../ui/dialog";
import { element } from "../ui/element";
import type { MenuItem } from "../ui/menu";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";
import { type ClipAct, type Rights, actsOf } from "./model/clip_acts";
import { type Filter, NO_FILTER, clipFilter, countLimits, filterQuery, parseFilter } from "./model/filter";
import { NOTHING_CHOSEN, type Selection, type Sum, chooseTo, sumOf, toggleAll, toggleOne, without } from "./model/selection";
import { type BulkKind, broughtBack, runBulk } from "./parts/bulk";
import "./parts/clip_row";
import type { RowChosen } from "./parts/clip_row";
import "./parts/export_dialog";
import type { VtrackExportDialog } from "./parts/export_dialog";
import "./parts/filter_bar";
import { fileName, saveFile } from "./parts/hand_out";
import "./parts/notices";
import { Paged } from "./parts/paged";
import { pageStyles } from "./parts/page_styles";
import { recordingsStyles } from "./parts/recordings_styles";
import { dayName } from "./parts/words";
import "./share-dialog";
import type { VtrackShareDialog } from "./share-dialog";

const ICONS: Readonly<Record<ClipAct, string>> = {
  play: mdiPlay,
  timeline: mdiChartTimeline,
  download: mdiDownload,
  share: mdiShareVariant,
  export: mdiExportVariant,
  protect: mdiLock,
  unprotect: mdiLockOpenVariant,
  delete: mdiDelete,
  bring_back: mdiRestore,
};
const PAGE = 50;
const MOST_DOWNLOADS = 10;

/** All clips that are kept: found, watched, kept for longer, taken away, deleted. */
@element("vtrack-page-recordings")
export class VtrackPageRecordings extends VtrackElement {
  @state() private selection: Selection = NOTHING_CHOSEN;
  @state() private isChoosing = false;
  /** All that the filter lets through is chosen, shown or not. */
  @state() private isAll = false;
  @state() private hasNews = false;
  @query("vtrack-confirm") private confirm!: VtrackConfirm;
  @query("vtrack-export-dialog") private exportDialog!: VtrackExportDialog;
  @query("vtrack-share-dialog") private shareDialog!: VtrackShareDialog;
  private filter: Filter = NO_FILTER;
  private readonly clips = new Paged<ClipRow>(this, async (cursor) => {
    const { clips, next } = await this.app.api.clips({ filter: this.asked(), limit: PAGE, cursor });
    return { rows: clips, next };
  });

  static override styles = [base, pageStyles, recordingsStyles];

  protected override appChanged(): void {
    this.app.router.addEventListener("moved", this.moved);
    this.app.link.addEventListener("coverage", this.news);
    this.moved();
  }

  override disconnectedCallback(): void {
    this.app.router.removeEventListener("moved", this.moved);
    this.app.link.removeEventListener("coverage", this.news);
    super.disconnectedCallback();
  }

  private readonly moved = (): void => {
    const { page, params } = this.app.router.place;
    if (page !== "recordings") return;
    const filter = parseFilter(params);
    if (this.clips.isBegun && JSON.stringify(filter) === JSON.stringify(this.filter)) return;
    this.filter = filter;
    this.begin();
  };

  private readonly news = (): void => {
    // Rows do not move under the hand of somebody who reads or chooses: news are offered.
    if (this.clips.isBegun) this.hasNews = true;
  };

  private begin(): void {
    this.hasNews = false;
    this.isAll = false;
    this.isChoosing &&= this.mayChoose;
    this.selection = NOTHING_CHOSEN;
    this.clips.begin();
  }

  private filtered(event: CustomEvent<Filter>): void {
    this.filter = event.detail;
    this.app.router.note({ ...NO_QUERY, ...filterQuery(this.filter) });
    this.begin();
  }

  private asked(): ClipFilter {
    const { zone } = this.app;
    return clipFilter(this.filter, (day, later) => zone.dayAfter(zone.read(day) ?? 0, later));
  }

  // Choosing

  /** Of clips whose file is missing there is nothing to be done with many at once. */
  private get mayChoose(): boolean {
    return this.filter.state !== "missing";
  }

  private get shownIds(): number[] {
    return this.clips.rows.map(({ id }) => id);
  }

  private choose(clip: ClipRow, { isRange }: RowChosen): void {
    this.isAll = false;
    this.isChoosing = true;
    this.selection = isRange ? chooseTo(this.selection, clip.id, this.shownIds) : toggleOne(this.selection, clip.id);
  }

  private endChoosing(): void {
    this.isChoosing = false;
    this.isAll = false;
    this.selection = NOTHING_CHOSEN;
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || (!this.isChoosing && !this.selection.ids.size)) return;
    event.stopPropagation();
    this.endChoosing();
  };

  // Doing

  /** Return whether so many can be named one by one; else say how many can. */
  private canName(count: number): boolean {
    const most = this.app.store.state.info?.limits.clips ?? 1000;
    if (count > most) this.app.toast({ text: this.t("recordings.too_many", { most: this.app.formats.number(most) }) });
    return count <= most;
  }

  private async act(kind: BulkKind, ids?: number[]): Promise<void> {
    const chosen = ids ?? [...this.selection.ids];
    if (!this.isAll && !this.canName(chosen.length)) return;
    const what = this.isAll && !ids ? { filter: this.asked() } : { ids: chosen };
    const gone = this.isAll && !ids ? this.shownIds : chosen;
    await runBulk(
      {
        app: this.app,
        confirm: this.confirm,
        changed: (done) => {
          if (done === "undo") {
            this.begin();
          } else if (done === "delete") {
            this.clips.change((rows) => rows.filter((row) => !gone.includes(row.id) || row.is_protected));
            if (!ids) this.endChoosing();
            else this.selection = without(this.selection, gone);
            if (this.clips.rows.length === 0) this.begin();
          } else {
            this.clips.change((rows) =>
              rows.map((row) => (gone.includes(row.id) ? { ...row, is_protected: done === "protect" } : row)),
            );
            if (!ids) this.endChoosing();
          }
        },
      },
      kind,
      what,
    );
  }

  private export(clips: readonly ClipRow[]): void {
    void this.exportDialog.openFor(clips);
  }

  private async bringBack(clips: readonly ClipRow[]): Promise<void> {
    if (!this.canName(clips.length)) return;
    const ids = clips.map(({ id }) => id);
    const asked = this.app.api.undo({ ids });
    const job = await runJob(this.app, asked, { done: (ended) => broughtBack(this.app, ended, ids.length) });
    if (job?.state !== "done") {
      this.begin();
      return;
    }
    this.clips.change((rows) => rows.filter(({ id }) => !ids.includes(id)));
    this.selection = without(this.selection, ids);
    if (!this.selection.ids.size) this.endChoosing();
    if (!this.clips.rows.length) this.begin();
  }

  private async download(clips: readonly ClipRow[]): Promise<void> {
    if (clips.length > MOST_DOWNLOADS) {
      this.app.toast({ text: this.t("recordings.too_many_downloads", { most: MOST_DOWNLOADS }) });
      return;
    }
    const path = this.app.store.state.info?.urls.original ?? "";
    try {
      for (const clip of clips) {
        const name = fileName(this.app, this.app.cameraName(clip.camera), clip.start_ms, "mp4");
        await saveFile(this.app, path.replace("{id}", String(clip.id)), name);
      }
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private timelineOf(clip: ClipRow, play = false) {
    return { c: clip.camera, t: writeTime(clip.start_ms), ...(play ? { play: 1 } : {}) };
  }

  private did(clip: ClipRow, id: string): void {
    switch (id) {
      case "play":
        { this.app.router.go("timeline", this.timelineOf(clip, true)); return; }
      case "timeline":
        { this.app.router.go("timeline", this.timelineOf(clip)); return; }
      case "share":
        return void this.shareDialog.open({
          cameras: [clip.camera],
          fromMs: clip.start_ms,
          toMs: clip.end_ms,
          address: this.app.router.href("timeline", this.timelineOf(clip)),
          targets: [
            { kind: "clip", clip: clip.id },
            { kind: "picture", clip: clip.id },
          ],
        });
      case "download":
        return void this.download([clip]);
      case "export":
        { this.export([clip]); return; }
      case "bring_back":
        return void this.bringBack([clip]);
      default:
        return void this.act(id as BulkKind, [clip.id]);
    }
  }

  private menu(clip: ClipRow): MenuItem[] {
    return actsOf(clip, this.rights([clip])).map((id) => ({
      id,
      icon: ICONS[id],
      label: this.t(`recordings.${id}`),
      divided: id === "download" || id === "delete",
      danger: id === "delete",
    }));
  }

  private rights(clips: readonly ClipRow[]): Rights {
    const { app } = this;
    return { isAdmin: app.isAdmin, mayControl: clips.every(({ camera }) => app.camera(camera)?.may_control ?? app.isAdmin) };
  }

  // Looks

  override render() {
    const { clips } = this;
    return html`<div class="page narrow" @keydown=${this.keyed}>
      <vtrack-notices></vtrack-notices>
      <h2 class="hidden-text">${this.t("recordings.title")}</h2>
      <vtrack-filter-bar .filter=${this.filter} @filtered=${this.filtered}></vtrack-filter-bar>
      ${clips.rows.length ? this.list() : this.instead()} ${this.bulkBar()}
      <vtrack-confirm></vtrack-confirm>
      <vtrack-export-dialog></vtrack-export-dialog>
      <vtrack-share-dialog></vtrack-share-dialog>
    </div>`;
  }

  private list() {
    const { clips } = this;
    return html`${this.hasNews
        ? html`<div class="news"><vtrack-button compact .icon=${mdiRefresh} .label=${this.t("recordings.news")} @click=${this.begin}></vtrack-button></div>`
        : nothing}
      <div class="days" aria-busy=${clips.isLoading ? "true" : "false"}>${this.days().map((day, index) => this.day(day, index === 0))}</div>
      ${this.end()}`;
  }

  private days(): { from: number; rows: ClipRow[] }[] {
    const days: { from: number; rows: ClipRow[] }[] = [];
    for (const row of this.clips.rows) {
      const from = this.app.zone.startOfDay(row.start_ms);
      const last = days.at(-1);
      if (last?.from === from) last.rows.push(row);
      else days.push({ from, rows: [row] });
    }
    return days;
  }

  private day({ from, rows }: { from: number; rows: ClipRow[] }, isFirst: boolean) {
    const ids = rows.map(({ id }) => id);
    const isWhole = ids.every((id) => this.selection.ids.has(id));
    const isPartly = !isWhole && ids.some((id) => this.selection.ids.has(id));
    const name = dayName(this.app, from);
    return html`<section class="day">
      <div class="dayhead">
        <label class="box ${this.isChoosing ? "" : "quiet"}" ?hidden=${!this.mayChoose}>
          <input
            type="checkbox"
            .checked=${isWhole}
            .indeterminate=${isPartly}
            aria-label=${this.t("recordings.select_row", { name })}
            @click=${() => {
              this.isChoosing = true;
              this.isAll = false;
              this.selection = toggleAll(this.selection, ids);
            }}
          />
        </label>
        <h3>${name}</h3>
        <span class="muted small">${name === this.app.formats.day(from) ? nothing : this.app.formats.day(from)}</span>
        ${isFirst && !this.isChoosing && this.mayChoose
          ? html`<vtrack-button
              class="choose"
              look="text"
              compact
              .icon=${mdiCheckboxMultipleMarkedOutline}
              .label=${this.t("recordings.select")}
              @click=${() => (this.isChoosing = true)}
            ></vtrack-button>`
          : nothing}
      </div>
      <ul class="card rows">
        ${repeat(
          rows,
          ({ id }) => id,
          (clip) =>
            html`<li>
              <vtrack-clip-row
                .clip=${clip}
                .menu=${this.menu(clip)}
                ?chosen=${this.isAll || this.selection.ids.has(clip.id)}
                ?choosing=${this.isChoosing}
                ?fixed=${!this.mayChoose}
                @chosen=${(event: CustomEvent<RowChosen>) => this.choose(clip, event.detail)}
                @act=${(event: CustomEvent<{ id: string }>) => this.did(clip, event.detail.id)}
              ></vtrack-clip-row>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  private end() {
    const { clips } = this;
    if (clips.error) {
      return html`<div class="more">
        <span class="problem">${errorText(clips.error, this.app.texts)}</span>
        <vtrack-button .label=${this.t("trouble.again")} @click=${clips.more}></vtrack-button>
      </div>`;
    }
    if (!clips.hasMore) return html`<p class="more muted small">${this.t("recordings.end")}</p>`;
    return html`<div class="more">
      <vtrack-button .label=${this.t("recordings.more")} ?busy=${clips.isLoading} @click=${clips.more}></vtrack-button>
    </div>`;
  }

  private instead() {
    const { clips } = this;
    if (clips.error) {
      return html`<div class="card">
        <vtrack-empty tone="error" .icon=${mdiFilmstripOff} .heading=${this.t("trouble.failed")} .text=${errorText(clips.error, this.app.texts)}>
          <vtrack-button look="primary" .label=${this.t("trouble.again")} @click=${this.begin}></vtrack-button>
        </vtrack-empty>
      </div>`;
    }
    if (clips.isLoading || !clips.isBegun) {
      return html`<div class="rows card" aria-busy="true">
        ${Array.from({ length: 8 }, () => html`<div class="row"><vtrack-skeleton class="grow" style="block-size:46px"></vtrack-skeleton></div>`)}
      </div>`;
    }
    const key = countLimits(this.filter) ? "filtered" : "recordings";
    return html`<div class="card">
      <vtrack-empty .icon=${mdiFilmstripOff} .heading=${this.t(`empty.${key}.title`)} .text=${this.t(`empty.${key}.text`)}>
        ${key === "filtered"
          ? html`<vtrack-button
              look="primary"
              .label=${this.t("empty.filtered.button")}
              @click=${() => this.filtered(new CustomEvent("filtered", { detail: NO_FILTER }))}
            ></vtrack-button>`
          : html`<vtrack-button look="primary" .label=${this.t("empty.recordings.button")} .href=${this.app.router.href("sync")}></vtrack-button>`}
      </vtrack-empty>
    </div>`;
  }

  private bulkBar() {
    if (!this.isChoosing && !this.selection.ids.size) return nothing;
    const { app, clips, selection } = this;
    const chosen = clips.rows.filter(({ id }) => selection.ids.has(id));
    const sum = sumOf(clips.rows, selection);
    const isNone = !this.isAll && sum.count === 0;
    const isKept = this.filter.state === "" || this.filter.state === "problem";
    const { mayControl } = this.rights(chosen);
    const isShownAll = clips.rows.every(({ id }) => selection.ids.has(id));
    const isNarrow = globalThis.innerWidth <= 700;
    const button = (kind: string, icon: string, run: () => void, look = "text") =>
      html`<vtrack-button ?compact=${isNarrow} .look=${look} .icon=${isNarrow ? undefined : icon} .label=${this.t(`recordings.${kind}`)} ?disabled=${isNone} @click=${run}></vtrack-button>`;
    return html`<div class="bulk" role="toolbar" aria-label=${this.t("recordings.select")}>
      <vtrack-button look="text" icon-only .icon=${mdiClose} .label=${this.t("recordings.done")} @click=${this.endChoosing}></vtrack-button>
      <div class="sum num" role="status">
        <strong>${this.isAll ? this.t("recordings.all_selected") : this.t("recordings.chosen", { count: app.formats.number(sum.count) })}</strong>
        ${isNone || this.isAll ? nothing : html`<span class="muted">${app.formats.duration(sum.seconds * 1000)} · ${app.formats.bytes(sum.bytes)}</span>`}
      </div>
      ${this.isAll || isShownAll
        ? nothing
        : html`<vtrack-button
            compact
            .label=${this.t("recordings.select_page")}
            @click=${() => (this.selection = { ids: new Set(this.shownIds), anchor: null })}
          ></vtrack-button>`}
      ${isShownAll && clips.hasMore && !this.isAll && isKept
        ? html`<vtrack-button compact .label=${this.t("recordings.select_all")} @click=${() => (this.isAll = true)}></vtrack-button>`
        : nothing}
      <div class="acts">
        ${isKept ? this.keptButtons(button, chosen, mayControl, sum) : nothing}
        ${this.filter.state === "trashed" && app.isAdmin ? button("bring_back", mdiRestore, () => void this.bringBack(chosen), "tonal") : nothing}
      </div>
    </div>`;
  }

  private keptButtons(
    button: (kind: string, icon: string, run: () => void, look?: string) => unknown,
    chosen: readonly ClipRow[],
    mayControl: boolean,
    sum: Sum,
  ) {
    return html`${mayControl
      ? sum.count > 0 && sum.protectedCount === sum.count
        ? button("unprotect", mdiLockOpenVariant, () => void this.act("unprotect"))
        : button("protect", mdiLock, () => void this.act("protect"))
      : nothing}
    ${this.isAll ? nothing : button("download", mdiDownload, () => void this.download(chosen))}
    ${mayControl && !this.isAll ? button("export", mdiExportVariant, () => this.export(chosen)) : nothing}
    ${this.app.isAdmin ? button("delete", mdiDelete, () => void this.act("delete"), "danger") : nothing}`;
  }
}

const NO_QUERY = { c: undefined, from: undefined, to: undefined, ev: undefined, src: undefined, p: undefined, st: undefined, q: undefined };

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-recordings": VtrackPageRecordings;
  }
}
