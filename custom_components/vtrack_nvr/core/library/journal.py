"""The journal of a camera on a storage root: what its files alone cannot tell.

One fact a line, each with its checksum and a number that only grows; appended and synced,
never changed in place. Facts say what is true afterwards, so that reading one twice does
no harm. A torn last line, and any line whose checksum is wrong, is passed over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
import json
from typing import Any
import zlib

_LONGEST_LINE = 1024 * 1024


class FactKind(StrEnum):
    """What a line tells."""

    CAMERA = "camera"
    """Keys and names of the camera and its NVR."""
    CLIP = "clip"
    """A clip is complete under this path, with all its facts."""
    PROTECT = "protect"
    """Whether the clip at a path is protected, and the note to it."""
    GONE = "gone"
    """The clip at a path was deleted; its stretch is *removed* (with the cause)."""
    TRASH = "trash"
    """The clip at a path was put in the trash, or taken out again."""
    MOVED = "moved"
    """The clip at a path lives on another root now."""
    SPAN = "span"
    """Stretches that are *lost*, *absent* or *removed*."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: its kind and its values, all of them plain JSON."""

    kind: FactKind
    values: dict[str, Any]

    def text(self) -> str:
        """Return the JSON in which it waits in the index."""
        return json.dumps(
            {"t": self.kind.value, **self.values},
            separators=(",", ":"),
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A fact with its place in the journal."""

    sequence: int
    fact: Fact


def fact_of(text: str) -> Fact:
    """Return the fact of its JSON; raises ValueError."""
    values = json.loads(text)
    try:
        kind = FactKind(values.pop("t"))
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(text) from error
    return Fact(kind, values)


def encode_line(sequence: int, text: str) -> bytes:
    """Return a line: checksum, number, JSON, each apart by a space."""
    body = f"{sequence} {text}".encode()
    return f"{zlib.crc32(body):08x} ".encode() + body + b"\n"


def decode_lines(data: bytes) -> Iterator[Line]:
    """Return the good lines of (a part of) a journal, in order; the others are passed over.

    Lines of a kind that this version does not know are passed over as well.
    """
    for raw in data.split(b"\n"):
        line = decode_line(raw)
        if line is not None:
            yield line


def decode_line(raw: bytes) -> Line | None:
    """Return the fact of one line, None where it is damaged or of an unknown kind."""
    sequence = sequence_of(raw)
    if not sequence:
        return None
    try:
        return Line(sequence, fact_of(raw.split(b" ", 2)[2].decode()))
    except ValueError, IndexError:
        return None


def sequence_of(raw: bytes) -> int:
    """Return the number of a line, 0 where it has not the checksum it says."""
    checksum, _, body = raw.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            return 0
        return int(body.partition(b" ")[0])
    except ValueError:
        return 0


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the lines of a file read piece by piece, without their ends, empty ones not.

    What goes on without an end for longer than any line of ours is handed out in pieces:
    none of them has a checksum.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > _LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


def repair_prefix(tail: bytes) -> bytes:
    """Return what has to go before the next line so that a torn one ends."""
    return b"\n" if tail and not tail.endswith(b"\n") else b""
