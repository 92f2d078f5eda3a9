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


def encode(sequence: int, text: str) -> bytes:
    """Return a line: checksum, number, JSON, each apart by a space."""
    body = f"{sequence} {text}".encode()
    return f"{zlib.crc32(body):08x} ".encode() + body + b"\n"


def decode(data: bytes) -> Iterator[Line]:
    """Return the good lines of a journal, in order; the others are passed over.

    Lines of a kind that this version does not know are passed over as well.
    """
    for raw in data.split(b"\n"):
        line = _decode_line(raw)
        if line is not None:
            yield line


def _decode_line(raw: bytes) -> Line | None:
    checksum, _, body = raw.partition(b" ")
    number, _, text = body.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            return None
        return Line(int(number), fact_of(text.decode()))
    except ValueError:
        return None


def damaged_lines(data: bytes) -> int:
    """Return how many lines have not the checksum they say; a torn last one counts."""
    count = 0
    for raw in data.split(b"\n"):
        checksum, _, body = raw.partition(b" ")
        try:
            count += int(checksum, 16) != zlib.crc32(body)
        except ValueError:
            count += bool(raw)
    return count


def last_sequence(tail: bytes) -> int:
    """Return the highest number in the last bytes of a journal, 0 where there is none."""
    return max((line.sequence for line in decode(tail)), default=0)


def repair_prefix(tail: bytes) -> bytes:
    """Return what has to go before the next line so that a torn one ends."""
    return b"\n" if tail and not tail.endswith(b"\n") else b""


def living(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that still say something: what a rewritten journal holds.

    Of the lines about one path only the newest of each kind that is true stays; a clip
    that is gone or has moved keeps nothing but its *removed* stretch.
    """
    newest: dict[tuple[str, str], Line] = {}
    gone: list[Line] = []
    for line in lines:
        kind, values = line.fact.kind, line.fact.values
        if kind is FactKind.SPAN:
            gone.append(line)
            continue
        path = str(values.get("path", ""))
        if kind in {FactKind.GONE, FactKind.MOVED}:
            for old in (FactKind.CLIP, FactKind.PROTECT, FactKind.TRASH):
                newest.pop((old, path), None)
            if kind is FactKind.GONE:
                gone.append(line)
            continue
        newest[(kind, path)] = line
    return sorted((*newest.values(), *gone), key=lambda line: line.sequence)
