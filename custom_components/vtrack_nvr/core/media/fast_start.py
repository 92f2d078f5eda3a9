"""A clip with its table first, so that a player starts after one short read.

The file on the disk keeps its table at the end: it is written from front to end, and a
power cut must leave everything before it readable. What is served is
`ftyp | moov | all that lay before moov`, as long as the file, with places moved on.
"""

from array import array
import sys
from typing import BinaryIO

from ..errors import ErrorKind, NvrError
from . import boxes
from .layout import FileStretch, Layout

_BRANDS = (b"isom", b"iso2", b"mp41", b"avc1")
"""Of an ordinary MP4: the fragments inside are nothing that its players look at."""
_LONGEST_FTYP = 64
_LARGEST_MOOV = 32 * 1024 * 1024
_TRACK = (b"mdia", b"minf", b"stbl")


def fast_start(file: BinaryIO, size: int) -> Layout | None:
    """Return how to serve a clip, None where it is not laid out as ours; blocking.

    Raises `VERIFY_FAILED` for tables that contradict themselves, `OSError` as it comes.
    """
    found = [*boxes.top_level(file, size)]
    kinds = [box.kind for box in found]
    last = found[-1] if found else None
    if (
        last is None
        or last.kind != b"moov"
        or last.end != size
        or last.end - last.start > _LARGEST_MOOV
        or kinds[0] != b"ftyp"
        or found[0].end > _LONGEST_FTYP
        or kinds.count(b"mdat") != 1
        or not set(kinds) <= {b"ftyp", b"free", b"mdat", b"moov"}
    ):
        return None
    length = last.end - last.start
    file.seek(last.start)
    table = bytearray(file.read(length))
    if len(table) != length:
        raise NvrError(ErrorKind.VERIFY_FAILED, "the file ends inside its table")
    with memoryview(table) as view:
        if not _move(view[last.body - last.start :], length):
            return None
    begin = found[0].end
    front = _ftyp(begin) + bytes(table)
    return Layout([front, FileStretch(begin, last.start - begin)])


def _ftyp(length: int) -> bytes:
    """Return a `ftyp` of that length; old players refuse brands that came with fragments."""
    brands = b"".join(_BRANDS[: max(0, length - 16) // 4])
    return (length.to_bytes(4) + b"ftypisom\0\0\2\0" + brands).ljust(length, b"\0")


def _move(moov: memoryview, by: int) -> bool:
    """Move the places of all chunks on; return whether they still fit."""
    for trak in boxes.boxes_in(moov):
        if trak.kind != b"trak":
            continue
        stbl = boxes.find_box(trak.data, *_TRACK)
        if stbl is None:
            continue
        for table in boxes.boxes_in(stbl):
            code = {b"stco": "I", b"co64": "Q"}.get(table.kind)
            if code is not None and not _move_table(table.data, code, by):
                return False
    return True


def _move_table(table: memoryview, code: str, by: int) -> bool:
    places = array(code)
    end = 8 + places.itemsize * boxes.read_number(table, 4)
    if end > len(table):
        raise NvrError(ErrorKind.VERIFY_FAILED, "table too short")
    places.frombytes(table[8:end])
    if sys.byteorder == "little":
        places.byteswap()
    try:
        moved = array(code, (place + by for place in places))
    except OverflowError:
        return False
    if sys.byteorder == "little":
        moved.byteswap()
    table[8:end] = moved.tobytes()
    return True
