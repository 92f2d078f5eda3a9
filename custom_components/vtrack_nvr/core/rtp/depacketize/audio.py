"""What the depacketizers of sound share: nothing is held beyond a packet's copy."""

from typing import override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit
from ..replay_extension import ReplayStamp
from .base import MOST_PIECES, Depacketizer, make_unit


class AudioDepacketizer(Depacketizer):
    """Hands out units of sound, each a key; pieces of a unit are copied as they come."""

    def __init__(self, track: int, out: list[AccessUnit], limit: int) -> None:
        """Append the units of track number `track`, `limit` bytes at most, to `out`."""
        self.out = out
        self._track = track
        self._limit = limit
        self._pieces: list[bytes] = []
        self._held = 0
        self._stamp: ReplayStamp | None = None

    @override
    def release(self, arrival_ms: int | None = None) -> None:
        pass

    @override
    def finish(self) -> None:
        self.reset()

    @override
    def reset(self) -> None:
        self._pieces.clear()
        self._held = 0
        self._stamp = None

    def _hold(self, piece: memoryview) -> None:
        """Keep one more piece of the unit under way."""
        self._pieces.append(bytes(piece))
        self._held += len(piece)
        self._check(self._held)
        if len(self._pieces) > MOST_PIECES:
            raise NvrError(ErrorKind.PROTOCOL, "audio frame in too many pieces")

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise NvrError(
                ErrorKind.PROTOCOL, f"audio frame longer than {self._limit} bytes"
            )

    def _emit(
        self,
        data: bytes,
        timestamp: int,
        stamp: ReplayStamp | None,
        config: bytes = b"",
    ) -> None:
        flags = stamp.flags if stamp else 0
        timestamp &= 0xFFFFFFFF
        unit = make_unit(self._track, data, timestamp, stamp, flags, True, False)
        self.out.append(unit._replace(config=config) if config else unit)
