"""A device's clock is set, back above all: no footage gets a date that is not proven.

Truth is kept beside the engine: when each stretch was really recorded, and by which clock.
"""

from dataclasses import dataclass, field
import random

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import (
    Ranges,
    TimeRange,
    difference,
    intersection,
    total_ms,
    union,
)
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.sync.settings import EngineLimits
from tests.core.fakes import FakeRecording

from .rig import CAM, DAY, HOUR, MINUTE, EngineRig, a_rig

SLOW = EngineLimits(tick_s=60)
NEAR_MS = 62_000
"""Offsets that differ by less are one date."""


@dataclass
class Recorder:
    """A device that records all the time, over or beside what has the same times."""

    rig: EngineRig
    taken: list[tuple[TimeRange, int]] = field(default_factory=list)
    """When stretches were truly recorded, and what the clock was then behind by."""
    since_ms: int | None = None

    def begin(self, ago_ms: int = 0) -> FakeRecording:
        """Record from now on, or since a while ago."""
        device = self.rig.device
        self.since_ms = self.rig.clock.now_ms() - ago_ms
        found = device.recordings_by_token.get("r1") or device.add(FakeRecording("r1"))
        found.grows_since_ms = self.since_ms - device.offset_ms
        return found

    def end(self) -> None:
        """Stop recording."""
        assert self.since_ms is not None
        device, now_ms = self.rig.device, self.rig.clock.now_ms()
        found = device.recordings_by_token["r1"]
        done = TimeRange(self.since_ms, now_ms)
        if not done.is_empty:
            self.taken.append((done, device.offset_ms))
            found.ranges = (*found.ranges, done.shifted(-device.offset_ms))
        found.grows_since_ms = self.since_ms = None

    def set_clock(self, by_ms: int) -> None:
        """Set the clock; what is being recorded goes on as another stretch."""
        was_on = self.since_ms is not None
        if was_on:
            self.end()
        self.rig.device.offset_ms -= by_ms
        if was_on:
            self.begin()

    async def event(self, minutes: float) -> None:
        """Record for some minutes."""
        self.begin()
        await self.rig.sleep(minutes * 60)
        self.end()

    @property
    def all_taken(self) -> list[tuple[TimeRange, int]]:
        """Return what was recorded until now."""
        if self.since_ms is None:
            return self.taken
        until_now = TimeRange(self.since_ms, self.rig.clock.now_ms())
        return [*self.taken, (until_now, self.rig.device.offset_ms)]

    def wrongly_asked(self) -> list[tuple[TimeRange, int, TimeRange, int]]:
        """Return fetches of times that the device had footage of with another date."""
        wrong = []
        for begun in self.rig.fetcher.begun:
            job = begun.job
            for true, offset_ms in self.all_taken:
                there = TimeRange(
                    true.start_ms, max(true.start_ms, min(true.end_ms, begun.at_ms))
                ).shifted(-offset_ms)
                is_other = abs(offset_ms - job.era.offset_ms) > NEAR_MS
                if is_other and not there.is_empty and job.device_range.overlaps(there):
                    wrong.append((job.device_range, job.era.offset_ms, true, offset_ms))
        return wrong

    @property
    def untold(self) -> Ranges:
        """Return what was truly recorded and is neither kept nor told of."""
        book = self.rig.library.book(CAM)
        told = [
            TimeRange(e.start_ms, e.end_ms) for e in book.entries if e.state in TOLD
        ]
        settled_ms = self.rig.clock.now_ms() - 30 * MINUTE
        taken = [
            TimeRange(true.start_ms, min(true.end_ms, settled_ms))
            for true, _ in self.all_taken
            if true.start_ms < settled_ms
        ]
        return difference(union(taken), union([*book.kept, *told]))

    @property
    def lost(self) -> Ranges:
        """Return what was truly recorded and is not kept."""
        settled_ms = self.rig.clock.now_ms() - 30 * MINUTE
        taken = union(
            TimeRange(true.start_ms, min(true.end_ms, settled_ms))
            for true, _ in self.all_taken
            if true.start_ms < settled_ms
        )
        return difference(taken, self.rig.library.book(CAM).kept)


TOLD = frozenset(
    {CoverageState.FAILED, CoverageState.ON_DEVICE, CoverageState.FETCHING}
)


def undated(rig: EngineRig) -> Ranges:
    """Return what the ledger says has no proven date."""
    return union(
        TimeRange(entry.start_ms, entry.end_ms)
        for entry in rig.library.book(CAM).entries
        if entry.state is CoverageState.FAILED and entry.reason == ErrorKind.UNDATED
    )


@pytest.mark.parametrize("back_ms", [5 * MINUTE, HOUR, 26 * HOUR])
async def test_a_clock_set_back_costs_what_it_tells_twice_and_says_so(
    back_ms: int,
) -> None:
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=2 * HOUR)
        rig.attach()
        await rig.sleep(3 * 3600)
        recorder.set_clock(-back_ms)
        await rig.sleep(back_ms / 1000 + 6 * 3600)
        assert recorder.wrongly_asked() == []
        assert recorder.untold == ()
        lost = recorder.lost
        # not even what it tells twice, if it held nothing of it before
        assert total_ms(lost) <= min(back_ms, 5 * HOUR) + 45 * MINUTE
        assert difference(lost, undated(rig)) == ()
        status = rig.camera_status()
        assert not status.problem


async def test_a_clock_set_forward_costs_nothing() -> None:
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=HOUR)
        rig.attach()
        await rig.sleep(3 * 3600)
        recorder.set_clock(2 * HOUR)
        await rig.sleep(10 * 3600)
        assert recorder.wrongly_asked() == []
        assert total_ms(recorder.lost) <= MINUTE


async def test_events_between_those_of_before_are_dated_though_their_times_come_twice() -> (
    None
):
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        for _ in range(5):  # from full hours on
            await recorder.event(5)
            await rig.sleep(55 * 60)
        rig.attach()
        await recorder.event(5)
        await rig.sleep(600)
        recorder.set_clock(-3 * HOUR)
        await rig.sleep(15 * 60)
        for _ in range(6):  # from half past on
            await recorder.event(5)
            await rig.sleep(55 * 60)
        await rig.sleep(3600)
        assert recorder.wrongly_asked() == []
        assert recorder.lost == ()


async def test_events_at_the_times_of_older_ones_are_told_and_not_dated() -> None:
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        for _ in range(3):
            await recorder.event(10)
            await rig.sleep(50 * 60)
        rig.attach()
        await rig.sleep(30 * 60)
        recorder.set_clock(-3 * HOUR)
        await rig.sleep(35 * 60)
        await recorder.event(4)  # inside the times of the third
        await rig.sleep(5 * 3600)
        assert recorder.wrongly_asked() == []
        assert recorder.lost
        assert difference(recorder.lost, undated(rig)) == ()


async def test_what_waits_is_fetched_before_the_clock_comes_by_again() -> None:
    """Set back while nothing is copied: it has one date for as long as it was set back."""
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=4 * HOUR)
        recorder.end()
        rig.attach()
        rig.fetcher.faults = [NvrError(ErrorKind.BUSY)] * 3
        await rig.sleep(60)
        recorder.set_clock(-8 * HOUR)
        await rig.sleep(2 * 3600)
        assert recorder.wrongly_asked() == []
        assert recorder.lost == ()


async def test_a_slow_fetch_ends_when_the_clock_comes_by() -> None:
    async with a_rig(limits=SLOW, speed=0.5) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=3 * HOUR)
        recorder.end()
        rig.attach()
        await rig.sleep(60)
        recorder.set_clock(-2 * HOUR)
        recorder.begin()
        await rig.sleep(8 * 3600)
        assert recorder.wrongly_asked() == []
        (old, _), (_, new_offset_ms) = recorder.all_taken
        for fetch in rig.fetcher.begun:
            if fetch.job.era.offset_ms == 0:
                # at half the speed its clock is faster: it stops before that is there
                end_ms = fetch.job.device_range.start_ms
                is_single = end_ms < old.end_ms - 2 * HOUR
                assert is_single or fetch.at_ms < end_ms + new_offset_ms
        assert recorder.untold == ()


async def test_a_device_set_while_it_is_away_is_judged_by_when_it_was_seen_last() -> (
    None
):
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=HOUR)
        rig.attach()
        await rig.sleep(3600)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await rig.sleep(5 * 3600)
        recorder.set_clock(-2 * HOUR)
        await rig.sleep(3 * 3600)
        rig.device.problem = None
        await rig.sleep(12 * 3600)
        assert recorder.wrongly_asked() == []
        assert recorder.untold == ()


async def test_footage_of_a_clock_that_nobody_saw_is_never_taken_for_today() -> None:
    """Set two days forward and back again while the device was away."""
    async with a_rig(limits=SLOW) as rig:
        recorder = Recorder(rig)
        recorder.begin(ago_ms=HOUR)
        rig.attach()
        await rig.sleep(3600)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        recorder.set_clock(2 * DAY)
        await rig.sleep(1800)
        recorder.set_clock(-2 * DAY)
        await rig.sleep(1800)
        rig.device.problem = None
        await rig.sleep(4 * 86_400)
        assert recorder.wrongly_asked() == []
        assert intersection(recorder.untold, recorder.lost) == recorder.untold
        assert total_ms(undated(rig)) >= 30 * MINUTE


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_to_its_clock_no_device_is_asked_for_what_has_two_dates(
    seed: int,
) -> None:
    rng = random.Random(seed)
    async with a_rig(limits=SLOW, speed=rng.choice((20.0, 3600.0))) as rig:
        recorder = Recorder(rig)
        recorder.begin()
        rig.attach()
        await rig.sleep(120)
        is_on = True
        for _ in range(25):
            match rng.choice(("clock", "record", "record", "away", "nothing")):
                case "clock":
                    far = rng.choice((5 * MINUTE, HOUR, 3 * HOUR, DAY))
                    recorder.set_clock(
                        rng.choice((-1, -1, 1)) * rng.randint(90_000, far)
                    )
                    # seen before it is set again; what nobody sees has its own story
                    rig.device.problem = None
                    await rig.sleep(3700)
                case "record":
                    recorder.end() if is_on else recorder.begin()
                    is_on = not is_on
                case "away":
                    rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
                case _:
                    rig.device.problem = None
            await rig.sleep(rng.choice((60, 600, 3600, 4 * 3600)))
        rig.device.problem = None
        await rig.sleep(2 * 3600)
        assert recorder.wrongly_asked() == []
        assert rig.fetcher.begun
