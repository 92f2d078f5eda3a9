"""What H.264 and H.265 have in common: NAL units collected into access units.

An access unit ends at the marker bit, or where the RTP time changes. Some cameras mark
parameter sets as if they were a picture, or send them under the RTP time of the picture
before: so a unit without a picture never ends, it becomes the beginning of the next one.
"""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit
from ..replay_extension import ReplayStamp
from .base import MOST_PIECES, Depacketizer, make_unit

START_CODE = b"\x00\x00\x00\x01"


class VideoDepacketizer(Depacketizer):
    """Collects NAL units into Annex-B access units without delimiters.

    A key unit always carries the newest parameter sets, so that a file can begin at it:
    where the device leaves them out, those seen last (at first: the session
    description's) are put in front.

    For the receiver's fast path: while `fragment_head` is not empty, a packet that begins
    with these bytes is a middle fragment, and what follows them belongs at the end of
    `parts` (and its length into `size`).
    """

    AUD: ClassVar[int]
    SET_TYPES: ClassVar[tuple[int, ...]]
    """NAL types of parameter sets, in the order in which decoders want them."""
    KEY_TYPES: ClassVar[frozenset[int]]
    PICTURE_TYPES: ClassVar[frozenset[int]]
    NAL_TYPES: ClassVar[range]
    """What may stand in a file; the types beyond exist in RTP only, and not nested."""
    HEADER: ClassVar[int]
    """Length of a NAL unit header."""

    def __init__(
        self,
        track: int,
        out: list[AccessUnit],
        parameter_sets: Iterable[bytes],
        limit: int,
    ) -> None:
        """Begin with the parameter sets of the session description (any order)."""
        self.out = out
        self.fragment_head = b""
        self.parts: list[bytes | memoryview] = []
        self.size = 0
        self.timestamp = 0
        self._track = track
        self._limit = limit
        self._copied: list[bytes] = []
        self._stamp: ReplayStamp | None = None
        self._flags = 0
        self._has_picture = False
        self._is_key = False
        self._is_damaged = False
        self._has_marks = False
        self._gathered: list[bytes] | None = None
        """A parameter set or delimiter that comes in fragments."""
        self._new_sets: dict[int, list[bytes]] = {}
        self._sets: dict[int, list[bytes]] = {}
        for item in parameter_sets:
            if item and (kind := self._type_of(item[0])) in self.SET_TYPES:
                self._sets.setdefault(kind, []).append(bytes(item))

    @property
    def parameter_sets(self) -> tuple[bytes, ...]:
        """Return the newest parameter sets, in decoder order."""
        return tuple(
            item for kind in self.SET_TYPES for item in self._sets.get(kind, ())
        )

    @staticmethod
    @abstractmethod
    def _type_of(first: int) -> int:
        """Return the NAL type from the first byte of a NAL unit."""

    @abstractmethod
    def _take(self, payload: memoryview) -> None:
        """Take a payload apart."""

    @abstractmethod
    def _starts_picture(self, payload: memoryview) -> bool:
        """Say whether nothing of the picture can be missing before this payload."""

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if timestamp != self.timestamp:
            if self._has_picture:
                if is_after_loss or self._is_fragment_open:
                    self._is_damaged = True
                self._end()
            self.timestamp = timestamp
            self._stamp = None
            self._flags = 0
            self._is_damaged = False
        if is_after_loss:
            self._is_damaged |= self._has_picture or not self._starts_picture(payload)
            self._drop_fragment()
        if stamp is not None:
            if self._stamp is None:
                self._stamp = stamp
            self._flags |= stamp.flags
        if len(payload) > self.HEADER:
            self._take(payload)
        if self.size > self._limit:
            raise NvrError(
                ErrorKind.PROTOCOL, f"access unit longer than {self._limit} bytes"
            )
        if len(self._copied) + len(self._gathered or ()) > MOST_PIECES:
            raise NvrError(ErrorKind.PROTOCOL, "access unit in too many pieces")
        if marker:
            self._has_marks = True
            if self._has_picture:
                if self._is_fragment_open:
                    self._is_damaged = True
                self._end()

    @override
    def release(self) -> None:
        if self.parts:
            self._copied.append(b"".join(self.parts))
            self.parts.clear()

    @override
    def finish(self) -> None:
        if self._has_picture and not self._has_marks and not self._is_fragment_open:
            self._end()
        self.reset()

    @override
    def reset(self) -> None:
        self._clear()
        self._is_damaged = False

    @property
    def _is_fragment_open(self) -> bool:
        return bool(self.fragment_head) or self._gathered is not None

    def _drop_fragment(self) -> None:
        """Close a fragmented NAL unit whose rest is missing."""
        if self._is_fragment_open:
            self._is_damaged = True
        self.fragment_head = b""
        self._gathered = None

    def _nal(self, nal: memoryview | bytes) -> None:
        """Add a whole NAL unit."""
        if len(nal) <= self.HEADER:
            return
        kind = self._type_of(nal[0])
        if kind not in self.NAL_TYPES:
            self._is_damaged = True
            return
        if kind == self.AUD:
            return
        if kind in self.SET_TYPES:
            nal = bytes(nal)
            self._new_sets.setdefault(kind, []).append(nal)
        elif kind in self.PICTURE_TYPES:
            self._has_picture = True
            self._is_key |= kind in self.KEY_TYPES
        self.parts += (START_CODE, nal)
        self.size += 4 + len(nal)

    def _begin_fragments(
        self, header: bytes, head: bytes, body: memoryview, is_end: bool
    ) -> None:
        """Begin a NAL unit that comes in pieces.

        `header` is the NAL unit header to rebuild, `head` what middle fragments begin
        with. Pieces of pictures go straight into the unit; the others are gathered, since
        they must be looked at whole.
        """
        self._drop_fragment()
        kind = self._type_of(header[0])
        if kind not in self.NAL_TYPES:
            self._is_damaged = True
        elif kind in self.PICTURE_TYPES:
            self._has_picture = True
            self._is_key |= kind in self.KEY_TYPES
            self.parts += (START_CODE + header, body)
            self.size += 4 + len(header) + len(body)
            if not is_end:
                self.fragment_head = head
        elif is_end:
            self._nal(header + bytes(body))
        else:
            self._gathered = [header, bytes(body)]
            self.size += len(header) + len(body)

    def _go_on(self, body: memoryview, is_end: bool) -> None:
        """Add a middle or last piece."""
        if self._gathered is not None:
            self._gathered.append(bytes(body))
            self.size += len(body)
            if is_end:
                whole = b"".join(self._gathered)
                self._gathered = None
                self.size -= len(whole)
                self._nal(whole)
        elif self.fragment_head:
            self.parts.append(body)
            self.size += len(body)
            if is_end:
                self.fragment_head = b""
        else:
            self._is_damaged = True

    def _split(self, payload: memoryview, start: int) -> None:
        """Take an aggregation: NAL units with a 16-bit length each."""
        end = len(payload)
        while end - start > 2:
            length = payload[start] << 8 | payload[start + 1]
            start += 2
            if length > end - start:
                self._is_damaged = True
                return
            self._nal(payload[start : start + length])
            start += length

    def _end(self) -> None:
        """Hand out the unit and begin the next."""
        is_key = self._is_key
        if self._new_sets:
            self._sets.update(self._new_sets)
        if is_key and len(self._new_sets) < len(self.SET_TYPES):
            missing = [
                part for item in self.parameter_sets for part in (START_CODE, item)
            ]
            data = b"".join((*missing, *self._copied, *self.parts))
        elif self._copied:
            data = b"".join((*self._copied, *self.parts))
        else:
            data = b"".join(self.parts)
        self.out.append(
            make_unit(
                self._track,
                data,
                self.timestamp,
                self._stamp,
                self._flags,
                is_key,
                self._is_damaged,
            )
        )
        self._is_damaged = False
        self._clear()

    def _clear(self) -> None:
        self.parts.clear()
        self._copied.clear()
        self.size = 0
        self.fragment_head = b""
        self._gathered = None
        self._new_sets = {}
        self._stamp = None
        self._flags = 0
        self._has_picture = False
        self._is_key = False
