"""Audio whose packets are whole units: G.711, G.722, G.726 (RFC 3551), Opus (RFC 7587)."""

from typing import override

from ...frames import AccessUnit
from ..replay_extension import ReplayStamp
from .base import Depacketizer, make_unit


class PlainDepacketizer(Depacketizer):
    """One packet is one unit; every unit of audio is a key."""

    def __init__(self, track: int, out: list[AccessUnit]) -> None:
        """Append the units of track number `track` to `out`."""
        self.out = out
        self._track = track

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if payload:
            flags = stamp.flags if stamp else 0
            self.out.append(
                make_unit(
                    self._track, bytes(payload), timestamp, stamp, flags, True, False
                )
            )

    @override
    def release(self) -> None:
        pass

    @override
    def finish(self) -> None:
        pass

    @override
    def reset(self) -> None:
        pass
