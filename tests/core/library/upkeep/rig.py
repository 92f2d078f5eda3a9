"""A library on a disk that counts a hundred megabytes for each clip."""

# Reads private members: a pass that has begun is waited for.

import asyncio
from collections.abc import Callable
import errno
from pathlib import Path
import sqlite3
from typing import Self, override

from custom_components.vtrack_nvr.core.library.files import (
    FileLayer,
    Space,
    storage_error,
)
from custom_components.vtrack_nvr.core.library.guard import Root
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from tests.insides import store_of

from ..rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    TextProbe,
)
from ..test_guard import until

CLIP = 100_000_000
FLOOR = 5_000_000_000
BOUNDS = LibraryBounds(
    guard_interval=0.02,
    open_wait=5.0,
    stop_wait=2.0,
    batch_seconds=0.001,
    keeper_interval=3600,
    check_interval_ms=10**15,
    copy_interval_ms=10**15,
)


class Disk(FileLayer):
    """Real files, each clip of which takes a hundred megabytes of the first disk."""

    def __init__(self, media: Path) -> None:
        self.media = media
        self.capacity: int | None = None
        """What clips may take above the floor; None: as much as they like."""
        self.frees = True
        self.refuses: Callable[[Path], bool] = lambda _path: False
        self.quota = False
        self.reading: Space | None = None
        self.gone = 0
        self.seen: dict[Path, int] = {}

    def clips(self) -> int:
        return len(list(self.media.rglob("*.mp4")))

    @override
    def space(self, folder: Path) -> Space:
        if not folder.is_relative_to(self.media) or self.capacity is None:
            return Space(900 * 10**9, 10**12, False)
        if self.reading is not None:
            return self.reading
        used = self.clips() + (0 if self.frees else self.gone)
        return Space(FLOOR + self.capacity - used * CLIP, 10**12, False)

    @override
    def size(self, path: Path) -> int | None:
        found = super().size(path)
        return CLIP if found and path.suffix == ".mp4" else found

    @override
    def remove(self, path: Path) -> None:
        if self.refuses(path):
            raise storage_error(PermissionError(errno.EACCES, "denied"), path.name)
        self.gone += path.suffix == ".mp4"
        super().remove(path)

    @override
    def make_folder(self, folder: Path, below: Path) -> None:
        if self.quota:
            raise storage_error(OSError(errno.EDQUOT, "quota exceeded"), folder.name)
        super().make_folder(folder, below)


class RoomRig:
    """A library on such a disk, and another one beside it."""

    def __init__(self, folder: Path) -> None:
        self.media, self.nas = folder / "media", folder / "nas"
        self.media.mkdir()
        self.nas.mkdir()
        self.disk = Disk(self.media)
        self.clock = ManualClock()
        self.library = Library(
            folder / "config" / "index.db",
            [RootConfig(self.media, "media", FLOOR), RootConfig(self.nas, "nas", 0)],
            clock=self.clock,
            probe=TextProbe(),
            bounds=BOUNDS,
            files=self.disk,
            with_keeper=False,
        )
        self.library_rig = LibraryRig(
            self.library, self.clock, folder, self.media, store_of(self.library).probe
        )

    async def __aenter__(self) -> Self:
        library = self.library
        await library.open()
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        await until(lambda: self.root.id in store_of(library).settled)
        await until(lambda: self.second.id in store_of(library).settled)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.library.close()

    @property
    def root(self) -> Root:
        return store_of(self.library).guard.roots()[0]

    @property
    def second(self) -> Root:
        return store_of(self.library).guard.roots()[1]

    def keep(self, count: int, start_ms: int, step_ms: int = 5 * MINUTE) -> list[int]:
        found = [
            self.library_rig.keep(start_ms + number * step_ms)
            for number in range(count)
        ]
        self.scale()
        return found

    def scale(self) -> None:
        """Let every clip count as many bytes as it takes of the disk."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(f"update clip set size_bytes = {CLIP}")
            connection.execute(f"update camera set bytes = clips * {CLIP}")
            connection.execute(f"update camera_day set bytes = clips * {CLIP}")
            connection.execute(f"update root_total set bytes = clips * {CLIP}")

        store_of(self.library).write(run)

    def fill(self, missing: int = 0) -> None:
        """Let the disk have no more room than it has clips, less some clips."""
        self.disk.capacity = (self.disk.clips() - missing) * CLIP
        store_of(self.library).guard.measure(self.root)
        self.pass_by(2 * MINUTE)  # such a fall is not believed before it lasts

    def pass_by(self, ms: int) -> None:
        self.clock.advance(ms)
        store_of(self.library).guard.measure(self.root)

    def make_room(self) -> None:
        """Let a pass that has begun before end, then have one that sees all of now."""
        self.settle()
        self.library.care.room.wake(self.root).result(10)

    def settle(self) -> None:
        """Let a pass that has begun end, before the clock is moved."""
        begun = self.library.care.room._states.get(self.root.id)
        if begun is not None and begun.running is not None:
            begun.running.result(10)

    def states(self) -> dict[str, int]:
        return store_of(self.library).read(
            lambda c: dict(
                tuple(row)
                for row in c.execute("select state, count(*) from clip group by 1")
            )
        )


async def old(rig: RoomRig, count: int = 30) -> list[int]:
    """Keep clips of sixty days ago, hours ago."""
    ids = await asyncio.to_thread(rig.keep, count, NOW - 60 * DAY)
    rig.clock.advance(3 * HOUR)
    return ids


async def full(rig: RoomRig, count: int = 30, missing: int = 2) -> list[int]:
    """Keep such clips on a disk that is full since: room is being made from now on."""
    ids = await old(rig, count)
    await asyncio.to_thread(rig.fill, missing)
    return ids
