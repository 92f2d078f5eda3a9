"""Keeps a picture of every screen we own; run by `browser.py` with Playwright.

A scene that fails is told and keeps a picture of where it stood; the others go on.
"""

from collections.abc import Callable
import json
import os
import sys

from playwright.sync_api import Error

from scripts.demo_lib import (
    browser_scenes_home,
    browser_scenes_settings,
    browser_scenes_setup,
)
from scripts.demo_lib.browser_person import Person, person

type Scene = Callable[[Person], None]

SCENES: tuple[Scene, ...] = (
    *browser_scenes_setup.SCENES,
    *browser_scenes_settings.SCENES,
    *browser_scenes_home.SCENES,
)


def main() -> None:
    """Play all scenes, or those named; one line for each, and for each thing that is wrong."""
    told = json.loads(os.environ["WALK"])
    wanted = sys.argv[1:]
    with person(told, is_phone=told.get("phone", False)) as who:
        who.sign_in()
        for scene in SCENES:
            name = scene.__name__
            if wanted and name not in wanted:
                continue
            try:
                scene(who)
            except Error as error:
                who.look(f"failed {name}")
                who.wrong.append(f"{name}: {str(error).splitlines()[0]}")
            who.tell(name.replace("_", " "), picture=False)
        for line in who.wrong:
            print(json.dumps({"wrong": line}), flush=True)


if __name__ == "__main__":
    main()
