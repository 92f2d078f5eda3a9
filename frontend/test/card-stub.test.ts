// @vitest-environment happy-dom
import { beforeAll, describe, expect, it, vi } from "vitest";

interface Card {
  type: string;
  preview: boolean;
  getEntitySuggestion(hass: unknown, entityId: string): { config: object } | null;
}

const hass = {
  states: { "camera.other": {}, "camera.porch_live": {}, "sensor.porch": {} },
  entities: {
    "camera.other": { platform: "onvif" },
    "camera.porch_live": { platform: "vtrack_nvr" },
    "sensor.porch": { platform: "vtrack_nvr" },
  },
  loadBackendTranslation: async () => (key: string) => (key.endsWith(".cameras") ? "Cameras" : ""),
};

describe("the card's stub", () => {
  let element: CustomElementConstructor & {
    getStubConfig(hass: unknown): object;
    getConfigForm(): Promise<{
      schema: { name: string }[];
      computeLabel(field: { name: string }): string;
      computeHelper(field: { name: string }): string | undefined;
    }>;
  };
  let card: Card;

  beforeAll(async () => {
    vi.stubEnv("DEV", false); // the app is not imported in these tests
    await import("../src/card/stub");
    element = customElements.get("vtrack-nvr-card") as never;
    card = (window as unknown as { customCards: Card[] }).customCards[0]!;
  });

  it("is offered for cameras of ours only", () => {
    expect(card.getEntitySuggestion(hass, "camera.porch_live")).toEqual({
      config: { type: "custom:vtrack-nvr-card", cameras: ["camera.porch_live"] },
    });
    expect(card.getEntitySuggestion(hass, "camera.other")).toBeNull();
    expect(card.getEntitySuggestion(hass, "sensor.porch")).toBeNull();
    expect(element.getStubConfig(hass)).toEqual({ cameras: ["camera.porch_live"] });
    expect(element.getStubConfig({ states: {} })).toEqual({ cameras: [] });
  });

  it("refuses a configuration that cannot be shown", () => {
    const made = document.createElement("vtrack-nvr-card") as unknown as {
      setConfig(config: object): void;
      getGridOptions(): { min_rows: number };
    };
    expect(() => made.setConfig({ type: "x", cameras: "camera.porch_live" })).toThrow(/cameras/);
    expect(() => made.setConfig({ type: "x", cameras: ["1", "2", "3", "4", "5"] })).toThrow(/four/);
    expect(() => made.setConfig({ type: "x" })).not.toThrow();
    expect(made.getGridOptions().min_rows).toBe(3);
  });

  it("names its options in the person's language", async () => {
    element.getStubConfig(hass);
    const form = await element.getConfigForm();
    expect(form.schema.map(({ name }) => name)).toContain("live_first");
    expect(form.computeLabel({ name: "cameras" })).toBe("Cameras");
    expect(form.computeHelper({ name: "cameras" })).toBeUndefined();
  });

  it("can be loaded a second time, after an update without a reload", async () => {
    vi.resetModules();
    await import("../src/card/stub");
    expect((window as unknown as { customCards: Card[] }).customCards).toHaveLength(1);
  });
});
