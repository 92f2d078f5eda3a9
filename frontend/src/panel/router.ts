/** Every state has an address: `/vtrack-nvr/<page>?<params>`. The address is the only memory. */

export const PAGES = ["overview", "timeline", "recordings", "exports", "sync", "storage"] as const;
export type Page = (typeof PAGES)[number];
export type Params = Record<string, string | number | undefined>;

export interface Place {
  page: Page;
  params: URLSearchParams;
  /** The address named no page of ours: the overview with a note. */
  isUnknown: boolean;
}

/** Read a path below the panel's own, with or without its slash, and a query. */
export function readPlace(path: string, search: string): Place {
  const name = path.replace(/^\/|\/$/g, "");
  const page = name === "" ? "overview" : PAGES.find((each) => each === name);
  return {
    page: page ?? "overview",
    params: new URLSearchParams(page ? search : ""),
    isUnknown: page === undefined,
  };
}

/** Parameters without those that are undefined or empty; characters that need no escape stay. */
export function writeQuery(params: Params | URLSearchParams): string {
  const entries =
    params instanceof URLSearchParams ? [...params.entries()] : Object.entries(params);
  const query = entries
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => `${key}=${encodeURIComponent(value!).replace(/%(3A|2C)/g, decode)}`)
    .join("&");
  return query && `?${query}`;
}

function decode(escaped: string): string {
  return decodeURIComponent(escaped);
}

/** `2026-11-20T08:31:07Z`, with milliseconds only where there are some. */
export function writeTime(t: number): string {
  return new Date(Math.round(t)).toISOString().replace(".000Z", "Z");
}

/** Read a time of an address; undefined if it is none. */
export function readTime(text: string | null): number | undefined {
  if (!text) return undefined;
  const t = Date.parse(text);
  return Number.isNaN(t) ? undefined : t;
}

/** Camera keys in one parameter, with commas between them; commas inside keys are escaped. */
export function writeKeys(keys: readonly string[]): string {
  return keys.map((key) => key.replace(/%/g, "%25").replace(/,/g, "%2C")).join(",");
}

export function readKeys(text: string | null): string[] {
  return (text ?? "")
    .split(",")
    .filter(Boolean)
    .map((key) => key.replace(/%2C/g, ",").replace(/%25/g, "%"));
}

/** Dispatches `moved` when the address leads elsewhere, by a link, Back or `go`. */
export class Router extends EventTarget {
  place: Place = readPlace("", "");

  constructor(readonly prefix = "/vtrack-nvr") {
    super();
  }

  /** Follow the address of the window; a panel does, a card does not. */
  listen(): void {
    window.addEventListener("popstate", this.look);
    window.addEventListener("location-changed", this.look);
    this.look();
  }

  stop(): void {
    window.removeEventListener("popstate", this.look);
    window.removeEventListener("location-changed", this.look);
  }

  href(page: Page, params: Params = {}): string {
    const path = page === "overview" ? this.prefix : `${this.prefix}/${page}`;
    return path + writeQuery(params);
  }

  /** An address to hand on, with the host: for links that are shared. */
  link(page: Page, params: Params = {}): string {
    return new URL(this.href(page, params), window.location.origin).href;
  }

  go(page: Page, params: Params = {}, replace = false): void {
    this.move(this.href(page, params), replace);
  }

  /**
   * Change parameters of this page without a new entry in the history, undefined takes one away.
   * Tells nobody: for what the page itself shows already (position, zoom).
   */
  note(params: Params): void {
    const next = new URLSearchParams(this.place.params);
    for (const [key, value] of Object.entries(params)) {
      if (value === undefined || value === "") next.delete(key);
      else next.set(key, String(value));
    }
    const address = this.href(this.place.page) + writeQuery(next);
    this.place = { ...this.place, params: next };
    if (address !== window.location.pathname + window.location.search) {
      window.history.replaceState(window.history.state, "", address);
    }
  }

  private move(address: string, replace: boolean): void {
    if (replace) window.history.replaceState(null, "", address);
    else window.history.pushState(null, "", address);
    window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace } }));
  }

  private readonly look = (): void => {
    const { pathname, search } = window.location;
    if (pathname !== this.prefix && !pathname.startsWith(`${this.prefix}/`)) return;
    this.place = readPlace(pathname.slice(this.prefix.length), search);
    this.dispatchEvent(new Event("moved"));
  };
}
