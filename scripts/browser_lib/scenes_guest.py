"""Pictures of the panel as a person sees it who may look at one camera only."""

import json

from playwright.sync_api import Error, expect

from scripts.browser_lib import guest

from .person import PATIENCE_MS, Person
from .scenes_automation import house_of
from .scenes_dashboard import PANEL, open_page


def guest_is_made(who: Person) -> None:
    """Make the guest; the camera is theirs after the next start."""
    made = who.call({"type": "config/auth/create", "name": guest.NAME})
    login = {
        "user_id": made["user"]["id"],
        "username": guest.NAME.lower(),
        "password": guest.PASSWORD,
    }
    who.call({"type": "config/auth_provider/homeassistant/create", **login})
    house = house_of(who)
    print(json.dumps({"guest": house["mine"], "house": house}), flush=True)


def person_with_one_camera(who: Person) -> None:
    """See one camera, and nothing that deletes, pauses or sets up."""
    open_page(who, "overview")
    tiles = who.page.locator(f"{PANEL} vtrack-camera-tile")
    expect(tiles).to_have_count(1, timeout=PATIENCE_MS)
    for page in ("overview", "timeline", "recordings", "exports", "sync", "storage"):
        open_page(who, page)
        who.look_both(f"guest {page}")
        for text in ("Delete", "Pause", "Add NVR"):
            button = who.page.locator(f"{PANEL} button", has_text=text)
            if button.count():
                who.wrong.append(f"a guest is offered {text} on {page}")
    clips = who.call({"type": "vtrack_nvr/clips/list"})["clips"]
    for what in ({"type": "vtrack_nvr/clips/delete"}, {"type": "vtrack_nvr/pause"}):
        ids = {"ids": [clip["id"] for clip in clips]} if "clips" in what["type"] else {}
        try:
            who.call({**what, **ids})
        except Error:
            continue
        who.wrong.append(f"a guest may do {what['type']}")


SCENES = (guest_is_made,)
GUEST_SCENES = (person_with_one_camera,)
