"""What tests of the whole integration share: one NVR set up, and steps with it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN

type Whole = tuple[Any, MockConfigEntry]
"""A simulated NVR and its entry, which is loaded."""

type MakeWhole = Callable[..., Awaitable[Whole]]
"""Set up the first NVR of a scenario: `await whole("nvr16", mode="on_demand")`."""


def clips_below(folder: Path, pattern: str = "*.mp4") -> list[Path]:
    """Return the clips of the library, in order; exports lie in a hidden folder."""
    return sorted(
        path
        for path in folder.rglob(pattern)
        if path.suffix == ".mp4" and path.parent.name != ".exports"
    )


async def until(
    hass: HomeAssistant, holds: Callable[[], bool], seconds: float = 20
) -> None:
    """Wait for something the engine does in its own time."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.05)
            await hass.async_block_till_done()


async def sync(hass: HomeAssistant) -> dict[str, Any]:
    """Fetch all there is and return the answer."""
    answer = await hass.services.async_call(
        DOMAIN, "sync", {"full": True}, blocking=True, return_response=True
    )
    await hass.async_block_till_done()
    assert answer is not None
    return answer
