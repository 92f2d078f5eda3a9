import { css, html, nothing } from "lit";
import { mdiAlertOutline, mdiHarddiskRemove, mdiInformationOutline } from "@mdi/js";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import "../../ui/icon";
import { VtrackElement } from "../../ui/vtrack-element";
import { fixOf } from "../model/camera_words";
import { REPAIRS_PATH } from "./paths";
import { fixButton } from "./words";

/** What concerns the whole library: a storage that is away, a decision that waits. One line each. */
@element("vtrack-notices")
export class VtrackNotices extends VtrackElement {
  protected readonly seen = this.select(({ info, library, storages }) => [info, library, storages]);

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: var(--vt-s2);
      }

      /* Without a notice it takes no room, nor the gap of the page below it. */
      :host([quiet]) {
        display: none;
      }

      .notice {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--vt-s2) var(--vt-s3);
        padding: 10px var(--vt-s4);
        border-radius: var(--vt-radius);
        background: var(--vt-warning-soft);
        color: var(--vt-text);
      }

      .notice vtrack-icon {
        color: var(--vt-warning);
      }

      .notice.bad {
        background: var(--vt-error-soft);
      }

      .notice.bad vtrack-icon {
        color: var(--vt-error);
      }

      .notice.plain {
        background: var(--vt-tint);
      }

      .notice.plain vtrack-icon {
        color: var(--vt-accent-text);
      }

      p {
        flex: 1 1 240px;
      }

      @media (forced-colors: active) {
        .notice {
          border: 1px solid CanvasText;
        }
      }
    `,
  ];

  override render() {
    const { info, library, storages } = this.app.store.state;
    const sums = library.library;
    const isUnknown = this.app.router.place.isUnknown;
    const away = Object.values(storages).filter((storage) => storage.problem !== null);
    const isFirst = sums?.clips === 0 && (info?.cameras.length ?? 0) > 0;
    this.toggleAttribute("quiet", !isUnknown && !isFirst && !away.length && !sums?.braked);
    return html`
      ${isUnknown ? this.notice("plain", mdiInformationOutline, this.t("trouble.moved"), nothing) : nothing}
      ${away.map((storage) =>
        this.notice(
          "bad",
          mdiHarddiskRemove,
          this.t("trouble.storage_away", { storage: storage.name || storage.path || "" }),
          fixButton(this.app, fixOf(storage.problem), () => undefined),
        ),
      )}
      ${isFirst
        ? this.notice(
            "plain",
            mdiInformationOutline,
            this.t("empty.starting.text"),
            html`<vtrack-button compact .label=${this.t("empty.starting.button")} .href=${this.app.router.href("sync")}></vtrack-button>`,
          )
        : nothing}
      ${sums?.braked
        ? this.notice(
            "warn",
            mdiAlertOutline,
            this.t("trouble.braked"),
            this.app.isAdmin
              ? html`<vtrack-button compact .label=${this.t("remedy.repairs")} .href=${REPAIRS_PATH}></vtrack-button>`
              : nothing,
          )
        : nothing}
    `;
  }

  private notice(tone: string, icon: string, text: string, button: unknown) {
    return html`<div class="notice ${tone}" role="status">
      <vtrack-icon .path=${icon}></vtrack-icon>
      <p>${text}</p>
      ${button}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-notices": VtrackNotices;
  }
}
