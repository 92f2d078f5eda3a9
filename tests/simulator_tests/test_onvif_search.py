"""The search service of a simulated device: sessions, tokens, refusals, and where a
recording belongs.
"""

import asyncio

import pytest

from tests.simulator.faults import Faults
from tests.simulator.soap.envelope import utc_text
from tests.simulator.spec import Mapping
from tests.simulator_tests.searches import (
    BASE,
    MINUTE,
    end_search,
    find_recordings,
    page,
    recorder,
)
from tests.simulator_tests.soap_client import talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_recordings_come_in_pages_and_the_session_ends_with_the_last() -> None:
    """Partial answers say Searching; after Completed the token is unknown."""
    async with talking_to(recorder(5)) as client:
        token = (await find_recordings(client)).one("tse:SearchToken")
        first = await page(client, "Recording", token, 3)
        second = await page(client, "Recording", token, 3)
        again = await page(client, "Recording", token, 3)
        ended = await end_search(client, token)
    assert first.one("tt:SearchState") == "Searching"
    assert len(first.all("tt:RecordingInformation")) == 3
    assert second.one("tt:SearchState") == "Completed"
    assert len(second.all("tt:RecordingInformation")) == 2
    assert again.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]
    assert ended.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_summary_and_information_tell_the_footage() -> None:
    """Earliest is the first frame's time, latest the end of the last stretch."""
    async with talking_to(recorder()) as client:
        summary = await client.call("<tse:GetRecordingSummary/>")
        information = await client.call(
            "<tse:GetRecordingInformation><tse:RecordingToken>OnvifRecordingToken_1"
            "</tse:RecordingToken></tse:GetRecordingInformation>"
        )
    assert summary.one("tt:DataFrom") == utc_text(BASE + 10 * MINUTE)
    assert summary.one("tt:DataUntil") == utc_text(BASE + 30 * MINUTE + 40_000)
    assert summary.one("tt:NumberRecordings") == "1"
    assert information.one("tt:EarliestRecording") == utc_text(BASE + 10 * MINUTE)
    assert information.one("tt:RecordingStatus") == "Stopped"
    assert information.all("tt:TrackToken") == ["VIDEO001", "AUDIO001"]


@pytest.mark.parametrize(
    "body",
    [
        # KeepAliveTime missing.
        "<tse:FindRecordings><tse:Scope/></tse:FindRecordings>",
        # Scope missing.
        (
            "<tse:FindRecordings><tse:KeepAliveTime>PT9S</tse:KeepAliveTime>"
            "</tse:FindRecordings>"
        ),
        # Wrong order.
        (
            "<tse:FindRecordings><tse:KeepAliveTime>PT9S</tse:KeepAliveTime><tse:Scope/>"
            "</tse:FindRecordings>"
        ),
        # Wrong namespace.
        (
            "<tse:FindRecordings><tt:Scope/><tse:KeepAliveTime>PT9S</tse:KeepAliveTime>"
            "</tse:FindRecordings>"
        ),
        # No duration.
        (
            "<tse:FindRecordings><tse:Scope/><tse:KeepAliveTime>60</tse:KeepAliveTime>"
            "</tse:FindRecordings>"
        ),
        # SearchFilter missing.
        (
            "<tse:FindEvents><tse:StartPoint>2026-01-01T00:00:00Z</tse:StartPoint>"
            "<tse:Scope/><tse:IncludeStartState>true</tse:IncludeStartState>"
            "<tse:KeepAliveTime>PT9S</tse:KeepAliveTime></tse:FindEvents>"
        ),
        # A time that does not say UTC.
        (
            "<tse:FindEvents><tse:StartPoint>2026-01-01T00:00:00</tse:StartPoint>"
            "<tse:Scope/><tse:SearchFilter/><tse:IncludeStartState>true"
            "</tse:IncludeStartState><tse:KeepAliveTime>PT9S</tse:KeepAliveTime>"
            "</tse:FindEvents>"
        ),
        # An element nobody knows.
        "<tse:GetRecordingSummary><tse:Extra/></tse:GetRecordingSummary>",
    ],
)
async def test_what_the_schema_forbids_is_refused(body: str) -> None:
    """Invalid requests are faults, never guessed at."""
    async with talking_to(recorder()) as client:
        answer = await client.call(body)
    assert answer.status == 400
    assert answer.subcodes == ["ter:InvalidArgs"]


async def test_sessions_die_of_silence_and_are_few() -> None:
    """KeepAliveTime over: unknown token. Too many: ResourceProblem."""
    spec = recorder(faults=Faults(max_searches=2))
    async with talking_to(spec) as client:
        tokens = [
            (await find_recordings(client)).one("tse:SearchToken") for _ in range(2)
        ]
        busy = await find_recordings(client)
        client.nvr.faults.shortest_keep_alive_s = 0.02
        await asyncio.sleep(0.05)
        dead = await page(client, "Recording", tokens[0])
        assert (await find_recordings(client)).status == 200
    assert busy.status == 500
    assert busy.subcodes == ["ter:Action", "ter:ResourceProblem"]
    assert dead.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_tokens_of_one_kind_do_not_open_the_other() -> None:
    """A recording search has no events."""
    async with talking_to(recorder()) as client:
        token = (await find_recordings(client)).one("tse:SearchToken")
        answer = await page(client, "Event", token)
    assert answer.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_end_search_ends_once() -> None:
    """Then the token is unknown."""
    async with talking_to(recorder()) as client:
        token = (await find_recordings(client)).one("tse:SearchToken")
        ended = await end_search(client, token)
        again = await end_search(client, token)
    assert ended.status == 200
    assert again.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_replay_uri_names_the_recording_whole() -> None:
    """An unknown recording is NoRecording, an unknown stream type InvalidStreamSetup."""
    body = (
        "<trp:GetReplayUri><trp:StreamSetup><tt:Stream>{stream}</tt:Stream>"
        "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        "</trp:StreamSetup><trp:RecordingToken>{token}</trp:RecordingToken>"
        "</trp:GetReplayUri>"
    )
    async with talking_to(recorder(replay_query="?a=1&b=2")) as client:
        good = await client.call(
            body.format(stream="RTP-Unicast", token="OnvifRecordingToken_1")
        )
        unknown = await client.call(body.format(stream="RTP-Unicast", token="X"))
        multicast = await client.call(
            body.format(stream="RTP-Multicast", token="OnvifRecordingToken_1")
        )
        port = client.nvr.rtsp_port
    assert good.one("trp:Uri") == f"rtsp://127.0.0.1:{port}/replay/1?a=1&b=2"
    assert unknown.subcodes == ["ter:InvalidArgVal", "ter:NoRecording"]
    assert multicast.subcodes == ["ter:InvalidArgVal", "ter:InvalidStreamSetup"]


@pytest.mark.parametrize("mapping", list(Mapping))
async def test_recordings_can_be_traced_in_one_way_only(mapping: Mapping) -> None:
    """Each way leaves its own trace and no other."""
    async with talking_to(recorder(2, mapping=mapping)) as client:
        jobs = await client.call("<trc:GetRecordingJobs/>")
        found = await find_recordings(client)
        recordings = await page(client, "Recording", found.one("tse:SearchToken"))
        options = await client.call(
            "<trc:GetRecordingOptions><trc:RecordingToken>OnvifRecordingToken_1"
            "</trc:RecordingToken></trc:GetRecordingOptions>"
        )
    traces = {
        Mapping.JOB_PROFILE: bool(jobs.all("tt:JobToken")),
        Mapping.VIDEO_SOURCE: "VideoSource_1" in recordings.all("tt:VideoSourceToken"),
        Mapping.SOURCE_ID: "VideoSource_1" in recordings.all("tt:SourceId"),
        Mapping.OPTIONS: "CompatibleSources" in options.text,
        Mapping.NUMBERS: "SourceId_1" in recordings.all("tt:SourceId"),
    }
    assert [way for way, found in traces.items() if found] == [
        way for way in (mapping,) if way is not Mapping.ORDER
    ]
