import { describe, expect, it } from "vitest";
import { type CardConfig, ConfigProblem, layoutFor, readConfig } from "../../src/card/config";

const read = (part: Partial<CardConfig>) => readConfig({ type: "custom:vtrack-nvr-card", ...part });

describe("the settings of a card", () => {
  it("fills in what is left out", () => {
    const settings = read({ cameras: ["camera.porch"] });
    expect(settings).toMatchObject({ entities: ["camera.porch"], hours: 24, liveFirst: true, isBounded: false });
    expect([...settings.show]).toEqual(["player", "timeline", "list"]);
  });

  it("takes one camera in each way people write it", () => {
    expect(read({ cameras: "camera.porch" }).entities).toEqual(["camera.porch"]);
    expect(read({ entity: "camera.porch", cameras: ["camera.porch", "camera.gate"] }).entities).toEqual([
      "camera.porch",
      "camera.gate",
    ]);
  });

  it("is no mistake without a camera", () => {
    expect(read({}).entities).toEqual([]);
  });

  it.each([
    { cameras: ["a", "b", "c", "d", "e"] },
    { hours: 0 },
    { hours: Number.NaN },
    { show: ["clock"] as never },
    { cameras: [1] as never },
  ])("refuses %o", (part) => {
    expect(() => read(part)).toThrow(ConfigProblem);
  });
});

describe("a card of any size", () => {
  const bounded = read({ cameras: ["camera.porch"], grid_options: { rows: 3 } });
  const free = read({ cameras: ["camera.porch"], grid_options: { rows: "auto" } });

  it("is a picture with a timeline at three rows", () => {
    const { parts, size } = layoutFor(bounded, 480, 184);
    expect([...parts]).toEqual(["player", "timeline"]);
    expect(size).toBe("small");
  });

  it("is the picture alone where nothing else fits", () => {
    expect([...layoutFor(bounded, 480, 120).parts]).toEqual(["player"]);
  });

  it("has the list beside the picture on a wall", () => {
    const { parts, isBeside } = layoutFor(bounded, 1600, 900);
    expect(parts.size).toBe(3);
    expect(isBeside).toBe(true);
  });

  it("has the list below where it takes the height it needs", () => {
    const { parts, isBeside } = layoutFor(free, 400, 300);
    expect(parts.has("list")).toBe(true);
    expect(isBeside).toBe(false);
  });

  it("always keeps the only part somebody chose", () => {
    const alone = read({ show: ["list"], grid_options: { rows: 2 } });
    expect([...layoutFor(alone, 200, 100).parts]).toEqual(["list"]);
  });
});
