"""What tests of the whole integration share: one NVR set up, and steps with it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.models import Clip, ClipSource, ClockEra
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.media import encoded

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


async def keep_clip(hass: HomeAssistant, codec: Codec, start_ms: int) -> Clip:
    """Put four seconds of a codec into the library, as live recording does."""
    library = hass.data[DOMAIN].library
    [camera, *_] = await library.browse.cameras()
    plan = SeriesPlan(
        camera.key,
        ClockEra(0, 0, 0),
        ClipSource.LIVE,
        300_000,
        Bounds(),
        check_tables,
    )

    def write() -> None:
        series = ClipSeries(library.ledger.sink(camera.key), plan)
        for gop in encoded.groups(codec, start_ms=start_ms):
            series.write(gop, encoded.video_format(codec), None)
        series.finish()

    await asyncio.to_thread(write)
    window = TimeRange(start_ms, start_ms + 4_000)
    [clip] = await library.ledger.clips(camera.key, window)
    return clip
