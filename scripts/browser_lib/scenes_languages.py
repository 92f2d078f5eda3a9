"""Pictures of each language that we speak, and of texts that are wider than their place.

Played only if named: with a desktop's and a phone's width it takes minutes for each language.
"""

from pathlib import Path

from .person import PATIENCE_MS, Person
from .scenes_dashboard import PANEL, open_page
from .scenes_settings import press_camera_settings

FORM = "dialog-data-entry-flow ha-form"
TRANSLATIONS = (
    Path(__file__).parents[2] / "custom_components" / "vtrack_nvr" / "translations"
)
PAGES = ("overview", "timeline", "recordings", "exports", "sync", "storage")
SIZES = {
    "desktop": {"width": 1280, "height": 1000},
    "phone": {"width": 390, "height": 844},
}
_CUT_OFF = """
panel => {
  const found = new Set();
  const scrolls = element => {
    for (let at = element; at && at.localName !== "main"; at = at.parentElement ?? at.getRootNode().host)
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth)
        return true;
    return false;
  };
  const search = root => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) search(element.shadowRoot);
      const wide = element.scrollWidth - element.clientWidth;
      if (element.localName === "main" && wide > 1) found.add(`the page is ${wide} px too wide`);
      const own = [...element.childNodes]
        .filter(node => node.nodeType === 3).map(node => node.textContent.trim()).join(" ").trim();
      if (!own || !element.checkVisibility({ opacityProperty: true })) continue;
      const style = getComputedStyle(element);
      // A text for screen readers alone is cut to one pixel on purpose.
      if (element.clientWidth <= 1 || style.clipPath !== "none") continue;
      const over = element.scrollWidth - element.clientWidth;
      if (over > 1 && style.display !== "inline" && style.textOverflow !== "ellipsis")
        found.add(`${own} (${element.localName}.${element.className}: ${over} px)`);
      else if (over > 1) found.add(`… ${own} (${element.localName}.${element.className}: ${over} px)`);
      const box = element.getBoundingClientRect();
      if (box.width > 1 && box.right > innerWidth + 1 && !scrolls(element))
        found.add(`${own} (ends ${Math.round(box.right - innerWidth)} px beside the screen)`);
    }
  };
  search(panel.shadowRoot ?? panel);
  return [...found];
}
"""


def _show_set_up(who: Person) -> None:
    """Open the first form of the set-up; no button is known by its text here."""
    who.open("config/integrations/dashboard/add?domain=vtrack_nvr", "ha-dialog")
    who.press(who.page.locator("ha-dialog ha-button:visible").last)
    who.page.locator(FORM).first.wait_for(timeout=PATIENCE_MS)


def _look(who: Person, name: str) -> None:
    who.look(name)
    panel = who.page.locator(PANEL)
    who.wrong += [f"{name}: {text}" for text in panel.evaluate(_CUT_OFF)]


def languages(who: Person) -> None:
    """Show the dashboard and a form in each language, on a desktop and on a phone."""
    try:
        for path in sorted(TRANSLATIONS.glob("*.json")):
            who.speak(path.stem)
            for size, viewport in SIZES.items():
                who.page.set_viewport_size(viewport)
                for page in PAGES:
                    open_page(who, page)
                    _look(who, f"language {path.stem} {size} {page}")
                _show_set_up(who)
                who.look(f"language {path.stem} {size} set-up")
                press_camera_settings(who)
                who.page.locator(FORM).first.wait_for(timeout=PATIENCE_MS)
                who.open_sections()
                who.look(f"language {path.stem} {size} camera")
    finally:
        who.speak("en")


SCENES = (languages,)
