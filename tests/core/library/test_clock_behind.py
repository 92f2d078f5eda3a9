"""A host whose clock is behind at the start files nothing into the past."""

# Reads private members: the timetable is told what it did.

import asyncio
import ctypes
from pathlib import Path
import threading
from types import SimpleNamespace

import pytest

from custom_components.vtrack_nvr.core.clock import HostClock, SystemClock
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import ClipSource, TimeSource
from tests.insides import keeper_of, store_of

from . import invariants
from .rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    make_library,
)


async def opened(tmp_path: Path, clock: ManualClock) -> LibraryRig:
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    return rig


async def a_past(tmp_path: Path) -> None:
    """Three days of the past, in which a live clip was kept now and then."""
    rig = await opened(tmp_path, ManualClock())
    for start_ms in (NOW - 3 * DAY, NOW - 5 * MINUTE):
        await asyncio.to_thread(rig.keep, start_ms, source=ClipSource.LIVE)
    await rig.library.close()


async def kept_live(rig: LibraryRig, start_ms: int) -> tuple[int, TimeSource, str]:
    clip_id = await asyncio.to_thread(rig.keep, start_ms, source=ClipSource.LIVE)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    facts = clip.facts
    assert facts.range.duration_ms == 5 * MINUTE
    assert facts.last_frame_ms == facts.range.end_ms - 40
    assert facts.device_start_ms == facts.range.start_ms
    return facts.range.start_ms, facts.time_source, facts.problem


async def test_live_footage_is_dated_after_all_that_was_seen_and_marked(
    tmp_path: Path,
) -> None:
    await a_past(tmp_path)
    clock = ManualClock(NOW - 3 * DAY + 7_000)
    rig = await opened(tmp_path, clock)
    clock.advance(10_000)
    start_ms, source, problem = await kept_live(rig, clock.now_ms())
    assert NOW <= start_ms - 10_000 < NOW + 60_000
    assert (source, problem) == (TimeSource.ESTIMATED, "clock_behind")
    # whoever dates by the library's clock is not dated twice
    clock.advance(10 * MINUTE)
    now_ms = rig.library.clock.now_ms()
    assert (await kept_live(rig, now_ms))[0] == now_ms
    # footage that the device dates is filed where it belongs
    clip_id = await asyncio.to_thread(rig.keep, NOW - 2 * DAY)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.facts.range.start_ms == NOW - 2 * DAY
    assert clip.facts.problem == ""
    # NTP answers: from now on the clock is believed
    clock.utc_ms = NOW + 5 * HOUR
    start_ms, source, problem = await kept_live(rig, clock.now_ms())
    assert (start_ms, problem) == (NOW + 5 * HOUR, "")
    assert source is not TimeSource.ESTIMATED
    await asyncio.to_thread(lambda: store_of(rig.library).read(invariants.check_index))
    await rig.library.close()


@pytest.mark.parametrize("behind_ms", [0, MINUTE, -DAY])
async def test_a_clock_that_is_right_or_nearly_so_is_believed(
    tmp_path: Path, behind_ms: int
) -> None:
    await a_past(tmp_path)
    clock = ManualClock(NOW - behind_ms)
    rig = await opened(tmp_path, clock)
    start_ms, _source, problem = await kept_live(rig, clock.now_ms())
    assert (start_ms, problem) == (NOW - behind_ms, "")
    await rig.library.close()


async def test_a_clock_that_is_kept_right_is_believed_whatever_was_seen(
    tmp_path: Path,
) -> None:
    """It was ahead once, and somebody set it."""
    await a_past(tmp_path)
    clock = ManualClock(NOW - DAY)
    clock.is_kept = False
    rig = await opened(tmp_path, clock)
    assert rig.library.clock.lead_ms > 0
    clock.is_kept = True
    assert rig.library.clock.lead_ms == 0
    start_ms, _source, problem = await kept_live(rig, clock.now_ms())
    assert (start_ms, problem) == (NOW - DAY, "")
    clock.is_kept = False
    assert rig.library.clock.lead_ms == 0, "once right, it stays believed"
    await rig.library.close()


async def test_runs_and_upkeep_say_what_time_it_was_as_well(tmp_path: Path) -> None:
    clock = ManualClock()
    rig = await opened(tmp_path, clock)
    await rig.library.ledger.begin_run(NVR, RunKind.LIGHT)
    await rig.library.close()
    again = await opened(tmp_path, ManualClock(NOW - HOUR))
    assert again.library.clock.now_ms() >= NOW
    keeper_of(again.library)._done("check", NOW + HOUR)
    await again.library.close()
    last = await opened(tmp_path, ManualClock(NOW - HOUR))
    assert last.library.clock.now_ms() >= NOW + HOUR
    await last.library.close()


def test_time_goes_on_from_the_floor_until_the_clock_has_caught_up() -> None:
    clock = ManualClock(1_000_000_000)
    floored = HostClock(clock)
    assert floored.now_ms() == 1_000_000_000
    floored.begin(1_000_000_000 + HOUR)
    assert floored.now_ms() - (1_000_000_000 + HOUR) < 1_000
    clock.advance(90_000)
    assert 90_000 <= floored.now_ms() - (1_000_000_000 + HOUR) < 91_000
    clock.utc_ms += 2 * HOUR
    assert floored.now_ms() == clock.now_ms()
    clock.utc_ms -= 3 * HOUR
    assert floored.now_ms() == clock.now_ms(), "a clock that is set later is believed"
    assert floored.monotonic() - clock.monotonic() < 1
    assert floored.is_synchronised() is None


@pytest.mark.parametrize(
    ("answer", "said"), [(0, True), (1, True), (5, False), (-1, None), (None, None)]
)
def test_the_system_says_whether_somebody_keeps_its_clock(
    monkeypatch: pytest.MonkeyPatch, answer: int | None, said: bool | None
) -> None:
    assert SystemClock().is_synchronised() in {True, False, None}
    libc = SimpleNamespace()
    if answer is not None:
        libc.adjtimex = lambda _timex: answer
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: libc)
    assert SystemClock().is_synchronised() is said


async def test_waiting_is_the_clocks_own() -> None:
    floored = HostClock(SystemClock())
    await floored.sleep(0)
    event = threading.Event()
    assert not floored.wait(event, 0)
    event.set()
    assert floored.wait(event, 10)


def test_a_clock_that_was_kept_right_and_moved_is_doubted_for_a_day() -> None:
    clock = ManualClock(1_000_000_000)
    host = HostClock(clock)
    clock.is_kept = False
    assert host.is_believed(), "nobody ever kept it"
    clock.is_kept = True
    assert host.is_believed()
    assert host.was_kept
    clock.is_kept = False
    clock.advance(DAY)
    assert host.is_believed(), "it went on as it was"
    clock.utc_ms += HOUR
    assert not host.is_believed()
    assert host.now_ms() == clock.now_ms()
    clock.utc_ms -= HOUR
    assert host.is_believed(), "it is back where it was"
    clock.utc_ms -= HOUR
    assert not host.is_believed()
    clock.is_kept = None
    assert host.is_believed(), "the system does not say"
    clock.is_kept = False
    assert not host.is_believed()
    clock.advance(DAY - MINUTE)
    assert not host.is_believed()
    clock.advance(2 * MINUTE)
    assert host.is_believed()
    assert not host.was_kept


async def test_the_index_remembers_that_the_clock_was_kept_right(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    clock.is_kept = True
    setup = await opened(tmp_path, clock)
    assert setup.library.clock.is_believed()
    await setup.library.care.run_retention()
    await setup.library.close()
    clock.is_kept = False
    again = await opened(tmp_path, clock)
    assert again.library.clock.was_kept
    assert not again.library.clock.is_believed(), "it may have moved meanwhile"
    clock.is_kept = True
    assert again.library.clock.is_believed()
    await again.library.close()
