"""A file as it is served: bytes we made, and stretches of the file on the disk."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple


class FileStretch(NamedTuple):
    """Bytes of the file on the disk."""

    offset: int
    length: int


type Piece = bytes | FileStretch


class Layout:
    """Pieces one after the other; nothing is read before it is asked for."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Lay out the pieces; stretches that follow each other become one."""
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self.size = 0
        for piece in pieces:
            self._add(piece)

    @property
    def held(self) -> int:
        """Return how many bytes of memory the pieces made by us take."""
        return sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))

    def _add(self, piece: Piece) -> None:
        length = piece.length if isinstance(piece, FileStretch) else len(piece)
        if not length:
            return
        last = self._pieces[-1] if self._pieces else None
        if (
            isinstance(piece, FileStretch)
            and isinstance(last, FileStretch)
            and last.offset + last.length == piece.offset
        ):
            self._pieces[-1] = FileStretch(last.offset, last.length + length)
        else:
            self._starts.append(self.size)
            self._pieces.append(piece)
        self.size += length

    def read(self, file: BinaryIO, at: int, count: int) -> bytes:
        """Return bytes from a place; fewer only where it, or the file, ends. Blocking."""
        count = min(count, self.size - at)
        if at < 0 or count <= 0:
            return b""
        found: list[bytes] = []
        place = bisect_right(self._starts, at) - 1
        while count > 0 and place < len(self._pieces):
            piece = self._pieces[place]
            inside = at - self._starts[place]
            if isinstance(piece, FileStretch):
                wanted = min(count, piece.length - inside)
                file.seek(piece.offset + inside)
                data = _whole(file, wanted)
            else:
                data = piece[inside : inside + count]
                wanted = len(data)
            found.append(data)
            if len(data) < wanted:
                break
            at += wanted
            count -= wanted
            place += 1
        return found[0] if len(found) == 1 else b"".join(found)


def _whole(file: BinaryIO, count: int) -> bytes:
    """Read all of it: files without a buffer may answer with less."""
    data = file.read(count)
    while len(data) < count:
        more = file.read(count - len(data))
        if not more:
            break
        data += more
    return data
