import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clipFor, pictureOf, type Slide, SlideShow } from "../../src/player/slides";
import type { ClipSpan, PlayerSource } from "../../src/player/source";
import type { Window } from "../../src/player/windows";

const T = Date.UTC(2026, 10, 20, 8, 0);
const CLIP_MS = 300_000;

describe("strips", () => {
  const clip: ClipSpan = { id: 1, startMs: T, lengthMs: CLIP_MS };

  it("have the picture of a moment at its share of the clip", () => {
    expect(pictureOf(clip, T)).toBe(0);
    expect(pictureOf(clip, T + 24_999)).toBe(0);
    expect(pictureOf(clip, T + 25_000)).toBe(1);
    expect(pictureOf(clip, T + CLIP_MS)).toBe(11);
    expect(pictureOf(clip, T - 5)).toBe(0);
  });

  it("are of the clip of a moment, or the next one", () => {
    const later = { ...clip, id: 2, startMs: T + 2 * CLIP_MS };
    expect(clipFor([clip, later], T + 5)?.id).toBe(1);
    expect(clipFor([clip, later], T + CLIP_MS)?.id).toBe(2);
    expect(clipFor([clip, later], T + 9 * CLIP_MS)).toBeUndefined();
  });
});

describe("a show of pictures", () => {
  let shown: (Slide | null)[];
  let asked: Window[];
  let show: SlideShow;

  beforeEach(() => {
    vi.useFakeTimers({ now: T + 10 * 3_600_000 });
    shown = [];
    asked = [];
    const source = {
      clips: (_camera: string, window: Window) => {
        asked.push(window);
        // Ten minutes, then nothing for three hours, then ten minutes
        const clips = [0, 1, 38, 39].map((n) => ({ id: n, startMs: T + n * CLIP_MS, lengthMs: CLIP_MS }));
        return Promise.resolve(
          clips.filter((clip) => clip.startMs < window.toMs && clip.startMs + CLIP_MS > window.fromMs),
        );
      },
      strip: (clip: number) => Promise.resolve(`/strip/${clip}`),
    } as unknown as PlayerSource;
    show = new SlideShow(source, "c", () => Date.now(), (slide) => shown.push(slide));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function run(ms: number): Promise<boolean> {
    let goesOn = true;
    for (let at = 0; at < ms && goesOn; at += 250) {
      await vi.advanceTimersByTimeAsync(250);
      goesOn = show.tick();
    }
    return goesOn;
  }

  it("shows each moment's picture as time runs", async () => {
    show.start(T, 60);
    await run(5000);
    expect(show.ms - T).toBeGreaterThanOrEqual(290_000);
    const indexes = shown.map((slide) => slide?.index);
    expect(indexes).toEqual(indexes.toSorted((a, b) => a! - b!));
    expect(new Set(shown.map((slide) => slide?.address))).toEqual(new Set(["/strip/0"]));
    expect(indexes.length).toBeGreaterThan(8);
  });

  it("wastes no time where there is no footage", async () => {
    show.start(T + CLIP_MS, 60);
    await run(12_000);
    expect(shown.at(-1)?.address).toMatch(/strip\/3[89]/);
    expect(asked.length).toBeLessThan(8);
  });

  it("ends at now, and takes its picture away", async () => {
    show.start(T + 9 * 3_600_000, 120);
    expect(await run(60_000)).toBe(false);
    show.stop();
    expect(shown.at(-1)).toBeNull();
    expect(show.isRunning).toBe(false);
  });
});
