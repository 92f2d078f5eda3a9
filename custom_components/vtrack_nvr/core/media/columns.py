"""Tables of a long film: big-endian numbers that lie in memory only while they are few."""

from array import array
from collections.abc import Iterator
import sys
from tempfile import SpooledTemporaryFile

_IN_MEMORY = 512 * 1024
_AT_ONCE = 16 * 1024
_BLOCK = 64 * 1024


class Column:
    """Unsigned numbers of 4 (`I`) or 8 (`Q`) bytes, one after the other.

    Beyond half a megabyte they lie in a temporary file without a name: the tables of a day
    with sound are tens of megabytes.
    """

    def __init__(self, code: str) -> None:
        """Hold none yet."""
        self._values = array(code)
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - `close` ends it
        self.count = 0
        self.base = 0
        """Is added to every number when it is read back."""

    def __len__(self) -> int:
        """Return how many bytes they take."""
        return self.count * self._values.itemsize

    def add(self, *values: int) -> None:
        """Append numbers."""
        self._values.extend(values)
        self.count += len(values)
        if len(self._values) >= _AT_ONCE:
            self._flush()

    def blocks(self) -> Iterator[bytes]:
        """Yield all bytes, as they stand in a box."""
        self._flush()
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            yield self._moved(block) if self.base else block
        self._file.seek(0, 2)

    def numbers(self) -> Iterator[int]:
        """Yield all numbers."""
        for block in self.blocks():
            yield from self._read(block)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _flush(self) -> None:
        if sys.byteorder == "little":
            self._values.byteswap()
        self._file.write(self._values.tobytes())
        del self._values[:]

    def _read(self, block: bytes) -> array[int]:
        values = array(self._values.typecode, block)
        if sys.byteorder == "little":
            values.byteswap()
        return values

    def _moved(self, block: bytes) -> bytes:
        moved = array(self._values.typecode, (n + self.base for n in self._read(block)))
        if sys.byteorder == "little":
            moved.byteswap()
        return moved.tobytes()


class RunColumn:
    """Pairs (how often, number), as `stts` and `ctts` hold them; numbers are signed."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.column = Column("I")
        self._run = 0
        self._number = 0
        self.is_plain = True
        """All numbers are 0."""

    def add(self, number: int) -> None:
        """Append a number."""
        if number == self._number:
            self._run += 1
            return
        self.end()
        self._run, self._number = 1, number
        self.is_plain = False

    def end(self) -> None:
        """Enter the last run."""
        if self._run:
            self.column.add(self._run, self._number & 0xFFFF_FFFF)
        self._run = 0
