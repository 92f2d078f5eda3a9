/** Answers the commands of docs/websocket-api.md for a generated house. */

import {
  EVENT_CLASSES,
  STATES,
  type ClipRow,
  type EventClass,
  type Feed,
  type FeedMaps,
  type Info,
  type Job,
  type State,
} from "../src/api/types";
import type { ShareRow } from "../src/api/share-types";
import { Zone } from "../src/time/zone";
import { CLIP, DAY, type House } from "./house";
import { feedMaps } from "./status";

type Request = Record<string, unknown> & { type: string };
const RANK: State[] = ["missing", "lost", "failed"];
const PROTECTED_EVERY = 61;

export class Refusal {
  readonly translation_domain = "vtrack_nvr";
  readonly translation_placeholders = {};
  constructor(
    readonly code: string,
    readonly translation_key: string | null,
    readonly message = code,
  ) {}
}

export class Backend {
  readonly jobs: Record<string, Job> = {};
  readonly gone = new Set<number>();
  readonly protection = new Map<number, boolean>();
  private readonly listeners = new Map<(feed: Feed) => void, number>();
  private made = 0;
  private readonly shares: ShareRow[] = [];
  /** Counts of each command: what an idle page must not ask. */
  readonly asked: Record<string, number> = {};

  constructor(
    readonly house: House,
    readonly zone: Zone,
    readonly admin = true,
  ) {}

  get now(): number {
    return this.house.now();
  }

  answer(request: Request): unknown {
    const command = request.type.replace("vtrack_nvr/", "");
    this.asked[command] = (this.asked[command] ?? 0) + 1;
    const handler = this.commands[command];
    if (!handler) throw new Refusal("unknown_command", null, `no mock of ${command}`);
    return handler(request);
  }

  subscribe(listener: (feed: Feed) => void): () => void {
    this.listeners.set(listener, 1);
    listener({ kind: "snapshot", seq: 1, more: false, now_ms: this.now, changed: this.maps() });
    return () => this.listeners.delete(listener);
  }

  /** Push a delta to all subscribers. */
  push(delta: Partial<Extract<Feed, { kind: "delta" }>>): void {
    for (const [listener, seq] of this.listeners) {
      this.listeners.set(listener, seq + 1);
      listener({ kind: "delta", seq: seq + 1, now_ms: this.now, ...delta });
    }
  }

  readonly commands: Record<string, (request: any) => unknown> = {
    info: () => this.info(),
    "coverage/tiles": (r) => this.tiles(r.level, r.tiles),
    "coverage/at": (r) => this.at(r.camera, r.t_ms),
    "coverage/spans": (r) => this.spans(r.camera, r.from_ms, r.to_ms, r.limit ?? 200),
    "coverage/edge": (r) => this.edge(r),
    "coverage/month": (r) => this.month(r.cameras, r.month),
    "events/list": (r) => this.eventsList(r),
    "events/page": (r) => this.eventsPage(r),
    "clips/spans": (r) => this.clipSpans(r.camera, r.from_ms, r.to_ms),
    "clips/list": (r) => this.clipsList(r),
    "clips/get": (r) => this.clip(r.clip),
    "clips/count": (r) => this.count(r),
    "clips/protect": (r) => this.protect(r),
    "clips/delete": (r) => {
      for (const id of r.ids ?? []) this.gone.add(id);
      return this.job("delete", { undo_until_ms: this.now + 10_000, clips: r.ids?.length ?? 2, bytes: 9e7 }, r);
    },
    "clips/undo": (r) => {
      for (const id of r.ids ?? []) this.gone.delete(id);
      return this.job("undo", { clips: r.ids?.length ?? 2 }, r);
    },
    "jobs/list": () => ({ jobs: Object.values(this.jobs) }),
    fetch: (r) => this.job("fetch", { state: "running", done: 0.1, cameras: [r.camera], from_ms: r.from_ms, to_ms: r.to_ms }, r),
    "export/start": (r) => this.job("export", { state: "running", done: 0.2, cameras: r.cameras, from_ms: r.from_ms, to_ms: r.to_ms, export_id: 7 }, r),
    "export/list": () => ({ exports: Object.values(this.maps().exports), next: null }),
    "export/delete": () => null,
    "share/create": (r) => this.share(r),
    "share/list": () => ({ shares: this.shares }),
    "share/revoke": (r) => {
      this.shares.splice(0, this.shares.length, ...this.shares.filter(({ id }) => id !== r.share));
      return null;
    },
    "fetch/stop": () => null,
    sync: () => null,
    pause: () => null,
    resume: () => null,
    "schedules/list": () => ({ gates: [] }),
    "schedules/set": () => null,
    queue: () => this.queue(),
    runs: () => ({ runs: this.runs(), next: null }),
    ledger: () => ({ rows: [] }),
    "retention/preview": () => this.preview(),
    "nvr/test": () => ({ is_ok: true, took_ms: 84, manufacturer: "Simulated", model: "NVR-8", firmware: "1.4.2", clock_offset_ms: 320, problem: null }),
  };

  private info(): Info {
    return {
      api: 1,
      version: "dev",
      now_ms: this.now,
      time_zone: this.zone.name,
      user: { id: "me", is_admin: this.admin },
      states: [...STATES],
      event_classes: [...EVENT_CLASSES],
      tiles: { buckets: 1024, base_ms: 1000, factor: 4, levels: 8, most: 128 },
      limits: { range_ms: 31 * DAY, export_ms: DAY, export_cameras: 4, exports: 5, share_ms: 6 * 3_600_000, share_hours: 720, clips: 1000, page: 200, month_cameras: 64, undo_ms: 10_000, plan_s: 60, note: 200 },
      urls: {
        clip: "/api/vtrack_nvr/clip/{id}",
        original: "/api/vtrack_nvr/clip/{id}?original",
        thumbnail: "/api/vtrack_nvr/thumbnail/{id}",
        strip: "/api/vtrack_nvr/strip/{id}",
        export: "/api/vtrack_nvr/export/{id}",
        frame: "/api/vtrack_nvr/frame/{id}/{ms}",
      },
      strip_pictures: 12,
      features: ["playback", "share"],
      nvrs: this.house.nvrs,
      cameras: this.house.cameras,
    };
  }

  /** Make a link as the server does: of a range, a clip, a picture or an export. */
  share(r: { camera?: string; from_ms?: number; to_ms?: number; clip?: number; is_picture?: boolean; export?: number; hours?: number }): unknown {
    const id = (this.made += 1);
    const clip = r.clip === undefined ? undefined : this.clip(r.clip);
    const film = r.export === undefined ? undefined : this.maps().exports[r.export];
    const expires_ms = this.now + (r.hours ?? 24) * 3_600_000;
    this.shares.unshift({
      id,
      kind: clip ? (r.is_picture ? "picture" : "clip") : film ? "export" : "range",
      cameras: clip ? [clip.camera] : (film?.cameras ?? [r.camera ?? ""]),
      item_id: r.clip ?? r.export ?? null,
      from_ms: clip?.start_ms ?? film?.from_ms ?? r.from_ms ?? 0,
      to_ms: clip?.end_ms ?? film?.to_ms ?? r.to_ms ?? 0,
      made_ms: this.now,
      expires_ms,
      is_yours: true,
    });
    const path = `/api/vtrack_nvr/shared/${"x".repeat(42)}${id}`;
    return { id, url: `https://house.example.org${path}`, path, playlist: null, expires_ms };
  }

  maps(): FeedMaps {
    return feedMaps(this);
  }

  private tiles(level: number, wanted: [string, number][]): unknown {
    const bucket = 1000 * 4 ** level;
    const tiles = wanted.map(([camera, n]) => {
      const index = this.house.index(camera);
      const from = n * 1024 * bucket;
      const to = from + 1024 * bucket;
      if (index < 0 || from >= this.now) return { camera, n, until_ms: null, runs: [] };
      const end = Math.min(to, this.now);
      const count = Math.ceil((end - from) / bucket);
      const share = new Float64Array(count * STATES.length);
      const mark = new Uint8Array(count);
      for (const span of this.house.spans(index, from, end)) {
        const state = STATES.indexOf(span.state);
        const last = Math.min(count - 1, Math.floor((span.to - 1 - from) / bucket));
        for (let b = Math.floor((span.from - from) / bucket); b <= last; b += 1) {
          const low = Math.max(span.from, from + b * bucket);
          share[b * STATES.length + state]! += Math.min(span.to, from + (b + 1) * bucket) - low;
          const rank = RANK.indexOf(span.state);
          const before = RANK.indexOf(STATES[mark[b]! & 15]!);
          if (rank >= 0 && (before < 0 || rank < before)) mark[b] = state;
        }
      }
      const clipStep = CLIP * PROTECTED_EVERY;
      for (let at = Math.floor(from / clipStep) * clipStep; at < end; at += clipStep) {
        const low = Math.max(0, Math.floor((at - from) / bucket));
        const high = Math.min(count - 1, Math.floor((at + CLIP - 1 - from) / bucket));
        for (let b = low; b <= high; b += 1) {
          if (share[b * STATES.length + 1]! > 0) mark[b]! |= 16;
        }
      }
      const runs: number[] = [];
      for (let b = 0; b < count; b += 1) {
        let main = 0;
        for (let s = 1; s < STATES.length; s += 1) {
          if (share[b * STATES.length + s]! > share[b * STATES.length + main]!) main = s;
        }
        const at = runs.length - 3;
        if (at >= 0 && runs[at + 1] === main && runs[at + 2] === mark[b]) runs[at]! += 1;
        else runs.push(1, main, mark[b]!);
      }
      return { camera, n, until_ms: end < to ? end : null, runs };
    });
    return { level, tiles, left: [] };
  }

  clipId(index: number, t: number): number {
    return index * 10_000_000 + Math.floor(t / CLIP);
  }

  clipRow(index: number, from: number, to: number): ClipRow {
    const id = this.clipId(index, from);
    const start = Math.floor(from / CLIP) * CLIP;
    return {
      id,
      camera: this.house.cameras[index]!.key,
      start_ms: Math.max(from, start),
      end_ms: Math.min(to, start + CLIP),
      bytes: 22_000_000 + (id % 9) * 2_000_000,
      source: index % 5 === 4 ? "live" : "replay",
      state: this.gone.has(id) ? "trashed" : "kept",
      video_codec: index % 4 === 3 ? "h265" : "h264",
      audio_codec: index % 2 ? "aac" : null,
      width: 2560,
      height: 1440,
      is_protected: this.protection.get(id) ?? Math.floor(start / CLIP) % PROTECTED_EVERY === 0,
      note: id % 97 === 0 ? "Parcel delivered" : "",
      problem: "",
      is_time_certain: true,
      events: [
        ...new Set(this.house.eventsBetween(index, start, start + CLIP).map((event) => event.cls)),
      ],
    };
  }

  private clipsBetween(index: number, from: number, to: number): ClipRow[] {
    const rows: ClipRow[] = [];
    for (const span of this.house.spans(index, from, to)) {
      if (span.state !== "kept") continue;
      for (let at = span.from; at < span.to; at = (Math.floor(at / CLIP) + 1) * CLIP) {
        rows.push(this.clipRow(index, at, span.to));
      }
    }
    return rows;
  }

  private clip(id: number): ClipRow {
    const index = Math.floor(id / 10_000_000);
    const from = (id % 10_000_000) * CLIP;
    return this.clipRow(index, from, from + CLIP);
  }

  private at(camera: string, t: number): unknown {
    const index = this.house.index(camera);
    if (index < 0) throw new Refusal("not_found", "camera_not_found");
    const spans = this.house.spans(index, t - 2 * DAY, t + 2 * DAY);
    const span = spans.find((each) => each.from <= t && t < each.to) ?? { from: this.now, to: this.now + DAY, state: "unknown", reason: "" };
    const ref = (from: number): object => {
      const row = this.clipRow(index, from, from + CLIP);
      return { id: row.id, start_ms: row.start_ms, end_ms: row.end_ms };
    };
    const before = spans.filter((each) => each.state === "kept" && each.to <= t).at(-1);
    const after = spans.find((each) => each.state === "kept" && each.from > t);
    return {
      state: span.state,
      from_ms: span.from,
      to_ms: span.to,
      reason: span.reason,
      next_try_ms: span.state === "failed" ? this.now + 540_000 : null,
      attempts: span.state === "failed" ? 3 : 0,
      clip: span.state === "kept" ? this.clipRow(index, Math.max(span.from, Math.floor(t / CLIP) * CLIP), span.to) : null,
      before: before ? ref(before.to - CLIP) : null,
      after: after ? ref(after.from) : null,
    };
  }

  private spans(camera: string, from: number, to: number, limit: number): unknown {
    const all = this.house.spans(this.house.index(camera), from, to);
    return {
      spans: all.slice(0, limit).map((span) => ({
        state: span.state,
        from_ms: span.from,
        to_ms: span.to,
        reason: span.reason,
        next_try_ms: span.state === "failed" ? this.now + 540_000 : null,
        attempts: span.state === "failed" ? 3 : 0,
      })),
      next_from_ms: all[limit]?.from ?? null,
    };
  }

  private edge(r: { camera: string; t_ms: number; direction: string; want: string; classes?: EventClass[] }): unknown {
    const index = this.house.index(r.camera);
    const isNext = r.direction === "next";
    const [from, to] = isNext ? [r.t_ms, r.t_ms + 3 * DAY] : [r.t_ms - 3 * DAY, r.t_ms];
    const found =
      r.want === "event"
        ? this.house
            .eventsBetween(index, from, to)
            .filter((event) => !r.classes || r.classes.includes(event.cls))
            .map((event) => ({ t: event.start, to: event.start + event.length, state: null, cls: event.cls }))
        : this.house
            .spans(index, from, to)
            .filter((span) => (r.want === "kept" ? span.state === "kept" : RANK.includes(span.state)))
            .map((span) => ({ t: span.from, to: span.to, state: span.state, cls: null }));
    const hit = isNext ? found.find((each) => each.t > r.t_ms) : found.filter((each) => each.t < r.t_ms).at(-1);
    return { t_ms: hit?.t ?? null, to_ms: hit?.to ?? null, state: hit?.state ?? null, event_class: hit?.cls ?? null, searched_ms: null };
  }

  private month(cameras: string[], month: string): unknown {
    const [year, number] = month.split("-").map(Number) as [number, number];
    const first = this.zone.moment(year, number);
    const count = this.zone.daysBetween(first, this.zone.monthAfter(first));
    const borders = Array.from({ length: count + 1 }, (_, day) => this.zone.moment(year, number, 1 + day));
    const rows = cameras.map((camera) => {
      const index = this.house.index(camera);
      return [
        camera,
        borders.slice(0, -1).map((from, day) => {
          const seconds = STATES.map(() => 0);
          for (const span of this.house.spans(index, from, borders[day + 1]!)) {
            seconds[STATES.indexOf(span.state)]! += Math.round((span.to - span.from) / 1000);
          }
          return seconds;
        }),
      ];
    });
    return { month, time_zone: this.zone.name, states: STATES, days: borders.slice(0, -1).map((t) => this.zone.dayName(t)), day_from_ms: borders, cameras: Object.fromEntries(rows) };
  }

  private eventsList(r: { cameras: string[]; from_ms: number; to_ms: number; classes?: EventClass[] }): unknown {
    const fours: number[] = [];
    r.cameras.forEach((camera, place) => {
      for (const event of this.house.eventsBetween(this.house.index(camera), r.from_ms, r.to_ms)) {
        if (r.classes && !r.classes.includes(event.cls)) continue;
        fours.push(place, EVENT_CLASSES.indexOf(event.cls), event.start - r.from_ms, event.length);
      }
    });
    if (fours.length <= 8000) return { kind: "events", cameras: r.cameras, classes: EVENT_CLASSES, events: fours };
    const bucket = Math.ceil((r.to_ms - r.from_ms) / 500);
    const counts = new Map<string, number[]>();
    for (let at = 0; at < fours.length; at += 4) {
      const row = [fours[at]!, fours[at + 1]!, Math.max(0, Math.floor(fours[at + 2]! / bucket))];
      const key = row.join();
      const known = counts.get(key) ?? [...row, 0];
      known[3]! += 1;
      counts.set(key, known);
    }
    return { kind: "counts", cameras: r.cameras, classes: EVENT_CLASSES, bucket_ms: bucket, counts: [...counts.values()].flat() };
  }

  private eventsPage(r: { cameras?: string[]; from_ms?: number; to_ms?: number; classes?: EventClass[]; limit?: number; cursor?: string }): unknown {
    const to = Math.min(r.to_ms ?? this.now, r.cursor ? Number(r.cursor) : Infinity);
    const from = r.from_ms ?? to - 2 * DAY;
    const keys = r.cameras ?? this.house.cameras.map((camera) => camera.key);
    const rows = keys
      .flatMap((camera) => {
        const index = this.house.index(camera);
        return this.house.eventsBetween(index, from, to).map((event) => ({
          camera,
          event_class: event.cls,
          start_ms: event.start,
          end_ms: event.start + event.length,
          source: "device",
          clip_id: this.clipId(index, event.start),
        }));
      })
      .filter((row) => (!r.classes || r.classes.includes(row.event_class)) && row.start_ms < to)
      .sort((a, b) => b.start_ms - a.start_ms)
      .slice(0, r.limit ?? 50);
    return { events: rows, next: rows.length === (r.limit ?? 50) ? String(rows.at(-1)!.start_ms) : null };
  }

  private clipSpans(camera: string, from: number, to: number): unknown {
    const rows = this.clipsBetween(this.house.index(camera), from, to).slice(0, 5000);
    return { clips: rows.flatMap((row) => [row.id, row.start_ms - from, row.end_ms - row.start_ms]), next_from_ms: null };
  }

  private clipsList(r: { filter?: Record<string, any>; order?: string; limit?: number; cursor?: string }): unknown {
    const filter = r.filter ?? {};
    const limit = r.limit ?? 50;
    const to = Math.min(filter.to_ms ?? this.now, r.cursor ? Number(r.cursor) : Infinity);
    const from = Math.max(filter.from_ms ?? 0, to - 5 * DAY);
    const keys: string[] = filter.cameras ?? this.house.cameras.map((camera) => camera.key);
    const rows = keys
      .flatMap((key) => this.clipsBetween(this.house.index(key), from, to))
      .filter(
        (row) =>
          row.start_ms < to &&
          (filter.state ?? "kept") === row.state &&
          (filter.is_protected === undefined || filter.is_protected === row.is_protected) &&
          (!filter.event_class || row.events.includes(filter.event_class)) &&
          (!filter.sources || filter.sources.includes(row.source)) &&
          (!filter.text || row.note.toLowerCase().includes(filter.text.toLowerCase())),
      )
      .sort((a, b) => b.start_ms - a.start_ms)
      .slice(0, limit);
    return { clips: rows, next: rows.length === limit ? String(rows.at(-1)!.start_ms) : null };
  }

  private count(r: { filter?: Record<string, any>; ids?: number[] }): unknown {
    const rows = r.ids
      ? r.ids.map((id) => this.clip(id))
      : (r.filter?.cameras ?? []).flatMap((key: string) =>
          this.clipsBetween(this.house.index(key), r.filter?.from_ms ?? this.now - DAY, r.filter?.to_ms ?? this.now),
        );
    const free = rows.filter((row: ClipRow) => !row.is_protected);
    const sums = (list: ClipRow[]): { clips: number; bytes: number; seconds: number } => ({
      clips: list.length,
      bytes: list.reduce((sum, row) => sum + row.bytes, 0),
      seconds: list.reduce((sum, row) => sum + (row.end_ms - row.start_ms) / 1000, 0),
    });
    return {
      plan_id: `plan${(this.made += 1)}`,
      expires_ms: this.now + 60_000,
      ...sums(rows),
      first_ms: rows[0]?.start_ms ?? null,
      last_ms: rows.at(-1)?.end_ms ?? null,
      is_protected: rows.length - free.length,
      deletable: sums(free),
      cameras: [...new Set(rows.map((row: ClipRow) => row.camera))],
      may_delete: this.admin,
      may_protect: true,
    };
  }

  private protect(r: { ids?: number[]; is_protected: boolean }): Job {
    for (const id of r.ids ?? []) this.protection.set(id, r.is_protected);
    return this.job("protect", { clips: r.ids?.length ?? 3 }, r);
  }

  private job(kind: Job["kind"], part: Partial<Job>, _request: unknown): Job {
    const id = `job${(this.made += 1)}`;
    const job: Job = {
      id, kind, state: "done", done: 1, made_ms: this.now, ended_ms: null, cameras: [], from_ms: null, to_ms: null,
      clips: 0, bytes: 0, undo_until_ms: null, export_id: null, outcome: null, error: null, ...part,
    };
    this.jobs[id] = job;
    queueMicrotask(() => this.push({ changed: { jobs: { [id]: job } } }));
    return job;
  }

  private queue(): unknown {
    const { cameras } = this.house;
    const now = this.now;
    return {
      rows: [
        { camera: cameras[1]!.key, from_ms: now - 10_800_000, to_ms: now - 10_500_000, state: "fetching", reason: "", next_try_ms: null, attempts: 1, job: null, note: "", made_ms: null },
        { camera: cameras[0]!.key, from_ms: now - 9_000_000, to_ms: now - 8_700_000, state: "requested", reason: "", next_try_ms: null, attempts: 0, job: "job0", note: "for the neighbour", made_ms: now - 30_000 },
        { camera: cameras[2]!.key, from_ms: now - 5_700_000, to_ms: now - 5_400_000, state: "failed", reason: "busy", next_try_ms: now + 540_000, attempts: 3, job: null, note: "", made_ms: null },
      ],
      next: null,
      totals: { requests: 1, fetching: 1, failed_s: 1500, on_device_s: 9000 },
    };
  }

  private runs(): unknown[] {
    return Array.from({ length: 12 }, (_, id) => ({
      id, nvr: this.house.nvrs[id % this.house.nvrs.length]!.key, kind: id % 5 === 4 ? "full" : "light",
      started_ms: this.now - (id + 1) * 900_000, ended_ms: this.now - (id + 1) * 900_000 + 42_000,
      clips: 14 - id, bytes: 3.2e8, seconds: 4200, errors: id === 3 ? 1 : 0, detail: "",
    }));
  }

  private preview(): unknown {
    const rows = this.house.cameras.slice(0, 6).map((camera, index) => ({
      camera: camera.key, day: this.zone.dayName(this.now - (this.house.daysKept + index) * DAY), clips: 6, bytes: 1.5e8, held: 0,
    }));
    return { made_ms: this.now, rows, totals: { clips: 36, bytes: 9e8, held: 0 }, next: null };
  }
}
