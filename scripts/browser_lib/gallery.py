"""Keeps a picture of every screen we own; run by `browser.py` with Playwright.

A scene that fails is told and keeps a picture of where it stood; the others go on.
"""

from collections.abc import Callable
import json
import os
import sys

from playwright.sync_api import Error

from scripts.browser_lib import (
    scenes_automation,
    scenes_big,
    scenes_dashboard,
    scenes_docs,
    scenes_guest,
    scenes_home,
    scenes_languages,
    scenes_settings,
    scenes_setup,
)
from scripts.browser_lib.person import Person, person

type Scene = Callable[[Person], None]

SCENES: tuple[Scene, ...] = (
    *scenes_setup.SCENES,
    *scenes_settings.SCENES,
    *scenes_dashboard.SCENES,
    *scenes_automation.SCENES,
    *scenes_home.SCENES,
    *scenes_guest.SCENES,
)
ON_REQUEST: tuple[Scene, ...] = (
    *scenes_big.SCENES,
    *scenes_docs.SCENES,
    *scenes_languages.SCENES,
)


def main() -> None:
    """Play all scenes, or those named; one line for each, and for each thing that is wrong."""
    told = json.loads(os.environ["WALK"])
    is_guest = told.get("is_guest", False)
    wanted = sys.argv[1:]
    scenes = (*SCENES, *ON_REQUEST) if wanted else SCENES
    if is_guest:
        scenes = (*scenes_guest.GUEST_SCENES, *scenes_automation.GUEST_SCENES)
    if unknown := set(wanted) - {scene.__name__ for scene in scenes}:
        sys.exit(f"no such scene: {', '.join(sorted(unknown))}")
    with person(told, is_phone=told.get("phone", False)) as who:
        if is_guest:
            who.enter("vtrack-nvr", "vtrack-nvr-panel")
        else:
            who.sign_in()
        for scene in scenes:
            name = scene.__name__
            if wanted and name not in wanted:
                continue
            try:
                scene(who)
            except (AssertionError, Error) as error:
                who.look(f"failed {name}")
                who.wrong.append(f"{name}: {str(error).splitlines()[0]}")
            who.tell(name.replace("_", " "), picture=False)
        for line in who.wrong:
            print(json.dumps({"wrong": line}), flush=True)


if __name__ == "__main__":
    main()
