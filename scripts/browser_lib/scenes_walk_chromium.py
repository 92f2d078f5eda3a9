"""What the walk needs Chromium for: downloads, tabs, fingers, and a socket that stays away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
import json
import re
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, expect

from . import scenes_dashboard
from .person import PATIENCE_MS, Person
from .scenes_dashboard import ANSWER, PANEL, open_page
from .scenes_walk import (
    ATTIC,
    CAMERAS,
    FRAME_MS,
    clip_border,
    kept_spans,
    timeline_equals_library,
)
from .walker import Walker, expect as expect_that

type Scene = Callable[[Person], None]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


class PlaywrightHands:
    """The hands of a walker over a page of Playwright."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, url: str) -> None:
        """Show an address."""
        self.page.goto(url)

    def run(self, script: str) -> Any:
        """Return what a script in the page returns."""
        return self.page.evaluate(f"async () => {{ {script} }}")

    def move(self, x: float, y: float) -> None:
        """Move the mouse there."""
        self.page.mouse.move(x, y)

    def down(self) -> None:
        """Press the left button."""
        self.page.mouse.down()

    def up(self) -> None:
        """Let it go."""
        self.page.mouse.up()


def walker_of(who: Person, page: Page | None = None) -> Walker:
    """Return a walker in a page of somebody, their own unless another is named."""

    def tell(text: str) -> None:
        print(json.dumps({"told": text}), flush=True)

    return Walker(PlaywrightHands(page or who.page), who.told, tell)


@contextmanager
def _another_page(who: Person, **screen: Any) -> Iterator[Page]:
    """Hold a page of another window in which the same person is signed in."""
    browser = who.page.context.browser
    assert browser is not None
    state = who.page.context.storage_state()
    context = browser.new_context(storage_state=state, **screen)
    try:
        yield context.new_page()
    finally:
        context.close()


def export_downloads_and_plays(who: Person) -> None:
    """Have a film made of what is selected in the timeline, watch it, and take it away."""
    walker = walker_of(who)
    key = walker.key_of(CAMERAS[0])
    border = clip_border(walker, CAMERAS[0])
    begin, end = border - 5000, border + 7000
    moments = [
        who.page.evaluate("ms => new Date(ms).toISOString()", ms) for ms in (begin, end)
    ]
    open_page(
        who, "timeline", f"?c={key}&t={moments[0]}&z=300&a={moments[0]}&b={moments[1]}"
    )
    button = f"{PANEL} vtrack-selection vtrack-button button"
    who.press(who.page.locator(button, has_text="Export").first)
    who.press(who.page.locator(ANSWER, has_text="Export"))
    open_page(who, "exports")
    menu = who.page.locator("vtrack-page-exports vtrack-menu vtrack-button").first
    expect(menu).to_be_visible(timeout=PATIENCE_MS)
    who.press(menu)
    who.press(who.page.get_by_role("menuitem", name="Play"))
    film = who.page.locator(f"{PANEL} vtrack-dialog video")
    film.wait_for(timeout=PATIENCE_MS)
    runs = "film => film.currentTime > 0 && film.videoWidth > 0"
    who.until(lambda: bool(film.evaluate(runs)), "the film does not play")
    who.page.keyboard.press("Escape")
    who.press(menu)
    with who.page.expect_download(timeout=PATIENCE_MS) as coming:
        who.page.get_by_role("menuitem", name="Download").click()
    path = who.pictures / f"export-{coming.value.suggested_filename}"
    coming.value.save_as(path)
    # What is in it is read by the other Python, which can decode.
    told = {"film": str(path), "from_ms": begin, "to_ms": end}
    print(json.dumps(told), flush=True)


def protect_delete_undo(who: Person) -> None:
    """Protect recordings by keys, delete another, undo; the lanes are again as the index."""
    walker = walker_of(who)
    scenes_dashboard.dashboard_by_keyboard(who)
    chosen = {"type": "vtrack_nvr/clips/list", "filter": {"is_protected": True}}
    ids = [clip["id"] for clip in who.call(chosen)["clips"]]
    try:
        expect_that(len(ids) > 0, "nothing is protected")
        plan = who.call({"type": "vtrack_nvr/clips/count", "ids": ids})
        kept = plan["clips"] - plan["deletable"]["clips"]
        expect_that(kept == len(ids), f"{len(ids) - kept} of the protected may go")
    finally:
        undo = {"type": "vtrack_nvr/clips/protect", "ids": ids, "is_protected": False}
        who.call(undo)
    scenes_dashboard.dashboard_bulk(who)
    walker.tell(
        f"{len(ids)} protected by keys, none of them to be deleted; one deleted and back"
    )
    timeline_equals_library(walker)


def socket_stays_away(who: Person) -> None:
    """Keep the network away for a while: what is known stays, and says so."""
    scenes_dashboard.dashboard_socket_lost(who)


def two_tabs(who: Person) -> None:
    """Do something in one tab; the other one tells it, and both play."""
    walker = walker_of(who)
    key = walker.key_of(CAMERAS[3])
    begin, _ = kept_spans(walker, CAMERAS[3])[0]
    with _another_page(who, viewport=DESKTOP) as page:
        other = walker_of(who, page)
        walker.open_timeline([key], begin + 5000, 300)
        other.open_timeline([key], begin + 25_000, 300)
        for each in (walker, other):
            each.run("walk.player().play();")
            at_ms = begin + (8000 if each is walker else 28_000)
            each.run("await walk.watch(to); walk.player().pause();", to=at_ms)
        clip = walker.ask("clips/list", filter={"cameras": [key]})["clips"][-1]
        for state, command in (
            ("removed", {"type": "clips/delete", "ids": [clip["id"]]}),
            ("kept", {"type": "clips/undo", "ids": [clip["id"]]}),
        ):
            walker.ask(command["type"], ids=command["ids"])
            other.run(
                "const line = walk.timeline(); line.show(begin, begin + line.box().width * 1000);"
                "await walk.until(() => { const runs = []; line.scene().tiles.eachRun(0, camera,"
                " begin, begin + 1000, (_from, _to, main) => runs.push(main));"
                " const states = walk.deep('vtrack-nvr-panel').app.store.state.info.states;"
                " return runs.length && (states[runs[0]] === 'kept') === wanted; },"
                " 120, 'the other tab tells that it is ' + state);",
                camera=key,
                begin=clip["start_ms"],
                wanted=state == "kept",
                state=state,
            )
    walker.tell("both tabs play; what one deletes and brings back the other one shows")


def touch_on_a_phone(who: Person) -> None:
    """Tap, drag and pinch the timeline with fingers on a phone."""
    with _another_page(who, viewport=PHONE, is_mobile=True, has_touch=True) as page:
        walker = walker_of(who, page)
        page.goto(f"{who.url}/vtrack-nvr")
        page.locator("vtrack-page-overview").first.wait_for(
            state="attached", timeout=PATIENCE_MS
        )
        key = walker.key_of(CAMERAS[0])
        begin, _ = kept_spans(walker, CAMERAS[0])[0]
        walker.open_timeline([key], begin + 60_000, 240)
        place = walker.run(
            "return walk.place(camera, at);", camera=key, at=begin + 90_000
        )
        under = walker.run("return walk.momentAt(x);", x=place["x"])
        page.touchscreen.tap(place["x"], place["y"])
        seen = walker.run(
            "await walk.until(() => { const [one] = walk.shown(); return one?.time &&"
            " Math.abs(one.time - under) < 3000; }, 120, 'what was tapped');"
            "const seen = await walk.watch(under + 1500); walk.player().pause(); return seen;",
            under=under,
        )
        first = seen[0]["time"] - under
        expect_that(-FRAME_MS <= first <= 3000, f"a tap plays {first:+.0f} ms beside")
        view = "const { from, to } = walk.timeline().view; return to - from;"
        before = walker.run(view)
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, *xs: float) -> None:
            points = [{"x": x, "y": place["y"], "id": n} for n, x in enumerate(xs)]
            fingers.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )

        touch("touchStart", 150, 250)
        for step in range(1, 11):
            touch("touchMove", 150 - 8 * step, 250 + 8 * step)
        touch("touchEnd")
        page.wait_for_timeout(500)
        zoomed = walker.run(view) / before
        expect_that(abs(zoomed - 100 / 260) < 0.06, f"a pinch zooms by {zoomed:.2f}")
        left = walker.run("return walk.timeline().view.from;")
        touch("touchStart", 300)
        for step in range(1, 11):
            touch("touchMove", 300 - 10 * step)
        page.wait_for_timeout(150)
        touch("touchEnd")
        page.wait_for_timeout(500)
        moved = walker.run("return walk.timeline().view.from;") - left
        expect_that(moved > 0, f"a drag to the left moves the view by {moved:.0f} ms")
        who.look("walk on a phone", of=page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        expect_that(wide <= PHONE["width"], f"the page is {wide} px wide")
        walker.tell(
            f"a tap plays that moment ({first:+.0f} ms), a pinch zooms to {zoomed:.2f}, a drag pans"
        )


def on_request_is_seen(who: Person) -> None:
    """Keep pictures of a lane whose footage stays on the device, and of its words elsewhere."""
    desktop = {"viewport": DESKTOP}
    phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
    for name, screen in (("desktop", desktop), ("phone", phone)):
        with _another_page(who, **screen) as page:
            walker = walker_of(who, page)
            page.goto(f"{who.url}/vtrack-nvr")
            page.locator("vtrack-page-overview").first.wait_for(
                state="attached", timeout=PATIENCE_MS
            )
            begin, _ = kept_spans(walker, CAMERAS[0])[0]
            keys = [walker.key_of(each) for each in (CAMERAS[0], ATTIC)]
            # Where two follow a clock nothing is fetched, nor where there is nothing.
            _see_lane(walker, keys, begin + 30_000, begin + 100_000)
            _look(who, page, f"on request {name}")
            _see_lane(walker, keys[1:], begin - 60_000, begin + 30_000)
            page.locator(f"{PANEL} vtrack-timeline .skip").dispatch_event("click")
            told = page.locator(f"{PANEL} vtrack-span-list li")
            expect(told.first).to_contain_text("On the device, on request")
            told.first.scroll_into_view_if_needed()
            if name == "desktop":
                day = page.locator("vtrack-calendar button.day[aria-current=date]")
                expect(day).to_have_accessible_name(re.compile("footage on the device"))
            _look(who, page, f"on request {name} alone")
            page.evaluate("walk.deep('vtrack-timeline-tools').legend.show()")
            _look(who, page, f"on request {name} legend")


def _see_lane(walker: Walker, keys: list[str], at_ms: int, held_ms: int) -> None:
    """Open the timeline of cameras, and point at what the device holds of the last one."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
    query = f"?c={quote(','.join(keys), safe='')}&t={quote(when)}&z=300"
    walker.open("timeline", query)
    place = walker.run(
        "await walk.until(() => walk.timeline()?.isReady"
        " && walk.isDrawn(camera, at, 'on_request'), 60, 'the lane of the device');"
        "return walk.place(camera, at);",
        camera=keys[-1],
        at=held_ms,
    )
    walker.hands.move(place["x"], place["y"])


def _look(who: Person, page: Page, name: str) -> None:
    """Keep a picture in each theme."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(1000)
        who.look(f"{name} {theme}", of=page)


SCENES: tuple[Scene, ...] = (
    on_request_is_seen,
    export_downloads_and_plays,
    protect_delete_undo,
    two_tabs,
    touch_on_a_phone,
    socket_stays_away,
)
