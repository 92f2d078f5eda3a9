/** The player's element over simulated footage, with Home Assistant's texts; see serve.py. */

import { ContextProvider } from "@lit/context";
import { LitElement, html } from "lit";
import type { Connection } from "../../src/api/hass";
import type { Camera, Info } from "../../src/api/types";
import { EVENT_CLASSES, STATES } from "../../src/api/types";
import "../../src/player/player";
import { App, appContext } from "../../src/store/app";
import { base } from "../../src/styles/base";
import { tokens } from "../../src/styles/tokens";
import "../../src/ui/toasts";
import { fakeHass } from "../hass";

const choice = new URLSearchParams(location.hash.slice(1));
const names = (choice.get("c") ?? "row").split(",");

const cameras: Camera[] = names.map((name) => ({
  key: name,
  name: `Camera ${name}`,
  nvr: "dev",
  nvr_name: "Recorder",
  number: 1,
  entity_id: `camera.${name}`,
  device_id: null,
  is_former: false,
  may_control: choice.get("person") !== "1",
  has_recordings: true,
  mode: "all",
  first_ms: null,
  promised_days: null,
  promised_bytes: null,
}));

const info = {
  api: 1,
  version: "0",
  now_ms: Date.now(),
  time_zone: "Europe/Berlin",
  user: { id: "me", is_admin: true },
  states: [...STATES],
  event_classes: [...EVENT_CLASSES],
  urls: { clip: "/clip/{id}", original: "", thumbnail: "", strip: "/dev/strip/{id}", export: "" },
  strip_pictures: 12,
  features: ["playback"],
  nvrs: [],
  cameras,
} as unknown as Info;

const connection: Connection = {
  connected: true,
  async sendMessagePromise<T>(message: { type: string }): Promise<T> {
    if (message.type === "vtrack_nvr/info") return info as T;
    const answer = await fetch("/dev/command", { method: "POST", body: JSON.stringify(message) });
    const body = (await answer.json()) as T;
    // Home Assistant's connection throws the error object of the answer
     
    if (!answer.ok) throw body;
    return body;
  },
  subscribeMessage<T>(told: (message: T) => void) {
    told({ kind: "snapshot", seq: 1, more: false, now_ms: Date.now(), changed: {} } as T);
    return Promise.resolve(() => Promise.resolve());
  },
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

const backend = { house: { cameras }, answer: () => null, subscribe: () => () => undefined };
const hass = fakeHass(backend as never, {
  dark: choice.get("theme") === "dark",
  language: choice.get("lang") ?? "en-GB",
  timeZone: "Europe/Berlin",
  admin: true,
  delay: 0,
});

class Page extends LitElement {
  static override styles = [tokens, base];
  readonly app = new App({ ...hass, connection });
  private readonly provider = new ContextProvider(this, { context: appContext });

  override connectedCallback(): void {
    super.connectedCallback();
    this.provider.setValue(this.app);
    this.toggleAttribute("dark", this.app.isDark);
    this.app.start();
  }

  override render() {
    return html`<vtrack-player
        style="max-inline-size: 900px; border-radius: 12px"
        .cameras=${names}
      ></vtrack-player>
      <vtrack-toasts></vtrack-toasts>`;
  }
}
customElements.define("dev-player-page", Page);
const page = new Page();
document.body.append(page);
document.addEventListener("keydown", (event) => {
  page.renderRoot.querySelector("vtrack-player")?.handleKey(event);
});
