"""Boxes of an ISO base media file (ISO/IEC 14496-12), as far as we write them.

Only tables are read, never pictures: cheap on a share, and no decoder is involved.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ..errors import ErrorKind, NvrError

_LARGEST_TABLE = 64 * 1024 * 1024


class Box(NamedTuple):
    """A box in a file: where it begins, where its payload begins, where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


class Part(NamedTuple):
    """A box in memory: type and payload."""

    kind: bytes
    data: memoryview


def top_level(file: BinaryIO, size: int) -> Iterator[Box]:
    """Yield the boxes of a file in order; one that ends after the file comes last."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        kind = head[4:8]
        body = start + 8
        if length == 1:
            length = int.from_bytes(head[8:16])
            body = start + 16
        elif length == 0:
            length = size - start
        if length < body - start:
            return
        yield Box(kind, start, body, start + length)
        start += length


def load(file: BinaryIO, box: Box) -> memoryview:
    """Return the payload of a box of tables; raises `VERIFY_FAILED` if it is absurd."""
    length = box.end - box.body
    if length > _LARGEST_TABLE:
        raise NvrError(ErrorKind.VERIFY_FAILED, f"table of {length} bytes")
    file.seek(box.body)
    data = file.read(length)
    if len(data) != length:
        raise NvrError(ErrorKind.VERIFY_FAILED, "file ends inside a table")
    return memoryview(data)


def boxes_in(data: memoryview) -> Iterator[Part]:
    """Yield the boxes inside a payload; what does not fit ends it."""
    start = 0
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4])
        kind = bytes(data[start + 4 : start + 8])
        body = start + 8
        if length == 1:
            length = int.from_bytes(data[start + 8 : start + 16])
            body = start + 16
        elif length == 0:
            length = len(data) - start
        if length < body - start or start + length > len(data):
            return
        yield Part(kind, data[body : start + length])
        start += length


def find_box(data: memoryview, *path: bytes) -> memoryview | None:
    """Return the payload of the first box at a path of types."""
    for kind in path:
        for part in boxes_in(data):
            if part.kind == kind:
                data = part.data
                break
        else:
            return None
    return data


def read_number(data: memoryview, at: int, length: int = 4) -> int:
    """Return an unsigned number; raises `VERIFY_FAILED` past the end."""
    if at + length > len(data):
        raise NvrError(ErrorKind.VERIFY_FAILED, "table too short")
    return int.from_bytes(data[at : at + length])


def signed(data: memoryview, at: int, length: int = 4) -> int:
    """Return a number in two's complement."""
    value = read_number(data, at, length)
    return value - (1 << 8 * length) if value >> (8 * length - 1) else value
