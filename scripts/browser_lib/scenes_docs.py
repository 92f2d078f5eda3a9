"""The pictures that README and docs show, made anew: named plainly and small.

Played only if named; `--phone` makes those of a phone.
"""

import base64

from playwright.sync_api import expect

from .person import PATIENCE_MS, SETTLE_MS, Person
from .scenes_dashboard import PANEL, open_page, wait_for_thumbnails

DESKTOP = {"width": 1280, "height": 800}
LOW = {"width": 1280, "height": 560}
QUALITY = 80
"""WebP at this quality: letters stay crisp, and a page stays below 100 kB."""


def _keep(who: Person, name: str, *themes: str) -> None:
    """Write the page as WebP, without a pointer over anything, when its pictures are there."""
    wait_for_thumbnails(who)
    for theme in themes:
        who.page.emulate_media(color_scheme=theme)
        who.page.mouse.move(0, 0)
        who.page.wait_for_timeout(3 * SETTLE_MS)
        loading = who.page.locator("vtrack-player-tile .spinner")
        expect(loading).to_have_count(0, timeout=PATIENCE_MS)
        session = who.page.context.new_cdp_session(who.page)
        shot = {"format": "webp", "quality": QUALITY}
        answer = session.send("Page.captureScreenshot", shot)
        session.detach()
        path = who.pictures / f"{name}-{theme}.webp"
        path.write_bytes(base64.b64decode(answer["data"]))
    who.page.emulate_media(color_scheme="light")


def _middle_of(who: Person, camera: str) -> str:
    """Return a time as an address takes it: in the middle of the longest newest clip."""
    wanted = {"type": "vtrack_nvr/clips/list", "filter": {"cameras": [camera]}}
    clips = who.call(wanted)["clips"]
    clip = max(clips, key=lambda each: each["end_ms"] - each["start_ms"])
    middle = (clip["start_ms"] + clip["end_ms"]) // 2
    return str(who.page.evaluate("ms => new Date(ms).toISOString()", middle))


def _pause(who: Person, name: str, *, minutes: float) -> None:
    """Stand in the middle of a clip of a camera, and wait until its picture is seen."""
    cameras = who.call({"type": "vtrack_nvr/info"})["cameras"]
    key = next(each["key"] for each in cameras if each["name"] == name)
    query = f"?c={key}&t={_middle_of(who, key)}&z={minutes * 60:.0f}"
    open_page(who, "timeline", query)
    _see_video(who, f"{PANEL} vtrack-player video")


def _see_video(who: Person, selector: str) -> None:
    seen = "all => all.length > 0 && all.every(each => each.videoWidth && each.readyState > 1)"
    videos = who.page.locator(selector)
    who.until(lambda: bool(videos.evaluate_all(seen)), "no picture is played")


def _cards(who: Person) -> None:
    """Show two cards beside each other, each with its camera's newest recording."""
    sections = []
    for entity_id in who.cameras():
        name = entity_id.removeprefix("camera.").removesuffix("_live").title()
        if name not in {"Garden", "Gate"}:
            continue
        card = {
            "type": "custom:vtrack-nvr-card",
            "cameras": [entity_id],
            "title": name,
            "show": ["player", "timeline"],
            "live_first": False,
            "hours": 12,
        }
        sections.append({"type": "grid", "cards": [card]})
    view = {"title": "Home", "path": "home", "type": "sections", "max_columns": 2}
    who.lovelace("cameras", [{**view, "sections": sections}])
    who.open("nvr-cameras/home", "vtrack-card-view")
    loading = who.page.locator("vtrack-card-view [aria-busy=true]")
    expect(loading).to_have_count(0, timeout=PATIENCE_MS)
    _see_video(who, "vtrack-card-view video")


def pictures_for_docs(who: Person) -> None:
    """Keep the pages of the panel and the card, or what a phone shows of them."""
    if who.told.get("phone"):
        _pause(who, "Drive", minutes=15)
        _keep(who, "phone", "light", "dark")
        return
    who.page.set_viewport_size(DESKTOP)
    _pause(who, "Drive", minutes=15)
    _keep(who, "timeline", "light", "dark")
    open_page(who, "recordings")
    _keep(who, "recordings", "light")
    open_page(who, "overview")
    _keep(who, "overview", "light", "dark")
    who.page.set_viewport_size(LOW)
    _cards(who)
    _keep(who, "card", "light")
    who.page.set_viewport_size(DESKTOP)
    open_page(who, "sync")
    who.press(who.page.get_by_role("tab", name="History"))
    _keep(who, "history", "light")


SCENES = (pictures_for_docs,)
