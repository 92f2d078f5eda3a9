"""Mutates inputs, keeps those that reach new lines, and reports what breaks a bound.

A target may raise nothing but `NvrError`, may take `SECONDS` of processor time for one
input of at most `LONGEST` bytes, and may hold `MEMORY` bytes while it does.
"""

# Reads private members: a single input is tried as the fuzzer does.

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import random
import sys
import time
import tracemalloc
from types import CodeType

from custom_components.vtrack_nvr.core.errors import NvrError

LONGEST = 64 * 1024
SECONDS = 1.0
MEMORY = 64_000_000
MEASURE_EVERY = 200
"""Memory is measured for new paths and every so many inputs: it slows all down."""
_TOOL = 4
_OURS = str(Path("custom_components") / "vtrack_nvr")
_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255)
_WIDE = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**32 - 1)

type Run = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads bytes; `words` are pieces its inputs are made of."""

    run: Run
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    end: Callable[[], None] = lambda: None
    """Ends what the target keeps running between inputs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that broke a bound."""

    data: bytes
    what: str


@dataclass(slots=True)
class Report:
    """What a run came to."""

    inputs: int = 0
    paths: int = 0
    lines: int = 0
    slowest_s: float = 0.0
    largest: int = 0
    findings: list[Finding] = field(default_factory=list)


class Fuzzer:
    """One run over one target; the same seed and number of inputs give the same run."""

    def __init__(self, target: Target, seed: int = 0) -> None:
        self._target = target
        self._rng = random.Random(seed)
        self._pool = list(target.seeds)
        self._seen: set[str] = set()
        self.report = Report()
        self._is_new = False

    def run(self, *, inputs: int | None = None, seconds: float | None = None) -> Report:
        """Try so many inputs, or for so long; stops at the tenth finding."""
        until = None if seconds is None else time.monotonic() + seconds
        try:
            with self._watched():
                for data in self._inputs():
                    if self.report.inputs == inputs or len(self.report.findings) >= 10:
                        break
                    if until is not None and time.monotonic() >= until:
                        break
                    self._try(data)
        finally:
            self._target.end()
        self.report.paths = len(self._pool)
        return self.report

    def _inputs(self) -> Iterator[bytes]:
        yield from self._target.seeds
        while True:
            yield self._mutated(self._rng.choice(self._pool))

    def _try(self, data: bytes) -> None:
        report = self.report
        report.inputs += 1
        self._is_new = False
        what = self._run(data)
        if self._is_new or report.inputs % MEASURE_EVERY == 0:
            what = what or self._measure(data)
        if self._is_new:
            self._pool.append(data)
        # One finding of a kind is enough.
        if what and what not in self._seen:
            self._seen.add(what)
            report.findings.append(Finding(data, what))

    def _run(self, data: bytes) -> str:
        began = time.process_time()
        try:
            self._target.run(data)
        except NvrError:
            pass
        except RecursionError as error:
            return f"RecursionError: {error}"
        except Exception as error:  # noqa: BLE001  the point of it all
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            line = place.tb_lineno if place else 0
            name = Path(place.tb_frame.f_code.co_filename).name if place else ""
            return f"{type(error).__name__} in {name}:{line}"
        took = time.process_time() - began
        self.report.slowest_s = max(self.report.slowest_s, took)
        return f"took longer than {SECONDS} s" if took > SECONDS else ""

    def _measure(self, data: bytes) -> str:
        tracemalloc.start()
        try:
            self._run(data)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.report.largest = max(self.report.largest, held)
        return f"held more than {MEMORY} bytes" if held > MEMORY else ""

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Hear of each line of ours that runs for the first time."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "fuzz")
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._line)
        monitoring.set_events(_TOOL, monitoring.events.LINE)
        try:
            yield
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.register_callback(_TOOL, monitoring.events.LINE, None)
            monitoring.free_tool_id(_TOOL)
            monitoring.restart_events()

    def _line(self, code: CodeType, _line: int) -> object:
        if _OURS in code.co_filename:
            self._is_new = True
            self.report.lines += 1
        return sys.monitoring.DISABLE

    def _mutated(self, data: bytes) -> bytes:
        rng = self._rng
        changed = bytearray(data)
        for _ in range(1 << rng.randrange(5)):
            at = rng.randrange(len(changed) + 1)
            match rng.randrange(9):
                case 0 if at < len(changed):
                    changed[at] ^= 1 << rng.randrange(8)
                case 1 if at < len(changed):
                    changed[at] = rng.choice(_NUMBERS)
                case 2:
                    width = rng.choice((2, 4, 8))
                    number = rng.choice(_WIDE) % (1 << 8 * width)
                    changed[at : at + width] = number.to_bytes(width)
                case 3:
                    del changed[at : at + rng.randrange(1, 64)]
                case 4:
                    piece = changed[at : at + rng.randrange(1, 64)]
                    changed[at:at] = piece * rng.choice((1, 2, 8, 200))
                case 5:
                    changed[at:at] = rng.randbytes(rng.randrange(1, 16))
                case 6 if self._target.words:
                    changed[at:at] = rng.choice(self._target.words)
                case 7:
                    other = rng.choice(self._pool)
                    start = rng.randrange(len(other) + 1)
                    changed[at:] = other[start:]
                case _:
                    del changed[at:]
        return bytes(changed[:LONGEST])


def run_corpus(target: Target, inputs: Iterable[bytes]) -> list[Finding]:
    """Return what kept inputs break; each was a finding once."""
    fuzzer = Fuzzer(target)
    try:
        for data in inputs:
            fuzzer._try(data)
    finally:
        target.end()
    return fuzzer.report.findings
