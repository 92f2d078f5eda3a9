/** Events of the lanes, in chunks of time that fit the zoom. */

import type { EventClass, EventCounts, EventMarks, Key, Touched } from "../api/types";
import { HOUR } from "../time/zone";
import type { View } from "./view";
import { span } from "./view";

const DAY = 24 * HOUR;
const SIZES = [HOUR, 6 * HOUR, DAY, 4 * DAY, 16 * DAY, 64 * DAY];
const KEPT = 40;
/** Cameras of one request. */
export const MOST_CAMERAS = 32;

export interface Mark {
  /** UTC milliseconds */
  t: number;
  length: number;
  cls: EventClass;
  /** So many in a bucket; 0 for an event of its own. */
  count: number;
}

export interface Chunk {
  key: string;
  from: number;
  to: number;
  cameras: Key[];
}

interface Stored extends Chunk {
  marks: Map<Key, Mark[]>;
  until: number;
  stale: boolean;
}

export function chunkSize(view: View): number {
  return SIZES.find((size) => size >= span(view)) ?? SIZES.at(-1)!;
}

/** Marks by camera of an answer, in order. */
export function readEvents(answer: EventMarks | EventCounts, from: number): Map<Key, Mark[]> {
  const marks = new Map<Key, Mark[]>(answer.cameras.map((camera) => [camera, []]));
  const rows = answer.kind === "events" ? answer.events : answer.counts;
  for (let at = 0; at + 3 < rows.length; at += 4) {
    const list = marks.get(answer.cameras[rows[at]!] ?? "");
    const cls = answer.classes[rows[at + 1]!] ?? "other";
    if (!list) continue;
    if (answer.kind === "events") {
      list.push({ t: from + rows[at + 2]!, length: rows[at + 3]!, cls, count: 0 });
    } else {
      const t = from + rows[at + 2]! * answer.bucket_ms;
      list.push({ t, length: answer.bucket_ms, cls, count: rows[at + 3]! });
    }
  }
  for (const list of marks.values()) list.sort((a, b) => a.t - b.t);
  return marks;
}

export class EventCache {
  private readonly chunks = new Map<string, Stored>();
  private classes = "";
  version = 0;

  /** Events of other classes are other answers. */
  filter(classes: readonly EventClass[] | undefined): void {
    const now = classes?.join() ?? "";
    if (now === this.classes) return;
    this.classes = now;
    this.chunks.clear();
    this.version += 1;
  }

  put(chunk: Chunk, answer: EventMarks | EventCounts, now: number): void {
    this.chunks.delete(chunk.key);
    this.chunks.set(chunk.key, {
      ...chunk,
      marks: readEvents(answer, chunk.from),
      until: now,
      stale: false,
    });
    for (const key of this.chunks.keys()) {
      if (this.chunks.size <= KEPT) break;
      this.chunks.delete(key);
    }
    this.version += 1;
  }

  touch(touched: readonly Touched[] | null): boolean {
    let any = false;
    for (const chunk of this.chunks.values()) {
      const hit = touched?.some(
        ([camera, from, to]) =>
          from < chunk.to && to > chunk.from && chunk.cameras.includes(camera),
      );
      if (hit === false) continue;
      chunk.stale = true;
      any = true;
    }
    return any;
  }

  /** Chunks to ask for, those in sight first, then those beside it. */
  missing(view: View, cameras: readonly Key[], now: number): Chunk[] {
    const size = chunkSize(view);
    const half = span(view) / 2;
    const seen = this.absent(size, view.from, view.to, cameras, now);
    return seen.length > 0
      ? seen
      : this.absent(size, view.from - half, view.to + half, cameras, now);
  }

  private absent(
    size: number,
    from: number,
    to: number,
    cameras: readonly Key[],
    now: number,
  ): Chunk[] {
    const found: Chunk[] = [];
    for (let at = 0; at < cameras.length; at += MOST_CAMERAS) {
      const group = cameras.slice(at, at + MOST_CAMERAS);
      for (let n = Math.floor(from / size); n * size < Math.min(to, now); n += 1) {
        const key = `${size}/${n}/${group.join("\n")}`;
        const known = this.chunks.get(key);
        if (known && !known.stale) continue;
        found.push({ key, from: n * size, to: (n + 1) * size, cameras: group });
      }
    }
    return found;
  }

  /**
   * The marks of a camera in a stretch, in chunks of a size; from coarser ones while the fine ones
   * are not here. An event that reaches over a border is given once.
   */
  marks(size: number, from: number, to: number, camera: Key): readonly Mark[] {
    const found: Mark[] = [];
    for (let n = Math.floor(from / size); n * size < to; n += 1) {
      const low = Math.max(from, n * size);
      const high = Math.min(to, (n + 1) * size);
      for (const mark of this.best(camera, low, high, size)?.marks.get(camera) ?? []) {
        if (mark.t >= high || mark.t + mark.length < low) continue;
        if (mark.t >= low || low === from) found.push(mark);
      }
    }
    return found;
  }

  private best(camera: Key, from: number, to: number, size: number): Stored | undefined {
    let best: Stored | undefined;
    for (const chunk of this.chunks.values()) {
      if (chunk.from > from || chunk.to < to || !chunk.marks.has(camera)) continue;
      const wide = chunk.to - chunk.from;
      if (wide >= size && (!best || wide < best.to - best.from)) best = chunk;
    }
    return best;
  }
}
