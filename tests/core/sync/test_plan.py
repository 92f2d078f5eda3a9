"""What is fetched next: examples, then what must hold for any backlog."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import (
    TimeRange,
    difference,
    intersection,
    total_ms,
    union,
)
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageSpan,
    CoverageState,
)
from custom_components.vtrack_nvr.core.sync.backlog import PENDING, Backlog
from custom_components.vtrack_nvr.core.sync.plan import (
    CameraView,
    OpenWant,
    PlannedFetch,
    Urgency,
    background_window,
    plan,
)
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    SyncMode,
    SyncOrder,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_100_000
CAM = CameraKey("n/1")
ALL = TimeRange(0, 2 * NOW)
NEWEST = CameraSettings()
OLDEST = CameraSettings(order=SyncOrder.OLDEST_FIRST)
LIMITS = EngineLimits()


def on_device(*ranges: TimeRange, **changes: object) -> tuple[CoverageSpan, ...]:
    """Return spans to fetch."""
    return tuple(
        CoverageSpan(CoverageState.ON_DEVICE, item, **changes) for item in ranges
    )


def view(*spans: CoverageSpan, **changes: object) -> CameraView:
    """Return a camera with these spans."""
    backlog = Backlog()
    backlog.replace(ALL, sorted(spans, key=lambda span: span.range))
    known = CameraView(CAM, NEWEST, backlog, settle_ms=75_000)
    return replace(known, **changes)


def ago(start_min: float, end_min: float) -> TimeRange:
    """Return a stretch that began and ended so many minutes ago."""
    return TimeRange(NOW - int(start_min * MINUTE), NOW - int(end_min * MINUTE))


def planned(
    *views: CameraView, now_ms: int = NOW, limits: EngineLimits = LIMITS
) -> list[TimeRange]:
    """Return the stretches in the order of the plan."""
    return [job.range for job in plan(views, limits, now_ms, per_camera=8).jobs]


@dataclass(frozen=True)
class Case:
    """A camera and what is planned for it."""

    name: str
    view: CameraView
    jobs: list[TimeRange]
    limits: EngineLimits = field(default=LIMITS)


CASES = [
    Case("nothing", view(), []),
    Case("one window", view(*on_device(ago(10, 5))), [ago(10, 5)]),
    Case("the open window waits", view(*on_device(ago(3, 0))), []),
    Case(
        "the last closed window waits until it has settled",
        view(*on_device(ago(15, 0))),
        [ago(15, 5)],
    ),
    Case(
        "adjacent windows are one session",
        view(*on_device(ago(40, 35), ago(35, 20))),
        [ago(40, 20)],
    ),
    Case(
        "newest first in jobs of an hour",
        view(*on_device(ago(185, 5))),
        [ago(65, 5), ago(125, 65), ago(185, 125)],
        limits=EngineLimits(old_share=0.0),
    ),
    Case(
        "oldest first",
        view(*on_device(ago(185, 5)), settings=OLDEST),
        [ago(185, 125), ago(125, 65), ago(65, 5)],
    ),
    Case(
        "every fourth job is the oldest",
        view(*on_device(ago(605, 5))),
        [
            ago(65, 5),
            ago(125, 65),
            ago(185, 125),
            ago(605, 545),
            ago(245, 185),
            ago(305, 245),
            ago(365, 305),
            ago(545, 485),
        ],
    ),
    Case(
        "whose turn it is, is remembered",
        view(*on_device(ago(605, 5)), turn=3),
        [
            ago(605, 545),
            ago(65, 5),
            ago(125, 65),
            ago(185, 125),
            ago(545, 485),
            ago(245, 185),
            ago(305, 245),
            ago(365, 305),
        ],
    ),
    Case(
        "both ends meet without an overlap",
        view(*on_device(ago(97, 5)), turn=3),
        [ago(97, 40), ago(40, 5)],
    ),
    Case(
        "what is kept, absent, lost, removed, missing or not wanted is left alone",
        view(
            *(
                CoverageSpan(state, ago(60 + i * 10, 55 + i * 10))
                for i, state in enumerate(set(CoverageState) - PENDING)
            )
        ),
        [],
    ),
    Case(
        "a failed stretch waits for its next try",
        view(
            CoverageSpan(CoverageState.FAILED, ago(30, 25), "x", NOW + 1, 2),
            CoverageSpan(CoverageState.FAILED, ago(60, 55), "x", NOW, 2),
        ),
        [ago(60, 55)],
    ),
    Case(
        "older than retention is not wanted",
        view(
            *on_device(ago(3 * 1440, 3 * 1440 - 60)),
            settings=CameraSettings(retention_days=2),
        ),
        [],
    ),
    Case(
        "what the device has no more is not tried",
        view(*on_device(ago(300, 240)), device_earliest_ms=NOW - 260 * MINUTE),
        [ago(260, 240)],
    ),
    Case(
        "endangered footage goes first, most endangered at the front",
        view(
            *on_device(ago(600, 595), ago(500, 495), ago(10, 5)),
            device_earliest_ms=NOW - 700 * MINUTE,
            endangered_until_ms=NOW - 400 * MINUTE,
        ),
        [ago(600, 595), ago(500, 495), ago(10, 5)],
    ),
    Case(
        "what is being fetched is not planned again",
        view(*on_device(ago(65, 5)), in_flight=(ago(65, 35),)),
        [ago(35, 5)],
    ),
    Case(
        "only what is around events in mode events",
        view(
            *on_device(ago(300, 5)),
            settings=CameraSettings(mode=SyncMode.EVENTS),
            wanted=(ago(200, 199), ago(100, 98)),
        ),
        [ago(100, 98), ago(200, 199)],
    ),
    Case(
        "nothing by itself on demand",
        view(
            *on_device(ago(300, 5)),
            settings=CameraSettings(mode=SyncMode.ON_DEMAND),
        ),
        [],
    ),
    Case(
        "nothing by itself when switched off",
        view(*on_device(ago(300, 5)), settings=CameraSettings(is_enabled=False)),
        [],
    ),
    Case(
        "nothing by itself while the gate is closed",
        view(*on_device(ago(300, 5)), is_background_allowed=False),
        [],
    ),
    Case(
        "requests go first and do not wait for windows or settling",
        view(
            *on_device(ago(65, 5)),
            wants=(OpenWant(7, NOW, (ago(2, 1),)),),
        ),
        [ago(2, 1), ago(65, 5)],
    ),
    Case(
        "requests are served even when background work is not allowed",
        view(
            *on_device(ago(65, 5)),
            wants=(OpenWant(7, NOW, (ago(2, 1),)),),
            is_background_allowed=False,
        ),
        [ago(2, 1)],
    ),
    Case(
        "no request while nothing can be written",
        view(wants=(OpenWant(7, NOW, (ago(2, 1),)),), is_request_allowed=False),
        [],
    ),
    Case(
        "a request does not wait for background work on the same stretch",
        view(
            wants=(OpenWant(7, NOW, (ago(50, 40),)),),
            in_flight=(ago(65, 5), ago(42, 40)),
            in_request=(ago(42, 40),),
        ),
        [ago(50, 42)],
    ),
    Case(
        "a long request is several jobs, in order",
        view(wants=(OpenWant(7, NOW, (ago(125, 5),)),)),
        [ago(125, 65), ago(65, 5)],
    ),
    Case(
        "an older request goes before a younger",
        view(
            wants=(
                OpenWant(8, NOW - 1, (ago(20, 19),)),
                OpenWant(7, NOW - 2, (ago(2, 1),)),
            )
        ),
        [ago(2, 1), ago(20, 19)],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_plan(case: Case) -> None:
    assert planned(case.view, limits=case.limits) == case.jobs


def test_cameras_take_turns() -> None:
    first = view(*on_device(ago(185, 5)))
    second = replace(view(*on_device(ago(385, 205))), key=CameraKey("n/2"))
    limits = EngineLimits(old_share=0.0)
    jobs = plan([first, second], limits, NOW).jobs
    assert [job.camera for job in jobs] == [CAM, "n/2"] * 3


def test_jobs_carry_request_and_attempts() -> None:
    known = view(
        CoverageSpan(CoverageState.FAILED, ago(30, 25), "x", None, 3),
        wants=(OpenWant(7, NOW, (ago(2, 1),)),),
    )
    result = plan([known], LIMITS, NOW)
    assert result
    assert result.jobs == (
        PlannedFetch(CAM, ago(2, 1), Urgency.REQUEST, want_id=7),
        PlannedFetch(CAM, ago(30, 25), attempts=3),
    )
    assert not plan([], LIMITS, NOW)


def test_nothing_is_in_the_window_of_background_work_when_all_is_too_young() -> None:
    assert background_window(view(device_earliest_ms=NOW), NOW) is None


states = st.sampled_from(sorted(CoverageState))
pieces = st.lists(
    st.tuples(states, st.integers(1, 90), st.sampled_from([None, -1, 1])),
    max_size=25,
)
orders = st.sampled_from(list(SyncOrder))


def spans_of(parts: list[tuple[CoverageState, int, int | None]]) -> list[CoverageSpan]:
    """Return spans one after the other that end now."""
    spans = []
    at_ms = NOW - sum(part[1] for part in parts) * MINUTE
    for state, minutes, due in parts:
        end_ms = at_ms + minutes * MINUTE
        next_ms = None if due is None else NOW + due * HOUR
        if state is not CoverageState.FAILED:
            next_ms = None
        spans.append(CoverageSpan(state, TimeRange(at_ms, end_ms), "", next_ms))
        at_ms = end_ms
    return spans


@hypothesis_settings(max_examples=150, deadline=None)
@given(pieces, orders, st.integers(0, 7), st.booleans())
def test_only_what_is_due_is_planned_and_nothing_twice(
    parts: list[tuple[CoverageState, int, int | None]],
    order: SyncOrder,
    turn: int,
    is_ring: bool,
) -> None:
    spans = spans_of(parts)
    start_ms = min((span.range.start_ms for span in spans), default=NOW)
    known = view(
        *spans,
        settings=CameraSettings(order=order),
        turn=turn,
        device_earliest_ms=start_ms,
        endangered_until_ms=start_ms + 2 * HOUR if is_ring else None,
    )
    due = union(
        span.range
        for span in spans
        if span.state in PENDING and (span.next_try_ms or 0) <= NOW
    )
    jobs = planned(known)
    assert difference(jobs, due) == ()
    assert total_ms(jobs) == sum(job.duration_ms for job in jobs)
    assert all(job.duration_ms <= HOUR for job in jobs)
    assert all(job.end_ms <= NOW - 75_000 for job in jobs)


@hypothesis_settings(max_examples=60, deadline=None)
@given(pieces, orders, st.lists(st.integers(0, 600), max_size=3))
def test_the_whole_backlog_is_planned_in_the_end_and_then_nothing_is(
    parts: list[tuple[CoverageState, int, int | None]],
    order: SyncOrder,
    wants: list[int],
) -> None:
    spans = spans_of(parts)
    known = view(
        *spans,
        settings=CameraSettings(order=order),
        wants=tuple(
            OpenWant(i, i, (ago(start + 1, start),)) for i, start in enumerate(wants)
        ),
    )
    wanted = union(item for want in known.wants for item in want.open)
    due = union(
        span.range
        for span in spans
        if span.state in PENDING and (span.next_try_ms or 0) <= NOW
    )
    closed = TimeRange(0, (NOW - 75_000) // (5 * MINUTE) * (5 * MINUTE))
    fetched: list[TimeRange] = []
    for turn in range(1000):
        jobs = plan([replace(known, turn=turn)], LIMITS, NOW, per_camera=2).jobs
        if not jobs:
            break
        job = jobs[0]
        if known.wants:
            assert job.urgency is Urgency.REQUEST
        # perfect execution: the stretch is kept
        fetched.append(job.range)
        known.backlog.replace(job.range, [CoverageSpan(CoverageState.KEPT, job.range)])
        known = replace(
            known,
            wants=tuple(
                replace(want, open=left)
                for want in known.wants
                if (left := difference(want.open, (job.range,)))
            ),
        )
    assert union(fetched) == union((*wanted, *intersection(due, (closed,))))
    assert planned(known) == []
