"""Searches of devices as they are: each switch has its effect, and no other."""

import pytest

from tests.simulator.faults import Faults
from tests.simulator.soap.envelope import utc_text
from tests.simulator_tests.searches import (
    BASE,
    MINUTE,
    Event,
    end_search,
    events_of,
    find_events,
    find_recordings,
    page,
    recorder,
    search,
)
from tests.simulator_tests.soap_client import Answer, SoapClient, talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_switches_change_what_events_say() -> None:
    """Each switch has its effect on the same history."""
    async with talking_to(recorder()) as client:
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
    async with talking_to(recorder(2, faults=Faults(ignore_window=True))) as client:
        assert len(await search(client, BASE, BASE + 1000)) == 5 + 5 * 4
        client.nvr.faults.reset()
        client.nvr.faults.ignore_scope = True
        scope = "<tt:IncludedRecordings>OnvifRecordingToken_2</tt:IncludedRecordings>"
        assert len(await search(client, BASE, BASE + 60 * MINUTE, scope=scope)) == 25


async def test_switches_change_sessions() -> None:
    """Empty rounds, capped pages, odd states, faults at the end."""
    async with talking_to(recorder(3)) as client:
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

    async with talking_to(recorder()) as client:
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
    async with talking_to(recorder()) as client:
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
