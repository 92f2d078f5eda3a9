"""The way to a device: its clock, its services, and where they really answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, override

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.policy import Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer, fault
from tests.simulator.nvr import SimulatedNvr

type Start = Callable[..., Awaitable[SimulatedNvr]]
type DeviceOf = Callable[..., OnvifDevice]


class MovingClock(QuickClock):
    """A host clock of whole control: sleeping moves it, real waiting hardly happens."""

    def __init__(self) -> None:
        self.moved = 0.0

    @override
    def now_ms(self) -> int:
        return super().now_ms() + round(self.moved * 1000)

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.moved


async def test_the_clock_is_sharp_and_then_costs_one_request(
    start: Start, device_of: DeviceOf
) -> None:
    """With the real clock: 1 second of doubt becomes a fifth, within 1.3 s."""
    nvr = await start("wss-only", clock_offset_ms=-123_456)
    device = device_of(nvr, clock=SystemClock())
    reading = await device.measure_clock()
    assert abs(reading.offset_ms - 123_456) <= 150
    assert nvr.counters.operations["tds:GetSystemDateAndTime"] <= 11
    nvr.reset_counts()
    assert (await device.measure_clock()).offset_ms == reading.offset_ms
    assert nvr.counters.operations["tds:GetSystemDateAndTime"] == 1
    nvr.set_clock(-200_000)
    assert abs((await device.measure_clock()).offset_ms - 200_000) <= 150


@pytest.mark.parametrize(
    ("faults", "fields", "offset_ms"),
    [
        ({"no_times": True}, {}, 0),
        ({"impossible_date": True}, {}, 0),
        ({"no_utc_time": True},
         {"timezone": "CET-1", "local_offset_ms": 3_600_000}, 0),
        ({"fault_ops": {"GetSystemDateAndTime": "Receiver ter:Action"}}, {}, 0),
    ],
)  # fmt: skip
async def test_a_device_that_hardly_tells_its_time(
    start: Start,
    device_of: DeviceOf,
    faults: dict[str, Any],
    fields: dict[str, Any],
    offset_ms: int,
) -> None:
    nvr = await start("digest-only", faults, **fields)
    device = device_of(nvr)
    assert abs((await device.measure_clock()).offset_ms - offset_ms) < 1000
    assert len(await device.recordings()) == 1


async def test_calls_at_once_while_the_clock_jumps_do_not_block_each_other(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    await device.recordings()
    nvr.set_clock(9_000_000)
    async with asyncio.timeout(10):
        found = await asyncio.gather(
            *(device.recording("OnvifRecordingToken_1") for _ in range(8))
        )
    assert len(found) == 8
    assert not guard.is_locked


async def test_a_refusal_while_the_time_cannot_be_asked_is_a_refusal(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    await device.recordings()
    nvr.set_password("another")
    for switch in ("html_ops", "fault_ops"):
        value: Any = ["GetSystemDateAndTime"]
        if switch == "fault_ops":
            value = {"GetSystemDateAndTime": "Receiver ter:Action"}
        nvr.faults.update({switch: value})
        with pytest.raises(NvrError) as caught:
            await device.recordings()
        assert caught.value.kind is ErrorKind.AUTH_REFUSED


class ConnectionRig:
    """A device that is one scripted server."""

    def __init__(self, server: ScriptedServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.clock = MovingClock()
        server.answers["GetSystemDateAndTime"] = "<R/>"
        server.answers["GetDeviceInformation"] = "<R><Model>X</Model></R>"
        self.device = OnvifDevice(
            "127.0.0.1",
            server.port,
            "u",
            "p",
            session=session,
            clock=self.clock,
            waits=Waits(connect=0.5, soap_call=0.5),
        )

    def offer(self, **services: str) -> None:
        self.server.answers["GetServices"] = "<R>{}</R>".format(
            "".join(
                f"<Service><Namespace>{Service[name]}</Namespace><XAddr>{xaddr}</XAddr>"
                "</Service>"
                for name, xaddr in services.items()
            )
        )


@pytest.fixture
def rig(server: ScriptedServer, session: aiohttp.ClientSession) -> ConnectionRig:
    return ConnectionRig(server, session)


RECORDINGS = (
    "<R><ResultList><SearchState>Completed</SearchState><RecordingInformation>"
    "<RecordingToken>A</RecordingToken></RecordingInformation></ResultList></R>"
)


async def test_an_advertised_port_nobody_answers_at_is_replaced(
    rig: ConnectionRig,
) -> None:
    rig.offer(SEARCH="http://127.0.0.1:1/search")
    rig.server.answers["FindRecordings"] = "<R><SearchToken>T</SearchToken></R>"
    rig.server.answers["GetRecordingSearchResults"] = RECORDINGS
    assert [r.token for r in await rig.device.recordings()] == ["A"]
    assert ("FindRecordings", "/search", "") in rig.server.seen


async def test_services_are_asked_for_with_a_login_where_the_device_insists(
    rig: ConnectionRig,
) -> None:
    async def answer(request: web.Request, body: str) -> web.Response | str:
        if "UsernameToken" in body:
            return web.Response(
                text='<E xmlns="http://www.w3.org/2003/05/soap-envelope"/>'.replace(
                    "<E", "<Envelope"
                ).replace("/>", "><Body><R><Capabilities/></R></Body></Envelope>")
            )
        return fault("NotAuthorized")

    rig.server.answers["GetServices"] = answer
    rig.server.answers["GetCapabilities"] = answer
    assert (await rig.device.identity()).model == "X"
    with pytest.raises(NvrError) as caught:
        await rig.device.replay_uri("A")
    assert caught.value.kind is ErrorKind.UNSUPPORTED


async def test_a_replay_address_that_is_none_is_a_protocol_error(
    rig: ConnectionRig,
) -> None:
    rig.offer(REPLAY=f"http://127.0.0.1:{rig.server.port}/replay")
    rig.server.answers["GetReplayUri"] = "<R><Uri></Uri></R>"
    with pytest.raises(NvrError) as caught:
        await rig.device.replay_uri("A")
    assert caught.value.kind is ErrorKind.PROTOCOL


async def test_an_empty_answer_about_a_recording_means_gone(rig: ConnectionRig) -> None:
    rig.offer(SEARCH=f"http://127.0.0.1:{rig.server.port}/search")
    rig.server.answers["GetRecordingInformation"] = ""
    with pytest.raises(NvrError) as caught:
        await rig.device.recording("A")
    assert caught.value.kind is ErrorKind.GONE


async def test_the_second_opinion_may_fail(rig: ConnectionRig) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"
    rig.offer(SEARCH=f"{base}/search", RECORDING=f"{base}/recording")
    rig.server.answers["FindRecordings"] = "<R><SearchToken>T</SearchToken></R>"
    rig.server.answers["GetRecordingSearchResults"] = RECORDINGS.replace(
        "RecordingInformation", "Nothing"
    )
    rig.server.answers["GetRecordings"] = fault("ActionNotSupported")
    assert await rig.device.recordings() == ()
    rig.server.answers["GetRecordings"] = fault("ResourceProblem")
    with pytest.raises(NvrError) as caught:
        await rig.device.recordings()
    assert caught.value.kind is ErrorKind.BUSY


async def test_a_pull_point_that_answers_at_once_is_not_asked_in_a_rush(
    rig: ConnectionRig,
) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"
    rig.offer(EVENTS=f"{base}/events", MEDIA=f"{base}/media")
    answers = rig.server.answers
    answers["GetProfiles"] = "<R/>"
    answers["CreatePullPointSubscriptionRequest"] = (
        "<R><SubscriptionReference><Address>http://10.0.0.1/sub?7</Address>"
        '<ReferenceParameters><v:Id xmlns:v="urn:v">9</v:Id></ReferenceParameters>'
        "</SubscriptionReference></R>"
    )
    bodies: list[str] = []

    async def pull(request: web.Request, body: str) -> str:
        bodies.append(body)
        rig.clock.moved += 70
        if len(bodies) < 3:
            return "<R/>"
        return (
            "<R><NotificationMessage><Topic>a/MotionAlarm</Topic><Message><Message>"
            '<Data><SimpleItem Name="State" Value="true"/></Data></Message></Message>'
            "</NotificationMessage></R>"
        )

    answers["PullMessagesRequest"] = pull
    answers["RenewRequest"] = fault("ActionNotSupported")
    stream = rig.device.events()
    event = await anext(stream)
    assert event.is_active
    await stream.aclose()
    paths = {path for name, path, _ in rig.server.seen if "Pull" in name}
    # The subscription's own address, at the host a person configured.
    assert "/sub?7" in paths
    assert all(">9</" in body and "http://10.0.0.1/sub?7" in body for body in bodies)
    # Twice due: in each of the four ways first, then as it should be.
    assert rig.server.count("RenewRequest") == 5
    assert rig.server.count("UnsubscribeRequest") == 1


async def test_a_subscription_without_an_address_is_a_protocol_error(
    rig: ConnectionRig,
) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"
    rig.offer(EVENTS=f"{base}/events", MEDIA=f"{base}/media")
    rig.server.answers["GetProfiles"] = "<R/>"
    rig.server.answers["CreatePullPointSubscriptionRequest"] = "<R/>"
    with pytest.raises(NvrError) as caught:
        await anext(rig.device.events())
    assert caught.value.kind is ErrorKind.PROTOCOL


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500, text="x"),
        web.Response(status=401),
        web.Response(status=403, text="<html></html>"),
        fault("NotAuthorized"),
        fault("ActionNotSupported"),
    ],
    ids=["500", "401", "403", "refused", "fault"],
)
async def test_a_login_is_not_judged_by_what_is_optional(
    rig: ConnectionRig, answer: web.Response
) -> None:
    rig.offer()
    rig.server.answers["GetCapabilities"] = "<R/>"
    rig.server.answers["GetNetworkInterfaces"] = answer
    await rig.device.connect()
    assert (await rig.device.identity()).mac == ""
    rig.clock.moved += 4_000
    assert (await rig.device.identity()).mac == ""


async def test_a_wrong_login_is_found_out_by_the_first_call_that_wants_one(
    rig: ConnectionRig,
) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"
    rig.offer(MEDIA=f"{base}/media")
    rig.server.answers["GetNetworkInterfaces"] = fault("NotAuthorized")
    rig.server.answers["GetProfiles"] = fault("NotAuthorized")
    with pytest.raises(NvrError) as caught:
        await rig.device.connect()
    assert caught.value.kind is ErrorKind.AUTH_REFUSED
    assert rig.server.count("GetNetworkInterfaces") == 1


async def test_a_snapshot_address_that_is_none(rig: ConnectionRig) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"
    rig.offer(MEDIA=f"{base}/media")
    rig.server.answers["GetProfiles"] = (
        '<R><Profiles token="P"><VideoSourceConfiguration token="C"><SourceToken>V'
        "</SourceToken></VideoSourceConfiguration></Profiles></R>"
    )
    (channel,) = await rig.device.channels()
    rig.server.answers["GetSnapshotUri"] = "<R><MediaUri><Uri/></MediaUri></R>"
    with pytest.raises(NvrError) as caught:
        await rig.device.snapshot(channel.profiles[0])
    assert caught.value.kind is ErrorKind.UNSUPPORTED


async def test_a_search_that_is_forgotten_keeps_what_it_told(
    rig: ConnectionRig,
) -> None:
    rig.offer(SEARCH=f"http://127.0.0.1:{rig.server.port}/search")
    page = (
        "<R><ResultList><SearchState>Searching</SearchState><RecordingInformation>"
        "<RecordingToken>A</RecordingToken></RecordingInformation></ResultList></R>"
    )
    gone = fault("InvalidToken")
    rig.server.answers["FindRecordings"] = "<R><SearchToken>t</SearchToken></R>"
    rig.server.answers["GetRecordingSearchResults"] = [page, gone, page, gone]
    rig.server.answers["EndSearch"] = web.Response(status=400)
    (recording,) = await rig.device.recordings()
    assert recording.token == "A"
    # A device without EndSearch is not asked for it again.
    assert rig.server.count("EndSearch") == 1


@pytest.mark.parametrize("single", [True, False])
async def test_capabilities_are_asked_for_one_by_one_where_all_is_refused(
    rig: ConnectionRig, single: bool
) -> None:
    base = f"http://127.0.0.1:{rig.server.port}"

    async def answer(_request: web.Request, body: str) -> Any:
        if single and ">Media<" in body:
            return (
                f"<R><Capabilities><Media><XAddr>{base}/media</XAddr></Media>"
                "</Capabilities></R>"
            )
        return web.Response(status=400)

    rig.server.answers["GetServices"] = web.Response(status=404)
    rig.server.answers["GetCapabilities"] = answer
    rig.server.answers["GetProfiles"] = (
        '<R><Profiles token="P"><VideoSourceConfiguration token="C"><SourceToken>V'
        "</SourceToken></VideoSourceConfiguration></Profiles></R>"
    )
    (channel,) = await rig.device.channels()
    assert channel.token == "V"
    paths = {path for name, path, _ in rig.server.seen if name == "GetProfiles"}
    # Told by neither, the media service is looked for at the device's own address.
    assert ("/media" in paths) == single
    assert single or "/onvif/device_service" in paths


async def test_a_device_that_offers_nothing_says_why(rig: ConnectionRig) -> None:
    for name in ("GetServices", "GetCapabilities", "GetProfiles"):
        rig.server.answers[name] = web.Response(status=400)
    with pytest.raises(NvrError) as caught:
        await rig.device.channels()
    assert caught.value.where == "GetCapabilities"


async def test_a_clock_that_was_told_once_must_be_told_again(
    rig: ConnectionRig,
) -> None:
    rig.offer(MEDIA=f"http://127.0.0.1:{rig.server.port}/media")
    rig.server.answers["GetSystemDateAndTime"] = (
        "<R><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour><Minute>1</Minute>"
        "<Second>1</Second></Time><Date><Year>2020</Year><Month>1</Month><Day>1</Day>"
        "</Date></UTCDateTime></SystemDateAndTime></R>"
    )
    before = await rig.device.measure_clock()
    assert before.offset_ms > 0
    rig.server.answers["GetSystemDateAndTime"] = web.Response(status=500)
    with pytest.raises(NvrError) as caught:
        await rig.device.measure_clock()
    assert caught.value.kind is ErrorKind.PROTOCOL
