/** Which clip shows a moment, for pictures while the hand moves. */

import type { App } from "../store/app";
import type { Key } from "../api/types";
import { HOUR } from "../time/zone";
import { Superseded } from "../api/errors";

export interface ClipAt {
  id: number;
  start: number;
  length: number;
}

const KEPT = 400;

export class ClipLookup {
  private readonly hours = new Map<string, ClipAt[]>();

  constructor(private readonly app: App) {}

  /** The clip, null where there is none, undefined before it was asked for. */
  peek(camera: Key, t: number): ClipAt | null | undefined {
    const clips = this.hours.get(key(camera, t));
    if (!clips) return undefined;
    return clips.find(({ start, length }) => start <= t && t < start + length) ?? null;
  }

  /** Ask for the hour around t, unless a newer wish takes its place. */
  async load(camera: Key, t: number): Promise<ClipAt | null> {
    const known = this.peek(camera, t);
    if (known !== undefined) return known;
    const from = Math.floor(t / HOUR) * HOUR;
    try {
      const answer = await this.app.api.latest.run("clips/spans", () =>
        this.app.api.clipSpans(camera, from, from + HOUR),
      );
      const clips: ClipAt[] = [];
      for (let at = 0; at + 2 < answer.clips.length; at += 3) {
        const [id, start, length] = answer.clips.slice(at, at + 3) as [number, number, number];
        clips.push({ id, start: from + start, length });
      }
      // The running hour grows: it is not remembered.
      if (from + HOUR < this.app.now()) this.remember(key(camera, t), clips);
      return clips.find(({ start, length }) => start <= t && t < start + length) ?? null;
    } catch (error) {
      if (error instanceof Superseded) return null;
      throw error;
    }
  }

  private remember(hour: string, clips: ClipAt[]): void {
    this.hours.set(hour, clips);
    for (const old of this.hours.keys()) {
      if (this.hours.size <= KEPT) break;
      this.hours.delete(old);
    }
  }

  /** What was known has changed. */
  clear(): void {
    this.hours.clear();
  }
}

function key(camera: Key, t: number): string {
  return `${Math.floor(t / HOUR)}/${camera}`;
}

/** Which picture of a strip shows a moment. */
export function stripPlace(clip: ClipAt, t: number, pictures: number): number {
  const place = Math.floor(((t - clip.start) * pictures) / Math.max(1, clip.length));
  return Math.max(0, Math.min(place, pictures - 1));
}

/** Fill in an address of `info.urls`. */
export function fill(address: string, values: Record<string, string | number>): string {
  return address.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
