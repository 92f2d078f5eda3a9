/** Up to four cameras that play the same moment, by one clock. */

import type { PlayerController } from "./controller";
import { MasterClock, MAX_TILES, mustHold, spread } from "./sync";

const TICK_MS = 100;

export class SyncGroup {
  /** Whether the clock stands until every camera with footage is ready. */
  waitForAll = false;
  private readonly clock: MasterClock;
  private readonly tiles = new Set<PlayerController>();
  private readonly timer: ReturnType<typeof setInterval>;
  private wantsPlay = false;

  constructor(now: () => number = () => performance.now()) {
    this.clock = new MasterClock(now);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Take a camera in; it stops following when it is removed. Return whether there was room. */
  add(tile: PlayerController): boolean {
    if (this.tiles.size >= MAX_TILES && !this.tiles.has(tile)) {
      return false;
    }
    this.tiles.add(tile);
    return true;
  }

  remove(tile: PlayerController): void {
    this.tiles.delete(tile);
    tile.follow(undefined);
  }

  get ms(): number {
    return this.clock.ms;
  }

  get isPlaying(): boolean {
    return this.wantsPlay;
  }

  /** Distance between the pictures on the screens that have one, in milliseconds. */
  get spreadMs(): number {
    const shown = [...this.tiles].filter((tile) => tile.readiness === "ready");
    return spread(shown.map((tile) => tile.pictureMs));
  }

  seek(ms: number, play = this.wantsPlay): void {
    this.wantsPlay = play;
    this.clock.stop();
    this.clock.set(ms);
    for (const tile of this.tiles) {
      tile.forgetNothing();
    }
    this.tick();
  }

  play(): void {
    this.wantsPlay = true;
    this.tick();
  }

  pause(): void {
    this.wantsPlay = false;
    this.tick();
  }

  setRate(rate: number): void {
    this.clock.setRate(rate);
    this.tick();
  }

  destroy(): void {
    clearInterval(this.timer);
    for (const tile of [...this.tiles]) {
      this.remove(tile);
    }
  }

  private tick(): void {
    const ready = [...this.tiles].map((tile) => tile.readiness);
    if (this.wantsPlay && !mustHold(ready, this.waitForAll)) {
      this.clock.start();
    } else {
      this.clock.stop();
    }
    const clock = { ms: this.clock.ms, rate: this.clock.rate, runs: this.clock.isRunning };
    for (const tile of this.tiles) {
      tile.follow(clock);
    }
  }
}
