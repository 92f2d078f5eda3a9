"""Which part of a camera's time line is wanted at all; pure."""

from collections.abc import Iterable

from ..intervals import DAY_MS, Ranges, TimeRange, intersection, union
from ..models import EventClass, EventMark
from .settings import CameraSettings, SyncMode

EPOCH_2000_MS = 946_684_800_000
"""Devices whose clock was unset date recordings 1970; nothing older than this is real."""


def oldest_wanted_ms(settings: CameraSettings, now_ms: int) -> int:
    """Return from where on footage is wanted."""
    if settings.retention_days is None:
        return EPOCH_2000_MS
    return max(EPOCH_2000_MS, now_ms - int(settings.retention_days * DAY_MS))


def counts(settings: CameraSettings, mark: EventMark) -> bool:
    """Return whether an event is one of those whose footage is wanted."""
    if settings.event_classes is None:
        return mark.event_class is not EventClass.RECORDING
    return mark.event_class in settings.event_classes


def around(settings: CameraSettings, marks: Iterable[EventMark]) -> Ranges:
    """Return the stretches around the events, with pre- and post-roll, as scheduled."""
    wanted = union(
        TimeRange(
            mark.range.start_ms - settings.pre_roll_ms,
            mark.range.end_ms + settings.post_roll_ms,
        )
        for mark in marks
        if counts(settings, mark)
    )
    if settings.week is None or not wanted:
        return wanted
    reach = TimeRange(wanted[0].start_ms, wanted[-1].end_ms)
    return intersection(wanted, settings.week.inside(reach))


def wanted_inside(
    settings: CameraSettings,
    window: TimeRange,
    marks: Iterable[EventMark],
    now_ms: int,
) -> Ranges | None:
    """Return the wanted part of a window in normal form; None is all of it.

    `marks` need to reach as far beyond the window as the rolls do.
    """
    recent = window.intersection(
        TimeRange(
            oldest_wanted_ms(settings, now_ms),
            max(window.end_ms, now_ms, EPOCH_2000_MS),
        )
    )
    if recent is None:
        return ()
    match settings.mode:
        case SyncMode.ON_DEMAND:
            return ()
        case SyncMode.EVENTS:
            return intersection(around(settings, marks), (recent,))
        case SyncMode.EVERYTHING:
            if settings.week is None:
                return None if recent == window else (recent,)
            return settings.week.inside(recent)
