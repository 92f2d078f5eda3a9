/**
 * True time and media time of a playlist, both ways.
 *
 * A playlist has no gaps in its media time: what follows a gap begins where the footage before
 * it ended. PROGRAM-DATE-TIME says which true time that is. Times called `Ms` are true UTC in
 * milliseconds since 1970; all others are the media element's seconds.
 */

/** A segment of a playlist: where it lies in media time, and its true time. */
export interface Piece {
  start: number;
  duration: number;
  startMs: number;
}

/** Pieces in a row whose true time goes on as their media time does. */
export interface Run {
  start: number;
  end: number;
  startMs: number;
  endMs: number;
}

/** A stretch without footage between two runs, and the media time at which it lies. */
export interface Gap {
  fromMs: number;
  toMs: number;
  at: number;
}

/** Where a true time lies in a playlist; `media` is the nearest place that can be played. */
export type Place =
  | { kind: "at"; media: number }
  | { kind: "gap"; media: number; gap: Gap }
  | { kind: "before"; media: number }
  | { kind: "after"; media: number }
  | { kind: "empty" };

/** A hole shorter than this is a border between clips, not a gap: it is stepped over. */
export const STEP_OVER_MS = 1000;
/** How far a piece may lie beside the straight line of its run: playlists round their times. */
const ROUNDING_MS = 10;
const ROUNDING_S = ROUNDING_MS / 1000;
/** Less than a picture takes. */
const PICTURE_S = 0.001;

export class TimeMap {
  readonly runs: readonly Run[];
  readonly gaps: readonly Gap[];

  constructor(pieces: Iterable<Piece>) {
    this.runs = runsOf(pieces);
    this.gaps = gapsOf(this.runs);
  }

  get isEmpty(): boolean {
    return this.runs.length === 0;
  }

  /** The true time at which the footage begins; NaN without footage. */
  get firstMs(): number {
    return this.runs[0]?.startMs ?? NaN;
  }

  /** The true time at which the footage ends; NaN without footage. */
  get lastMs(): number {
    return this.runs.at(-1)?.endMs ?? NaN;
  }

  get mediaEnd(): number {
    return this.runs.at(-1)?.end ?? 0;
  }

  /** Return the true time of a media time; outside of the footage, that of its nearest end. */
  toTrue(media: number): number {
    const run = this.runs[this.indexAt(media)];
    if (!run) {
      return NaN;
    }
    const into = Math.min(Math.max(media - run.start, 0), run.end - run.start);
    return run.startMs + into * 1000;
  }

  /** Return where a true time lies. */
  toMedia(ms: number): Place {
    const first = this.runs[0];
    const last = this.runs.at(-1);
    if (!first || !last) {
      return { kind: "empty" };
    }
    if (ms < first.startMs) {
      return { kind: "before", media: first.start };
    }
    if (ms >= last.endMs) {
      return { kind: "after", media: last.end };
    }
    for (const run of this.runs) {
      if (ms >= run.startMs && ms < run.endMs) {
        return { kind: "at", media: run.start + (ms - run.startMs) / 1000 };
      }
    }
    const gap = this.gaps.find((each) => ms >= each.fromMs && ms < each.toMs);
    if (gap) {
      return { kind: "gap", media: gap.at, gap };
    }
    const next = this.runs.find((run) => run.startMs > ms) ?? last;
    return { kind: "at", media: next.start };
  }

  /** Return the first gap that lies at a media time or later. */
  gapFrom(media: number): Gap | undefined {
    return this.gaps.find((gap) => gap.at > media + PICTURE_S);
  }

  /** Return the media times between which the run at a media time can be played. */
  runAt(media: number): Run | undefined {
    return this.runs[this.indexAt(media)];
  }

  private indexAt(media: number): number {
    let low = 0;
    let high = this.runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.runs[middle]!.start <= media) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}

function runsOf(pieces: Iterable<Piece>): Run[] {
  const runs: Run[] = [];
  for (const piece of pieces) {
    if (!(piece.duration > 0) || !Number.isFinite(piece.startMs)) {
      continue;
    }
    const end = piece.start + piece.duration;
    const run = runs.at(-1);
    if (run && continues(run, piece)) {
      run.end = end;
      run.endMs = run.startMs + (end - run.start) * 1000;
    } else {
      runs.push({
        start: piece.start,
        end,
        startMs: piece.startMs,
        endMs: piece.startMs + piece.duration * 1000,
      });
    }
  }
  return runs;
}

function continues(run: Run, piece: Piece): boolean {
  const expectedMs = run.startMs + (piece.start - run.start) * 1000;
  return (
    Math.abs(piece.start - run.end) <= ROUNDING_S &&
    Math.abs(piece.startMs - expectedMs) <= ROUNDING_MS
  );
}

function gapsOf(runs: readonly Run[]): Gap[] {
  const gaps: Gap[] = [];
  for (let i = 1; i < runs.length; i += 1) {
    const before = runs[i - 1]!;
    const after = runs[i]!;
    if (after.startMs - before.endMs >= STEP_OVER_MS) {
      gaps.push({ fromMs: before.endMs, toMs: after.startMs, at: after.start });
    }
  }
  return gaps;
}
