import { css, html, nothing } from "lit";
import { state } from "lit/decorators.js";
import { mdiCheckAll, mdiDeleteClock, mdiRefresh } from "@mdi/js";
import { errorText } from "../../api/errors";
import type { RetentionPreview } from "../../api/types";
import { base } from "../../styles/base";
import { HOUR } from "../../time/zone";
import { element } from "../../ui/element";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { Paged } from "./paged";
import { pageStyles } from "./page_styles";
import { REPAIRS_PATH } from "./paths";
import { counted } from "../../i18n/counted";

type Row = RetentionPreview["rows"][number];

/** What limits would delete now, by camera and day. For administrators. */
@element("vtrack-retention")
export class VtrackRetention extends VtrackElement {
  @state() private totals?: RetentionPreview["totals"];
  private readonly rows = new Paged<Row>(this, async (cursor) => {
    const { rows, next, totals } = await this.app.api.retentionPreview(100, cursor);
    this.totals = totals;
    return { rows, next };
  });

  static override styles = [
    base,
    pageStyles,
    css`
      .scroll {
        max-block-size: 420px;
        overflow: auto;
      }

      thead th {
        position: sticky;
        inset-block-start: 0;
        background: var(--vt-card);
      }

      .sum {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--vt-s2) var(--vt-s3);
        padding: var(--vt-s3) var(--vt-s4);
        border-block-end: 1px solid var(--vt-line);
      }

      .sum .name {
        margin-inline-end: auto;
      }
    `,
  ];

  protected override firstUpdated(): void {
    this.rows.begin();
  }

  override render() {
    return html`<section aria-labelledby="retention">
      <div class="head">
        <h2 id="retention">${this.t("storage.retention.title")}</h2>
        <vtrack-button
          look="text"
          icon-only
          .icon=${mdiRefresh}
          .label=${this.t("storage.retention.refresh")}
          ?busy=${this.rows.isLoading}
          @click=${this.rows.begin}
        ></vtrack-button>
      </div>
      ${this.body()}
    </section>`;
  }

  private body() {
    const { app, rows, totals } = this;
    if (rows.error) {
      return html`<div class="card">
        <vtrack-empty tone="error" .heading=${this.t("trouble.failed")} .text=${errorText(rows.error, app.texts)}>
          <vtrack-button look="primary" .label=${this.t("trouble.again")} @click=${rows.begin}></vtrack-button>
        </vtrack-empty>
      </div>`;
    }
    if (!totals) return html`<vtrack-skeleton style="block-size:160px" aria-busy="true"></vtrack-skeleton>`;
    if (totals.clips === 0) {
      return html`<div class="card">
        <vtrack-empty .icon=${mdiCheckAll} .heading=${this.t("empty.retention.title")} .text=${this.t("empty.retention.text")}></vtrack-empty>
      </div>`;
    }
    return html`<div class="card">
      <div class="sum">
        <vtrack-icon .path=${mdiDeleteClock}></vtrack-icon>
        <span class="name num">${this.t("storage.retention.sum", { clips: counted(app, "clips", totals.clips), size: app.formats.bytes(totals.bytes) })}</span>
        ${totals.held > 0
          ? html`<span class="chip warn">${this.t("storage.retention.held", { count: app.formats.number(totals.held) })}</span>
              <vtrack-button compact .label=${this.t("storage.retention.confirm")} .href=${REPAIRS_PATH}></vtrack-button>`
          : nothing}
      </div>
      <div class="scroll" tabindex="0" role="group" aria-labelledby="retention">
        <table>
          <thead>
            <tr>
              <th scope="col">${this.t("storage.retention.camera")}</th>
              <th scope="col">${this.t("storage.retention.day")}</th>
              <th scope="col" class="end">${this.t("storage.retention.clips")}</th>
              <th scope="col" class="end">${this.t("storage.retention.size")}</th>
            </tr>
          </thead>
          <tbody>
            ${rows.rows.map((row) => this.row(row))}
          </tbody>
        </table>
        ${rows.hasMore
          ? html`<div class="sum"><vtrack-button .label=${this.t("storage.retention.more")} ?busy=${rows.isLoading} @click=${rows.more}></vtrack-button></div>`
          : nothing}
      </div>
      <p class="note" style="padding:10px 16px">${this.t("storage.retention.note")}</p>
    </div>`;
  }

  private row(row: Row) {
    const { app } = this;
    const from = app.zone.read(row.day);
    return html`<tr>
      <td>${app.cameraName(row.camera)}</td>
      <td>${from === undefined ? row.day : app.formats.day(from + HOUR)}</td>
      <td class="end">
        ${app.formats.number(row.clips)}${row.held > 0
          ? html` <span class="muted small">(${this.t("storage.retention.held", { count: app.formats.number(row.held) })})</span>`
          : nothing}
      </td>
      <td class="end">${app.formats.bytes(row.bytes)}</td>
    </tr>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-retention": VtrackRetention;
  }
}
