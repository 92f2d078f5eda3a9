"""What the tests of the library share: a clock, a probe, small clips with metadata."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import hashlib
import json
from pathlib import Path
import threading
import time
from typing import Any, override

from custom_components.vtrack_nvr.core.clip_sink import (
    ClipStart,
    ClipTarget,
    EmbeddedClip,
    MediaProbe,
)
from custom_components.vtrack_nvr.core.clock import Clock
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index.rows import (
    facts_columns,
    facts_from_columns,
)
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipFacts,
    ClipSource,
    NvrKey,
)
from custom_components.vtrack_nvr.core.policy import Waits
from tests.insides import store_of

NVR = NvrKey("nvr")
CAMERA = CameraKey("nvr/1")
OTHER = CameraKey("nvr/2")
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_800_000_000_000
"""2027-01-15 08:00 UTC."""


class ManualClock(Clock):
    """UTC that tests set; the monotonic clock runs, or jumps along with `advance`."""

    def __init__(self, now_ms: int = NOW) -> None:
        self.utc_ms = now_ms
        self.skipped = 0.0
        self.is_kept: bool | None = None
        """What the host says of whether NTP keeps UTC right."""
        self.is_looking: Callable[[float], bool] = lambda _before: False
        """Whether a storage is being looked at since before a moment."""

    @override
    def now_ms(self) -> int:
        return self.utc_ms

    @override
    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    @override
    def is_synchronised(self) -> bool | None:
        return self.is_kept

    def advance(self, ms: int) -> None:
        """Let time pass on both clocks.

        A look at a storage that was under way has not taken all that time: it may end.
        """
        # a look that is under way would take all that time: it ends before, if it can
        self._wait_for_looks(self.monotonic())
        before = self.monotonic()
        self.utc_ms += ms
        self.skipped += ms / 1000
        self._wait_for_looks(before)

    def _wait_for_looks(self, before: float) -> None:
        deadline = time.monotonic() + 2.0
        while self.is_looking(before) and time.monotonic() < deadline:
            time.sleep(0.002)

    @override
    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class TextProbe(MediaProbe):
    """Reads "clips" whose first line is their metadata; what follows is the footage."""

    @override
    def read_clip(self, path: Path) -> EmbeddedClip | None:
        data = path.read_bytes()
        head, _, _ = data.partition(b"\n")
        try:
            values = json.loads(head)
            camera = CameraKey(values.pop("camera"))
            facts = facts_from_columns(values)
        except ValueError, KeyError:
            return None
        facts = replace(
            facts,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            era_id=0,
        )
        return EmbeddedClip(camera, facts)

    @override
    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        found = self.read_clip(part)
        return found.facts if found else None


def make_facts(
    start_ms: int,
    duration_ms: int = 5 * MINUTE,
    *,
    offset_ms: int = 0,
    era_id: int = 0,
    source: ClipSource = ClipSource.REPLAY,
    problem: str = "",
) -> ClipFacts:
    return ClipFacts(
        range=TimeRange(start_ms, start_ms + duration_ms),
        last_frame_ms=start_ms + duration_ms - 40,
        device_start_ms=start_ms - offset_ms,
        era_id=era_id,
        size_bytes=0,
        sha256="",
        video_codec=Codec.H264,
        audio_codec=Codec.AAC,
        width=640,
        height=360,
        frames=duration_ms // 40,
        source=source,
        problem=problem,
    )


def clip_bytes(camera: CameraKey, facts: ClipFacts, padding: int = 100) -> bytes:
    values: dict[str, Any] = {"camera": camera, **facts_columns(facts)}
    return json.dumps(values).encode() + b"\n" + b"x" * padding


def measured(facts: ClipFacts, data: bytes) -> ClipFacts:
    return replace(facts, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


@dataclass
class LibraryRig:
    """A library with what it was made of."""

    library: Library
    clock: ManualClock
    index: Path
    root: Path
    probe: TextProbe

    def __post_init__(self) -> None:
        guard = store_of(self.library).guard
        self.clock.is_looking = lambda before: any(
            root.looking_since is not None and root.looking_since <= before
            for root in guard.roots()
        )

    @property
    def folder(self) -> Path:
        return self.root / "vtrack_nvr"

    def begin(
        self, start_ms: int, camera: CameraKey = CAMERA, **facts: Any
    ) -> tuple[ClipTarget, ClipFacts]:
        """Open a clip and write its bytes; nothing is finished."""
        wanted = make_facts(start_ms, **facts)
        target = self.library.ledger.sink(camera).open(
            ClipStart(
                camera,
                start_ms,
                wanted.device_start_ms,
                wanted.era_id,
                wanted.source,
            )
        )
        data = clip_bytes(camera, wanted)
        target.part_path.write_bytes(data)
        return target, measured(wanted, data)

    def keep(self, start_ms: int, camera: CameraKey = CAMERA, **facts: Any) -> int:
        """Keep a clip, through the sink; returns its id."""
        target, measured_facts = self.begin(start_ms, camera, **facts)
        self.library.ledger.sink(camera).finish(target, measured_facts)
        return target.clip_id

    def files(self) -> list[str]:
        """Return all clip files below the root, relative to our folder."""
        return sorted(
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*.mp4")
        )


def make_library(
    folder: Path,
    clock: ManualClock,
    *,
    bounds: LibraryBounds | None = None,
    files: FileLayer | None = None,
    trace: Callable[[str], None] | None = None,
    time_zone: str = "Europe/Berlin",
    waits: Waits | None = None,
    floor_bytes: int = 0,
    with_keeper: bool = False,
) -> LibraryRig:
    """Make (not open) a library below a folder; twice for a restart."""
    root = folder / "media"
    root.mkdir(exist_ok=True)
    index = folder / "config" / "vtrack_nvr.db"
    probe = TextProbe()
    library = Library(
        index,
        [RootConfig(root, "media", floor_bytes)],
        clock=clock,
        probe=probe,
        time_zone=time_zone,
        waits=waits,
        bounds=bounds
        or LibraryBounds(
            guard_interval=0.05,
            open_wait=5.0,
            stop_wait=2.0,
            batch_seconds=0.005,
            keeper_interval=0.05,
        ),
        files=files,
        trace=trace,
        with_keeper=with_keeper,
    )
    return LibraryRig(library, clock, index, root, probe)
