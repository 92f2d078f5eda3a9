"""Thumbnails: their book, bounds and ends."""

import asyncio
from dataclasses import replace

from tests.insides import store_of

from .rig import HOUR, NOW, Setup


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
    store_of(setup.library).bounds = replace(
        store_of(setup.library).bounds, thumbnail_count=2
    )
    assert await asyncio.to_thread(book.trim) == 2
    assert await book.find(clips[0], "small") is not None, "used last"
    assert await book.find(clips[1], "small") is None
    assert not book.target(clips[1], "small").exists()
    await setup.library.care.delete(clips[:1])
    await setup.library.care.empty_trash(at_once=True)
    assert await book.find(clips[0], "small") is None
