"""Exports that fail, are given up or overtaken by the end."""

# Reads private members: that nothing is left behind is told to nobody.

import asyncio
from datetime import UTC, datetime
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.backup.const import EXCLUDE_FROM_BACKUP
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.archive import exports
from custom_components.vtrack_nvr.core.archive.export_files import PlannedExport
from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import (
    ErrorKind,
    Limit,
    LimitError,
    NvrError,
)
from custom_components.vtrack_nvr.core.intervals import DAY_MS, TimeRange
from tests.shell.rig import MakeWhole, sync


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


async def test_who_stops_waiting_ends_the_export_and_frees_its_clips(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, slow = hass.data[DOMAIN], SlowExport()
    with patch.object(PlannedExport, "write", slow):
        first = hass.async_create_task(
            hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
        )
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        queued = hass.async_create_task(
            hub.archive.exports.make({camera: "b"}, wanted, keep_gaps=True)
        )
        await asyncio.sleep(0)
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
    assert not hub.archive.exports._running


async def test_the_end_of_home_assistant_ends_exports(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, slow = hass.data[DOMAIN], SlowExport()
    with patch.object(PlannedExport, "write", slow):
        making = hass.async_create_task(
            hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
        )
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        await hub.archive.exports.close()
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
        patch.object(PlannedExport, "write", side_effect=full),
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
        patch.object(exports, "REPORT_S", 0),
        patch.object(hub.library.exports, "progress", enter),
    ):
        await hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
        await hass.async_block_till_done()
    assert told
    assert told == sorted(told)
    assert all(0 <= done <= 1 for done in told)


async def test_nobody_waits_for_what_somebody_else_asked_for(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    """Neither another person nor the film of a saved clip, however much one asks for."""
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, slow = hass.data[DOMAIN], SlowExport()
    write = PlannedExport.write

    def make(user: str, **options: Any) -> Any:
        return hub.archive.exports.make(
            {camera: "a"}, wanted, keep_gaps=True, user=user, **options
        )

    with patch.object(PlannedExport, "write", slow):
        greedy = [hass.async_create_task(make("one")) for _ in range(exports.MOST_OPEN)]
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        with pytest.raises(LimitError) as raised:
            await make("one")
        assert raised.value.limit is Limit.EXPORT_QUEUE
        with patch.object(PlannedExport, "write", write):
            others = [await make("two"), await make(""), await make("", is_saved=True)]
        assert all(export.is_ready for export in others)
        for task in greedy:
            task.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)
    assert (await make("one")).is_ready
    assert not hub.archive.exports._lanes


async def test_the_same_again_is_the_same_file(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub = hass.data[DOMAIN]

    def make(user: str = "one", *, keep_gaps: bool = True) -> Any:
        return hub.archive.exports.make(
            {camera: "a"}, wanted, keep_gaps=keep_gaps, user=user, life_ms=DAY_MS
        )

    first, second = await asyncio.gather(make(), make())
    assert first.id == second.id
    assert (await make("two")).id != first.id
    assert (await make(keep_gaps=False)).id != first.id
    await hub.library.exports.remove(first.id)
    assert (await make()).id != first.id


async def test_a_range_that_is_too_long_is_refused_before_any_work(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    week = TimeRange(wanted.start_ms, wanted.start_ms + 7 * DAY_MS)
    with (
        patch.object(exports, "plan_export") as plan,
        pytest.raises(LimitError) as raised,
    ):
        await hass.data[DOMAIN].archive.exports.make(
            {camera: "a"}, week, keep_gaps=True
        )
    assert raised.value.numbers == {"hours": "168.0", "most": "48"}
    plan.assert_not_called()


async def test_exports_lie_on_the_storage_and_nothing_grows_in_the_configuration(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub = hass.data[DOMAIN]
    export = await hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
    assert export.path.is_relative_to(media_dir)
    assert export.path.parent.name == ".exports"
    [clip, *_] = await hub.library.browse.recent(1)
    await hub.archive.pictures.picture(clip.id)
    cache, config = Path(hass.config.cache_path(DOMAIN)), Path(hass.config.config_dir)

    def look() -> tuple[set[Path], set[Path]]:
        made = {
            path
            for path in config.rglob("*")
            if path.suffix in {".jpg", ".mp4", ".zip"}
            and not path.is_relative_to(media_dir)
        }
        inside = {path for path in made if path.is_relative_to(cache)}
        return inside, made - inside

    cached, grown = await hass.async_add_executor_job(look)
    assert cached
    assert not grown
    assert ".cache/*" in EXCLUDE_FROM_BACKUP, "Home Assistant's backups leave it out"


async def test_what_was_made_can_be_listed_and_deleted_by_its_owner(
    hass: HomeAssistant, whole: MakeWhole, hass_admin_user: MockUser
) -> None:
    await whole()
    camera, wanted = await wanted_of(hass)
    hub, user = hass.data[DOMAIN], hass_admin_user
    [entity] = hass.states.async_entity_ids("camera")
    mine = await hub.archive.exports.make(
        {camera: "a"}, wanted, keep_gaps=True, user=user.id
    )
    others = await hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
    user.groups = []
    user.is_owner = False

    async def act(name: str, **data: Any) -> Any:
        return await hass.services.async_call(
            DOMAIN,
            name,
            data,
            blocking=True,
            context=Context(user_id=user.id),
            return_response=name == "list_exports",
        )

    user.mock_policy({})
    assert await act("list_exports") == {"exports": []}
    with pytest.raises(ServiceValidationError):
        await act("delete_export", export_id=mine.id)
    user.mock_policy({"entities": {"entity_ids": {entity: {POLICY_READ: True}}}})
    listed = (await act("list_exports", entity_id=[entity]))["exports"]
    assert {item["export_id"]: item["yours"] for item in listed} == {
        mine.id: True,
        others.id: False,
    }
    assert listed[0]["cameras"] == [camera]
    with pytest.raises(Unauthorized):
        await act("delete_export", export_id=others.id)
    await act("delete_export", export_id=mine.id)
    assert await hub.library.exports.get(mine.id) is None
    assert not mine.path.exists()
    await hass.services.async_call(
        DOMAIN, "delete_export", {"export_id": others.id}, blocking=True
    )
    assert await hub.library.exports.all() == ()
    with patch.object(PlannedExport, "write", SlowExport()) as slow:
        making = hass.async_create_task(
            hub.archive.exports.make({camera: "a"}, wanted, keep_gaps=True)
        )
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        [running] = await hub.library.exports.all()
        with pytest.raises(ServiceValidationError) as raised:
            await hass.services.async_call(
                DOMAIN, "delete_export", {"export_id": running.id}, blocking=True
            )
        assert raised.value.translation_key == "export_being_made"
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
