// Loads what is committed as Home Assistant serves it, in Chromium: panel, pages, card and stub.
// Proves that each module is loaded once, by one address, and that nothing comes from elsewhere.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const folder = fileURLToPath(new URL("../../custom_components/vtrack_nvr/frontend/", import.meta.url));
const version = readFileSync(`${folder}version.txt`, "utf8").trim();
const BASE = "/vtrack_nvr/frontend/";
const page = `<!doctype html><body><script type="module">
  const info = { api: 1, now_ms: Date.now(), user: { id: "me", is_admin: true }, cameras: [], nvrs: [], features: [],
    limits: { month_cameras: 64 }, tiles: { most: 128 }, urls: {} };
  const localize = (key) => key.split(".").at(-1);
  window.hass = {
    connection: {
      connected: true,
      sendMessagePromise: async ({ type }) => (type.endsWith("/info") ? info : {}),
      subscribeMessage: async (told) => {
        told({ kind: "snapshot", seq: 1, more: false, now_ms: Date.now(), changed: {} });
        return async () => undefined;
      },
      addEventListener() {}, removeEventListener() {},
    },
    states: { "camera.porch_live": {} }, entities: { "camera.porch_live": { platform: "vtrack_nvr" } },
    user: { id: "me", name: "Sam", is_admin: true }, language: "en",
    locale: { language: "en", number_format: "language", time_format: "language", date_format: "language",
      first_weekday: "language", time_zone: "server" },
    config: { time_zone: "Europe/Berlin" }, themes: { darkMode: false }, localize,
    loadBackendTranslation: async () => localize, hassUrl: (path) => path,
    fetchWithAuth: async () => new Response(null, { status: 404 }),
  };
  await import("${BASE}vtrack-nvr-card.js?v=${version}");
  if (location.search === "?card") {
    const card = document.createElement("vtrack-nvr-card");
    card.setConfig({ type: "custom:vtrack-nvr-card", cameras: ["camera.porch_live"] });
    card.hass = window.hass;
    document.body.append(card);
  } else {
    await import("${BASE}vtrack-nvr.js?v=${version}");
    const panel = document.createElement("vtrack-nvr-panel");
    panel.hass = window.hass;
    document.body.append(panel);
  }
</script>`;

const asked = [];
const server = createServer((request, response) => {
  asked.push(request.url);
  const url = new URL(request.url, "http://here");
  if (!url.pathname.startsWith(BASE)) {
    response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    return;
  }
  try {
    const body = readFileSync(folder + url.pathname.slice(BASE.length));
    response.writeHead(200, { "Content-Type": "text/javascript" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
const failures = [];

async function look(path, tag, modules) {
  asked.length = 0;
  const view = await (await browser.newContext()).newPage();
  view.on("pageerror", (error) => failures.push(`${path}: ${error.message}`));
  view.on("request", (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith("blob:")) {
      failures.push(`${path}: asks ${request.url()}`);
    }
  });
  await view.goto(address + path);
  const isThere = await view
    .waitForFunction((name) => {
      const find = (root) =>
        [...root.querySelectorAll("*")].some(
          (each) => (each.localName === name && each.shadowRoot) || (each.shadowRoot && find(each.shadowRoot)),
        );
      return find(document);
    }, tag)
    .then(() => true, () => false);
  if (!isThere) failures.push(`${path}: no ${tag}`);
  const loaded = asked.filter((each) => each.startsWith(BASE)).map((each) => each.slice(BASE.length)).sort();
  const wanted = modules.map((name) => `vtrack-nvr${name}.js?v=${version}`).sort();
  const isRight = JSON.stringify(loaded) === JSON.stringify(wanted);
  if (!isRight) failures.push(`${path}: loaded ${loaded.join(", ")}`);
  console.log(`${isThere && isRight ? "✓" : "✗"} ${path}: ${tag}, ${loaded.length} modules`);
  await view.context().close();
}

for (const name of ["", "/storage", "/sync", "/recordings", "/exports"]) {
  const tag = `vtrack-page-${name.slice(1) || "overview"}`;
  await look(`/vtrack-nvr${name}`, tag, ["-card", "", "-pages"]);
}
await look("/vtrack-nvr/timeline", "vtrack-page-timeline", ["-card", "", "-pages"]);
await look("/lovelace?card", "vtrack-card-view", ["-card", ""]);
await browser.close();
server.close();
for (const each of failures) console.log(`    ${each}`);
process.exit(failures.length === 0 ? 0 : 1);
