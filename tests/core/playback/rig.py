"""A real library with real clips in it, watched through the desk."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, override

from custom_components.vtrack_nvr.core.clip_sink import ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import Ranges, TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.cutting import cut_fragments
from custom_components.vtrack_nvr.core.media.facts import facts_of_written, sha256_of
from custom_components.vtrack_nvr.core.media.fragment_index import FragmentIndex, Look
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.units import Gop
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, Clip, ClipSource, NvrKey
from custom_components.vtrack_nvr.core.playback.desk import ViewingDesk
from custom_components.vtrack_nvr.core.playback.footage import Footage
from custom_components.vtrack_nvr.core.playback.viewings import Viewing
from tests.core.library.rig import ManualClock
from tests.core.media import clip_files, encoded

NVR = NvrKey("nvr")
CAMERA = CameraKey("nvr/1")
OTHER = CameraKey("nvr/2")
START = encoded.START_MS
CLIP_MS = 4_000
"""How long a clip of `encoded` is: four groups of ten pictures."""


class RunningClock(ManualClock):
    """Sleeping takes no time of ours, but of the clock."""

    @override
    async def sleep(self, seconds: float) -> None:
        self.utc_ms += round(seconds * 1000)
        self.skipped += seconds
        await asyncio.sleep(0)


class Writing:
    """A clip under way."""

    def __init__(self, target: ClipTarget, writer: ClipWriter, gops: list[Gop]) -> None:
        self.target = target
        self.writer = writer
        self.gops = gops
        self.tags: ClipTags

    def write(self, count: int) -> None:
        for gop in self.gops[:count]:
            self.writer.write(gop)
        self.gops = self.gops[count:]


class PlaybackRig:
    """Opens a library below a folder; close it at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media = folder / "media"
        self.media.mkdir()
        self.clock = RunningClock(START + 3_600_000)
        self.library = Library(
            folder / "index" / "a.db",
            [RootConfig(self.media, "media", 0)],
            clock=self.clock,
            probe=ClipProbe(),
            bounds=LibraryBounds(guard_interval=0.05, batch_seconds=0.001),
            with_keeper=False,
        )
        self.reads: list[str] = []
        self.failing: NvrError | None = None
        self.footage = Footage(self, self.read)
        self.desk = ViewingDesk(self, self.footage, self.clock, self.read)
        self.browse = self.library.browse
        self.clip = self.browse.clip
        self.clips_at = self.browse.clips_at
        self.coverage = self.browse.coverage
        self.growing = self.browse.growing
        self.reader = self.browse.reader

    async def open(self) -> None:
        await self.library.open()
        await self.library.register_nvr(NVR, "Recorder")
        for camera in (CAMERA, OTHER):
            await self.library.register_camera(NVR, camera, "Garden")

    async def read[T](
        self, path: Path, person: str, function: Callable[[BinaryIO, int], T]
    ) -> T:
        self.reads.append(path.name)
        if self.failing is not None:
            raise self.failing

        def run() -> T:
            try:
                with path.open("rb", buffering=0) as file:
                    return function(file, path.stat().st_size)
            except FileNotFoundError as error:
                raise NvrError(ErrorKind.GONE) from error

        return await asyncio.to_thread(run)

    # Footage

    def begin(
        self,
        at_ms: int = 0,
        codec: Codec = Codec.H264,
        *,
        sound: bool = False,
        camera: CameraKey = CAMERA,
        source: ClipSource = ClipSource.REPLAY,
        **options: object,
    ) -> Writing:
        """Begin a clip `at_ms` after START; blocking."""
        start_ms = START + at_ms
        gops = clip_files.groups(codec, sound=sound, start_ms=start_ms, **options)
        start = ClipStart(camera, start_ms, start_ms, 1, source)
        target = self.library.ledger.sink(camera).open(start)
        writer = ClipWriter(
            target.part_path,
            encoded.video_format(codec, **options),
            encoded.aac_format() if sound else None,
            ClipTags(camera, start_ms, start_ms, 1, source),
            gops[0].video[0].unit,
        )
        return Writing(target, writer, gops)

    def finish(self, clip: Writing) -> int:
        clip.write(len(clip.gops))
        written = clip.writer.close()
        path, start = clip.target.part_path, clip.target.start
        tags = ClipTags(
            start.camera,
            start.utc_start_ms,
            start.device_start_ms,
            start.era_id,
            start.source,
        )
        facts = facts_of_written(written, tags, path.stat().st_size, sha256_of(path), 0)
        self.library.ledger.sink(start.camera).finish(clip.target, facts)
        return clip.target.clip_id

    async def keep(
        self, at_ms: int = 0, codec: Codec = Codec.H264, **how: object
    ) -> int:
        """Keep a clip of four seconds; returns its id."""
        return await asyncio.to_thread(
            lambda: self.finish(self.begin(at_ms, codec, **how))
        )

    # Watching

    async def view(
        self, begin_ms: int = 0, end_ms: int = 60_000, *, fetch: bool = False
    ) -> Viewing:
        """Open a range counted from START."""
        window = TimeRange(START + begin_ms, START + end_ms)
        opened = await self.desk.open("person", CAMERA, window, allowed, fetch=fetch)
        viewing = await self.desk.use(opened.token)
        assert viewing is not None
        return viewing

    async def segment(self, clip_id: int, first: int, last: int) -> bytes:
        """Return the bytes of a segment, its init before it."""
        with (
            await self.footage.of(CAMERA, clip_id, "person") as found,
            found.path.open("rb") as file,
        ):
            place = found.index.place(first, last)
            layout = cut_fragments(file, place, is_absolute=found.index.is_absolute)
            return found.index.init + layout.read(file, 0, layout.size)


async def allowed() -> bool:
    return True


class Device:
    """What is still on a device, as `Watching` tells it."""

    def __init__(self, *pending: TimeRange) -> None:
        self.ranges: Ranges = pending
        self.watched: list[int] = []
        self.is_closed = False

    async def watch(self, camera: CameraKey, window: TimeRange, person: str) -> Device:
        return self

    def pending(self) -> Ranges:
        return self.ranges

    def at(self, utc_ms: int) -> None:
        self.watched.append(utc_ms)

    def close(self) -> None:
        self.is_closed = True


class Maker:
    """Hands out the original as if it were converted."""

    def __init__(self, rig: PlaybackRig, *, as_file: bool) -> None:
        self.rig = rig
        self.as_file = as_file
        self.made = 0

    def can_make(self, look: Look) -> bool:
        return look.width < 320

    def look(self, look: Look) -> Look:
        return look._replace(video="avc1.640028")

    async def init(self, clip: Clip, index: FragmentIndex, person: str) -> bytes:
        return index.init

    async def segment(
        self, clip: Clip, index: FragmentIndex, first: int, last: int, person: str
    ) -> Path | bytes:
        self.made += 1
        whole = await self.rig.segment(clip.id, first, last)
        made = b"\0\0\0\x10stypiso5\0\0\0\0" + whole[len(index.init) :]
        if not self.as_file:
            return made
        path = self.rig.folder / "made.m4s"
        path.write_bytes(made)
        return path
