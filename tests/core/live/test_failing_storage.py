"""Live recording while the storage, a check or the recorder itself fails."""

from itertools import pairwise
from pathlib import Path
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.media.series import ClipSeries
from custom_components.vtrack_nvr.core.policy import Bounds

from .rig import RecorderRig

pytestmark = pytest.mark.long


def test_a_full_disk_pauses_and_resumes_by_itself(rig: RecorderRig) -> None:
    rig.sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    recorder = rig.start(Bounds(free_check_bytes=1), is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.STORAGE_FULL
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(0.6))
    assert recorder.status.state is LiveState.RECORDING


def booked(rig: RecorderRig) -> list[TimeRange]:
    """Return all that is in a clip or told as a gap, joined."""
    kept = [facts.range for _, facts in rig.sink.clips]
    return list(union((*kept, *(gap.range for gap in rig.gaps)), join_ms=300))


@pytest.mark.parametrize(
    "kind",
    [
        ErrorKind.STORAGE_MISSING,
        ErrorKind.STORAGE_STALLED,
        ErrorKind.STORAGE_READ_ONLY,
        ErrorKind.STORAGE_FAILED,
        ErrorKind.STORAGE_FULL,
    ],
)
def test_every_stretch_is_in_a_clip_or_told_when_the_storage_fails_for_a_moment(
    rig: RecorderRig, kind: ErrorKind
) -> None:
    recorder = rig.start(Bounds(live_gap_ms=200, free_check_bytes=1), is_on=True)
    rig.wait(rig.recorded_for(2.0))
    rig.sink.fail_room = NvrError(kind, "No route to host")
    rig.wait(lambda: recorder.status.problem is kind)
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(1.0))
    recorder.stop()
    assert rig.sink.abandoned == []
    first_ms = min(start.utc_start_ms for start in rig.sink.opened)
    last_ms = max(facts.range.end_ms for _, facts in rig.sink.clips)
    [whole] = booked(rig)
    assert whole.start_ms <= first_ms
    assert whole.end_ms >= last_ms
    if kind is ErrorKind.STORAGE_FULL:
        assert rig.sink.left == [], "there was room for the end"
        return
    assert rig.sink.left
    assert all(target.part_path.stat().st_size for target in rig.sink.left)
    told = [gap.range for gap in rig.gaps if gap.reason == str(kind)]
    began_ms = rig.sink.left[0].start.utc_start_ms
    assert any(r.start_ms == began_ms and r.duration_ms >= 1_000 for r in told)


def test_a_clip_that_fails_its_check_is_kept_and_marked(
    rig: RecorderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(path: Path, facts: object) -> None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "times of pictures differ")

    monkeypatch.setattr(
        "custom_components.vtrack_nvr.core.live.recorder.check_tables", check
    )
    recorder = rig.start(is_on=True)
    rig.wait(rig.recorded_for(1.5))
    recorder.stop()
    [(_, facts)] = rig.sink.clips
    assert facts.problem == "check_failed"
    assert recorder.status.problem is None
    numbers = rig.check()
    assert all(b - a == 1 for a, b in pairwise(numbers))


def test_a_fault_of_ours_costs_a_pause_and_no_recording(
    rig: RecorderRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = ClipSeries.write
    faults: list[int] = []

    def write(self, *group, **more):
        if len(faults) < 2 and self.open_end_us is not None:
            faults.append(1)
            raise ZeroDivisionError
        real(self, *group, **more)

    monkeypatch.setattr(ClipSeries, "write", write)
    recorder = rig.start(Bounds(live_gap_ms=200), is_on=True)
    rig.wait(lambda: len(faults) == 2)
    rig.wait(rig.recorded_for(1.0))
    recorder.stop()
    assert len(rig.sink.left) == 2
    assert len([r for r in caplog.records if r.exc_info]) == 2
    [whole] = booked(rig)
    assert whole.start_ms <= min(s.utc_start_ms for s in rig.sink.opened)


def test_a_pre_roll_that_cannot_be_written_is_told(rig: RecorderRig) -> None:
    recorder = rig.start(Bounds(live_gap_ms=200, free_check_bytes=1), pre_roll_ms=3_000)
    rig.wait(lambda: recorder.status.state is LiveState.WATCHING)
    time.sleep(1.5)
    rig.sink.fail_room = NvrError(ErrorKind.STORAGE_MISSING, "away")
    recorder.switch(True)
    rig.wait(lambda: recorder.status.problem is ErrorKind.STORAGE_MISSING)
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    [whole] = booked(rig)
    assert whole.start_ms <= rig.sink.opened[0].utc_start_ms
