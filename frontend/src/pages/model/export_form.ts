/** What a person has to say for an export, and what is wrong with it. */

export interface ExportForm {
  readonly cameras: readonly string[];
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

export interface ExportLimits {
  readonly cameras: number;
  readonly ms: number;
}

export type ExportMistake = "no_camera" | "too_many" | "incomplete" | "backwards" | "too_long" | "future";

/** Return what stands before an export, the first thing only; null: it can be made. */
export function mistakeIn(form: ExportForm, limits: ExportLimits, now: number): ExportMistake | null {
  if (form.cameras.length === 0) return "no_camera";
  if (form.cameras.length > limits.cameras) return "too_many";
  if (form.fromMs === undefined || form.toMs === undefined) return "incomplete";
  if (form.toMs <= form.fromMs) return "backwards";
  if (form.fromMs > now) return "future";
  return form.toMs - form.fromMs > limits.ms ? "too_long" : null;
}

/** Return whether so many films cannot be asked for beside those that are not ready yet. */
export function filmsMistake(films: number, open: number, most: number): boolean {
  return films + open > most;
}
