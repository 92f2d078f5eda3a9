// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClipRow } from "../../src/api/types";
import { VtrackPageRecordings } from "../../src/pages/recordings";
import { NOW, type World, button, deep, settled, textOf, world } from "../mount";

// Whole pages are drawn without a browser, on machines that do other work as well.
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => {
  document.body.replaceChildren();
  history.replaceState(null, "", "/");
});

interface Row extends HTMLElement {
  clip: ClipRow;
  menu: { id: string }[];
}

async function pageAt(there: World, query: string): Promise<VtrackPageRecordings> {
  const list = there.backend.commands["clips/list"]!;
  there.backend.commands["clips/list"] = (request) => list({ ...request, limit: 10 }); // fewer rows are drawn faster
  history.replaceState(null, "", `/vtrack-nvr/recordings${query}`);
  there.app.router.listen();
  return there.mount(new VtrackPageRecordings());
}

const rowsOf = (page: Element): Row[] => deep<Row>(page, "vtrack-clip-row");
const labels = (root: Element): string[] => deep<HTMLElement & { label: string }>(root, "vtrack-button").map(({ label }) => label);

async function choose(page: Element, ...at: number[]): Promise<void> {
  for (const each of at) {
    rowsOf(page)[each]!.dispatchEvent(new CustomEvent("chosen", { detail: { isRange: false } }));
  }
  await settled();
}

describe("what was deleted", () => {
  async function trash(): Promise<{ there: World; page: Element }> {
    const there = await world();
    for (let at = 2; at < 6; at += 1) there.backend.gone.add(there.backend.clipId(0, NOW - at * 3_600_000));
    return { there, page: await pageAt(there, "?st=trashed") };
  }

  it("can be brought back one by one, and nothing else", async () => {
    const { there, page } = await trash();
    const before = rowsOf(page);
    expect(before.length).toBeGreaterThan(1);
    expect(before.map(({ menu }) => menu.map(({ id }) => id))).toEqual(before.map(() => ["bring_back"]));
    const { id } = before[0]!.clip;
    before[0]!.dispatchEvent(new CustomEvent("act", { detail: { id: "bring_back" } }));
    await settled();
    expect(there.asked("clips/undo")).toEqual([{ type: "vtrack_nvr/clips/undo", ids: [id] }]);
    expect(there.asked("clips/count")).toEqual([]);
    expect(rowsOf(page).map(({ clip }) => clip.id)).not.toContain(id);
    expect(there.toasts.at(-1)?.text).toBe("Brought back: 1 clip.");
  });

  it("can be brought back together", async () => {
    const { there, page } = await trash();
    await choose(page, 0, 1);
    const bar = deep(page, ".bulk")[0]!;
    expect(labels(bar)).toContain("Bring back");
    for (const other of ["Protect", "Download", "Export", "Delete"]) expect(labels(bar)).not.toContain(other);
    const ids = rowsOf(page).slice(0, 2).map(({ clip }) => clip.id);
    button(bar, "Bring back").click();
    await settled();
    expect(there.asked("clips/undo")).toMatchObject([{ ids }]);
  });

  it("says of how many nothing is left", async () => {
    const { there, page } = await trash();
    const undo = there.backend.commands["clips/undo"]!;
    there.backend.commands["clips/undo"] = (request) => undo({ ...request, ids: (request.ids as number[]).slice(1) });
    await choose(page, 0, 1);
    button(deep(page, ".bulk")[0]!, "Bring back").click();
    await settled();
    expect(there.toasts.at(-1)?.text).toBe("Brought back: 1 clip. Of 1 more, nothing is left.");
  });
});

describe("exporting chosen recordings", () => {
  const told = (page: Element) => textOf(deep(page, "vtrack-export-dialog")[0]!);

  it("makes a film of each stretch that was chosen, not of what lies between", async () => {
    const there = await world();
    const page = await pageAt(there, `?c=${encodeURIComponent(there.house.cameras[0]!.key)}`);
    await choose(page, 1, 2, 6);
    const clips = [6, 2, 1].map((at) => rowsOf(page)[at]!.clip);
    button(deep(page, ".bulk")[0]!, "Export").click();
    await settled();
    expect(told(page)).toContain("2 films");
    button(deep(page, "vtrack-export-dialog")[0]!, "Export").click();
    await settled();
    const camera = there.house.cameras[0]!.key;
    expect(there.asked("export/start")).toMatchObject([
      { cameras: [camera], from_ms: clips[0]!.start_ms, to_ms: clips[0]!.end_ms },
      { cameras: [camera], from_ms: clips[1]!.start_ms, to_ms: clips[2]!.end_ms },
    ]);
    expect(there.toasts.at(-1)?.text).toBe("Being made: 2 films.");
  });

  it("says how much of everything from the first to the last was chosen, where that is wanted", async () => {
    const there = await world();
    const page = await pageAt(there, `?c=${encodeURIComponent(there.house.cameras[0]!.key)}`);
    await choose(page, 1, 6);
    button(deep(page, ".bulk")[0]!, "Export").click();
    await settled();
    const dialog = deep(page, "vtrack-export-dialog")[0]!;
    deep<HTMLInputElement>(dialog, "input[name=scope]")[1]!.click();
    await new Promise((resolve) => setTimeout(resolve, 450));
    await settled();
    expect(told(page)).toMatch(/In it: 6 clips, .* Selected of them: 2\./);
    button(dialog, "Export").click();
    await settled();
    expect(there.asked("export/start")).toHaveLength(1);
  });

  it("refuses more films than can be made at a time before any is asked for", async () => {
    const there = await world(); // one export of the mock is being made
    const page = await pageAt(there, `?c=${encodeURIComponent(there.house.cameras[0]!.key)}`);
    await choose(page, 0, 2, 4, 6, 8);
    button(deep(page, ".bulk")[0]!, "Export").click();
    await settled();
    expect(told(page)).toContain("At most 5 exports can be made at a time, and 1 of yours are not ready yet.");
    button(deep(page, "vtrack-export-dialog")[0]!, "Export").click();
    await settled();
    expect(there.asked("export/start")).toEqual([]);
  });

  it("tells what was begun, and in words why the rest was not", async () => {
    const there = await world();
    const start = there.backend.commands["export/start"]!;
    let count = 0;
    there.backend.commands["export/start"] = (request) => {
      count += 1;
      if (count < 2) return start(request);
      const error = { code: "failed", message: "x", translation_key: "limit_export_queue", translation_placeholders: { most: "5", name: "Porch" } };
      return { ...(start(request) as object), state: "failed", error };
    };
    const page = await pageAt(there, `?c=${encodeURIComponent(there.house.cameras[0]!.key)}`);
    await choose(page, 0, 2, 4);
    button(deep(page, ".bulk")[0]!, "Export").click();
    await settled();
    button(deep(page, "vtrack-export-dialog")[0]!, "Export").click();
    await settled();
    expect(told(page)).toContain("Being made: 1 film. The others could not be started: 5 of your exports are being made");
    expect(told(page)).toContain("2 films"); // only these are left to be asked for
  });
});
