"""Cameras, recordings, streams and stills of simulated devices."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from tests.core.onvif.stories import DeviceOf, Start, refused
from tests.simulator.snapshot import SNAPSHOT_TAILS
from tests.simulator.spec import ALL_SERVICES


@pytest.mark.parametrize(
    "scenario",
    ["mapping-video-source", "mapping-source-id", "mapping-options", "mapping-order",
     "sources-per-stream", "channels-from-zero", "channels-from-one", "hikvision-like",
     "dahua-like", "hanwha-like"],
)  # fmt: skip
async def test_every_recording_finds_its_own_channel(
    start: Start, device_of: DeviceOf, scenario: str
) -> None:
    nvr = await start(scenario)
    report = await device_of(nvr).report()
    assert report.unassigned == ()
    expected = {
        c.profiles[0].token: c.timeline.recording_token
        for c in nvr.channels
        if c.timeline
    }
    found = {c.profiles[0].token: c.recording_tokens[0] for c in report.channels}
    assert found == expected


@pytest.mark.parametrize("count", [16, 32])
async def test_large_recorders(start: Start, device_of: DeviceOf, count: int) -> None:
    nvr = await start(f"nvr{count}")
    channels = await device_of(nvr).channels()
    assert [c.number for c in channels] == list(range(1, count + 1))
    assert all(len(c.profiles) == 2 and c.recording_tokens for c in channels)


async def test_recording_options_that_are_refused_end_the_asking(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "mapping-options",
        {"fault_ops": {"GetRecordingOptions": "Receiver ter:ActionNotSupported"}},
    )
    channels = await device_of(nvr).channels()
    assert len(channels) == 4
    assert nvr.counters.operations["trc:GetRecordingOptions"] <= 1


async def test_a_replay_uri_is_cleaned_and_its_protocol_falls_back(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only",
        {"replay_only_udp": True, "rtsp_uri_host": "192.168.9.9",
         "rtsp_uri_credentials": True, "rtsp_uri_blanks": True},
        replay_query="?a=1&b=%20c",
    )  # fmt: skip
    device = device_of(nvr, rtsp_port=8554)
    uri = await device.replay_uri("OnvifRecordingToken_1")
    assert uri == "rtsp://127.0.0.1:8554/replay/1?a=1&b=%20c"


async def test_search_only_devices_say_that_they_cannot_replay(
    start: Start, device_of: DeviceOf
) -> None:
    device = device_of(await start("search-only"))
    assert (await refused(device.replay_uri("x"))).kind is ErrorKind.UNSUPPORTED
    live = device_of(await start("no-profile-g"))
    assert (await refused(live.recordings())).kind is ErrorKind.UNSUPPORTED
    assert (await live.channels())[0].recording_tokens == ()


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"no_snapshot": True}, ErrorKind.UNSUPPORTED),
        ({"snapshot_status": 404}, ErrorKind.UNSUPPORTED),
        ({"snapshot_status": 500}, ErrorKind.PROTOCOL),
        ({"snapshot_status": 403}, ErrorKind.NO_PERMISSION),
    ],
)
async def test_stills_that_cannot_be_had(
    start: Start, device_of: DeviceOf, faults: dict[str, Any], kind: ErrorKind
) -> None:
    device = device_of(await start("digest-only", faults))
    (channel,) = await device.channels()
    assert (await refused(device.snapshot(channel.profiles[0]))).kind is kind


@pytest.mark.parametrize("tail", ["padding", "text"])
@pytest.mark.parametrize("auth", ["wss-only", "digest-only"])
async def test_what_stands_behind_a_still_costs_nothing(
    start: Start, device_of: DeviceOf, auth: str, tail: str
) -> None:
    nvr = await start(auth, {"snapshot_tail": tail})
    device = device_of(nvr)
    (channel,) = await device.channels()
    nvr.reset_counts()
    still = await device.snapshot(channel.profiles[0])
    assert still.data.startswith(b"\xff\xd8")
    assert SNAPSHOT_TAILS[tail] in still.data
    # Without a login, and with it where it is asked for.
    assert nvr.counters.snapshots <= 2


async def test_media_2_that_fails_leaves_media_1(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"tr2:*": "Receiver ter:ActionNotSupported"}}
    )
    device = device_of(nvr)
    (channel,) = await device.channels()
    assert {p.media_version for p in channel.profiles} == {1}
    assert await device.snapshot(channel.profiles[0])
    other = await start(
        "wss-only", {"fault_ops": {"trt:*": "Receiver ter:ActionNotSupported"}}
    )
    (channel,) = await device_of(other).channels()
    assert {p.media_version for p in channel.profiles} == {2}
    none = await start("wss-only", {"fault_ops": {"trt:*": "Receiver ter:ActionNotSupported",
                                                 "tr2:*": "Receiver ter:ActionNotSupported"}})  # fmt: skip
    assert (await refused(device_of(none).channels())).kind is ErrorKind.UNSUPPORTED


@pytest.mark.parametrize("broken", ["tr2:*", "trt:*"])
async def test_a_stream_is_asked_for_at_the_other_media_service(
    start: Start, device_of: DeviceOf, broken: str
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    (channel,) = await device.channels()
    profile = channel.profiles[0]
    uri = await device.stream_uri(profile)
    prefix = broken.partition(":")[0]
    nvr.faults.missing_ops = {
        f"{prefix}:GetStreamUri": "empty-400",
        f"{prefix}:GetSnapshotUri": "404",
    }
    version = 2 if prefix == "tr2" else 1
    profile = replace(profile, media_version=version)
    assert await device.stream_uri(profile) == uri
    assert await device.snapshot(profile)


async def test_few_cameras_of_a_recorder_ask_for_their_stream_at_once(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("nvr16")
    device = device_of(nvr)
    profiles = [channel.profiles[0] for channel in await device.channels()]
    # A login that works is known: what follows takes one request each.
    await device.stream_uri(profiles[0])
    nvr.faults.hang_ops = ["GetStreamUri"]
    nvr.counters.operations.clear()
    asked = [asyncio.create_task(device.stream_uri(each)) for each in profiles]
    await asyncio.sleep(0.5)
    waiting = nvr.counters.operations.total()
    nvr.faults.hang_ops = []
    addresses = await asyncio.gather(*asked)
    assert 0 < waiting <= 2
    assert len(set(addresses)) == len(profiles) == 16


async def test_a_recorder_without_media_has_a_channel_per_recording(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", services=ALL_SERVICES - {"media", "media2"})
    (channel,) = await device_of(nvr).channels()
    assert channel.recording_tokens == ("OnvifRecordingToken_1",)
    assert channel.profiles == ()
