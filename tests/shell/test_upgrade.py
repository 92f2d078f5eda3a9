"""From version 0.1.0 to this one, and back, and away: nothing is lost, deleted or doubled."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
import io
from pathlib import Path
import sqlite3
from typing import Any

import av
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr.const import CONF_STORAGE, DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.index.opening import newest
from custom_components.vtrack_nvr.core.media.tags import tags_from_metadata
from custom_components.vtrack_nvr.core.models import CameraKey
from tests.shell.conftest import RemoteNvr, SimulatorThread
from tests.shell.rig import sync
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.upgrade.make_library import specs
from tests.upgrade.old_library import OldLibrary, unpack

ALWAYS = TimeRange(0, 2**52)
CLIPS = """
    select clip.id, camera.key, clip.path, start_ms, end_ms, last_frame_ms,
      device_start_ms, size_bytes, sha256, frames, source, is_protected
    from clip join camera on camera.id = camera_id where state = 'complete' order by clip.id
"""
COVERAGE = """
    select camera.key, start_ms, end_ms, state, reason
    from coverage join camera on camera.id = camera_id order by 1, 2
"""


@dataclass
class UpgradeRig:
    """The old library, its devices switched on again, and its entries."""

    library: OldLibrary
    entries: list[MockConfigEntry]


@pytest.fixture
async def rig(
    hass: HomeAssistant, media_dir: Path, socket_enabled: None, footage: FootageStore
) -> AsyncIterator[UpgradeRig]:
    """Return what 0.1.0 left: not started yet, its devices on, on other ports than then."""
    library = await hass.async_add_executor_job(
        unpack, Path(hass.config.config_dir), media_dir
    )
    simulator = SimulatorThread()
    nvrs = {
        spec.serial: RemoteNvr(SimulatedNvr(spec, footage=footage), simulator)
        for spec in specs()
    }
    entries = []
    for stored in library.stored["entries"]:
        nvr = nvrs[stored["data"]["identity"]["serial"]]
        await nvr.start()
        here = {"port": nvr.port, CONF_STORAGE: str(media_dir)}
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=stored["entry_id"],
            title=stored["title"],
            unique_id=stored["unique_id"],
            version=stored["version"],
            minor_version=stored["minor_version"],
            data={**stored["data"], **here},
            options=stored["options"],
            subentries_data=stored["subentries"],
        )
        entry.add_to_hass(hass)
        entries.append(entry)
    register(hass, library.stored)
    yield UpgradeRig(library, entries)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    for nvr in nvrs.values():
        await nvr.stop()
    await simulator.close()


def register(hass: HomeAssistant, stored: dict[str, Any]) -> None:
    """Fill the registries as Home Assistant does when it starts."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    ids = {}
    for device in sorted(
        stored["devices"], key=lambda each: bool(each["via_device_id"])
    ):
        made = devices.async_get_or_create(
            config_entry_id=device["config_entry_id"],
            config_subentry_id=device["config_subentry_id"],
            identifiers={tuple(each) for each in device["identifiers"]},
            connections={tuple(each) for each in device["connections"]},
            name=device["name"],
            via_device_id=ids.get(device["via_device_id"]),
        )
        ids[device["id"]] = made.id
    for entity in stored["entities"]:
        domain, _, object_id = entity["entity_id"].partition(".")
        disabled = entity["disabled_by"]
        entities.async_get_or_create(
            domain,
            entity["platform"],
            entity["unique_id"],
            suggested_object_id=object_id,
            config_entry=hass.config_entries.async_get_entry(entity["config_entry_id"]),
            config_subentry_id=entity["config_subentry_id"],
            device_id=ids[entity["device_id"]],
            disabled_by=er.RegistryEntryDisabler(disabled) if disabled else None,
            has_entity_name=entity["has_entity_name"],
            original_name=entity["original_name"],
        )


async def start(hass: HomeAssistant) -> bool:
    """Start the integration with all entries."""
    is_started = await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return is_started


def issues(hass: HomeAssistant) -> set[str]:
    """Return what people are told to repair."""
    return {
        str(issue.translation_key)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }


def coverage_of(library: OldLibrary) -> list[tuple[Any, ...]]:
    """Return the ledger, which tells nothing where a clip lies."""
    return library.rows(COVERAGE)


# To this version


async def test_a_filled_library_is_taken_over_whole(
    hass: HomeAssistant, rig: UpgradeRig, hass_client: ClientSessionGenerator
) -> None:
    library = rig.library
    before = library.rows(CLIPS)
    ledger = coverage_of(library)
    marks = library.rows("select start_ms, end_ms, class from mark order by 1")
    files = library.files("*.mp4")
    assert len(before) == len(files) == 8
    assert library.rows("pragma user_version") == [(2,)]

    assert await start(hass)
    assert {entry.state for entry in rig.entries} == {ConfigEntryState.LOADED}
    assert library.rows("pragma user_version") == [(newest(),)]
    assert issues(hass) == set()
    answer = await sync(hass)
    assert answer["complete"]
    assert answer["clips"] == 0, "the devices still have it all, and it is kept"

    assert library.files("*.mp4") == files
    assert not list(library.footage.rglob("*.part"))
    assert library.rows(CLIPS) == before
    assert coverage_of(library) == ledger
    found = library.rows("select start_ms, end_ms, class from mark order by 1")
    assert found == marks
    hub = hass.data[DOMAIN]
    assert (await hub.library.care.check()).adopted == 0
    page = await hub.library.browse.search()
    assert sorted((c.id, c.path, c.is_protected) for c in page.clips) == [
        (row[0], row[2], bool(row[11])) for row in before
    ]
    assert [clip.id for clip in page.clips if clip.is_protected] == [2]

    assert await async_setup_component(hass, "http", {})
    client = await hass_client()
    for clip in page.clips:
        answer = await client.get(f"/api/{DOMAIN}/clip/{clip.id}?original")
        assert answer.status == 200
        with av.open(io.BytesIO(await answer.read())) as media:
            tags = tags_from_metadata(media.metadata)
            assert sum(1 for _ in media.decode(video=0)) == clip.facts.frames
        assert tags is not None
        assert tags.camera == clip.camera
        assert tags.utc_start_ms == clip.facts.range.start_ms
        assert tags.device_start_ms == clip.facts.device_start_ms
        assert tags.source == clip.facts.source


async def test_coverage_is_as_before(hass: HomeAssistant, rig: UpgradeRig) -> None:
    kept = rig.library.rows(CLIPS)
    ledger = coverage_of(rig.library)
    assert await start(hass)
    browse = hass.data[DOMAIN].library.browse
    for camera in {row[1] for row in kept}:
        spans = await browse.coverage(CameraKey(camera), ALWAYS)
        told = [(s.range.start_ms, s.range.end_ms, str(s.state)) for s in spans]
        expected = [(row[3], row[4], "kept") for row in kept if row[1] == camera]
        expected += [row[1:4] for row in ledger if row[0] == camera]
        assert told == sorted(expected)


async def test_entries_migrate_and_entities_keep_their_ids(
    hass: HomeAssistant, rig: UpgradeRig
) -> None:
    assert {entry.minor_version for entry in rig.entries} == {2}
    assert await start(hass)
    for entry in rig.entries:
        assert (entry.version, entry.minor_version) == (1, 3)
        assert all("second_way" not in each.data for each in entry.subentries.values())
    registry = er.async_get(hass)
    for entity in rig.library.stored["entities"]:
        found = registry.async_get(entity["entity_id"])
        assert found is not None, entity["entity_id"]
        assert found.unique_id == entity["unique_id"]
        was_enabled = entity["disabled_by"] is None
        assert (found.disabled_by is None) is was_enabled, entity["entity_id"]


# Back to an older version


async def test_an_index_of_a_newer_version_is_told_and_nothing_is_touched(
    hass: HomeAssistant, rig: UpgradeRig
) -> None:
    index = rig.library.index
    with sqlite3.connect(index) as connection:
        connection.execute(f"pragma user_version = {newest() + 1}")
    connection.close()
    database, files = index.read_bytes(), rig.library.files()
    assert not await start(hass)
    assert issues(hass) == {"index_newer"}
    assert index.read_bytes() == database
    assert [path.name for path in index.parent.iterdir()] == [index.name]
    assert rig.library.files() == files
    assert {entry.state for entry in rig.entries} <= {
        ConfigEntryState.NOT_LOADED,
        ConfigEntryState.SETUP_ERROR,
    }


async def test_an_entry_of_a_newer_version_is_refused_and_left_as_it_is(
    hass: HomeAssistant, rig: UpgradeRig
) -> None:
    newer, other = rig.entries
    hass.config_entries.async_update_entry(newer, version=2, minor_version=1)
    data, files = dict(newer.data), rig.library.files("*.mp4")
    assert await start(hass)
    assert newer.state is ConfigEntryState.MIGRATION_ERROR
    assert other.state is ConfigEntryState.LOADED
    assert (newer.version, newer.minor_version, dict(newer.data)) == (2, 1, data)
    assert rig.library.files("*.mp4") == files


# Away


async def test_whoever_removes_everything_keeps_the_footage(
    hass: HomeAssistant, rig: UpgradeRig
) -> None:
    files = rig.library.files("*.mp4")
    assert await start(hass)
    for entry in rig.entries:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries(DOMAIN) == []
    await hass.async_stop(force=True)
    assert rig.library.files("*.mp4") == files
    assert (
        sorted(path.name for path in rig.library.footage.rglob(".journal.jsonl"))
        == [".journal.jsonl"] * 3
    )
