"""`scripts/browser --screens`: a picture of every screen we own, and nothing raw on any."""

from pathlib import Path
import shutil

import aiohttp

from . import loopback_only
from .browser_run import device, play
from .config_dir import ConfigDir
from .home_assistant import PASSWORD, USER
from .log_proof import wrong_in_log
from .ports import free_port
from .say import say
from .simulator import LOOPBACK
from .stage import home, simulated

NETWORK = "cameras"
ADDRESS = "10.77.0.1"


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
        config = ConfigDir(folder / "config", free_port(), networks)
        async with home(config, session) as running_home:
            told = {
                "url": running_home.url,
                "user": USER,
                "password": PASSWORD,
                "nvrs": [device(nvr) for nvr in simulator.nvrs],
                "tls": device(secure.nvrs[0]),
                "control": simulator.control,
                "media": str(config.media),
                "pictures": str(pictures),
                "phone": is_phone,
            }
            lines = await play("browser_gallery.py", told, folder, *scenes)
        wrong = [line["wrong"] for line in lines if "wrong" in line]
        # Scenes break devices and storage on purpose; what we log of that is a warning.
        wrong += wrong_in_log(config.log)
    for line in wrong:
        print(f"✗ {line}")
    print(f"{'✗' if wrong else '✓'} {len(lines)} scenes; pictures in {pictures}")
    if wrong:
        shutil.copy(config.log, pictures)
    return len(wrong)
