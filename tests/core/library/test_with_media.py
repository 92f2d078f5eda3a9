"""The library with the real reader of MP4 files: rebuilt from them, salvaged from them."""

import asyncio
from collections.abc import AsyncIterator
import os
from pathlib import Path
import shutil

import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.facts import facts_of_written, sha256_of
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource, NvrKey
from tests.core.media import encoded

from .rig import DAY, ManualClock

NVR = NvrKey("nvr")
CAMERA = CameraKey("nvr/1")


class MediaRig:
    """A library, and clips as the downloader writes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media = folder / "media"
        self.media.mkdir(exist_ok=True)
        self.clock = ManualClock()
        self.library = self._library()

    def _library(self) -> Library:
        return Library(
            self.folder / "index" / "a.db",
            [RootConfig(self.media, "media", 0)],
            clock=self.clock,
            probe=ClipProbe(),
            bounds=LibraryBounds(guard_interval=0.05, batch_seconds=0.001),
            with_keeper=False,
        )

    async def open(self, *, is_again: bool = False) -> None:
        if is_again:
            self.library = self._library()
        await self.library.open()
        await self.library.register_nvr(NVR, "Recorder")
        await self.library.register_camera(NVR, CAMERA, "Garden")

    def begin(self) -> tuple[ClipTarget, ClipWriter, ClipTags]:
        gops = encoded.groups()
        start_ms = gops[0].start_us // 1000
        tags = ClipTags(CAMERA, start_ms + 500, start_ms, 1, ClipSource.REPLAY)
        target = self.library.ledger.sink(CAMERA).open(
            ClipStart(CAMERA, start_ms + 500, start_ms, 1, ClipSource.REPLAY)
        )
        writer = ClipWriter(
            target.part_path,
            encoded.video_format(),
            None,
            tags,
            gops[0].video[0].unit,
        )
        for gop in gops:
            writer.write(gop)
        return target, writer, tags

    def keep(self) -> int:
        target, writer, tags = self.begin()
        written = writer.close()
        part = target.part_path
        facts = facts_of_written(
            written, tags, part.stat().st_size, sha256_of(part), holes=0
        )
        self.library.ledger.sink(CAMERA).finish(target, facts)
        return target.clip_id


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[MediaRig]:
    rig = MediaRig(tmp_path)
    await rig.open()
    yield rig
    await rig.library.close()


async def test_without_index_and_journal_the_files_tell_all(rig: MediaRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep)
    before = await rig.library.browse.clip(clip_id)
    assert before is not None
    await rig.library.close()
    shutil.rmtree(rig.folder / "index")
    next(rig.media.rglob(".journal.jsonl")).unlink()
    await rig.open(is_again=True)
    (after,) = await rig.library.browse.recent()
    assert after.path == before.path
    assert after.facts.range == before.facts.range
    assert after.facts.device_start_ms == before.facts.device_start_ms
    assert after.facts.sha256 == before.facts.sha256
    assert after.facts.frames == before.facts.frames
    (era,) = await rig.library.ledger.eras(NVR)
    assert era.offset_ms == 500


async def test_what_a_killed_writer_left_becomes_a_clip(rig: MediaRig) -> None:
    target, writer, _ = await asyncio.to_thread(rig.begin)
    torn = target.part_path.read_bytes()
    await rig.library.close()
    await asyncio.to_thread(writer.discard)
    target.part_path.write_bytes(torn)
    leftover = target.part_path.with_name(target.part_path.name + ".salvage")
    leftover.write_bytes(b"half")
    now = rig.clock.now_ms() / 1000
    os.utime(leftover, (now, now))
    await rig.open(is_again=True)
    clip = await rig.library.browse.clip(target.clip_id)
    if clip is None:
        # nothing had reached the file yet: then nothing may be left of it
        assert not target.part_path.exists()
    else:
        path = rig.media / "vtrack_nvr" / clip.path
        embedded = ClipProbe().read_clip(path)
        assert embedded is not None
        assert embedded.facts.range == clip.facts.range
        assert clip.facts.era_id == 1
    rig.clock.advance(2 * DAY)
    await rig.library.care.check()
    assert not leftover.exists()
