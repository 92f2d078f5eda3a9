import { css, html, nothing } from "lit";
import { query, state } from "lit/decorators.js";
import type { Key, Plan } from "../api/types";
import { counted } from "../i18n/counted";
import { writeKeys, writeTime } from "../panel/router";
import { runJob, undoAction } from "../store/jobs";
import { base, fields } from "../styles/base";
import { HOUR, SECOND } from "../time/zone";
import { type RangeAct, type Subject, hasDevice, mayDo } from "../timeline/acts";
import "../ui/button";
import "../ui/dialog";
import type { VtrackConfirm, VtrackDialog } from "../ui/dialog";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import "./share-dialog";
import type { VtrackShareDialog } from "./share-dialog";

/**
 * What one may do with a stretch of the time line, with the questions it takes. The stretch and
 * its cameras come with each call, so that nothing depends on what is shown beside. Dispatches
 * `changed` when clips in it are other ones, or protected.
 */
@element("vtrack-range-acts")
export class VtrackRangeActs extends VtrackElement {
  @state() private exported?: Subject;
  @state() private keepGaps = true;
  @query("vtrack-confirm") private confirm!: VtrackConfirm;
  @query("vtrack-dialog") private exportDialog!: VtrackDialog;
  @query("vtrack-share-dialog") private shareDialog!: VtrackShareDialog;

  static override styles = [
    base,
    fields,
    css`
      :host {
        display: contents;
      }

      .check {
        display: flex;
        align-items: center;
        gap: var(--vt-s3);
        min-block-size: var(--vt-target);
      }

      .bad {
        color: var(--vt-error);
      }
    `,
  ];

  /** Do it, or say why it may not be done. */
  async run(act: RangeAct, subject: Subject): Promise<void> {
    const cameras = subject.cameras.map((key) => this.app.camera(key));
    if (!mayDo(act, cameras, this.app.isAdmin)) {
      this.app.toast({ text: this.app.texts.error("not_allowed") ?? "", tone: "error" });
      return;
    }
    switch (act) {
      case "export":
        return this.askExport(subject);
      case "protect":
        return this.protect(subject);
      case "fetch":
        return this.fetch(subject);
      case "share":
        return this.share(subject);
      case "delete":
        return this.delete(subject);
    }
  }

  /** A plan lives a minute and is used once: it is made for the act itself. */
  private async plan({ cameras, from, to }: Subject): Promise<Plan | undefined> {
    try {
      return await this.app.api.count({ filter: { cameras: [...cameras], from_ms: from, to_ms: to } });
    } catch (error) {
      this.app.toastError(error);
      return undefined;
    }
  }

  private changed(): void {
    this.dispatchEvent(new Event("changed"));
  }

  private async fetch({ cameras, from, to }: Subject): Promise<void> {
    await Promise.all(
      cameras
        .filter((camera) => hasDevice(this.app.camera(camera)))
        .map((camera) =>
        runJob(this.app, this.app.api.fetch(camera, from, to), {
          started: this.t("selection.fetching"),
          done: ({ outcome }) => this.t(`selection.fetched_${outcome ?? "kept"}`),
        }),
      ),
    );
    this.changed();
  }

  private async askExport(subject: Subject): Promise<void> {
    this.exported = subject;
    await this.updateComplete;
    await this.exportDialog.show();
  }

  private async export(): Promise<void> {
    const { exported } = this;
    if (!exported) return;
    this.exportDialog.close();
    const { cameras, from, to } = exported;
    const start = this.app.api.startExport([...cameras], from, to, { keep_gaps: this.keepGaps });
    const show = { label: this.t("selection.show"), run: () => this.app.router.go("exports") };
    await runJob(this.app, start, {
      started: this.t("selection.exporting"),
      done: () => this.t("selection.exported"),
      action: () => show,
    });
  }

  private async protect(subject: Subject): Promise<void> {
    const plan = await this.plan(subject);
    if (!plan) return;
    if (plan.clips === 0) {
      this.app.toast({ text: this.t("selection.empty") });
      return;
    }
    await runJob(this.app, this.app.api.protect({ plan_id: plan.plan_id }, true), {
      done: ({ clips }) => this.t("selection.protected", { clips: counted(this.app, "clips", clips) }),
    });
    this.changed();
  }

  private async delete(subject: Subject): Promise<void> {
    const plan = await this.plan(subject);
    if (!plan) return;
    const { formats } = this.app;
    const { clips, bytes, seconds } = plan.deletable;
    if (clips === 0) {
      this.app.toast({ text: this.t("selection.nothing_to_delete") });
      return;
    }
    const yes = await this.confirm.ask({
      heading: this.t("selection.delete_heading", { clips: counted(this.app, "clips", clips) }),
      text: html`<p>
          ${this.t("selection.delete_text", {
            length: formats.duration(seconds * SECOND),
            size: formats.bytes(bytes),
            range: formats.range(plan.first_ms ?? subject.from, plan.last_ms ?? subject.to),
          })}
        </p>
        <p>${this.names(subject.cameras)}</p>
        ${plan.is_protected > 0
          ? html`<p class="muted">
              ${this.t("selection.delete_protected", { clips: counted(this.app, "clips", plan.is_protected) })}
            </p>`
          : nothing}`,
      yes: this.t("selection.delete_yes"),
      danger: true,
    });
    if (!yes) return;
    await runJob(this.app, this.app.api.delete({ plan_id: plan.plan_id }), {
      done: (job) => this.t("selection.deleted", { clips: counted(this.app, "clips", job.clips) }),
      action: (job) => (job.undo_until_ms === null ? undefined : undoAction(this.app, job)),
    });
    this.changed();
  }

  private share({ cameras, from, to }: Subject): Promise<void> {
    const address = this.app.router.href("timeline", {
      c: writeKeys(cameras),
      t: writeTime(from),
      a: writeTime(from),
      b: writeTime(to),
    });
    const targets = cameras.map((camera) => ({ kind: "range" as const, camera, from_ms: from, to_ms: to }));
    return this.shareDialog.open({ cameras, fromMs: from, toMs: to, address, targets });
  }

  private names(cameras: readonly Key[]): string {
    return cameras.map((key) => this.app.cameraName(key)).join(", ");
  }

  override render() {
    const { exported } = this;
    const most = this.app.store.state.info?.limits.export_ms ?? Infinity;
    const isTooLong = exported !== undefined && exported.to - exported.from > most;
    return html`<vtrack-dialog .heading=${this.t("selection.export_heading")}>
        ${exported
          ? html`<p>${this.names(exported.cameras)}</p>
              <p class="num">${this.app.formats.range(exported.from, exported.to)}</p>`
          : nothing}
        <label class="check">
          <input
            type="checkbox"
            .checked=${this.keepGaps}
            @change=${(event: Event) => (this.keepGaps = (event.target as HTMLInputElement).checked)}
          />
          ${this.t("selection.keep_gaps")}
        </label>
        ${isTooLong
          ? html`<p class="small bad" role="alert">${this.t("exports.dialog.too_long", { hours: Math.round(most / HOUR) })}</p>`
          : nothing}
        <vtrack-button
          slot="actions"
          look="primary"
          .label=${this.t("selection.export_yes")}
          ?disabled=${isTooLong}
          @click=${this.export}
        ></vtrack-button>
      </vtrack-dialog>
      <vtrack-confirm></vtrack-confirm>
      <vtrack-share-dialog></vtrack-share-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-range-acts": VtrackRangeActs;
  }
}
