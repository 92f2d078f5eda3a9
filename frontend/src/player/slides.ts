/** Speeds that no media element plays: the still pictures of the clips' strips, one by one. */

import type { ClipSpan, PlayerSource } from "./source";
import { SLIDE_MS } from "./speeds";
import { MasterClock } from "./sync";

/** Pictures in a strip. */
export const STRIP_PICTURES = 12;
const CHUNK_MS = 60 * 60_000;

export interface Slide {
  address: string;
  index: number;
  count: number;
}

/** Return the clip that shows a moment, or the next one after it. */
export function clipFor(clips: readonly ClipSpan[], ms: number): ClipSpan | undefined {
  return clips.find((clip) => clip.startMs + clip.lengthMs > ms);
}

/** Return which picture of a strip shows a moment. */
export function pictureOf(clip: ClipSpan, ms: number, count = STRIP_PICTURES): number {
  const index = Math.floor(((ms - clip.startMs) * count) / clip.lengthMs);
  return Math.min(Math.max(index, 0), count - 1);
}

export class SlideShow {
  private readonly clock: MasterClock;
  private clips: ClipSpan[] = [];
  private loadedTo = NaN;
  private isLoading = false;
  private shown = "";
  private shownAt = -Infinity;

  constructor(
    private readonly source: PlayerSource,
    private readonly camera: string,
    private readonly now: () => number,
    private readonly show: (slide: Slide | null) => void,
  ) {
    this.clock = new MasterClock(now);
  }

  get isRunning(): boolean {
    return this.clock.isRunning;
  }

  get ms(): number {
    return this.clock.ms;
  }

  start(ms: number, speed: number): void {
    if (!this.isRunning || Math.abs(ms - this.clock.ms) > CHUNK_MS) {
      this.clips = [];
      this.loadedTo = ms;
    }
    this.clock.set(ms);
    this.clock.setRate(speed);
    this.clock.start();
    this.tick();
  }

  stop(): void {
    if (!this.isRunning) {
      return;
    }
    this.clock.stop();
    this.shown = "";
    this.show(null);
  }

  /** Show what is due; called a few times a second. Return whether now is not reached yet. */
  tick(): boolean {
    if (!this.isRunning) {
      return true;
    }
    const { ms } = this.clock;
    if (ms >= Date.now()) {
      return false;
    }
    void this.load(ms);
    const clip = clipFor(this.clips, ms);
    if (!clip) {
      if (!this.isLoading && this.loadedTo > ms) {
        this.clock.set(this.loadedTo);
      }
      return true;
    }
    if (clip.startMs > ms) {
      // Nothing to see until then: the time without footage takes none
      this.clock.set(clip.startMs);
    }
    const index = pictureOf(clip, Math.max(ms, clip.startMs));
    const key = `${clip.id}/${index}`;
    if (key !== this.shown && this.now() - this.shownAt >= SLIDE_MS * 0.8) {
      this.shown = key;
      this.shownAt = this.now();
      void this.present(clip, index, key);
    }
    return true;
  }

  private async present(clip: ClipSpan, index: number, key: string): Promise<void> {
    const next = this.clips[this.clips.indexOf(clip) + 1];
    if (next) {
      // The next strip is on its way before it is due; without it, the show goes on
      this.source.strip(next.id).catch(() => undefined);
    }
    const address = await this.source.strip(clip.id).catch(() => undefined);
    if (address && this.shown === key && this.isRunning) {
      this.show({ address, index, count: STRIP_PICTURES });
    }
  }

  private async load(ms: number): Promise<void> {
    if (this.isLoading || this.loadedTo - ms > CHUNK_MS / 2) {
      return;
    }
    this.isLoading = true;
    const fromMs = this.loadedTo;
    try {
      const found = await this.source.clips(this.camera, { fromMs, toMs: fromMs + CHUNK_MS });
      const known = new Set(this.clips.map(({ id }) => id));
      this.clips = [
        ...this.clips.filter((clip) => clip.startMs + clip.lengthMs > ms),
        ...found.filter(({ id }) => !known.has(id)),
      ];
      this.loadedTo = fromMs + CHUNK_MS;
    } catch {
      // Asked again with the next picture that is due
    } finally {
      this.isLoading = false;
    }
  }
}
