"""The search service of a simulated device: sessions, windows, start states, refusals."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.simulator.faults import Faults
from tests.simulator.soap.envelope import parse_utc_ms, utc_text
from tests.simulator.spec import CameraSpec, Mapping, NvrSpec
from tests.simulator.timeline import Stretch
from tests.simulator_tests.soap_client import Answer, SoapClient, talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")

BASE = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
MINUTE = 60_000
_STRETCHES = (Stretch(10 * MINUTE, 20_000), Stretch(30 * MINUTE, 40_000))


def _spec(count: int = 1, **fields: object) -> NvrSpec:
    cameras = tuple(
        CameraSpec(
            f"Room {n}", _STRETCHES, base_ms=BASE, audio="AAC" if n == 0 else None
        )
        for n in range(count)
    )
    return NvrSpec("Recorder", cameras, **fields)  # type: ignore[arg-type]


@dataclass
class Event:
    """A result of an event search."""

    topic: str
    track: str
    ms: int
    value: str
    is_start: bool


async def find_recordings(
    client: SoapClient, scope: str = "", *, keep_alive: str = "PT10S"
) -> Answer:
    """Start a search for recordings."""
    return await client.call(
        f"<tse:FindRecordings><tse:Scope>{scope}</tse:Scope>"
        f"<tse:KeepAliveTime>{keep_alive}</tse:KeepAliveTime></tse:FindRecordings>"
    )


async def find_events(
    client: SoapClient,
    start: int,
    end: int | None,
    *,
    scope: str = "",
    search_filter: str = "",
    start_state: str = "true",
    matches: int | None = None,
) -> Answer:
    """Start a search for events."""
    return await client.call(
        f"<tse:FindEvents><tse:StartPoint>{utc_text(start)}</tse:StartPoint>"
        + (f"<tse:EndPoint>{utc_text(end)}</tse:EndPoint>" if end is not None else "")
        + f"<tse:Scope>{scope}</tse:Scope>"
        + f"<tse:SearchFilter>{search_filter}</tse:SearchFilter>"
        + f"<tse:IncludeStartState>{start_state}</tse:IncludeStartState>"
        + (f"<tse:MaxMatches>{matches}</tse:MaxMatches>" if matches else "")
        + "<tse:KeepAliveTime>PT10S</tse:KeepAliveTime></tse:FindEvents>"
    )


async def page(client: SoapClient, kind: str, token: str, limit: int = 100) -> Answer:
    """Ask for results."""
    return await client.call(
        f"<tse:Get{kind}SearchResults><tse:SearchToken>{token}</tse:SearchToken>"
        f"<tse:MaxResults>{limit}</tse:MaxResults><tse:WaitTime>PT1S</tse:WaitTime>"
        f"</tse:Get{kind}SearchResults>",
        is_checked=False,
    )


def events_of(answer: Answer) -> list[Event]:
    """Return the events of a page."""
    assert answer.root is not None
    found = []
    for node in answer.root.iterfind(".//{*}Result"):
        item = node.find(".//{*}Data/{*}SimpleItem")
        found.append(
            Event(
                node.findtext(".//{*}Topic"),
                node.findtext("{*}TrackToken") or "",
                parse_utc_ms(node.findtext("{*}Time")),
                item.get("Value"),
                node.findtext("{*}StartStateEvent") == "true",
            )
        )
    return found


async def search(
    client: SoapClient, start: int, end: int | None, **how: object
) -> list[Event]:
    """Return the events of a window that fit one page."""
    found = await find_events(client, start, end, **how)  # type: ignore[arg-type]
    answer = await page(client, "Event", found.one("tse:SearchToken"))
    assert answer.one("tt:SearchState") == "Completed"
    return events_of(answer)


async def end_search(client: SoapClient, token: str) -> Answer:
    """End a search."""
    return await client.call(
        f"<tse:EndSearch><tse:SearchToken>{token}</tse:SearchToken></tse:EndSearch>"
    )


# --- Recordings --------------------------------------------------------------------------


async def test_recordings_come_in_pages_and_the_session_ends_with_the_last() -> None:
    """Partial answers say Searching; after Completed the token is unknown."""
    async with talking_to(_spec(5)) as client:
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
    async with talking_to(_spec()) as client:
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


async def test_growing_recording_moves_on() -> None:
    """Status Recording, and the latest time is the device's now."""
    spec = NvrSpec("Recorder", (CameraSpec("Door", grows=True),))
    async with talking_to(spec) as client:
        answers = []
        for _ in range(2):
            answers.append(
                await client.call(
                    "<tse:GetRecordingInformation><tse:RecordingToken>"
                    "OnvifRecordingToken_1</tse:RecordingToken>"
                    "</tse:GetRecordingInformation>"
                )
            )
            await asyncio.sleep(0.05)
        latest = [parse_utc_ms(a.one("tt:LatestRecording")) for a in answers]
        assert latest[0] < latest[1] <= client.nvr.clock.now_ms()
        assert answers[0].one("tt:RecordingStatus") == "Recording"
        values = [
            event.value
            for event in await search(client, latest[0] - 60_000, None)
            if event.track == "VIDEO001"
        ]
        assert values == ["false", "true"]
        client.nvr.record(is_on=False)
        ended = await search(client, latest[0] - 60_000, latest[0] + 60_000)
    assert [e.value for e in ended if e.track == "VIDEO001"] == [
        "false",
        "true",
        "false",
    ]


# --- Events ------------------------------------------------------------------------------


async def test_events_are_ascending_with_start_states() -> None:
    """One invented event per recording and track at the window's start."""
    async with talking_to(_spec()) as client:
        events = await search(client, BASE, BASE + 60 * MINUTE)
        inside = await search(client, BASE + 10 * MINUTE + 5000, BASE + 60 * MINUTE)
        without = await search(client, BASE, BASE + 60 * MINUTE, start_state="false")
    assert [e.ms for e in events] == sorted(e.ms for e in events)
    assert [(e.track, e.value) for e in events if e.is_start] == [
        ("", "false"),
        ("VIDEO001", "false"),
        ("AUDIO001", "false"),
    ]
    video = [(e.ms - BASE, e.value) for e in without if e.track == "VIDEO001"]
    assert video == [
        (10 * MINUTE, "true"),
        (10 * MINUTE + 20_000, "false"),
        (30 * MINUTE, "true"),
        (30 * MINUTE + 40_000, "false"),
    ]
    assert {e.value for e in inside if e.is_start} == {"true"}


async def test_backward_search_is_descending() -> None:
    """EndPoint before StartPoint turns the order round (RS 5.9)."""
    async with talking_to(_spec()) as client:
        events = await search(client, BASE + 60 * MINUTE, BASE, start_state="false")
    assert [e.ms for e in events] == sorted((e.ms for e in events), reverse=True)
    assert len(events) == 12


async def test_max_matches_ends_a_search_early() -> None:
    """So many and no more, then Completed (RS 5.9)."""
    async with talking_to(_spec()) as client:
        first = await search(client, BASE, BASE + 60 * MINUTE, matches=5)
        everything = await search(client, BASE, BASE + 60 * MINUTE)
    assert first == everything[:5]


async def test_scope_and_topics_are_applied() -> None:
    """Only the recording and the topic asked for; a foreign prefix is a fault."""
    topic = (
        '<wsnt:TopicExpression Dialect="http://www.onvif.org/ver10/tev/'
        'topicExpression/ConcreteSet">{}:RecordingHistory/Track/State'
        "</wsnt:TopicExpression>"
    )
    scope = "<tt:IncludedRecordings>OnvifRecordingToken_2</tt:IncludedRecordings>"
    window = (BASE, BASE + 60 * MINUTE)
    async with talking_to(_spec(3)) as client:
        scoped = await search(client, *window, scope=scope)
        filtered = await search(client, *window, search_filter=topic.format("tns1"))
        refused = await find_events(client, *window, search_filter=topic.format("tt"))
        unknown = await find_events(client, *window, scope=scope.replace("_2", "_9"))
        xpath = await find_recordings(
            client,
            '<tt:RecordingInformationFilter>boolean(//Track[TrackType = "Audio"])'
            "</tt:RecordingInformationFilter>",
        )
        with_audio = await page(client, "Recording", xpath.one("tse:SearchToken"))
    assert len(scoped) == 2 + 2 * 4
    assert {e.topic for e in filtered} == {"tns1:RecordingHistory/Track/State"}
    assert refused.subcodes == ["ter:InvalidArgVal", "ter:InvalidFilterFault"]
    assert unknown.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]
    assert len(with_audio.all("tt:RecordingInformation")) == 1


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
    async with talking_to(_spec()) as client:
        answer = await client.call(body)
    assert answer.status == 400
    assert answer.subcodes == ["ter:InvalidArgs"]


async def test_sessions_die_of_silence_and_are_few() -> None:
    """KeepAliveTime over: unknown token. Too many: ResourceProblem."""
    spec = _spec(faults=Faults(max_searches=2))
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
    async with talking_to(_spec()) as client:
        token = (await find_recordings(client)).one("tse:SearchToken")
        answer = await page(client, "Event", token)
    assert answer.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_end_search_ends_once() -> None:
    """Then the token is unknown."""
    async with talking_to(_spec()) as client:
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
    async with talking_to(_spec(replay_query="?a=1&b=2")) as client:
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
    async with talking_to(_spec(2, mapping=mapping)) as client:
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


# --- Devices as they are -----------------------------------------------------------------


async def test_switches_change_what_events_say() -> None:
    """Each switch has its effect on the same history."""
    async with talking_to(_spec()) as client:
        await _check_switches(client)


async def _check_switches(client: SoapClient) -> None:
    async def told(**switches: object) -> tuple[list[Event], Answer]:
        client.nvr.faults.reset()
        client.nvr.faults.update(switches)
        found = await find_events(client, BASE, BASE + 60 * MINUTE)
        answer = await page(client, "Event", found.one("tse:SearchToken"))
        return ([] if "impossible_times" in switches else events_of(answer)), answer

    plain, _ = await told()
    assert len(plain) == 3 + 3 * 4
    assert (await told(no_start_state=True))[0] == [e for e in plain if not e.is_start]
    assert (await told(no_events=True))[0] == []
    assert len((await told(duplicate_events=True))[0]) == 2 * len(plain)
    only, _ = await told(only_recording_state=True)
    assert {e.topic for e in only} == {"tns1:RecordingHistory/Recording/State"}
    tracks, _ = await told(no_recording_state=True)
    assert {e.topic for e in tracks} == {"tns1:RecordingHistory/Track/State"}
    odd, answer = await told(topic_prefix="tnsvendor", odd_dialect=True)
    assert {e.topic.split(":")[0] for e in odd} == {"tnsvendor"}
    assert "topicExpresion" in answer.text
    assert len((await told(unrelated_events=True))[0]) == len(plain) + 2
    assert len((await told(repeated_values=True))[0]) == len(plain) + 6
    assert {e.track for e in (await told(track_token_empty=True))[0]} == {""}
    _, answer = await told(source_item_missing=True)
    assert 'Name="Track"' not in answer.text
    _, answer = await told(start_state_changed=True)
    assert "Initialized" not in answer.text
    backward, _ = await told(unordered=True)
    assert [e.ms for e in backward] == sorted((e.ms for e in plain), reverse=True)
    _, answer = await told(impossible_times=True)
    assert answer.all("tt:Time")[-1] == "0000-00-00T00:00:00Z"
    capped, answer = await told(silent_cap=4)
    assert len(capped) == 4
    assert answer.one("tt:SearchState") == "Completed"
    files, _ = await told(file_minutes=0.25, no_recording_state=True)
    video = [e.ms - BASE for e in files if e.track == "VIDEO001" and not e.is_start]
    assert video.count(10 * MINUTE + 15_000) == 2
    longer, _ = await told(lie_about_lengths_ms=5000)
    assert max(e.ms for e in longer) == BASE + 30 * MINUTE + 45_000


async def test_switches_change_what_the_window_means() -> None:
    """Ignored filters bring everything."""
    async with talking_to(_spec(2, faults=Faults(ignore_window=True))) as client:
        assert len(await search(client, BASE, BASE + 1000)) == 5 + 5 * 4
        client.nvr.faults.reset()
        client.nvr.faults.ignore_scope = True
        scope = "<tt:IncludedRecordings>OnvifRecordingToken_2</tt:IncludedRecordings>"
        assert len(await search(client, BASE, BASE + 60 * MINUTE, scope=scope)) == 25


async def test_switches_change_sessions() -> None:
    """Empty rounds, capped pages, odd states, faults at the end."""
    async with talking_to(_spec(3)) as client:
        faults = client.nvr.faults
        faults.update({"searching_rounds": 2, "page_size": 1})
        token = (await find_recordings(client)).one("tse:SearchToken")
        answers = [await page(client, "Recording", token) for _ in range(5)]
        assert [len(a.all("tt:RecordingInformation")) for a in answers] == [
            0,
            0,
            1,
            1,
            1,
        ]
        faults.reset()
        faults.unknown_state = True
        token = (await find_recordings(client)).one("tse:SearchToken")
        odd = await page(client, "Recording", token)
        assert odd.one("tt:SearchState") == "Unknown"
        faults.reset()
        faults.never_completes = True
        token = (await find_recordings(client)).one("tse:SearchToken")
        for _ in range(3):
            more = await page(client, "Recording", token)
            assert more.one("tt:SearchState") == "Searching"
        faults.end_search_fault = True
        assert (await end_search(client, token)).status == 500
        faults.resource_problem = True
        assert (await find_recordings(client)).subcodes[-1] == "ter:ResourceProblem"


async def test_switches_change_recordings() -> None:
    """Missing, frozen, future and 1970 times; empty listings; times without Z."""

    async def listed(**faults: object) -> Answer:
        client.nvr.faults.reset()
        client.nvr.faults.update(faults)
        found = await find_recordings(client)
        return await page(client, "Recording", found.one("tse:SearchToken"))

    async with talking_to(_spec()) as client:
        assert (await listed(no_recordings=True)).all("tt:RecordingInformation") == []
        empty = await listed(find_recordings_empty=True)
        assert empty.all("tt:RecordingInformation") == []
        assert (await client.call("<trc:GetRecordings/>")).all("trc:RecordingItem")
        assert (await listed(no_latest=True)).all("tt:LatestRecording") == []
        old = await listed(dates_1970=True)
        assert old.one("tt:EarliestRecording") == "1970-01-01T00:03:15Z"
        frozen = await listed(frozen_data_to=True)
        assert frozen.all("tt:DataTo")[0] == utc_text(BASE + 30 * MINUTE)
        bare = await listed(times_without_z=True)
        assert not bare.one("tt:LatestRecording").endswith("Z")
        offset = await listed(times_with_offset=True)
        assert offset.one("tt:LatestRecording").endswith("+00:00")
        assert (await listed(no_status=True)).one("tt:RecordingStatus") == "Unknown"
        assert (await listed(no_tracks=True)).all("tt:Track") == []
        future = await listed(future_latest_ms=3_600_000)
        assert future.one("tt:LatestRecording") == utc_text(BASE + 90 * MINUTE + 40_000)


async def test_formatting_gives_new_tokens() -> None:
    """The old token is unknown, the new recording empty."""
    async with talking_to(_spec()) as client:
        client.nvr.format()
        found = await find_recordings(client)
        listed = await page(client, "Recording", found.one("tse:SearchToken"))
        old = await client.call(
            "<tse:GetRecordingInformation><tse:RecordingToken>OnvifRecordingToken_1"
            "</tse:RecordingToken></tse:GetRecordingInformation>"
        )
    assert listed.one("tt:RecordingToken") == "OnvifRecordingToken_1~1"
    assert listed.all("tt:LatestRecording") == []
    assert old.subcodes == ["ter:InvalidArgVal", "ter:InvalidToken"]


async def test_setting_the_clock_breaks_a_growing_recording() -> None:
    """Forward: a gap. Back: nothing is recorded twice."""
    spec = NvrSpec("Recorder", (CameraSpec("Door", grows=True, grown_ms=60_000),))
    async with talking_to(spec) as client:
        nvr = client.nvr
        timeline = nvr.channels[0].timeline
        assert timeline is not None
        nvr.set_clock(3_600_000)
        assert len(timeline.segments(nvr.clock.now_ms() + 2000)) == 2
        nvr.set_clock(0)
        frames = [ms for _, ms in timeline.frames(nvr.clock.now_ms() + 7_200_000)]
        assert frames == sorted(set(frames))
