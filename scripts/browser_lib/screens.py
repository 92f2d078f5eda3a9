"""`scripts/browser --screens`: a picture of every screen we own, and nothing raw on any."""

import os
from pathlib import Path
import re
import shutil

import aiohttp

from ..demo_lib import big, loopback_only
from ..demo_lib.config_dir import ConfigDir
from ..demo_lib.home_assistant import PASSWORD, USER
from ..demo_lib.log_proof import wrong_in_log
from ..demo_lib.ports import free_port
from ..demo_lib.say import say
from ..demo_lib.simulator import LOOPBACK
from ..demo_lib.stage import add_devices, first_sync, home, simulated
from . import guest
from .film_proof import wrong_in_film
from .run import device, play

NETWORK = "cameras"
ADDRESS = "10.77.0.1"
SETTING_UP = frozenset(
    {
        "searching_and_finding",
        "mistakes_of_address",
        "live_only",
        "certificate",
        "signing_in",
    }
)
"""Scenes that add devices themselves; where none is played, all devices are there before."""
BIG_SCENES = ("big_house",)


async def keep_big_screens(folder: Path, pictures: Path, *, is_phone: bool) -> int:
    """Play the scenes of the house with 32 cameras; the number of things that are wrong."""
    async with (
        simulated(folder, big.SCENARIO) as simulator,
        aiohttp.ClientSession() as session,
    ):
        config = ConfigDir(folder / "config", free_port())
        async with big.big_home(config, session, simulator) as running:
            told = {
                "user": USER,
                "password": PASSWORD,
                "nvrs": [device(nvr) for nvr in simulator.nvrs],
                "control": simulator.control,
                "media": str(config.media),
                "pictures": str(pictures),
                "phone": is_phone,
                "axe": os.environ.get("AXE", ""),
                "url": running.url,
            }
            lines = await play("gallery.py", told, folder, *BIG_SCENES)
        wrong = [line["wrong"] for line in lines if "wrong" in line]
        wrong += wrong_in_log(config.log)
    return _say_result(wrong, len(lines), pictures, config)


_REFUSAL = re.compile(r"Error during service call to vtrack_nvr\.\w+: Unauthorized\s*$")
_AUTOMATIONS = "automation: !include automations.yaml\n"


def _automations(config: ConfigDir) -> None:
    """Make the file that the editor of automations writes to."""
    config.folder.mkdir(parents=True, exist_ok=True)
    (config.folder / "automations.yaml").write_text("[]\n", encoding="utf-8")


async def keep_screens(
    folder: Path, pictures: Path, scenes: list[str], *, is_phone: bool
) -> int:
    """Play all scenes, or those named; the number of things that are wrong."""
    has_network = loopback_only.add_network(NETWORK, ADDRESS)
    if not has_network:
        say("This machine allows no network for multicast: nothing will be found by it")
    host = ADDRESS if has_network else LOOPBACK
    async with (
        simulated(folder, "demo", host) as simulator,
        simulated(folder, "tls-self-signed") as secure,
        aiohttp.ClientSession() as session,
    ):
        networks = (NETWORK,) if has_network else ()
        config = ConfigDir(folder / "config", free_port(), networks, more=_AUTOMATIONS)
        _automations(config)
        told = {
            "user": USER,
            "password": PASSWORD,
            "nvrs": [device(nvr) for nvr in simulator.nvrs],
            "tls": device(secure.nvrs[0]),
            "control": simulator.control,
            "media": str(config.media),
            "pictures": str(pictures),
            "phone": is_phone,
            "axe": os.environ.get("AXE", ""),
        }
        own = [guest.MADE if scene in guest.SCENES else scene for scene in scenes]
        async with home(config, session) as running_home:
            told["url"] = running_home.url
            if scenes and not SETTING_UP.intersection(scenes):
                await add_devices(running_home.api, simulator.nvrs)
                await first_sync(running_home.api)
            lines = await play("gallery.py", told, folder, *own)
        entity_id = next((line["guest"] for line in lines if "guest" in line), None)
        if entity_id:
            guest.let_in(config, entity_id)
            login = {"user": guest.NAME.lower(), "password": guest.PASSWORD}
            async with home(config, session) as running_home:
                told |= {"url": running_home.url, "is_guest": True, **login}
                told["house"] = next(line["house"] for line in lines if "house" in line)
                theirs = [scene for scene in scenes if scene in guest.SCENES]
                lines += await play("gallery.py", told, folder, *theirs)
        wrong = [line["wrong"] for line in lines if "wrong" in line]
        wrong += [w for line in lines for w in wrong_in_film(line.get("film"))]
        # Scenes break devices and storage on purpose; what we log of that is a warning.
        # What a guest is refused is an error to Home Assistant, and what we want to see.
        wrong += [w for w in wrong_in_log(config.log) if not _REFUSAL.search(w)]
    return _say_result(wrong, len(lines), pictures, config)


def _say_result(
    wrong: list[str], scenes: int, pictures: Path, config: ConfigDir
) -> int:
    for line in wrong:
        print(f"✗ {line}")
    print(f"{'✗' if wrong else '✓'} {scenes} scenes; pictures in {pictures}")
    if wrong:
        shutil.copy(config.log, pictures)
    return len(wrong)
