/** Every command of docs/websocket-api.md, typed. Errors are ApiError. */

import type { Connection } from "./hass";
import { readError } from "./errors";
import { Latest } from "./latest";
import type { Playback } from "./playback-types";
import type { NewShare, ShareRow, ShareTarget } from "./share-types";
import type * as T from "./types";

type Fields = Record<string, unknown>;

export class Api {
  /** For requests of which only the newest matters: `api.latest.run("tiles", () => ...)`. */
  readonly latest = new Latest();

  constructor(private readonly getConnection: () => Connection) {}

  async call<R>(command: string, fields: Fields = {}): Promise<R> {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    try {
      return await this.getConnection().sendMessagePromise<R>({
        type: `vtrack_nvr/${command}`,
        ...Object.fromEntries(given),
      });
    } catch (error) {
      throw readError(error);
    }
  }

  /** Subscribe once; Store's link subscribes anew by itself after a reconnect. */
  async subscribe(
    told: (feed: T.Feed) => void,
    topics?: T.Topic[],
  ): Promise<() => Promise<void>> {
    const message = { type: "vtrack_nvr/subscribe", ...(topics && { topics }) };
    try {
      return await this.getConnection().subscribeMessage<T.Feed>(told, message, {
        resubscribe: false,
      });
    } catch (error) {
      throw readError(error);
    }
  }

  info = () => this.call<T.Info>("info");

  tiles = (level: number, tiles: [T.Key, number][]) =>
    this.call<T.Tiles>("coverage/tiles", { level, tiles });
  at = (camera: T.Key, t_ms: number) => this.call<T.CoverageAt>("coverage/at", { camera, t_ms });
  spans = (camera: T.Key, from_ms: number, to_ms: number, limit?: number) =>
    this.call<T.Spans>("coverage/spans", { camera, from_ms, to_ms, limit });
  edge = (
    camera: T.Key,
    t_ms: number,
    direction: "next" | "previous",
    want: "kept" | "event" | "problem",
    classes?: T.EventClass[],
  ) => this.call<T.Edge>("coverage/edge", { camera, t_ms, direction, want, classes });
  month = (cameras: T.Key[], month: string) =>
    this.call<T.Month>("coverage/month", { cameras, month });

  events = (cameras: T.Key[], from_ms: number, to_ms: number, classes?: T.EventClass[]) =>
    this.call<T.EventMarks | T.EventCounts>("events/list", { cameras, from_ms, to_ms, classes });
  eventsPage = (page: {
    cameras?: T.Key[];
    from_ms?: number;
    to_ms?: number;
    classes?: T.EventClass[];
    limit?: number;
    cursor?: string;
  }) => this.call<{ events: T.EventRow[]; next: string | null }>("events/page", page);

  clips = (page: {
    filter?: T.ClipFilter;
    order?: "newest" | "oldest";
    limit?: number;
    cursor?: string;
  }) => this.call<{ clips: T.ClipRow[]; next: string | null }>("clips/list", page);
  clip = (clip: number) => this.call<T.ClipRow>("clips/get", { clip });
  clipSpans = (camera: T.Key, from_ms: number, to_ms: number) =>
    this.call<T.ClipSpans>("clips/spans", { camera, from_ms, to_ms });
  count = (what: { filter: T.ClipFilter } | { ids: number[] }) =>
    this.call<T.Plan>("clips/count", what);
  protect = (chosen: T.Chosen, is_protected: boolean, note?: string) =>
    this.call<T.Job>("clips/protect", { ...chosen, is_protected, note });
  delete = (chosen: T.Chosen) => this.call<T.Job>("clips/delete", { ...chosen });
  undo = (what: { job: string } | { ids: number[] }) => this.call<T.Job>("clips/undo", what);

  jobs = () => this.call<{ jobs: T.Job[] }>("jobs/list");
  cancelJob = (job: string) => this.call<T.Job>("jobs/cancel", { job });

  fetch = (camera: T.Key, from_ms: number, to_ms: number, note?: string) =>
    this.call<T.Job>("fetch", { camera, from_ms, to_ms, note });
  stopFetch = (camera: T.Key) => this.call<null>("fetch/stop", { camera });
  sync = (cameras?: T.Key[], is_full?: boolean) => this.call<null>("sync", { cameras, is_full });
  pause = (nvr?: T.Key, minutes?: number) => this.call<null>("pause", { nvr, minutes });
  resume = (nvr?: T.Key) => this.call<null>("resume", { nvr });

  openPlayback = (camera: T.Key, from: number, to: number, fetch?: boolean) =>
    this.call<Playback>("playback/open", { camera, from, to, fetch });
  closePlayback = (token: string) => this.call<null>("playback/close", { token });

  startExport = (
    cameras: T.Key[],
    from_ms: number,
    to_ms: number,
    options: { keep_gaps?: boolean; keep_days?: number } = {},
  ) => this.call<T.Job>("export/start", { cameras, from_ms, to_ms, ...options });
  exports = (limit?: number, cursor?: string) =>
    this.call<{ exports: T.ExportRow[]; next: string | null }>("export/list", { limit, cursor });
  deleteExport = (id: number) => this.call<null>("export/delete", { export: id });

  createShare = (target: ShareTarget, hours: number) => {
    const { kind, ...fields } = target;
    const picture = kind === "picture" ? { is_picture: true } : {};
    return this.call<NewShare>("share/create", { ...fields, ...picture, hours });
  };
  shares = () => this.call<{ shares: ShareRow[] }>("share/list");
  revokeShare = (id: number) => this.call<null>("share/revoke", { share: id });

  queue = (page: { nvr?: T.Key; cameras?: T.Key[]; limit?: number; cursor?: string } = {}) =>
    this.call<T.Queue>("queue", page);
  runs = (page: { nvr?: T.Key; limit?: number; cursor?: string } = {}) =>
    this.call<{ runs: T.Run[]; next: string | null }>("runs", page);
  retentionPreview = (limit?: number, cursor?: string) =>
    this.call<T.RetentionPreview>("retention/preview", { limit, cursor });
  ledger = (state: "failed" | "lost" | "missing" | "removed", cameras?: T.Key[], limit?: number) =>
    this.call<{ rows: T.LedgerRow[] }>("ledger", { state, cameras, limit });

  testNvr = (nvr: T.Key) => this.call<T.NvrTest>("nvr/test", { nvr });
  gates = () => this.call<{ gates: T.Gate[] }>("schedules/list");
  setGate = (
    of: { nvr: T.Key } | { camera: T.Key },
    kind: T.GateKind,
    entity_id: string | null,
  ) => this.call<null>("schedules/set", { ...of, kind, entity_id });
}
