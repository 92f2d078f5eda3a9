"""Devices that mean harm: nothing grows without end, nothing secret goes elsewhere."""

import asyncio
from collections.abc import Coroutine
import contextlib
from contextlib import aclosing
import gc
import gzip
import time
import tracemalloc
from typing import Any
import zlib

import aiohttp
from aiohttp import web
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif import search_runner
from custom_components.vtrack_nvr.core.onvif.caller import Call, SoapCaller
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.http_login import Credentials
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.onvif.probe import ProbeAnswer, probe
from custom_components.vtrack_nvr.core.onvif.targets import Target
from custom_components.vtrack_nvr.core.onvif.tls import TlsOptions
from custom_components.vtrack_nvr.core.onvif.transport import HttpTransport
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.core.onvif.scripted import QuickClock, ScriptedServer, soap

MEGABYTE = 1024 * 1024
WAITS = Waits(connect=10, soap_call=20)


async def _same_clock() -> bool:
    return False


@pytest.fixture
def caller(session: aiohttp.ClientSession) -> SoapCaller:
    transport = HttpTransport(session, WAITS, Bounds(), TlsOptions())
    login = Credentials("admin", "s3cret")
    return SoapCaller(transport, login, LoginGuard(), QuickClock(), _same_clock)


def call_at(server: ScriptedServer, name: str = "Op") -> Call:
    return Call(f"http://127.0.0.1:{server.port}/svc", f"urn:x/{name}", "<x/>")


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15)])
async def test_an_answer_that_unpacks_to_hundreds_of_megabytes_is_refused_early(
    server: ScriptedServer, caller: SoapCaller, encoding: str, window: int
) -> None:
    packer = zlib.compressobj(wbits=window)
    blank = bytes(MEGABYTE)
    packed = b"".join(packer.compress(blank) for _ in range(200)) + packer.flush()
    server.answers["Op"] = web.Response(
        body=packed, headers={"Content-Encoding": encoding}
    )
    tracemalloc.start()
    try:
        with pytest.raises(NvrError) as caught:
            await caller.call(call_at(server))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.kind is ErrorKind.PROTOCOL
    assert peak < 64 * MEGABYTE


async def test_an_answer_packed_though_nobody_asked_for_it_is_read(
    server: ScriptedServer, caller: SoapCaller
) -> None:
    body = soap("<done/>").body
    assert isinstance(body, bytes)
    server.answers["Op"] = web.Response(
        body=gzip.compress(body), headers={"Content-Encoding": "gzip"}
    )
    assert (await caller.call(call_at(server))).tag == "done"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_takes_no_login_elsewhere(
    server: ScriptedServer, caller: SoapCaller, status: int
) -> None:
    other = f"http://localhost:{server.port}/elsewhere"
    server.answers["Op"] = web.Response(status=status, headers={"Location": other})
    with pytest.raises(NvrError) as caught:
        await caller.call(call_at(server))
    assert caught.value.kind is ErrorKind.NOT_ONVIF
    assert "localhost" not in str(caught.value)
    assert {path for _, path, _ in server.seen} == {"/svc"}


async def test_a_realm_that_is_not_utf8_is_answered(
    server: ScriptedServer, caller: SoapCaller
) -> None:
    async def answer(request: web.Request, _body: str) -> web.Response:
        if request.headers.get("Authorization", "").startswith("Digest"):
            return soap("<done/>")
        realm = b"Enregistreur \xe9".decode("utf-8", "surrogateescape")
        refused = web.Response(status=401)
        refused.headers["WWW-Authenticate"] = f'Digest realm="{realm}", nonce="n"'
        return refused

    server.answers["Op"] = answer
    assert (await caller.call(call_at(server))).tag == "done"


async def test_a_search_without_end_is_broken_off(
    server: ScriptedServer,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_runner, "MAX_RESULTS", 25)
    pages = 0

    async def results(_request: web.Request, _body: str) -> web.Response:
        nonlocal pages
        pages += 1
        rows = "".join(
            f"<RecordingInformation><RecordingToken>{pages}-{row}</RecordingToken>"
            "</RecordingInformation>"
            for row in range(10)
        )
        return soap(
            "<R><ResultList><SearchState>Searching</SearchState>"
            f"{rows}</ResultList></R>"
        )

    url = f"http://127.0.0.1:{server.port}/search"
    server.answers.update(
        {
            "GetServices": f"<R><Service><Namespace>{Service.SEARCH}</Namespace>"
            f"<XAddr>{url}</XAddr></Service></R>",
            "GetSystemDateAndTime": "<R/>",
            "FindRecordings": "<R><SearchToken>t</SearchToken></R>",
            "GetRecordingSearchResults": results,
            "EndSearch": "<R/>",
        }
    )
    device = OnvifDevice(
        "127.0.0.1",
        server.port,
        "admin",
        "s3cret",
        session=session,
        clock=QuickClock(),
        waits=WAITS,
    )
    with pytest.raises(NvrError) as caught:
        await device.recordings()
    assert caught.value.kind is ErrorKind.TIMEOUT
    # Twice until it was too much, and the device was told both times.
    assert pages == 6
    assert server.count("EndSearch") == 2


async def test_a_clock_out_of_this_world_does_not_end_a_scan(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    server.answers["GetSystemDateAndTime"] = (
        "<R><SystemDateAndTime><UTCDateTime><Time><Hour>99999999999999</Hour>"
        "<Minute>1</Minute><Second>1</Second></Time><Date><Year>2026</Year>"
        "<Month>99999999999999</Month><Day>1</Day></Date></UTCDateTime>"
        "</SystemDateAndTime></R>"
    )
    found = await probe(
        [Target("127.0.0.1", server.port)], session=session, clock=QuickClock()
    )
    assert [item.answer for item in found] == [ProbeAnswer.ONVIF]
    assert found[0].clock_offset_ms is None


PROFILES = "".join(
    f'<Profiles token="P{n}"><Name>p</Name><VideoSourceConfiguration token="C{n}"><Name>n'
    f"</Name><SourceToken>V{n}</SourceToken></VideoSourceConfiguration></Profiles>"
    for n in range(5_000)
)
RECORDINGS = "".join(
    f"<RecordingInformation><RecordingToken>R{n}</RecordingToken><Source><SourceId>S{n}"
    f"</SourceId><Name>cam {n}</Name></Source><Track><TrackToken>T</TrackToken><TrackType>"
    "Video</TrackType><DataFrom>2026-01-01T00:00:00Z</DataFrom></Track>"
    "</RecordingInformation>"
    for n in range(8_000)
)
EVENTS = "".join(
    "<NotificationMessage><Topic>tns1:VideoSource/MotionAlarm</Topic><Message><Message>"
    f'<Source><SimpleItem Name="Source" Value="V{n}"/></Source><Data><SimpleItem '
    'Name="State" Value="true"/></Data></Message></Message></NotificationMessage>'
    for n in range(4_000)
)


def offered(server: ScriptedServer, *services: Service) -> str:
    return "".join(
        f"<Service><Namespace>{service}</Namespace><XAddr>http://127.0.0.1:{server.port}"
        f"/{service.label}</XAddr></Service>"
        for service in services
    )


@pytest.mark.parametrize("profiles", [600, 1_200, 5_000])
@pytest.mark.parametrize("recordings", [500, 2_000, 8_000])
async def test_no_list_however_large_holds_the_loop(
    server: ScriptedServer,
    session: aiohttp.ClientSession,
    profiles: int,
    recordings: int,
) -> None:
    """In time of the loop's thread: what others do meanwhile is not ours."""

    def cut(text: str, end: str, count: int) -> str:
        return end.join(text.split(end)[:count]) + end

    server.answers.update(
        {
            "GetServices": "<R>"
            + offered(server, Service.MEDIA, Service.SEARCH, Service.EVENTS)
            + "</R>",
            "GetSystemDateAndTime": "<R/>",
            "GetDeviceInformation": "<R/>",
            "GetProfiles": f"<R>{cut(PROFILES, '</Profiles>', profiles)}</R>",
            "FindRecordings": "<R><SearchToken>t</SearchToken></R>",
            "GetRecordingSearchResults": "<R><ResultList><SearchState>Completed"
            "</SearchState>"
            + cut(RECORDINGS, "</RecordingInformation>", recordings)
            + "</ResultList></R>",
        }
    )
    device = OnvifDevice(
        "127.0.0.1", server.port, "admin", "s3cret",
        session=session, clock=QuickClock(), waits=WAITS,
    )  # fmt: skip
    await device.connect()
    held = await longest_turn(device.channels())
    assert held < 0.05


async def test_no_flood_of_events_holds_the_loop(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    server.answers.update(
        {
            "GetServices": f"<R>{offered(server, Service.MEDIA, Service.EVENTS)}</R>",
            "GetSystemDateAndTime": "<R/>",
            "GetDeviceInformation": "<R/>",
            "GetProfiles": "<R/>",
            "CreatePullPointSubscriptionRequest": "<R><SubscriptionReference><Address>"
            "http://10.0.0.1/sub</Address></SubscriptionReference></R>",
            "PullMessagesRequest": f"<R>{EVENTS}</R>",
            "UnsubscribeRequest": "<R/>",
        }
    )
    device = OnvifDevice(
        "127.0.0.1", server.port, "admin", "s3cret",
        session=session, clock=QuickClock(), waits=WAITS,
    )  # fmt: skip
    await device.connect()

    async def listen() -> None:
        count = 0
        async with aclosing(device.events()) as events:
            async for _ in events:
                count += 1
                if count == 1_200:
                    return

    assert await longest_turn(listen()) < 0.05


async def longest_turn(work: Coroutine[Any, Any, Any]) -> float:
    """Return how long the loop was held at most; errors of ours are an end, too."""
    asyncio.get_running_loop().set_debug(False)
    held = 0.0

    async def watch() -> None:
        nonlocal held
        while True:
            burnt = time.thread_time()
            await asyncio.sleep(0)
            held = max(held, time.thread_time() - burnt)

    watcher = asyncio.create_task(watch())
    # What the collector does is every object's of this process.
    gc.disable()
    try:
        with contextlib.suppress(NvrError):
            await work
    finally:
        gc.enable()
        watcher.cancel()
        await asyncio.wait([watcher])
    return held
