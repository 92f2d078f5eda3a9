"""Networks as people have them: every device onboards, or says why not."""

from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from tests.shell.conftest import RemoteNvr, StartNvr
from tests.shell.flow_steps import begin, choose, found, sign_in, submit, to_login

COPIED = "Its recordings can be copied"
LIVE = "live streams are recorded instead"


pytestmark = pytest.mark.usefixtures("found_by_multicast")


async def onboard(
    hass: HomeAssistant, nvr: RemoteNvr, media_dir: Path, **choice: Any
) -> tuple[str, ConfigFlowResult]:
    """Go through the flow with three submits; return report and result."""
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["step_id"] == "cameras", result
    report = result["description_placeholders"]["report"]
    result = await choose(hass, result, media_dir, **choice)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return report, result


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize(
    ("scenario", "cameras", "sentences"),
    [
        ("nvr32", 32, [COPIED, "Cameras: 32"]),
        ("no-profile-g", 1, ["no Profile G", LIVE]),
        ("search-only", 1, ["search yes, replay no", LIVE]),
        ("h265-media2-only", 1, [COPIED]),
        ("digest-only", 1, [COPIED]),
        ("clock-3-years-off", 1, [COPIED, "1095 days slow", "All times are corrected"]),
        ("inner-xaddr", 1, [COPIED, "inner address"]),
        ("local-as-utc", 1, [COPIED, "60 minutes fast", "local time as UTC"]),
        ("no-login", 1, [COPIED]),
        ("empty-disk", 1, ["has recorded nothing yet", LIVE]),
        ("wss-only", 1, [COPIED]),
        ("no-get-services", 1, [COPIED]),
        ("empty-g-xaddrs", 1, ["no Profile G", LIVE]),
    ],
)
async def test_the_report_says_what_is_special(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    scenario: str,
    cameras: int,
    sentences: list[str],
) -> None:
    nvr = (await start_nvr(scenario))[0]
    report, result = await onboard(hass, nvr, media_dir)
    for sentence in sentences:
        assert sentence in report, report
    assert len(result["subentries"]) == cameras
    keys = {sub["unique_id"] for sub in result["subentries"]}
    assert len(keys) == cameras
    can_copy = COPIED in report
    for sub in result["subentries"]:
        assert bool(sub["data"]["recordings"]) is (
            can_copy or scenario == "search-only"
        )


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize(
    ("scenario", "faults", "said", "silent"),
    [
        (
            "no-profile-g",
            {"rtsp": {"video_not_in_sdp": True}},
            ("has sound and no pictures", "nothing is kept"),
            LIVE,
        ),
        (
            "digest-only",
            {"rtsp": {"video_not_in_sdp": True}},
            ("has no pictures that can be kept",),
            COPIED,
        ),
        ("digest-only", {"playback_forbidden": True}, ("may not play", LIVE), COPIED),
        ("digest-only", {"resource_problem": True}, ("not be listed", LIVE), COPIED),
        ("digest-only", {"no_times": True}, ("not tell its time",), "clock is right"),
        ("digest-only", {}, ("clock is right", COPIED), "not tell its time"),
    ],
)
async def test_the_report_does_not_contradict_itself(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    scenario: str,
    faults: dict[str, Any],
    said: tuple[str, ...],
    silent: str,
) -> None:
    nvr = (await start_nvr(scenario))[0]
    nvr.faults.update(faults)
    report, _ = await onboard(hass, nvr, media_dir)
    assert all(text in report for text in said), report
    assert silent not in report


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize("scenario", ["channels-from-zero", "channels-from-one"])
async def test_channels_keep_their_recordings_wherever_numbers_begin(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr, scenario: str
) -> None:
    nvr = (await start_nvr(scenario))[0]
    _, result = await onboard(hass, nvr, media_dir)
    truth = {
        channel.spec.name: channel.timeline.recording_token
        for channel in nvr.channels
        if channel.timeline
    }
    matched = {sub["title"]: sub["data"]["recordings"] for sub in result["subentries"]}
    assert matched == {name: [token] for name, token in truth.items()}


@pytest.mark.usefixtures("not_set_up")
@pytest.mark.parametrize("scenario", ["shared-mac", "duplicate-uuid", "odd-serials"])
async def test_devices_that_share_marks_stay_apart(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
    scenario: str,
) -> None:
    nvrs = await start_nvr(scenario)
    devices = [found(nvr, endpoint_id=nvr.spec.uuid) for nvr in nvrs]
    found_by_multicast.return_value = tuple(devices)
    keys = set()
    for nvr in nvrs:
        result = await submit(hass, await begin(hass), device=f"127.0.0.1:{nvr.port}")
        result = await sign_in(
            hass, result, nvr, **({"others": False} if nvr is not nvrs[-1] else {})
        )
        report = result["description_placeholders"]["report"]
        assert ("no usable serial" in report) is (not nvr.spec.serial)
        result = await choose(hass, result, media_dir)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        keys.add(result["result"].unique_id)
    assert len(keys) == len(nvrs)


@pytest.mark.usefixtures("not_set_up")
async def test_three_cameras_on_one_host_with_one_login(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    ports = ",".join(str(nvr.port) for nvr in nvrs)
    result = await submit(hass, await begin(hass), host="127.0.0.1", port=ports)
    result = await submit(hass, result, device=f"127.0.0.1:{nvrs[0].port}")
    result = await sign_in(hass, result, nvrs[0], others=True)
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    entries = hass.config_entries.async_entries("vtrack_nvr")
    assert {entry.data["port"] for entry in entries} == {nvr.port for nvr in nvrs}
    assert len({entry.unique_id for entry in entries}) == 3


@pytest.mark.usefixtures("not_set_up")
async def test_a_camera_with_a_row_of_its_own_is_kept_otherwise(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("nvr16"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    schema = result["data_schema"]
    assert schema is not None
    labels = [option["label"] for option in schema.schema["cameras"].config["options"]]
    rows = [
        {"channel": labels[1], "mode": "events", "retention_days": 7},
        {"channel": labels[2], "stream": "sub"},
    ]
    result = await choose(
        hass, result, media_dir, mode="everything", rows_section={"rows": rows}
    )
    kept = [subentry["data"] for subentry in result["subentries"]]
    assert [data["mode"] for data in kept[:3]] == ["everything", "events", "everything"]
    assert [data["retention_days"] for data in kept[:3]] == [30, 7, 30]
    assert [data["stream"] for data in kept[:3]] == ["main", "main", "sub"]


async def test_sixteen_channels_become_entities(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("nvr16"))[0]
    _, result = await onboard(hass, nvr, media_dir, mode="on_demand")
    await hass.async_block_till_done()
    entry = result["result"]
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    by_camera = {entity.config_subentry_id for entity in entities}
    assert by_camera == {*entry.subentries, None}
    assert len(hass.states.async_entity_ids("switch")) == 16
    await hass.config_entries.async_unload(entry.entry_id)
