"""How late this process runs: what a busy machine adds to every time that is measured."""

import threading
import time
from typing import Self

STEP_S = 0.01
STAGES = 4
"""Threads in a row that may each be late: sender, receiver, and who waits for them."""


class Lateness:
    """Measures from its making until `stop`, by short sleeps on a thread of its own."""

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lateness")
        self._thread.start()

    def _measure(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(STEP_S):
            now = time.monotonic()
            self.worst_ms = max(self.worst_ms, (now - before - STEP_S) * 1000)
            before = now

    @property
    def allowance_ms(self) -> float:
        """Return by how much arrivals may have been late so far."""
        return STAGES * self.worst_ms

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
