import { html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { mdiCalendarClock, mdiCalendarRemove, mdiOpenInNew, mdiPlus, mdiTune } from "@mdi/js";
import { errorText } from "../../api/errors";
import type { Camera, Gate } from "../../api/types";
import { base, fields } from "../../styles/base";
import { firstWeekday } from "../../time/formats";
import type { VtrackDialog } from "../../ui/dialog";
import "../../ui/dialog";
import { element } from "../../ui/element";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { type ScheduleHelper, WEEKDAYS, mayDecide, weekOf } from "../model/week";
import { pageStyles } from "./page_styles";
import { ADD_SCHEDULE_PATH } from "./paths";
import { schedulesStyles } from "./schedules_styles";

type Kind = Gate["kind"];
const KINDS: readonly Kind[] = ["sync", "live", "wanted"];

/** A schedule or another on/off entity, with the week it has and the cameras it holds back. */
interface Shown {
  readonly entity: string;
  readonly name: string;
  readonly helper: ScheduleHelper | null;
  readonly gates: readonly Gate[];
}

/** When footage may be copied or recorded: the schedules, their weeks, and for which cameras. */
@element("vtrack-schedules")
export class VtrackSchedules extends VtrackElement {
  @state() private shown?: readonly Shown[];
  @state() private error?: unknown;
  @state() private chosen?: Shown;
  @query("vtrack-dialog") private dialog!: VtrackDialog;

  static override styles = [base, fields, pageStyles, schedulesStyles];

  protected override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { connection } = this.app.hass;
    this.error = undefined;
    try {
      const [{ gates }, helpers] = await Promise.all([
        this.app.api.gates(),
        connection.sendMessagePromise<ScheduleHelper[]>({ type: "schedule/list" }).catch(() => []),
      ]);
      const names = new Map<string, string | null>(await Promise.all(helpers.map(async (helper) => [await this.entityOf(helper), helper.id] as const)));
      const entities = new Set([...gates.map((gate) => gate.entity_id), ...(this.app.isAdmin ? names.keys() : [])]);
      this.shown = [...entities].filter(Boolean).map((entity) => {
        const helper = helpers.find(({ id }) => id === names.get(entity)) ?? null;
        const own = gates.filter((gate) => gate.entity_id === entity);
        return { entity, helper, gates: own, name: own[0]?.name || helper?.name || entity };
      });
    } catch (error) {
      this.error = error;
    }
  }

  /** Home Assistant names a helper's entity after its id, unless somebody renamed it. */
  private async entityOf(helper: ScheduleHelper): Promise<string> {
    const guess = `schedule.${helper.id}`;
    if (this.app.hass.states[guess]) return guess;
    const entities = (this.app.hass as unknown as { entities?: Record<string, { platform?: string }> }).entities ?? {};
    for (const id of Object.keys(entities).filter((each) => each.startsWith("schedule."))) {
      const entry = await this.app.hass.connection
        .sendMessagePromise<{ unique_id: string }>({ type: "config/entity_registry/get", entity_id: id })
        .catch(() => null);
      if (entry?.unique_id === helper.id) return id;
    }
    return guess;
  }

  override render() {
    return html`<section aria-labelledby="schedules">
      <div class="head">
        <h2 id="schedules">${this.t("storage.schedules.title")}</h2>
        ${this.app.isAdmin && this.shown?.length
          ? html`<vtrack-button look="text" .icon=${mdiPlus} .label=${this.t("storage.schedules.create")} .href=${ADD_SCHEDULE_PATH}></vtrack-button>`
          : nothing}
      </div>
      ${this.body()}
    </section>
    ${this.assign()}`;
  }

  private body() {
    if (this.error) {
      return html`<div class="card">
        <vtrack-empty tone="error" .heading=${this.t("trouble.failed")} .text=${errorText(this.error, this.app.texts)}>
          <vtrack-button look="primary" .label=${this.t("trouble.again")} @click=${() => void this.load()}></vtrack-button>
        </vtrack-empty>
      </div>`;
    }
    if (!this.shown) return html`<vtrack-skeleton style="block-size:160px" aria-busy="true"></vtrack-skeleton>`;
    if (!this.shown.length) {
      return html`<div class="card">
        <vtrack-empty .icon=${mdiCalendarClock} .heading=${this.t("empty.schedules.title")} .text=${this.t("empty.schedules.text")}>
          ${this.app.isAdmin
            ? html`<vtrack-button look="primary" .icon=${mdiPlus} .label=${this.t("empty.schedules.button")} .href=${ADD_SCHEDULE_PATH}></vtrack-button>`
            : nothing}
        </vtrack-empty>
      </div>`;
    }
    return html`<ul class="card rows">
      ${this.shown.map((each) => html`<li class="schedule">${this.schedule(each)}</li>`)}
    </ul>`;
  }

  private schedule(each: Shown) {
    const state = this.app.hass.states[each.entity]?.state;
    const isGone = each.gates.length > 0 && each.gates.every((gate) => gate.state === null);
    const isOpen = each.gates.length ? each.gates.every((gate) => gate.is_open) : state === "on";
    return html`<div class="top">
        <span class="grow">
          <span class="name">${each.name}</span>
          <span class="meta">${this.usedBy(each)}</span>
        </span>
        ${isGone
          ? html`<span class="chip warn"><vtrack-icon .path=${mdiCalendarRemove}></vtrack-icon>${this.t("storage.schedules.is_gone")}</span>`
          : html`<span class="chip ${isOpen ? "good" : ""}">${this.t(`storage.schedules.${isOpen ? "on" : "off"}`)}</span>`}
      </div>
      ${isGone
        ? html`<p class="small">${this.t("storage.schedules.gone", { entity: each.entity })}</p>`
        : each.helper
          ? this.week(each.helper)
          : html`<p class="small muted">${this.t("storage.schedules.not_schedule")}</p>`}
      ${this.app.isAdmin
        ? html`<div class="actions">
            <vtrack-button compact .icon=${mdiTune} .label=${this.t("storage.schedules.use")} @click=${() => this.choose(each)}></vtrack-button>
            ${isGone
              ? nothing
              : html`<vtrack-button
                  compact
                  look="text"
                  .icon=${mdiOpenInNew}
                  .label=${this.t("storage.schedules.open")}
                  @click=${() => this.openHelper(each.entity)}
                ></vtrack-button>`}
          </div>`
        : nothing}`;
  }

  private usedBy({ gates }: Shown): string {
    if (!gates.length) return this.t("storage.schedules.unused");
    const names = gates.map((gate) =>
      gate.camera === null ? (this.app.store.state.info?.nvrs.find(({ key }) => key === gate.nvr)?.name ?? gate.nvr) : this.app.cameraName(gate.camera),
    );
    return this.t("storage.schedules.used_by", { cameras: [...new Set(names)].join(", ") });
  }

  private week(helper: ScheduleHelper) {
    const { locale } = this.app.hass;
    const rows = weekOf(helper, (firstWeekday(locale) + 6) % 7);
    if (rows.every(({ bars }) => !bars.length)) return html`<p class="small muted">${this.t("storage.schedules.empty")}</p>`;
    const names = this.app.formats.weekdays();
    return html`<div class="week" dir="ltr">
      ${rows.map((row, index) => {
        const blocks = row.bars.map((bar) => `${bar.from}–${bar.to}`).join(", ") || this.t("storage.schedules.never");
        return html`<span class="dayname" aria-hidden="true">${names[index]?.short ?? WEEKDAYS[index]}</span>
          <span class="daybar" role="img" aria-label=${this.t("storage.schedules.week_label", { day: names[index]?.long ?? row.day, blocks })}>
            ${row.bars.map((bar) => html`<span style="left:${bar.start}%;width:${bar.length}%"></span>`)}
          </span>`;
      })}
      <span></span><span class="hours num" aria-hidden="true"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></span>
    </div>`;
  }

  private openHelper(entityId: string): void {
    this.dispatchEvent(new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail: { entityId } }));
  }

  // For which cameras

  private choose(each: Shown): void {
    this.chosen = each;
    void this.updateComplete.then(() => this.dialog.show());
  }

  private has(camera: Camera, kind: Kind): boolean {
    return this.chosen?.gates.some((gate) => gate.camera === camera.key && gate.kind === kind) ?? false;
  }

  private async set(camera: Camera, kind: Kind, isOn: boolean): Promise<void> {
    const entity = this.chosen?.entity;
    if (!entity) return;
    try {
      await this.app.api.setGate({ camera: camera.key }, kind, isOn ? entity : null);
    } catch (error) {
      this.app.toastError(error);
    }
    await this.load();
    this.chosen = this.shown?.find((each) => each.entity === entity) ?? this.chosen;
  }

  private assign() {
    const cameras = this.app.store.state.info?.cameras.filter((camera) => !camera.is_former) ?? [];
    return html`<vtrack-dialog .heading=${this.chosen?.name ?? ""} @closed=${() => (this.chosen = undefined)}>
      ${this.chosen
        ? html`<p class="note">${this.t("storage.schedules.use_note")}</p>
            ${mayDecide("wanted", this.chosen.entity)
              ? nothing
              : html`<p class="note">${this.t("storage.schedules.only_schedules", { name: this.chosen.name })}</p>`}
            <table class="assign">
              <thead>
                <tr>
                  <th scope="col">${this.t("recordings.cameras")}</th>
                  ${KINDS.map((kind) => html`<th scope="col" class="tick">${this.t(`storage.schedules.kind_${kind}`)}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${cameras.map(
                  (camera) =>
                    html`<tr>
                      <th scope="row">${camera.name}</th>
                      ${KINDS.map(
                        (kind) =>
                          html`<td class="tick">
                            <input
                              type="checkbox"
                              aria-label="${camera.name}, ${this.t(`storage.schedules.kind_${kind}`)}"
                              .checked=${this.has(camera, kind)}
                              ?disabled=${!mayDecide(kind, this.chosen!.entity)}
                              @change=${(event: Event) => void this.set(camera, kind, (event.target as HTMLInputElement).checked)}
                            />
                          </td>`,
                      )}
                    </tr>`,
                )}
              </tbody>
            </table>`
        : nothing}
      <vtrack-button slot="actions" look="primary" .label=${this.t("recordings.done")} @click=${() => this.dialog.close()}></vtrack-button>
    </vtrack-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-schedules": VtrackSchedules;
  }
}
