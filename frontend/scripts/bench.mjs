// Prints what the timeline costs: 32 cameras and a day drawn anew, a frame of panning, memory.
// A frame is timed until its pixels are there: one pixel is read back at its end.
// Writes the figures into the file that is named, for `scripts/bench dashboard`, which knows their bars.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { start } from "./chromium.mjs";

const { browser, address, stop } = await start();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
await page.addInitScript(() => {
  const find = (root, name) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.localName === name) return each;
      const inside = each.shadowRoot && find(each.shadowRoot, name);
      if (inside) return inside;
    }
    return undefined;
  };
  window.deep = (name) => find(document, name);
});
const began = performance.now();
await page.goto(
  `${address}/vtrack-nvr/timeline?c=SN1000/1&t=2026-11-19T12:00:00Z&z=86400#house=big&now=2026-11-20T09:40:00Z`,
);
await page.waitForFunction(() => window.deep("vtrack-timeline")?.stage?.times.length > 2);
console.log(`first picture of the timeline, unbundled: ${(performance.now() - began).toFixed(0)} ms`);
await page.waitForTimeout(2500);

const times = await page.evaluate(() => {
  const timeline = window.deep("vtrack-timeline");
  const { stage } = timeline;
  const lanes = timeline.renderRoot.querySelector(".track > canvas");
  const frame = (before) => {
    before();
    const from = performance.now();
    stage.draw(from);
    lanes.getContext("2d").getImageData(0, 0, 1, 1);
    return performance.now() - from;
  };
  const runs = timeline.scene();
  let drawn = 0;
  for (const camera of runs.cameras) {
    runs.tiles.eachRun(3, camera, timeline.view.from, timeline.view.to, () => (drawn += 1));
  }
  const draw = [];
  const pan = [];
  for (let n = 0; n < 120; n += 1) {
    draw.push(frame(() => stage.painter.reset()));
    for (let m = 0; m < 4; m += 1) pan.push(frame(() => timeline.panBy(m < 2 ? 7 : -7)));
  }
  return { drawn, "dashboard.draw": draw.slice(20), "dashboard.pan": pan.slice(20) };
});
const { drawn, ...measured } = times;
console.log(`${drawn} runs in sight; load ${loadavg()[0].toFixed(1)}`);
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(list.length * share)];
const figures = {};
for (const [name, list] of Object.entries(measured)) {
  figures[name] = at(list, 0.95);
  console.log(`${name}: p50 ${at(list, 0.5).toFixed(2)} ms, p95 ${figures[name].toFixed(2)} ms`);
}
const session = await context.newCDPSession(page);
await session.send("HeapProfiler.collectGarbage");
const { usedSize } = await session.send("Runtime.getHeapUsage");
figures["dashboard.heap"] = usedSize / 1e6;
console.log(`JavaScript memory, mock and its month of footage included: ${(usedSize / 1e6).toFixed(1)} MB`);
if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(figures));
await stop();
