"""One person at one screen: finds buttons by what they say, and keeps pictures.

Run by Playwright's own Python, which has no other packages.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import re
import time
from typing import Any

from playwright.sync_api import (
    Browser,
    Error,
    Locator,
    Page,
    Playwright,
    sync_playwright,
)

from .world import World

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_MS = 180_000
"""A busy machine makes a scene slower, not red."""
SETTLE_MS = 700
"""Home Assistant's dialogs take a third of a second to open."""

_SHOWN_TEXT = """
root => {
  const skip = new Set(["STYLE", "SCRIPT", "TEMPLATE"]);
  const text = node => {
    if (node.nodeType === 3) return node.textContent;
    if (skip.has(node.tagName)) return "";
    const inside = node.shadowRoot ? [...node.shadowRoot.childNodes] : [];
    return [...inside, ...node.childNodes].map(text).join(" ");
  };
  return text(root).replace(/\\s+/g, " ");
}
"""
_FOCUSED = """
() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute("aria-label") || at?.textContent?.trim() || "";
}
"""
_AXE = """
async () => {
  const ours = [];
  const search = root => {
    for (const element of root.querySelectorAll("*")) {
      if (/^vtrack-(nvr-panel|card-view)$/.test(element.localName)) ours.push(element);
      else if (element.shadowRoot) search(element.shadowRoot);
    }
  };
  search(document);
  const found = [];
  for (const element of ours)
    found.push(...(await axe.run(element, {resultTypes: ["violations"]})).violations);
  return found
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `axe: ${each.id} at ${each.nodes[0].target.flat().join(" ")}`);
}
"""
_RAW_KEY = re.compile(
    r"\bcomponent\.[\w.]+|\bui\.[a-z]\w*\.[\w.]+|\{\w+\}|\bundefined\b"
)
_FIELD_NAME = re.compile(r"(?<![\w./:-])[a-z]+(?:_[a-z]+)+(?![\w./:-])")


class Person:
    """Signs in, looks and clicks; tells each step as a line of JSON."""

    def __init__(self, page: Page, told: dict[str, Any]) -> None:
        self.page = page
        self.told = told
        self.url: str = told["url"]
        self.world = World(told)
        self.pictures = Path(told["pictures"])
        self.began = time.monotonic()
        self.clicks = 0
        self.wrong: list[str] = []
        self._number = 0
        path = told.get("axe", "")
        self._axe = Path(path).read_text(encoding="utf-8") if path else ""

    def tell(self, step: str, *, submit: int = 0, picture: bool = True) -> None:
        """Report a step and keep a picture of where it led."""
        now = time.time()
        if picture:
            self.look(step)
        line = {
            "step": step,
            "seconds": time.monotonic() - self.began,
            "at": now,
            "submit": submit,
            "clicks": self.clicks,
        }
        print(json.dumps(line), flush=True)
        self.clicks = 0

    def look(self, name: str, of: Page | None = None) -> None:
        """Keep a picture; note what a person should never see in a dialog."""
        self._number += 1
        safe = re.sub(r"\W+", "-", name)
        path = self.pictures / f"{self._number:02d}-{safe}.png"
        (of or self.page).screenshot(path=path)
        for dialog in self.page.locator("dialog-data-entry-flow").all():
            shown = dialog.evaluate(_SHOWN_TEXT)
            for pattern in (_RAW_KEY, _FIELD_NAME):
                self.wrong += [f"{name}: shows {raw}" for raw in pattern.findall(shown)]

    def look_both(self, name: str) -> None:
        """Keep a picture in each theme, and let axe look at it."""
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme)
            self.page.wait_for_timeout(SETTLE_MS)
            self.look(f"{name} {theme}")
            self._let_axe_look(f"{name} {theme}")
        self.page.emulate_media(color_scheme="light")

    def _let_axe_look(self, name: str) -> None:
        """Note what axe finds seriously wrong with our own elements."""
        if not self._axe:
            return
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(self._axe)
        for line in self.page.evaluate(_AXE):
            self.wrong.append(f"{name}: {line}")

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Wait until something holds; raise Playwright's error if it never does."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not holds():
            if time.monotonic() > end:
                raise Error(otherwise)
            self.page.wait_for_timeout(200)

    def tab_to(self, label: str, *, most: int) -> None:
        """Press Tab until something is in focus whose name begins so."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if str(self.page.evaluate(_FOCUSED)).startswith(label):
                return
        raise Error(f"{label} is not reached with {most} tabs")

    def speak(self, language: str) -> None:
        """Choose the language of the person, as the profile does, and load the page anew."""
        value = {"language": language, "number_format": "language"}
        self.call({"type": "frontend/set_user_data", "key": "language", "value": value})
        self.page.evaluate(
            "language => localStorage.setItem('selectedLanguage', JSON.stringify(language))",
            language,
        )
        self.page.reload()
        self._find("home-assistant")

    def sign_in(self) -> None:
        """Open the integrations as the owner."""
        dashboard = "config/integrations/dashboard"
        self.enter(dashboard, "ha-config-integrations-dashboard")

    def enter(self, path: str, wait_for: str) -> None:
        """Open a page as somebody who has to sign in first."""
        page = self.page
        page.goto(f"{self.url}/{path}")
        page.locator("input[name=username]").fill(self.told["user"])
        page.locator("input[name=password]").fill(self.told["password"])
        page.keyboard.press("Enter")
        self._find(wait_for)

    def open(self, path: str, wait_for: str = "") -> None:
        """Go to a page of Home Assistant, and wait for an element there."""
        self.page.goto(f"{self.url}/{path}")
        self._find(wait_for or "home-assistant")

    def _find(self, element: str) -> None:
        # Not "visible": on a phone some of these have no size of their own.
        there = self.page.locator(element).first
        there.wait_for(state="attached", timeout=PATIENCE_MS)
        self.page.wait_for_timeout(2 * SETTLE_MS)

    def add_integration(self) -> None:
        """Say that VTrack NVR is to be set up."""
        self.open("config/integrations/dashboard/add?domain=vtrack_nvr", "ha-button")
        self.tell("asked")
        self.click("OK")

    def click(self, text: str) -> None:
        """Press the button that says so."""
        button = self.page.locator("ha-button", has_text=text)
        button.last.click(timeout=PATIENCE_MS)
        self.clicks += 1

    def press(self, what: Locator) -> None:
        """Press anything else."""
        what.click(timeout=PATIENCE_MS)
        self.clicks += 1
        self.page.wait_for_timeout(SETTLE_MS)

    def see(self, text: str, patience_ms: int = PATIENCE_MS) -> None:
        """Wait until a text is there, and for it to come to rest."""
        self.page.get_by_text(text).first.wait_for(timeout=patience_ms)
        self.page.wait_for_timeout(SETTLE_MS)

    def fill(self, *values: str) -> None:
        """Fill the text fields of the form, from the first on."""
        fields = self.page.locator("dialog-data-entry-flow ha-selector-text input")
        for number, value in enumerate(values):
            fields.nth(number).fill(value)

    def scroll_dialog(self, pixels: int) -> None:
        """Turn the wheel over the dialog."""
        size = self.page.viewport_size or {"width": 1000, "height": 800}
        self.page.mouse.move(size["width"] / 2, size["height"] / 2)
        self.page.mouse.wheel(0, pixels)
        self.page.wait_for_timeout(SETTLE_MS)

    def open_sections(self) -> None:
        """Open every closed section of the form."""
        sections = self.page.locator("dialog-data-entry-flow ha-expansion-panel")
        for section in sections.all():
            if section.get_attribute("expanded") is None:
                section.locator("[role=button]").first.click()
                self.clicks += 1
        self.page.wait_for_timeout(SETTLE_MS)

    def close_dialog(self) -> None:
        """Leave a dialog as the cross in its corner does."""
        self.page.keyboard.press("Escape")
        self.page.wait_for_timeout(SETTLE_MS)

    def call(self, message: dict[str, Any]) -> Any:
        """Ask Home Assistant over the page's own WebSocket."""
        return self.page.evaluate(
            "message => document.querySelector('home-assistant').hass.callWS(message)",
            message,
        )

    def cameras(self) -> list[str]:
        """Return the live entities of our cameras."""
        entities = self.call({"type": "config/entity_registry/list"})
        ours = [each for each in entities if each["platform"] == "vtrack_nvr"]
        return [
            each["entity_id"]
            for each in ours
            if each["entity_id"].startswith("camera.")
            and each["unique_id"].endswith("_live")
        ]

    def lovelace(self, name: str, views: list[dict[str, Any]]) -> None:
        """Make a dashboard of Home Assistant with these views, or change it."""
        path = f"nvr-{name}"
        dashboards = self.call({"type": "lovelace/dashboards/list"})
        if all(each["url_path"] != path for each in dashboards):
            made = {"url_path": path, "mode": "storage", "title": name.title()}
            self.call({"type": "lovelace/dashboards/create", **made})
        config = {"views": views}
        self.call({"type": "lovelace/config/save", "url_path": path, "config": config})

    def entry_of(self, title: str) -> str:
        """Return the id of the entry of a device."""
        entries = self.call({"type": "config_entries/get", "domain": "vtrack_nvr"})
        return next(e["entry_id"] for e in entries if e["title"] == title)

    def reload(self, entry_id: str) -> None:
        """Start an entry again, and wait until its cameras were looked at."""
        self.page.evaluate(
            "path => document.querySelector('home-assistant').hass.callApi('POST', path)",
            f"config/config_entries/entry/{entry_id}/reload",
        )
        self.page.wait_for_timeout(6 * SETTLE_MS)


def launch(playwright: Playwright, told: dict[str, Any]) -> Browser:
    """Start the machine's own Chromium."""
    return playwright.chromium.launch(executable_path=told["chromium"], args=FLAGS)


@contextmanager
def person(told: dict[str, Any], *, is_phone: bool = False) -> Iterator[Person]:
    """Hold somebody with a desktop, or with a phone; a picture is kept of a failure."""
    screen: dict[str, Any] = {"viewport": {"width": 1280, "height": 1000}}
    if is_phone:
        small = {"width": 390, "height": 844}
        screen = {"viewport": small, "is_mobile": True, "has_touch": True}
    with sync_playwright() as playwright:
        browser = launch(playwright, told)
        page = browser.new_page(**screen)
        somebody = Person(page, told)
        try:
            yield somebody
        except Exception:
            page.screenshot(path=somebody.pictures / "failed.png")
            raise
        finally:
            browser.close()
