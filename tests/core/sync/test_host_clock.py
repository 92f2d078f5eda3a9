"""The host's clock is wrong for a while: footage waits, and keeps its true date.

The device's clock is right all the time, so its times are the truth.
"""

import pytest

from custom_components.vtrack_nvr.core.clock import HostClock
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.intervals import TimeRange, difference
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.sync.settings import EngineLimits

from .rig import CAM, DAY, HOUR, MINUTE, NVR, EngineRig, a_rig

SLOW = EngineLimits(tick_s=60)


class Host:
    """A host whose clock is set, beside a device that keeps right time."""

    def __init__(self, rig: EngineRig, *, is_kept: bool | None = True) -> None:
        """Be right; `is_kept` is what the system says of its clock."""
        self._rig = rig
        self._is_kept = is_kept
        rig.clock.is_synchronised = lambda: self._is_kept
        self.start()

    def start(self, *, was_kept: bool = False) -> None:
        """Start anew; `was_kept` is what the index remembers."""
        self.clock = HostClock(self._rig.clock)
        self.clock.begin(0, was_kept=was_kept)
        self._rig.clock.is_believed = self.clock.is_believed

    def set_clock(self, ahead_ms: int, *, is_kept: bool | None) -> None:
        """Set it so far ahead of the truth."""
        self._rig.device.offset_ms += ahead_ms - self._rig.clock.step_ms
        self._rig.clock.step_ms = ahead_ms
        self._is_kept = is_kept

    def pause(self, for_ms: int) -> None:
        """Stand still as a whole; afterwards the clock says what it is."""
        self._rig.clock.step_ms += for_ms
        self._is_kept = False


def misdated(rig: EngineRig) -> list[TimeRange]:
    """Return what was asked for by another offset than the true one."""
    return [begun.job.range for begun in rig.fetcher.begun if begun.job.era.offset_ms]


def assert_whole(rig: EngineRig, since_ms: int) -> None:
    """All that was recorded until an hour ago is kept, once, under its own date."""
    until_ms = rig.clock.now_ms() - HOUR
    book = rig.library.book(CAM)
    assert difference((TimeRange(since_ms, until_ms),), book.kept) == ()
    assert misdated(rig) == []
    assert max(item.end_ms for item in book.kept) <= rig.clock.now_ms()
    assert rig.ms_in(CoverageState.FAILED) == 0


@pytest.mark.parametrize("ahead_ms", [-400 * DAY, -HOUR, 26 * HOUR])
@pytest.mark.parametrize("has_restart", [False, True])
async def test_a_clock_that_is_set_wrong_dates_nothing_until_it_is_right(
    ahead_ms: int, has_restart: bool
) -> None:
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig)
        since_ms = rig.clock.now_ms() - 3 * HOUR
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.set_clock(ahead_ms, is_kept=False)
        if has_restart:
            host.start(was_kept=True)
        await rig.sleep(2 * 3600)
        problem = rig.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.HOST_CLOCK
        host.set_clock(0, is_kept=True)
        await rig.sleep(2 * 3600)
        assert_whole(rig, since_ms)
        assert rig.nvr_status().problem is None


async def test_while_in_doubt_the_pauses_grow() -> None:
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig)
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.set_clock(2 * HOUR, is_kept=False)
        await rig.sleep(600)
        before = dict(rig.device.calls)
        await rig.sleep(3600)
        after = rig.device.calls
        asked = after["measure_clock"] - before["measure_clock"]
        assert 6 <= asked <= 20, "every five minutes or so"
        assert after["recording"] == before["recording"]
        assert after["segments"] == before["segments"]


async def test_a_host_that_was_paused_as_a_whole_goes_on_at_once() -> None:
    """Its clock jumps with nobody keeping it, and agrees with the device's."""
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig)
        since_ms = rig.clock.now_ms() - HOUR
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.pause(5 * HOUR)
        await rig.sleep(2 * 3600)
        assert rig.nvr_status().problem is None
        assert_whole(rig, since_ms)


@pytest.mark.parametrize("is_kept", [None, False])
async def test_a_clock_that_nobody_keeps_is_set_by_a_person(
    is_kept: bool | None,
) -> None:
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig, is_kept=is_kept)
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.set_clock(2 * HOUR, is_kept=is_kept)
        await rig.sleep(3600)
        assert rig.nvr_status().problem is None
        offsets = [era.offset_ms for era in await rig.library.eras(NVR)]
        assert offsets[-1] == 2 * HOUR


async def test_a_clock_that_nobody_keeps_any_more_is_believed_after_a_day() -> None:
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig)
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.set_clock(2 * HOUR, is_kept=False)
        await rig.sleep(23 * 3600)
        assert rig.nvr_status().problem is not None
        await rig.sleep(2 * 3600)
        assert rig.nvr_status().problem is None
        assert not host.clock.was_kept


async def test_a_device_whose_clock_is_set_waits_for_no_host() -> None:
    """The host lost its time server, and its clock went on as before."""
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig)
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        host.set_clock(0, is_kept=False)
        rig.device.offset_ms = -HOUR
        await rig.sleep(3600)
        assert rig.nvr_status().problem is None
        offsets = [era.offset_ms for era in await rig.library.eras(NVR)]
        assert offsets[-1] == -HOUR


async def test_nothing_is_dated_before_a_clock_that_was_kept_is_right_again() -> None:
    async with a_rig(limits=SLOW) as rig:
        host = Host(rig, is_kept=False)
        host.start(was_kept=True)
        host.set_clock(-3 * DAY, is_kept=False)
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3600)
        assert await rig.library.eras(NVR) == ()
        assert rig.fetcher.begun == []
        host.set_clock(0, is_kept=True)
        await rig.sleep(10 * MINUTE / 1000)
        assert rig.fetcher.begun
        assert misdated(rig) == []
