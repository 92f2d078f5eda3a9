import { css, html, nothing } from "lit";
import {
  mdiCalendarClock,
  mdiChevronRight,
  mdiFileChartOutline,
  mdiFolderNetworkOutline,
  mdiHarddisk,
  mdiPlus,
  mdiVideoOutline,
  mdiWrenchOutline,
} from "@mdi/js";
import { base } from "../styles/base";
import { element } from "../ui/element";
import "../ui/states";
import { VtrackElement } from "../ui/vtrack-element";
import { isMonth } from "./model/report";
import "./parts/notices";
import { pageStyles } from "./parts/page_styles";
import { ADD_PATH, HELPERS_PATH, INTEGRATION_PATH, NETWORK_STORAGE_PATH, REPAIRS_PATH } from "./parts/paths";
import "./parts/report";
import "./parts/retention";
import "./parts/schedules";
import "./parts/storage_meter";

/** Where footage is kept, for how long, and when it may be copied; with the report of a month. */
@element("vtrack-page-storage")
export class VtrackPageStorage extends VtrackElement {
  protected readonly seen = this.select(({ storages, info }) => [storages, info]);

  static override styles = [
    base,
    pageStyles,
    css`
      .storage {
        padding: var(--vt-s4);
      }

      .links a {
        display: flex;
        align-items: center;
        gap: var(--vt-s3);
        min-block-size: 56px;
        padding: 10px var(--vt-s4);
        color: inherit;
        text-decoration: none;
      }

      .links a:hover {
        background: var(--vt-soft);
      }

      .links a:focus-visible {
        outline-offset: -2px;
      }

      .links vtrack-icon {
        color: var(--vt-text-2);
        --vt-icon-size: 24px;
      }

      .links .grow {
        flex: 1;
        display: grid;
      }
    `,
  ];

  override render() {
    const month = this.app.router.place.params.get("report") ?? undefined;
    if (isMonth(month)) return html`<vtrack-report .month=${month}></vtrack-report>`;
    return html`<div class="page">
      <vtrack-notices></vtrack-notices>
      <div class="columns">
        <div class="column">
          ${this.storages()} ${this.app.isAdmin ? html`<vtrack-retention></vtrack-retention> ${this.links()}` : nothing}
        </div>
        <div class="column"><vtrack-schedules></vtrack-schedules></div>
      </div>
    </div>`;
  }

  private storages() {
    const rows = Object.values(this.app.store.state.storages).sort((one, other) => Number(other.is_current) - Number(one.is_current) || one.id - other.id);
    const month = this.app.zone.dayName(this.app.now()).slice(0, 7);
    return html`<section aria-labelledby="storages">
      <div class="head">
        <h2 id="storages">${this.t("storage.title")}</h2>
        <vtrack-button
          .icon=${mdiFileChartOutline}
          .label=${this.t("report.open")}
          .href=${this.app.router.href("storage", { report: month })}
        ></vtrack-button>
      </div>
      ${rows.length
        ? html`<ul class="card rows">
            ${rows.map((storage) => html`<li class="storage"><vtrack-storage-meter .storage=${storage}></vtrack-storage-meter></li>`)}
          </ul>`
        : html`<div class="card">
            <vtrack-empty .icon=${mdiHarddisk} .heading=${this.t("empty.storages.title")} .text=${this.t("empty.storages.text")}>
              ${this.app.isAdmin
                ? html`<vtrack-button look="primary" .label=${this.t("empty.storages.button")} .href=${ADD_PATH}></vtrack-button>`
                : nothing}
            </vtrack-empty>
          </div>`}
    </section>`;
  }

  private links() {
    const link = (key: string, icon: string, path: string) =>
      html`<li>
        <a href=${path}>
          <vtrack-icon .path=${icon}></vtrack-icon>
          <span class="grow"><span class="name">${this.t(`storage.links.${key}`)}</span><span class="muted small">${this.t(`storage.links.${key}_note`)}</span></span>
          <vtrack-icon directed .path=${mdiChevronRight}></vtrack-icon>
        </a>
      </li>`;
    return html`<section aria-labelledby="links">
      <div class="head"><h2 id="links">${this.t("storage.links.title")}</h2></div>
      <ul class="card rows links">
        ${link("integration", mdiVideoOutline, INTEGRATION_PATH)} ${link("add", mdiPlus, ADD_PATH)} ${link("repairs", mdiWrenchOutline, REPAIRS_PATH)}
        ${link("helpers", mdiCalendarClock, HELPERS_PATH)} ${link("network", mdiFolderNetworkOutline, NETWORK_STORAGE_PATH)}
      </ul>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-storage": VtrackPageStorage;
  }
}
