/** Brings tiles and events for what is looked at: one request of each kind in flight. */

import type { EventClass, Key, Touched } from "../api/types";
import type { App } from "../store/app";
import type { CoverageEvent } from "../store/link";
import { EventCache } from "./events";
import { LEVELS, TileCache, levelFor } from "./tiles";
import type { View } from "./view";
import { span } from "./view";

export interface Need {
  view: View;
  width: number;
  cameras: readonly Key[];
  classes?: EventClass[];
  /** Another stretch of one camera: the minimap's. */
  also?: { view: View; width: number; cameras: readonly Key[] };
}

/** A running tile is asked for again when somebody looks at it this long after it was made. */
const PATIENCE = 15_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** Changes of coverage are answered by one round of requests a second, of events in five. */
const TILES_EVERY = 1000;
const EVENTS_EVERY = 5000;

/** Dispatches `loaded` when there is something new to draw. */
export class Feeder extends EventTarget {
  readonly tiles = new TileCache();
  readonly events = new EventCache();
  private need?: Need;
  private readonly work = {
    tiles: new Pump(() => this.nextTiles()),
    events: new Pump(() => this.nextEvents()),
  };

  constructor(private readonly app: App) {
    super();
  }

  start(): void {
    this.app.link.addEventListener("coverage", this.covered);
  }

  stop(): void {
    this.app.link.removeEventListener("coverage", this.covered);
    this.work.tiles.stop();
    this.work.events.stop();
  }

  want(need: Need): void {
    this.need = need;
    this.events.filter(need.classes);
    this.work.tiles.run();
    this.work.events.run();
  }

  private readonly covered = (event: Event): void => {
    const touched: Touched[] | null = (event as CoverageEvent).detail;
    if (this.tiles.touch(touched)) this.work.tiles.runAfter(TILES_EVERY);
    if (this.events.touch(touched)) this.work.events.runAfter(EVENTS_EVERY);
  };

  /** The next request for tiles: what is seen, then what is beside it and above it. */
  private nextTiles(): (() => Promise<void>) | undefined {
    const { need, app, tiles } = this;
    const most = app.store.state.info?.tiles.most ?? 128;
    if (!need || need.cameras.length === 0) return undefined;
    const now = app.now();
    const level = levelFor(need.view, need.width);
    const wide = span(need.view);
    const { from, to } = need.view;
    const rounds: [number, [Key, number][]][] = [
      [level, tiles.missing(level, need.cameras, from, to, now, PATIENCE)],
    ];
    if (need.also) {
      const { view, width, cameras } = need.also;
      const other = levelFor(view, width);
      rounds.push([other, tiles.missing(other, cameras, view.from, view.to, now, PATIENCE)]);
    }
    rounds.push([level, tiles.missing(level, need.cameras, from - wide / 2, to + wide / 2, now)]);
    if (level < LEVELS - 1) {
      rounds.push([level + 1, tiles.missing(level + 1, need.cameras, from - wide, to + wide, now)]);
    }
    const round = rounds.find(([, wanted]) => wanted.length > 0);
    if (!round) return undefined;
    const [wantedLevel, wanted] = round;
    return async () => {
      const answer = await app.api.tiles(wantedLevel, wanted.slice(0, most));
      // An answer without tiles would be asked for again at once, for ever.
      if (answer.tiles.length === 0) throw new Error("no tiles in the answer");
      for (const tile of answer.tiles) tiles.put(wantedLevel, tile, app.now());
      this.dispatchEvent(new Event("loaded"));
    };
  }

  private nextEvents(): (() => Promise<void>) | undefined {
    const { need, app, events } = this;
    if (!need || need.cameras.length === 0) return undefined;
    const chunk = events.missing(need.view, need.cameras, app.now())[0];
    if (!chunk) return undefined;
    return async () => {
      const answer = await app.api.events(chunk.cameras, chunk.from, chunk.to, need.classes);
      events.put(chunk, answer, app.now());
      this.dispatchEvent(new Event("loaded"));
    };
  }
}

/** Runs what `next` gives one after the other until there is nothing; pauses after a failure. */
class Pump {
  private isBusy = false;
  private pause = FIRST_PAUSE;
  private timer?: ReturnType<typeof setTimeout>;
  private isStopped = false;

  constructor(private readonly next: () => (() => Promise<void>) | undefined) {}

  run(): void {
    this.isStopped = false;
    if (!this.isBusy && !this.timer) void this.work();
  }

  runAfter(ms: number): void {
    this.isStopped = false;
    if (this.isBusy) return; // it looks for more when it is done
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.run();
    }, ms);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    try {
      while (!this.isStopped) {
        const request = this.next();
        if (!request) break;
        await request();
        this.pause = FIRST_PAUSE;
      }
      this.isBusy = false;
    } catch {
      // What is here stays drawn; the link tells that the connection is away.
      this.isBusy = false;
      if (this.isStopped) return;
      this.runAfter(this.pause * (0.75 + Math.random() / 2));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    }
  }
}
