"""What every depacketizer is: packets of one track in, access units out."""

from typing import Protocol

from ...frames import AccessUnit
from ..replay_extension import (
    CLEAN,
    DISCONTINUOUS,
    LAST,
    TERMINAL,
    ReplayStamp,
)

MOST_PIECES = 1 << 16
"""So many sequence numbers there are: no unit comes in more packets."""


class Depacketizer(Protocol):
    """Reassembles the frames of one track (one connection, one PLAY).

    Finished units are appended to the list that was handed in, so that the order in which
    tracks were sent is kept. Payloads are views of a buffer that is used again: between
    two `release` calls they may be held, at `release` everything held must be copied.
    """

    out: list[AccessUnit]

    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        """Take the payload of one packet; `is_after_loss`: packets before it are missing.

        Raises `NvrError(PROTOCOL)` when a unit grows beyond its bound, nothing else.
        """
        ...

    held_place: int | None = None
    """Where in `out` a unit belongs whose end was marked, and which is still held to see
    whether more of it follows; None without one."""

    @property
    def is_holding(self) -> bool:
        """Return whether such a unit is whole if nothing follows at once."""
        return False

    def release(self, arrival_ms: int | None = None) -> None:
        """Copy what is held: the receive buffer is about to be used again.

        `arrival_ms` is when its bytes came (host UTC).
        """
        ...

    def end_marked(self) -> None:
        """Hand out a unit that is held although its end was marked."""
        return

    def finish(self) -> None:
        """Hand out a last unit that is complete although nothing marked its end."""
        ...

    def reset(self) -> None:
        """Forget a unit in the making (new PLAY)."""
        ...


def make_unit(
    track: int,
    data: bytes,
    timestamp: int,
    stamp: ReplayStamp | None,
    flags: int,
    is_key: bool,
    is_damaged: bool,
    arrival_ms: int | None = None,
) -> AccessUnit:
    """Return the unit; `flags` are those of all stamps seen in it."""
    if stamp is None:
        return AccessUnit(
            track,
            data,
            timestamp,
            None,
            is_key,
            is_damaged,
            arrival_ms=arrival_ms,
        )
    return AccessUnit(
        track,
        data,
        timestamp,
        stamp.time_us,
        is_key,
        is_damaged,
        flags & CLEAN != 0,
        flags & LAST != 0,
        flags & DISCONTINUOUS != 0,
        flags & TERMINAL != 0,
        stamp.cseq,
        arrival_ms,
    )
