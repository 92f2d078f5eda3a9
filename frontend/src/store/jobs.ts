/** Work that takes time: started, watched by subscription, told of when it ends. */

import { ApiError, errorText } from "../api/errors";
import { counted } from "../i18n/counted";
import type { Job } from "../api/types";
import type { App, ToastAction } from "./app";

export interface JobWords {
  /** What is told when it is under way longer than a moment. */
  started?: string;
  /** What is told at its end; undefined tells nothing. */
  done: (job: Job) => string | undefined;
  /** The button beside it. */
  action?: (job: Job) => ToastAction | undefined;
}

/** Start a job and tell how it ends; returns it as it ended, undefined if it could not begin. */
export async function runJob(
  app: App,
  start: Promise<Job>,
  words: JobWords,
): Promise<Job | undefined> {
  let job: Job;
  try {
    job = await start;
  } catch (error) {
    app.toastError(error);
    return undefined;
  }
  if (!isOver(job)) {
    if (words.started) app.toast({ text: words.started, action: words.action?.(job) });
    job = await ended(app, job);
  }
  const error = jobError(job);
  if (error) {
    app.toast({ text: errorText(error, app.texts), tone: "error" });
  } else if (job.state === "done") {
    const text = words.done(job);
    if (text) app.toast({ text, action: words.action?.(job) });
  }
  return job;
}

/** What made a job fail; undefined if it did not. */
export function jobError({ state, error }: Job): ApiError | undefined {
  if (state !== "failed" || !error) return undefined;
  const { message, code, translation_key, translation_placeholders } = error;
  return new ApiError(message, code, translation_key, translation_placeholders);
}

export function isOver(job: Job): boolean {
  return job.state !== "waiting" && job.state !== "running";
}

function ended(app: App, job: Job): Promise<Job> {
  return new Promise((resolve) => {
    const stop = app.store.select(
      (state) => state.jobs[job.id],
      (now) => {
        // A job that is told of no more has ended long ago; what is known of it stands.
        if (now && !isOver(now)) return;
        stop();
        resolve(now ?? job);
      },
    );
  });
}

/** Undo a deletion, for the button of its toast. */
export function undoAction(app: App, job: Job): ToastAction {
  return {
    label: app.t("common.undo"),
    run: () =>
      void runJob(app, app.api.undo({ job: job.id }), {
        done: ({ clips }) => app.t("selection.undone", { clips: counted(app, "clips", clips) }),
      }),
  };
}
