"""Somebody who may look at one camera and no more: what Home Assistant's own pages cannot set."""

import json

from ..demo_lib.config_dir import ConfigDir

NAME = "Guest"
PASSWORD = "guest"  # only ever reachable on loopback
SCENES = frozenset({"person_with_one_camera", "one_camera_everywhere"})
"""What the guest does; each of them needs the guest to be made first."""
MADE = "guest_is_made"
_GROUP = "one-camera"


def let_in(config: ConfigDir, entity_id: str) -> None:
    """Let the guest read one entity; Home Assistant does not run meanwhile."""
    path = config.folder / ".storage" / "auth"
    store = json.loads(path.read_text(encoding="utf-8"))
    policy = {"entities": {"entity_ids": {entity_id: {"read": True}}}}
    group = {"id": _GROUP, "name": "One camera", "policy": policy}
    store["data"]["groups"].append(group)
    for user in store["data"]["users"]:
        if user["name"] == NAME:
            user["group_ids"] = [_GROUP]
    path.write_text(json.dumps(store), encoding="utf-8")
