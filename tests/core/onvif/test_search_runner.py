"""Searching simulated devices: nothing lost, nothing proven that is not."""

# Reads private members: a bound of thousands is lowered.

from typing import Any

import pytest

from custom_components.vtrack_nvr.core.device_report import ReportWarning
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.onvif import search_runner
from custom_components.vtrack_nvr.core.policy import Quirk, Waits
from tests.core.onvif.stories import DAY, DeviceOf, Start, footage, listed, refused
from tests.simulator.spec import ALL_SERVICES


@pytest.mark.parametrize(
    "faults",
    [
        {"searching_rounds": 3},
        {"page_size": 1},
        {"end_search_fault": True},
        {"unordered": True},
        {"duplicate_events": True},
        {"repeated_values": True},
        {"unrelated_events": True},
        {"topic_prefix": "odd"},
        {"odd_dialect": True},
        {"track_token_empty": True},
        {"source_item_missing": True},
        {"ignore_window": True},
        {"ignore_scope": True},
        {"start_state_changed": True},
        {"no_start_state": True},
        {"no_status": True},
        {"no_tracks": True},
        {"no_earliest": True},
        {"no_latest": True},
        {"times_without_z": True},
        {"times_with_offset": True},
        {"dates_1970": True},
        {"file_minutes": 0.05},
        {"find_recordings_empty": True},
        {"upper_case_booleans": True},
        {"refuse_filters": True},
        {"xaddr_doubled_port": True},
        {"empty_soap_body_ops": ["tds:GetScopes"]},
        {"no_recording_state": True},
    ],
    ids=lambda f: next(iter(f)),
)
async def test_oddities_of_search_that_lose_nothing(
    start: Start, device_of: DeviceOf, faults: dict[str, Any]
) -> None:
    nvr = await start("wss-only", faults)
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert is_complete


@pytest.mark.parametrize(
    "faults",
    [
        {"unknown_state": True},
        {"never_completes": True},
        {"only_recording_state": True},
    ],
    ids=lambda f: next(iter(f)),
)
async def test_answers_that_prove_nothing_are_not_called_complete(
    start: Start,
    device_of: DeviceOf,
    faults: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_runner, "MAX_EMPTY_ANSWERS", 1)
    nvr = await start("wss-only", faults)
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert not is_complete


async def test_a_list_that_is_silently_cut_short_is_continued(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"silent_cap": 10, "file_minutes": 0.05})
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert is_complete


async def test_without_any_events_the_recordings_extent_is_assumed(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"no_events": True})
    device = device_of(nvr)
    (recording,) = await device.recordings()
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - 3 * DAY, now), now)
    assert not listing.is_complete
    assert all(segment.is_assumed for segment in listing.segments)
    first, last = footage(nvr)[0], footage(nvr)[-1]
    assert listing.segments[0].device_range.start_ms <= first.start_ms
    assert listing.segments[-1].device_range.end_ms >= last.end_ms


async def test_a_device_that_cannot_search_events_is_remembered(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"FindEvents": "Receiver ter:ActionNotSupported"}}
    )
    device = device_of(nvr)
    await listed(device, nvr, days=2)
    await listed(device, nvr, days=2)
    assert Quirk.NO_EVENT_SEARCH in device.quirks
    assert nvr.counters.operations["tse:FindEvents"] == 1


async def test_a_device_that_ignores_the_scope_is_remembered_and_filtered(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("channels-from-one", {"ignore_scope": True})
    device = device_of(nvr)
    token = nvr.channels[2].timeline.recording_token
    found, is_complete = await listed(device, nvr, token=token)
    assert found == footage(nvr, 2)
    assert is_complete
    assert Quirk.IGNORES_SEARCH_FILTER in device.quirks


async def test_a_list_cut_short_at_its_very_start_proves_nothing(
    start: Start, device_of: DeviceOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvr = await start("wss-only", {"silent_cap": 10, "file_minutes": 0.02})
    monkeypatch.setattr(search_runner, "_MAX_CONTINUATIONS", 1)
    _, is_complete = await listed(device_of(nvr), nvr)
    assert not is_complete


async def test_a_search_nobody_answers_ends_no_report(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only",
        {"drop_ops": ["tse:*"]},
        services=ALL_SERVICES - {"recording"},
    )
    device = device_of(nvr)
    assert ReportWarning.SEARCH_FAILED in (await device.report()).warnings
    assert len(await device.channels()) == 1
    await nvr.stop()
    assert (await refused(device.report())).kind is ErrorKind.UNREACHABLE
    assert (await refused(device.channels())).kind is ErrorKind.UNREACHABLE


async def test_growing_footage_says_so(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("demo")
    device = device_of(nvr)
    (recording,) = await device.recordings()
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - DAY, now), now)
    last = listing.segments[-1]
    assert last.is_growing
    assert now - 3000 <= last.device_range.end_ms <= now
    assert listing.is_complete


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"resource_problem": True}, ErrorKind.BUSY),
        ({"html_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"malformed_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"empty_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"drop_ops": ["*"]}, ErrorKind.UNREACHABLE),
        ({"truncate_ops": ["*"]}, ErrorKind.PROTOCOL),
        ({"status_ops": {"*": 503}}, ErrorKind.BUSY),
        ({"status_ops": {"*": 500}}, ErrorKind.PROTOCOL),
        ({"status_ops": {"*": 404}}, ErrorKind.NOT_ONVIF),
        ({"status_ops": {"tse:*": 403}}, ErrorKind.NO_PERMISSION),
        ({"hang_ops": ["*"]}, ErrorKind.TIMEOUT),
        ({"fault_ops": {"FindRecordings": "Receiver ter:Action ter:ResourceProblem"}},
         ErrorKind.BUSY),
    ],
    ids=lambda f: str(f)[:50],
)  # fmt: skip
async def test_failures_are_classified(
    start: Start, device_of: DeviceOf, faults: dict[str, Any], kind: ErrorKind
) -> None:
    nvr = await start("wss-only", faults)
    device = device_of(nvr, waits=Waits(connect=1, soap_call=0.4, search_wait=0.3))
    assert (await refused(device.recordings())).kind is kind


async def test_one_lost_search_session_is_started_anew(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    nvr.faults.fault_ops["GetEventSearchResults"] = (
        "Sender ter:InvalidArgVal ter:InvalidToken"
    )
    nvr.faults.limits["GetEventSearchResults"] = 1
    assert await listed(device_of(nvr), nvr) == (footage(nvr), True)


async def test_a_search_that_is_always_lost_proves_nothing(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    lost = "Sender ter:InvalidArgVal ter:InvalidToken"
    nvr.faults.fault_ops["GetEventSearchResults"] = lost
    device = device_of(nvr)
    _, is_complete = await listed(device, nvr, days=1)
    assert not is_complete
    nvr.faults.fault_ops["GetRecordingSearchResults"] = lost
    assert (await refused(device.recordings())).kind is ErrorKind.TIMEOUT


async def test_busy_results_end_the_search_and_are_passed_on(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    nvr.faults.fault_ops["GetRecordingSearchResults"] = (
        "Receiver ter:Action ter:ResourceProblem"
    )
    assert (await refused(device_of(nvr).recordings())).kind is ErrorKind.BUSY
    assert nvr.counters.operations["tse:EndSearch"] == 1


async def test_recordings_are_gone_after_formatting(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    (recording,) = await device.recordings()
    nvr.format()
    for asked in (
        device.recording(recording.token),
        device.replay_uri(recording.token),
    ):
        assert (await refused(asked)).kind is ErrorKind.GONE
    now = nvr.clock.now_ms()
    window = TimeRange(now - DAY, now)
    gone = await refused(device.segments(recording, window, now))
    assert gone.kind is ErrorKind.GONE


async def test_recording_control_lists_what_find_recordings_does_not(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"FindRecordings": "Receiver ter:ActionNotSupported"}}
    )
    assert len(await device_of(nvr).recordings()) == 1
    bare = await start(
        "wss-only",
        {"fault_ops": {"FindRecordings": "Receiver ter:ActionNotSupported"}},
        services=ALL_SERVICES - {"recording"},
    )
    assert (await refused(device_of(bare).recordings())).kind is ErrorKind.UNSUPPORTED


async def test_the_summary_tells_where_all_footage_begins(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    (first, *_) = footage(nvr)
    begins_ms = await device.data_from_ms()
    assert begins_ms is not None
    assert begins_ms // 1000 == first.start_ms // 1000
    nvr.faults.dates_1970 = True
    assert await device.data_from_ms() == 195_000


async def test_a_device_without_a_summary_does_not_say(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"empty_soap_body_ops": ["tse:GetRecordingSummary"]})
    assert await device_of(nvr).data_from_ms() is None
