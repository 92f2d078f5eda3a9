"""Which fetches of an NVR to start and which to ask to make way."""

from collections.abc import Callable, Iterable, Sequence

from ..intervals import TimeRange
from ..models import NvrKey
from .engine_context import Slots
from .plan import PlannedFetch
from .running_fetch import RunningFetch

ROUND_MS = 15_000
"""Fetches of one camera keep this distance: GOPs reach over the borders of a job."""


def is_clear_of(job: PlannedFetch, running: Iterable[RunningFetch]) -> bool:
    """Return whether no running fetch of the same camera comes close to the job."""
    around = TimeRange(job.range.start_ms - ROUND_MS, job.range.end_ms + ROUND_MS)
    return not any(
        fetch.job.camera == job.camera and fetch.job.range.overlaps(around)
        for fetch in running
    )


def start_what_fits(
    jobs: Sequence[PlannedFetch],
    running: list[RunningFetch],
    slots: Slots,
    nvr: NvrKey,
    sessions: int,
    now_s: float,
    start: Callable[[PlannedFetch], RunningFetch],
    background: int | None = None,
) -> None:
    """Start jobs in order while there are sessions; what is urgent pushes others aside.

    `start` puts the new fetch into `running` itself. `background` is how many sessions
    there may be before one is begun that nobody asked for (None: as many as `sessions`).
    """
    background = sessions if background is None else background
    is_waiting = False
    for job in jobs:
        is_request = not job.urgency.is_background
        others = [f for f in running if job.urgency.goes_before(f.job.urgency)]
        others.sort(key=lambda fetch: fetch.job.urgency, reverse=True)
        if not is_clear_of(job, running):
            _make_way([f for f in others if f.job.camera == job.camera], now_s)
            continue
        if len(running) >= (sessions if is_request else background):
            _make_way(others[:1], now_s)
            break
        if not slots.try_take(nvr, is_request=is_request):
            is_waiting = True
            _make_way(others[:1], now_s)
            break
        start(job)
    if not is_waiting:
        slots.withdraw(nvr)


def _make_way(fetches: Iterable[RunningFetch], now_s: float) -> None:
    for fetch in fetches:
        fetch.make_way(now_s)


def yield_where_due(
    running: Sequence[RunningFetch],
    slots: Slots,
    nvr: NvrKey,
    slice_s: float,
    now_s: float,
    is_allowed: Callable[[RunningFetch], bool],
    background: int | None = None,
) -> None:
    """Ask background fetches to end that others wait for or that may not run now.

    `background` is as in `start_what_fits`; None: there are not too many.
    """
    excess = 0
    if background is not None:
        staying = [fetch for fetch in running if not fetch.must_yield]
        excess = len(staying) - background
    for fetch in running:
        if fetch.is_request:
            continue
        if excess > 0 and not fetch.must_yield:
            fetch.make_way(now_s)
            excess -= 1
        has_had_its_time = now_s - fetch.started_s >= slice_s
        if (
            not is_allowed(fetch)
            or slots.has_other_waiting(nvr, requests_only=True)
            or (has_had_its_time and slots.has_other_waiting(nvr, requests_only=False))
        ):
            fetch.make_way(now_s)


def cut_off_the_slow(
    running: Iterable[RunningFetch], now_s: float, patience_s: float
) -> None:
    """Cancel fetches that were asked to make way and found no GOP border in time."""
    for fetch in running:
        if fetch.asked_s is not None and now_s - fetch.asked_s >= patience_s:
            fetch.cancel.cancel("made way")
