"""What the kept clips show against what the simulated device holds, frame by frame."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import hashlib
from pathlib import Path

from custom_components.vtrack_nvr.core.models import Clip
from tests.simulator.footage import UnreadablePictureError, read_frame_numbers

FRAME_MS = 100

type Frames = Iterable[Sequence[int]]
"""(number, device time in ms), as the simulator's ledger has them."""


@dataclass
class Proof:
    """Numbers of frames, and what rows say that files do not."""

    missing: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    frames: int = 0

    @property
    def is_exact(self) -> bool:
        """Say whether everything is kept once, and truly labelled."""
        return not (self.missing or self.twice or self.foreign or self.wrong)

    def __str__(self) -> str:
        return (
            f"{self.frames} frames, missing {_short(self.missing)}, "
            f"twice {_short(self.twice)}, foreign {_short(self.foreign)}, {self.wrong}"
        )


def _short(numbers: list[int]) -> str:
    if not numbers:
        return "none"
    return f"{len(numbers)} ({min(numbers)}…{max(numbers)})"


def prove(
    held: Frames,
    clips: Iterable[tuple[Clip, Path]],
    *,
    offset_ms: int = 0,
    tolerance_ms: int = FRAME_MS,
    may_be_unreadable: bool = False,
) -> Proof:
    """Decode every clip and compare it with its row and with the ledger.

    `offset_ms` is UTC minus the device's clock. `tolerance_ms` is how far times of rows
    may be from what the pictures show.
    """
    proof = Proof()
    kept: Counter[int] = Counter()
    for clip, path in clips:
        facts = clip.facts
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts.sha256:
            proof.wrong.append(f"{path.name}: hash")
        try:
            shown = read_frame_numbers(path)
        except UnreadablePictureError as error:
            if not may_be_unreadable:
                proof.wrong.append(str(error))
            continue
        kept.update(number for number, _ in shown)
        if len(shown) != facts.frames:
            proof.wrong.append(f"{path.name}: {facts.frames} frames, {len(shown)} seen")
        numbers = [number for number, _ in shown]
        if numbers != sorted(numbers):
            proof.wrong.append(f"{path.name}: out of order")
        if not shown:
            proof.wrong.append(f"{path.name}: empty")
            continue
        for what, said, seen in (
            ("start", facts.range.start_ms, shown[0][1] + offset_ms),
            ("end", facts.last_frame_ms, shown[-1][1] + offset_ms),
        ):
            if abs(said - seen) > tolerance_ms:
                proof.wrong.append(f"{path.name}: {what} {said - seen:+d} ms off")
    wanted = {frame[0] for frame in held}
    proof.frames = kept.total()
    proof.missing = sorted(wanted - kept.keys())
    proof.foreign = sorted(kept.keys() - wanted)
    proof.twice = sorted(number for number, count in kept.items() if count > 1)
    return proof
