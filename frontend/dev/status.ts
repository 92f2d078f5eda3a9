/** What the subscription of the mock tells: states that show every kind of tile. */

import type { CameraStatus, FeedMaps, State } from "../src/api/types";
import type { Backend } from "./backend";
import { CLIP, DAY } from "./house";

export function feedMaps(backend: Backend): FeedMaps {
  const { now, house } = backend;
    const cameras: Record<string, CameraStatus> = {};
  house.cameras.forEach((camera, index) => {
    const today = house.spans(index, Math.floor(now / DAY) * DAY, now);
    const sum = (state: State): number =>
      today.filter((span) => span.state === state).reduce((s, span) => s + span.to - span.from, 0) / 1000;
    const [kept, failed, lost, waiting] = [sum("kept"), sum("failed"), sum("lost"), sum("on_device") + sum("fetching")];
    const newest = today.filter((span) => span.state === "kept").at(-1)?.to ?? now - 3_600_000;
    const isAway = index === 2;
    cameras[camera.key] = {
      state: isAway ? "offline" : index === 1 ? "fetching" : "idle",
      source: index % 5 === 4 ? "live" : "replay",
      source_reason: "",
      is_enabled: true,
      last_clip: { id: backend.clipId(index, newest - CLIP), start_ms: newest - CLIP, end_ms: newest },
      lag_s: (now - newest) / 1000,
      backlog_s: waiting,
      failed_s: failed,
      lost_s: lost,
      kept_s: kept,
      clips: house.daysKept * 280,
      bytes: house.daysKept * 2.1e10,
      coverage_percent: 97.4 - index * 0.6,
      today_percent: (100 * kept) / Math.max(1, kept + failed + lost + waiting),
      held_days: house.daysKept - (index % 3),
      promised_days: house.daysKept,
      device_oldest_ms: now - 9 * DAY,
      device_newest_ms: now - 20_000,
      last_sync_ms: now - 300_000,
      problem: isAway
        ? { kind: "unreachable", since_ms: now - 95 * 60_000, detail: "", remedy: { action: "address", url: "/config/integrations" } }
        : null,
      missing: null,
    };
  });
  const nvrs = Object.fromEntries(
    house.nvrs.map((nvr, index) => [
      nvr.key,
      {
        is_online: index !== 2,
        state: index === 1 ? "fetching" : index === 2 ? "offline" : "idle",
        is_paused: false,
        paused_until_ms: null,
        clock_offset_ms: 320,
        last_sweep_ms: now - 600_000,
        next_sweep_ms: now + 300_000,
        problem: null,
      } as const,
    ]),
  );
  const second = house.cameras[1]!.key;
  return {
    nvrs,
    cameras,
    library: {
      library: { storage_problem: null, is_checking: false, braked: false, clips: 48_211, bytes: 1.21e12, free_bytes: 3.12e11, days_left: 21 },
    },
    fetching: {
      [second]: { start_ms: now - 3 * 3_600_000, end_ms: now - 3 * 3_600_000 + CLIP, done: 0.62, bytes: 2.3e7, speed: 18, seconds_left: 4 },
    },
    exports: {
      "7": { id: 7, cameras: [house.cameras[0]!.key], from_ms: now - 7_380_000, to_ms: now - 7_200_000, state: "ready", done: 1, bytes: 4.5e7, made_ms: now - 6e6, expires_ms: now + 6 * DAY, is_yours: true, is_zip: false, name: "Porch 08-30.mp4", url: "/api/vtrack_nvr/export/7", problem: "", may_delete: true },
      "8": { id: 8, cameras: house.cameras.slice(0, 3).map((each) => each.key), from_ms: now - 9_380_000, to_ms: now - 9_000_000, state: "running", done: 0.4, bytes: 0, made_ms: now - 30_000, expires_ms: now + 7 * DAY, is_yours: true, is_zip: true, name: "", url: null, problem: "", may_delete: true },
    },
    storages: {
      "1": { id: 1, name: "NAS", path: "/media/nas/vtrack_nvr", is_current: true, free_bytes: 3.12e11, total_bytes: 2e12, floor_bytes: 5e10, clip_bytes: 1.21e12, clips: 48_211, bytes_per_day: 1.4e10, days_left: 21, checked_ms: now - 30_000, problem: null, room: null },
    },
    jobs: backend.jobs,
  };
}
