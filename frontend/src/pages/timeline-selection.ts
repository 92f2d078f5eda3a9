import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import {
  mdiClose,
  mdiDownloadOutline,
  mdiExportVariant,
  mdiRepeat,
  mdiShareVariant,
  mdiShieldCheckOutline,
  mdiTrashCanOutline,
} from "@mdi/js";
import { Superseded, errorText } from "../api/errors";
import type { Key, Plan } from "../api/types";
import { base, fields } from "../styles/base";
import { type RangeAct, mayDo } from "../timeline/acts";
import { type Range, rangeBetween } from "../timeline/selection";
import "../ui/button";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import { counted } from "../i18n/counted";

const COUNT_AFTER = 400;

/**
 * A selected range of some cameras: its times to be typed, what lies in it, and what one may do
 * with it. Dispatches `range` (`{from, to}` or null), `loop`, and `act` with a RangeAct.
 */
@element("vtrack-selection")
export class VtrackSelection extends VtrackElement {
  @property({ attribute: false }) range!: Range;
  @property({ attribute: false }) cameras: Key[] = [];
  @property({ type: Boolean }) looping = false;
  @state() private plan?: Plan;
  @state() private problem?: string;
  private timer?: ReturnType<typeof setTimeout>;

  static override styles = [
    base,
    fields,
    css`
      :host {
        display: grid;
        gap: var(--vt-s3);
      }

      header {
        display: flex;
        align-items: center;
        gap: var(--vt-s2);
      }

      h2 {
        font-size: var(--vt-size-m);
        flex: 1;
      }

      .times {
        display: grid;
        grid-template-columns: auto 1fr 1fr;
        align-items: center;
        gap: 6px var(--vt-s2);
        font-size: var(--vt-size-s);
      }

      .times input {
        inline-size: 100%;
        min-block-size: max(34px, calc(var(--vt-target) - 4px));
        font-size: var(--vt-size-s);
        padding-inline: 8px;
      }

      .sum {
        font-size: var(--vt-size-s);
        color: var(--vt-text-2);
      }

      .sum b {
        color: var(--vt-text);
        font-weight: 600;
      }

      .actions {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(120px, 1fr));
        gap: var(--vt-s2);
      }

    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("range") && !changed.has("cameras")) return;
    clearTimeout(this.timer);
    this.plan = undefined;
    this.problem = undefined;
    this.timer = setTimeout(this.recount, COUNT_AFTER);
  }

  /** Count anew what lies in it: something was done with it. */
  readonly recount = (): void => void this.count();

  private async count(): Promise<void> {
    const { range, cameras } = this;
    try {
      const plan = await this.app.api.latest.run("clips/count", () =>
        this.app.api.count({ filter: { cameras, from_ms: range.from, to_ms: range.to } }),
      );
      if (range === this.range) this.plan = plan;
    } catch (error) {
      if (!(error instanceof Superseded)) this.problem = errorText(error, this.app.texts);
    }
  }

  private typed(handle: "from" | "to", part: "day" | "clock", value: string): void {
    const { zone } = this.app;
    const now = this.range[handle];
    const day = part === "day" ? value : zone.dayName(now);
    const clock = part === "clock" ? value : zone.clock(now);
    const t = zone.read(day, clock);
    if (t === undefined) {
      this.requestUpdate(); // what was typed is no time: the fields show the old one
      return;
    }
    const other = handle === "from" ? this.range.to : this.range.from;
    const detail = rangeBetween(Math.min(t, this.app.now()), other);
    this.dispatchEvent(new CustomEvent("range", { detail }));
  }

  private times(handle: "from" | "to") {
    const { zone } = this.app;
    const t = this.range[handle];
    const words = this.t(`selection.${handle}`);
    const changed = (part: "day" | "clock") => (event: Event) =>
      this.typed(handle, part, (event.target as HTMLInputElement).value);
    return html`<span>${words}</span>
      <input
        type="date"
        aria-label="${words}: ${this.t("selection.date")}"
        .value=${zone.dayName(t)}
        max=${zone.dayName(this.app.now())}
        @change=${changed("day")}
      />
      <input
        type="time"
        step="1"
        aria-label="${words}: ${this.t("selection.time")}"
        .value=${zone.clock(t)}
        @change=${changed("clock")}
      />`;
  }

  private sum() {
    const { formats } = this.app;
    const length = formats.duration(this.range.to - this.range.from);
    if (this.problem) return html`<p class="sum" role="alert">${this.problem}</p>`;
    const { plan } = this;
    return html`<p class="sum" aria-live="polite">
      <b>${length}</b>
      ${plan
        ? plan.clips === 0
          ? this.t("selection.sum_nothing")
          : this.t("selection.sum", { clips: counted(this.app, "clips", plan.clips), size: formats.bytes(plan.bytes) })
        : this.t("selection.counting")}
    </p>`;
  }

  override render() {
    const cameras = this.cameras.map((key) => this.app.camera(key));
    const may = (act: RangeAct): boolean => mayDo(act, cameras, this.app.isAdmin);
    const names = this.cameras.map((key) => this.app.cameraName(key)).join(", ");
    const isEmpty = this.plan?.clips === 0;
    return html`<header>
        <h2>${this.t("selection.heading")}</h2>
        <vtrack-button
          look="text"
          compact
          icon-only
          .icon=${mdiRepeat}
          .label=${this.t("selection.loop")}
          .pressed=${this.looping}
          @click=${() => this.dispatchEvent(new Event("loop"))}
        ></vtrack-button>
        <vtrack-button
          look="text"
          compact
          icon-only
          .icon=${mdiClose}
          .label=${this.t("selection.clear")}
          shortcut="Esc"
          @click=${() => this.dispatchEvent(new CustomEvent("range", { detail: null }))}
        ></vtrack-button>
      </header>
      ${this.app.store.state.info!.cameras.length > 1 ? html`<p class="small muted">${names}</p>` : nothing}
      <div class="times">${this.times("from")}${this.times("to")}</div>
      ${this.sum()}
      <div class="actions">
        ${may("export") ? this.button("export", mdiExportVariant, { look: "primary", isOff: isEmpty }) : nothing}
        ${may("protect") ? this.button("protect", mdiShieldCheckOutline, { isOff: isEmpty }) : nothing}
        ${may("fetch") ? this.button("fetch", mdiDownloadOutline) : nothing} ${this.button("share", mdiShareVariant)}
        ${may("delete") ? this.button("delete", mdiTrashCanOutline, { look: "danger", isOff: isEmpty }) : nothing}
      </div>`;
  }

  private button(act: RangeAct, icon: string, { look = "tonal", isOff = false } = {}) {
    return html`<vtrack-button
      compact
      .look=${look}
      .icon=${icon}
      .label=${this.t(`selection.${act}`)}
      ?disabled=${isOff}
      @click=${() => this.dispatchEvent(new CustomEvent<RangeAct>("act", { detail: act }))}
    ></vtrack-button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-selection": VtrackSelection;
  }
}
