/** A stand-in for Home Assistant's frontend object, for development without Home Assistant. */

import { IntlMessageFormat } from "intl-messageformat";
import english from "../../custom_components/vtrack_nvr/translations/en.json";
import type { Connection, Hass, Localize } from "../src/api/hass";
import type { Feed } from "../src/api/types";
import type { Backend } from "./backend";

export interface Options {
  dark: boolean;
  language: string;
  timeZone: string;
  admin: boolean;
  /** How long each answer takes, in milliseconds. */
  delay: number;
  picture?: (path: string) => Promise<Blob> | undefined;
}

export class FakeConnection implements Connection {
  connected = true;
  private readonly listeners: Record<string, Set<() => void>> = {};
  private readonly subscriptions = new Set<() => void>();

  constructor(
    readonly backend: Backend,
    private readonly delay: number,
  ) {}

  async sendMessagePromise<T>(message: { type: string } & Record<string, unknown>): Promise<T> {
    if (!this.connected) throw 3; // as home-assistant-js-websocket: ERR_CONNECTION_LOST
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (!this.connected) throw 3;
    return structuredClone(this.backend.answer(message)) as T;
  }

  async subscribeMessage<T>(callback: (message: T) => void): Promise<() => Promise<void>> {
    if (!this.connected) throw 3;
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    const end = this.backend.subscribe((feed: Feed) => {
      if (this.connected) callback(structuredClone(feed) as T);
    });
    this.subscriptions.add(end);
    return () => {
      end();
      this.subscriptions.delete(end);
      return Promise.resolve();
    };
  }

  addEventListener(event: string, listener: () => void): void {
    (this.listeners[event] ??= new Set()).add(listener);
  }

  removeEventListener(event: string, listener: () => void): void {
    this.listeners[event]?.delete(listener);
  }

  /** Lose the socket. */
  drop(): void {
    this.connected = false;
    for (const end of this.subscriptions) end();
    this.subscriptions.clear();
    this.listeners.disconnected?.forEach((listener) => listener());
  }

  /** It is back. */
  restore(): void {
    this.connected = true;
    this.listeners.ready?.forEach((listener) => listener());
  }
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value === "string") into.set(path, value);
  else {
    for (const [key, below] of Object.entries(value as object)) {
      flatten(below, path ? `${path}.${key}` : key, into);
    }
  }
}

function localizer(language: string): Localize {
  const texts = new Map<string, string>();
  flatten(english, "component.vtrack_nvr", texts);
  const made = new Map<string, IntlMessageFormat>();
  return (key, values) => {
    const text = texts.get(key);
    if (text === undefined) return "";
    let format = made.get(key);
    if (!format) made.set(key, (format = new IntlMessageFormat(text, language)));
    return String(format.format(values));
  };
}

export function fakeHass(backend: Backend, options: Options): Hass & { connection: FakeConnection } {
  const localize = localizer(options.language);
  const states = Object.fromEntries(
    backend.house.cameras.map((camera) => [
      camera.entity_id!,
      { entity_id: camera.entity_id!, state: "idle", attributes: { friendly_name: camera.name } },
    ]),
  );
  return {
    connection: new FakeConnection(backend, options.delay),
    states,
    user: { id: "me", name: "Sam", is_admin: options.admin },
    locale: {
      language: options.language,
      number_format: "language",
      time_format: "language",
      date_format: "language",
      first_weekday: "language",
      time_zone: "server",
    },
    language: options.language,
    config: { time_zone: options.timeZone, version: "2026.11.0" },
    themes: { darkMode: options.dark },
    localize,
    loadBackendTranslation: () => Promise.resolve(localize),
    callService: () => Promise.resolve(undefined),
    hassUrl: (path = "") => path,
    fetchWithAuth: async (path) => {
      const blob = await options.picture?.(path);
      return blob ? new Response(blob) : new Response(null, { status: 404 });
    },
  };
}
