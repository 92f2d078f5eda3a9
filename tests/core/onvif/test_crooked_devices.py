"""Devices that break HTTP, XML and SOAP without meaning harm are used all the same."""

# Reads private members: waits of minutes are shortened.

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
import ssl
from typing import Any

import pytest
from yarl import URL

from custom_components.vtrack_nvr.core.device_report import (
    ReplaySupport,
    ReportWarning,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.models import DeviceEvent
from custom_components.vtrack_nvr.core.onvif import (
    pull_point as events_module,
    raw_http,
)
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.http_answer import HttpAnswer
from custom_components.vtrack_nvr.core.onvif.probe import ProbeAnswer, probe
from custom_components.vtrack_nvr.core.onvif.targets import Target
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    certificate_fingerprint,
)
from custom_components.vtrack_nvr.core.onvif.transport import transport_error
from custom_components.vtrack_nvr.core.policy import Waits
from tests.core.onvif.scripted import QuickClock
from tests.core.onvif.stories import (
    DeviceOf,
    Start,
    footage,
    listed,
    refused,
)
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.crooked import FRAMINGS, TEXTS
from tests.simulator.soap.events import EventService
from tests.simulator.spec import ALL_SERVICES

QUIET = Waits(connect=5, soap_call=10, soap_optional=1, soap_quiet=0.1, search_wait=1)
SHORT = Waits(
    connect=5, soap_call=0.5, soap_optional=0.3, soap_quiet=0.1, search_wait=0.3
)


async def is_usable(device: OnvifDevice, nvr: SimulatedNvr) -> None:
    report = await device.report()
    assert report.replay is ReplaySupport.FULL
    (channel,) = report.channels
    assert channel.recording_tokens == ("OnvifRecordingToken_1",)
    assert len(channel.profiles) == 2
    assert await device.stream_uri(channel.profiles[0])
    assert await listed(device, nvr) == (footage(nvr), True)


@pytest.mark.parametrize(
    ("framing", "auth"),
    [
        (framing, auth)
        for framing in FRAMINGS
        for auth in ("wss-only", "digest-only")
        # Without a head there is no challenge to answer.
        if (framing, auth) != ("no-head", "digest-only")
    ],
)
async def test_an_answer_is_read_however_it_is_framed(
    start: Start, device_of: DeviceOf, framing: str, auth: str
) -> None:
    nvr = await start(auth, {"framing_ops": {"*": framing}})
    await is_usable(device_of(nvr, waits=QUIET), nvr)
    # No login was taken for a wrong one, and none was sent a second time.
    assert not set(nvr.guard.failures) - {"missing"}


@pytest.mark.parametrize("text", TEXTS)
async def test_an_answer_is_read_however_it_is_written(
    start: Start, device_of: DeviceOf, text: str
) -> None:
    nvr = await start(
        "wss-only", {"text_ops": {"*": text}, "is_soap_11": text == "soap-1.1"}
    )
    await is_usable(device_of(nvr, waits=QUIET), nvr)


async def test_a_device_that_lies_is_read_by_ourselves_from_then_on(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"framing_ops": {"*": "bytes-before"}})
    device = device_of(nvr, waits=QUIET)
    await device.connect()
    nvr.reset_counts()
    await device.recordings()
    assert nvr.counters.operations["tse:FindRecordings"] == 1


WAYS = ("401", "403", "404", "empty-400", "empty-200", "empty-500", "hangup", "nothing")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "operation",
    [
        "tds:GetServices",
        "tds:GetNetworkInterfaces",
        "tds:GetScopes",
        "tds:GetSystemDateAndTime",
        "tse:GetRecordingInformation",
        "tse:GetRecordingSummary",
        "tse:EndSearch",
        "trc:GetRecordingJobs",
        "trc:GetRecordingOptions",
        "tr2:*",
    ],
)
async def test_what_a_device_need_not_have_may_be_missing_in_any_way(
    start: Start, device_of: DeviceOf, operation: str, way: str
) -> None:
    nvr = await start("wss-only", {"missing_ops": {operation: way}})
    device = device_of(nvr, waits=SHORT)
    await device.connect()
    report = await device.report()
    assert report.replay is ReplaySupport.FULL
    (channel,) = report.channels
    assert channel.recording_tokens == ("OnvifRecordingToken_1",)
    assert (await device.recording("OnvifRecordingToken_1")).device_latest_ms
    await device.data_from_ms()
    assert await listed(device, nvr) == (footage(nvr), True)
    told = ReportWarning.NO_CLOCK in report.warnings
    assert told == (operation == "tds:GetSystemDateAndTime")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", ["tse:FindEvents", "tse:GetEventSearchResults"])
async def test_without_a_search_for_events_recordings_tell_their_ends(
    start: Start, device_of: DeviceOf, operation: str, way: str
) -> None:
    nvr = await start("wss-only", {"missing_ops": {operation: way}})
    device = device_of(nvr, waits=SHORT)
    segments, is_complete = await listed(device, nvr)
    assert len(segments) == 1
    assert segments[0].start_ms <= footage(nvr)[0].start_ms
    assert not is_complete
    nvr.reset_counts()
    # It is not asked again and again.
    await listed(device, nvr)
    assert not nvr.counters.operations["tse:FindEvents"]
    assert not nvr.guard.failures


@pytest.mark.parametrize("way", [way for way in WAYS if way not in {"401", "403"}])
async def test_recordings_can_be_listed_without_a_search(
    start: Start, device_of: DeviceOf, way: str
) -> None:
    nvr = await start("wss-only", {"missing_ops": {"tse:*": way}})
    (recording,) = await device_of(nvr, waits=SHORT).recordings()
    assert recording.token == "OnvifRecordingToken_1"
    # Nobody told where it begins and ends.
    assert (recording.device_earliest_ms, recording.device_latest_ms) == (None, None)


async def test_a_search_that_is_forbidden_is_not_one_that_is_missing(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"forbidden_ops": ["tse:*"]})
    device = device_of(nvr, waits=SHORT)
    assert (await refused(device.recordings())).kind is ErrorKind.NO_PERMISSION
    assert ReportWarning.NO_PLAYBACK_RIGHT in (await device.report()).warnings


@pytest.mark.parametrize("auth", ["wss-only", "digest-only"])
@pytest.mark.parametrize("answer", ["empty", "empty-400", "403", "empty-500", "hangup"])
async def test_a_login_is_tried_however_a_call_without_one_fails(
    start: Start, device_of: DeviceOf, answer: str, auth: str
) -> None:
    nvr = await start(auth, {"anonymous_answer": answer})
    await is_usable(device_of(nvr, waits=QUIET), nvr)


async def test_a_wrong_password_is_called_wrong_there_too(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"anonymous_answer": "empty"})
    device = device_of(nvr, password="other", waits=QUIET)
    assert (await refused(device.connect())).kind is ErrorKind.AUTH_REFUSED
    assert sum(nvr.guard.failures.values()) <= 2


@pytest.mark.parametrize("auth", ["wss-only", "digest-only"])
async def test_a_right_password_is_never_judged_by_what_only_administrators_may(
    start: Start, device_of: DeviceOf, auth: str
) -> None:
    nvr = await start(
        auth,
        {
            "open_ops": ["GetDeviceInformation"],
            "forbidden_ops": ["GetNetworkInterfaces"],
        },
    )
    device = device_of(nvr)
    report = await device.report()
    assert report.identity.mac == ""
    assert len(report.channels) == 1


async def test_the_device_service_may_be_elsewhere(
    start: Start, device_of: DeviceOf, session: Any
) -> None:
    nvr = await start("wss-only", {"device_path": "/device_service"})
    await is_usable(device_of(nvr), nvr)
    (found,) = await probe(
        [Target("127.0.0.1", nvr.port)], session=session, clock=QuickClock()
    )
    assert found.answer is ProbeAnswer.ONVIF


async def test_a_redirect_on_the_same_host_is_followed(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only", {"redirects_to": "/onvif/device_service"})
    device = device_of(nvr)
    assert (await device.identity()).serial == nvr.spec.serial


async def test_a_redirect_to_https_is_followed_by_a_search_and_told(
    start: Start, device_of: DeviceOf, session: Any
) -> None:
    secure = await start("wss-only", has_tls=True)
    nvr = await start(
        "wss-only",
        {"redirects_to": f"https://127.0.0.1:{secure.port}/onvif/device_service"},
    )
    target = Target("127.0.0.1", nvr.port)
    (found,) = await probe([target], session=session, clock=QuickClock())
    assert found.target == target
    assert found.device is not None
    assert (found.device.port, found.device.is_https) == (secure.port, True)
    error = await refused(device_of(nvr).connect())
    assert error.detail == "redirects to https"
    # Nothing of a login went anywhere.
    assert not set(secure.guard.failures) - {"missing"}
    await secure.stop()
    (found,) = await probe([target], session=session, clock=QuickClock())
    assert (found.answer, found.detail) == (
        ProbeAnswer.NOT_ONVIF,
        "redirects to https",
    )
    tls = TlsOptions(TlsMode.ANY)
    assert (await refused(device_of(nvr, tls=tls).connect())).kind is ErrorKind.TLS


# Events


@pytest.fixture
def quick_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "_RENEW_AFTER", 0.0)


async def pulled(
    device: OnvifDevice, nvr: SimulatedNvr, count: int
) -> list[DeviceEvent]:
    found: list[DeviceEvent] = []
    async with aclosing(device.events()) as stream:
        task = anext(stream)
        found.append(await _with_events(task, nvr))
        while len(found) < count:
            nvr.notify({"kind": "motion", "active": len(found) % 2 == 0})
            found.append(await anext(stream))
    return found


async def _with_events(
    awaited: Awaitable[DeviceEvent], nvr: SimulatedNvr
) -> DeviceEvent:
    waiting = asyncio.ensure_future(awaited)
    service = nvr.services["events"]
    assert isinstance(service, EventService)
    while not service.points:  # noqa: ASYNC110 - the device has no event for it
        await asyncio.sleep(0.02)
    nvr.notify({"kind": "motion", "active": True})
    return await waiting


@pytest.mark.usefixtures("quick_renewals")
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"absolute_times_only": True},
        {"refuses_addressing": True},
        {"absolute_times_only": True, "refuses_addressing": True},
        {"missing_ops": {"wsnt:Renew": "empty-400"}},
        {"missing_ops": {"wsnt:Renew": "hangup", "wsnt:Unsubscribe": "nothing"}},
        {
            "is_soap_11": True,
            "text_ops": {"*": "soap-1.1"},
            "absolute_times_only": True,
        },
    ],
    ids=str,
)
async def test_events_come_however_a_device_wants_to_be_asked(
    start: Start, device_of: DeviceOf, faults: dict[str, Any]
) -> None:
    nvr = await start("wss-only", faults, clock_offset_ms=-7_200_000)
    device = device_of(nvr, waits=SHORT)
    events = await pulled(device, nvr, 4)
    assert [event.is_active for event in events] == [True, False, True, False]
    renewed = nvr.counters.operations["wsnt:Renew"]
    assert renewed >= 2
    refused_ones = sum(nvr.counters.faults.values())
    # What was understood once is not asked in another way again.
    assert refused_ones <= 12


async def test_subscriptions_that_are_busy_are_not_asked_in_other_ways(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only",
        {
            "fault_ops": {
                "CreatePullPointSubscription": "Receiver ter:Action ter:ResourceProblem"
            }
        },
    )
    device = device_of(nvr)
    await device.channels()
    nvr.reset_counts()
    assert (await refused(anext(device.events()))).kind is ErrorKind.BUSY
    assert nvr.counters.operations["tev:CreatePullPointSubscription"] == 1


class PatientClock(QuickClock):
    """Counts the pauses; none of them is waited for, and nothing takes any time."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


async def test_a_flood_of_events_is_pulled_slowly_and_bounded(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"pull_flood": 700})
    clock = PatientClock()
    device = device_of(nvr, clock=clock)
    await device.channels()
    clock.slept.clear()
    async with aclosing(device.events()) as stream:
        events = _counted(stream, 2_000)
        assert len([event async for event in events]) == 2_000
    # 500 of each answer, and a pause after each of them.
    assert nvr.counters.operations["tev:PullMessages"] == 4
    assert clock.slept == [0.5, 0.5, 0.5]


async def _counted(
    stream: AsyncIterator[DeviceEvent], count: int
) -> AsyncIterator[DeviceEvent]:
    async for event in stream:
        yield event
        count -= 1
        if not count:
            return


async def test_a_crossed_line_is_a_moment(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    await device.channels()
    crossed = {
        "topic": "RuleEngine/LineDetector/Crossed",
        "stateless": True,
        "operation": "",
    }
    async with aclosing(device.events()) as stream:
        first = await _with_events(anext(stream), nvr)
        assert not first.is_moment
        nvr.notify(crossed)
        while (event := await anext(stream)).topic != crossed["topic"]:
            pass
        assert event.is_moment


# Channels


@pytest.mark.parametrize("kind", ["empty", "missing"])
async def test_the_main_stream_comes_first_though_its_facts_are_missing(
    start: Start, device_of: DeviceOf, kind: str
) -> None:
    nvr = await start(
        "wss-only",
        {"main_without_facts": kind},
        services=ALL_SERVICES - {"media2"},
    )
    (channel,) = await device_of(nvr).channels()
    assert [profile.token for profile in channel.profiles] == [
        "Profile_1_main",
        "Profile_1_sub",
    ]


@pytest.mark.parametrize("no_get_services", [True, False])
@pytest.mark.parametrize("source", ["VideoSourceConfiguration", "00", "1"])
async def test_one_lens_with_a_source_for_each_stream_is_one_camera(
    start: Start, device_of: DeviceOf, source: str, no_get_services: bool
) -> None:
    nvr = await start(
        "wss-only",
        {"no_get_services": no_get_services, "video_sources_told": 1},
        source_per_stream=True,
        source_token=source,
    )
    device = device_of(nvr)
    (channel,) = await device.channels()
    assert len(channel.profiles) == 2
    assert channel.recording_tokens == ("OnvifRecordingToken_1",)


async def test_footage_is_found_in_a_list_that_repeats_itself(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"never_completes": True, "duplicate_events": True})
    segments, is_complete = await listed(device_of(nvr, waits=QUIET), nvr)
    assert segments == footage(nvr)
    assert not is_complete


async def test_a_search_that_is_forgotten_at_once_is_no_empty_device(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo")
    device = device_of(nvr, waits=QUIET)
    nvr.faults.fault_ops["GetRecordingSearchResults"] = (
        "Sender ter:InvalidArgVal ter:InvalidToken"
    )
    assert (await refused(device.recordings())).kind is ErrorKind.TIMEOUT


# TLS


@pytest.mark.parametrize("framing", ["bytes-before", "length-too-small", "packed"])
async def test_crooked_answers_are_read_over_tls_too(
    start: Start, device_of: DeviceOf, framing: str
) -> None:
    nvr = await start("wss-only", {"framing_ops": {"*": framing}}, has_tls=True)
    shown = await certificate_fingerprint("127.0.0.1", nvr.port)
    pinned = TlsOptions(TlsMode.FINGERPRINT, shown)
    await is_usable(device_of(nvr, waits=QUIET, tls=pinned), nvr)


async def test_our_own_reader_looks_at_the_certificate_first(start: Start) -> None:
    nvr = await start("wss-only", has_tls=True)
    url = URL(f"https://127.0.0.1:{nvr.port}/onvif/device_service")

    async def ask(tls: TlsOptions) -> HttpAnswer | None:
        return await raw_http.exchange("GET", url, {}, b"", tls, limit=100, quiet=0.1)

    answer = await ask(TlsOptions(TlsMode.ANY))
    assert answer is not None
    assert answer.status == 405
    nvr.reset_counts()
    other = TlsOptions(TlsMode.FINGERPRINT, ":".join(["AB"] * 32))
    for wanted in (other, TlsOptions(TlsMode.VERIFY)):
        with pytest.raises(ssl.SSLError) as caught:
            await ask(wanted)
        assert transport_error(caught.value, "x").kind is ErrorKind.TLS
    assert nvr.counters.http_requests == 0
