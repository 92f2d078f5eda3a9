/** What the elements of a panel or a card share; they get it from `appContext`. */

import { createContext } from "@lit/context";
import { Api } from "../api/api";
import { errorText } from "../api/errors";
import type { Hass } from "../api/hass";
import { Pictures } from "../api/pictures";
import type { Camera, Key } from "../api/types";
import { Texts } from "../i18n/texts";
import { Router } from "../panel/router";
import { Formats } from "../time/formats";
import { chosenZone, type Zone } from "../time/zone";
import { Link } from "./link";
import { type AppState, initialState } from "./state";
import { Store } from "./store";

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  text: string;
  /** One button: undo, show, try again. */
  action?: ToastAction;
  /** How long it stays, in milliseconds; an action's toast at least 10 s. */
  ms?: number;
  tone?: "plain" | "error";
}

/**
 * Dispatches `changed` when texts, language, formats, time zone, theme or person changed: then
 * every element renders anew. `hass` on each new hass object; `toast` and `announce` for the host.
 */
export class App extends EventTarget {
  readonly store = new Store<AppState>(initialState());
  readonly texts = new Texts();
  readonly api = new Api(() => this.hass.connection);
  readonly link = new Link(this.api, this.store);
  readonly pictures = new Pictures(this);
  readonly router = new Router();
  zone: Zone;
  formats: Formats;
  /** The newest hass object. Home Assistant replaces it on every change of any state. */
  hass: Hass;

  constructor(hass: Hass) {
    super();
    this.hass = hass;
    this.zone = chosenZone(hass.locale.time_zone, hass.config.time_zone);
    this.formats = new Formats(hass.locale, this.zone);
  }

  start(): void {
    this.link.start(this.hass.connection);
    void this.loadTexts();
  }

  stop(): void {
    this.link.stop();
    this.pictures.clear();
  }

  update(hass: Hass): void {
    const old = this.hass;
    this.hass = hass;
    this.link.start(hass.connection);
    if (old.locale !== hass.locale || old.config.time_zone !== hass.config.time_zone) {
      this.zone = chosenZone(hass.locale.time_zone, hass.config.time_zone);
      this.formats = new Formats(hass.locale, this.zone);
      this.tell("changed");
    } else if (old.themes !== hass.themes || old.user !== hass.user || old.localize !== hass.localize) {
      this.tell("changed");
    }
    void this.loadTexts();
    this.tell("hass");
  }

  private async loadTexts(): Promise<void> {
    try {
      if (await this.texts.load(this.hass)) this.tell("changed");
    } catch {
      // The connection is away, which the link tells; texts are asked for again with its return.
    }
  }

  get t() {
    return this.texts.t;
  }

  get isAdmin(): boolean {
    return this.store.state.info?.user.is_admin ?? false;
  }

  get isDark(): boolean {
    return this.hass.themes.darkMode;
  }

  /** The server's clock. */
  now(): number {
    return Date.now() + this.store.state.skew;
  }

  camera(key: Key): Camera | undefined {
    return this.store.state.info?.cameras.find((camera) => camera.key === key);
  }

  cameraName(key: Key): string {
    return this.camera(key)?.name ?? key;
  }

  /** A short word at the bottom of the page, with one button at most. */
  toast(toast: Toast): void {
    this.dispatchEvent(new CustomEvent("toast", { detail: toast }));
  }

  /** The toast of an error. */
  toastError(error: unknown): void {
    this.toast({ text: errorText(error, this.texts), tone: "error" });
  }

  /** Read out by screen readers when they are idle. */
  announce(text: string): void {
    this.dispatchEvent(new CustomEvent("announce", { detail: text }));
  }

  private tell(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}

export const appContext = createContext<App>(Symbol.for("vtrack-nvr-app"));
