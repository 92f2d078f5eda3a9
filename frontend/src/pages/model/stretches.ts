/** Chosen clips as stretches without anything else in between. */

import type { ClipRow, Key } from "../../api/types";

export interface Stretch {
  readonly camera: Key;
  readonly fromMs: number;
  readonly toMs: number;
  readonly clips: number;
}

type Placed = Pick<ClipRow, "camera" | "start_ms" | "end_ms">;

/** Clips of a device that records on end leave less than this between them. */
const JOINED_MS = 1000;

/**
 * Return the stretches that clips make up, each of one camera and `longestMs` long at most, in
 * the order of their beginnings.
 */
export function stretchesOf(clips: readonly Placed[], longestMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  const last = new Map<Key, number>();
  for (const clip of [...clips].sort((one, other) => one.start_ms - other.start_ms)) {
    const at = last.get(clip.camera);
    const before = at === undefined ? undefined : stretches[at];
    const toMs = Math.max(clip.end_ms, before?.toMs ?? 0);
    if (before && clip.start_ms - before.toMs <= JOINED_MS && toMs - before.fromMs <= longestMs) {
      stretches[at!] = { ...before, toMs, clips: before.clips + 1 };
    } else {
      last.set(clip.camera, stretches.length);
      stretches.push({ camera: clip.camera, fromMs: clip.start_ms, toMs: clip.end_ms, clips: 1 });
    }
  }
  return stretches;
}

/** Return how long they are together. */
export function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
