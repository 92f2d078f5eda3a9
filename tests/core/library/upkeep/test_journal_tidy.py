"""Journals over years: small, read without collecting, and still the whole truth."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
import shutil
import tracemalloc
from types import SimpleNamespace

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import journal_files
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index import clip_rows, journal_facts
from custom_components.vtrack_nvr.core.library.index.rows import facts_columns
from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    decode_lines,
    encode_line,
)
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.upkeep import deletion, journal_tidy
from custom_components.vtrack_nvr.core.library.upkeep_values import DeleteCause
from custom_components.vtrack_nvr.core.library.values import Retention
from custom_components.vtrack_nvr.core.models import CoverageState as S, TimeSource
from tests.insides import store_of

from .. import invariants
from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW, LibraryRig, ManualClock
from .test_check import flush, running

pytestmark = pytest.mark.long

FOLDER = "recorder/garden"


def journal_of(rig: LibraryRig) -> Path:
    return rig.folder / FOLDER / JOURNAL


def forget_journal(rig: LibraryRig) -> None:
    """Let the index know that lines of the journal are not there any more."""
    store = store_of(rig.library)
    store.write(lambda c: c.execute("update journal set bytes = 2 * bytes + 1"))


async def told_anew(rig: LibraryRig) -> bool:
    await flush(rig)
    await asyncio.to_thread(forget_journal, rig)
    (root,) = store_of(rig.library).guard.roots()
    return await asyncio.to_thread(journal_tidy.tidy, store_of(rig.library), root, 1)


async def a_story(rig: LibraryRig) -> None:
    """Keep, protect, delete, lose and leave out something of everything."""
    ids = await asyncio.to_thread(
        lambda: [rig.keep(NOW - n * HOUR, offset_ms=7) for n in range(12)]
    )
    await rig.library.care.protect([ids[1], ids[2]], "fox")
    await rig.library.care.delete([ids[3]])
    await rig.library.care.empty_trash(at_once=True)
    store = store_of(rig.library)
    trash = [(ids[4], DeleteCause.AGE), (ids[5], DeleteCause.QUOTA)]
    for clip_id, cause in trash:
        store.write(lambda c, n=clip_id, why=cause: deletion.trash(c, [n], why, NOW))
    await rig.library.care.empty_trash(at_once=True)
    await rig.library.care.delete([ids[6]])
    for state, reason, day in (
        (S.LOST, "overwritten", 3),
        (S.ABSENT, "edge", 4),
        (S.REMOVED, "left_out", 5),
    ):
        stretch = TimeRange(NOW - day * DAY, NOW - day * DAY + MINUTE)
        await rig.library.ledger.mark(CAMERA, [stretch], state, reason)


async def truth(rig: LibraryRig) -> tuple[object, ...]:
    """Return what has to survive: clips with all facts, protection, coverage."""
    show = rig.library.browse
    window = TimeRange(NOW - 10 * DAY, NOW + DAY)
    clips = sorted(await show.clips_at(CAMERA, window), key=lambda clip: clip.path)
    return (
        [
            replace(clip, id=0, created_ms=0, facts=replace(clip.facts, era_id=0))
            for clip in clips
        ],
        await rig.library.ledger.coverage(CAMERA, window),
        [day.protected for day in await show.days(CAMERA)],
    )


@pytest.mark.parametrize("is_anew", [True, False], ids=["made small", "as written"])
async def test_a_lost_index_is_rebuilt_from_files_and_journal(
    tmp_path: Path, clock: ManualClock, is_anew: bool
) -> None:
    async with running(tmp_path, clock) as rig:
        await a_story(rig)
        if is_anew:
            assert await told_anew(rig)
        await flush(rig)
        before = await truth(rig)
        (trashed,) = await rig.library.browse.trash()
        kinds = [line.fact.kind for line in decode_lines(journal_of(rig).read_bytes())]
        assert (FactKind.GONE in kinds) is not is_anew
    shutil.rmtree(rig.index.parent)
    async with running(tmp_path, clock) as again:
        await again.library.care.check()
        clips, spans, protected = before
        found = await truth(again)
        # who is asked to rebuild never deletes: what was in the trash is there again
        back = [clip for clip in found[0] if clip.path == trashed.path]
        assert len(back) == 1
        assert [clip for clip in found[0] if clip.path != trashed.path] == clips
        assert found[2] == protected
        kept = trashed.facts.range
        assert [s for s in found[1] if not s.range.overlaps(kept)] == [
            s for s in spans if not s.range.overlaps(kept)
        ]
        await asyncio.to_thread(invariants.check, again.library)


async def test_an_older_index_knows_of_a_deletion_whose_line_is_gone(
    tmp_path: Path, clock: ManualClock
) -> None:
    from .test_check import put_index, save_index

    async with running(tmp_path, clock) as rig:
        first, second = await asyncio.to_thread(
            lambda: [rig.keep(NOW), rig.keep(NOW + HOUR)]
        )
        await flush(rig)
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        await rig.library.care.delete([first])
        await rig.library.care.empty_trash(at_once=True)
        clip = await rig.library.browse.clip(second)
        assert clip is not None
        assert await told_anew(rig)
        (rig.folder / clip.path).unlink()
    put_index(tmp_path / "backup", rig)
    async with running(tmp_path, clock) as again:
        await again.library.care.check()
        gone = TimeRange(NOW, NOW + 5 * MINUTE)
        (span,) = await again.library.ledger.coverage(CAMERA, gone)
        assert (span.state, span.reason) == (S.REMOVED, "person")
        assert await again.library.browse.clip(first) is None
        (span,) = await again.library.ledger.coverage(CAMERA, clip.facts.range)
        assert span.state is S.MISSING, "nobody deleted that one"


async def test_an_index_of_before_sees_that_a_journal_was_made_small(
    tmp_path: Path, clock: ManualClock
) -> None:
    from .test_check import put_index, save_index

    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(rig.keep, NOW)
        await flush(rig)
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        late = await asyncio.to_thread(rig.keep, NOW + HOUR)
        await rig.library.care.protect([late], "fox")
        assert await told_anew(rig)
    put_index(tmp_path / "backup", rig)
    async with running(tmp_path, clock) as again:
        newest, _ = await again.library.browse.recent()
        assert (newest.is_protected, newest.note) == (True, "fox")


async def test_a_journal_that_says_more_than_the_index_is_left_alone(
    rig: LibraryRig,
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    await flush(rig)
    journal = journal_of(rig)
    line = encode_line(
        99, Fact(FactKind.PROTECT, {"path": "x", "on": True, "note": ""}).text()
    )
    journal.write_bytes(journal.read_bytes() + line)
    before = journal.read_bytes()
    assert not await told_anew(rig)
    assert journal.read_bytes() == before


class Unreadable(FileLayer):
    """A disk with a bad sector below the journals."""

    is_bad = False

    def read(self, path: Path, limit: int = 2**26, offset: int = 0) -> bytes:
        if self.is_bad and path.name == JOURNAL:
            raise NvrError(ErrorKind.STORAGE_FAILED, "bad sector", where=path.name)
        return super().read(path, limit, offset)


async def test_a_journal_on_a_bad_sector_is_written_anew_where_the_index_knows_it(
    rig: LibraryRig,
) -> None:
    store = store_of(rig.library)
    store.files = files = Unreadable()
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.protect([clip_id], "fox")
    await flush(rig)
    (root,) = store.guard.roots()
    files.is_bad = True
    assert journal_files.scan(store, journal_of(rig)) is None
    store.write(lambda c: c.execute("update journal set sequence = 0"))
    assert not await asyncio.to_thread(journal_tidy.tidy, store, root, 1)
    store.write(lambda c: c.execute("update journal set sequence = 9"))
    assert await asyncio.to_thread(journal_tidy.tidy, store, root, 1)
    files.is_bad = False
    with journal_files.read(store, journal_of(rig)) as said:
        clip = await rig.library.browse.clip(clip_id)
        assert clip is not None
        assert said.protection(clip.path) == (True, "fox")


def old_line(number: int, start_ms: int) -> bytes:
    """Return the line of a clip that was removed, as versions of before left it."""
    path = f"{FOLDER}/2024-01-01/{number:06}.mp4"
    values = {"path": path, "range": [start_ms, start_ms + MINUTE], "cause": "age"}
    return encode_line(number, Fact(FactKind.GONE, values).text())


async def test_a_journal_of_years_becomes_a_line(
    tmp_path: Path, clock: ManualClock
) -> None:
    """An older version left it: with the index lost, and then made small."""
    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(rig.keep, NOW)
        await flush(rig)
    shutil.rmtree(rig.index.parent)
    journal = journal_of(rig)
    starts = range(NOW - 400 * DAY, NOW - 40 * DAY, 2 * HOUR)
    lines = [old_line(100 + n, at) for n, at in enumerate(starts)]
    journal.write_bytes(journal.read_bytes() + b"".join(lines))
    async with running(tmp_path, clock) as again:
        await again.library.set_retention(CAMERA, Retention(days=30))
        await again.library.care.check()
        assert journal.stat().st_size < 2000
        window = TimeRange(NOW - 400 * DAY, NOW - 41 * DAY)
        spans = await again.library.ledger.coverage(CAMERA, window)
        assert [(span.state, span.reason) for span in spans] == [(S.REMOVED, "age")]
        assert len(await again.library.browse.recent()) == 1


def test_reading_a_long_journal_takes_no_memory(tmp_path: Path) -> None:
    journal = tmp_path / JOURNAL
    with journal.open("wb") as file:
        for number in range(1, 60_001):
            file.write(old_line(number, NOW - number * HOUR))

    class Store:
        files = FileLayer()

        def root_of(self, _path: Path) -> SimpleNamespace:
            return SimpleNamespace(folder=tmp_path)

        def apart(self, _root: object, _subject: str) -> AbstractContextManager[None]:
            return nullcontext()

    def peak(function: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            function()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def read() -> None:
        with journal_files.read(Store(), journal) as said:
            assert sum(len(ranges) for *_, ranges in said.spans()) == 60_000

    assert peak(read) < 5_000_000
    assert peak(lambda: journal_files.scan(Store(), journal)) < 5_000_000
    assert journal.stat().st_size > 6_000_000


async def test_a_clip_line_of_before_is_understood(
    tmp_path: Path, clock: ManualClock
) -> None:
    """It told all columns, and the row of its era."""
    async with running(tmp_path, clock) as rig:
        clip_id = await asyncio.to_thread(rig.keep, NOW)
        clip = await rig.library.browse.clip(clip_id)
        assert clip is not None
        await flush(rig)
    values = {**facts_columns(clip.facts), "holes": 4711, "era": [0, 0, 0]}
    lines = [*decode_lines(journal_of(rig).read_bytes())]
    data = b"".join(
        encode_line(
            line.sequence,
            Fact(FactKind.CLIP, {"path": clip.path, **values}).text()
            if line.fact.kind is FactKind.CLIP
            else line.fact.text(),
        )
        for line in lines
    )
    journal_of(rig).write_bytes(data)
    shutil.rmtree(rig.index.parent)
    async with running(tmp_path, clock) as again:
        (found,) = await again.library.browse.recent()
        assert found.facts.holes == 4711
        assert found.facts.sha256 == clip.facts.sha256


async def test_a_line_holds_what_is_not_as_usual(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    store = store_of(rig.library)

    def line(**facts: object) -> dict[str, object]:
        odd = replace(clip, facts=replace(clip.facts, **facts))
        return store.read(lambda c: journal_facts.clip_fact(c, odd)).values

    usual = line()
    assert not {"holes", "gaps", "time_source", "era_id"} & usual.keys()
    odd = line(holes=3, gaps=(TimeRange(NOW, NOW + 9),), time_source=TimeSource.HOST)
    assert (odd["holes"], odd["gaps"]) == (3, f"[[{NOW},{NOW + 9}]]")
    assert odd["time_source"] == TimeSource.HOST


async def test_what_is_missing_is_told_as_well(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.protect([clip_id], "fox")
    store = store_of(rig.library)
    store.write(lambda c: clip_rows.leave(c, clip_id, S.MISSING, NOW))
    assert await told_anew(rig)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    with journal_files.read(store, journal_of(rig)) as said:
        assert said.facts(clip.path) is not None
        assert said.protection(clip.path) == (True, "fox")


async def test_a_lost_index_learns_of_clips_whose_files_are_away(
    tmp_path: Path, clock: ManualClock
) -> None:
    """They are missing, and protected when somebody brings them back."""
    async with running(tmp_path, clock) as rig:
        ids = await asyncio.to_thread(
            lambda: [rig.keep(NOW - n * DAY) for n in range(3)]
        )
        await rig.library.care.protect([ids[1]], "fox")
        await rig.library.care.delete([ids[2]])
        away, trashed = [await rig.library.browse.clip(clip_id) for clip_id in ids[1:]]
        assert away is not None
        assert trashed is not None
        await flush(rig)
    shutil.rmtree(rig.index.parent)
    file = rig.folder / away.path
    file.rename(tmp_path / "aside.mp4")
    file.parent.rmdir()
    (rig.folder / trashed.path).unlink()
    async with running(tmp_path, clock) as again:
        await again.library.care.check()
        (span,) = await again.library.ledger.coverage(CAMERA, away.facts.range)
        assert (span.state, span.reason) == (S.MISSING, "file_gone")
        assert await again.library.ledger.coverage(CAMERA, trashed.facts.range) == ()
        assert await told_anew(again)
        file.parent.mkdir()
        (tmp_path / "aside.mp4").rename(file)
        assert (await again.library.care.check()).returned == 1
        _newest, back = await again.library.browse.recent()
        assert (back.is_protected, back.note) == (True, "fox")
