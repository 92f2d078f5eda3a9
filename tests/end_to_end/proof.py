"""What the kept clips show against what the simulated device holds, frame by frame."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import hashlib
from pathlib import Path

import av

from custom_components.vtrack_nvr.core.models import Clip
from tests.simulator.footage import (
    UnreadablePictureError,
    read_frame_numbers,
    read_picture,
)

FRAME_MS = 100
GOP_FRAMES = 20

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
        """Return whether everything is kept once, and truly labelled."""
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


def readable_frames(path: Path) -> list[tuple[int, int]]:
    """Return (number, time) of the pictures of a file that can be read, once each.

    Decoders show the picture before in place of one that is damaged.
    """
    found: dict[int, int] = {}
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            with suppress(UnreadablePictureError):
                picture = read_picture(frame)
                found.setdefault(picture.number, picture.time_ms)
    return list(found.items())


def silence(path: Path, duration_ms: int) -> float:
    """Return for how many seconds of a clip there is no sound."""
    reached = lost = 0.0
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return duration_ms / 1000
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            if packet.pts is not None and packet.time_base is not None:
                at = float(packet.pts * packet.time_base)
                lost += max(0.0, at - reached)
                reached = at + 1024 / stream.rate
    return lost + max(0.0, duration_ms / 1000 - reached)


def prove(
    held: Frames,
    clips: Iterable[tuple[Clip, Path]],
    *,
    offset_ms: int = 0,
    tolerance_ms: int = FRAME_MS,
    may_have_holes: bool = False,
) -> Proof:
    """Decode every clip and compare it with its row and with the ledger.

    `offset_ms` is UTC minus the device's clock. `tolerance_ms` is how far times of rows
    may be from what the pictures show. `may_have_holes`: a hole that a row counts may
    spoil a group of pictures.
    """
    proof = Proof()
    kept: Counter[int] = Counter()
    for clip, path in clips:
        facts = clip.facts
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts.sha256:
            proof.wrong.append(f"{path.name}: hash")
        try:
            shown = (readable_frames if may_have_holes else read_frame_numbers)(path)
        except UnreadablePictureError as error:
            proof.wrong.append(str(error))
            continue
        kept.update(number for number, _ in shown)
        spoilt = facts.holes * GOP_FRAMES if may_have_holes else 0
        if not 0 <= facts.frames - len(shown) <= spoilt:
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
            if abs(said - seen) > tolerance_ms + spoilt * FRAME_MS:
                proof.wrong.append(f"{path.name}: {what} {said - seen:+d} ms off")
    wanted = {frame[0] for frame in held}
    proof.frames = kept.total()
    proof.missing = sorted(wanted - kept.keys())
    proof.foreign = sorted(kept.keys() - wanted)
    proof.twice = sorted(number for number, count in kept.items() if count > 1)
    return proof
