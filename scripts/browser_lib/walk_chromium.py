"""Walks through the dashboard in Chromium; run by `dashboard_walk.py` with Playwright.

One line of JSON for each scene, for each thing that was measured, and for each that is wrong.
"""

import json
import os
import sys

from playwright.sync_api import Error

from scripts.browser_lib import scenes_guest, scenes_walk, scenes_walk_chromium
from scripts.browser_lib.person import Person, person
from scripts.browser_lib.scenes_walk_chromium import walker_of
from scripts.browser_lib.walker import WalkError


def main() -> None:
    """Play the scenes that are named, in their order here; all without names."""
    told = json.loads(os.environ["WALK"])
    wanted = sys.argv[1:]
    with person(told) as who:
        if told.get("is_guest", False):
            who.enter("vtrack-nvr", "vtrack-nvr-panel")
            scenes = {each.__name__: each for each in scenes_guest.GUEST_SCENES}
        else:
            who.sign_in()
            own = (*scenes_walk_chromium.SCENES, *scenes_guest.SCENES)
            scenes = {
                **{each.__name__: _by_walker(each) for each in scenes_walk.SCENES},
                **{each.__name__: each for each in own},
            }
        for name, scene in scenes.items():
            if wanted and name not in wanted:
                continue
            try:
                scene(who)
            except (AssertionError, Error, WalkError) as error:
                who.look(f"failed {name}")
                who.wrong.append(f"{name}: {str(error).splitlines()[0]}")
            who.tell(name.replace("_", " "), picture=False)
        for line in who.wrong:
            print(json.dumps({"wrong": line}), flush=True)


def _by_walker(scene: scenes_walk.Scene) -> scenes_walk_chromium.Scene:
    def play(who: Person) -> None:
        scene(walker_of(who))

    return play


if __name__ == "__main__":
    main()
