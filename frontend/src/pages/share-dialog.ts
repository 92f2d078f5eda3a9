import { css, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { mdiAccountGroupOutline, mdiContentCopy, mdiLinkVariant, mdiLinkVariantPlus, mdiShareVariant } from "@mdi/js";
import { errorText } from "../api/errors";
import type { NewShare, ShareTarget } from "../api/share-types";
import { base, fields } from "../styles/base";
import { HOUR } from "../time/zone";
import "../ui/button";
import { copyText } from "../ui/copy";
import "../ui/dialog";
import type { VtrackDialog } from "../ui/dialog";
import { element } from "../ui/element";
import "../ui/icon";
import { VtrackElement } from "../ui/vtrack-element";
import { HOURS, type ShareMistake, type Shared, USUAL_HOURS, camerasOf, isOfTheHouse, shareMistake } from "./model/share";

type Way = "dashboard" | "open";

/**
 * Shares footage: by a link to our page, for people who sign in, or by one that opens without
 * signing in until it ends. Dispatches `made` when there is a new link of the latter kind.
 */
@element("vtrack-share-dialog")
export class VtrackShareDialog extends VtrackElement {
  @state() private shared?: Shared;
  @state() private way: Way = "dashboard";
  @state() private target?: ShareTarget;
  @state() private hours = USUAL_HOURS;
  @state() private made?: NewShare;
  @state() private error = "";
  @state() private told = "";
  @state() private isBusy = false;
  @query("vtrack-dialog") private dialog!: VtrackDialog;
  @query(".inside") private inside!: HTMLElement;
  @query("input[readonly]") private field?: HTMLInputElement;

  static override styles = [
    base,
    fields,
    css`
      :host {
        display: contents;
      }

      .inside {
        display: grid;
        gap: var(--vt-s4);
      }

      .what b {
        font-weight: 500;
      }

      fieldset {
        display: grid;
        gap: var(--vt-s2);
        border: 0;
        margin: 0;
        padding: 0;
        min-inline-size: 0;
      }

      .way {
        display: grid;
        grid-template-columns: auto auto minmax(0, 1fr);
        align-items: center;
        gap: 2px var(--vt-s3);
        padding: var(--vt-s3);
        border: 1px solid var(--vt-line);
        border-radius: var(--vt-radius-s);
        cursor: pointer;
        --vt-icon-size: 22px;
      }

      .way:has(:checked) {
        border-color: var(--vt-accent-text);
        background: var(--vt-tint);
      }

      .way span {
        font-weight: 500;
      }

      .way small {
        display: block;
        font-size: var(--vt-size-s);
        font-weight: 400;
        color: var(--vt-text-2);
      }

      .choices {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(160px, 1fr));
        gap: var(--vt-s3);
      }

      .choices select {
        inline-size: 100%;
      }

      .link {
        display: grid;
        gap: 6px;
      }

      .link input {
        inline-size: 100%;
        font-size: var(--vt-size-s);
        text-overflow: ellipsis;
      }

      .bad {
        color: var(--vt-error);
      }

      .warn {
        color: var(--vt-warning);
      }
    `,
  ];

  /** Open it for something. */
  async open(shared: Shared): Promise<void> {
    this.shared = shared;
    this.way = "dashboard";
    this.target = shared.targets[0];
    this.hours = USUAL_HOURS;
    this.forget();
    await this.updateComplete;
    await this.dialog.show();
  }

  /** What was made is of a former choice. */
  private forget(): void {
    this.made = undefined;
    this.error = "";
    this.told = "";
  }

  private get hasOpenLinks(): boolean {
    return this.app.store.state.info?.features.includes("share") ?? false;
  }

  private mistake(): ShareMistake | null {
    const { info } = this.app.store.state;
    if (!this.shared || !info) return "no_cameras";
    const cameras = camerasOf(this.shared, this.target).map((key) => this.app.camera(key));
    return shareMistake(this.target, cameras, info.limits);
  }

  private mistakeText(mistake: ShareMistake): string {
    const hours = (this.app.store.state.info?.limits.share_ms ?? 0) / HOUR;
    return this.t(`share.${mistake}`, { hours: this.app.formats.number(hours) });
  }

  /** The address that is handed out; undefined while there is none. */
  private get address(): string | undefined {
    if (this.way === "dashboard") return this.shared && new URL(this.shared.address, location.origin).href;
    return this.made && new URL(this.made.url, location.origin).href;
  }

  private names(target?: ShareTarget): string {
    if (!this.shared) return "";
    const keys = target ? camerasOf(this.shared, target) : this.shared.cameras;
    return keys.map((key) => this.app.cameraName(key)).join(", ");
  }

  private async make(): Promise<void> {
    const { target, hours } = this;
    if (!target || this.mistake() !== null || this.isBusy) return;
    this.isBusy = true;
    this.forget();
    try {
      this.made = await this.app.api.createShare(target, hours);
      this.dispatchEvent(new Event("made"));
      await this.updateComplete;
      this.field?.select();
    } catch (error) {
      this.error = errorText(error, this.app.texts);
    } finally {
      this.isBusy = false;
    }
  }

  private async copy(): Promise<void> {
    const { address } = this;
    if (!address) return;
    const isCopied = await copyText(address, this.inside);
    this.told = this.t(isCopied ? "share.copied" : "share.copy_by_hand");
    this.field?.select();
  }

  private async send(): Promise<void> {
    const { address } = this;
    if (!address) return;
    try {
      await navigator.share({ url: address, title: this.names() });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      await this.copy(); // there is no sheet for it here
    }
  }

  override render() {
    const { shared, way, address } = this;
    if (!shared) return html`<vtrack-dialog></vtrack-dialog>`;
    const isOpen = way === "open";
    const mistake = isOpen ? this.mistake() : null;
    return html`<vtrack-dialog .heading=${this.t("share.heading")}>
      <div class="inside">
        <p class="what num"><b>${this.names()}</b><br />${this.app.formats.range(shared.fromMs, shared.toMs)}</p>
        ${this.hasOpenLinks
          ? html`<fieldset>
              <legend class="hidden-text">${this.t("share.ways")}</legend>
              ${this.choice("dashboard", mdiAccountGroupOutline)} ${this.choice("open", mdiLinkVariant)}
            </fieldset>`
          : html`<p class="muted small">${this.t("share.way_dashboard_note")}</p>`}
        ${isOpen && mistake === null ? this.choices() : nothing}
        ${mistake ? html`<p class="small bad" role="alert">${this.mistakeText(mistake)}</p>` : nothing}
        ${this.error ? html`<p class="small bad" role="alert">${this.error}</p>` : nothing}
        ${address ? this.link(address) : nothing}
      </div>
      ${address
        ? html`${typeof navigator.share === "function"
              ? html`<vtrack-button
                  slot="actions"
                  .icon=${mdiShareVariant}
                  .label=${this.t("share.send")}
                  @click=${this.send}
                ></vtrack-button>`
              : nothing}
            <vtrack-button
              slot="actions"
              look="primary"
              .icon=${mdiContentCopy}
              .label=${this.t("share.copy")}
              @click=${this.copy}
            ></vtrack-button>`
        : html`<vtrack-button
            slot="actions"
            look="primary"
            .icon=${mdiLinkVariantPlus}
            .label=${this.t("share.make")}
            ?disabled=${mistake !== null}
            ?busy=${this.isBusy}
            @click=${this.make}
          ></vtrack-button>`}
    </vtrack-dialog>`;
  }

  private choice(way: Way, icon: string) {
    return html`<label class="way">
      <input
        type="radio"
        name="way"
        .checked=${this.way === way}
        @change=${() => {
          this.way = way;
          this.forget();
        }}
      />
      <vtrack-icon .path=${icon}></vtrack-icon>
      <span>${this.t(`share.way_${way}`)}<small>${this.t(`share.way_${way}_note`)}</small></span>
    </label>`;
  }

  private choices() {
    const targets = this.shared?.targets ?? [];
    const most = this.app.store.state.info?.limits.share_hours ?? 0;
    return html`<div class="choices">
      ${targets.length > 1
        ? html`<label class="field">
            ${this.t("share.what")}
            <select
              @change=${(event: Event) => {
                this.target = targets[(event.target as HTMLSelectElement).selectedIndex];
                this.forget();
              }}
            >
              ${targets.map((each) => html`<option ?selected=${each === this.target}>${this.targetName(each)}</option>`)}
            </select>
          </label>`
        : nothing}
      <label class="field">
        ${this.t("share.ends_after")}
        <select
          @change=${(event: Event) => {
            this.hours = Number((event.target as HTMLSelectElement).value);
            this.forget();
          }}
        >
          ${HOURS.filter((hours) => hours <= most).map(
            (hours) =>
              html`<option value=${hours} ?selected=${hours === this.hours}>${this.app.formats.duration(hours * HOUR, "long")}</option>`,
          )}
        </select>
      </label>
    </div>`;
  }

  private targetName(target: ShareTarget): string {
    return target.kind === "range" ? this.app.cameraName(target.camera) : this.t(`share.kind.${target.kind}`);
  }

  private link(address: string) {
    const { made, target } = this;
    const { formats } = this.app;
    const what = this.names(made ? target : undefined);
    const opens = made && target ? this.t(`share.opens_${target.kind}`, { what }) : this.t("share.opens_dashboard");
    return html`<div class="link">
      <input readonly dir="ltr" .value=${address} aria-label=${this.t("share.link")} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
      <p class="small">
        ${opens}
        ${made ? html`<b class="num">${this.t("share.ends_at", { moment: formats.dateTimeShort(made.expires_ms) })}</b>` : nothing}
      </p>
      ${made ? html`<p class="small muted">${this.t("share.once")}</p>` : nothing}
      ${isOfTheHouse(address)
        ? html`<p class="small warn">${this.t("share.of_the_house")} ${made && this.app.isAdmin ? this.t("share.set_address") : nothing}</p>`
        : nothing}
      <p class="small" role="status">${this.told}</p>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-share-dialog": VtrackShareDialog;
  }
}
