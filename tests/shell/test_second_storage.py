"""Older clips go to a second storage: the form, the settings, and the clip itself."""

import asyncio
from collections.abc import AsyncIterator
import os
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from homeassistant.components.media_source import async_resolve_media
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vtrack_nvr import async_migrate_entry
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.library.upkeep_values import RoomTrouble
from custom_components.vtrack_nvr.core.library.values import (
    GIGABYTE,
    LibraryEvent,
    LibraryEventKind,
    Retention,
)
from custom_components.vtrack_nvr.flows.forms import CAMERA_DEFAULTS
from custom_components.vtrack_nvr.runtime.hub import HUB
from custom_components.vtrack_nvr.runtime.settings import camera_retention
from tests.insides import store_of
from tests.shell.flow_steps import change_camera, is_closed, suggested
from tests.shell.rig import MakeWhole, clips_below, sync, until

SECTIONS = ("events_section", "source_section", "copying_section", "second_section")
SHORT_DAYS = "custom_components.vtrack_nvr.core.library.index.transfer_rows.DAY_MS"
"""All clips are old enough by then."""


@pytest.fixture
def nas(hass: HomeAssistant, media_dir: Path, tmp_path: Path) -> Path:
    """Return a second media dir."""
    folder = tmp_path / "nas"
    folder.mkdir()
    hass.config.media_dirs["nas"] = str(folder)
    return folder


@pytest.fixture
async def entry(
    hass: HomeAssistant, nas: Path, whole: MakeWhole
) -> AsyncIterator[MockConfigEntry]:
    """Return one camera whose recordings are fetched when they are asked for."""
    _, entry = await whole()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await change_camera(hass, entry, next(iter(entry.subentries)))


def folders(result: Any) -> list[str]:
    """Return the folders that a form offers for older clips."""
    field = result["data_schema"].schema["second_section"].schema.schema
    return [item["value"] for item in field["second_storage"].config["options"]]


async def send(
    hass: HomeAssistant, result: Any, days: int = 30, **second: Any
) -> dict[str, Any]:
    """Send a form as it is shown but for the section of the second storage."""
    values = {section: suggested(result, section) for section in SECTIONS}
    values["second_section"] |= second
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {**suggested(result), **values, "retention_days": days}
    )
    await hass.async_block_till_done()
    return result


async def wanted(hass: HomeAssistant) -> Retention:
    """Return what the library was told about the camera."""
    [camera] = await hass.data[HUB].library.browse.cameras()
    return camera.retention


async def root_of(hass: HomeAssistant, folder: Path) -> int:
    roots = await hass.data[HUB].library.roots()
    return next(root.id for root in roots if root.path == folder and root.is_current)


async def test_a_second_storage_is_chosen_and_given_up_in_the_form(
    hass: HomeAssistant, entry: MockConfigEntry, media_dir: Path, nas: Path
) -> None:
    result = await form(hass, entry)
    assert is_closed(result, "second_section")
    assert folders(result) == ["none", str(nas)], "not the one that is in use"
    assert suggested(result, "second_section") == {
        "second_storage": "none",
        "second_after": 7,
    }
    result = await send(hass, result, second_storage=str(nas), second_after=2)
    assert result["reason"] == "reconfigure_successful"
    [subentry] = entry.subentries.values()
    assert subentry.data["second_storage"] == str(nas)
    assert subentry.data["second_after"] == 2
    root_id = await root_of(hass, nas)
    assert await wanted(hass) == Retention(
        days=30, move_after_days=2, move_to_root=root_id
    )
    first, _ = await hass.data[HUB].library.roots()
    assert first.path == media_dir, "new clips stay there"

    result = await form(hass, entry)
    assert not is_closed(result, "second_section")
    await send(hass, result, second_storage="none")
    assert await wanted(hass) == Retention(days=30)
    assert [root.path for root in await hass.data[HUB].library.roots()] == [media_dir]


async def test_a_storage_that_is_of_no_use_is_told_in_the_form(
    hass: HomeAssistant, entry: MockConfigEntry, nas: Path
) -> None:
    result = await form(hass, entry)
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.os.access", return_value=False
    ):
        result = await send(hass, result, second_storage=str(nas))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "storage_read_only"}
    assert suggested(result, "second_section")["second_storage"] == str(nas)
    media_dirs = dict(hass.config.media_dirs)
    hass.config.media_dirs.pop("nas")
    result = await send(hass, result)
    assert result["errors"] == {"base": "storage_missing"}
    hass.config.media_dirs |= media_dirs
    result = await send(hass, result, days=7)
    assert result["errors"] == {"base": "second_too_late"}
    await asyncio.to_thread(nas.rmdir)  # made when it is needed, as at set-up
    result = await send(hass, result, days=0)
    assert result["reason"] == "reconfigure_successful"


async def test_a_storage_that_is_away_stays_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, nas: Path
) -> None:
    await send(hass, await form(hass, entry), second_storage=str(nas))
    hass.config.media_dirs.pop("nas")
    result = await form(hass, entry)
    assert folders(result) == ["none", str(nas)]
    result = await send(hass, result, second_after=3)
    assert result["reason"] == "reconfigure_successful"
    assert (await wanted(hass)).move_after_days == 3


def test_settings_become_limits() -> None:
    data = {**CAMERA_DEFAULTS, "retention_days": 0, "retention_gb": 2}
    assert camera_retention(data, None) == Retention(max_bytes=2 * GIGABYTE)
    older = {key: data[key] for key in ("retention_days", "retention_gb")}
    assert camera_retention(older, None) == Retention(max_bytes=2 * GIGABYTE)
    data |= {"second_after": 9}
    assert camera_retention(data, 5) == Retention(
        max_bytes=2 * GIGABYTE, move_after_days=9, move_to_root=5
    )


async def test_an_older_clip_goes_to_the_second_storage_and_is_played(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    media_dir: Path,
    nas: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    assert (await sync(hass))["complete"]
    before = {path.name: path.read_bytes() for path in clips_below(media_dir)}
    assert len(before) == 2
    library = hass.data[HUB].library
    await send(
        hass,
        await form(hass, entry),
        days=0,
        second_storage=str(nas),
        second_after=1,
    )
    root_id = await root_of(hass, nas)
    await until(hass, lambda: root_id in store_of(library).settled)
    with patch(SHORT_DAYS, 1):
        assert await asyncio.to_thread(library.care.mover.run) == 2
    assert {path.name: path.read_bytes() for path in clips_below(nas)} == before
    assert len(clips_below(media_dir)) == 0

    client = await hass_client()
    page = await library.browse.recent(10)
    assert {clip.root_id for clip in page} == {root_id}
    for clip in page:
        played = await async_resolve_media(
            hass, f"media-source://{DOMAIN}/clip/{clip.id}", None
        )
        answer = await client.get(played.url, params={"original": "1"})
        assert await answer.read() == before[Path(clip.path).name]


async def test_a_second_storage_that_goes_away_is_told_and_waited_for(
    hass: HomeAssistant, entry: MockConfigEntry, media_dir: Path, nas: Path
) -> None:
    assert (await sync(hass))["complete"]
    await send(hass, await form(hass, entry), days=0, second_storage=str(nas))
    library = hass.data[HUB].library
    root_id = await root_of(hass, nas)
    await until(hass, lambda: root_id in store_of(library).settled)
    await asyncio.to_thread(shutil.rmtree, nas)
    await asyncio.to_thread(nas.mkdir)
    issue = (DOMAIN, f"storage_missing_{root_id}")
    with patch(SHORT_DAYS, 1):
        assert await asyncio.to_thread(library.care.mover.run) == 0
    assert len(clips_below(media_dir)) == 2
    assert await asyncio.to_thread(os.listdir, nas) == [], (
        "nothing is written to what is not ours"
    )
    await until(hass, lambda: issue in ir.async_get(hass).issues)


async def test_a_camera_that_copied_neither_copies_nor_moves(
    hass: HomeAssistant, nas: Path
) -> None:
    """What an earlier version was told to copy nobody said may leave its place."""
    ways = {"1": "copy", "2": "move"}
    old = MockConfigEntry(
        domain=DOMAIN,
        version=1,
        minor_version=2,
        data={"seen": None},
        subentries_data=[
            ConfigSubentryData(
                data={"second_storage": str(nas), "second_way": way},
                subentry_type="camera",
                title=number,
                unique_id=number,
            )
            for number, way in ways.items()
        ],
    )
    old.add_to_hass(hass)
    assert await async_migrate_entry(hass, old)
    assert (old.version, old.minor_version) == (1, 3)
    assert {item.unique_id: dict(item.data) for item in old.subentries.values()} == {
        "1": {"second_storage": "none"},
        "2": {"second_storage": str(nas)},
    }


@pytest.mark.parametrize(
    ("trouble", "issue"),
    [
        (RoomTrouble.NOT_FREED, "room_not_freed"),
        (RoomTrouble.REFUSED, "room_refused"),
        (RoomTrouble.NOT_MOVED, "room_not_moved"),
    ],
)
async def test_why_a_storage_gets_no_room_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, trouble: RoomTrouble, issue: str
) -> None:
    library = hass.data[HUB].library
    root = store_of(library).guard.roots()[0]
    told = (DOMAIN, f"{issue}_{root.id}")
    root.room = trouble
    store_of(library).tell(LibraryEvent(LibraryEventKind.RETENTION, root_id=root.id))
    await until(hass, lambda: told in ir.async_get(hass).issues)
    found = ir.async_get(hass).issues[told]
    assert found.translation_placeholders["path_plain"] == str(root.path)
    root.room = None
    store_of(library).tell(LibraryEvent(LibraryEventKind.RETENTION, root_id=root.id))
    await until(hass, lambda: told not in ir.async_get(hass).issues)
