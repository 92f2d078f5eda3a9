// Lets axe-core look at every page and state of the mock; fails on a serious finding.
//   npm run axe                  all of them, in light and dark, desktop and phone
//   npm run axe -- /storage      one page
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { start } from "./chromium.mjs";

const NOW = "2026-11-20T09:40:00Z";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [
  ["", "troubles"],
  ["", "first_run"],
  ["", "first_clip"],
  ["", "storage_away"],
  ["/timeline", ""],
  ["/recordings", ""],
  ["/recordings?q=nobody", "nothing"],
  ["/recordings", "refused"],
  ["/exports", ""],
  ["/exports", "no_exports"],
  ["/exports", "shared"],
  ["/recordings?st=trashed", "trash"],
  ["/sync", ""],
  ["/sync", "paused"],
  ["/sync", "nothing"],
  ["/storage", ""],
  ["/storage", "refused"],
  ["/storage?report=2026-11", ""],
];
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const wanted = process.argv.slice(2);

const { browser, address, stop } = await start();
let serious = 0;
for (const [size, viewport] of Object.entries(sizes)) {
  for (const theme of ["light", "dark"]) {
    for (const [path, state] of PAGES) {
      if (wanted.length && !wanted.includes(path)) continue;
      const context = await browser.newContext({ viewport, colorScheme: theme, hasTouch: size === "phone", isMobile: size === "phone" });
      const page = await context.newPage();
      await page.goto(`${address}/vtrack-nvr${path}#theme=${theme}&now=${NOW}&state=${state}`);
      await page.waitForSelector("vtrack-nvr-panel");
      await page.waitForTimeout(1200);
      await page.evaluate(axe);
      const found = await page.evaluate(() =>
        // A page's frame (title, landmark of the document) is Home Assistant's, not the mock's.
        globalThis.axe.run(document, { rules: { "page-has-heading-one": { enabled: false } }, resultTypes: ["violations"] }),
      );
      for (const { id, impact, help, nodes } of found.violations) {
        const isSerious = impact === "serious" || impact === "critical";
        if (isSerious) serious += 1;
        console.log(`${isSerious ? "✗" : "·"} ${size} ${theme} ${path || "/"} ${state}: ${id} (${impact}) ${help}`);
        for (const node of nodes.slice(0, 3)) console.log(`    ${node.target.flat().join(" > ")}: ${node.html.slice(0, 120)}${isSerious ? `\n      ${node.failureSummary?.split("\n").slice(1, 3).join(" ")}` : ""}`);
      }
      await context.close();
    }
  }
}
await stop();
console.log(serious ? `✗ ${serious} serious` : "✓ nothing serious");
process.exitCode = serious ? 1 : 0;
