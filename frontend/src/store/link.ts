/** Keeps the store fed: asks for `info`, subscribes, and begins anew after a loss. */

import type { Api } from "../api/api";
import { ApiError, readError } from "../api/errors";
import type { Connection } from "../api/hass";
import type { Delta, Feed, FeedMaps, Snapshot, Touched } from "../api/types";
import { type AppState, EMPTY_MAPS, applyFeed, mapsOf } from "./state";
import type { Store } from "./store";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** Coverage changed: `detail` are the stretches; null after a reconnect, then anything may have. */
export type CoverageEvent = CustomEvent<Touched[] | null>;

/**
 * Dispatches `coverage` (CoverageEvent). A new subscription follows a hole in the numbers, a
 * refusal (after a growing pause) and the return of the connection.
 */
export class Link extends EventTarget {
  private unsubscribe?: () => Promise<void>;
  private connection?: Connection;
  private attempt = 0;
  private seq = 0;
  private collecting?: FeedMaps;
  private pause = FIRST_PAUSE;
  private timer?: ReturnType<typeof setTimeout>;
  private isFirst = true;

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState>,
  ) {
    super();
  }

  start(connection: Connection): void {
    if (this.connection === connection) return;
    this.stop();
    this.connection = connection;
    connection.addEventListener("ready", this.ready);
    connection.addEventListener("disconnected", this.lost);
    void this.begin();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.attempt += 1;
    this.connection?.removeEventListener("ready", this.ready);
    this.connection?.removeEventListener("disconnected", this.lost);
    this.connection = undefined;
    this.end();
  }

  /** Ask again now: for the button beside an error. */
  readonly retry = (): void => {
    this.pause = FIRST_PAUSE;
    void this.begin();
  };

  private readonly ready = (): void => {
    this.pause = FIRST_PAUSE;
    void this.begin();
  };

  private readonly lost = (): void => {
    this.attempt += 1;
    clearTimeout(this.timer);
    this.unsubscribe = undefined; // it ended with the connection
    this.store.set({ link: "lost" });
  };

  private end(): void {
    const unsubscribe = this.unsubscribe;
    this.unsubscribe = undefined;
    // Refused only where the connection is gone, and the subscription with it.
    unsubscribe?.().catch(() => undefined);
  }

  private async begin(): Promise<void> {
    clearTimeout(this.timer);
    this.end();
    this.attempt += 1;
    const attempt = this.attempt;
    this.seq = 0;
    this.collecting = undefined;
    try {
      const [info, unsubscribe] = await Promise.all([
        this.api.info(),
        this.api.subscribe((feed) => {
          if (attempt === this.attempt) this.told(feed);
        }),
      ]);
      if (attempt !== this.attempt) {
        unsubscribe().catch(() => undefined);
        return;
      }
      this.unsubscribe = unsubscribe;
      this.store.set({ info, error: undefined, skew: info.now_ms - Date.now() });
      this.pause = FIRST_PAUSE;
    } catch (error) {
      if (attempt === this.attempt) this.failed(readError(error));
    }
  }

  private failed(error: Error): void {
    const lost = error instanceof ApiError && error.code === "connection";
    this.store.set({ link: lost ? "lost" : "failed", error });
    this.again();
  }

  private again(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.begin(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private told(feed: Feed): void {
    if (feed.seq !== this.seq + 1) {
      this.attempt += 1; // what still comes of this subscription is not heard
      this.again();
      return;
    }
    this.seq = feed.seq;
    if (feed.kind === "snapshot") this.snapshot(feed);
    else this.delta(feed);
  }

  private snapshot(feed: Snapshot): void {
    this.collecting = applyFeed(this.collecting ?? EMPTY_MAPS, feed);
    if (feed.more) return;
    this.store.set({
      ...this.collecting,
      link: "live",
      error: undefined,
      skew: feed.now_ms - Date.now(),
    });
    this.collecting = undefined;
    if (!this.isFirst) this.tellCoverage(null);
    this.isFirst = false;
  }

  private delta(feed: Delta): void {
    this.store.set({
      ...applyFeed(mapsOf(this.store.state), feed),
      skew: feed.now_ms - Date.now(),
    });
    if (feed.coverage) this.tellCoverage(feed.coverage);
    if (feed.info) void this.refreshInfo();
  }

  private tellCoverage(touched: Touched[] | null): void {
    this.dispatchEvent(new CustomEvent("coverage", { detail: touched }));
  }

  private async refreshInfo(): Promise<void> {
    const attempt = this.attempt;
    try {
      const info = await this.api.latest.run("info", () => this.api.info());
      if (attempt === this.attempt) this.store.set({ info });
    } catch (error) {
      // The feed goes on; what it says of unknown cameras is left out until the next change.
      if (attempt === this.attempt) this.store.set({ error: readError(error) });
    }
  }
}
