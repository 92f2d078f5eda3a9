"""One camera is added, changed or removed: the others lose no frame."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
import time

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import until
from tests.simulator.footage import read_frame_numbers

SLOW = 30_000
"""Bytes a second: Hall's forty seconds of footage take long enough to be interrupted."""


@pytest.fixture(autouse=True)
async def _end(hass: HomeAssistant) -> AsyncIterator[None]:
    """Stop as Home Assistant does: whatever records ends there."""
    yield
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await asyncio.sleep(0.1)


def below(folder: Path, camera: str, pattern: str = "*.mp4") -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob(pattern))
        if camera in path.parts and path.is_file() and "journal" not in path.name
    ]


def kept(folder: Path, camera: str) -> list[Path]:
    return [path for path in below(folder, camera) if not path.name.startswith(".")]


async def test_downloads_and_recordings_of_others_go_on(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[3]
    nvr.faults.vanished_channels = ["Attic"]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    ids = {sub.title: sub.subentry_id for sub in entry.subentries.values()}
    for title, settings in (
        ("Hall", {"mode": "everything", "source": "replay"}),
        # One clip: no border of clips so long lies near.
        ("Stairs", {"mode": "everything", "source": "live", "clip_minutes": 10**8}),
    ):
        sub = entry.subentries[ids[title]]
        hass.config_entries.async_update_subentry(
            entry, sub, data={**sub.data, **settings}
        )
    [hall_path] = [c.replay_path for c in nvr.channels if c.spec.name == "Hall"]
    slow = replace(nvr.faults.rtsp, rate_limit_bytes=SLOW)
    nvr.rtsp.path_faults[hall_path] = slow
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    runtime = entry.runtime_data

    def state(title: str) -> str:
        camera = runtime.cameras[ids[title]]
        status = runtime.hub.engine.status().nvrs[runtime.key]
        return str(status.cameras[camera.key].state)

    await until(hass, lambda: state("Stairs") == "recording")
    await until(hass, lambda: bool(below(media_dir, "hall", ".*")))
    [part] = below(media_dir, "hall", ".*")
    begun = part.stat().st_size

    # Added
    nvr.faults.vanished_channels = []
    added = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_USER}
    )
    await hass.config_entries.subentries.async_configure(
        added["flow_id"], added["data_schema"]({})
    )
    await hass.async_block_till_done()
    assert len(runtime.cameras) == 4
    # Changed
    cellar = entry.subentries[ids["Cellar"]]
    hass.config_entries.async_update_subentry(
        entry, cellar, data={**cellar.data, "mode": "events", "retention_days": 3}
    )
    hass.config_entries.async_update_entry(entry, options={"interval": 3})
    await hass.async_block_till_done()
    # Removed
    hass.config_entries.async_remove_subentry(entry, ids["Cellar"])
    await hass.async_block_till_done()
    assert len(runtime.cameras) == 3

    assert entry.runtime_data is runtime
    assert part.exists()  # the download is the one that was under way before
    assert state("Stairs") == "recording"
    await until(hass, lambda: not part.exists() or part.stat().st_size > begun)
    slow.rate_limit_bytes = None
    await until(hass, lambda: len(kept(media_dir, "hall")) == 2, 40)
    frames = [
        shown for clip in kept(media_dir, "hall") for shown in read_frame_numbers(clip)
    ]
    [held] = [
        [tuple(frame) for frame in each["frames"]]
        for each in nvr.ledger().values()
        if each["camera"] == "Hall"
    ]
    assert sorted(frames) == held

    began_ms = time.time() * 1000 - 120_000

    def live_numbers() -> list[int]:
        """Return what the live stream showed; holes are filled from the device."""
        return [
            number
            for clip in kept(media_dir, "stairs")
            for number, moment_ms in read_frame_numbers(clip)
            if moment_ms > began_ms
        ]

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await until(hass, lambda: bool(live_numbers()))
    numbers = live_numbers()
    assert len(numbers) > 20
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
