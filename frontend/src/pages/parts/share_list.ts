import { css, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { mdiFilmstrip, mdiImageOutline, mdiLinkVariantOff, mdiMovieOpen, mdiTimelineClockOutline } from "@mdi/js";
import { errorText } from "../../api/errors";
import type { ShareRow } from "../../api/share-types";
import { base } from "../../styles/base";
import type { VtrackConfirm } from "../../ui/dialog";
import "../../ui/dialog";
import { element } from "../../ui/element";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { pageStyles } from "./page_styles";

const ICONS: Readonly<Record<ShareRow["kind"], string>> = {
  range: mdiTimelineClockOutline,
  clip: mdiFilmstrip,
  picture: mdiImageOutline,
  export: mdiMovieOpen,
};
const SHOWN = 20;

/** The links without signing in that are open, each with a button that ends it. */
@element("vtrack-share-list")
export class VtrackShareList extends VtrackElement {
  @state() private shares?: readonly ShareRow[];
  @state() private error?: unknown;
  @state() private most = SHOWN;
  @query("vtrack-confirm") private confirm!: VtrackConfirm;

  static override styles = [
    base,
    pageStyles,
    css`
      .kind {
        color: var(--vt-text-2);
        --vt-icon-size: 24px;
      }

      .grow {
        display: grid;
        gap: 2px;
      }

      .more {
        display: flex;
        justify-content: center;
        padding: var(--vt-s2);
      }
    `,
  ];

  protected override firstUpdated(): void {
    void this.load();
  }

  /** Ask anew which links there are. */
  async load(): Promise<void> {
    try {
      const { shares } = await this.app.api.shares();
      this.shares = shares;
      this.error = undefined;
    } catch (error) {
      this.error = error;
    }
  }

  override render() {
    return html`<section aria-labelledby="links">
        <div class="head"><h2 id="links">${this.t("share.list.title")}</h2></div>
        ${this.body()}
      </section>
      <vtrack-confirm></vtrack-confirm>`;
  }

  private body() {
    if (this.error) {
      return html`<div class="card row">
        <p class="grow problem">${errorText(this.error, this.app.texts)}</p>
        <vtrack-button compact .label=${this.t("trouble.again")} @click=${() => void this.load()}></vtrack-button>
      </div>`;
    }
    if (!this.shares) return html`<vtrack-skeleton style="block-size:56px" aria-busy="true"></vtrack-skeleton>`;
    const open = this.shares.filter(({ expires_ms }) => expires_ms > this.app.now());
    if (!open.length) return html`<p class="note">${this.t("share.list.empty")}</p>`;
    return html`<p class="note">${this.t("share.list.note")}</p>
      <ul class="card rows">
        ${repeat(
          open.slice(0, this.most),
          ({ id }) => id,
          (share) => html`<li class="row">${this.row(share)}</li>`,
        )}
      </ul>
      ${open.length > this.most
        ? html`<div class="more"><vtrack-button .label=${this.t("recordings.more")} @click=${() => (this.most += SHOWN)}></vtrack-button></div>`
        : nothing}`;
  }

  private nameOf({ cameras }: ShareRow): string {
    return cameras.map((key) => this.app.cameraName(key)).join(", ");
  }

  private row(share: ShareRow) {
    const { formats } = this.app;
    const name = this.nameOf(share);
    const facts = [
      this.t(`share.kind.${share.kind}`),
      this.t("share.list.ends", { moment: formats.relative(share.expires_ms, this.app.now()) }),
      ...(share.is_yours ? [] : [this.t("exports.not_yours")]),
    ];
    return html`<vtrack-icon class="kind" .path=${ICONS[share.kind]}></vtrack-icon>
      <div class="grow">
        <p class="name">${name}</p>
        <p class="num">${formats.range(share.from_ms, share.to_ms)}</p>
        <p class="meta num">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
      </div>
      <vtrack-button
        look="text"
        .icon=${mdiLinkVariantOff}
        .label=${this.t("share.list.end")}
        .tip=${this.t("share.list.end_row", { name })}
        @click=${() => void this.end(share)}
      ></vtrack-button>`;
  }

  private async end(share: ShareRow): Promise<void> {
    const isSure = await this.confirm.ask({
      heading: this.t("share.list.confirm_title"),
      text: this.t("share.list.confirm_text"),
      yes: this.t("share.list.end"),
      danger: true,
    });
    if (!isSure) return;
    try {
      await this.app.api.revokeShare(share.id);
      this.app.toast({ text: this.t("share.list.ended") });
    } catch (error) {
      this.app.toastError(error);
    }
    await this.load();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-share-list": VtrackShareList;
  }
}
