/** Work on many clips: counted first, asked about, done as a job, undone where that goes. */

import { html, nothing } from "lit";
import { ApiError } from "../../api/errors";
import type { ClipFilter, Job, Plan } from "../../api/types";
import type { App, ToastAction } from "../../store/app";
import { runJob } from "../../store/jobs";
import type { VtrackConfirm } from "../../ui/dialog";
import { counted } from "../../i18n/counted";

export type BulkKind = "protect" | "unprotect" | "delete";
/** Which clips: those with an id, or all that a filter lets through. */
export type BulkWhat = { readonly ids: number[] } | { readonly filter: ClipFilter };

export interface Bulk {
  readonly app: App;
  readonly confirm: VtrackConfirm;
  /** Called where clips were deleted or brought back, or their protection changed. */
  readonly changed: (kind: BulkKind | "undo") => void;
}

/** Return how many clips, how long and how large, as one line. */
function amount(app: App, clips: number, seconds: number, bytes: number): string {
  return app.t("recordings.amount", {
    clips: counted(app, "clips", clips),
    duration: app.formats.duration(seconds * 1000),
    size: app.formats.bytes(bytes),
  });
}

/** Count, ask, and do it. Returns whether it was done; errors are shown as a toast. */
export async function runBulk(bulk: Bulk, kind: BulkKind, what: BulkWhat): Promise<boolean> {
  const { app, confirm } = bulk;
  try {
    for (;;) {
      const plan = await app.api.count("ids" in what ? { ids: what.ids } : { filter: what.filter });
      const counts = kind === "delete" ? plan.deletable : plan;
      if (kind === "delete" && !plan.may_delete) throw new ApiError("", "unauthorized", "not_allowed");
      if (counts.clips === 0) {
        app.toast({ text: app.t(kind === "delete" && plan.clips > 0 ? "recordings.confirm_delete.nothing" : "recordings.nothing_to_do") });
        return false;
      }
      const isSure = await confirm.ask({
        heading: app.t(`recordings.confirm_${kind}.title`),
        text: question(app, kind, plan),
        yes: app.t(`recordings.confirm_${kind}.ok`),
        danger: kind === "delete",
      });
      if (!isSure) return false;
      try {
        const chosen = { plan_id: plan.plan_id };
        const job = kind === "delete" ? await app.api.delete(chosen) : await app.api.protect(chosen, kind === "protect");
        void tell(bulk, kind, job, counts.clips);
        return true;
      } catch (error) {
        // What was counted is more than a minute old: it is counted and shown again.
        if (!(error instanceof ApiError) || error.code !== "plan_expired") throw error;
      }
    }
  } catch (error) {
    app.toastError(error);
    return false;
  }
}

/** Return how many clips were brought back, and of how many nothing was left. */
export function broughtBack(app: App, job: Job, asked: number): string {
  const clips = counted(app, "clips", job.clips);
  const gone = asked - job.clips;
  return gone > 0 ? app.t("recordings.brought_back_partly", { clips, gone: app.formats.number(gone) }) : app.t("recordings.brought_back", { clips });
}

function question(app: App, kind: BulkKind, plan: Plan) {
  const counts = kind === "delete" ? plan.deletable : plan;
  const stays = kind === "delete" ? plan.is_protected : 0;
  return html`<p style="font-weight:500">${amount(app, counts.clips, counts.seconds, counts.bytes)}</p>
    ${plan.first_ms !== null && plan.last_ms !== null
      ? html`<p>${app.formats.range(plan.first_ms, plan.last_ms)}</p>`
      : nothing}
    <p>${plan.cameras.map((key) => app.cameraName(key)).join(", ")}</p>
    ${stays > 0 ? html`<p>${app.t("recordings.confirm_delete.protected", { count: app.formats.number(stays) })}</p>` : nothing}
    <p style="color:var(--vt-text-2);margin-block-start:12px">${app.t(`recordings.confirm_${kind}.what`)}</p>`;
}

async function tell(bulk: Bulk, kind: BulkKind, job: Job, clips: number): Promise<void> {
  const { app } = bulk;
  if (job.state !== "failed") bulk.changed(kind);
  const counts = { clips: counted(app, "clips", clips) };
  const undo: ToastAction = {
    label: app.t("common.undo"),
    run: () =>
      void runJob(app, app.api.undo({ job: job.id }), { done: () => app.t("recordings.undone") }).then((ended) => {
        if (ended) bulk.changed("undo");
      }),
  };
  const text = app.t(kind === "delete" ? "recordings.deleted" : `recordings.${kind}ed_done`, counts);
  const ended = await runJob(app, Promise.resolve(job), {
    started: kind === "delete" ? text : undefined,
    done: () => text,
    action: () => (kind === "delete" ? undo : undefined),
  });
  if (ended?.state === "done") app.announce(text);
  else bulk.changed("undo");
}
