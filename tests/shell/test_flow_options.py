"""Options of an NVR and settings of a camera, against simulated devices."""

# Reads private members: the engine tells its own status meanwhile.

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.core.device_report import DeviceReport
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import (
    Channel,
    ClockReading,
    StreamProfile,
)
from custom_components.vtrack_nvr.core.sync.status import FootageSource, SourceReason
from custom_components.vtrack_nvr.flows.forms import NVR_DEFAULTS
from custom_components.vtrack_nvr.flows.options import (
    VtrackOptionsFlow,
    proposed_correction,
)
from custom_components.vtrack_nvr.flows.report import channel_label, report_text
from custom_components.vtrack_nvr.phrases import Phrases
from custom_components.vtrack_nvr.runtime.connect import async_inspect
from tests.insides import workers_of
from tests.shell.conftest import (
    RemoteNvr,
    StartNvr,
    address_of,
    entry_for,
    login_of,
)
from tests.shell.flow_steps import change_camera, is_closed, suggested

HOUR_MS = 3_600_000


@pytest.fixture
async def rig(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> AsyncIterator[tuple[RemoteNvr, MockConfigEntry]]:
    """Return a four-channel NVR that is set up and keeps nothing by itself."""
    nvr = (await start_nvr("demo"))[3]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield nvr, entry
    await hass.config_entries.async_unload(entry.entry_id)


# Options


async def menu(hass: HomeAssistant, entry: MockConfigEntry, choice: str) -> Any:
    options = hass.config_entries.options
    result = await options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    return await options.async_configure(result["flow_id"], {"next_step_id": choice})


async def test_settings_are_applied_without_a_reload(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    runtime = entry.runtime_data
    result = await menu(hass, entry, "settings")
    assert "clock is right" in result["description_placeholders"]["clock"]
    result = await hass.config_entries.options.async_configure(
        result["flow_id"],
        {
            **suggested(result),
            "interval": 5,
            "gate": "schedule.night",
            "limits_section": {"sessions": 2, "bandwidth": 20},
            "clock_section": {"time_correction": -60},
        },
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {
        **NVR_DEFAULTS,
        "interval": 5,
        "gate": "schedule.night",
        "sessions": 2,
        "bandwidth": 20,
        "time_correction": -60,
    }
    assert entry.runtime_data is runtime
    # What differs from the usual is in sight, with its value.
    result = await menu(hass, entry, "settings")
    assert not is_closed(result, "limits_section")
    assert suggested(result, "limits_section")["bandwidth"] == 20


async def test_settings_can_be_changed_without_the_device(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    nvr, entry = rig
    await nvr.stop()
    result = await menu(hass, entry, "settings")
    assert "could not be asked" in result["description_placeholders"]["clock"]
    await hass.config_entries.async_unload(entry.entry_id)
    result = await menu(hass, entry, "settings")
    assert "could not be asked" in result["description_placeholders"]["clock"]
    await nvr.start()
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_settings_that_nobody_changed_are_short(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    result = await menu(hass, entry, "settings")
    assert is_closed(result, "limits_section")
    assert is_closed(result, "clock_section")
    result = await hass.config_entries.options.async_configure(
        result["flow_id"],
        {
            **suggested(result),
            "limits_section": suggested(result, "limits_section"),
            "clock_section": suggested(result, "clock_section"),
        },
    )
    assert dict(entry.options) == NVR_DEFAULTS


async def test_the_connection_test_shows_the_report_and_changes_nothing(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    nvr, entry = rig
    before = dict(entry.options)
    nvr.faults.html_ops = ["*"]
    result = await menu(hass, entry, "test")
    assert result["errors"] == {"base": "not_onvif"}
    assert "try again" in result["description_placeholders"]["report"]
    nvr.faults.html_ops = []
    options = hass.config_entries.options
    result = await options.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.MENU
    assert "search and replay" in result["description_placeholders"]["report"]
    nvr.faults.html_ops = ["*"]
    result = await options.async_configure(
        result["flow_id"], {"next_step_id": result["menu_options"][0]}
    )
    assert result["errors"] == {"base": "not_onvif"}
    assert dict(entry.options) == before


@pytest.mark.parametrize(
    ("source", "reason", "said", "silent"),
    [
        (
            FootageSource.LIVE,
            SourceReason.REPLAY_UNDATED,
            ("without saying when they were made", "streams are recorded instead"),
            ("can be copied",),
        ),
        (
            FootageSource.NONE,
            SourceReason.REPLAY_BROKEN,
            ("failed again and again", "nothing is kept"),
            ("can be copied", "streams are recorded"),
        ),
        (
            FootageSource.LIVE,
            SourceReason.CHOSEN,
            ("can be copied",),
            ("instead", "nothing is kept"),
        ),
        (
            FootageSource.REPLAY,
            SourceReason.PROFILE_G,
            ("can be copied",),
            ("instead",),
        ),
    ],
)
async def test_the_connection_test_says_what_is_really_done(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
    source: FootageSource,
    reason: SourceReason,
    said: tuple[str, ...],
    silent: tuple[str, ...],
) -> None:
    _, entry = rig
    statuses = tuple(
        replace(status, source=source, source_reason=reason)
        for status in entry.runtime_data.coordinator.data.cameras.values()
    )
    # Not the coordinator's own data: the engine tells of itself meanwhile.
    monkeypatch.setattr(VtrackOptionsFlow, "_statuses", lambda _: statuses)
    result = await menu(hass, entry, "test")
    report = result["description_placeholders"]["report"]
    assert all(text in report for text in said), report
    assert not any(text in report for text in silent), report


@pytest.mark.parametrize(
    ("ahead_ms", "minutes"),
    [
        (None, 0),
        (-10_000, 0),
        (HOUR_MS, -60),
        (HOUR_MS - 60_000, -60),
        (5 * HOUR_MS + HOUR_MS // 2, -330),
        (HOUR_MS + 300_000, 0),
        (20 * HOUR_MS, 0),
    ],
)
async def test_recordings_that_end_in_the_future_are_dated_in_local_time(
    hass: HomeAssistant, start_nvr: StartNvr, ahead_ms: int | None, minutes: int
) -> None:
    nvr = (await start_nvr("demo"))[0]
    report = await async_inspect(hass, address_of(nvr), login_of(nvr))
    now_ms = 1_800_000_000_000
    odd: DeviceReport = replace(
        report,
        clock=ClockReading(offset_ms=-5000, measured_ms=now_ms),
        device_newest_ms=None if ahead_ms is None else now_ms + 5000 + ahead_ms,
    )
    assert proposed_correction(odd) == minutes


async def test_a_correction_is_proposed_and_not_forced(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, entry = rig
    device = entry.runtime_data.device
    report = await device.report()
    now_ms = report.clock.measured_ms - report.clock.offset_ms

    async def shifted() -> DeviceReport:
        return replace(report, device_newest_ms=now_ms + 2 * HOUR_MS)

    monkeypatch.setattr(device, "report", shifted)
    result = await menu(hass, entry, "settings")
    assert "-120 min" in result["description_placeholders"]["clock"]
    assert suggested(result, "clock_section")["time_correction"] == -120
    assert not is_closed(result, "clock_section")
    hass.config_entries.options.async_abort(result["flow_id"])
    hass.config_entries.async_update_entry(entry, options={"time_correction": -60})
    await hass.async_block_till_done()
    result = await menu(hass, entry, "settings")
    assert suggested(result, "clock_section")["time_correction"] == -60


# Cameras


async def add_camera(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_USER}
    )


async def test_a_camera_that_was_removed_can_be_added_again(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    result = await add_camera(hass, entry)
    assert result["reason"] == "no_new_cameras"
    removed = next(iter(entry.subentries.values()))
    hass.config_entries.async_remove_subentry(entry, removed.subentry_id)
    await hass.async_block_till_done()
    assert len(entry.runtime_data.cameras) == 3
    result = await add_camera(hass, entry)
    assert result["step_id"] == "user"
    # The others keep on demand: so does this one, unless it is told otherwise.
    values = result["data_schema"]({"retention_days": 3})
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], values
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == removed.title
    added = next(
        sub for sub in entry.subentries.values() if sub.unique_id == removed.unique_id
    )
    assert added.data["channel"] == removed.data["channel"]
    assert added.data["mode"] == "on_demand"
    assert added.data["retention_days"] == 3
    assert len(entry.runtime_data.cameras) == 4


async def test_the_first_camera_of_a_device_begins_as_usual(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    for subentry_id in list(entry.subentries):
        hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    result = await add_camera(hass, entry)
    values = result["data_schema"]({})
    assert values["mode"] == "everything"
    assert values["retention_days"] == 30


async def test_no_camera_can_be_added_while_the_device_is_away(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    nvr, entry = rig
    await nvr.stop()
    assert (await add_camera(hass, entry))["reason"] == "unreachable"
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await add_camera(hass, entry))["reason"] == "not_loaded"
    await nvr.start()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (await add_camera(hass, entry))["reason"] == "no_new_cameras"


async def test_at_least_one_kind_of_event_counts(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    first, *_ = entry.subentries
    result = await change_camera(hass, entry, first)
    for classes, is_done in (([], False), (["person", "doorbell"], True)):
        values = result["data_schema"](
            {
                **suggested(result),
                "mode": "events",
                "events_section": {
                    "pre_roll": 5,
                    "post_roll": 5,
                    "event_classes": classes,
                },
                "source_section": {"source": "auto", "stream": "main"},
                "copying_section": suggested(result, "copying_section"),
                "second_section": suggested(result, "second_section"),
            }
        )
        done = await hass.config_entries.subentries.async_configure(
            result["flow_id"], values
        )
        if not is_done:
            assert done["errors"] == {"base": "no_event_class"}
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    assert entry.subentries[first].data["event_classes"] == ["person", "doorbell"]
    state = workers_of(entry.runtime_data.hub.engine)[entry.unique_id].state
    [settings] = [
        camera.spec.settings
        for key, camera in state.cameras.items()
        if key == entry.subentries[first].unique_id
    ]
    assert settings.event_classes == {"person", "doorbell"}


async def test_settings_of_a_camera_are_applied_to_it_alone(
    hass: HomeAssistant, rig: tuple[RemoteNvr, MockConfigEntry]
) -> None:
    _, entry = rig
    runtime = entry.runtime_data
    first, second, *_ = entry.subentries
    before = runtime.cameras[second]
    result = await change_camera(hass, entry, first)
    assert result["step_id"] == "reconfigure"
    sections = ("events_section", "source_section", "copying_section")
    assert all(is_closed(result, section) for section in sections)
    source = result["data_schema"].schema["source_section"].schema.schema
    recordings = source["recordings"].config["options"]
    assert len(recordings) == 4
    values = result["data_schema"](
        {
            "mode": "events",
            "retention_days": 7,
            "retention_gb": 0,
            "events_section": {"pre_roll": 5, "post_roll": 5},
            "source_section": {
                "source": "replay",
                "stream": "sub",
                "recordings": [recordings[1]["value"]],
            },
            "copying_section": {
                "gate": "schedule.night",
                "order": "oldest_first",
                "clip_minutes": 1,
                "settle": 60,
            },
            "second_section": suggested(result, "second_section"),
        }
    )
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], values
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    data = entry.subentries[first].data
    assert data["mode"] == "events"
    assert data["recordings"] == [recordings[1]["value"]]
    assert (data["pre_roll"], data["stream"], data["settle"]) == (5, "sub", 60)
    assert not any(key.endswith("_section") for key in data)
    assert runtime.cameras[first].gates == ("schedule.night",)
    assert runtime.cameras[second] == before
    # What is emptied is gone, not as it was before.
    result = await change_camera(hass, entry, first)
    assert not any(is_closed(result, section) for section in sections)
    assert suggested(result, "copying_section")["gate"] == "schedule.night"
    values["copying_section"].pop("gate")
    await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    assert runtime.cameras[first].gates == ()


async def test_a_camera_can_be_changed_while_the_device_is_away(
    hass: HomeAssistant,
    rig: tuple[RemoteNvr, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, entry = rig
    first = next(iter(entry.subentries))

    async def busy() -> None:
        raise NvrError(ErrorKind.BUSY)

    matched = entry.subentries[first].data["recordings"]
    with monkeypatch.context() as away:
        away.setattr(entry.runtime_data.device, "recordings", busy)
        result = await change_camera(hass, entry, first)
    assert "recordings" not in suggested(result, "source_section")
    # The device is back before the form is sent: what was not shown stays.
    sections = (
        "events_section",
        "source_section",
        "copying_section",
        "second_section",
    )
    values = {section: suggested(result, section) for section in sections}
    values["mode"], values["retention_days"] = "on_demand", 5
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {**suggested(result), **values}
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[first].data["retention_days"] == 5
    assert entry.subentries[first].data["recordings"] == matched
    await hass.config_entries.async_unload(entry.entry_id)
    result = await change_camera(hass, entry, first)
    assert "recordings" not in suggested(result, "source_section")


@pytest.mark.parametrize(
    ("offset_ms", "sentence"),
    [
        (1000, "right"),
        (90_000, "90 seconds slow"),
        (-600_000, "10 minutes fast"),
        (10 * HOUR_MS, "10 hours slow"),
        (-100 * HOUR_MS, "4 days fast"),
    ],
)
async def test_clocks_are_told_in_the_units_of_people(
    hass: HomeAssistant, start_nvr: StartNvr, offset_ms: int, sentence: str
) -> None:
    nvr = (await start_nvr("demo"))[0]
    report = await async_inspect(hass, address_of(nvr), login_of(nvr))
    odd = replace(report, clock=replace(report.clock, offset_ms=offset_ms))
    assert sentence in report_text(odd, await Phrases.async_load(hass))


async def test_a_stream_is_described_as_far_as_the_device_tells(
    hass: HomeAssistant,
) -> None:
    phrases = await Phrases.async_load(hass)
    bare = StreamProfile("1", "main", "", 0, 0)
    half = StreamProfile("2", "sub", "H264", 0, 0)
    label = channel_label(Channel("1", 1, "Attic", (bare, half)), phrases)
    assert label == "Attic (format not told, sub stream H.264, no audio)"


async def test_a_camera_without_a_stream_is_named_all_the_same() -> None:
    phrases = Phrases({"component.vtrack_nvr.common.camera_without_stream": "{name}!"})
    assert channel_label(Channel("1", 1, "Attic"), phrases) == "Attic!"
