import { describe, expect, it } from "vitest";
import type { CameraStatus, Problem } from "../../src/api/types";
import { cameraWords, tellableLag } from "../../src/pages/model/camera_words";

const STATUS: CameraStatus = {
  state: "idle",
  source: "replay",
  source_reason: "profile_g",
  is_enabled: true,
  last_clip: null,
  lag_s: 0,
  backlog_s: 0,
  failed_s: 0,
  lost_s: 0,
  kept_s: 0,
  clips: 0,
  bytes: 0,
  coverage_percent: 100,
  today_percent: 100,
  held_days: 1,
  promised_days: 30,
  device_oldest_ms: null,
  device_newest_ms: null,
  last_sync_ms: null,
  problem: null,
  missing: null,
};
const CAMERA = { key: "SN1/1", is_former: false, device_id: "d1" };
const WRITING = { moment: (ms: number) => `@${ms}`, problem: (kind: string) => `<${kind}>` };
const problem = (kind: string, action: Problem["remedy"]["action"], url: string | null): Problem => ({
  kind,
  since_ms: 5,
  detail: "",
  remedy: { action, url },
});
const words = (part: Partial<CameraStatus>, isAdmin = true) =>
  cameraWords(CAMERA, { ...STATUS, ...part }, null, isAdmin, WRITING);

describe("a camera in words", () => {
  it("is calm where all is well", () => {
    expect(words({})).toEqual({ tone: "good", label: { key: "camera_state.idle" }, sentence: null, fix: null });
    expect(words({ state: "recording" }).tone).toBe("live");
  });

  it("tells since when and why nothing answers, with the server's remedy", () => {
    const told = words({ state: "offline", problem: problem("unreachable", "address", "/config/x") });
    expect(told.sentence).toEqual({ key: "sentence.offline_since", values: { moment: "@5", reason: "<unreachable>" } });
    expect(told.fix).toEqual({ kind: "link", label: "remedy.address", path: "/config/x" });
  });

  it("offers no page that a person may not open", () => {
    expect(words({ state: "blocked", problem: problem("auth_refused", "login", null) }, false).fix).toBeNull();
    expect(words({ state: "paused" }, false).fix).toBeNull();
  });

  it("puts what stops everything before what is missing", () => {
    const missing = { cause: "not_copied" as const, since_ms: 0, seconds: 60, reason: "" };
    expect(words({ state: "offline", missing }).label.key).toBe("camera_state.offline");
    expect(words({ missing }).fix).toEqual({
      kind: "page",
      label: "remedy.show",
      path: "timeline",
      query: { c: "SN1/1", t: "1970-01-01T00:00:00Z" },
    });
  });

  it("tells a pause of everything from a camera that is switched off", () => {
    expect(words({ state: "paused" }).fix?.kind).toBe("resume");
    expect(words({ state: "paused", is_enabled: false }).fix).toEqual({
      kind: "link",
      label: "remedy.switch",
      path: "/config/devices/device/d1",
    });
  });

  it("asks nothing of a former camera", () => {
    const told = cameraWords({ ...CAMERA, is_former: true }, { ...STATUS, state: "offline" }, null, true, WRITING);
    expect(told).toEqual({ tone: "off", label: { key: "camera_state.former" }, sentence: null, fix: null });
  });

  it("says behind only where something waits", () => {
    expect(words({ lag_s: 3600, backlog_s: 60 }).label.key).toBe("camera_state.behind");
    expect(words({ lag_s: 3600, backlog_s: 0 }).label.key).toBe("camera_state.idle");
    expect(tellableLag({ ...STATUS, lag_s: 300, backlog_s: 60 })).toBeNull();
  });
});
