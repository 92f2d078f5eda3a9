/**
 * The card as Home Assistant's dashboards know it. This module is loaded on every page by
 * everybody, so it holds no more than what the card picker asks; the app comes when a card is shown.
 */

import type { Hass } from "../api/hass";
import type { CardConfig } from "./config";

const TAG = "vtrack-nvr-card";
const DOMAIN = "vtrack_nvr";

interface View extends HTMLElement {
  hass?: Hass;
  config?: CardConfig;
}

/** The editor's form is not given hass; the picker and every card are. */
let lastHass: Hass | undefined;

function importApp(): Promise<unknown> {
  if (import.meta.env.DEV) return import("./view");
  // The same address as the panel's, version and all: two addresses would be two modules.
  const url = new URL(/* @vite-ignore */ "./vtrack-nvr.js", import.meta.url);
  url.search = new URL(import.meta.url).search;
  return import(/* @vite-ignore */ url.href);
}

type EntityRegistry = Record<string, { platform?: string } | undefined>;

function isOurs(hass: Hass, entityId: string): boolean {
  const entities = (hass as Hass & { entities?: EntityRegistry }).entities;
  return entityId.startsWith("camera.") && entities?.[entityId]?.platform === DOMAIN;
}

class VtrackNvrCard extends HTMLElement {
  private config?: CardConfig;
  private current?: Hass;
  private view?: View;

  setConfig(config: CardConfig): void {
    const { cameras } = config as Partial<CardConfig>;
    if (cameras !== undefined && (!Array.isArray(cameras) || cameras.length > 4)) {
      throw new Error("cameras: a list of one to four cameras of VTrack NVR");
    }
    this.config = { ...config, cameras: cameras ?? [] };
    this.fill();
  }

  set hass(hass: Hass) {
    lastHass = hass;
    this.current = hass;
    this.fill();
  }

  connectedCallback(): void {
    this.style.display = "block";
    this.style.height = "100%";
    if (this.view) return;
    this.view = document.createElement("vtrack-card-view");
    this.append(this.view);
    this.fill();
    importApp().catch((error: unknown) => {
      this.view?.remove();
      this.view = undefined; // tried anew when the card is shown the next time
      console.error("VTrack NVR: the card could not be loaded", error);
    });
  }

  private fill(): void {
    if (!this.view) return;
    this.view.hass = this.current;
    this.view.config = this.config;
  }

  getCardSize(): number {
    return 6;
  }

  getGridOptions(): object {
    return { columns: 12, rows: "auto", min_columns: 6, min_rows: 3 };
  }

  static getStubConfig(hass: Hass): object {
    lastHass = hass;
    const first = Object.keys(hass.states).find((id) => isOurs(hass, id));
    return { cameras: first ? [first] : [] };
  }

  static async getConfigForm(): Promise<object> {
    const localize = await lastHass?.loadBackendTranslation("config_panel", DOMAIN);
    const text = (key: string): string =>
      localize?.(`component.${DOMAIN}.config_panel.card_editor.${key}`) || key;
    const choice = (...values: string[]): object => ({
      select: {
        multiple: true,
        mode: "list",
        options: values.map((value) => ({ value, label: text(`show_${value}`) })),
      },
    });
    return {
      schema: [
        {
          name: "cameras",
          required: true,
          selector: {
            entity: { multiple: true, filter: { integration: DOMAIN, domain: "camera" } },
          },
        },
        { name: "show", selector: choice("player", "timeline", "list") },
        { name: "hours", selector: { number: { min: 1, max: 744, mode: "box" } } },
        { name: "height", selector: { number: { min: 120, max: 2000, mode: "box" } } },
        { name: "live_first", selector: { boolean: {} } },
        { name: "title", selector: { text: {} } },
      ],
      computeLabel: ({ name }: { name: string }) => text(name),
      computeHelper: ({ name }: { name: string }) => {
        const help = text(`${name}_help`);
        return help === `${name}_help` ? undefined : help;
      },
    };
  }
}

interface CustomCard {
  type: string;
  name: string;
  description: string;
  preview: boolean;
  documentationURL: string;
  getEntitySuggestion(hass: Hass, entityId: string): object | null;
}

if (!customElements.get(TAG)) {
  customElements.define(TAG, VtrackNvrCard);
  const host = window as Window & { customCards?: CustomCard[] };
  (host.customCards ??= []).push({
    type: TAG,
    name: "VTrack NVR",
    description: "Live view, recordings and timeline of your cameras",
    preview: true,
    documentationURL: "https://github.com/vtrack-nvr/vtrack-nvr",
    getEntitySuggestion: (hass, entityId) =>
      isOurs(hass, entityId) ? { config: { type: `custom:${TAG}`, cameras: [entityId] } } : null,
  });
}
