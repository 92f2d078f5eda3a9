"""What H.264 and H.265 have in common: NAL units collected into access units.

An access unit ends where the RTP time changes, or at the marker bit. Some cameras set the
marker at each slice, so that what follows it has a say: a slice that is not the first of
its picture still belongs to it. Some mark parameter sets as if they were a picture, or
send them under the RTP time of the picture before: so a unit without a picture never
ends, it becomes the beginning of the next one.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Never, override

from ...errors import ErrorKind, NvrError
from ...frames import AccessUnit, Codec
from ..replay_extension import ReplayStamp
from .base import MOST_PIECES, Depacketizer, make_unit
from .sets import ParameterSets

START_CODE = b"\x00\x00\x00\x01"
MARK = b"\x00\x00\x01"
_SLICE_HEAD = 32
_FIRST = 0x80
_LAST = 0x40


class FragmentHead(NamedTuple):
    """What the first bytes of a packet say that holds a piece of a NAL unit.

    `header` is the NAL unit header to rebuild, `front` that behind a start code. `heads`
    are the first bytes of the other packets of this NAL unit: of those in its middle, and
    of the last.
    """

    kind: int
    is_first: bool
    is_last: bool
    header: bytes
    front: bytes
    heads: tuple[bytes, bytes]


def fragment_head(
    kind: int, header: bytes, indicator: bytes, bits: int
) -> FragmentHead:
    """Return it for a type, a NAL unit header, and the bytes that every piece begins with.

    The last of these, `bits`, says in its two highest bits whether the piece is the first
    or the last one.
    """
    rest = bits & ~(_FIRST | _LAST)
    return FragmentHead(
        kind,
        bits & _FIRST != 0,
        bits & _LAST != 0,
        header,
        START_CODE + header,
        (indicator + bytes((rest,)), indicator + bytes((rest | _LAST,))),
    )


class VideoDepacketizer(Depacketizer):
    """Collects NAL units into Annex-B access units without delimiters.

    A key unit always begins with the parameter sets it needs, so that a file can begin at
    it: where the device leaves them out, those seen last (at first: the session
    description's) are put in front. Where none are known, no unit is a key unit.

    For the receiver's fast path: while `fragment_heads` is not empty, a packet that begins
    with the first of them is a middle fragment, and what follows it belongs at the end of
    `parts`. One that begins with the second is the last fragment. `end_run` must hear of it.
    """

    CODEC: ClassVar[Codec]
    AUD: ClassVar[int]
    SET_TYPES: ClassVar[tuple[int, ...]]
    """NAL types of parameter sets, in the order in which decoders want them."""
    KEY_TYPES: ClassVar[frozenset[int]]
    PICTURE_TYPES: ClassVar[frozenset[int]]
    SLICE_TYPES: ClassVar[frozenset[int]]
    """Those that say in their first bit whether they begin a picture."""
    LEADING_TYPES: ClassVar[frozenset[int]]
    """What else can only stand before the first slice of a picture."""
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
        self.fragment_heads: tuple[bytes, ...] = ()
        self.parts: list[bytes | memoryview] = []
        self.size = 0
        self.timestamp = 0
        self._track = track
        self._limit = limit
        self._copied: list[bytes] = []
        self._arrival_ms: int | None = None
        """When the newest of these came."""
        self._stamp: ReplayStamp | None = None
        self._flags = 0
        self._has_picture = False
        self._is_key = False
        self._is_damaged = False
        self._has_marks = False
        self._marks_slices = False
        """The marker has been seen before the end of a picture."""
        self._slice_head = b""
        self._gathered: list[bytes] | None = None
        """What comes in fragments and must be looked at whole."""
        self._new_sets: list[bytes] = []
        self._sets = ParameterSets(self.CODEC)
        for item in parameter_sets:
            self._sets.add(bytes(item))

    @property
    def parameter_sets(self) -> tuple[bytes, ...]:
        """Return the newest parameter sets, in decoder order."""
        return self._sets.all

    @property
    @override
    def is_holding(self) -> bool:
        return self.held_place is not None and not self._marks_slices

    @staticmethod
    @abstractmethod
    def _type_of(first: int) -> int:
        """Return the NAL type from the first byte of a NAL unit."""

    @abstractmethod
    def _take(self, payload: memoryview) -> None:
        """Take a payload apart."""

    @abstractmethod
    def _first_bytes(self, payload: memoryview) -> bytes:
        """Return how the first NAL unit of a payload begins, b"" in its middle."""

    def _starts_picture(self, payload: memoryview) -> bool:
        """Return whether nothing of the picture can be missing before this payload."""
        head = self._first_bytes(payload)
        if head.startswith((MARK, START_CODE)):
            head = head.lstrip(b"\0")[1:]
        if len(head) <= self.HEADER:
            return False
        kind = self._type_of(head[0])
        if kind in self.SLICE_TYPES:
            return head[self.HEADER] & 0x80 != 0
        return kind in self.LEADING_TYPES

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
                is_cut = is_after_loss and (
                    self.held_place is None or self._marks_slices
                )
                self._end(is_cut=is_cut)
            else:
                # parameter sets that came without a picture stay in the unit
                self._stamp = None
                self._flags = 0
                self._is_damaged = False
            self.timestamp = timestamp
        elif self.held_place is not None:
            if self._starts_picture(payload):
                self._end()
            else:
                self.held_place = None
                self._marks_slices = True
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
            self._refuse_size()
        if self._copied or self._new_sets or self._gathered:
            self._check_pieces()
        if marker:
            self._has_marks = True
            if self._has_picture:
                self.held_place = len(self.out)

    def end_run(self, size: int, *, is_last: bool, is_marked: bool) -> None:
        """Hear that fragments, so many bytes, were put into `parts`; raises as `push`.

        `is_last`: the NAL unit is whole with them; `is_marked`: the marker was set there.
        """
        self.size += size
        if self.size > self._limit:
            self._refuse_size()
        if is_last:
            self.fragment_heads = ()
        if is_marked:
            self._has_marks = True
            self.held_place = len(self.out)

    def _refuse_size(self) -> Never:
        raise NvrError(
            ErrorKind.PROTOCOL, f"access unit longer than {self._limit} bytes"
        )

    def _check_pieces(self) -> None:
        pieces = len(self._copied) + len(self._new_sets) + len(self._gathered or ())
        if pieces > MOST_PIECES:
            raise NvrError(ErrorKind.PROTOCOL, "access unit in too many pieces")

    @override
    def release(self, arrival_ms: int | None = None) -> None:
        if self.parts:
            self._copied.append(b"".join(self.parts))
            self.parts.clear()
            self._arrival_ms = arrival_ms

    @override
    def end_marked(self) -> None:
        if self.held_place is not None:
            self._end()

    @override
    def finish(self) -> None:
        self.end_marked()
        if self._has_picture and not self._has_marks and not self._is_fragment_open:
            self._end()
        self.reset()

    @override
    def reset(self) -> None:
        self._clear()
        self._is_damaged = False

    @property
    def _is_fragment_open(self) -> bool:
        return bool(self.fragment_heads) or self._gathered is not None

    def _drop_fragment(self) -> None:
        """Close a fragmented NAL unit whose rest is missing."""
        if self.fragment_heads or self._gathered is not None:
            self._is_damaged = True
            self.fragment_heads = ()
            self._gathered = None

    def _nal(self, nal: memoryview | bytes) -> None:
        """Add a whole NAL unit, or several of them with start codes between.

        Start codes cannot stand inside a valid one; zeros at its end are no part of it.
        """
        for item in bytes(nal).split(MARK, MOST_PIECES):
            if len(whole := item.rstrip(b"\0")) > self.HEADER:
                self._whole(whole)

    def _whole(self, nal: bytes) -> None:
        kind = self._type_of(nal[0])
        if kind not in self.NAL_TYPES:
            self._is_damaged = True
            return
        if kind == self.AUD:
            return
        self.size += 4 + len(nal)
        if kind in self.SET_TYPES:
            self._new_sets.append(nal)
            return
        if kind in self.PICTURE_TYPES:
            self._note_slice(kind, nal)
        self.parts += (START_CODE, nal)

    def _note_slice(self, kind: int, *beginning: bytes | memoryview) -> None:
        self._has_picture = True
        if kind in self.KEY_TYPES:
            self._is_key = True
            if not self._slice_head:
                self._slice_head = b"".join(
                    bytes(item[:_SLICE_HEAD]) for item in beginning
                )

    def _fragment(self, head: FragmentHead, body: memoryview) -> None:
        """Take a piece of a NAL unit.

        Pieces of pictures go straight into the unit; those of others are gathered, since
        they must be looked at whole.
        """
        if not head.is_first:
            self._go_on(body, head.is_last)
            return
        self._drop_fragment()
        kind = head.kind
        is_raw = not any(head.header)
        if kind not in self.NAL_TYPES and not is_raw:
            self._is_damaged = True
        elif kind in self.PICTURE_TYPES and not is_raw:
            self._note_slice(kind, head.header, body)
            self.parts += (head.front, body)
            self.size += len(head.front) + len(body)
            if not head.is_last:
                self.fragment_heads = head.heads
        elif head.is_last:
            self._nal(head.header + bytes(body))
        else:
            self._gathered = [head.header, bytes(body)]
            self.size += len(head.header) + len(body)

    def _go_on(self, body: memoryview, is_end: bool) -> None:
        """Add a middle or last piece."""
        if self.fragment_heads:
            if is_end and body and not body[-1]:
                body = memoryview(bytes(body).rstrip(b"\0"))
            self.parts.append(body)
            self.size += len(body)
            if is_end:
                self.fragment_heads = ()
        elif self._gathered is not None:
            self._gathered.append(bytes(body))
            self.size += len(body)
            if is_end:
                whole = b"".join(self._gathered)
                self._gathered = None
                self.size -= len(whole)
                self._nal(whole)
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

    def _end(self, *, is_cut: bool = False) -> None:
        """Hand out the unit and begin the next."""
        sets: Sequence[bytes] = self._new_sets
        for item in sets:
            self._sets.add(item)
        is_key = self._is_key
        if is_key:
            sets = needed = self._sets.needed_by(self._slice_head)
            is_key = bool(needed)
        pieces = self.parts
        if sets or self._copied:
            front = [part for item in sets for part in (START_CODE, item)]
            pieces = [*front, *self._copied, *pieces]
        is_damaged = self._is_damaged or is_cut or self._is_fragment_open
        arrival_ms = None if self.parts else self._arrival_ms
        unit = make_unit(
            self._track,
            b"".join(pieces),
            self.timestamp,
            self._stamp,
            self._flags,
            is_key,
            is_damaged,
            arrival_ms,
        )
        if self.held_place is None:
            self.out.append(unit)
        else:
            self.out.insert(self.held_place, unit)
        self._is_damaged = False
        self._clear()

    def _clear(self) -> None:
        self.parts.clear()
        self._copied.clear()
        self.size = 0
        self.fragment_heads = ()
        self._gathered = None
        self._new_sets = []
        self._stamp = None
        self._flags = 0
        self._has_picture = False
        self._is_key = False
        self.held_place = None
        self._slice_head = b""
