"""Pictures of a house with 32 cameras and a month of footage; played by `--screens --big`."""

from playwright.sync_api import expect

from .person import PATIENCE_MS, Person
from .scenes_dashboard import PANEL, open_page, wait_for_thumbnails

SPANS = {"hour": 3_600, "day": 86_400, "month": 31 * 86_400}


def big_house(who: Person) -> None:
    """Show the pages that a big house fills, and the timeline from an hour to a month."""
    for page in ("overview", "recordings", "sync", "storage"):
        open_page(who, page)
        wait_for_thumbnails(who)
        who.look_both(f"big {page}")
    cameras = [each["key"] for each in who.call({"type": "vtrack_nvr/info"})["cameras"]]
    ago = "minutes => new Date(Date.now() - minutes * 60000).toISOString()"
    for name, seconds in SPANS.items():
        moment = who.page.evaluate(ago, 60 if name != "month" else 15 * 1440)
        open_page(who, "timeline", f"?c={cameras[0]}&t={moment}&z={seconds}")
        _see_footage(who)
        who.look_both(f"big timeline {name}")
    moment = who.page.evaluate(ago, 90)
    open_page(who, "timeline", f"?c={','.join(cameras[:4])}&t={moment}&z=21600")
    _see_footage(who)
    who.look_both("big timeline four cameras")


def _see_footage(who: Person) -> None:
    loading = who.page.locator(f"{PANEL} vtrack-player-tile .spinner")
    expect(loading).to_have_count(0, timeout=PATIENCE_MS)


SCENES = (big_house,)
