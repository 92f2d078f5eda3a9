/** Elements of ours in a page with the mock's house behind them, for tests in happy-dom. */

import { ContextProvider } from "@lit/context";
import { vi } from "vitest";
import { Backend } from "../dev/backend";
import { fakeHass } from "../dev/hass";
import { House } from "../dev/house";
import { App, type Toast, appContext } from "../src/store/app";
import { Zone } from "../src/time/zone";

export const NOW = Date.parse("2026-11-20T09:40:00Z");

export interface World {
  app: App;
  backend: Backend;
  house: House;
  /** Requests of one command, in their order. */
  asked: (command: string) => Record<string, unknown>[];
  toasts: Toast[];
  mount<E extends HTMLElement>(element: E): Promise<E>;
}

/** Make a house, an app that has read it, and a place for elements. */
export async function world({ admin = true, features = ["playback", "share"] } = {}): Promise<World> {
  const house = new House(3, 14, () => NOW);
  const backend = new Backend(house, new Zone("Europe/Berlin"), admin);
  const requests: Record<string, unknown>[] = [];
  const answer = backend.answer.bind(backend);
  vi.spyOn(backend, "answer").mockImplementation((request) => {
    requests.push(request);
    return answer(request);
  });
  const hass = fakeHass(backend, { dark: false, language: "en-GB", timeZone: "Europe/Berlin", admin, delay: 0 });
  const app = new App(hass);
  const toasts: Toast[] = [];
  app.addEventListener("toast", (event) => toasts.push((event as CustomEvent<Toast>).detail));
  app.start();
  await vi.waitUntil(() => app.store.state.link === "live" && app.store.state.info && app.texts.loaded);
  app.store.set({ info: { ...app.store.state.info!, features } });
  vi.spyOn(app, "now").mockReturnValue(NOW);
  const place = document.createElement("div");
  new ContextProvider(place, { context: appContext, initialValue: app });
  document.body.append(place);
  return {
    app,
    backend,
    house,
    toasts,
    asked: (command) => requests.filter(({ type }) => type === `vtrack_nvr/${command}`),
    async mount(element) {
      place.append(element);
      await settled();
      return element;
    },
  };
}

/** Wait until answers have come and elements have rendered. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Find all elements, inside of shadow roots as well. */
export function deep<E extends Element = HTMLElement>(root: Element | ShadowRoot, selector: string): E[] {
  const inside = "shadowRoot" in root && root.shadowRoot ? deep<E>(root.shadowRoot, selector) : [];
  const children = [...root.children].flatMap((child) => [...(child.matches(selector) ? [child as E] : []), ...deep<E>(child, selector)]);
  return [...inside, ...children];
}

/** The button with this label. */
export function button(root: Element, label: string): HTMLElement {
  const found = deep<HTMLElement & { label: string }>(root, "vtrack-button").filter((each) => each.label === label);
  if (found.length === 0) throw new Error(`no button "${label}" among ${deep<HTMLElement & { label: string }>(root, "vtrack-button").map((each) => each.label).join(", ")}`);
  return found.at(-1)!;
}

/** All text that is there to be read. */
export function textOf(root: Element | ShadowRoot): string {
  const shadow = "shadowRoot" in root ? root.shadowRoot : null;
  const nodes = [...(shadow?.childNodes ?? []), ...root.childNodes];
  return nodes
    .map((node) => (node.nodeType === 3 ? node.textContent : node.nodeType === 1 && !["STYLE", "SCRIPT"].includes(node.nodeName) ? textOf(node as Element) : ""))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}
