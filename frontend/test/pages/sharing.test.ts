// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { VtrackPageExports } from "../../src/pages/exports";
import { VtrackShareDialog } from "../../src/pages/share-dialog";
import { type World, button, deep, settled, textOf, world } from "../mount";

const HOUR = 3_600_000;

// Whole pages are drawn without a browser, on machines that do other work as well.
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => document.body.replaceChildren());

async function dialogIn(there: World, hours = 1): Promise<VtrackShareDialog> {
  const dialog = await there.mount(new VtrackShareDialog());
  const camera = there.house.cameras[0]!.key;
  const [from_ms, to_ms] = [1_763_600_000_000, 1_763_600_000_000 + hours * HOUR];
  await dialog.open({
    cameras: [camera],
    fromMs: from_ms,
    toMs: to_ms,
    address: "/vtrack-nvr/timeline?c=x",
    targets: [{ kind: "range", camera, from_ms, to_ms }],
  });
  await settled();
  return dialog;
}

async function chooseOpen(dialog: VtrackShareDialog): Promise<void> {
  deep<HTMLInputElement>(dialog, "input[type=radio]")[1]!.click();
  await settled();
}

const address = (dialog: VtrackShareDialog) => deep<HTMLInputElement>(dialog, "input[readonly]")[0]?.value;

describe("the share dialog", () => {
  it("offers the page's own address, and asks the server for nothing", async () => {
    const there = await world();
    const dialog = await dialogIn(there);
    expect(address(dialog)).toBe(`${location.origin}/vtrack-nvr/timeline?c=x`);
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    button(dialog, "Copy").click();
    await settled();
    expect(copied).toHaveBeenCalledExactlyOnceWith(`${location.origin}/vtrack-nvr/timeline?c=x`);
    expect(textOf(dialog)).toContain("Link copied.");
    expect(there.asked("share/create")).toEqual([]);
  });

  it("makes a link that opens without signing in, and says what it opens and when it ends", async () => {
    const there = await world();
    const dialog = await dialogIn(there);
    const made = vi.fn();
    dialog.addEventListener("made", made);
    await chooseOpen(dialog);
    expect(address(dialog)).toBeUndefined();
    button(dialog, "Make the link").click();
    await settled();
    expect(there.asked("share/create")).toEqual([
      {
        type: "vtrack_nvr/share/create",
        camera: there.house.cameras[0]!.key,
        from_ms: 1_763_600_000_000,
        to_ms: 1_763_600_000_000 + HOUR,
        hours: 24,
      },
    ]);
    expect(made).toHaveBeenCalledOnce();
    expect(address(dialog)).toMatch(/^https:\/\/house\.example\.org\/api\/vtrack_nvr\/shared\//);
    expect(textOf(dialog)).toContain("plays this stretch of");
    expect(textOf(dialog)).toContain("It ends Sat 21 Nov, 10:40.");
  });

  it("forgets a link of another choice", async () => {
    const there = await world();
    const dialog = await dialogIn(there);
    await chooseOpen(dialog);
    button(dialog, "Make the link").click();
    await settled();
    const hours = deep<HTMLSelectElement>(dialog, "select").at(-1)!;
    hours.value = "720";
    hours.dispatchEvent(new Event("change"));
    await settled();
    expect(address(dialog)).toBeUndefined();
    button(dialog, "Make the link").click();
    await settled();
    expect(there.asked("share/create").map((each) => each.hours)).toEqual([24, 720]);
  });

  it("says in words why there is no link", async () => {
    const there = await world();
    there.backend.commands["share/create"] = () => {
      throw { code: "failed", message: "x", translation_key: "limit_shares", translation_placeholders: { most: "100", name: "Porch" } };
    };
    const dialog = await dialogIn(there);
    await chooseOpen(dialog);
    button(dialog, "Make the link").click();
    await settled();
    expect(textOf(dialog)).toContain("You have 100 links already.");
    expect(address(dialog)).toBeUndefined();
  });

  it("refuses what is too long, and who may not control the camera, before anything is asked", async () => {
    const there = await world();
    const long = await dialogIn(there, 7);
    await chooseOpen(long);
    expect(textOf(long)).toContain("6 hours at most");
    button(long, "Make the link").click();
    long.remove();
    const [camera] = there.app.store.state.info!.cameras;
    camera!.may_control = false;
    const dialog = await dialogIn(there);
    await chooseOpen(dialog);
    expect(textOf(dialog)).toContain("the right to control the camera");
    button(dialog, "Make the link").click();
    await settled();
    expect(there.asked("share/create")).toEqual([]);
  });

  it("offers no link without signing in where the server knows none", async () => {
    const dialog = await dialogIn(await world({ features: ["playback"] }));
    expect(deep(dialog, "input[type=radio]")).toEqual([]);
    expect(address(dialog)).toContain("/vtrack-nvr/timeline");
  });
});

describe("the page of exports", () => {
  it("shares an export by a link that opens in a tab, not by its file behind the login", async () => {
    const there = await world();
    const page = await there.mount(new VtrackPageExports());
    const menu = deep(page, "vtrack-menu").find((each) => (each as HTMLElement & { items: { id: string }[] }).items.some(({ id }) => id === "share"))!;
    menu.dispatchEvent(new CustomEvent("chosen", { detail: { id: "share" } }));
    await settled();
    const dialog = deep<VtrackShareDialog>(page, "vtrack-share-dialog")[0]!;
    expect(address(dialog)).toBe(`${location.origin}/vtrack-nvr/exports`);
    await chooseOpen(dialog);
    button(dialog, "Make the link").click();
    await settled();
    expect(there.asked("share/create")).toMatchObject([{ export: 7, hours: 24 }]);
    expect(address(dialog)).toContain("/api/vtrack_nvr/shared/");
    expect(address(dialog)).not.toContain("/export/7");
    expect(textOf(deep(page, "vtrack-share-list")[0]!)).toContain("Ends tomorrow");
  });

  it("lists the links that are open, and ends one", async () => {
    const there = await world();
    there.backend.share({ camera: there.house.cameras[0]!.key, from_ms: 0, to_ms: HOUR, hours: 3 });
    there.backend.share({ camera: there.house.cameras[1]!.key, from_ms: 0, to_ms: HOUR, hours: -1 });
    const page = await there.mount(new VtrackPageExports());
    const list = deep(page, "vtrack-share-list")[0]!;
    expect(textOf(list)).toContain("Ends in 3 hours");
    expect(deep(list, "li")).toHaveLength(1); // the other one has expired
    button(list, "End").click();
    await settled();
    button(deep(list, "vtrack-confirm")[0]!, "End").click();
    await settled();
    expect(there.asked("share/revoke")).toMatchObject([{ share: 1 }]);
    expect(deep(list, "li")).toHaveLength(0);
    expect(textOf(list)).toContain("No link is open.");
  });

  it("shows no links to who may make none", async () => {
    const there = await world();
    for (const camera of there.app.store.state.info!.cameras) camera.may_control = false;
    const page = await there.mount(new VtrackPageExports());
    expect(deep(page, "vtrack-share-list")).toEqual([]);
    expect(there.asked("share/list")).toEqual([]);
  });
});
