"""Pictures whose packets are simply pieces of them, one after the other."""

from typing import override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit
from ..replay_extension import ReplayStamp
from .base import MOST_PIECES, Depacketizer, make_unit


class PieceDepacketizer(Depacketizer):
    """Collects pieces until the marker bit or another RTP time."""

    def __init__(self, track: int, out: list[AccessUnit], limit: int) -> None:
        """Append the units of track number `track`, `limit` bytes at most, to `out`."""
        self.out = out
        self._track = track
        self._limit = limit
        self._timestamp = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._stamp: ReplayStamp | None = None
        self._flags = 0
        self._is_damaged = self._has_marks = False

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if timestamp != self._timestamp:
            if self._pieces:
                self._is_damaged |= is_after_loss
                self._end()
            self.reset()
            self._timestamp = timestamp
        self._is_damaged |= is_after_loss
        if stamp is not None:
            self._stamp = self._stamp or stamp
            self._flags |= stamp.flags
        if piece := self._piece(payload):
            self._pieces.append(piece)
            self._size += len(piece)
        if self._size > self._limit or len(self._pieces) > MOST_PIECES:
            raise NvrError(
                ErrorKind.PROTOCOL, f"access unit longer than {self._limit} bytes"
            )
        if marker:
            self._has_marks = True
            if self._pieces:
                self._end()
            self.reset()

    def _piece(self, payload: memoryview) -> bytes:
        """Return what of a payload belongs to the picture, b"" for none of it."""
        return bytes(payload)

    def _picture(self, data: bytes) -> tuple[bytes, bool] | None:
        """Return a picture and whether it is a key picture; None where it is none."""
        raise NotImplementedError

    @override
    def release(self, arrival_ms: int | None = None) -> None:
        pass

    @override
    def finish(self) -> None:
        if self._pieces and not self._has_marks:
            self._end()
        self.reset()

    @override
    def reset(self) -> None:
        self._pieces.clear()
        self._size = 0
        self._stamp = None
        self._flags = 0
        self._is_damaged = False

    def _end(self) -> None:
        found = self._picture(b"".join(self._pieces))
        if found is None:
            return
        data, is_key = found
        self.out.append(
            make_unit(
                self._track,
                data,
                self._timestamp,
                self._stamp,
                self._flags,
                is_key,
                self._is_damaged,
            )
        )
