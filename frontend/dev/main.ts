/**
 * The panel or the card with a mock backend. Choices stand in the hash and are remembered for the
 * tab: #house=big&theme=dark&lang=de&tz=Europe/Berlin&dir=rtl&person=1&delay=300&card=1&now=<ISO>
 */

import { Zone } from "../src/time/zone";
import { Backend } from "./backend";
import { FakeConnection, fakeHass } from "./hass";
import { House } from "./house";
import { picture } from "./pictures";
import { addSchedules, alter } from "./states";

if (location.hash.length > 1) sessionStorage.setItem("mock", location.hash.slice(1));
const chosen = new URLSearchParams(sessionStorage.getItem("mock") ?? "");
const dark = chosen.get("theme") === "dark";
const language = chosen.get("lang") ?? "en-GB";
const timeZone = chosen.get("tz") ?? "Europe/Berlin";
const started = chosen.get("now") ? Date.parse(chosen.get("now")!) - Date.now() : 0;
const big = chosen.get("house") === "big";

const root = document.documentElement;
root.dir = chosen.get("dir") ?? "ltr";
root.lang = language;
const themes: Record<string, string> = dark
  ? {
      "--primary-text-color": "#e1e1e1",
      "--secondary-text-color": "#9b9b9b",
      "--primary-background-color": "#111111",
      "--card-background-color": "#1c1c1c",
      "--secondary-background-color": "#282828",
      "--divider-color": "rgba(225, 225, 225, .12)",
      "--primary-color": "#03a9f4",
      "--app-header-background-color": "#101e24",
      "--app-header-text-color": "#e1e1e1",
    }
  : {
      "--primary-text-color": "#141414",
      "--secondary-text-color": "#5e5e5e",
      "--primary-background-color": "#fafafa",
      "--card-background-color": "#ffffff",
      "--secondary-background-color": "#e5e5e5",
      "--divider-color": "rgba(0, 0, 0, .12)",
      "--primary-color": "#009ac7",
      "--app-header-background-color": "#009ac7",
      "--app-header-text-color": "#ffffff",
    };
for (const [name, value] of Object.entries(themes)) root.style.setProperty(name, value);

const zone = new Zone(timeZone);
const house = new House(big ? 32 : 3, big ? 31 : 14, () => Date.now() + started);
const backend = new Backend(house, zone, chosen.get("person") !== "1");
alter(backend, chosen.get("state") ?? "");
addSchedules(backend);
const hass = fakeHass(backend, {
  dark,
  language,
  timeZone,
  admin: chosen.get("person") !== "1",
  delay: Number(chosen.get("delay") ?? 30),
  picture: (path) => picture(house, path),
});

declare global {
  interface Window {
    /** For the console and for tests: lose the socket, push a change, count what was asked. */
    mock: { backend: Backend; house: House; connection: FakeConnection };
  }
}
window.mock = { backend, house, connection: hass.connection };

// Home Assistant follows links inside itself without loading a page.
document.addEventListener("click", (event) => {
  const anchor = event
    .composedPath()
    .find((each): each is HTMLAnchorElement => each instanceof HTMLAnchorElement);
  if (!anchor?.href || anchor.download || anchor.target || event.defaultPrevented) return;
  if (!anchor.pathname.startsWith("/vtrack-nvr")) return;
  event.preventDefault();
  history.pushState(null, "", anchor.href);
  window.dispatchEvent(new CustomEvent("location-changed"));
});

if (chosen.get("card")) {
  await import("../src/card/stub");
  const card = document.createElement("vtrack-nvr-card") as HTMLElement & {
    setConfig(config: object): void;
    hass: unknown;
  };
  const cameras = house.cameras.slice(0, Number(chosen.get("card"))).map((each) => each.entity_id);
  card.setConfig({ type: "custom:vtrack-nvr-card", cameras });
  card.hass = hass;
  document.body.append(card);
} else {
  await import("../src/main");
  if (location.pathname === "/") history.replaceState(null, "", "/vtrack-nvr");
  const panel = document.createElement("vtrack-nvr-panel");
  const narrow = matchMedia("(max-width: 870px)");
  panel.narrow = narrow.matches;
  narrow.addEventListener("change", () => (panel.narrow = narrow.matches));
  panel.hass = hass;
  document.body.append(panel);
}
