import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SyncGroup } from "../../src/player/group";
import { HOUR, settle, T, World } from "./world";

const BESIDE_MS = [0, 37, -64, 75];

describe("four cameras with one clock", () => {
  let worlds: World[];
  let group: SyncGroup;

  beforeEach(async () => {
    vi.useFakeTimers({ now: T + 100 * HOUR * 1000 });
    worlds = BESIDE_MS.map(() => new World());
    group = new SyncGroup(() => Date.now());
    for (const { controller } of worlds) group.add(controller);
    group.seek(T + 600_000, true);
    await settle();
    for (const { deck } of worlds) deck.show();
    await vi.advanceTimersByTimeAsync(1000);
    expect(group.ms).toBeGreaterThan(T + 600_500);
    worlds.forEach(({ deck }, at) => deck.show(placeOf(deck) + BESIDE_MS[at]! / 1000));
    await vi.advanceTimersByTimeAsync(200);
  });

  afterEach(() => {
    group.destroy();
    for (const { controller } of worlds) controller.destroy();
    vi.useRealTimers();
  });

  function placeOf(deck: World["deck"]): number {
    const place = deck.map.toMedia(group.ms);
    return place.kind === "at" ? place.media : NaN;
  }

  async function rest(): Promise<number[]> {
    await vi.advanceTimersByTimeAsync(1000);
    return worlds.map(({ deck }) => Math.round(deck.map.toTrue(deck.video.currentTime) - group.ms));
  }

  it("play on beside each other as long as nobody sees it", () => {
    const beside = worlds.map(({ deck }) => deck.map.toTrue(deck.video.currentTime) - group.ms);
    expect(Math.max(...beside) - Math.min(...beside)).toBeGreaterThan(100);
  });

  it("all stand at one moment after a pause", async () => {
    group.pause();
    expect(await rest()).toEqual([0, 0, 0, 0]);
    expect(worlds.every(({ deck }) => deck.video.paused)).toBe(true);
  });

  it("exchange a picture that was early, though the element stands where it should", async () => {
    const { deck } = worlds[0]!;
    deck.show(placeOf(deck));
    deck.shownMedia += 0.03;
    const before = deck.seekAt;
    group.pause();
    await rest();
    expect(deck.seekAt).toBeGreaterThan(before);
  });

  it("all go along with a step of one of them", async () => {
    group.pause();
    await rest();
    const { controller, deck } = worlds[2]!;
    deck.show();
    const before = group.ms;
    group.seek(controller.step(1), false);
    expect(group.ms - before).toBeCloseTo(deck.frameS * 1500, 1);
    expect(await rest()).toEqual([0, 0, 0, 0]);
  });

  it("are left alone once they stand there", async () => {
    group.pause();
    await rest();
    const sought = worlds.map(({ deck }) => deck.seekAt);
    await rest();
    expect(worlds.map(({ deck }) => deck.seekAt)).toEqual(sought);
  });
});
