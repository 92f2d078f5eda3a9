"""Adds a device in Chromium as a person does; run by `browser.py` with Playwright.

One line of JSON on standard output for each step: what, seconds so far, wall-clock time,
clicks and submits it took.
"""

import json
import os

from scripts.browser_lib.person import Person, person


def walk(who: Person) -> None:
    """Go all the way from the integrations to the device's cameras."""
    nvr = who.told["nvrs"][0]
    who.sign_in()
    who.tell("integrations")
    who.add_integration()
    who.see("Choose a device")
    who.tell("choose a device")
    who.fill(nvr["host"], str(nvr["port"]))
    who.click("Next")
    who.tell("address sent", submit=1, picture=False)
    who.see("Sign in")
    who.tell("sign in")
    who.fill(nvr["user"], nvr["password"])
    who.click("Next")
    who.tell("login sent", submit=1, picture=False)
    who.see("Choose what to keep")
    who.tell("what to keep")
    who.scroll_dialog(4000)
    who.tell("what to keep, the end")
    who.click("Submit")
    who.tell("choice sent", submit=1, picture=False)
    who.page.get_by_text("Skip and finish").first.wait_for()
    who.tell("created")
    who.open("config/integrations/integration/vtrack_nvr", "ha-config-entry-row")
    who.tell("the integration")


if __name__ == "__main__":
    with person(json.loads(os.environ["WALK"])) as somebody:
        walk(somebody)
