"""Numbers of any length out of a string of bits, most significant first."""


class BitReader:
    """Reads bits; beyond the end it raises `IndexError`."""

    def __init__(self, data: bytes) -> None:
        """Start at the first bit."""
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    @property
    def left(self) -> int:
        """Return how many bits have not been read."""
        return self._left

    def read(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        if count > self._left:
            msg = f"{count} bits wanted, {self._left} left"
            raise IndexError(msg)
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Return an Exp-Golomb coded number (H.264 9.1); `ValueError` beyond 32 bits."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no Exp-Golomb number")
        return (1 << zeros) - 1 + self.read(zeros)

    def se(self) -> int:
        """Return a signed Exp-Golomb coded number (H.264 9.1.1)."""
        number = self.ue()
        return (number + 1) // 2 if number & 1 else -(number // 2)
