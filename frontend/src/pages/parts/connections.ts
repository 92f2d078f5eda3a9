import { css, html, nothing } from "lit";
import { state } from "lit/decorators.js";
import { mdiCogOutline, mdiLanCheck } from "@mdi/js";
import { errorText } from "../../api/errors";
import type { Key, Nvr, NvrTest } from "../../api/types";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { fixOf } from "../model/camera_words";
import { pageStyles } from "./page_styles";
import { fixButton } from "./words";

type Outcome = { readonly kind: "running" } | { readonly kind: "done"; readonly test: NvrTest } | { readonly kind: "failed"; readonly text: string };

/** A clock that is off by less is right. */
const CLOCK_MS = 2000;

/** Each NVR, asked when a person wants to know. For administrators. */
@element("vtrack-connections")
export class VtrackConnections extends VtrackElement {
  @state() private outcomes: Readonly<Record<Key, Outcome>> = {};
  protected readonly seen = this.select(({ info }) => info);

  static override styles = [
    base,
    pageStyles,
    css`
      .grow {
        display: grid;
        gap: 2px;
      }
    `,
  ];

  override render() {
    const nvrs = this.app.store.state.info?.nvrs.filter((nvr) => !nvr.is_former) ?? [];
    return html`<ul class="card rows">
      ${nvrs.map((nvr) => html`<li class="row">${this.row(nvr)}</li>`)}
    </ul>`;
  }

  private row(nvr: Nvr) {
    const outcome = this.outcomes[nvr.key];
    const device = [nvr.manufacturer, nvr.model, nvr.firmware].filter(Boolean).join(" · ");
    return html`<div class="grow">
        <span class="name">${nvr.name}</span>
        ${device ? html`<span class="meta">${device}</span>` : nothing}
        <span class="small" role="status">${outcome ? this.told(outcome) : nothing}</span>
      </div>
      ${outcome?.kind === "done" && outcome.test.problem ? fixButton(this.app, fixOf(outcome.test.problem), () => void this.test(nvr)) : nothing}
      <vtrack-button
        .icon=${mdiLanCheck}
        .label=${this.t("sync.test")}
        .tip=${this.t("sync.test_named", { name: nvr.name })}
        ?busy=${outcome?.kind === "running"}
        @click=${() => void this.test(nvr)}
      ></vtrack-button>
      ${nvr.configure_url
        ? html`<vtrack-button
            look="text"
            icon-only
            .icon=${mdiCogOutline}
            .label=${this.t("sync.settings_named", { name: nvr.name })}
            .href=${nvr.configure_url}
          ></vtrack-button>`
        : nothing}`;
  }

  private told(outcome: Outcome) {
    if (outcome.kind === "running") return html`<span class="muted">${this.t("sync.testing")}</span>`;
    if (outcome.kind === "failed") return html`<span class="problem">${outcome.text}</span>`;
    const { took_ms: took, problem, clock_offset_ms: offset } = outcome.test;
    if (problem) return html`<span class="problem">${this.t("sync.test_failed", { reason: this.t(`reason.${problem.kind}`) })}</span>`;
    const clock =
      offset !== null && Math.abs(offset) >= CLOCK_MS ? this.t("sync.test_clock", { duration: this.app.formats.duration(Math.abs(offset)) }) : "";
    const seconds = `${this.app.formats.number(took / 1000, 1)} s`;
    return html`${this.t("sync.test_ok", { duration: seconds })} ${clock}`;
  }

  private async test(nvr: Nvr): Promise<void> {
    this.note(nvr.key, { kind: "running" });
    try {
      this.note(nvr.key, { kind: "done", test: await this.app.api.testNvr(nvr.key) });
    } catch (error) {
      this.note(nvr.key, { kind: "failed", text: errorText(error, this.app.texts) });
    }
  }

  private note(key: Key, outcome: Outcome): void {
    this.outcomes = { ...this.outcomes, [key]: outcome };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-connections": VtrackConnections;
  }
}
