"""Where the frames of a track lie and when they are due (ISO/IEC 14496-12 8.6, 8.7)."""

from array import array
from dataclasses import dataclass, field
import sys

from ..errors import ErrorKind, NvrError
from . import boxes

LARGEST_COUNT = 10_000_000


@dataclass(slots=True)
class Samples:
    """One entry per frame, in decoding order; times in ticks of the track.

    `room` is how many bytes of frames their file can hold: a table of a few bytes must
    not make millions of entries.
    """

    room: int = 2**62
    offsets: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    decoded: array[int] = field(default_factory=lambda: array("q"))
    shown: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("b"))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.sizes)


def read_tables(stbl: memoryview, samples: Samples) -> None:
    """Fill `samples` from the payload of an `stbl` box.

    Raises `VERIFY_FAILED` or `LookupError` for tables that contradict themselves.
    """
    tables = {part.kind: part.data for part in boxes.boxes_in(stbl)}
    stsz = tables.get(b"stsz")
    if stsz is None:
        return
    fixed, count = boxes.read_number(stsz, 4), boxes.read_number(stsz, 8)
    if count > LARGEST_COUNT or fixed * count > samples.room:
        raise NvrError(ErrorKind.VERIFY_FAILED, f"{count} frames")
    if not count:
        return
    samples.sizes = array("q", [fixed] * count if fixed else _words(stsz, 12, count))
    _decode_times(tables[b"stts"], count, samples)
    shown = samples.decoded[:]
    if ctts := tables.get(b"ctts"):
        _add_offsets(ctts, shown)
    samples.shown = shown
    if stss := tables.get(b"stss"):
        samples.keys = array("b", bytes(count))
        for place in _words(stss, 8, boxes.read_number(stss, 4)):
            if not place:
                raise NvrError(ErrorKind.VERIFY_FAILED, "key frame without a number")
            samples.keys[place - 1] = 1
    else:
        samples.keys = array("b", b"\1" * count)
    _offsets(tables, samples)


def _words(data: memoryview, at: int, count: int) -> array[int]:
    words = array("I")
    words.frombytes(data[at : at + 4 * count])
    if len(words) != count:
        raise NvrError(ErrorKind.VERIFY_FAILED, "table too short")
    if sys.byteorder == "little":
        words.byteswap()
    return words


def _decode_times(stts: memoryview, count: int, samples: Samples) -> None:
    time = 0
    pairs = _words(stts, 8, 2 * boxes.read_number(stts, 4))
    for run, step in zip(pairs[::2], pairs[1::2], strict=True):
        for _ in range(min(run, count - len(samples.decoded))):
            samples.decoded.append(time)
            samples.durations.append(step)
            time += step
    if len(samples.decoded) != count:
        raise NvrError(ErrorKind.VERIFY_FAILED, "frames without a time")


def _add_offsets(ctts: memoryview, shown: array[int]) -> None:
    pairs = _words(ctts, 8, 2 * boxes.read_number(ctts, 4))
    place = 0
    for run, offset in zip(pairs[::2], pairs[1::2], strict=True):
        if offset >= 1 << 31:
            offset -= 1 << 32
        end = min(place + run, len(shown))
        for at in range(place, end):
            shown[at] += offset
        place = end


def _offsets(tables: dict[bytes, memoryview], samples: Samples) -> None:
    if co64 := tables.get(b"co64"):
        chunks = array("Q")
        chunks.frombytes(co64[8 : 8 + 8 * boxes.read_number(co64, 4)])
        if sys.byteorder == "little":
            chunks.byteswap()
    else:
        stco = tables[b"stco"]
        chunks = array("Q", _words(stco, 8, boxes.read_number(stco, 4)))
    stsc = tables[b"stsc"]
    runs = _words(stsc, 8, 3 * boxes.read_number(stsc, 4))
    firsts, per_chunk = runs[::3], runs[1::3]
    place = 0
    for index, (first, per) in enumerate(zip(firsts, per_chunk, strict=True)):
        last = firsts[index + 1] - 1 if index + 1 < len(firsts) else len(chunks)
        for chunk in range(first - 1, last):
            offset = chunks[chunk]
            for _ in range(per):
                if place >= len(samples.sizes):
                    return
                samples.offsets.append(offset)
                offset += samples.sizes[place]
                place += 1
    if place != len(samples.sizes):
        raise NvrError(ErrorKind.VERIFY_FAILED, "frames without a place")
