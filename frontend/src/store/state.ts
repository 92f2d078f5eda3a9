import type { FeedMaps, Feed, Info } from "../api/types";

/** starting: nothing yet; live: fed; lost: the connection is away; failed: the server refuses */
export type LinkState = "starting" | "live" | "lost" | "failed";

export interface AppState extends FeedMaps {
  link: LinkState;
  error?: Error;
  info?: Info;
  /** Server clock minus ours, in milliseconds. */
  skew: number;
}

export const EMPTY_MAPS: FeedMaps = {
  nvrs: {},
  cameras: {},
  library: {},
  fetching: {},
  exports: {},
  storages: {},
  jobs: {},
};

export function initialState(): AppState {
  return { ...EMPTY_MAPS, link: "starting", skew: 0 };
}

/** Return the maps after an event of the subscription; untouched maps and values stay the same. */
export function applyFeed(maps: FeedMaps, feed: Feed): FeedMaps {
  const next: Record<string, Record<string, unknown>> = { ...maps };
  for (const [name, values] of Object.entries(feed.changed ?? {})) {
    if (name in EMPTY_MAPS) next[name] = { ...next[name], ...values };
  }
  if (feed.kind === "delta") {
    for (const [name, keys] of Object.entries(feed.gone ?? {})) {
      if (!(name in EMPTY_MAPS)) continue;
      next[name] = Object.fromEntries(
        Object.entries(next[name] ?? {}).filter(([key]) => !keys.includes(key)),
      );
    }
  }
  return next as unknown as FeedMaps;
}

/** Only the maps of a state. */
export function mapsOf(state: Readonly<AppState>): FeedMaps {
  const { nvrs, cameras, library, fetching, exports, storages, jobs } = state;
  return { nvrs, cameras, library, fetching, exports, storages, jobs };
}
