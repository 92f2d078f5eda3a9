"""Settings of the whole installation, and the repair of a storage full of protected clips."""

# Reads private members: the sessions of all NVRs are in no status.

from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.vtrack_nvr.const import (
    CONF_FLOOR,
    CONF_FLOORS,
    CONF_MODE,
    CONF_RETENTION_DAYS,
    CONF_STORAGE,
    CONF_STREAM,
    CONF_TOTAL_SESSIONS,
    DOMAIN,
)
from custom_components.vtrack_nvr.core.library.values import GIGABYTE, LibraryHealth
from custom_components.vtrack_nvr.core.models import Channel, StreamProfile
from custom_components.vtrack_nvr.flows.report import camera_options, proposed_rows
from custom_components.vtrack_nvr.flows.row_fields import settings_of_rows
from custom_components.vtrack_nvr.issues.library import PROTECTED_ISSUE
from custom_components.vtrack_nvr.phrases import Phrases
from custom_components.vtrack_nvr.repairs import ProtectedFlow, async_create_fix_flow
from custom_components.vtrack_nvr.runtime.house import (
    DEFAULT_FLOOR_GB,
    DEFAULT_SESSIONS,
    House,
    HouseStore,
)
from tests.shell.rig import MakeWhole, sync


async def house_step(hass: HomeAssistant, entry_id: str) -> dict[str, Any]:
    flow = await hass.config_entries.options.async_init(entry_id)
    return await hass.config_entries.options.async_configure(
        flow["flow_id"], {"next_step_id": "house"}
    )


async def test_sessions_and_floors_hold_for_the_whole_house(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    _, entry = await whole(mode="on_demand")
    hub = hass.data[DOMAIN]
    options = dict(entry.options)
    form = await house_step(hass, entry.entry_id)
    assert form["step_id"] == "house"
    done = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            CONF_TOTAL_SESSIONS: 4,
            CONF_FLOORS: [{CONF_STORAGE: str(media_dir), CONF_FLOOR: 2}],
        },
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == options
    assert hub.engine._rooms.slots._total == 4
    [root] = await hub.library.roots()
    assert root.floor_bytes == 2 * GIGABYTE
    kept = await HouseStore(hass).async_load()
    assert kept == House(4, {str(media_dir): 2})
    assert kept.floor_bytes("/elsewhere") == DEFAULT_FLOOR_GB * GIGABYTE


async def test_a_floor_higher_than_the_storage_is_refused(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> None:
    _, entry = await whole(mode="on_demand")
    form = await house_step(hass, entry.entry_id)
    again = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            CONF_TOTAL_SESSIONS: 2,
            CONF_FLOORS: [{CONF_STORAGE: str(media_dir), CONF_FLOOR: 100_000}],
        },
    )
    assert again["errors"] == {CONF_FLOORS: "floor_too_high"}


async def test_without_the_library_there_is_nothing_to_set(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    hub = hass.data.pop(DOMAIN)
    try:
        done = await house_step(hass, entry.entry_id)
    finally:
        hass.data[DOMAIN] = hub
    assert done["reason"] == "not_loaded"


def test_what_was_never_chosen_is_as_it_comes() -> None:
    assert House.of_data({}) == House(DEFAULT_SESSIONS, {})


def channel(number: int, width: int, name: str = "Yard") -> Channel:
    profile = StreamProfile("p", "main", "H264", width, 1080)
    return Channel(f"source{number}", number, name, (profile,))


def test_cameras_whose_pictures_differ_get_a_row_each() -> None:
    phrases = Phrases({})
    alike = [channel(1, 1920, "A"), channel(2, 1920, "B")]
    assert proposed_rows(alike, camera_options(alike, phrases)) == []
    differ = [channel(1, 1920, "A"), channel(2, 640, "B")]
    options = camera_options(differ, phrases)
    assert len(proposed_rows(differ, options)) == 2


def test_no_two_cameras_read_the_same() -> None:
    options = camera_options([channel(1, 640), channel(2, 640)], Phrases({}))
    assert len({option["label"] for option in options}) == 2


def test_a_row_says_what_is_otherwise_for_its_camera() -> None:
    options = camera_options([channel(1, 1920), channel(2, 640)], Phrases({}))
    first, second = (option["label"] for option in options)
    assert settings_of_rows(
        [
            {"channel": first, CONF_MODE: "events", CONF_RETENTION_DAYS: 7.0},
            {"channel": second, CONF_STREAM: "sub"},
            {"channel": "nobody", CONF_MODE: "events"},
        ],
        options,
    ) == {
        "source1": {CONF_MODE: "events", CONF_RETENTION_DAYS: 7},
        "source2": {CONF_STREAM: "sub"},
    }


async def full_flow(hass: HomeAssistant) -> ProtectedFlow:
    flow = await async_create_fix_flow(hass, PROTECTED_ISSUE, None)
    assert isinstance(flow, ProtectedFlow)
    flow.hass = hass
    flow.handler, flow.flow_id = DOMAIN, "flow"
    return flow


@pytest.fixture
def full() -> LibraryHealth:
    return LibraryHealth((), (), is_checking=False, braked=None, full_of_protected=(1,))


async def test_the_oldest_protected_clips_give_way(
    hass: HomeAssistant, whole: MakeWhole, full: LibraryHealth
) -> None:
    await whole()
    await sync(hass)
    library = hass.data[DOMAIN].library
    clips = await library.browse.recent(2)
    await library.care.protect([clip.id for clip in clips])
    flow = await full_flow(hass)
    assert (await flow.async_step_init())["reason"] == "nothing_to_do"
    with patch.object(library, "health", AsyncMock(return_value=full)):
        menu = await flow.async_step_init()
        assert menu["menu_options"] == ["unprotect", "lower_floor"]
        form = await flow.async_step_unprotect()
        assert form["step_id"] == "unprotect"
        await flow.async_step_unprotect({"gigabytes": 1})
    left = [await library.browse.clip(clip.id) for clip in clips]
    assert not any(clip.is_protected for clip in left)


async def test_less_may_stay_free(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path, full: LibraryHealth
) -> None:
    await whole(mode="on_demand")
    hub = hass.data[DOMAIN]
    flow = await full_flow(hass)
    roots = await hub.library.roots()
    with (
        patch.object(hub.library, "health", AsyncMock(return_value=full)),
        patch.object(hub.library, "roots", AsyncMock(return_value=roots)),
    ):
        form = await flow.async_step_lower_floor()
        assert form["description_placeholders"]["storages"].replace("\\", "") == str(
            media_dir
        )
        await flow.async_step_lower_floor({"gigabytes": 2})
    [root] = await hub.library.roots()
    assert root.floor_bytes == 2 * GIGABYTE
    assert er.async_get(hass) is not None
