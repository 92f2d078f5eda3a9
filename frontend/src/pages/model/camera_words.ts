/** A camera's state in words, the one that matters most first. */

import type { Camera, CameraStatus, NvrStatus, Problem } from "../../api/types";
import { type Page, writeTime } from "../../panel/router";

/** A text by its key below `config_panel`, with what fills its placeholders. */
export interface Phrase {
  readonly key: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** The one button beside a problem. */
export type Fix =
  /** A page of Home Assistant. */
  | { readonly kind: "link"; readonly label: string; readonly path: string }
  /** A page of ours. */
  | { readonly kind: "page"; readonly label: string; readonly path: Page; readonly query: Readonly<Record<string, string>> }
  | { readonly kind: "sync"; readonly label: string }
  | { readonly kind: "resume"; readonly label: string };

export type Tone = "good" | "live" | "busy" | "warn" | "bad" | "off";

export interface Words {
  readonly tone: Tone;
  /** One to three words for the corner of the picture. */
  readonly label: Phrase;
  /** A sentence where something is not well. */
  readonly sentence: Phrase | null;
  readonly fix: Fix | null;
}

/** How moments and kinds of problem are written. */
export interface Writing {
  moment(ms: number): string;
  problem(kind: string): string;
}

/** Behind by less than this is normal: clips are closed every five minutes. */
const BEHIND_S = 900;

const TONES: Readonly<Record<CameraStatus["state"], Tone>> = {
  idle: "good",
  searching: "good",
  fetching: "busy",
  recording: "live",
  waiting: "busy",
  paused: "off",
  blocked: "bad",
  offline: "bad",
};

/** Return the button that the server names for a problem. */
export function fixOf(problem: Problem | null): Fix | null {
  if (problem === null) return null;
  const { action, url } = problem.remedy;
  if (action === "retry") return { kind: "sync", label: "remedy.retry" };
  if (action === "none" || url === null) return null;
  return { kind: "link", label: `remedy.${action}`, path: url };
}

function of(writing: Writing, key: string, problem: Problem): Phrase {
  return { key, values: { moment: writing.moment(problem.since_ms), reason: writing.problem(problem.kind) } };
}

/** Return what to say of a camera; null as its status: nothing is known yet. */
export function cameraWords(
  camera: Pick<Camera, "key" | "is_former" | "device_id">,
  status: CameraStatus | null,
  nvr: NvrStatus | null,
  isAdmin: boolean,
  writing: Writing,
): Words {
  const plain = (tone: Tone, label: string): Words => ({ tone, label: { key: label }, sentence: null, fix: null });
  if (camera.is_former) return plain("off", "camera_state.former");
  if (status === null) return plain("off", "camera_state.starting");
  const { problem, missing } = status;
  if (status.state === "paused") {
    if (status.is_enabled) {
      const fix: Fix | null = isAdmin ? { kind: "resume", label: "remedy.resume" } : null;
      return { tone: "off", label: { key: "camera_state.paused" }, sentence: { key: "sentence.paused" }, fix };
    }
    const path = isAdmin && camera.device_id ? `/config/devices/device/${camera.device_id}` : null;
    return {
      tone: "off",
      label: { key: "camera_state.switched_off" },
      sentence: { key: "sentence.switched_off" },
      fix: path ? { kind: "link", label: "remedy.switch", path } : null,
    };
  }
  if (status.state === "offline" || nvr?.is_online === false) {
    const why = problem ?? nvr?.problem ?? null;
    return {
      tone: "bad",
      label: { key: "camera_state.offline" },
      sentence: why ? of(writing, "sentence.offline_since", why) : { key: "sentence.offline" },
      fix: fixOf(why),
    };
  }
  if (problem && status.state === "blocked") {
    return {
      tone: "bad",
      label: { key: "camera_state.blocked" },
      sentence: of(writing, "sentence.blocked_since", problem),
      fix: fixOf(problem),
    };
  }
  if (missing) {
    return {
      tone: "warn",
      label: { key: "camera_state.missing" },
      sentence: { key: `missing.${missing.cause}`, values: { moment: writing.moment(missing.since_ms) } },
      fix: { kind: "page", label: "remedy.show", path: "timeline", query: { c: camera.key, t: writeTime(missing.since_ms) } },
    };
  }
  const isBehind = status.state === "idle" && (status.lag_s ?? 0) >= BEHIND_S && status.backlog_s > 0;
  return {
    tone: isBehind ? "busy" : TONES[status.state],
    label: { key: isBehind ? "camera_state.behind" : `camera_state.${status.state}` },
    sentence: problem ? of(writing, "sentence.waiting_since", problem) : null,
    fix: problem ? fixOf(problem) : null,
  };
}

/** Return the lag that is worth telling, in seconds; null: it keeps up. */
export function tellableLag(status: CameraStatus): number | null {
  return status.lag_s !== null && status.lag_s >= BEHIND_S && status.backlog_s > 0 ? status.lag_s : null;
}

const ORDER: readonly Tone[] = ["bad", "warn", "busy", "live", "good", "off"];

/** Return how urgent a tone is, the most urgent lowest. */
export function urgency(tone: Tone): number {
  return ORDER.indexOf(tone);
}
