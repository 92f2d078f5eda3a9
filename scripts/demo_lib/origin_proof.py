"""Home Assistant runs the integration that it was given, and no other."""

import asyncio
from pathlib import Path

from .api import Api
from .say import say

WHEREABOUTS = Path(__file__).parent / "whereabouts"


async def wrong_about_origin(api: Api, domain: str, place: Path) -> list[str]:
    """Tell from where the integration was loaded; return what came from elsewhere."""
    answer = await api.action(WHEREABOUTS.name, "files", {"domain": domain})
    files = [Path(name) for name in answer["files"]]
    real = await asyncio.to_thread(place.resolve)
    inside = [path for path in files if path.is_relative_to(real)]
    say(f"{len(inside)} of {len(files)} modules of {domain} were loaded from {real}")
    if not files:
        return [f"nothing of {domain} was loaded"]
    return [
        f"{path} was loaded, which is not in {real}"
        for path in files
        if path not in inside
    ]
