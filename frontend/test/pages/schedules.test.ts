// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { addSchedules } from "../../dev/states";
import { VtrackSchedules } from "../../src/pages/parts/schedules";
import { type World, button, deep, settled, textOf, world } from "../mount";

// Whole pages are drawn without a browser, on machines that do other work as well.
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => document.body.replaceChildren());

async function assign(there: World, name: string): Promise<Element> {
  addSchedules(there.backend);
  const element = await there.mount(new VtrackSchedules());
  const item = deep(element, "li.schedule").find((each) => textOf(each).includes(name))!;
  button(item, "Use for cameras").click();
  await settled();
  return deep(element, "vtrack-dialog")[0]!;
}

describe("the cameras of a schedule", () => {
  it("may be told that footage is wanted only while it is on", async () => {
    const there = await world();
    const dialog = await assign(there, "Nights");
    const box = deep<HTMLInputElement>(dialog, "input[type=checkbox]")[2]!;
    expect(box.getAttribute("aria-label")).toContain("Wanted only while on");
    expect(box.disabled).toBe(false);
    box.click();
    await settled();
    expect(there.asked("schedules/set")).toEqual([
      { type: "vtrack_nvr/schedules/set", camera: there.house.cameras[0]!.key, kind: "wanted", entity_id: "schedule.nights" },
    ]);
  });

  it("may not be told so of an entity that has no week", async () => {
    const dialog = await assign(await world(), "Nobody home");
    const boxes = deep<HTMLInputElement>(dialog, "input[type=checkbox]");
    expect(boxes.slice(0, 3).map(({ disabled }) => disabled)).toEqual([false, false, true]);
    expect(textOf(dialog)).toContain("Only a schedule can say what is wanted");
  });
});
