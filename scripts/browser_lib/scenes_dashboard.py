"""Pictures of the dashboard: every page and state, in both themes; axe looks at each."""

from collections.abc import Iterator
from contextlib import contextmanager
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from .person import PATIENCE_MS, Person

PANEL = "vtrack-nvr-panel"
PAGES = ("overview", "timeline", "recordings", "exports", "sync", "storage")
ROW = f"{PANEL} vtrack-clip-row"
ANSWER = f"{PANEL} vtrack-dialog vtrack-button[slot=actions] button:visible"
TOAST = f"{PANEL} vtrack-toasts .toast"
_WITHOUT_PICTURE = """
() => {
  const found = [];
  const search = root => {
    for (const element of root.querySelectorAll("*")) {
      if (element.localName === "vtrack-thumbnail") found.push(element);
      else if (element.shadowRoot) search(element.shadowRoot);
    }
  };
  search(document);
  return found.filter(each => {
    const { top, bottom } = each.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && !each.shadowRoot.querySelector("img, .frame, .none");
  }).length;
}
"""


def open_page(who: Person, page: str, query: str = "") -> None:
    """Go to a page of the panel, and wait until nothing of it is being loaded."""
    path = "" if page == "overview" else page
    who.open(f"vtrack-nvr/{path}{query}", f"vtrack-page-{page}")
    _rest(who)


def wait_for_thumbnails(who: Person) -> None:
    """Wait until each thumbnail in sight shows its picture, or that there is none."""
    who.until(
        lambda: who.page.evaluate(_WITHOUT_PICTURE) == 0, "a thumbnail is missing"
    )


def _rest(who: Person) -> None:
    loading = who.page.locator(f"{PANEL} [aria-busy=true]")
    expect(loading).to_have_count(0, timeout=PATIENCE_MS)
    who.page.wait_for_timeout(300)


def _button(who: Person, text: str) -> None:
    """Press a button of the panel; of several the last, which lies in the open dialog."""
    who.press(who.page.locator(f"{PANEL} vtrack-button button", has_text=text).last)


def _month(who: Person) -> str:
    now = who.page.evaluate("() => new Date().toISOString()")
    return str(now)[:7]


def dashboard_pages(who: Person) -> None:
    """Show every page of the panel with the footage of the demo."""
    for page in PAGES:
        open_page(who, page)
        wait_for_thumbnails(who)
        who.look_both(f"dashboard {page}")
    open_page(who, "sync")
    who.press(who.page.get_by_role("tab", name="History"))
    _rest(who)
    who.look_both("dashboard history")
    open_page(who, "storage", f"?report={_month(who)}")
    who.look_both("dashboard report")
    who.open("vtrack-nvr/somewhere-else", "vtrack-page-overview")
    who.see("That page does not exist")
    who.look_both("dashboard unknown page")


def dashboard_filters(who: Person) -> None:
    """Show filters that find something, and such that find nothing; they live in the address."""
    open_page(who, "recordings", "?q=nobody-is-called-that")
    who.see("No recording matches")
    who.look_both("dashboard nothing found")
    _button(who, "Clear the filters")
    expect(who.page.locator(ROW).first).to_be_visible(timeout=PATIENCE_MS)
    expect(who.page).to_have_url(re.compile(r"/recordings$"), timeout=PATIENCE_MS)
    if who.told.get("phone"):
        _button(who, "Filters")
    who.press(
        who.page.locator(f"{PANEL} vtrack-chip button", has_text="Protected only")
    )
    expect(who.page).to_have_url(re.compile(r"p=1"), timeout=PATIENCE_MS)
    _rest(who)
    who.look_both("dashboard filtered")


def dashboard_bulk(who: Person) -> None:
    """Select a clip, delete it, and bring it back."""
    open_page(who, "recordings")
    rows = who.page.locator(ROW)
    # New clips may come meanwhile: the row is known by its name, not by its place.
    name = str(rows.first.locator("a").get_attribute("aria-label"))
    if who.told.get("phone"):
        _button(who, "Select")
    who.press(rows.first.locator("input"))
    who.look_both("dashboard selected")
    _button(who, "Delete")
    who.see("They are removed from the storage")
    who.look_both("dashboard delete asked")
    who.press(who.page.locator(ANSWER, has_text="Delete"))
    toast = who.page.locator(TOAST, has_text="Deleted")
    expect(toast).to_be_visible(timeout=PATIENCE_MS)
    toast.hover()  # it stays while somebody points at it
    who.look("dashboard deleted")
    who.press(toast.locator("button", has_text="Undo"))
    who.see("Nothing was deleted")
    back = who.page.locator(ROW).get_by_role("link", name=name, exact=True)
    expect(back).to_have_count(1, timeout=PATIENCE_MS)
    who.look("dashboard undone")


def dashboard_export(who: Person) -> None:
    """Have a film made, and watch it."""
    open_page(who, "recordings")
    who.press(who.page.locator(f"{ROW} vtrack-menu vtrack-button").first)
    who.press(who.page.get_by_role("menuitem", name="Export"))
    who.see("Time without footage")
    who.look_both("dashboard export asked")
    who.press(who.page.locator(ANSWER, has_text="Export"))
    open_page(who, "exports")
    play = who.page.locator("vtrack-page-exports vtrack-menu vtrack-button").first
    expect(play).to_be_visible(timeout=PATIENCE_MS)
    who.look_both("dashboard export ready")
    who.press(play)
    who.press(who.page.get_by_role("menuitem", name="Play"))
    film = who.page.locator(f"{PANEL} vtrack-dialog video")
    film.wait_for(timeout=PATIENCE_MS)
    runs = "film => film.currentTime > 0 && film.videoWidth > 0"
    who.until(lambda: bool(film.evaluate(runs)), "the film does not play")
    who.look("dashboard film plays")


def dashboard_share(who: Person) -> None:
    """Share a recording with somebody who has no login, and end that."""
    open_page(who, "recordings")
    who.press(who.page.locator(f"{ROW} vtrack-menu vtrack-button").first)
    who.press(who.page.get_by_role("menuitem", name="Share"))
    who.see("Link to the dashboard")
    who.look_both("dashboard share asked")
    who.press(who.page.get_by_role("radio", name="Link without signing in"))
    _button(who, "Make the link")
    who.see("It opens this recording")
    who.look_both("dashboard share made")
    link = who.page.locator("vtrack-share-dialog input[readonly]").input_value()
    # The demo is reached by its own address, whatever Home Assistant would tell others.
    here = urlsplit(who.page.url)._replace(path=urlsplit(link).path, query="").geturl()
    stranger = who.page.context.browser.new_context()
    seen = stranger.request.get(here)
    expect(seen).to_be_ok()
    kind = seen.headers["content-type"]
    assert kind.startswith("video/mp4"), f"the link shows {kind}"
    open_page(who, "exports")
    who.see("Links without signing in")
    who.look_both("dashboard share listed")
    _button(who, "End")
    who.see("It stops working at once")
    who.press(who.page.locator(ANSWER, has_text="End"))
    who.see("No link is open")
    expect(stranger.request.get(here)).not_to_be_ok()
    stranger.close()


def dashboard_by_keyboard(who: Person) -> None:
    """Protect a recording without a mouse: tab to its box, then to the button, then say yes."""
    open_page(who, "recordings")
    who.tab_to("Select", most=80)
    who.page.keyboard.press("Space")
    who.tab_to("Protect", most=400)
    who.look("dashboard keyboard on protect")
    who.page.keyboard.press("Enter")
    who.see("Protect recordings?")
    who.tab_to("Protect", most=20)
    who.page.keyboard.press("Enter")
    expect(who.page.locator(TOAST, has_text="Protected")).to_be_visible(
        timeout=PATIENCE_MS
    )
    who.look("dashboard keyboard protected")
    who.page.keyboard.press("Escape")


def dashboard_card(who: Person) -> None:
    """Show the card: three rows high, as high as it likes, and on a whole wall."""
    entities = who.cameras()
    card = {"type": "custom:vtrack-nvr-card", "cameras": entities[:1]}
    low = {**card, "grid_options": {"columns": 12, "rows": 3}}
    four = {**card, "cameras": entities[:4], "title": "Around the house"}
    sections = [{"type": "grid", "cards": [each]} for each in (low, card, four)]
    who.lovelace(
        "cameras",
        [
            {
                "title": "Cards",
                "path": "cards",
                "type": "sections",
                "sections": sections,
            },
            {"title": "Wall", "path": "wall", "type": "panel", "cards": [four]},
        ],
    )
    for view in ("cards", "wall"):
        who.open(f"nvr-cameras/{view}", "vtrack-card-view")
        expect(who.page.locator("vtrack-card-view [aria-busy=true]")).to_have_count(
            0, timeout=PATIENCE_MS
        )
        loading = who.page.locator("vtrack-player-tile .spinner")
        expect(loading).to_have_count(0, timeout=PATIENCE_MS)
        who.look_both(f"dashboard card {view}")


@contextmanager
def _moved(who: Person) -> Iterator[None]:
    kept = who.world.media / "vtrack_nvr"
    aside = who.world.media / "aside"
    kept.rename(aside)
    try:
        yield
    finally:
        aside.rename(kept)


def dashboard_storage_away(who: Person) -> None:
    """Show what every page says while the storage is gone."""
    with _moved(who):
        open_page(who, "overview")
        who.see("does not answer. Lists work")
        for page in ("overview", "recordings", "storage"):
            open_page(who, page)
            who.look_both(f"dashboard storage away {page}")
    expect(who.page.locator(f"{PANEL} .notice.bad")).to_have_count(
        0, timeout=PATIENCE_MS
    )


def dashboard_socket_lost(who: Person) -> None:
    """Lose the connection and get it back: what was there stays, and says so."""
    open_page(who, "overview")
    who.page.context.set_offline(True)
    who.page.evaluate(
        "document.querySelector('home-assistant').hass.connection.socket.close()"
    )
    banner = who.page.locator(f"{PANEL} .banner")
    banner.wait_for(timeout=PATIENCE_MS)
    who.look_both("dashboard socket lost")
    who.page.context.set_offline(False)
    expect(banner).to_have_count(0, timeout=PATIENCE_MS)
    who.look("dashboard socket back")


def dashboard_other_people(who: Person) -> None:
    """Show the panel in German, from right to left, with forced colours and without motion."""
    page = who.page
    for language in ("de", "he"):
        who.speak(language)
        for name in ("overview", "timeline", "recordings", "storage"):
            open_page(who, name)
            who.look(f"dashboard {language} {name}")
    who.speak("en")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    for name in ("overview", "timeline", "recordings", "sync", "storage"):
        open_page(who, name)
        who.look(f"dashboard forced colours {name}")
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")


SCENES = (
    dashboard_pages,
    dashboard_filters,
    dashboard_bulk,
    dashboard_export,
    dashboard_share,
    dashboard_by_keyboard,
    dashboard_card,
    dashboard_other_people,
    dashboard_socket_lost,
    dashboard_storage_away,
)
