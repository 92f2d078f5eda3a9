/** The WebSocket API of docs/websocket-api.md, version 1. Times are UTC milliseconds. */

export type Key = string;
export type EventClass = "motion" | "person" | "vehicle" | "animal" | "doorbell" | "line" | "recording" | "other";
export type Source = "replay" | "live" | "backfill";
export type SyncState =
  | "idle"
  | "searching"
  | "fetching"
  | "recording"
  | "waiting"
  | "paused"
  | "blocked"
  | "offline";

/** A state's number in tiles and months is its place here. */
export const STATES = [
  "unknown",
  "kept",
  "on_device",
  "fetching",
  "failed",
  "lost",
  "missing",
  "removed",
  "absent",
  "not_wanted",
  "on_request",
] as const;
export type State = (typeof STATES)[number];

export const EVENT_CLASSES: readonly EventClass[] = [
  "motion",
  "person",
  "vehicle",
  "animal",
  "doorbell",
  "line",
  "recording",
  "other",
];

export interface Remedy {
  action: "login" | "address" | "certificate" | "storage" | "repairs" | "retry" | "none";
  url: string | null;
}

export interface Problem {
  kind: string;
  since_ms: number;
  detail: string;
  remedy: Remedy;
}

export interface Missing {
  cause: "not_seen" | "not_copied" | "not_recorded" | "no_new_footage" | "given_up" | "file_gone";
  since_ms: number;
  seconds: number;
  reason: string;
}

export interface ClipRef {
  id: number;
  start_ms: number;
  end_ms: number;
}

export interface Nvr {
  key: Key;
  name: string;
  entry_id: string | null;
  device_id: string | null;
  is_former: boolean;
  manufacturer: string;
  model: string;
  firmware: string;
  configure_url: string | null;
}

export interface Camera {
  key: Key;
  name: string;
  nvr: Key;
  nvr_name: string;
  number: number | null;
  entity_id: string | null;
  device_id: string | null;
  is_former: boolean;
  may_control: boolean;
  has_recordings: boolean;
  mode: "all" | "events" | "on_demand" | null;
  first_ms: number | null;
  promised_days: number | null;
  promised_bytes: number | null;
}

export interface Info {
  api: number;
  version: string;
  now_ms: number;
  time_zone: string;
  user: { id: string; is_admin: boolean };
  states: State[];
  event_classes: EventClass[];
  tiles: { buckets: number; base_ms: number; factor: number; levels: number; most: number };
  limits: {
    range_ms: number;
    export_ms: number;
    export_cameras: number;
    /** So many exports of one person are made or wait at a time. */
    exports: number;
    /** So long is the stretch that a link without signing in may show, and so many hours it lasts. */
    share_ms: number;
    share_hours: number;
    clips: number;
    page: number;
    month_cameras: number;
    undo_ms: number;
    plan_s: number;
    note: number;
  };
  /** Addresses that need authentication; `{id}` and the like are filled in. */
  urls: {
    clip: string;
    original: string;
    thumbnail: string;
    strip: string;
    export: string;
    /** One exact picture, `{ms}` from the clip's start; absent where the server has none. */
    frame?: string;
  };
  strip_pictures: number;
  features: string[];
  nvrs: Nvr[];
  cameras: Camera[];
}

export interface NvrStatus {
  is_online: boolean | null;
  state: SyncState;
  is_paused: boolean;
  paused_until_ms: number | null;
  clock_offset_ms: number | null;
  last_sweep_ms: number | null;
  next_sweep_ms: number | null;
  problem: Problem | null;
}

export interface CameraStatus {
  state: SyncState;
  source: "replay" | "live" | "none";
  source_reason: string;
  is_enabled: boolean;
  last_clip: ClipRef | null;
  lag_s: number | null;
  backlog_s: number;
  failed_s: number;
  lost_s: number;
  kept_s: number;
  clips: number;
  bytes: number;
  coverage_percent: number | null;
  today_percent: number | null;
  held_days: number | null;
  promised_days: number | null;
  device_oldest_ms: number | null;
  device_newest_ms: number | null;
  last_sync_ms: number | null;
  problem: Problem | null;
  missing: Missing | null;
}

export interface LibraryStatus {
  storage_problem: Problem | null;
  is_checking: boolean;
  braked: boolean;
  clips: number;
  bytes: number;
  free_bytes: number | null;
  days_left: number | null;
}

export interface Fetching {
  start_ms: number;
  end_ms: number;
  /** 0 to 1 */
  done: number;
  bytes: number;
  /** seconds of footage per second */
  speed: number;
  seconds_left: number | null;
}

export interface StorageRow {
  id: number;
  name: string;
  path: string | null;
  is_current: boolean;
  free_bytes: number | null;
  total_bytes: number | null;
  floor_bytes: number;
  clip_bytes: number;
  clips: number;
  bytes_per_day: number | null;
  days_left: number | null;
  checked_ms: number | null;
  problem: Problem | null;
  room: string | null;
}

export interface JobError {
  code: string;
  translation_key: string | null;
  translation_placeholders: Record<string, string>;
  message: string;
}

export interface Job {
  id: string;
  kind: "fetch" | "export" | "protect" | "delete" | "undo";
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  done: number;
  made_ms: number;
  ended_ms: number | null;
  cameras: Key[];
  from_ms: number | null;
  to_ms: number | null;
  clips: number;
  bytes: number;
  undo_until_ms: number | null;
  export_id: number | null;
  outcome: string | null;
  error: JobError | null;
}

export interface ExportRow {
  id: number;
  cameras: Key[];
  from_ms: number;
  to_ms: number;
  state: "waiting" | "running" | "ready" | "failed";
  done: number;
  bytes: number;
  made_ms: number;
  expires_ms: number;
  is_yours: boolean;
  is_zip: boolean;
  name: string;
  url: string | null;
  problem: string;
  may_delete: boolean;
}

export interface FeedMaps {
  nvrs: Record<Key, NvrStatus>;
  cameras: Record<Key, CameraStatus>;
  library: Record<string, LibraryStatus>;
  fetching: Record<Key, Fetching>;
  exports: Record<string, ExportRow>;
  storages: Record<string, StorageRow>;
  jobs: Record<string, Job>;
}

export type Topic = "status" | "fetching" | "coverage" | "exports" | "storage" | "jobs";
/** A camera and a stretch whose coverage has changed. */
export type Touched = [camera: Key, fromMs: number, toMs: number];

export interface Snapshot {
  kind: "snapshot";
  seq: number;
  more: boolean;
  now_ms: number;
  changed: Partial<FeedMaps>;
}

export interface Delta {
  kind: "delta";
  seq: number;
  now_ms: number;
  changed?: Partial<FeedMaps>;
  gone?: Partial<Record<keyof FeedMaps, string[]>>;
  coverage?: Touched[];
  info?: true;
}

export type Feed = Snapshot | Delta;

export interface Tile {
  camera: Key;
  n: number;
  until_ms: number | null;
  /** [buckets, main state, mark, ...]; mark & 15 is the worst problem, mark & 16 protected */
  runs: number[];
}

export interface Tiles {
  level: number;
  tiles: Tile[];
  left: [Key, number][];
}

export interface Span {
  state: State;
  from_ms: number;
  to_ms: number;
  reason: string;
  next_try_ms: number | null;
  attempts: number;
}

export interface CoverageAt extends Span {
  clip: ClipRow | null;
  before: ClipRef | null;
  after: ClipRef | null;
}

export interface Spans {
  spans: Span[];
  next_from_ms: number | null;
}

export interface Edge {
  t_ms: number | null;
  to_ms: number | null;
  state: State | null;
  event_class: EventClass | null;
  searched_ms: number | null;
}

export interface Month {
  month: string;
  time_zone: string;
  states: State[];
  days: string[];
  day_from_ms: number[];
  /** per camera and day the seconds per state, in the order of `states` */
  cameras: Record<Key, number[][]>;
}

export interface EventMarks {
  kind: "events";
  cameras: Key[];
  classes: EventClass[];
  /** fours: camera's place, class's place, start - from, length */
  events: number[];
}

export interface EventCounts {
  kind: "counts";
  cameras: Key[];
  classes: EventClass[];
  bucket_ms: number;
  /** fours: camera's place, class's place, bucket, number */
  counts: number[];
}

export interface EventRow {
  camera: Key;
  event_class: EventClass;
  start_ms: number;
  end_ms: number;
  source: string;
  clip_id: number | null;
}

export interface ClipFilter {
  cameras?: Key[];
  from_ms?: number;
  to_ms?: number;
  event_class?: EventClass;
  sources?: Source[];
  is_protected?: boolean;
  state?: "kept" | "trashed" | "missing";
  has_problem?: boolean;
  text?: string;
}

export interface ClipRow {
  id: number;
  camera: Key;
  start_ms: number;
  end_ms: number;
  bytes: number;
  source: Source;
  state: "kept" | "trashed" | "missing" | "deleting";
  video_codec: string;
  audio_codec: string | null;
  width: number;
  height: number;
  is_protected: boolean;
  note: string;
  problem: string;
  is_time_certain: boolean;
  events: EventClass[];
}

export interface ClipSpans {
  /** threes: id, start - from, length */
  clips: number[];
  next_from_ms: number | null;
}

export interface Plan {
  plan_id: string;
  expires_ms: number;
  clips: number;
  bytes: number;
  seconds: number;
  first_ms: number | null;
  last_ms: number | null;
  is_protected: number;
  deletable: { clips: number; bytes: number; seconds: number };
  cameras: Key[];
  may_delete: boolean;
  may_protect: boolean;
}

/** Which clips an act concerns: these, or those that were counted. */
export type Chosen = { ids: number[] } | { plan_id: string };

export interface QueueRow {
  camera: Key;
  from_ms: number;
  to_ms: number;
  state: "fetching" | "requested" | "failed" | "on_device" | "missing";
  reason: string;
  next_try_ms: number | null;
  attempts: number;
  job: string | null;
  note: string;
  made_ms: number | null;
}

export interface Queue {
  rows: QueueRow[];
  next: string | null;
  totals: { requests: number; fetching: number; failed_s: number; on_device_s: number };
}

export interface Run {
  id: number;
  nvr: Key;
  kind: "light" | "full" | "manual" | "event" | "request";
  started_ms: number;
  ended_ms: number | null;
  clips: number;
  bytes: number;
  seconds: number;
  errors: number;
  detail: string;
}

export interface RetentionPreview {
  made_ms: number;
  rows: { camera: Key; day: string; clips: number; bytes: number; held: number }[];
  totals: { clips: number; bytes: number; held: number };
  next: string | null;
}

export interface LedgerRow {
  camera: Key;
  state: State;
  from_ms: number;
  to_ms: number;
  reason: string;
  changed_ms: number;
}

export interface NvrTest {
  is_ok: boolean;
  took_ms: number;
  manufacturer: string;
  model: string;
  firmware: string;
  clock_offset_ms: number | null;
  problem: Problem | null;
}

/** What an entity decides: copying, live recording, or which footage is wanted at all. */
export type GateKind = "sync" | "live" | "wanted";

export interface Gate {
  nvr: Key;
  camera: Key | null;
  kind: GateKind;
  entity_id: string;
  name: string;
  state: string | null;
  is_open: boolean;
}
