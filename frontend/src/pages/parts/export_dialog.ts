import { type PropertyValues, css, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import { Superseded, errorText } from "../../api/errors";
import type { ClipRow, Key, Plan } from "../../api/types";
import { jobError } from "../../store/jobs";
import { base, fields } from "../../styles/base";
import { MINUTE } from "../../time/zone";
import type { VtrackDialog } from "../../ui/dialog";
import "../../ui/dialog";
import { element } from "../../ui/element";
import { VtrackElement } from "../../ui/vtrack-element";
import { filmsMistake, mistakeIn } from "../model/export_form";
import { type Stretch, lengthOf, stretchesOf } from "../model/stretches";
import { counted } from "../../i18n/counted";

const KEEP_DAYS = [1, 7, 30, 365] as const;
const COUNT_AFTER = 400;
const LISTED = 6;

/**
 * Asks for cameras, a stretch of time and a form, and has the export made. For chosen recordings
 * that something lies between it asks what is meant: each stretch of them as a film, or all that
 * lies from the first to the last. Dispatches `started`.
 */
@element("vtrack-export-dialog")
export class VtrackExportDialog extends VtrackElement {
  @state() private cameras: readonly Key[] = [];
  @state() private day = { from: "", to: "" };
  @state() private clock = { from: "", to: "" };
  @state() private keepGaps = true;
  @state() private keepDays = 7;
  @state() private isBusy = false;
  @state() private error = "";
  /** What was chosen, where it is more than one stretch; empty: the form tells everything. */
  @state() private stretches: readonly Stretch[] = [];
  @state() private isWhole = true;
  @state() private plan?: Plan;
  private chosen: readonly ClipRow[] = [];
  private timer?: ReturnType<typeof setTimeout>;
  @query("vtrack-dialog") private dialog!: VtrackDialog;

  static override styles = [
    base,
    fields,
    css`
      form {
        display: grid;
        gap: var(--vt-s4);
      }

      fieldset {
        border: 0;
        margin: 0;
        padding: 0;
        min-inline-size: 0;
      }

      legend {
        padding: 0;
        margin-block-end: 6px;
        font-size: var(--vt-size-s);
        color: var(--vt-text-2);
      }

      .cameras {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
        gap: 0 var(--vt-s3);
        max-block-size: 200px;
        overflow: auto;
      }

      .choice {
        display: flex;
        align-items: center;
        gap: 10px;
        min-block-size: var(--vt-target);
        min-inline-size: 0;
        cursor: pointer;
      }

      .choice > span {
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }

      .choice small {
        display: block;
        font-size: var(--vt-size-xs);
        color: var(--vt-text-2);
      }

      .moment {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--vt-s2);
      }

      .moment input {
        inline-size: 100%;
      }

      .moments {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr));
        gap: var(--vt-s4);
      }

      .list {
        display: grid;
        gap: 4px;
        font-size: var(--vt-size-s);
        font-variant-numeric: tabular-nums;
      }

      .list b {
        font-weight: 500;
      }

      .told {
        min-block-size: 20px;
        font-size: var(--vt-size-s);
        color: var(--vt-text-2);
      }

      .told.bad {
        color: var(--vt-error);
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  /** Open it for recordings that were chosen. */
  async openFor(chosen: readonly ClipRow[]): Promise<void> {
    const stretches = stretchesOf(chosen, this.app.store.state.info?.limits.export_ms ?? Infinity);
    this.chosen = chosen;
    this.stretches = stretches.length > 1 ? stretches : [];
    this.isWhole = stretches.length === 1;
    await this.show({
      cameras: [...new Set(stretches.map(({ camera }) => camera))],
      fromMs: Math.min(...stretches.map(({ fromMs }) => fromMs)),
      toMs: Math.max(...stretches.map(({ toMs }) => toMs)),
    });
  }

  /** Open it for whatever is filled in. */
  async open(): Promise<void> {
    this.chosen = [];
    this.stretches = [];
    this.isWhole = true;
    await this.show({});
  }

  private async show(known: { cameras?: readonly Key[]; fromMs?: number; toMs?: number }): Promise<void> {
    const { zone } = this.app;
    const now = this.app.now();
    const all = this.mayExport();
    this.cameras = known.cameras ?? (all.length === 1 ? [all[0]!.key] : []);
    const to = known.toMs ?? now - (now % MINUTE);
    const from = known.fromMs ?? to - 10 * MINUTE;
    // Whole seconds, outwards: what was chosen is in it.
    const ends = { from: Math.floor(from / 1000) * 1000, to: Math.ceil(to / 1000) * 1000 };
    this.day = { from: zone.dayName(ends.from), to: zone.dayName(ends.to) };
    this.clock = { from: zone.clock(ends.from), to: zone.clock(ends.to) };
    this.error = "";
    await this.updateComplete;
    await this.dialog.show();
  }

  private mayExport() {
    return this.app.store.state.info?.cameras.filter((camera) => camera.may_control || camera.is_former) ?? [];
  }

  private ends(): { fromMs: number | undefined; toMs: number | undefined } {
    const { zone } = this.app;
    return { fromMs: zone.read(this.day.from, this.clock.from), toMs: zone.read(this.day.to, this.clock.to) };
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!["cameras", "day", "clock", "isWhole"].some((name) => changed.has(name))) return;
    clearTimeout(this.timer);
    this.plan = undefined;
    if (this.isWhole && this.mistake() === null) this.timer = setTimeout(() => void this.count(), COUNT_AFTER);
  }

  /** Ask what is kept in the stretch of the form. */
  private async count(): Promise<void> {
    const { fromMs, toMs } = this.ends();
    const cameras = [...this.cameras];
    try {
      const plan = await this.app.api.latest.run("export/count", () => this.app.api.count({ filter: { cameras, from_ms: fromMs, to_ms: toMs } }));
      const now = this.ends();
      if (now.fromMs === fromMs && now.toMs === toMs && cameras.join() === this.cameras.join()) this.plan = plan;
    } catch (error) {
      if (!(error instanceof Superseded)) this.error = errorText(error, this.app.texts);
    }
  }

  private mistake(): string | null {
    const { exports, info } = this.app.store.state;
    const limits = info?.limits;
    if (!limits) return null;
    if (!this.isWhole) {
      const open = Object.values(exports).filter((row) => row.is_yours && (row.state === "running" || row.state === "waiting")).length;
      if (!filmsMistake(this.stretches.length, open, limits.exports)) return null;
      return this.t("exports.dialog.too_many_films", { most: limits.exports, open: this.app.formats.number(open) });
    }
    const form = { cameras: this.cameras, ...this.ends() };
    const mistake = mistakeIn(form, { cameras: limits.export_cameras, ms: limits.export_ms }, this.app.now());
    if (mistake === null) return null;
    return this.t(`exports.dialog.${mistake}`, { hours: Math.round(limits.export_ms / 3_600_000), most: limits.export_cameras });
  }

  private async start(): Promise<void> {
    if (this.mistake() !== null || this.isBusy) return;
    const { fromMs, toMs } = this.ends();
    const whole = { cameras: [...this.cameras], fromMs: fromMs ?? 0, toMs: toMs ?? 0 };
    const films = this.isWhole ? [whole] : this.stretches.map((each) => ({ ...each, cameras: [each.camera] }));
    this.isBusy = true;
    this.error = "";
    let started = 0;
    try {
      for (const film of films) {
        const job = await this.app.api.startExport(film.cameras, film.fromMs, film.toMs, {
          keep_gaps: this.keepGaps,
          keep_days: this.keepDays,
        });
        const error = jobError(job);
        if (error) throw error;
        started += 1;
      }
      this.dialog.close();
      this.tellStarted(started);
    } catch (error) {
      const reason = errorText(error, this.app.texts);
      this.error = started ? this.t("exports.dialog.partly", { films: counted(this.app, "films", started), reason }) : reason;
      // What is under way is not asked for again.
      this.stretches = this.stretches.slice(started);
    } finally {
      this.isBusy = false;
    }
  }

  private tellStarted(films: number): void {
    this.dispatchEvent(new Event("started"));
    this.app.toast({
      text: films === 1 ? this.t("exports.dialog.started") : this.t("exports.dialog.started_films", { films: counted(this.app, "films", films) }),
      ...(this.app.router.place.page === "exports"
        ? {}
        : { action: { label: this.t("exports.show"), run: () => this.app.router.go("exports") } }),
    });
  }

  override render() {
    const word = (key: string): string => this.t(`exports.dialog.${key}`);
    const mistake = this.mistake();
    return html`<vtrack-dialog .heading=${word("title")}>
      <form @submit=${(event: Event) => event.preventDefault()}>
        ${this.stretches.length ? this.scope() : nothing} ${this.isWhole ? this.form() : this.list()}
        <label class="field">
          ${word("keep_days")}
          <select @change=${(event: Event) => (this.keepDays = Number((event.target as HTMLSelectElement).value))}>
            ${KEEP_DAYS.map(
              (count) => html`<option value=${count} ?selected=${count === this.keepDays}>${counted(this.app, "days", count)}</option>`,
            )}
          </select>
        </label>
        <p class="told ${mistake === null && !this.error ? "" : "bad"}" role="status">
          ${this.error || (mistake ?? this.told())}
        </p>
      </form>
      <vtrack-button slot="actions" look="text" .label=${word("cancel")} @click=${() => this.dialog.close()}></vtrack-button>
      <vtrack-button
        slot="actions"
        look="primary"
        .label=${word("start_button")}
        ?disabled=${mistake !== null}
        ?busy=${this.isBusy}
        @click=${this.start}
      ></vtrack-button>
    </vtrack-dialog>`;
  }

  /** What is meant, where something lies between the chosen recordings. */
  private scope() {
    const { fromMs, toMs } = this.ends();
    const option = (isWhole: boolean, label: string, note: string) =>
      html`<label class="choice">
        <input type="radio" name="scope" .checked=${this.isWhole === isWhole} @change=${() => (this.isWhole = isWhole)} />
        <span>${label}<small>${note}</small></span>
      </label>`;
    return html`<fieldset>
      <legend>${this.t("exports.dialog.scope")}</legend>
      ${option(
        false,
        this.t("exports.dialog.scope_chosen"),
        this.t("exports.dialog.scope_chosen_note", {
          films: counted(this.app, "films", this.stretches.length),
          duration: this.app.formats.duration(lengthOf(this.stretches)),
        }),
      )}
      ${option(
        true,
        this.t("exports.dialog.scope_whole"),
        fromMs !== undefined && toMs !== undefined ? this.app.formats.range(fromMs, toMs) : "",
      )}
    </fieldset>`;
  }

  /** The films that are made of what was chosen. */
  private list() {
    const more = this.stretches.length - LISTED;
    return html`<ul class="list">
      ${this.stretches
        .slice(0, LISTED)
        .map((each) => html`<li><b>${this.app.cameraName(each.camera)}</b> · ${this.app.formats.range(each.fromMs, each.toMs)}</li>`)}
      ${more > 0 ? html`<li class="muted">${this.t("exports.dialog.more_films", { count: this.app.formats.number(more) })}</li>` : nothing}
    </ul>`;
  }

  private form() {
    const word = (key: string): string => this.t(`exports.dialog.${key}`);
    return html`<fieldset>
        <legend>${word("cameras")} · ${word("cameras_note")}</legend>
        <div class="cameras">
          ${this.mayExport().map(
            ({ key, name }) =>
              html`<label class="choice">
                <input type="checkbox" .checked=${this.cameras.includes(key)} @change=${() => this.toggle(key)} />
                <span>${name}</span>
              </label>`,
          )}
        </div>
      </fieldset>
      <div class="moments">${this.moment("from", word("start"))} ${this.moment("to", word("end"))}</div>
      <fieldset>
        <legend>${word("format")}</legend>
        ${this.gaps(true, word("keep_gaps"), word("keep_gaps_note"))} ${this.gaps(false, word("skip_gaps"), word("skip_gaps_note"))}
      </fieldset>`;
  }

  /** What is exported, how much of it is kept, and how much of that was chosen. */
  private told() {
    const { fromMs, toMs } = this.ends();
    if (!this.isWhole || fromMs === undefined || toMs === undefined) return nothing;
    const { plan } = this;
    const { formats } = this.app;
    const length = this.t("exports.dialog.length", { duration: formats.duration(toMs - fromMs, "long") });
    if (!plan) return length;
    if (plan.clips === 0) return `${length}. ${this.t("exports.dialog.nothing_inside")}`;
    const inside = this.t("exports.dialog.inside", { clips: counted(this.app, "clips", plan.clips), size: formats.bytes(plan.bytes) });
    const chosen = this.chosen.filter((clip) => this.cameras.includes(clip.camera) && clip.start_ms < toMs && fromMs < clip.end_ms).length;
    const others = chosen ? ` ${this.t("exports.dialog.inside_chosen", { count: formats.number(Math.min(chosen, plan.clips)) })}` : "";
    return `${length}. ${inside}${others}`;
  }

  private toggle(key: Key): void {
    this.cameras = this.cameras.includes(key) ? this.cameras.filter((each) => each !== key) : [...this.cameras, key];
  }

  private moment(end: "from" | "to", label: string) {
    const set = (what: "day" | "clock") => (event: Event) => {
      this[what] = { ...this[what], [end]: (event.target as HTMLInputElement).value };
    };
    return html`<fieldset>
      <legend>${label}</legend>
      <div class="moment">
        <input type="date" aria-label="${label}, ${this.t("exports.dialog.day")}" .value=${this.day[end]} @input=${set("day")} />
        <input type="time" step="1" aria-label="${label}, ${this.t("exports.dialog.time")}" .value=${this.clock[end]} @input=${set("clock")} />
      </div>
    </fieldset>`;
  }

  private gaps(isKept: boolean, label: string, note: string) {
    return html`<label class="choice">
      <input type="radio" name="gaps" .checked=${this.keepGaps === isKept} @change=${() => (this.keepGaps = isKept)} />
      <span>${label}<small>${note}</small></span>
    </label>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-export-dialog": VtrackExportDialog;
  }
}
