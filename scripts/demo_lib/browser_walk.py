"""Adds a device in Chromium as a person does; run by `browser.py` with Playwright.

One line of JSON on standard output for each step: what, seconds so far, wall-clock time,
clicks and submits it took.
"""

import json
import os
from pathlib import Path
import re
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000


class Walk:
    """One person at one screen."""

    def __init__(self, page: Page, told: dict[str, Any]) -> None:
        self.page = page
        self.told = told
        self.pictures = Path(told["pictures"])
        self.began = time.monotonic()
        self.number = 0
        self.clicks = 0

    def tell(self, step: str, *, submit: int = 0, picture: bool = True) -> None:
        """Report a step and keep a picture of where it led."""
        now = time.time()
        if picture:
            self.number += 1
            name = re.sub(r"\W+", "-", step)
            self.page.screenshot(path=self.pictures / f"{self.number}-{name}.png")
        print(
            json.dumps(
                {
                    "step": step,
                    "seconds": time.monotonic() - self.began,
                    "at": now,
                    "submit": submit,
                    "clicks": self.clicks,
                }
            ),
            flush=True,
        )
        self.clicks = 0

    def click(self, text: str) -> None:
        """Press the button of the dialog that says so."""
        self.page.locator("ha-button", has_text=text).last.click(timeout=PATIENCE_MS)
        self.clicks += 1

    def sign_in_to_home_assistant(self) -> None:
        """Open the page of the integrations as the owner."""
        page = self.page
        page.goto(f"{self.told['url']}/config/integrations/dashboard")
        page.locator("input[name=username]").fill(self.told["user"])
        page.locator("input[name=password]").fill(self.told["password"])
        page.keyboard.press("Enter")
        page.locator("ha-integration-list-item, ha-fab, ha-button").first.wait_for(
            timeout=PATIENCE_MS
        )
        page.wait_for_timeout(1500)

    def add_integration(self) -> None:
        """Say that VTrack NVR is to be set up."""
        page = self.page
        self.tell("integrations", picture=True)
        page.goto(
            f"{self.told['url']}/config/integrations/dashboard/add?domain=vtrack_nvr"
        )
        page.wait_for_timeout(1500)
        self.tell("asked")
        self.click("OK")

    def wait_for_form(self, field: str) -> None:
        """Wait until the dialog shows a form with this title."""
        self.page.locator(f"text={field}").first.wait_for(timeout=PATIENCE_MS)
        self.page.wait_for_timeout(500)

    def fill(self, *values: str) -> None:
        """Fill the text fields of the form, from the first on."""
        fields = self.page.locator("ha-selector-text input")
        for number, value in enumerate(values):
            fields.nth(number).fill(value)

    def run(self) -> None:
        """Go all the way from the integrations to the device's cameras."""
        host, port, user, password = self.told["nvr"]
        self.sign_in_to_home_assistant()
        self.add_integration()
        self.wait_for_form("Choose a device")
        self.tell("choose a device")
        self.fill(host, str(port))
        self.click("Next")
        self.tell("address sent", submit=1, picture=False)
        self.wait_for_form("Sign in")
        self.tell("sign in")
        self.fill(user, password)
        self.click("Next")
        self.tell("login sent", submit=1, picture=False)
        self.wait_for_form("What to keep")
        self.tell("what to keep")
        self.page.mouse.move(640, 500)
        self.page.mouse.wheel(0, 4000)
        self.page.wait_for_timeout(500)
        self.tell("what to keep, the end")
        self.click("Submit")
        self.tell("choice sent", submit=1, picture=False)
        self.page.locator("text=Skip and finish").first.wait_for(timeout=PATIENCE_MS)
        self.tell("created")
        self.page.goto(f"{self.told['url']}/config/integrations/integration/vtrack_nvr")
        self.page.wait_for_timeout(4000)
        self.tell("the integration")


def main() -> None:
    """Walk once."""
    told = json.loads(os.environ["WALK"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=told["chromium"], args=FLAGS
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        walk = Walk(page, told)
        try:
            walk.run()
        except Exception:
            page.screenshot(path=Path(told["pictures"]) / "failed.png")
            raise
        finally:
            browser.close()


if __name__ == "__main__":
    main()
