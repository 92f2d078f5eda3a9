// @vitest-environment happy-dom
import { LitElement } from "lit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VtrackPageTimeline } from "../../src/pages/timeline";
import { NOW, type World, button, deep, settled, textOf, world } from "../mount";

// What draws needs a canvas, and what plays a video: neither decides anything here.
vi.mock("../../src/timeline/timeline", () => ({}));
vi.mock("../../src/player/player", () => ({}));
class Still extends LitElement {
  isReady = true;
  view = { from: NOW - 7_200_000, to: NOW };
  showAround(): void {}
  show(): void {}
  seek(): void {}
  goLive(): void {}
  handleKey(): boolean {
    return false;
  }
}
customElements.define("vtrack-timeline", class extends Still {});
customElements.define("vtrack-player", class extends Still {});

const RANGE = { from: NOW - 3_600_000, to: NOW - 3_000_000 };
let there: World;
let first: string;
let second: string;

async function open(query: string, narrow = false): Promise<VtrackPageTimeline> {
  history.replaceState(null, "", `/vtrack-nvr/timeline?c=${encodeURIComponent(`${first},${second}`)}&t=2026-11-20T08:00:00Z${query}`);
  there.app.router.listen();
  const page = new VtrackPageTimeline();
  page.narrow = narrow;
  return there.mount(page);
}

async function lane(page: Element, action: string, camera: string): Promise<void> {
  deep(page, "vtrack-timeline")[0]!.dispatchEvent(new CustomEvent("act", { detail: { action, camera, ...RANGE } }));
  await settled();
}

async function press(page: Element, key: string): Promise<void> {
  page.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  await settled();
}

const isAsked = (page: Element) => deep<HTMLDialogElement>(page, "dialog").some((each) => each.open);

beforeEach(async () => {
  there = await world();
  [first, second] = there.house.cameras.map(({ key }) => key) as [string, string];
});
// Whole pages are drawn without a browser, on machines that do other work as well.
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => {
  document.body.replaceChildren();
  history.replaceState(null, "", "/");
});

describe("the menu of a lane", () => {
  const OTHER_RANGE = "&a=2026-11-20T07:00:00Z&b=2026-11-20T07:10:00Z";

  it("does what it says with a selection there, whatever tab of a phone is open", async () => {
    const page = await open(OTHER_RANGE, true);
    const tabs = deep(page, "vtrack-tabs")[0]!;
    tabs.dispatchEvent(new CustomEvent("chosen", { detail: { id: "events" } }));
    await settled();
    expect(deep(page, "vtrack-selection")).toEqual([]);
    await lane(page, "export", first);
    expect(isAsked(page)).toBe(true);
    expect(deep(page, "vtrack-selection")).toHaveLength(1);
    button(deep(page, "vtrack-range-acts")[0]!, "Export").click();
    await settled();
    expect(there.asked("export/start")).toMatchObject([{ from_ms: RANGE.from, to_ms: RANGE.to }]);
  });

  it("concerns the camera of the lane alone, though several are played", async () => {
    const page = await open("");
    await lane(page, "protect", second);
    await lane(page, "fetch", second);
    expect(there.asked("clips/count")[0]).toMatchObject({ filter: { cameras: [second] } });
    expect(there.asked("fetch").map(({ camera }) => camera)).toEqual([second]);
    await lane(page, "export", second);
    button(deep(page, "vtrack-range-acts")[0]!, "Export").click();
    await settled();
    expect(there.asked("export/start")).toMatchObject([{ cameras: [second] }]);
    await lane(page, "share", second);
    const link = deep<HTMLInputElement>(page, "vtrack-share-dialog input[readonly]");
    expect(link[0]?.value ?? textOf(deep(page, "vtrack-share-dialog")[0]!)).toContain(encodeURIComponent(second).replace(/%(3A|2C)/g, decodeURIComponent));
  });
});

describe("keys", () => {
  it.each(["x", "p", "Delete"])("%s without a selection says how to select", async (key) => {
    const page = await open("");
    await press(page, key);
    expect(there.toasts.at(-1)?.text).toBe("Drag on the timeline with Shift or Select, or press [ and ] while it plays.");
    expect(isAsked(page)).toBe(false);
  });

  it("act on the selection of all cameras that are played, whatever tab is open", async () => {
    const page = await open("&a=2026-11-20T07:00:00Z&b=2026-11-20T07:10:00Z", true);
    deep(page, "vtrack-tabs")[0]!.dispatchEvent(new CustomEvent("chosen", { detail: { id: "calendar" } }));
    await settled();
    await press(page, "x");
    expect(isAsked(page)).toBe(true);
    await press(page, "p");
    expect(there.asked("clips/count").at(-1)).toMatchObject({ filter: { cameras: [first, second] } });
  });

  it("say that something may not be done", async () => {
    for (const camera of there.app.store.state.info!.cameras) camera.may_control = false;
    const page = await open("&a=2026-11-20T07:00:00Z&b=2026-11-20T07:10:00Z");
    await press(page, "x");
    expect(there.toasts.at(-1)).toMatchObject({ tone: "error", text: expect.stringContaining("you may not change it") as string });
    expect(isAsked(page)).toBe(false);
  });
});
