import { css, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { mdiClose, mdiDelete, mdiDotsVertical, mdiDownload, mdiExportVariant, mdiFolderZip, mdiMovieOpen, mdiPlay, mdiPlus, mdiShareVariant, mdiChartTimeline } from "@mdi/js";
import type { ExportRow } from "../api/types";
import { writeTime } from "../panel/router";
import { base } from "../styles/base";
import type { VtrackConfirm, VtrackDialog } from "../ui/dialog";
import "../ui/dialog";
import { element } from "../ui/element";
import type { MenuItem } from "../ui/menu";
import "../ui/menu";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";
import "./parts/export_dialog";
import type { VtrackExportDialog } from "./parts/export_dialog";
import { saveFile, signed } from "./parts/hand_out";
import "./parts/notices";
import { pageStyles } from "./parts/page_styles";
import "./parts/share_list";
import type { VtrackShareList } from "./parts/share_list";
import { moment } from "./parts/words";
import "./share-dialog";
import type { VtrackShareDialog } from "./share-dialog";

const ORDER: Readonly<Record<ExportRow["state"], number>> = { running: 0, waiting: 1, ready: 2, failed: 2 };

/** What was taken out of the library as a file, and what is being made. */
@element("vtrack-page-exports")
export class VtrackPageExports extends VtrackElement {
  @state() private film?: { name: string; address: string };
  @query("vtrack-confirm") private confirm!: VtrackConfirm;
  @query("vtrack-export-dialog") private dialog!: VtrackExportDialog;
  @query("vtrack-share-dialog") private shareDialog!: VtrackShareDialog;
  @query("vtrack-share-list") private shareList?: VtrackShareList;
  @query("#film") private player!: VtrackDialog;
  protected readonly seen = this.select(({ exports, jobs, info }) => [exports, jobs, info]);

  static override styles = [
    base,
    pageStyles,
    css`
      .row {
        align-items: flex-start;
        padding-block: 14px;
      }

      .kind {
        display: grid;
        place-items: center;
        flex: none;
        inline-size: 44px;
        block-size: 44px;
        border-radius: 12px;
        background: var(--vt-tint);
        color: var(--vt-accent-text);
        --vt-icon-size: 24px;
      }

      .kind.failed {
        background: var(--vt-error-soft);
        color: var(--vt-error);
      }

      .grow {
        display: grid;
        gap: 4px;
      }

      .making {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--vt-s3);
        max-inline-size: 480px;
      }

      video {
        display: block;
        inline-size: 100%;
        max-block-size: 70vh;
        border-radius: var(--vt-radius-s);
        background: #000;
      }

      .acts {
        display: flex;
        align-items: center;
        gap: var(--vt-s1);
      }

      @container page (inline-size < 640px) {
        .row {
          display: grid;
          grid-template-columns: auto minmax(0, 1fr) auto;
        }

        .wide {
          display: none;
        }
      }
    `,
  ];

  override render() {
    const rows = Object.values(this.app.store.state.exports).sort(
      (one, other) => ORDER[one.state] - ORDER[other.state] || other.made_ms - one.made_ms,
    );
    return html`<div class="page narrow">
      <vtrack-notices></vtrack-notices>
      <section aria-labelledby="exports">
        <div class="head">
          <h2 id="exports">${this.t("exports.title")}</h2>
          ${rows.length && this.mayExport()
            ? html`<vtrack-button look="primary" .icon=${mdiPlus} .label=${this.t("exports.new")} @click=${() => this.dialog.open()}></vtrack-button>`
            : nothing}
        </div>
        ${rows.length
          ? html`<ul class="card rows">
              ${repeat(
                rows,
                ({ id }) => id,
                (row) => html`<li class="row">${this.row(row)}</li>`,
              )}
            </ul>`
          : this.nothing()}
      </section>
      ${this.mayShare() ? html`<vtrack-share-list></vtrack-share-list>` : nothing}
      <vtrack-confirm></vtrack-confirm>
      <vtrack-export-dialog></vtrack-export-dialog>
      <vtrack-share-dialog @made=${() => void this.shareList?.load()}></vtrack-share-dialog>
      <vtrack-dialog id="film" wide .heading=${this.film?.name ?? ""} @closed=${() => (this.film = undefined)}>
        ${this.film
          ? html`<video controls autoplay playsinline src=${this.film.address} aria-label=${this.film.name} @error=${this.unplayable}></video>`
          : nothing}
      </vtrack-dialog>
    </div>`;
  }

  private mayExport(): boolean {
    return this.app.store.state.info?.cameras.some((camera) => camera.may_control) ?? false;
  }

  private mayShare(): boolean {
    return this.mayExport() && (this.app.store.state.info?.features.includes("share") ?? false);
  }

  private nothing() {
    return html`<div class="card">
      <vtrack-empty .icon=${mdiExportVariant} .heading=${this.t("empty.exports.title")} .text=${this.t("empty.exports.text")}>
        ${this.mayExport()
          ? html`<vtrack-button look="primary" .icon=${mdiPlus} .label=${this.t("empty.exports.button")} @click=${() => this.dialog.open()}></vtrack-button>`
          : html`<vtrack-button look="primary" .label=${this.t("exports.to_timeline")} .href=${this.app.router.href("timeline")}></vtrack-button>`}
      </vtrack-empty>
    </div>`;
  }

  private nameOf(row: ExportRow): string {
    return row.cameras.map((key) => this.app.cameraName(key)).join(", ");
  }

  private row(row: ExportRow) {
    const { formats } = this.app;
    const isBeingMade = row.state === "running" || row.state === "waiting";
    const facts = [
      formats.duration(row.to_ms - row.from_ms),
      ...(row.bytes > 0 ? [formats.bytes(row.bytes)] : []),
      ...(row.is_zip ? [this.t("exports.zip")] : []),
      ...(row.state === "ready" ? [this.t("exports.expires", { moment: this.expiry(row.expires_ms) })] : []),
      ...(row.is_yours ? [] : [this.t("exports.not_yours")]),
    ];
    return html`<span class="kind ${row.state}"><vtrack-icon .path=${row.is_zip ? mdiFolderZip : mdiMovieOpen}></vtrack-icon></span>
      <div class="grow">
        <p class="name">${this.nameOf(row)}</p>
        <p class="num">${formats.range(row.from_ms, row.to_ms)}</p>
        ${isBeingMade
          ? html`<div class="making">
              <vtrack-progress .value=${row.done} .label=${this.nameOf(row)}></vtrack-progress>
              <span class="small muted num"
                >${row.state === "waiting"
                  ? this.t("exports.state.waiting")
                  : this.t("exports.progress", { percent: formats.percent(Math.min(0.99, row.done)) })}</span
              >
            </div>`
          : nothing}
        <p class="meta num">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
        ${row.state === "failed"
          ? html`<p class="small problem">${this.t("exports.state.failed")}${row.problem ? html`: ${this.t(`reason.${row.problem}`)}` : nothing}</p>`
          : nothing}
      </div>
      <div class="acts">${this.buttons(row)}</div>`;
  }

  private expiry(ms: number): string {
    return this.app.formats.relative(ms, this.app.now());
  }

  private buttons(row: ExportRow) {
    if (row.state === "running" || row.state === "waiting") {
      const job = Object.values(this.app.store.state.jobs).find((each) => each.export_id === row.id);
      return job
        ? html`<vtrack-button look="text" .icon=${mdiClose} .label=${this.t("exports.cancel")} @click=${() => this.cancel(job.id)}></vtrack-button>`
        : nothing;
    }
    const item = (id: string, icon: string, more: Partial<MenuItem> = {}): MenuItem => ({ id, icon, label: this.t(`exports.${id}`), ...more });
    const items = [
      ...(row.url ? [item("download", mdiDownload), ...(row.is_zip ? [] : [item("play", mdiPlay)]), item("share", mdiShareVariant)] : []),
      item("timeline", mdiChartTimeline),
      ...(row.may_delete ? [item("delete", mdiDelete, { danger: true, divided: true })] : []),
    ];
    return html`${row.url && !row.is_zip
      ? html`<vtrack-button class="wide" look="text" .icon=${mdiPlay} .label=${this.t("exports.play")} @click=${() => this.play(row)}></vtrack-button>`
      : nothing}
    ${row.url ? html`<vtrack-button class="wide" .icon=${mdiDownload} .label=${this.t("exports.download")} @click=${() => this.download(row)}></vtrack-button>` : nothing}
    <vtrack-menu
      .items=${items}
      .label=${this.t("recordings.menu_row", { name: this.nameOf(row) })}
      @chosen=${(event: CustomEvent<{ id: string }>) => void this.did(row, event.detail.id)}
    >
      <vtrack-button
        look="text"
        icon-only
        has-popup="menu"
        .icon=${mdiDotsVertical}
        .label=${this.t("recordings.menu_row", { name: this.nameOf(row) })}
      ></vtrack-button>
    </vtrack-menu>`;
  }

  private async did(row: ExportRow, id: string): Promise<void> {
    switch (id) {
      case "play":
        return this.play(row);
      case "download":
        return this.download(row);
      case "share":
        return this.shareDialog.open({
          cameras: row.cameras,
          fromMs: row.from_ms,
          toMs: row.to_ms,
          address: this.app.router.href("exports"),
          targets: [{ kind: "export", export: row.id }],
        });
      case "timeline":
        { this.app.router.go("timeline", {
          c: row.cameras.join(","),
          t: writeTime(row.from_ms),
          a: writeTime(row.from_ms),
          b: writeTime(row.to_ms),
        }); return; }
      case "delete":
        return this.delete(row);
    }
  }

  private async play(row: ExportRow): Promise<void> {
    if (!row.url) return;
    try {
      this.film = { name: `${this.nameOf(row)}, ${moment(this.app, row.from_ms)}`, address: await signed(this.app, row.url) };
      await this.updateComplete;
      await this.player.show();
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private readonly unplayable = (): void => {
    this.player.close();
    this.app.toast({ text: this.t("exports.unplayable"), tone: "error" });
  };

  private async download(row: ExportRow): Promise<void> {
    if (!row.url) return;
    try {
      await saveFile(this.app, row.url, row.name);
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private async delete(row: ExportRow): Promise<void> {
    const isSure = await this.confirm.ask({
      heading: this.t("exports.confirm_delete.title"),
      text: this.t("exports.confirm_delete.text"),
      yes: this.t("exports.confirm_delete.ok"),
      danger: true,
    });
    if (!isSure) return;
    this.app.api.deleteExport(row.id).catch((error: unknown) => this.app.toastError(error));
  }

  private cancel(job: string): void {
    this.app.api.cancelJob(job).catch((error: unknown) => this.app.toastError(error));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-exports": VtrackPageExports;
  }
}
