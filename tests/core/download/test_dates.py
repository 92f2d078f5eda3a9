"""Dates of replay are proven or not given: by capture times, or by an answered range."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.models import TimeSource
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from tests.core.download.conftest import (
    BASE,
    FolderSink,
    Runner,
    check_clips,
    frames,
    gaps,
)
from tests.core.download.test_devices import RunningClock
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.timeline import LiveSource, Stretch, Timeline

HOUR_MS = 3_600_000
UNTIMED = ("npt", "1900", "1970", "far", "smpte", "absent")
LIES = {
    "1900": {"extension_times": "1900"},
    "constant": {"extension_times": "constant"},
    "constant far off": {
        "extension_times": "constant",
        "extension_off_ms": -9 * HOUR_MS,
    },
    "ahead": {"extension_off_ms": 2 * HOUR_MS},
    "behind": {"extension_off_ms": -5 * HOUR_MS},
    "half an hour": {"extension_off_ms": HOUR_MS // 2},
    "quarter": {"extension_off_ms": -HOUR_MS // 4},
    "future": {"extension_off_ms": 9000 * HOUR_MS},
    "constant on keys": {"extension_times": "constant", "extension_on_keys": True},
    "none": {"no_extension": True},
    "refused": {"refuse_require": True},
}


@pytest.fixture
def timeline() -> Timeline:
    """Return half a minute, a gap, and some more."""
    return Timeline(
        "REC", "Door", BASE, [Stretch(0, 30_000), Stretch(90_000, 10_000)], gop_ms=1000
    )


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("answer", UNTIMED)
def test_nothing_is_kept_that_nothing_dates(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, lie: str, answer: str
) -> None:
    faults.update({**LIES[lie], "play_range": answer})
    outcome = fetch(10_000, 20_000)
    assert outcome.reason is EndReason.FAILED, outcome
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNDATED
    assert outcome.learned.has(Quirk.UNDATED_REPLAY)
    assert outcome.device_reached_ms == BASE + 10_000, "nothing is settled"
    assert outcome.gaps == ()
    assert sink.opened == []


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("answer", ["clock", "echo"])
def test_an_answered_range_dates_what_capture_times_do_not(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, lie: str, answer: str
) -> None:
    faults.update({**LIES[lie], "play_range": answer})
    outcome = fetch(10_000, 20_000)
    assert outcome.error is None, outcome
    assert outcome.reason is EndReason.REACHED
    assert {facts.time_source for _, facts in sink.clips} == {TimeSource.ESTIMATED}
    assert sink.pictures() == frames(10_000, 20_000)
    check_clips(sink)


@pytest.mark.parametrize("answer", UNTIMED)
@pytest.mark.parametrize("more", [{}, {"extension_on_keys": True}], ids=["all", "keys"])
def test_capture_times_date_what_no_range_does(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, answer: str, more: dict
) -> None:
    faults.update({"play_range": answer, **more})
    outcome = fetch(0, 100_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert not outcome.learned.quirks
    assert {facts.time_source for _, facts in sink.clips} == {TimeSource.CAPTURE}
    assert sink.pictures() == frames(0, 30_000) + frames(90_000, 100_000)
    assert gaps(outcome) == [(30_000, 90_000, "no_footage")]
    check_clips(sink)


@pytest.mark.parametrize("answer", ["clock", "npt"])
def test_a_gap_at_the_start_is_told_from_a_wrong_date(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, answer: str
) -> None:
    """It costs a question, once: afterwards the device is believed."""
    faults.play_range = answer
    outcome = fetch(35_000, 95_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(90_000, 95_000)
    assert gaps(outcome) == [(35_000, 90_000, "no_footage")]
    assert not outcome.learned.quirks


def test_a_device_that_is_believed_is_not_asked_twice(fetch: Runner, server) -> None:
    fetch(35_000, 95_000)
    asked = server.requests["PLAY"]
    fetch(35_000, 95_000)
    assert server.requests["PLAY"] == asked + 1


@pytest.mark.parametrize(
    "more",
    [{}, {"play_range": "npt"}, {"no_extension": True}, {"status_on": {"PAUSE": 501}}],
    ids=str,
)
def test_a_device_that_always_begins_at_the_beginning_is_not_mislabelled(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, timeline: Timeline, more: dict
) -> None:
    timeline.stretches = [Stretch(0, 200_000)]
    faults.update({"ignore_range_start": True, **more})
    outcome = fetch(150_000, 160_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.has(Quirk.IGNORES_RANGE_START)
    assert sink.pictures() == frames(150_000, 160_000)
    check_clips(sink)


@pytest.mark.parametrize(
    "more",
    [{"no_extension": True}, {"extension_times": "1900"}, {"wall_clock_ntp": True}],
    ids=str,
)
def test_one_that_begins_at_the_beginning_and_dates_nothing_gives_nothing(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, timeline: Timeline, more: dict
) -> None:
    """As live555 does: `npt=0.000-` from the first picture on."""
    timeline.stretches = [Stretch(0, 200_000)]
    faults.update({"ignore_range_start": True, "play_range": "npt", **more})
    outcome = fetch(150_000, 160_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNDATED
    assert sink.opened == []


def test_a_device_that_plays_live_whatever_is_asked_gives_nothing(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, server
) -> None:
    server.clock = RunningClock()
    server.live["/rec"] = LiveSource("Door", gop_ms=1000)
    faults.plays_live = True
    outcome = fetch(10_000, 20_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNDATED
    assert sink.opened == []


def test_without_capture_times_a_broken_clock_ends_what_is_known(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, timeline: Timeline
) -> None:
    """The RTP clock restarts behind the gap: only another answer dates what follows."""
    timeline.audio = None
    faults.update({"no_extension": True, "restart_rtp_at_gaps": True})
    outcome = fetch(0, 100_000)
    assert outcome.error is None, outcome
    assert sink.pictures() == frames(0, 30_000) + frames(90_000, 100_000)
    check_clips(sink)


def test_new_firmware_that_tells_true_times_is_noticed(
    fetch: Runner, sink: FolderSink
) -> None:
    known = {Quirk.WRONG_CAPTURE_TIMES, Quirk.UNDATED_REPLAY}
    outcome = fetch(0, 10_000, policy=DevicePolicy(frozenset(known)))
    assert outcome.reason is EndReason.REACHED
    assert not outcome.learned.quirks
    assert {facts.time_source for _, facts in sink.clips} == {TimeSource.CAPTURE}
