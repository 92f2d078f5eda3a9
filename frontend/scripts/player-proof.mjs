// Plays simulated footage in Chromium and reads the numbers drawn into the pictures.
//   node scripts/player-proof.mjs [scene ...]
// PYTHON names the interpreter, CLIPS the folder for the clips that are made once.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BASE = 1_763_627_400_000;
const PORT = 8130;
const FRAME_MS = 100;

function serve() {
  const python = process.env.PYTHON ?? here("../../.venv/bin/python");
  const clips = process.env.CLIPS ?? "/tmp/vtrack-player-clips";
  const child = spawn(python, [here("../dev/player/serve.py"), "--port", PORT, "--clips", clips], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (data) => String(data).includes("ready") && resolve(child));
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

async function control(wish) {
  const answer = await fetch(`http://127.0.0.1:${PORT}/dev/control`, {
    method: "POST",
    body: JSON.stringify(wish),
  });
  return answer.json();
}

const results = [];
function check(name, isRight, told) {
  results.push(isRight);
  console.log(`${isRight ? "PASS" : "FAIL"}  ${name}: ${told}`);
}

/** What is wrong in a row of pictures: numbers that jump, and times that differ. */
function judge(seen, { jumps = [], rate = 1 } = {}) {
  let wrong = 0;
  let missed = 0;
  let longest = 0;
  for (let i = 1; i < seen.length; i += 1) {
    const step = seen[i].number - seen[i - 1].number;
    if (step === 0) continue;
    // A busy machine misses a picture beside a leap as well
    const isLeap = jumps.some((jump) => Math.abs(step - jump) <= 3);
    if (process.env.VERBOSE && (step !== 1 || seen[i].at - seen[i - 1].at > 300)) console.log(step, seen[i - 1], seen[i]);
    if (step === 1 || isLeap) longest = Math.max(longest, seen[i].at - seen[i - 1].at);
    else if (step > 1 && step < 6 * rate) missed += step - 1;
    else {
      wrong += 1;
      if (process.env.VERBOSE) console.log("jump", seen.slice(Math.max(i - 2, 0), i + 2));
    }
  }
  const beside = Math.max(...seen.map((each) => Math.abs(each.saidMs - each.shownMs)));
  return { wrong, missed, longest: Math.round(longest), beside: Math.round(beside) };
}

const numberOf = (ms) => Math.floor((ms - 1_577_836_800_000) / FRAME_MS);

const scenes = {
  async row(page) {
    const seen = await play(page, "row", BASE + 1000, { rate: 4, until: BASE + 12 * 20_000 + 15_000 });
    const { wrong, longest } = judge(seen, { rate: 4 });
    const last = seen.at(-1).number - numberOf(BASE);
    check("12 clips in a row", wrong === 0 && last > 2500, `${seen.length} pictures up to ${last}, ${wrong} jumps, longest pause ${longest} ms`);
  },
  async hitch(page) {
    const seen = await play(page, "row", BASE + 17_000, { until: BASE + 26_000 });
    const { wrong, missed, longest, beside } = judge(seen);
    check("times said and drawn", beside <= FRAME_MS, `${beside} ms apart at most`);
    check("a clip's border at normal speed", wrong + missed === 0 && longest < 200, `${missed} pictures missed, longest pause ${longest} ms`);
  },
  async exact(page) {
    const beside = [];
    for (const camera of ["row", "sound"]) {
      await begin(page, camera);
      for (let i = 0; i < 12; i += 1) {
        const ms = BASE + ((i * 17_377) % 76_000) + 50;
        beside.push(await page.evaluate(async (ms) => {
          const { controller } = window.now;
          controller.seek(ms, false);
          window.now.seen.length = 0;
          await new Promise((resolve) => setTimeout(resolve, 1500));
          window.now.peek();
          const seen = window.now.seen.at(-1);
          return [seen.shownMs - ms, seen.saidMs - seen.shownMs];
        }, ms));
      }
    }
    const drawn = beside.every(([off]) => off <= 0 && off > -FRAME_MS);
    const most = Math.max(...beside.map(([, off]) => Math.abs(off)));
    check("the exact picture of a moment", drawn, `${beside.map(([off]) => off)}`);
    check("what is said of a still picture", most <= 10, `${Math.round(most)} ms beside at most: ${beside.map(([, off]) => Math.round(off))}`);
  },
  async gap(page) {
    const seen = await play(page, "gap", BASE + 34_000, { until: BASE + 183_000 });
    const { wrong, longest } = judge(seen, { jumps: [numberOf(BASE + 180_000) - numberOf(BASE + 40_000) + 1] });
    const skips = await page.evaluate(() => window.now.skips);
    const isTold = skips.length === 1 && Math.abs(skips[0].fromMs - BASE - 40_000) < FRAME_MS && skips[0].toMs === BASE + 180_000 && skips[0].state === "absent";
    check("a gap is jumped over and told", wrong === 0 && isTold, `${wrong} jumps, longest pause ${longest} ms, ${JSON.stringify(skips)}`);
    await page.evaluate(() => window.now.controller.destroy());
    const inside = await play(page, "gap", BASE + 90_000, { until: BASE + 182_000 });
    check("a seek into a gap", inside[0].shownMs - BASE - 180_000 <= FRAME_MS, `begins ${inside[0].shownMs - BASE} ms in`);
  },
  async size(page) {
    const seen = await play(page, "size", BASE + 16_000, { until: BASE + 44_000, rate: 2 });
    const { wrong, longest } = judge(seen, { rate: 2 });
    check("a change of resolution", wrong === 0, `${wrong} jumps, longest pause ${longest} ms`);
  },
  async sound(page) {
    const seen = await play(page, "sound", BASE + 14_000, { until: BASE + 76_000, rate: 2 });
    const { wrong, missed, longest } = judge(seen, { rate: 2 });
    if (process.env.VERBOSE) console.log(await page.evaluate(() => window.now.phases));
    check("sound begins and ends", wrong === 0 && longest < 400, `${wrong} jumps, ${missed} pictures missed, longest pause ${longest} ms`);
  },
  async back(page) {
    await play(page, "row", BASE + 45_000, { until: BASE + 47_000 });
    for (const [from, to] of [[47_000, 18_500], [20_500, 100_000], [102_000, 39_950]]) {
      const seen = await seek(page, BASE + to);
      const first = seen.find((each) => Math.abs(each.shownMs - (BASE + to)) <= 2 * FRAME_MS);
      const { wrong } = judge(seen);
      check(`seek from ${from} to ${to}`, first && wrong === 0, `first ${seen[0].shownMs - BASE}, ${wrong} jumps`);
    }
  },
  async kept(page) {
    await begin(page, "sound");
    await page.evaluate(() => (window.now.mustKeepVideo = () => true));
    await page.evaluate((ms) => window.now.click(ms), BASE + 14_000);
    await page.waitForFunction((ms) => (window.now.seen.at(-1)?.shownMs ?? 0) >= ms, BASE + 26_000, { timeout: 60_000, polling: 100 });
    const videos = await page.evaluate(() => document.querySelectorAll("video").length);
    check("one video element does where it must", videos === 1, `${videos} video elements over the beginning of sound`);
  },
  async growing(page) {
    await control({ grow: true });
    const seen = await play(page, "growing", BASE + 10_000, { until: BASE + 55_000, most: 90_000 });
    const { wrong, longest } = judge(seen);
    const phases = await page.evaluate(() => window.now.phases);
    check("a growing clip", wrong === 0 && seen.at(-1).shownMs >= BASE + 55_000, `up to ${seen.at(-1).shownMs - BASE} ms, ${wrong} jumps, longest pause ${longest} ms, ${phases}`);
  },
  async device(page) {
    const seen = await play(page, "device", BASE + 30_000, { until: BASE + 60_000, most: 60_000 });
    const { wrong, longest } = judge(seen);
    const phases = await page.evaluate(() => window.now.phases);
    check("footage on the device plays while it is fetched", wrong === 0 && phases.includes("fetching") && seen[0].shownMs <= BASE + 30_100, `first ${seen[0].shownMs - BASE}, ${wrong} jumps, longest ${longest} ms, ${phases}`);
  },
  async far(page) {
    const seen = await play(page, "far", BASE + 15_000, { until: BASE + 180 * 60_000 + 3000, most: 60_000 });
    const skips = await page.evaluate(() => window.now.skips);
    check("the next window is found over three hours without footage", seen.at(-1).shownMs >= BASE + 180 * 60_000 + 3000, `${JSON.stringify(skips)}`);
  },
  async hevc(page) {
    await begin(page, "hevc");
    await page.evaluate((ms) => window.now.click(ms), BASE + 2000);
    await page.waitForFunction(() => window.now.controller.state.phase === "problem", undefined, { timeout: 10_000 });
    const problem = await page.evaluate(() => window.now.controller.state.problem);
    check("H.265 is noticed before it is black", problem.code === "codec" && problem.values.codec === "H.265", JSON.stringify(problem));
    await page.evaluate(() => window.now.controller.remedy());
    await page.waitForFunction(() => window.now.controller.state.problem?.code === "no_convert", undefined, { timeout: 10_000 });
    check("no converter: the download is offered", true, "no_convert");
  },
  async errors(page) {
    await begin(page, "row");
    await control({ break: { "m4s": 503 } });
    await page.evaluate((ms) => window.now.click(ms), BASE + 2000);
    await page.waitForFunction(() => window.now.controller.state.problem, undefined, { timeout: 20_000 });
    const problem = await page.evaluate(() => window.now.controller.state.problem);
    await control({ break: {} });
    await page.waitForFunction(() => window.now.controller.state.phase === "playing", undefined, { timeout: 20_000 });
    check("storage away and back", problem.code === "storage_away", JSON.stringify(problem));
  },
  async sync(page) {
    const seconds = Number(process.env.SYNC_SECONDS ?? 60);
    const told = await page.evaluate(
      async ([base, seconds]) => {
        const labs = ["one", "two", "three", "four"].map((camera) => new window.lab.Lab(camera));
        const group = new window.lab.SyncGroup();
        for (const each of labs) group.add(each.controller);
        group.seek(base + 1000, true);
        const spreads = [];
        const gaps = [];
        const end = performance.now() + seconds * 1000;
        let loops = 0;
        while (performance.now() < end) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          if (group.ms > base + 75_000) {
            group.seek(base + 1000);
            loops += 1;
          }
          const shown = labs.filter((each) => each.controller.state.phase === "playing").map((each) => each.seen.at(-1)).filter((each) => each && performance.now() - each.at < 250);
          if (shown.length >= 3) {
            // What is drawn into the pictures, each counted on to now
            const now = performance.now();
            const times = shown.map((each) => each.shownMs + (now - each.at));
            spreads.push(Math.max(...times) - Math.min(...times));
          }
          gaps.push(labs[2].controller.state.phase === "gap");
        }
        group.destroy();
        return { spreads, gaps: gaps.filter(Boolean).length, loops, phases: labs.map((each) => each.phases.slice(-6)) };
      },
      [BASE, seconds],
    );
    const sorted = told.spreads.toSorted((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor((sorted.length - 1) * share)]);
    check(`four in sync for ${seconds} s`, at(0.5) < 150 && told.gaps > 0, `spread p50 ${at(0.5)} p95 ${at(0.95)} max ${at(1)} ms of ${sorted.length} looks, ${told.loops} loops, black ${told.gaps} looks`);
  },
  async element(page) {
    const address = new URL("page.html#c=row", page.url()).href;
    await page.goto(address);
    const player = page.locator("vtrack-player");
    await player.waitFor();
    const said = () => player.evaluate((each) => ({ t: each.time, playing: each.isPlaying, live: each.isLive, phase: each.lead?.state.phase }));
    const until = (test, arg) => page.waitForFunction(test, arg, { timeout: 15_000, polling: 50 });
    await player.evaluate((each, ms) => each.seek(ms, true), BASE + 5000);
    await until((ms) => document.querySelector("dev-player-page").renderRoot.querySelector("vtrack-player").time > ms, BASE + 6000);
    await page.getByRole("button", { name: "Pause" }).click();
    const paused = await said();
    check("the button pauses", !paused.playing && paused.phase === "paused", JSON.stringify(paused));
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(800);
    const on = await said();
    check("the arrow goes five seconds on and stays paused", Math.abs(on.t - paused.t - 5000) < 250 && on.phase === "paused", `${on.t - paused.t} ms`);
    const frames = [];
    for (const key of [".", ".", ".", ",", ","]) {
      await page.keyboard.press(key);
      await page.waitForTimeout(500);
      frames.push((await said()).t);
    }
    const steps = frames.map((t, i) => Math.round(t - (frames[i - 1] ?? on.t)));
    check("picture by picture", steps.slice(1).every((step, i) => Math.abs(step - [100, 100, -100, -100][i]) < 15), `${steps}`);
    await page.keyboard.press(">");
    await page.keyboard.press(">");
    await page.keyboard.press("k");
    await page.waitForTimeout(500);
    const first = await said();
    await page.waitForTimeout(3000);
    const second = await said();
    const speed = (second.t - first.t) / 3000;
    check("twice the speed", Math.abs(speed - 2) < 0.35, `${speed.toFixed(2)} times`);
    const picture = page.waitForEvent("download");
    await page.keyboard.press("s");
    const name = (await picture).suggestedFilename();
    check("a snapshot is named by camera and time", /^Camera_row_2025-11-20_09-30-\d\d\.\d\.jpg$/.test(name), name);
    await page.keyboard.press("f");
    await page.waitForTimeout(700);
    const isFull = await page.evaluate(() => document.fullscreenElement !== null);
    await page.screenshot({ path: "shots/player-full.png" });
    await page.keyboard.press("f");
    check("full screen and back", isFull, String(isFull));
    await page.getByRole("button", { name: "Live", exact: true }).click();
    await page.waitForTimeout(1500);
    const live = await said();
    check("live is entered by its button", live.live && live.phase === "live", JSON.stringify(live));
    await page.screenshot({ path: "shots/player-live.png" });
    await player.evaluate((each, ms) => each.seek(ms), BASE + 30_000);
    await until((ms) => document.querySelector("dev-player-page").renderRoot.querySelector("vtrack-player").time > ms, BASE + 31_000);
    await page.screenshot({ path: "shots/player.png" });
    check("out of live, the past plays", (await said()).playing, "");
    for (const [name, hash, ms, wait] of [
      ["gap", "c=gap", BASE + 3_600_000, 2500],
      ["hevc", "c=hevc&theme=dark", BASE + 2000, 1500],
      ["four", "c=one,two,three,four", BASE + 25_000, 3000],
      ["phone", "c=row", BASE + 25_000, 2500],
      ["phone-dark", "c=one,two&theme=dark", BASE + 25_000, 2500],
    ]) {
      await page.setViewportSize(name.startsWith("phone") ? { width: 390, height: 700 } : { width: 1300, height: 760 });
      await page.goto("about:blank");
      await page.goto(new URL(`page.html#${hash}`, address).href);
      await player.waitFor();
      await player.evaluate((each, ms) => each.seek(ms, true), ms);
      await page.waitForTimeout(wait);
      await page.screenshot({ path: `shots/player-${name}.png` });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], rules: { "document-title": { enabled: false } } }));
      check(`axe, ${name}`, violations.length === 0, violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`).join("; ") || "0 findings");
    }
  },
  async click(page) {
    const times = [];
    await begin(page, "row");
    for (let i = 0; i < 40; i += 1) {
      const ms = BASE + ((i * 77_777) % 250_000);
      times.push(await page.evaluate(async (ms) => {
        window.now.click(ms);
        while (Number.isNaN(window.now.firstAfter)) await new Promise((resolve) => setTimeout(resolve, 2));
        return window.now.firstAfter - window.now.clickedAt;
      }, ms));
    }
    const cold = [];
    await page.evaluate(() => performance.setResourceTimingBufferSize(5000));
    for (let i = 0; i < 20; i += 1) {
      await page.evaluate(() => window.now.controller.destroy());
      await begin(page, "row");
      const ms = BASE + ((i * 77_777) % 250_000);
      cold.push(await page.evaluate(async (ms) => {
        window.now.click(ms);
        while (Number.isNaN(window.now.firstAfter)) await new Promise((resolve) => setTimeout(resolve, 2));
        return window.now.firstAfter - window.now.clickedAt;
      }, ms));
    }
    const p = (list, share) => Math.round(list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * share)]);
    check("click to picture, window loaded", p(times, 0.95) < 250, `p50 ${p(times, 0.5)} p95 ${p(times, 0.95)} ms`);
    if (process.env.VERBOSE) {
      console.log(await page.evaluate(() => performance.getEntriesByType("resource").filter((each) => each.startTime > window.now.clickedAt).map((each) => `${Math.round(each.startTime - window.now.clickedAt)}+${Math.round(each.duration)} ${each.name.split("/").slice(-2).join("/")}`)), cold.map(Math.round));
    }
    check("click to picture, nothing loaded", p(cold, 0.95) < 250, `p50 ${p(cold, 0.5)} p95 ${p(cold, 0.95)} ms`);
  },
};

async function begin(page, camera) {
  await page.evaluate((camera) => {
    document.body.replaceChildren();
    window.now = new window.lab.Lab(camera);
  }, camera);
}

async function play(page, camera, ms, { until, rate = 1, most = 150_000 }) {
  await begin(page, camera);
  await page.evaluate(([ms, rate]) => {
    window.now.click(ms);
    window.now.controller.setSpeed(rate);
  }, [ms, rate]);
  await page.waitForFunction((until) => (window.now.seen.at(-1)?.shownMs ?? 0) >= until, until, { timeout: most, polling: 100 });
  return page.evaluate(() => window.now.seen);
}

async function seek(page, ms) {
  await page.evaluate(() => (window.now.seen.length = 0));
  await page.evaluate((ms) => window.now.click(ms), ms);
  await page.waitForFunction((ms) => (window.now.seen.at(-1)?.shownMs ?? 0) >= ms + 1500 && window.now.seen.at(-1).shownMs < ms + 5000, ms, { timeout: 15_000, polling: 50 });
  // Up to the seek, the old place was shown
  return page.evaluate((ms) => window.now.seen.filter((each) => Math.abs(each.shownMs - ms) < 5000), ms);
}

const server = await serve();
const vite = await createServer({
  configFile: here("../vite.config.ts"),
  logLevel: "error",
  server: { port: 0, hmr: false, watch: null, proxy: { "/api": `http://127.0.0.1:${PORT}`, "/dev/command": `http://127.0.0.1:${PORT}` } },
});
await vite.listen();
const { port } = vite.httpServer.address();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const wanted = process.argv.slice(2);
try {
  for (const [name, scene] of Object.entries(scenes)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const page = await browser.newPage({ viewport: { width: 1300, height: 760 } });
    page.on("pageerror", (error) => console.error("page error:", error.message));
    page.on("console", (message) => process.env.VERBOSE && console.log("console:", message.text()));
    await page.goto(`http://127.0.0.1:${port}/dev/player/lab.html`);
    await page.waitForFunction(() => window.lab);
    try {
      await scene(page);
    } catch (error) {
      const state = await page.evaluate(() => JSON.stringify({ state: window.now?.controller.state, phases: window.now?.phases, last: window.now?.seen.at(-1), n: window.now?.seen.length })).catch(() => "?");
      check(name, false, `${error.message.split("\n")[0]} ${state}`);
    }
    await page.close();
  }
} finally {
  await browser.close();
  await vite.close();
  server.removeAllListeners("exit");
  server.kill();
}
console.log(`${results.filter(Boolean).length} of ${results.length} hold`);
process.exitCode = results.every(Boolean) ? 0 : 1;
