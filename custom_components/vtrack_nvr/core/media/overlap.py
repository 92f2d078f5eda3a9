"""Which of a group's pictures are wanted: whole groups, and nothing twice."""

from dataclasses import replace

from ..intervals import Ranges, TimeRange
from .units import Gop


def lies_in(gop: Gop, wanted: TimeRange) -> bool:
    """Return whether a group belongs to a range: from the key frame at or before its start
    to the first key frame at or after its end (design §3.9).
    """
    return gop.end_us > wanted.start_ms * 1000 and gop.start_us < wanted.end_ms * 1000


def without_kept(gop: Gop, kept: Ranges, half_us: int = 0) -> Gop | None:
    """Return what of a group is not in complete clips yet, None where all of it is.

    `half_us` is half the distance of two pictures: the same picture may be dated a few
    milliseconds apart in two sessions.

    Pictures that others need are never taken away: kept ones at the beginning of a group
    stay if later ones are new.
    """
    start_ms = (gop.start_us + half_us) // 1000
    last_ms = (gop.last_us + half_us) // 1000
    near = [
        item for item in kept if item.start_ms <= last_ms and item.end_ms > start_ms
    ]
    if not near:
        return gop
    place = len(gop.video)
    while place and _is_kept(gop.video[place - 1].time_us + half_us, near):
        place -= 1
    if not place:
        return None
    if place == len(gop.video):
        return gop
    end_us = min(item.time_us for item in gop.video[place:])
    return replace(
        gop,
        video=gop.video[:place],
        end_us=end_us,
        audio=[item for item in gop.audio if item.time_us < end_us],
    )


def _is_kept(time_us: int, kept: list[TimeRange]) -> bool:
    moment = time_us // 1000
    return any(item.contains(moment) for item in kept)
