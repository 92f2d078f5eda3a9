"""Links without a login: what the book of them keeps, and how many."""

import asyncio
import hashlib
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.vtrack_nvr.core.errors import Limit, LimitError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import shares
from custom_components.vtrack_nvr.core.library.share_values import (
    ShareKind,
    ShareTarget,
)
from custom_components.vtrack_nvr.core.library.shares import LONGEST_MS, SHORTEST_MS
from custom_components.vtrack_nvr.core.library.values import IndexEventKind

from .rig import (
    CAMERA,
    DAY,
    HOUR,
    NOW,
    OTHER,
    LibraryRig,
    ManualClock,
    make_library,
)

WINDOW = TimeRange(NOW, NOW + HOUR)
CLIP = ShareTarget(ShareKind.CLIP, (CAMERA,), WINDOW, 7)
BOTH = ShareTarget(ShareKind.EXPORT, (CAMERA, OTHER), WINDOW, 3)
RANGE = ShareTarget(ShareKind.RANGE, (CAMERA,), WINDOW)


@pytest.mark.parametrize("target", [CLIP, BOTH, RANGE])
async def test_a_token_opens_what_it_was_made_for(
    rig: LibraryRig, target: ShareTarget
) -> None:
    book = rig.library.shares
    made, token = await book.create(target, "one", HOUR)
    assert made.target == target
    assert (made.made_ms, made.expires_ms) == (NOW, NOW + HOUR)
    assert await book.find(token) == made
    assert await book.get(made.id) == made


async def test_what_is_no_token_opens_nothing(rig: LibraryRig) -> None:
    book = rig.library.shares
    _, token = await book.create(CLIP, "one", HOUR)
    for wrong in ("", token[:-1], f"{token}A", token.swapcase(), "é" * len(token)):
        assert await book.find(wrong) is None


async def test_the_index_does_not_hold_what_opens_a_link(rig: LibraryRig) -> None:
    _, token = await rig.library.shares.create(CLIP, "one", HOUR)
    await rig.library.pre_backup()
    data = await asyncio.to_thread(rig.index.read_bytes)
    assert hashlib.sha256(token.encode()).hexdigest().encode() in data
    assert token.encode() not in data


async def test_a_link_survives_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    first = make_library(tmp_path, clock)
    await first.library.open()
    made, token = await first.library.shares.create(RANGE, "one", DAY)
    await first.library.close()
    again = make_library(tmp_path, clock)
    await again.library.open()
    assert await again.library.shares.find(token) == made
    await again.library.close()


async def test_an_index_that_came_from_a_copy_opens_no_link(
    tmp_path: Path, clock: ManualClock
) -> None:
    """It may be older than the wish to end one."""
    first = make_library(tmp_path, clock)
    await first.library.open()
    made, token = await first.library.shares.create(RANGE, "one", DAY)
    await asyncio.to_thread(first.library.care.copy_index_now)
    await first.library.shares.revoke(made.id)
    await first.library.close()
    first.index.unlink()
    again = make_library(tmp_path, clock)
    events = await again.library.open()
    assert [event.kind for event in events] == [IndexEventKind.REBUILT]
    assert await again.library.shares.find(token) is None
    assert await again.library.shares.all() == ()
    await again.library.close()


async def test_a_link_expires_and_is_listed_no_more(rig: LibraryRig) -> None:
    book = rig.library.shares
    made, token = await book.create(CLIP, "one", HOUR)
    rig.clock.advance(HOUR)
    assert await book.find(token) is None
    assert await book.get(made.id) is None
    assert await book.all() == ()


async def test_a_clock_that_goes_back_opens_no_link_again(rig: LibraryRig) -> None:
    book = rig.library.shares
    _, token = await book.create(CLIP, "one", HOUR)
    rig.clock.advance(HOUR)
    await book.create(CLIP, "one", HOUR)
    rig.clock.utc_ms -= HOUR
    assert await book.find(token) is None


@pytest.mark.parametrize(
    ("asked", "given"), [(0, SHORTEST_MS), (-5, SHORTEST_MS), (10**15, LONGEST_MS)]
)
async def test_no_link_lives_for_ever(rig: LibraryRig, asked: int, given: int) -> None:
    made, _ = await rig.library.shares.create(CLIP, "one", asked)
    assert made.expires_ms - made.made_ms == given


async def test_a_revoked_link_ends_at_once(rig: LibraryRig) -> None:
    book = rig.library.shares
    made, token = await book.create(CLIP, "one", HOUR)
    other, _ = await book.create(CLIP, "one", HOUR)
    await book.revoke(made.id)
    await book.revoke(made.id)
    assert await book.find(token) is None
    assert await book.all() == (other,)


async def test_each_sees_their_own_newest_first(rig: LibraryRig) -> None:
    book = rig.library.shares
    first, _ = await book.create(CLIP, "one", HOUR)
    second, _ = await book.create(RANGE, "one", HOUR)
    third, _ = await book.create(CLIP, "", HOUR)
    assert await book.all("one") == (second, first)
    assert await book.all("") == (third,)
    assert await book.all() == (third, second, first)


async def test_one_person_takes_nobody_elses_links(rig: LibraryRig) -> None:
    book = rig.library.shares
    with patch.object(shares, "MOST_OF_ONE", 2), patch.object(shares, "MOST", 3):
        await book.create(CLIP, "one", HOUR)
        await book.create(CLIP, "one", DAY)
        with pytest.raises(LimitError) as raised:
            await book.create(CLIP, "one", HOUR)
        assert (raised.value.limit, raised.value.numbers) == (
            Limit.SHARES,
            {"most": "2"},
        )
        await book.create(CLIP, "two", DAY)
        with pytest.raises(LimitError) as raised:
            await book.create(CLIP, "three", HOUR)
        assert raised.value.limit is Limit.SHARES_ALL
        rig.clock.advance(HOUR)
        await book.create(CLIP, "three", HOUR)  # what expired counts no more


async def test_an_id_is_never_given_twice(rig: LibraryRig) -> None:
    book = rig.library.shares
    made, _ = await book.create(CLIP, "one", HOUR)
    await book.revoke(made.id)
    other, _ = await book.create(CLIP, "one", HOUR)
    assert other.id > made.id


@pytest.mark.parametrize(
    ("kind", "cameras", "item"),
    [
        (ShareKind.CLIP, (CAMERA,), None),
        (ShareKind.RANGE, (CAMERA,), 4),
        (ShareKind.CLIP, (), 4),
    ],
)
def test_what_names_nothing_is_no_target(
    kind: ShareKind, cameras: tuple[object, ...], item: int | None
) -> None:
    with pytest.raises(ValueError, match="nothing to share"):
        ShareTarget(kind, cameras, WINDOW, item)
