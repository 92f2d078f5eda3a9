"""Exports that fail, are given up or overtaken by the end."""

import asyncio
from datetime import UTC, datetime
import threading
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.runtime import exporting
from tests.shell.house import MakeWhole, sync


class SlowExport:
    """Stands in for the making of a file: it takes until it is cancelled."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.ended = 0

    def __call__(self, *_: Any, cancel: CancelToken, **__: Any) -> None:
        self.has_begun.set()
        try:
            assert cancel.event.wait(60)
            cancel.check()
        finally:
            self.ended += 1


async def wanted_of(hass: HomeAssistant) -> tuple[str, TimeRange]:
    """Sync and return a camera and the time it has footage of."""
    await sync(hass)
    [clip, *_] = await hass.data[DOMAIN].library.browse.recent(1)
    return clip.camera, clip.facts.range


async def entered(hub: Any, count: int) -> None:
    """Wait until so many exports are in the book; that is its own database's time."""
    async with asyncio.timeout(60):
        while len(await hub.library.exports.all()) < count:  # noqa: ASYNC110 - no event tells of a row
            await asyncio.sleep(0.01)


async def test_who_stops_waiting_ends_the_export_and_frees_its_clips(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, slow = hass.data[DOMAIN], SlowExport()
    with patch.object(exporting, "export_movie", slow):
        first = hass.async_create_task(
            hub.exports.make({camera: "a"}, wanted, keep_gaps=True)
        )
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        queued = hass.async_create_task(
            hub.exports.make({camera: "b"}, wanted, keep_gaps=True)
        )
        await entered(hub, 2)
        queued.cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued
        assert slow.ended == 0
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert slow.ended == 1
    states = {str(export.state) for export in await hub.library.exports.all()}
    assert states == {"failed"}
    assert not hub.exports._running


async def test_the_end_of_home_assistant_ends_exports(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, slow = hass.data[DOMAIN], SlowExport()
    with patch.object(exporting, "export_movie", slow):
        making = hass.async_create_task(
            hub.exports.make({camera: "a"}, wanted, keep_gaps=True)
        )
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        await hub.exports.close()
        with pytest.raises(NvrError) as raised:
            await making
    assert raised.value.kind is ErrorKind.CANCELLED


async def test_an_export_that_cannot_be_made_is_entered_as_failed_and_said(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    _, wanted = await wanted_of(hass)
    times = {
        "start": datetime.fromtimestamp(wanted.start_ms / 1000, UTC),
        "end": datetime.fromtimestamp(wanted.end_ms / 1000, UTC),
    }
    full = NvrError(ErrorKind.STORAGE_FULL)
    with (
        patch.object(exporting, "export_movie", side_effect=full),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await hass.services.async_call(
            DOMAIN,
            "export",
            {"entity_id": hass.states.async_entity_ids("camera"), **times},
            blocking=True,
        )
    assert raised.value.translation_key == "storage_full"
    [export] = await hass.data[DOMAIN].library.exports.all()
    assert str(export.state) == "failed"


async def test_progress_is_entered_while_a_file_is_being_made(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub = hass.data[DOMAIN]
    told: list[float] = []

    async def enter(_export: int, done: float) -> None:
        told.append(done)

    with (
        patch.object(exporting, "REPORT_S", 0),
        patch.object(hub.library.exports, "progress", enter),
    ):
        await hub.exports.make({camera: "a"}, wanted, keep_gaps=True)
        await hass.async_block_till_done()
    assert told
    assert told == sorted(told)
    assert all(0 <= done <= 1 for done in told)
