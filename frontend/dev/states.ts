/** States of the house that are rare, for looking at them: #state=<name>. */

import type { CameraStatus, FeedMaps, Problem, Remedy } from "../src/api/types";
import type { Backend } from "./backend";
import { DAY } from "./house";

const problem = (kind: string, since_ms: number, action: Remedy["action"] = "none", url: string | null = null): Problem => ({
  kind,
  since_ms,
  detail: "",
  remedy: { action, url },
});

type Alter = (backend: Backend, maps: FeedMaps) => void;

function each(maps: FeedMaps, change: (status: CameraStatus, index: number) => Partial<CameraStatus>): void {
  Object.entries(maps.cameras).forEach(([key, status], index) => {
    maps.cameras[key] = { ...status, ...change(status, index) };
  });
}

/** A camera of each kind of state: what a tile may have to say. */
const troubles: Alter = ({ now, house }, maps) => {
  const kinds: ((status: CameraStatus) => Partial<CameraStatus>)[] = [
    () => ({ state: "recording", source: "live", lag_s: 2 }),
    () => ({ state: "fetching" }),
    () => ({ state: "offline", problem: problem("unreachable", now - 95 * 60_000, "address", "/config/integrations") }),
    () => ({ state: "blocked", problem: problem("auth_refused", now - 2 * DAY, "login", "/config/integrations") }),
    () => ({ state: "idle", problem: null, missing: { cause: "given_up", since_ms: now - DAY, seconds: 5400, reason: "damaged" } }),
    () => ({ state: "waiting", problem: problem("busy", now - 11 * 60_000, "retry") }),
    () => ({ state: "paused", is_enabled: false, problem: null }),
    () => ({ state: "searching", problem: null, last_clip: null, today_percent: null, held_days: null, clips: 0 }),
    () => ({ state: "idle", problem: null, lag_s: 0 }),
  ];
  each(maps, (status, index) => kinds[index % kinds.length]!(status));
  house.nvrs.forEach(({ key }, index) => {
    maps.nvrs[key] = { ...maps.nvrs[key]!, is_online: index !== 0, state: "idle", problem: index === 0 ? problem("tls", now - DAY, "certificate", "/config") : null };
  });
};

export const STATES: Readonly<Record<string, Alter>> = {
  troubles,
  storage_away: ({ now }, maps) => {
    for (const [id, row] of Object.entries(maps.storages)) {
      maps.storages[id] = { ...row, problem: problem("storage_missing", now - 600_000, "storage", "/config/repairs") };
    }
    each(maps, () => ({ state: "blocked", problem: problem("storage_missing", now - 600_000, "storage", "/config/repairs") }));
    maps.library.library!.braked = true;
  },
  paused: ({ now }, maps) => {
    for (const [key, nvr] of Object.entries(maps.nvrs)) maps.nvrs[key] = { ...nvr, state: "paused", is_paused: true, paused_until_ms: now + 2_400_000 };
    each(maps, () => ({ state: "paused", problem: null }));
    maps.fetching = {};
  },
  first_run: (backend, maps) => {
    backend.house.nvrs.length = 0;
    backend.house.cameras.length = 0;
    maps.cameras = {};
    maps.nvrs = {};
    maps.storages = {};
    maps.fetching = {};
    maps.exports = {};
  },
  first_clip: (_backend, maps) => {
    each(maps, () => ({ state: "searching", last_clip: null, clips: 0, bytes: 0, kept_s: 0, held_days: null, today_percent: null, coverage_percent: null, problem: null }));
    maps.library.library = { ...maps.library.library!, clips: 0, bytes: 0, days_left: null };
    maps.fetching = {};
    maps.exports = {};
  },
  well: (_backend, maps) => {
    each(maps, () => ({ state: "idle", problem: null, lag_s: 0, backlog_s: 0 }));
    for (const [key, nvr] of Object.entries(maps.nvrs)) maps.nvrs[key] = { ...nvr, is_online: true, state: "idle" };
    maps.fetching = {};
  },
  no_exports: (_backend, maps) => {
    maps.exports = {};
  },
};

const EMPTY: Readonly<Record<string, unknown>> = {
  "clips/list": { clips: [], next: null },
  queue: { rows: [], next: null, totals: { requests: 0, fetching: 0, failed_s: 0, on_device_s: 0 } },
  runs: { runs: [], next: null },
  "retention/preview": { made_ms: 0, rows: [], totals: { clips: 0, bytes: 0, held: 0 }, next: null },
};
const LISTS_EMPTY = new Set(["first_run", "first_clip", "nothing"]);

/** Put a backend into a state of this list; the answers of lists go with it. */
export function alter(backend: Backend, name: string): void {
  const change = STATES[name];
  const original = backend.maps.bind(backend);
  backend.maps = () => {
    const maps = original();
    change?.(backend, maps);
    return maps;
  };
  if (change) change(backend, original());
  if (LISTS_EMPTY.has(name)) {
    for (const [command, answer] of Object.entries(EMPTY)) backend.commands[command] = () => answer;
  }
  if (name === "shared") {
    const [camera, other] = backend.house.cameras;
    const now = backend.now;
    backend.share({ camera: camera!.key, from_ms: now - 7_200_000, to_ms: now - 6_600_000, hours: 3 });
    backend.share({ clip: backend.clipId(0, now - 9_000_000), hours: 72 });
    backend.share({ clip: backend.clipId(1, now - 9_000_000), is_picture: true });
    backend.share({ export: 7, hours: 720 });
    if (other) backend.share({ camera: other.key, from_ms: now - 90_000_000, to_ms: now - 80_000_000, hours: 1 });
  }
  if (name === "trash") {
    for (let at = 2; at < 9; at += 1) backend.gone.add(backend.clipId(0, backend.now - at * 1_500_000));
  }
  if (name === "refused") {
    const refuse = (): never => {
      throw { code: "failed", translation_key: "index_failed", translation_placeholders: { name: "VTrack NVR" }, message: "index_failed" };
    };
    for (const command of ["clips/list", "queue", "runs", "retention/preview", "share/list", "share/create", "schedules/list", "coverage/month"]) backend.commands[command] = refuse;
  }
  // Commands of Home Assistant's own that pages ask.
  backend.commands["auth/sign_path"] = (request) => ({ path: String(request.path) });
}

const NIGHTS = [
  { from: "00:00:00", to: "06:30:00" },
  { from: "21:00:00", to: "24:00:00" },
];

/** Schedules as Home Assistant lists them, and the cameras that they hold back. */
export function addSchedules(backend: Backend): void {
  const { house } = backend;
  const week = { monday: NIGHTS, tuesday: NIGHTS, wednesday: NIGHTS, thursday: NIGHTS, friday: NIGHTS, saturday: [{ from: "00:00:00", to: "24:00:00" }], sunday: [] };
  backend.commands["schedule/list"] = () => [
    { id: "nights", name: "Nights and Saturdays", ...week },
    { id: "holidays", name: "Holidays" },
  ];
  backend.commands["config/entity_registry/get"] = () => ({ unique_id: "" });
  const [first, second] = house.cameras;
  if (!first || !second) return;
  backend.commands["schedules/list"] = () => ({
    gates: [
      { nvr: first.nvr, camera: first.key, kind: "sync", entity_id: "schedule.nights", name: "Nights and Saturdays", state: "on", is_open: true },
      { nvr: second.nvr, camera: second.key, kind: "live", entity_id: "input_boolean.nobody_home", name: "Nobody home", state: null, is_open: true },
    ],
  });
}
