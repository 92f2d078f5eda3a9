import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Key, Tile } from "../../api/types";
import { Superseded } from "../../api/errors";
import type { App } from "../../store/app";
import type { CoverageEvent } from "../../store/link";
import { BAR_LEVEL, type DayBar, barOf, tilesOf } from "../model/day_bar";

const MOST_TILES = 128;
const SETTLE_MS = 1500;

/**
 * Today's coverage of cameras: asked for once, then again for those that changed, and for all
 * when the day ends. Nothing is asked while nothing changes.
 */
export class DayBars implements ReactiveController {
  private readonly bars = new Map<Key, DayBar>();
  private cameras: readonly Key[] = [];
  private touched = new Set<Key>();
  private app?: App;
  private from = 0;
  private to = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  /** Say whose bars are wanted, on each render; new ones are asked for. */
  want(app: App, cameras: readonly Key[]): void {
    this.attach(app);
    const from = app.zone.startOfDay(app.now());
    if (from !== this.from) {
      this.from = from;
      this.to = app.zone.dayAfter(from);
      this.bars.clear();
    }
    const fresh = cameras.filter((key) => !this.cameras.includes(key) || !this.bars.has(key));
    this.cameras = cameras;
    for (const key of fresh) this.touched.add(key);
    if (fresh.length) this.soon(0);
  }

  of(camera: Key): DayBar | undefined {
    return this.bars.get(camera);
  }

  /** Where now is in the day, in percent. */
  now(app: App): number {
    return (100 * (app.now() - this.from)) / (this.to - this.from);
  }

  hostDisconnected(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.app?.link.removeEventListener("coverage", this.changed);
    this.app = undefined;
    this.cameras = [];
  }

  private attach(app: App): void {
    if (app === this.app) return;
    this.app?.link.removeEventListener("coverage", this.changed);
    this.app = app;
    app.link.addEventListener("coverage", this.changed);
  }

  private readonly changed = (event: Event): void => {
    const stretches = (event as CoverageEvent).detail;
    if (stretches === null) for (const key of this.cameras) this.touched.add(key);
    else for (const [key, from, to] of stretches) if (to > this.from && from < this.to) this.touched.add(key);
    if (this.touched.size) this.soon(SETTLE_MS);
  };

  private soon(ms: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, ms);
  }

  private async load(): Promise<void> {
    const { app, from, to } = this;
    if (!app || from === to) return;
    const keys = [...this.touched].filter((key) => this.cameras.includes(key));
    this.touched = new Set();
    const numbers = tilesOf(from, Math.min(to, app.now() + 1));
    let left = keys.flatMap((key) => numbers.map((n): [Key, number] => [key, n]));
    const found = new Map<Key, Tile[]>();
    try {
      while (left.length) {
        const asked = left.slice(0, MOST_TILES);
        const answer = await app.api.tiles(BAR_LEVEL, asked);
        for (const tile of answer.tiles) found.set(tile.camera, [...(found.get(tile.camera) ?? []), tile]);
        // An answer may leave some for the next request, never all of them.
        left = [...(answer.left.length < asked.length ? answer.left : []), ...left.slice(MOST_TILES)];
      }
    } catch (error) {
      // The bars stay as they were; the next change, or the returning connection, asks again.
      if (!(error instanceof Superseded)) for (const key of keys) this.touched.add(key);
    }
    for (const [key, tiles] of found) this.bars.set(key, barOf(tiles, from, to));
    if (found.size) this.host.requestUpdate();
  }
}
