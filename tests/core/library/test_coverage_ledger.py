"""What the sync engine remembers in the library."""

import asyncio

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind, RunResult, SweepFindings
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClockEra,
    CoverageState,
    EventClass,
    EventMark,
    NvrKey,
)
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from tests.insides import close_here, open_here, store_of

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

STATES = [s for s in CoverageState if s is not CoverageState.KEPT]


def ranges_of(spans) -> list[tuple[str, int, int]]:
    return [(s.state.value, s.range.start_ms, s.range.end_ms) for s in spans]


async def test_a_mark_never_covers_what_is_kept(rig: LibraryRig) -> None:
    await asyncio.to_thread(rig.keep, NOW + 5 * MINUTE)
    whole = TimeRange(NOW, NOW + 15 * MINUTE)
    await rig.library.ledger.mark(
        CAMERA, [whole], CoverageState.FAILED, "busy", NOW + DAY, 3
    )
    spans = await rig.library.ledger.coverage(CAMERA, whole)
    assert [s.state.value for s in spans] == ["failed", "kept", "failed"]
    assert (spans[0].reason, spans[0].next_try_ms, spans[0].attempts) == (
        "busy",
        NOW + DAY,
        3,
    )
    with pytest.raises(NvrError):
        await rig.library.ledger.mark(CAMERA, [whole], CoverageState.KEPT)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mark", "sweep", "proof", "keep", "delete", "restore"]),
            st.integers(0, 40),
            st.integers(1, 12),
            st.sampled_from(STATES),
        ),
        max_size=14,
    )
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_and_sums_agree_after_any_story(tmp_path_factory, story) -> None:
    rig = make_library(tmp_path_factory.mktemp("story"), ManualClock())
    library = rig.library
    open_here(library)
    ids: list[int] = []

    async def tell() -> None:
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        for what, start, length, state in story:
            window = TimeRange(NOW + start * MINUTE, NOW + (start + length) * MINUTE)
            if what == "mark":
                await library.ledger.mark(CAMERA, [window], state, "why")
            elif what in {"sweep", "proof"}:
                half = TimeRange(window.start_ms, window.end_ms - 30_000)
                await library.ledger.note_sweep(
                    SweepFindings(
                        CAMERA,
                        window,
                        (half,),
                        is_proof=what == "proof",
                        device_earliest_ms=NOW + start * MINUTE // 2,
                        device_latest_ms=NOW + HOUR,
                    )
                )
            elif what == "keep":
                ids.append(rig.keep(window.start_ms, duration_ms=window.duration_ms))
            elif what == "delete":
                await library.care.delete(ids[start % 3 :: 3])
            else:
                await library.care.restore(ids[start % 2 :: 2])

    try:
        asyncio.run(tell())
        invariants.check(library)
    finally:
        close_here(library)


async def test_a_formatted_card_loses_nothing_and_deletes_nothing(
    rig: LibraryRig,
) -> None:
    library = rig.library
    await asyncio.to_thread(rig.keep, NOW)
    held = TimeRange(NOW, NOW + 10 * HOUR)
    await library.ledger.note_sweep(
        SweepFindings(CAMERA, held, (held,), True, held.start_ms, held.end_ms)
    )
    before = await library.ledger.coverage(CAMERA, held)
    fresh = TimeRange(NOW + DAY, NOW + DAY + HOUR)
    stories = [
        # nothing listed at all; a silent device; new tokens; a formatted card
        SweepFindings(CAMERA, held, (), True, None, None),
        SweepFindings(CAMERA, held, (), False, None, None),
        SweepFindings(CAMERA, held, (), False, fresh.start_ms, fresh.end_ms),
        SweepFindings(CAMERA, held, (), True, fresh.start_ms, fresh.end_ms),
        SweepFindings(CAMERA, fresh, (fresh,), True, fresh.start_ms, fresh.end_ms),
        SweepFindings(CAMERA, held, (), True, fresh.start_ms, fresh.end_ms),
    ]
    for findings in stories:
        await library.ledger.note_sweep(findings)
        assert await library.ledger.coverage(CAMERA, held) == before
    assert await library.browse.ledger(CoverageState.LOST) == ()
    assert len(rig.files()) == 1
    assert (await library.browse.recent())[0].facts.range.start_ms == NOW


async def test_a_ring_that_overwrites_is_proof_of_loss(rig: LibraryRig) -> None:
    library = rig.library
    held = TimeRange(NOW, NOW + 10 * HOUR)
    await library.ledger.note_sweep(
        SweepFindings(CAMERA, held, (held,), True, held.start_ms, held.end_ms)
    )
    later = TimeRange(NOW + 9 * HOUR, NOW + 12 * HOUR)
    run_id = await library.ledger.begin_run(NVR, RunKind.FULL)
    await library.ledger.note_sweep(
        SweepFindings(CAMERA, later, (later,), True, NOW + 3 * HOUR, later.end_ms),
        run_id,
    )
    (lost,) = await library.browse.ledger(CoverageState.LOST)
    assert lost.range == TimeRange(NOW, NOW + 3 * HOUR)
    assert (lost.reason, lost.run_id) == ("overwritten", run_id)
    totals = await library.ledger.totals(CAMERA)
    assert totals.device_oldest_ms == NOW + 3 * HOUR
    assert totals.coverage_percent == 0.0


async def test_when_an_era_was_seen_last_is_remembered(rig: LibraryRig) -> None:
    ledger = rig.library.ledger
    era = await ledger.add_era(NVR, ClockEra(0, 0, 5_000, device_seen_ms=1_000))
    other = await ledger.add_era(NVR, ClockEra(0, NOW, -3_600_000))
    await ledger.saw_era(era.id, NOW)
    assert [e.device_seen_ms for e in await ledger.eras(NVR)] == [NOW, None]
    assert era.device_seen_ms == 1_000
    assert await ledger.eras(NVR) == (era, other), "it is the same era"


async def test_where_footage_began_is_remembered_of_the_newest_eras(
    rig: LibraryRig,
) -> None:
    ledger = rig.library.ledger
    assert await ledger.earliest_by_era(CAMERA) == {}
    for era_id in range(1, 61):
        await ledger.set_earliest(CAMERA, era_id, NOW + era_id)
    await ledger.set_earliest(CAMERA, 60, NOW)
    found = await ledger.earliest_by_era(CAMERA)
    assert found == {**{n: NOW + n for n in range(11, 60)}, 60: NOW}


async def test_footage_kept_is_known_by_the_devices_own_clock(rig: LibraryRig) -> None:
    library = rig.library
    first = await library.ledger.add_era(NVR, ClockEra(0, 0, 5_000, is_uncertain=True))
    second = await library.ledger.add_era(NVR, ClockEra(0, NOW, -3_600_000))
    assert await library.ledger.eras(NVR) == (first, second)
    assert await library.ledger.era(first.id) == first
    assert await library.ledger.era(999) is None

    def fill() -> None:
        rig.keep(NOW, offset_ms=5_000, era_id=first.id)
        rig.keep(NOW + 5 * MINUTE, offset_ms=5_000, era_id=first.id)
        rig.keep(NOW + 5 * HOUR, offset_ms=-3_600_000, era_id=second.id)

    await asyncio.to_thread(fill)
    day = TimeRange(NOW - DAY, NOW + DAY)
    assert await library.ledger.kept_on_device_clock(CAMERA, first, day) == (
        TimeRange(NOW - 5_000, NOW - 5_000 + 10 * MINUTE),
    )
    assert await library.ledger.kept_on_device_clock(CAMERA, second, day) == (
        TimeRange(NOW + 6 * HOUR, NOW + 6 * HOUR + 5 * MINUTE),
    )
    part = TimeRange(NOW, NOW + MINUTE)
    assert await library.ledger.kept_on_device_clock(CAMERA, first, part) == (part,)


@given(
    offset=st.one_of(
        st.integers(-14 * HOUR, 14 * HOUR),
        st.integers(-10 * 365 * DAY, 10 * 365 * DAY),
    ),
    drift=st.integers(-5_000, 5_000),
)
@settings(max_examples=15, deadline=None)
def test_any_clock_of_a_device_keeps_utc_and_its_own_time_apart(
    tmp_path_factory, offset: int, drift: int
) -> None:
    rig = make_library(tmp_path_factory.mktemp("clock"), ManualClock())
    library = rig.library
    open_here(library)

    async def tell() -> None:
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        era = await library.ledger.add_era(NVR, ClockEra(0, NOW - offset, offset))
        clip_id = rig.keep(NOW, offset_ms=offset + drift, era_id=era.id)
        clip = await library.browse.clip(clip_id)
        assert clip is not None
        assert clip.facts.range.start_ms == NOW
        assert clip.facts.device_start_ms == NOW - offset - drift
        whole = TimeRange(NOW - offset - DAY, NOW - offset + DAY)
        kept = await library.ledger.kept_on_device_clock(CAMERA, era, whole)
        assert kept == (
            TimeRange(
                clip.facts.device_start_ms, clip.facts.device_start_ms + 5 * MINUTE
            ),
        )
        (info,) = await library.browse.days(CAMERA)
        assert info.day.isoformat() == "2027-01-15"

    try:
        asyncio.run(tell())
    finally:
        close_here(library)


async def test_what_was_learned_about_a_device_is_remembered(rig: LibraryRig) -> None:
    library = rig.library
    assert await library.ledger.policy(NVR) == DevicePolicy()
    learned = DevicePolicy(
        frozenset({Quirk.REAL_TIME_ONLY, Quirk.NO_REQUIRE}), 3, 3_600_000
    )
    await library.ledger.set_policy(NVR, learned)
    assert await library.ledger.policy(NVR) == learned
    store_of(library).write(
        lambda c: c.execute(
            """update nvr set policy = '{"quirks": ["from_the_future"]}'"""
        )
    )
    assert await library.ledger.policy(NVR) == DevicePolicy()


async def test_events_are_merged_and_found_by_window(rig: LibraryRig) -> None:
    library = rig.library
    begun = EventMark(EventClass.MOTION, TimeRange(NOW, NOW), "a")
    ended = EventMark(EventClass.MOTION, TimeRange(NOW, NOW + HOUR), "a")
    other = EventMark(EventClass.PERSON, TimeRange(NOW + 2 * HOUR, NOW + 2 * HOUR))
    await library.ledger.add_marks(CAMERA, [begun, other])
    await library.ledger.add_marks(CAMERA, [ended, begun])
    await library.ledger.add_marks(CAMERA, [])
    assert await library.ledger.marks(CAMERA, TimeRange(NOW, NOW + DAY)) == (
        ended,
        other,
    )
    inside = TimeRange(NOW + 30 * MINUTE, NOW + 31 * MINUTE)
    assert await library.ledger.marks(CAMERA, inside) == (ended,)
    assert await library.ledger.marks(CAMERA, TimeRange(NOW - HOUR, NOW)) == ()


async def test_the_high_water_mark_is_remembered(rig: LibraryRig) -> None:
    assert await rig.library.ledger.high_water_ms(CAMERA) is None
    await rig.library.ledger.set_high_water_ms(CAMERA, NOW)
    assert await rig.library.ledger.high_water_ms(CAMERA) == NOW


async def test_the_history_of_runs_tells_what_happened(rig: LibraryRig) -> None:
    library = rig.library
    first = await library.ledger.begin_run(NVR, RunKind.LIGHT)
    rig.clock.advance(1_000)
    await library.ledger.end_run(
        first, RunResult(2, 500, 1.5, 1, "one camera was busy")
    )
    second = await library.ledger.begin_run(NVR, RunKind.REQUEST)
    newest, oldest = await library.browse.runs()
    assert (newest.id, newest.ended_ms, newest.kind) == (second, None, RunKind.REQUEST)
    assert oldest.result == RunResult(2, 500, 1.5, 1, "one camera was busy")
    assert oldest.ended_ms == NOW + 1_000
    assert [r.id for r in await library.browse.runs(NVR, before_id=second)] == [first]
    assert await library.browse.runs(NvrKey("else")) == ()


async def test_what_nobody_registered_is_refused(library: Library) -> None:
    for call in (
        library.ledger.totals(CameraKey("no/1")),
        library.ledger.policy(NvrKey("no")),
        library.ledger.mark(CameraKey("no/1"), [], CoverageState.ABSENT),
    ):
        with pytest.raises(NvrError) as caught:
            await call
        assert caught.value.kind is ErrorKind.INDEX_FAILED
    with pytest.raises(NvrError):
        await library.ledger.add_want(CAMERA, TimeRange(NOW, NOW), "nothing")


async def test_a_restart_finds_nothing_being_fetched(
    tmp_path, clock: ManualClock
) -> None:
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    whole = TimeRange(NOW, NOW + HOUR)
    await rig.library.ledger.mark(CAMERA, [whole], CoverageState.FETCHING)
    run_id = await rig.library.ledger.begin_run(NVR, RunKind.LIGHT)
    await rig.library.close()
    again = make_library(tmp_path, clock)
    await again.library.open()
    assert ranges_of(await again.library.ledger.coverage(CAMERA, whole)) == [
        ("on_device", whole.start_ms, whole.end_ms)
    ]
    (run,) = await again.library.browse.runs()
    assert (run.id, run.result.detail) == (run_id, "interrupted")
    await again.library.close()
