"""Exports and thumbnails: their books, bounds and ends."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import ExportState
from custom_components.vtrack_nvr.core.library.exports import part_of

from .helpers import CAMERA, DAY, HOUR, NOW, ManualClock, Setup, make_library

WINDOW = TimeRange(NOW, NOW + HOUR)


async def test_an_export_is_made_kept_and_expires(setup: Setup) -> None:
    book = setup.library.exports
    made = await book.begin((CAMERA,), WINDOW, "garden.mp4", options={"gaps": "kept"})
    assert (made.state, made.path.suffix) == (ExportState.WAITING, ".mp4")
    assert made.options == {"gaps": "kept", "name": "garden.mp4"}
    await book.progress(made.id, 0.5)
    running = await book.get(made.id)
    assert running is not None
    assert (running.state, running.progress) == (ExportState.RUNNING, 0.5)
    with pytest.raises(NvrError):
        await book.finish(made.id)
    part_of(made).write_bytes(b"film")
    done = await book.finish(made.id)
    assert (done.state, done.size_bytes) == (ExportState.READY, 4)
    assert done.path.read_bytes() == b"film"
    setup.clock.advance(6 * DAY)
    assert await asyncio.to_thread(book.expire) == 0
    setup.clock.advance(2 * DAY)
    assert await asyncio.to_thread(book.expire) == 1
    assert not done.path.exists()
    assert await book.all() == ()
    with pytest.raises(NvrError):
        await book.finish(made.id)


async def test_an_export_survives_the_clips_it_was_made_of(setup: Setup) -> None:
    clip_id = await asyncio.to_thread(setup.keep, NOW)
    book = setup.library.exports
    made = await book.begin((CAMERA,), WINDOW, "garden.mp4")
    part_of(made).write_bytes(b"film")
    done = await book.finish(made.id)
    await setup.library.care.delete([clip_id])
    await setup.library.care.empty_trash(at_once=True)
    assert done.path.exists()
    await book.remove(done.id)
    assert not done.path.exists()
    await book.remove(done.id)


async def test_exports_are_bounded_and_can_fail(setup: Setup) -> None:
    book = setup.library.exports
    setup.library._store.bounds = replace(setup.library._store.bounds, export_bytes=4)
    made = await book.begin((CAMERA,), WINDOW, "a.zip")
    part_of(made).write_bytes(b"film")
    await book.fail(made.id, "no space")
    failed = await book.get(made.id)
    assert failed is not None
    assert (failed.state, failed.detail) == (ExportState.FAILED, "no space")
    assert not part_of(made).exists()
    await book.fail(999, "nothing")
    made = await book.begin((CAMERA,), WINDOW, "b.zip")
    part_of(made).write_bytes(b"film")
    await book.finish(made.id)
    with pytest.raises(NvrError) as caught:
        await book.begin((CAMERA,), WINDOW, "c.zip")
    assert caught.value.kind is ErrorKind.STORAGE_FULL


async def test_an_export_a_killed_process_was_making_has_failed(
    tmp_path, clock: ManualClock
) -> None:
    setup = make_library(tmp_path, clock)
    await setup.library.open()
    made = await setup.library.exports.begin((CAMERA,), WINDOW, "a.mp4")
    part_of(made).write_bytes(b"half")
    await setup.library.close()
    again = make_library(tmp_path, clock)
    await again.library.open()
    (found,) = await again.library.exports.all()
    assert (found.state, found.detail) == (ExportState.FAILED, "interrupted")
    assert not part_of(made).exists()
    await again.library.close()


async def test_thumbnails_are_found_counted_and_trimmed(setup: Setup) -> None:
    book = setup.library.thumbnails
    clips = await asyncio.to_thread(
        lambda: [setup.keep(NOW + n * HOUR) for n in range(4)]
    )
    assert await book.find(clips[0], "small") is None
    for number, clip_id in enumerate(clips):
        path = book.target(clip_id, "small")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"jpeg")
        await book.add(clip_id, "small", 4)
        setup.clock.advance(2 * HOUR * (number + 1))
    found = await book.find(clips[0], "small")
    assert found is not None
    assert found.path.read_bytes() == b"jpeg"
    setup.library._store.bounds = replace(
        setup.library._store.bounds, thumbnail_count=2
    )
    assert await asyncio.to_thread(book.trim) == 2
    assert await book.find(clips[0], "small") is not None, "used last"
    assert await book.find(clips[1], "small") is None
    assert not book.target(clips[1], "small").exists()
    await setup.library.care.delete(clips[:1])
    await setup.library.care.empty_trash(at_once=True)
    assert await book.find(clips[0], "small") is None
