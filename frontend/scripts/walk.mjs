// Walks through the timeline in Chromium, with the mock: what hands, keys and addresses do, and axe.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { start } from "./chromium.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NOW = "2026-11-20T09:40:00Z";
const HOUR = 3_600_000;
const failures = [];
let step = "";

function expect(isTrue, what) {
  console.log(`${isTrue ? "✓" : "✗"} ${step}: ${what}`);
  if (!isTrue) failures.push(`${step}: ${what}`);
}

const { browser, address, stop } = await start();

async function open(path, { hash = "", ...context } = {}) {
  const made = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  const page = await made.newPage();
  page.on("pageerror", (error) => failures.push(`${step}: page error ${error.message}`));
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
    window.told = [];
    window.watch = () => {
      for (const type of ["seek", "range", "pick", "live", "act", "scrub"]) {
        window.deep("vtrack-timeline").addEventListener(type, (event) => {
          window.told.push([type, event.detail]);
        });
      }
    };
  });
  await page.goto(`${address}/vtrack-nvr${path}#now=${NOW}&${hash}`);
  await page.waitForFunction(() => window.deep("vtrack-timeline")?.isReady);
  await page.waitForFunction(() => window.deep("vtrack-timeline").stage.times.length > 2);
  await page.evaluate(() => window.watch());
  return page;
}

const view = (page) => page.evaluate(() => ({ ...window.deep("vtrack-timeline").view }));
const span = async (page) => {
  const { from, to } = await view(page);
  return to - from;
};
const told = (page, type) =>
  page.evaluate((wanted) => window.told.filter(([each]) => each === wanted).map(([, detail]) => detail), type);
const box = (page, part = ".track") =>
  page.evaluate((selector) => {
    const { x, y, width, height } = window
      .deep("vtrack-timeline")
      .renderRoot.querySelector(selector)
      .getBoundingClientRect();
    return { x, y, width, height };
  }, part);
const settle = (page) => page.waitForTimeout(450);
const timeAt = ({ from, to }, width, x) => from + (x / width) * (to - from);

const START = "/timeline?c=SN1000/1&t=2026-11-20T06:00:00Z&z=21600";

step = "zoom";
{
  const page = await open("/timeline?c=SN1000/1&t=2026-11-10T06:00:00Z&z=2678400");
  const track = await box(page);
  const at = { x: track.x + 421, y: track.y + 12 };
  const before = await view(page);
  const anchor = timeAt(before, track.width, 421);
  await page.mouse.move(at.x, at.y);
  for (let n = 0; n < 60; n += 1) await page.mouse.wheel(0, -200);
  await settle(page);
  const after = await view(page);
  expect(after.to - after.from < 11_000, `a month becomes ${((after.to - after.from) / 1000).toFixed(1)} s by wheel`);
  const off = Math.abs(timeAt(after, track.width, 421) - anchor);
  expect(off < 20, `the moment under the pointer stays there (${off.toFixed(1)} ms off)`);
  for (let n = 0; n < 70; n += 1) await page.mouse.wheel(0, 200);
  await settle(page);
  expect((await span(page)) > 30 * 24 * HOUR, "and a month again");
  await page.context().close();
}

step = "pan and click";
{
  const page = await open(START);
  const track = await box(page);
  const before = await view(page);
  await page.mouse.move(track.x + 600, track.y + 12);
  await page.mouse.down();
  await page.mouse.move(track.x + 500, track.y + 12, { steps: 5 });
  await page.waitForTimeout(120); // held still before it is let go: no fling
  await page.mouse.up();
  await settle(page);
  const after = await view(page);
  const moved = ((after.from - before.from) / (before.to - before.from)) * track.width;
  expect(Math.abs(moved - 100) < 2, `a drag of 100 pixels moves the view by ${moved.toFixed(1)}`);
  expect((await told(page, "seek")).length === 0, "a drag does not seek");
  await page.mouse.click(track.x + 300, track.y + 12);
  const [seek] = await told(page, "seek");
  const wanted = timeAt(after, track.width, 300);
  expect(Math.abs(seek?.t - wanted) < 2000 && seek.play === true, "a click seeks there and plays");
  await page.context().close();
}

step = "select";
{
  const page = await open(START);
  const track = await box(page);
  const shown = await view(page);
  await page.keyboard.down("Shift");
  await page.mouse.move(track.x + 200, track.y + 12);
  await page.mouse.down();
  await page.mouse.move(track.x + 320, track.y + 12, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  let range = (await told(page, "range")).at(-1);
  expect(Math.abs(range.from - timeAt(shown, track.width, 200)) < 2000, "Shift and drag begin a range");
  const end = timeAt(shown, track.width, 320);
  expect(Math.abs(range.to - end) < 2000, `and end it (${range.to - end} ms off)`);
  const handle = await box(page, '.handle[data-zone="to"]');
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(track.x + 120, handle.y + 12, { steps: 4 });
  await page.mouse.up();
  const turned = (await told(page, "range")).at(-1);
  expect(turned.to === range.from && turned.from < range.from, "a handle dragged past the other turns the range over");
  await page.mouse.move(track.x + 400, track.y + 12);
  await page.keyboard.down("Shift");
  await page.mouse.down();
  await page.mouse.move(track.x + track.width - 4, track.y + 12, { steps: 4 });
  await page.waitForTimeout(700);
  await page.mouse.up();
  await page.keyboard.up("Shift");
  range = (await told(page, "range")).at(-1);
  expect(range.to > shown.to, "at the edge the view goes on while selecting");
  await page.context().close();
}

step = "scrub";
{
  const page = await open(START);
  const track = await box(page);
  const ruler = await box(page, ".ruler");
  await page.mouse.move(ruler.x + 500, ruler.y + 20);
  await page.mouse.down();
  await page.mouse.move(ruler.x + 300, ruler.y + 20, { steps: 6 });
  const seen = await page
    .waitForFunction(() => {
      const preview = window.deep("vtrack-preview").renderRoot.querySelector(".picture");
      return preview?.style.backgroundImage.includes("blob:");
    })
    .then(() => true, () => false);
  expect(seen, "a picture is shown while the hand moves");
  expect((await told(page, "seek")).length === 0, "nothing is played meanwhile");
  const shown = await view(page);
  await page.mouse.up();
  const [seek] = await told(page, "seek");
  expect(Math.abs(seek.t - timeAt(shown, track.width, 300)) < 2000, "letting go seeks there");
  const asked = await page.evaluate(() => window.mock.backend.asked["clips/spans"] ?? 0);
  expect(asked <= 5, `few requests: ${asked}`);
  await page.context().close();
}

step = "keys";
{
  const page = await open(START);
  await page.evaluate(() => window.deep("vtrack-timeline").renderRoot.querySelector(".label").focus());
  await page.keyboard.press("ArrowDown");
  expect((await told(page, "pick"))[0]?.camera === "SN1001/1", "Down picks the next camera");
  const t = await page.evaluate(() => window.deep("vtrack-timeline").time);
  await page.keyboard.press("Shift+ArrowLeft");
  expect((await told(page, "seek")).at(-1)?.t === t - 60_000, "Shift+Left goes back a minute");
  await page.keyboard.press("[");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("]");
  const range = (await told(page, "range")).at(-1);
  expect(range.to > range.from, "[ and ] make a range");
  const before = await span(page);
  await page.keyboard.press("+");
  await settle(page);
  expect(Math.abs((await span(page)) / before - 0.5) < 0.01, "+ zooms in");
  await page.keyboard.press("0");
  await settle(page);
  expect((await span(page)) === 24 * HOUR, "0 shows the day");
  await page.keyboard.press("Escape");
  expect((await told(page, "range")).at(-1) === null, "Escape clears the range");
  await page.keyboard.press("End");
  expect((await told(page, "live")).length === 1, "End goes live");
  await page.context().close();
}

step = "address";
{
  const page = await open(`${START}&a=2026-11-20T05:00:00Z&b=2026-11-20T05:30:00Z`);
  await settle(page);
  const address = new URL(page.url());
  expect(address.searchParams.get("t") === "2026-11-20T06:00:00Z", "tells the moment");
  expect(address.searchParams.get("a") === "2026-11-20T05:00:00Z", "and the range");
  await page.evaluate(() => window.deep("vtrack-timeline").zoom(0.5));
  await page.waitForTimeout(900);
  expect(new URL(page.url()).searchParams.get("z") === "10800", "and the zoom, a moment after it changed");
  await page.context().close();
}

step = "requests";
{
  const page = await open("/timeline?c=SN1000/1&t=2026-11-20T06:00:00Z&z=86400", { hash: "house=big" });
  await page.waitForTimeout(1500);
  const counts = () => page.evaluate(() => ({ ...window.mock.backend.asked }));
  const first = await counts();
  expect(first["coverage/tiles"] <= 6, `32 cameras and a day: ${first["coverage/tiles"]} requests for tiles`);
  await page.waitForTimeout(3000);
  const later = await counts();
  expect(JSON.stringify(first) === JSON.stringify(later), "an idle page asks for nothing");
  await page.evaluate(() => {
    const now = window.mock.backend.now;
    for (let n = 0; n < 20; n += 1) {
      window.mock.backend.push({ coverage: [["SN1000/1", now - 60_000, now]] });
    }
  });
  await page.waitForTimeout(1600);
  const touched = await counts();
  const more = touched["coverage/tiles"] - later["coverage/tiles"];
  expect(more >= 1 && more <= 4, `20 changes in a burst: ${more} requests`);
  await page.context().close();
}

step = "socket lost and back";
{
  const page = await open(START);
  await page.evaluate(() => window.mock.connection.drop());
  await page.waitForTimeout(300);
  const has = () => page.evaluate(() => !!window.deep("vtrack-nvr-panel").renderRoot.querySelector(".banner"));
  expect(await has(), "it says so");
  expect((await view(page)).to > 0, "what is known stays");
  await page.evaluate(() => window.mock.connection.restore());
  await page.waitForTimeout(800);
  expect(!(await has()), "and goes on by itself");
  await page.context().close();
}

step = "phone";
{
  const page = await open(START, {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const track = await box(page);
  const before = await span(page);
  const y = track.y + 24;
  const client = await page.context().newCDPSession(page);
  const touch = (type, ...xs) =>
    client.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x, y, id })) });
  await touch("touchStart", 150, 250);
  for (let n = 1; n <= 10; n += 1) await touch("touchMove", 150 - n * 8, 250 + n * 8);
  await touch("touchEnd");
  await settle(page);
  const factor = (await span(page)) / before;
  expect(Math.abs(factor - 100 / 260) < 0.05, `a pinch zooms by ${factor.toFixed(2)}`);
  await page.touchscreen.tap(200, y);
  expect((await told(page, "seek")).length === 1, "a tap seeks");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide <= 390, "nothing is wider than the phone");
  await page.context().close();
}

for (const [name, hash, context] of [
  ["light", "", {}],
  ["dark", "theme=dark", {}],
  ["right to left", "dir=rtl&lang=he", {}],
  ["phone", "", { viewport: { width: 390, height: 844 } }],
]) {
  step = `axe, ${name}`;
  const page = await open(`${START}&a=2026-11-20T05:00:00Z&b=2026-11-20T05:30:00Z`, { hash, ...context });
  await settle(page);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
    return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target.flat().join(" ")).slice(0, 4).join(" | ")}`);
  });
  for (const each of found) console.log(`    ${each}`);
  expect(found.length === 0, `${found.length} findings`);
  await page.context().close();
}

await stop();
console.log(failures.length === 0 ? "all well" : `${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
