import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import english from "../../custom_components/vtrack_nvr/translations/en.json";
import { EVENT_CLASSES, STATES } from "../src/api/types";
import { Texts } from "../src/i18n/texts";

const source = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const panel = english.config_panel as Record<string, unknown>;

function find(key: string): unknown {
  return key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], panel);
}

function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  return Object.entries(value as object).flatMap(([key, below]) => leaves(below, `${path}.${key}`));
}

describe("texts", () => {
  it("are there for every key in the source", () => {
    const missing: string[] = [];
    for (const name of files) {
      const text = readFileSync(source + name, "utf8");
      for (const [, key] of text.matchAll(/\.t\(\s*["`]([a-z0-9_.]+)(?=["`])/g)) {
        if (typeof find(key!) !== "string") missing.push(`${name}: ${key!}`);
      }
      for (const [, section] of text.matchAll(/\.t\(\s*`([a-z0-9_]+)\.[a-z0-9_]*\$\{/g)) {
        if (typeof find(section!) !== "object") missing.push(`${name}: ${section!}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("name every state and class of event", () => {
    for (const state of STATES) expect(find(`state.${state}`), state).toBeTypeOf("string");
    for (const cls of EVENT_CLASSES) expect(find(`event.${cls}`), cls).toBeTypeOf("string");
  });

  it("can be read as messages, plurals and all", () => {
    for (const [key, text] of leaves(panel, "config_panel")) {
      expect(() => new IntlMessageFormat(text, "en"), key).not.toThrow();
    }
  });

  it("show their key where they are missing, and nothing before they are loaded", async () => {
    const texts = new Texts();
    expect(texts.t("panel.title")).toBe("");
    const localize = (key: string) => (key.endsWith("panel.title") ? "VTrack NVR" : "");
    await texts.load({ language: "de", localize, loadBackendTranslation: async () => localize } as never);
    expect(texts.t("panel.title")).toBe("VTrack NVR");
    expect(texts.t("panel.nothing")).toBe("panel.nothing");
    expect(texts.error("bad_range")).toBeUndefined();
  });

  it("are loaded again after a failure", async () => {
    const texts = new Texts();
    let isAway = true;
    const hass = {
      language: "en",
      localize: () => "",
      loadBackendTranslation: async () => {
        if (isAway) throw new Error("away");
        return () => "here";
      },
    } as never;
    await expect(texts.load(hass)).rejects.toThrow("away");
    isAway = false;
    await expect(texts.load(hass)).resolves.toBe(true);
    expect(texts.t("panel.title")).toBe("here");
  });
});
