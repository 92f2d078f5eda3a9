// Photographs pages of the mock, light and dark, desktop and phone, into shots/.
//   npm run shots                              all pages, the small house
//   npm run shots -- /timeline?z=86400         these pages
//   npm run shots -- --hash house=big /timeline --only dark,phone --wait 800 --name big
import { mkdirSync } from "node:fs";
import { start } from "./chromium.mjs";

const NOW = "2026-11-20T09:40:00Z";
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const pages = [];
const options = { hash: "", only: "", wait: "900", name: "" };
const given = process.argv.slice(2);
for (let at = 0; at < given.length; at += 1) {
  if (given[at].startsWith("--")) options[given[at].slice(2)] = given[(at += 1)];
  else pages.push(given[at]);
}
if (pages.length === 0) pages.push("", "/timeline", "/recordings", "/exports", "/sync", "/storage");
const only = options.only.split(",").filter(Boolean);
const wanted = (name, others) => !only.some((each) => others.includes(each)) || only.includes(name);

mkdirSync("shots", { recursive: true });
const { browser, address, stop } = await start();
for (const [size, viewport] of Object.entries(sizes)) {
  if (!wanted(size, Object.keys(sizes))) continue;
  for (const theme of ["light", "dark"]) {
    if (!wanted(theme, ["light", "dark"])) continue;
    for (const path of pages) {
      const context = await browser.newContext({
        viewport,
        colorScheme: theme,
        hasTouch: size === "phone",
        isMobile: size === "phone",
        deviceScaleFactor: size === "phone" ? 2 : 1,
      });
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error("page error:", error.message));
      page.on("console", (message) => {
        if (message.type() === "error") console.error("console:", message.text());
      });
      await page.goto(`${address}/vtrack-nvr${path}#theme=${theme}&now=${NOW}&${options.hash}`);
      await page.waitForSelector("vtrack-nvr-panel, vtrack-nvr-card");
      await page.waitForTimeout(Number(options.wait));
      const name = (options.name || path.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "overview").slice(0, 60);
      const file = `shots/${name}-${size}-${theme}.png`;
      await page.screenshot({ path: file });
      console.log(file);
      await context.close();
    }
  }
}
await stop();
