"""The whole way through a simulated device: find, list, replay, compare every frame."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.simulator.scenario import make_specs
from tests.simulator.soap.envelope import parse_utc_ms
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch
from tests.simulator_tests.raw_client import RawClient, decode
from tests.simulator_tests.soap_client import SoapClient, talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")
_BASE = 1_767_225_600_000
_STRETCHES = (Stretch(600_000, 3000), Stretch(1_800_000, 4000))


async def _replay_uri(client: SoapClient, token: str) -> str:
    answer = await client.call(
        "<trp:GetReplayUri><trp:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>"
        "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        f"</trp:StreamSetup><trp:RecordingToken>{token}</trp:RecordingToken>"
        "</trp:GetReplayUri>"
    )
    return answer.one("trp:Uri")


async def _segments(client: SoapClient, token: str) -> list[tuple[int, int]]:
    found = await client.call(
        "<tse:FindEvents><tse:StartPoint>2025-01-01T00:00:00Z</tse:StartPoint>"
        f"<tse:Scope><tt:IncludedRecordings>{token}</tt:IncludedRecordings></tse:Scope>"
        "<tse:SearchFilter/><tse:IncludeStartState>true</tse:IncludeStartState>"
        "<tse:KeepAliveTime>PT10S</tse:KeepAliveTime></tse:FindEvents>"
    )
    answer = await client.call(
        "<tse:GetEventSearchResults><tse:SearchToken>"
        f"{found.one('tse:SearchToken')}</tse:SearchToken></tse:GetEventSearchResults>"
    )
    assert answer.root is not None
    edges = [
        parse_utc_ms(result.findtext("{*}Time"))
        for result in answer.root.iterfind(".//{*}Result")
        if result.findtext("{*}TrackToken") == "VIDEO001"
        and result.findtext("{*}StartStateEvent") == "false"
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _replay(
    uri: str, user: str, password: str, start: int, end: int
) -> list[tuple[int, int]]:
    """Return (number, time) read out of the pictures of one range."""
    parts = urlsplit(uri)
    assert parts.hostname is not None
    assert parts.port is not None
    path = uri.split(parts.netloc, 1)[1]
    with RawClient(parts.hostname, parts.port, user, password) as client:
        assert client.describe(path).status == 200
        client.setup(path, 1, Require="onvif-replay")
        answer = client.play(path, _clock(start), _clock(end))
        assert answer.status == 200
        packets = client.collect()
    return decode([packet for packet in packets if packet.channel == 0])


def _clock(ms: int) -> str:
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{ms % 1000:03d}Z"


@pytest.mark.parametrize("query", ["", "?channel=1&subtype=0"])
async def test_every_frame_listed_can_be_replayed(query: str) -> None:
    """Segments by events, address by GetReplayUri, pictures by RTSP: the ledger."""
    spec = NvrSpec(
        "Door",
        (CameraSpec("Door", _STRETCHES, base_ms=_BASE, audio=None),),
        replay_query=query,
    )
    async with talking_to(spec) as client:
        token = "OnvifRecordingToken_1"
        segments = await _segments(client, token)
        uri = await _replay_uri(client, token)
        frames: list[tuple[int, int]] = []
        for start, end in segments:
            frames += await asyncio.to_thread(
                _replay, uri, client.user, client.password, start, end
            )
        ledger = client.nvr.ledger()[token]
    assert [list(segment) for segment in segments] == ledger["segments"]
    assert [list(frame) for frame in frames] == ledger["frames"]


async def test_rtsp_has_its_own_accounts_where_the_device_says_so() -> None:
    """The web login is refused there, the other one let in."""
    async with talking_to(make_specs("rtsp-login")[0]) as client:
        port = client.nvr.rtsp_port

        def status(user: str, password: str) -> int:
            with RawClient("127.0.0.1", port, user, password) as rtsp:
                return rtsp.describe("/live/1/main").status

        web = await asyncio.to_thread(status, client.user, client.password)
        own = await asyncio.to_thread(status, "stream", "other-harbour-7")
    assert (web, own) == (401, 200)


async def test_a_device_without_login_has_none_on_rtsp_either() -> None:
    """Nobody asks who is there."""
    async with talking_to(make_specs("no-login")[0]) as client:
        port = client.nvr.rtsp_port

        def status() -> int:
            with RawClient("127.0.0.1", port, "", "") as rtsp:
                return rtsp.describe("/live/1/main").status

        assert await asyncio.to_thread(status) == 200
