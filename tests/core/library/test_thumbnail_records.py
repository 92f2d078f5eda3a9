"""Thumbnails: their book, bounds and ends."""

import asyncio
from dataclasses import replace

from tests.insides import store_of

from .rig import HOUR, NOW, LibraryRig


async def test_thumbnails_are_found_counted_and_trimmed(rig: LibraryRig) -> None:
    book = rig.library.thumbnails
    clips = await asyncio.to_thread(
        lambda: [rig.keep(NOW + n * HOUR) for n in range(4)]
    )
    assert await book.find(clips[0], "small") is None
    for number, clip_id in enumerate(clips):
        path = book.target(clip_id, "small")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"jpeg")
        await book.add(clip_id, "small", 4)
        rig.clock.advance(2 * HOUR * (number + 1))
    found = await book.find(clips[0], "small")
    assert found is not None
    assert found.path.read_bytes() == b"jpeg"
    store_of(rig.library).bounds = replace(
        store_of(rig.library).bounds, thumbnail_count=2
    )
    assert await asyncio.to_thread(book.trim) == 2
    assert await book.find(clips[0], "small") is not None, "used last"
    assert await book.find(clips[1], "small") is None
    assert not book.target(clips[1], "small").exists()
    await rig.library.care.delete(clips[:1])
    await rig.library.care.empty_trash(at_once=True)
    assert await book.find(clips[0], "small") is None
