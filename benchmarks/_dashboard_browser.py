"""What the dashboard of a real Home Assistant costs in Chromium; run with Playwright.

Prints one line of JSON: milliseconds from each click in the timeline to the picture of that
moment, from the load of the module to the timeline on the screen, and what an idle page asks.
"""

import json
import os
from typing import Any

from scripts.browser_lib.person import PATIENCE_MS, Person, person
from scripts.browser_lib.scenes_walk import CAMERAS, kept_spans
from scripts.browser_lib.scenes_walk_chromium import walker_of
from scripts.browser_lib.walker import Walker

CLICKS = 40
LOADS = 9
IDLE_S = 60

_WATCH_PAINT = """
(() => {
  const find = (root, name) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.localName === name) return each;
      const inside = each.shadowRoot && find(each.shadowRoot, name);
      if (inside) return inside;
    }
    return undefined;
  };
  const look = () => {
    const timeline = document.body && find(document, "vtrack-timeline");
    if (timeline?.stage?.times.length > 0) globalThis.paintedAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""
_CLICK = """
const clicked = new Promise((done) => {
  addEventListener("pointerup", (event) => done(event.timeStamp), { capture: true, once: true });
});
globalThis.waited = clicked.then(async (began) => {
  const frame = () => new Promise(requestAnimationFrame);
  for (;;) {
    await frame();
    const [{ time }] = walk.shown();
    if (time !== null && time > under - 250 && time < under + 1500) return performance.now() - began;
    if (performance.now() - began > 60000)
      throw new Error(`no picture of ${under}: ${JSON.stringify(walk.state())}`);
  }
});
return null;
"""
_COUNT = """
const { socket } = document.querySelector("home-assistant").hass.connection;
const counted = { asked: [], told: 0 };
const send = socket.send.bind(socket);
socket.send = (text) => {
  for (const each of [JSON.parse(text)].flat())
    if (each.type?.startsWith("vtrack_nvr/")) counted.asked.push(each.type);
  send(text);
};
socket.addEventListener("message", ({ data }) => {
  for (const each of [JSON.parse(data)].flat())
    counted.told += Number(each.type === "event" && ("seq" in (each.event ?? {})));
});
await walk.pause(15000); // thumbnails of what has just been opened
counted.asked.length = counted.told = 0;
const before = performance.getEntriesByType("resource").length;
await walk.pause(seconds * 1000);
const names = performance.getEntriesByType("resource").slice(before).map(({ name }) => name);
counted.asked.push(...names.filter((name) => name.includes("vtrack_nvr")).map((name) => new URL(name).pathname));
return counted;
"""


def clicks(walker: Walker) -> list[float]:
    """Return how long each click took to its picture."""
    key = walker.key_of(CAMERAS[0])
    begin, end = kept_spans(walker, CAMERAS[0])[0]
    walker.open_timeline([key], (begin + end) // 2, (end - begin) / 1000 + 60)
    found = []
    for number in range(CLICKS):
        # All over the stretch, and never near the one before.
        at_ms = begin + 3000 + (number * 61_803) % (end - begin - 8000)
        # Only at rest: the view follows what plays.
        walker.run("walk.player().pause(); await walk.rest();")
        place = walker.run("return walk.place(camera, at);", camera=key, at=at_ms)
        under = walker.run("return walk.momentAt(x);", x=place["x"])
        walker.run(_CLICK, under=under)
        walker.click(place)
        found.append(walker.run("return await globalThis.waited;"))
    walker.run("walk.player().pause();")
    return found


def loads(who: Person) -> list[float]:
    """Return how long it takes from the load of the module to a timeline; warm."""
    who.page.add_init_script(_WATCH_PAINT)
    found = []
    for number in range(LOADS + 1):
        who.page.goto(f"{who.url}/vtrack-nvr/timeline")
        who.page.wait_for_function("globalThis.paintedAt", timeout=PATIENCE_MS)
        took = who.page.evaluate(
            "() => paintedAt - performance.getEntriesByType('resource')"
            ".find(({ name }) => /vtrack-nvr\\.js/.test(name)).startTime"
        )
        if number:  # the first one fills the cache
            found.append(took)
    return found


def main() -> None:
    """Measure and print."""
    told: dict[str, Any] = json.loads(os.environ["WALK"])
    with person(told) as who:
        who.sign_in()
        walker = walker_of(who)
        found: dict[str, Any] = {"clicks": clicks(walker), "loads": loads(who)}
        walker.open("overview")
        found["idle"] = walker.run(_COUNT, seconds=IDLE_S)
        found["seconds"] = IDLE_S
    print(json.dumps({"found": found}), flush=True)


if __name__ == "__main__":
    main()
