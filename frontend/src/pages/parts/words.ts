/** What pages write alike: counts, moments, coverage in words, problems with their button. */

import { html, nothing } from "lit";
import { mdiAlertCircleOutline, mdiCheckCircleOutline, mdiPauseCircleOutline, mdiRecord, mdiSync, mdiAlertOutline } from "@mdi/js";
import { counted } from "../../i18n/counted";
import type { App } from "../../store/app";
import type { State } from "../../api/types";
import type { Fix, Phrase, Tone, Writing } from "../model/camera_words";
import "../../ui/button";

/** Return a phrase with its values filled in. */
export function say(app: App, phrase: Phrase): string {
  return app.t(phrase.key, phrase.values && { ...phrase.values });
}

/** Return a moment as briefly as it can be told: the time today, the day before. */
export function moment(app: App, ms: number): string {
  const away = app.zone.daysBetween(ms, app.now());
  if (away === 0) return app.formats.time(ms);
  if (away === 1) return app.t("recordings.yesterday_at", { time: app.formats.time(ms) });
  return away > 1 && away < 300 ? app.formats.dateTimeShort(ms) : `${app.formats.dateNumeric(ms)}, ${app.formats.time(ms)}`;
}

/** Return a day's name as people say it. */
export function dayName(app: App, ms: number): string {
  const away = app.zone.daysBetween(ms, app.now());
  if (away === 0) return app.t("recordings.today");
  if (away === 1) return app.t("recordings.yesterday");
  return app.formats.day(ms);
}

/** Return how words for a camera are written. */
export function writing(app: App): Writing {
  return {
    moment: (ms) => moment(app, ms),
    problem: (kind) => app.t(`reason.${kind}`),
  };
}

/** Return a number of days, at most with one decimal below ten. */
export function days(app: App, count: number): string {
  const whole = count >= 10 ? Math.floor(count) : Math.floor(count * 10) / 10;
  return counted(app, "days", whole);
}

const YEAR_DAYS = 365;

/** Return for how long the free space lasts; null where that is not known or not worth telling. */
export function lasts(app: App, daysLeft: number | null): string | null {
  if (daysLeft === null || daysLeft < 1) return null;
  return daysLeft > YEAR_DAYS ? app.t("storage.lasts_years") : app.t("storage.days_left", { days: days(app, daysLeft) });
}

const TOLD: readonly State[] = ["kept", "on_device", "fetching", "failed", "lost", "missing", "on_request"];

/** Return how long each state lasted, for people who do not see the bar. */
export function coverageWords(app: App, seconds: Readonly<Partial<Record<State, number>>>): string {
  return TOLD.filter((state) => (seconds[state] ?? 0) >= 1)
    .map((state) => `${app.t(`state.${state}`)} ${app.formats.duration((seconds[state] ?? 0) * 1000, "long")}`)
    .join(", ");
}

export const TONE_ICONS: Readonly<Record<Tone, string>> = {
  good: mdiCheckCircleOutline,
  live: mdiRecord,
  busy: mdiSync,
  warn: mdiAlertOutline,
  bad: mdiAlertCircleOutline,
  off: mdiPauseCircleOutline,
};

/** The button that mends a problem; `act` is called for what is done at once. */
export function fixButton(app: App, fix: Fix | null, act: (kind: "sync" | "resume") => void) {
  if (fix === null) return nothing;
  const label = app.t(fix.label);
  if (fix.kind === "link") return html`<vtrack-button compact .label=${label} .href=${fix.path}></vtrack-button>`;
  if (fix.kind === "page") {
    return html`<vtrack-button compact .label=${label} .href=${app.router.href(fix.path, { ...fix.query })}></vtrack-button>`;
  }
  return html`<vtrack-button compact .label=${label} @click=${() => act(fix.kind)}></vtrack-button>`;
}
