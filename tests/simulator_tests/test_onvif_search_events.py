"""Event searches of a simulated device: order, start states, windows, scopes."""

import asyncio

import pytest

from tests.simulator.soap.envelope import parse_utc_ms
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator_tests.searches import (
    BASE,
    MINUTE,
    find_events,
    find_recordings,
    page,
    recorder,
    search,
)
from tests.simulator_tests.soap_client import talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_events_are_ascending_with_start_states() -> None:
    """One invented event per recording and track at the window's start."""
    async with talking_to(recorder()) as client:
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
    async with talking_to(recorder()) as client:
        events = await search(client, BASE + 60 * MINUTE, BASE, start_state="false")
    assert [e.ms for e in events] == sorted((e.ms for e in events), reverse=True)
    assert len(events) == 12


async def test_max_matches_ends_a_search_early() -> None:
    """So many and no more, then Completed (RS 5.9)."""
    async with talking_to(recorder()) as client:
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
    async with talking_to(recorder(3)) as client:
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
