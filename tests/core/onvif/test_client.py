"""Conversations with simulated devices, from the first question to events."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.device_report import (
    ReplaySupport,
    ReportWarning,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.models import DeviceEvent, EventClass
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.identity import nvr_key
from custom_components.vtrack_nvr.core.policy import Quirk
from tests.core.onvif.stories import DeviceOf, Start, footage, listed, refused
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import ALL_SERVICES


async def test_a_whole_conversation(start: Start, device_of: DeviceOf) -> None:
    nvr = await start()
    async with device_of(nvr) as device:
        report = await device.report()
        assert report.replay is ReplaySupport.FULL
        assert report.identity.serial == nvr.spec.serial
        assert report.identity.mac == nvr.spec.mac
        assert report.auth == "digest"
        assert report.clock.offset_ms == 0
        assert report.warnings == (ReportWarning.PLAIN_HTTP,)
        (channel,) = report.channels
        assert channel.name == "Digest"
        assert [p.width for p in channel.profiles] == [640, 320]
        assert channel.recording_tokens == ("OnvifRecordingToken_1",)
        assert await listed(device, nvr) == (footage(nvr), True)
        (recording,) = report.recordings
        assert await device.recording(recording.token) == recording
        uri = await device.replay_uri(recording.token)
        assert uri == f"rtsp://127.0.0.1:{nvr.rtsp_port}/replay/1"
        live = await device.stream_uri(channel.profiles[0])
        assert live == f"rtsp://127.0.0.1:{nvr.rtsp_port}/live/1/main"
        still = await device.snapshot(channel.profiles[1])
        assert still.content_type == "image/jpeg"
        assert still.data.startswith(b"\xff\xd8")
        await device.snapshot(channel.profiles[1])
    assert device.quirks == {Quirk.HTTP_DIGEST}
    assert nvr.guard.failures["digest"] == nvr.guard.failures["user"] == 0
    assert nvr.counters.operations["tr2:GetSnapshotUri"] == 1


async def test_an_idle_look_costs_two_calls(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    await device.measure_clock()
    (recording,) = await device.recordings()
    nvr.reset_counts()
    await device.measure_clock()
    await device.recording(recording.token)
    assert sum(nvr.counters.operations.values()) == 2


@pytest.mark.parametrize(
    ("scenario", "auth", "replay", "warnings"),
    [
        ("wss-only", "wss", ReplaySupport.FULL, set()),
        ("no-login", "none", ReplaySupport.FULL, set()),
        ("no-profile-g", "digest", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("search-only", "digest", ReplaySupport.SEARCH_ONLY, {ReportWarning.NO_REPLAY}),
        ("empty-g-xaddrs", "wss", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("empty-disk", "digest", ReplaySupport.FULL, {ReportWarning.NO_RECORDINGS}),
        ("inner-xaddr", "digest", ReplaySupport.FULL, {ReportWarning.INNER_ADDRESS}),
        ("clock-3-years-off", "digest", ReplaySupport.FULL, {ReportWarning.CLOCK_OFF}),
        ("local-as-utc", "digest", ReplaySupport.FULL, {ReportWarning.LOCAL_TIME_AS_UTC}),
        ("no-get-services", "digest", ReplaySupport.FULL, set()),
        ("h265-media2-only", "digest", ReplaySupport.FULL, set()),
        ("tapo-like", "wss", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("dahua-old-like", "wss", ReplaySupport.FULL, set()),
        ("hikvision-old-like", "wss", ReplaySupport.FULL, set()),
        ("gm8135-like", "wss", ReplaySupport.FULL, set()),
        ("dlink-like", "digest", ReplaySupport.FULL, set()),
        ("half-built-server", "digest", ReplaySupport.FULL, set()),
        ("no-name", "digest", ReplaySupport.NONE,
         {ReportWarning.NO_REPLAY, ReportWarning.LOCAL_TIME_AS_UTC,
          ReportWarning.INNER_ADDRESS}),
    ],
)  # fmt: skip
async def test_every_profile_onboards_or_explains_itself(
    start: Start,
    device_of: DeviceOf,
    scenario: str,
    auth: str,
    replay: ReplaySupport,
    warnings: set[ReportWarning],
) -> None:
    nvr = await start(scenario)
    device = device_of(nvr)
    report = await device.report()
    assert report.replay is replay
    assert set(report.warnings) - {ReportWarning.PLAIN_HTTP} == warnings
    assert report.channels
    assert report.auth == auth or (auth == "digest" and report.auth == "wss")
    uri = await device.stream_uri(report.channels[0].profiles[0])
    assert uri.startswith(f"rtsp://127.0.0.1:{nvr.rtsp_port}/")
    if report.recordings:
        assert await listed(device, nvr) == (footage(nvr), True)


async def test_a_busy_search_does_not_hide_the_cameras(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"resource_problem": True})
    device = device_of(nvr)
    assert len(await device.channels()) == 1
    assert ReportWarning.SEARCH_FAILED in (await device.report()).warnings


async def test_a_moved_device_is_followed(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("wss-only")
    other = await start("wss-only", password=nvr.spec.password)
    device = device_of(nvr)
    await device.recordings()
    device.redirect("127.0.0.1", other.port)
    assert (device.host, device.port) == ("127.0.0.1", other.port)
    await device.recordings()
    assert other.counters.operations["tse:FindRecordings"] == 1


async def test_nobody_there(device_of: DeviceOf, start: Start) -> None:
    nvr = await start("wss-only")
    await nvr.stop()
    error = await refused(device_of(nvr).report())
    assert error.kind is ErrorKind.UNREACHABLE


async def events_of(
    device: OnvifDevice, nvr: SimulatedNvr, kinds: list[str]
) -> list[DeviceEvent]:
    """Let things happen once somebody listens; return what arrived of them."""
    service: Any = nvr.services["events"]
    found: list[DeviceEvent] = []

    async def happen() -> None:
        while not service.points:  # noqa: ASYNC110 - the simulator has no event
            await asyncio.sleep(0.01)
        for kind in kinds:
            service.notify({"kind": kind, "camera": nvr.channels[0].spec.name})

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(happen())
        async with aclosing(device.events()) as stream:
            async for event in stream:
                found.append(event)
                if len(found) >= len(kinds):
                    break
        await task
    return found


async def test_events_arrive_with_class_and_channel(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo")
    device = device_of(nvr)
    found = await events_of(device, nvr, ["motion", "person", "vehicle", "animal"])
    assert [event.event_class for event in found] == [
        EventClass.MOTION,
        EventClass.PERSON,
        EventClass.VEHICLE,
        EventClass.ANIMAL,
    ]
    (channel,) = await device.channels()
    assert {event.source_token for event in found} == {channel.token}
    assert all(abs(e.device_ms - nvr.clock.now_ms()) < 10_000 for e in found)
    assert nvr.counters.operations["wsnt:Unsubscribe"] == 1


async def test_a_lost_subscription_is_an_error(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo", {"pull_points_die": True})
    async with asyncio.timeout(10):
        with pytest.raises(NvrError):
            async for _ in device_of(nvr).events():
                pass


async def test_no_event_service_is_said(start: Start, device_of: DeviceOf) -> None:
    bare = await start("wss-only", services=ALL_SERVICES - {"events"})
    with pytest.raises(NvrError) as caught:
        await anext(device_of(bare).events())
    assert caught.value.kind is ErrorKind.UNSUPPORTED


async def test_events_of_a_recording_name_its_camera(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo")
    device = device_of(nvr)
    (channel,) = await device.channels()
    (event,) = await events_of(device, nvr, ["track"])
    assert event.event_class is EventClass.RECORDING
    assert event.source_token == channel.token


@pytest.mark.parametrize(
    "faults",
    [
        {"status_ops": {"GetDeviceInformation": 500}},
        {"html_ops": ["GetDeviceInformation"]},
        {"missing_ops": {"GetDeviceInformation": "hangup"}},
        {"fault_ops": {"GetDeviceInformation": "Receiver ter:Action"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("auth", ["wss-only", "digest-only"])
async def test_a_device_that_does_not_say_what_it_is_is_known_by_its_network_card(
    start: Start, device_of: DeviceOf, auth: str, faults: dict[str, Any]
) -> None:
    nvr = await start(auth, faults)
    device = device_of(nvr, endpoint_id="e-1")
    identity = await device.connect()
    assert (identity.serial, identity.model) == ("", "")
    assert identity.macs
    report = await device.report()
    assert report.channels
    assert report.identity == identity
    assert report.key == nvr_key(identity)
    # Asked by itself, it is a failure all the same: a test must not call that well.
    await refused(device.identity())


@pytest.mark.parametrize("auth", ["wss-only", "digest-only"])
async def test_a_wrong_password_is_told_by_a_device_that_does_not_say_what_it_is(
    start: Start, device_of: DeviceOf, auth: str
) -> None:
    nvr = await start(auth, {"status_ops": {"GetDeviceInformation": 500}})
    guard = LoginGuard()
    device = device_of(nvr, password="wrong", login_guard=guard)
    assert (await refused(device.connect())).kind is ErrorKind.AUTH_REFUSED
