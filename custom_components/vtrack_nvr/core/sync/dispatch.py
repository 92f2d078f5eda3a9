"""Which fetches of an NVR to start and which to ask to make way."""

from collections.abc import Callable, Iterable, Sequence

from ..intervals import TimeRange
from ..models import NvrKey
from .fetch_run import Fetch
from .plan import Job, Urgency
from .slots import Slots

ROUND_MS = 15_000
"""Fetches of one camera keep this distance: GOPs reach over the borders of a job."""


def is_clear_of(job: Job, running: Iterable[Fetch]) -> bool:
    """Say whether no running fetch of the same camera comes close to the job."""
    around = TimeRange(job.range.start_ms - ROUND_MS, job.range.end_ms + ROUND_MS)
    return not any(
        fetch.job.camera == job.camera and fetch.job.range.overlaps(around)
        for fetch in running
    )


def start_what_fits(
    jobs: Sequence[Job],
    running: list[Fetch],
    slots: Slots,
    nvr: NvrKey,
    sessions: int,
    now_s: float,
    start: Callable[[Job], Fetch],
) -> None:
    """Start jobs in order while there are sessions; requests push the others aside.

    `start` puts the new fetch into `running` itself.
    """
    is_waiting = False
    for job in jobs:
        is_request = job.urgency is Urgency.REQUEST
        others = [fetch for fetch in running if not fetch.is_request]
        if not is_clear_of(job, running):
            if is_request:
                _make_way([f for f in others if f.job.camera == job.camera], now_s)
            continue
        if len(running) >= sessions:
            if is_request:
                _make_way(others[:1], now_s)
            break
        if not slots.try_take(nvr, is_request=is_request):
            is_waiting = True
            if is_request:
                _make_way(others[:1], now_s)
            break
        start(job)
    if not is_waiting:
        slots.withdraw(nvr)


def _make_way(fetches: Iterable[Fetch], now_s: float) -> None:
    for fetch in fetches:
        fetch.make_way(now_s)


def yield_where_due(
    running: Iterable[Fetch],
    slots: Slots,
    nvr: NvrKey,
    slice_s: float,
    now_s: float,
    is_allowed: Callable[[Fetch], bool],
) -> None:
    """Ask background fetches to end that others wait for or that may not run now."""
    for fetch in running:
        if fetch.is_request:
            continue
        has_had_its_time = now_s - fetch.started_s >= slice_s
        if (
            not is_allowed(fetch)
            or slots.has_other_waiting(nvr, requests_only=True)
            or (has_had_its_time and slots.has_other_waiting(nvr, requests_only=False))
        ):
            fetch.make_way(now_s)


def cut_off_the_slow(running: Iterable[Fetch], now_s: float, patience_s: float) -> None:
    """Cancel fetches that were asked to make way and found no GOP border in time."""
    for fetch in running:
        if fetch.asked_s is not None and now_s - fetch.asked_s >= patience_s:
            fetch.cancel.cancel("made way")
