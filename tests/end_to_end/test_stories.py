"""What people count on, told with the real rooms against simulated devices."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import time
from typing import Any, override

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.models import ClipSource, CoverageState
from custom_components.vtrack_nvr.core.sync import device_tail
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    NvrSettings,
    SourceChoice,
    SyncMode,
)
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch

from .devices import Devices
from .proof import Proof, prove
from .rig import DAY_MS, Attached, CoreRig, short_waits, until

pytestmark = pytest.mark.long

MINUTE = 60_000
HOUR = 60 * MINUTE
CLOCK_LOOKS = 11
"""So many times a device is asked its time, at most, to know it to a tenth of a second."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


YESTERDAY_MS = (now_ms() // DAY_MS - 1) * DAY_MS
"""Midnight before the day in which the tests began, whenever midnight comes again."""


def one_camera(*stretches: Stretch, **fields: Any) -> NvrSpec:
    fields.setdefault("base_ms", YESTERDAY_MS)
    fields.setdefault("audio", None)
    camera = CameraSpec(
        "Story", stretches, width=320, height=180, has_sub_stream=False, **fields
    )
    return NvrSpec("Story", (camera,))


def frames_of(nvr: SimulatedNvr) -> list[list[int]]:
    (ledger,) = nvr.ledger().values()
    return ledger["frames"]


async def proof_of(rig: CoreRig, attached: Attached, frames: list[list[int]]) -> Proof:
    (camera,) = attached.cameras
    clips = [(clip, rig.path(clip)) for clip in await rig.clips(camera)]
    return await asyncio.to_thread(prove, frames, clips)


class EarlierClock(SystemClock):
    """The host's clock as it was some time ago."""

    def __init__(self, ago_ms: int) -> None:
        self._ago_ms = ago_ms

    @override
    def now_ms(self) -> int:
        return super().now_ms() - self._ago_ms


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (SourceChoice.AUTO, ClipSource.REPLAY),
        (SourceChoice.LIVE, ClipSource.BACKFILL),
    ],
)
async def test_the_hour_in_which_nobody_ran_appears_untouched(
    devices: Devices, home_folder: Path, source: SourceChoice, label: ClipSource
) -> None:
    # The first rig's clock stands one minute after the last border that background
    # work may reach, whatever the time is.
    clip_ms = CameraSettings().clip_ms
    settled_ms = int(short_waits().settle * 1000) + MINUTE
    ago_ms = HOUR + (now_ms() - HOUR - settled_ms) % clip_ms
    base = (now_ms() - ago_ms) // 1000 * 1000
    stretches = [Stretch(at * MINUTE, 12_000) for at in (-8, -4, 3, 20, 31, 44, 50)]
    spec = one_camera(*stretches, base_ms=base)
    spec.clock_offset_ms = -ago_ms
    nvr = await devices.start(spec)
    settings = CameraSettings(source=source)
    async with CoreRig(home_folder, clock=EarlierClock(ago_ms)) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description(), settings, can_live=True)
        await rig.settled(attached)
        before = frames_of(nvr)
        assert (await proof_of(rig, attached, before)).is_exact
        assert len(before) == 240
    nvr.clock.offset_ms = 0
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description(), settings, can_live=True)
        await rig.settled(attached)
        (camera,) = attached.cameras
        proof = await proof_of(rig, attached, frames_of(nvr))
        assert proof.is_exact, f"{proof}\n{await rig.describe(attached)}"
        assert proof.frames == 7 * 120
        clips = await rig.clips(camera)
        away = [c.facts.source for c in clips if c.facts.range.start_ms > base]
        assert away == [ClipSource.BACKFILL] * 5
        before_it = {c.facts.source for c in clips if c.facts.range.end_ms < base}
        assert before_it == {label}
        assert (await rig.ms_in(camera)).keys() <= {"kept", "absent"}


async def test_what_a_ring_overwrites_before_it_is_copied_is_lost_with_its_times(
    devices: Devices, home_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The ring is small, so is the distance that is kept from its tail.
    monkeypatch.setattr(device_tail, "SAFETY_MS", 3_000)
    ring_ms, gop_ms = 24_000, 1000
    nvr = await devices.start(
        one_camera(
            base_ms=now_ms() // 1000 * 1000 - HOUR,
            grows=True,
            grown_ms=ring_ms,
            capacity_ms=ring_ms,
            gop_ms=gop_ms,
        )
    )
    seen: dict[int, int] = dict(map(tuple, frames_of(nvr)))
    size = sum(len(nal) for unit in _units(nvr, devices) for nal in unit.nals)
    # The device writes 1.2 times as fast as it plays back.
    nvr.faults.rtsp.rate_limit_bytes = round(size / 10 / 1.2)
    limits = EngineLimits(tick_s=0.1, status_s=0.1, job_ms=6_000, endangered_ms=8_000)
    waits = short_waits(settle=2.0)
    async with CoreRig(home_folder, waits=waits, limits=limits) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(
            nvr.description(),
            CameraSettings(clip_ms=10_000),
            NvrSettings(interval_s=1.0),
        )
        for _ in range(14):
            await asyncio.sleep(1)
            seen |= dict(map(tuple, frames_of(nvr)))
        nvr.record(is_on=False)
        nvr.faults.rtsp.rate_limit_bytes = None
        seen |= dict(map(tuple, frames_of(nvr)))
        await asyncio.sleep(4)
        await rig.engine.sync_now(full=True)
        await rig.settled(attached)
        (camera,) = attached.cameras
        spans = await rig.spans(camera)
        told = await rig.describe(attached)
        proof = await proof_of(rig, attached, sorted(map(list, seen.items())))
    held = {number for number, _ in frames_of(nvr)}
    lost = [s for s in spans if s.state is CoverageState.LOST]
    assert (proof.twice, proof.foreign, proof.wrong) == ([], [], [])
    assert not held & set(proof.missing), "what the device still holds is kept"
    assert proof.missing, "nothing was overwritten: the test shows nothing"
    assert {span.reason for span in lost} == {"overwritten"}
    earliest = min(seen[number] for number in held)
    assert all(span.range.end_ms <= earliest for span in lost), told
    known = union(TimeRange(s.range.start_ms - 100, s.range.end_ms + 100) for s in lost)
    first_seen_ms = min(span.range.start_ms for span in spans)
    untold = [
        seen[number]
        for number in proof.missing
        if seen[number] >= first_seen_ms
        and not any(item.contains(seen[number]) for item in known)
    ]
    assert len(untold) <= 2 * gop_ms // 100, f"{len(untold)} not told: {told}"
    kept = {number for number in seen if number not in set(proof.missing)}
    inside = [n for n in kept if any(s.range.contains(seen[n]) for s in lost)]
    assert not inside, f"{len(inside)} frames are kept and called lost: {told}"
    states = {span.state for span in spans}
    assert states <= {CoverageState.KEPT, CoverageState.LOST, CoverageState.ABSENT}


def _units(nvr: SimulatedNvr, devices: Devices) -> list[Any]:
    """Return the coded pictures of the newest ten seconds."""
    timeline = nvr.all_channels[0].timeline
    assert timeline is not None
    (span,) = timeline.spans(nvr.clock.now_ms())
    gops = [
        devices.footage.gop(span.look, start, 10)
        for start in range(span.start_ms, span.start_ms + 10_000, 1000)
    ]
    return [unit for gop in gops for unit in gop.units]


async def test_a_wanted_clip_comes_first_and_the_back_fill_ends_complete(
    devices: Devices, home_folder: Path
) -> None:
    start = 9 * HOUR
    nvr = await devices.start(one_camera(Stretch(start, 4 * MINUTE)))
    nvr.faults.rtsp.rate_limit_bytes = 60_000
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description())
        (camera,) = attached.cameras

        async def is_filling() -> bool:
            status = await rig.camera_status(attached.key, camera)
            return status.progress is not None and status.progress.bytes > 0

        await until(is_filling)
        plays = len(nvr.rtsp.plays)
        wanted_ms = YESTERDAY_MS + start + 100_000
        wanted = TimeRange(wanted_ms, wanted_ms + 6_000)
        asked = time.monotonic()
        saving = asyncio.create_task(rig.engine.save_clip(camera, wanted, 30))

        async def has_bytes() -> bool:
            return len(nvr.rtsp.plays) > plays and (
                any(p.stat().st_size for p in rig.media.rglob("*.part"))
                or saving.done()
            )

        await until(has_bytes)
        first_byte_s = time.monotonic() - asked
        saved = await saving
        assert saved.is_whole, saved
        assert saved.outcome == "kept"
        print(f"first byte after {first_byte_s:.2f} s")
        assert first_byte_s <= 5
        assert all(rig.path(clip).is_file() for clip in saved.clips)
        assert (await rig.camera_status(attached.key, camera)).backlog_s > 0
        nvr.faults.rtsp.rate_limit_bytes = None
        rig.engine.cancel()
        await rig.settled(attached, 40)
        proof = await proof_of(rig, attached, frames_of(nvr))
        assert proof.is_exact, f"{proof}\n{await rig.describe(attached)}"


async def test_on_demand_fetches_what_is_wanted_and_nothing_else(
    devices: Devices, home_folder: Path
) -> None:
    nvr = await devices.start(one_camera(Stretch(9 * HOUR, 40_000)))
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description(), CameraSettings(mode=SyncMode.ON_DEMAND))
        (camera,) = attached.cameras
        await rig.settled(attached)
        assert not await rig.clips(camera)
        begin = YESTERDAY_MS + 9 * HOUR + 11_000
        saved = await rig.engine.save_clip(camera, TimeRange(begin, begin + 5000), 20)
        assert saved.is_whole
        kept = sum(clip.facts.frames for clip in saved.clips)
        assert 50 <= kept <= 90, "whole groups around what was wanted"
        nothing = TimeRange(begin + HOUR, begin + HOUR + 5000)
        missing = await rig.engine.save_clip(camera, nothing, 3)
        assert missing.missing == (nothing,)


def _format(nvr: SimulatedNvr) -> None:
    nvr.format()


def _list_nothing(nvr: SimulatedNvr) -> None:
    nvr.faults.no_recordings = True


def _find_no_events(nvr: SimulatedNvr) -> None:
    nvr.faults.no_events = True


def _new_tokens(nvr: SimulatedNvr) -> None:
    for channel in nvr.all_channels:
        if channel.timeline:
            channel.timeline.recording_token = "SomethingElse"


DISASTERS: dict[str, Callable[[SimulatedNvr], None] | None] = {
    "formatted": _format,
    "empty-listing": _list_nothing,
    "no-events": _find_no_events,
    "new-tokens": _new_tokens,
    "gone": None,
}


@pytest.mark.parametrize("name", DISASTERS)
async def test_what_is_kept_stays_whatever_the_device_says(
    devices: Devices, home_folder: Path, name: str
) -> None:
    nvr = await devices.start(
        one_camera(Stretch(9 * HOUR, 12_000), Stretch(10 * HOUR, 8_000))
    )
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description())
        await rig.settled(attached)
        (camera,) = attached.cameras
        frames = frames_of(nvr)
        # Newer footage is known of and not copied yet when it happens.
        rig.engine.pause()
        timeline = nvr.all_channels[0].timeline
        assert timeline is not None
        timeline.stretches.append(Stretch(11 * HOUR, 8_000))
        await rig.engine.sync_now(full=True)
        before = await rig.clips(camera)
        known = await rig.ms_in(camera)
        assert known["on_device"] == 8_000
        disaster = DISASTERS[name]
        if disaster is None:
            await devices.stop(nvr)
        else:
            disaster(nvr)
        rig.engine.resume()
        for _ in range(3):
            await rig.engine.sync_now(full=True)
        await asyncio.sleep(0.5)
        clips = await rig.clips(camera)
        assert [clip for clip in before if clip not in clips] == []
        proof = await proof_of(rig, attached, frames)
        assert (proof.missing, proof.twice, proof.wrong) == ([], [], [])
        after = await rig.ms_in(camera)
        assert not {"lost", "missing", "removed"} & after.keys()
        if len(clips) == len(before):  # a device that only lists nothing still plays
            still = sum(after.get(state, 0) for state in ("on_device", "failed"))
            assert still == 8_000, await rig.describe(attached)


LOOK_AT_ONE = ("tse:GetRecordingInformation",)
LOOK_AT_ALL = ("tse:FindRecordings", "tse:GetRecordingSearchResults")


@pytest.mark.parametrize(
    ("spec", "mode", "looks"),
    [
        pytest.param(
            one_camera(Stretch(9 * HOUR, 8_000)),
            SyncMode.EVERYTHING,
            LOOK_AT_ONE,
            id="camera",
        ),
        pytest.param(
            make_specs("nvr32")[0], SyncMode.ON_DEMAND, LOOK_AT_ALL, id="nvr32"
        ),
    ],
)
async def test_a_sweep_without_news_is_a_few_calls_and_no_session(
    devices: Devices,
    home_folder: Path,
    spec: NvrSpec,
    mode: SyncMode,
    looks: tuple[str, ...],
) -> None:
    nvr = await devices.start(spec)
    settings = CameraSettings(mode=mode)
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        await rig.attach(nvr.description(), settings, NvrSettings(interval_s=0.8))
        await rig.settled(attached)
        moments: set[int] = set()

        async def has_swept() -> bool:
            last_ms = (await rig.status(attached.key)).last_sweep_ms
            moments.add(last_ms or 0)
            return len(moments) > 4

        nvr.reset_counts()
        await until(has_swept)
        counts = nvr.counts()
    sweeps = len(moments) - 1
    calls = counts["operations"]
    # The clock and one look at what is recorded; a last sweep may be under way.
    assert calls.keys() == {"tds:GetSystemDateAndTime", *looks}
    assert all(sweeps <= count <= sweeps + 1 for count in calls.values()), calls
    assert len(calls) <= 6
    assert counts["rtsp"]["connections"] == 0


async def test_a_wrong_password_from_the_start_is_tried_twice_at_most(
    devices: Devices, home_folder: Path
) -> None:
    nvr = await devices.start(one_camera(Stretch(9 * HOUR, 8_000)))
    nvr.faults.lockout_after = 5
    async with CoreRig(home_folder) as rig:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its kind is checked
            await rig.introduce(nvr.description(), password="wrong-harbour-1")
        assert getattr(caught.value, "kind", None) is ErrorKind.AUTH_REFUSED
        failures = nvr.counts()["auth_failures"]
        refused = sum(n for cause, n in failures.items() if cause != "missing")
        assert refused <= 2, failures
        assert not list(rig.media.rglob("*.mp4"))


@pytest.mark.parametrize(("cap", "searches"), [(5, 19), (8, 9), (9, 7)])
async def test_a_list_silently_cut_short_hides_nothing(
    devices: Devices, home_folder: Path, cap: int, searches: int
) -> None:
    stretches = [Stretch(hour * HOUR, 2_000) for hour in range(3, 13)]
    nvr = await devices.start(one_camera(*stretches))
    nvr.faults.silent_cap = cap
    async with CoreRig(home_folder) as rig:
        attached = await rig.introduce(nvr.description())
        nvr.reset_counts()
        await rig.attach(nvr.description())
        await rig.settled(attached)
        proof = await proof_of(rig, attached, frames_of(nvr))
        assert proof.is_exact, f"{proof}\n{await rig.describe(attached)}"
        counts = nvr.counts()
    calls = counts["operations"]
    # One measurement, which watches the device's second change: how many looks that
    # takes depends on where in its second it began.
    assert 1 <= calls.pop("tds:GetSystemDateAndTime") <= CLOCK_LOOKS
    assert calls == {
        "tse:GetRecordingInformation": 1,
        "tse:FindEvents": searches,
        "tse:GetEventSearchResults": searches,
        "trp:GetReplayUri": len(stretches),
    }
    assert counts["rtsp"]["plays"] == len(stretches)
