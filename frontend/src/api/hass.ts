/** The part of Home Assistant's frontend object that we use; what each thing is for stands here. */

export interface HassEntity {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
}

/** Home Assistant's WebSocket connection (home-assistant-js-websocket). */
export interface Connection {
  readonly connected: boolean;
  sendMessagePromise<T>(message: { type: string } & Record<string, unknown>): Promise<T>;
  /** Subscribes, and again by itself after a reconnect. */
  subscribeMessage<T>(
    callback: (message: T) => void,
    message: { type: string } & Record<string, unknown>,
    options?: { resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  addEventListener(event: "ready" | "disconnected", listener: () => void): void;
  removeEventListener(event: "ready" | "disconnected", listener: () => void): void;
}

export interface Locale {
  language: string;
  /** language, system, comma_decimal, decimal_comma, quote_decimal, space_comma, none */
  number_format: string;
  /** language, system, 12, 24 */
  time_format: string;
  /** language, system, DMY, MDY, YMD */
  date_format: string;
  /** language or a weekday */
  first_weekday: string;
  /** local or server */
  time_zone: string;
}

export type Localize = (key: string, values?: Record<string, string | number>) => string;

export interface Hass {
  connection: Connection;
  states: Record<string, HassEntity | undefined>;
  user?: { id: string; name: string; is_admin: boolean };
  locale: Locale;
  language: string;
  config: { time_zone: string; version?: string };
  themes: { darkMode: boolean; theme?: string };
  localize: Localize;
  /** Loads texts of a translation category of an integration. */
  loadBackendTranslation(category: string, integration?: string): Promise<Localize>;
  callService(
    domain: string,
    service: string,
    data?: Record<string, unknown>,
    target?: Record<string, unknown>,
  ): Promise<unknown>;
  hassUrl(path?: string): string;
  fetchWithAuth(path: string, init?: RequestInit): Promise<Response>;
}
