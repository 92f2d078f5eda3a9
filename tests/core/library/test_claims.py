"""Two Home Assistants and one storage: the second one keeps off, until it may."""

# Reads private members: this machine gets the id of another one.

import asyncio
import errno
import json
import os
from pathlib import Path
import time
from typing import override

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library import claims
from custom_components.vtrack_nvr.core.library.claims import (
    CLAIM,
    FRESH_MS,
    QUIET_S,
    Claim,
    claim_of,
    owner_at,
)
from custom_components.vtrack_nvr.core.library.files import FileLayer, storage_error
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, RootConfig
from custom_components.vtrack_nvr.core.models import ClipState
from tests.insides import look_now, store_of

from .rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    TextProbe,
    make_library,
)
from .test_errors_of_files import state_of
from .upkeep.test_check import make_old
from .upkeep.test_folder_owner import until

BOUNDS = LibraryBounds(
    guard_interval=0.02, open_wait=5.0, stop_wait=2.0, batch_seconds=0.001
)


class ClaimRig:
    """A Home Assistant of its own, with its own clock, on a storage that all share."""

    def __init__(self, folder: Path, name: str, owner: str = "") -> None:
        self.share = folder / "share"
        self.share.mkdir(exist_ok=True)
        self.clock = ManualClock()
        self.index = folder / name / "index.db"
        self.library = Library(
            self.index,
            [RootConfig(self.share, "share", 0)],
            clock=self.clock,
            probe=TextProbe(),
            bounds=BOUNDS,
            with_keeper=False,
            owner=owner,
        )
        self.library_rig = LibraryRig(
            self.library, self.clock, self.index, self.share, TextProbe()
        )

    async def open(self) -> ClaimRig:
        await self.library.open()
        await self.library.register_nvr(NVR, "Recorder")
        await self.library.register_camera(NVR, CAMERA, "Garden")
        return self

    @property
    def root_id(self) -> int:
        [root] = store_of(self.library).guard.roots()
        return root.id

    @property
    def problem(self) -> ErrorKind | None:
        found = self.library.root_problem(self.root_id)
        return found.kind if found else None

    def kill(self) -> None:
        """End as a killed process does."""
        store_of(self.library).guard.stop(1)
        store_of(self.library).db.close()

    async def looked(self) -> None:
        """Wait until the storage was looked at twice more."""
        [root] = store_of(self.library).guard.roots()
        for _ in range(2):
            before = root.looked
            root.due = 0.0
            look_now(self.library)
            await until(lambda b=before: root.looked > b)


def claimed(rig: ClaimRig) -> Claim:
    found = claim_of((rig.share / "vtrack_nvr" / CLAIM).read_bytes())
    assert found is not None
    return found


def let_be_old(rig: ClaimRig) -> None:
    """Let the storage say that its claim was written long ago."""
    then = time.time() - 2 * 3600
    os.utime(rig.share / "vtrack_nvr" / CLAIM, (then, then))


async def test_a_storage_that_another_uses_is_neither_adopted_nor_touched(
    tmp_path: Path,
) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    for number in range(3):
        await asyncio.to_thread(first.library_rig.keep, NOW - DAY + number * HOUR)
    target, facts = await asyncio.to_thread(first.library_rig.begin, NOW)
    make_old(target.part_path)
    before = first.library_rig.files()
    second = await ClaimRig(tmp_path, "b").open()
    assert second.problem is ErrorKind.STORAGE_IN_USE
    report = await second.library.care.check()
    assert len(report.skipped_roots) == 1
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(second.library_rig.keep, NOW)
    assert caught.value.kind is ErrorKind.STORAGE_IN_USE
    assert not (await second.library.browse.search()).clips
    assert first.library_rig.files() == before
    await asyncio.to_thread(first.library.ledger.sink(CAMERA).finish, target, facts)
    assert first.problem is None
    problem = second.library.root_problem(second.root_id)
    assert problem is not None
    assert problem.detail == claimed(first).host
    await second.library.close()
    await first.looked()
    assert first.problem is None
    await first.library.close()


async def test_who_renews_a_claim_keeps_the_storage_for_hours(tmp_path: Path) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    second = await ClaimRig(tmp_path, "b").open()
    for _ in range(20):
        for rig in (first, second):
            rig.clock.advance(MINUTE)
        await first.looked()
        await second.looked()
        assert second.problem is ErrorKind.STORAGE_IN_USE
        assert first.problem is None
    await first.library.close()
    await second.looked()
    assert second.problem is None, "it was given up"
    await second.library.close()


@pytest.mark.parametrize("how", ["closed", "old", "absent", "damaged", "empty"])
async def test_what_nobody_uses_any_more_is_taken_quietly(
    tmp_path: Path, how: str
) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    await asyncio.to_thread(first.library_rig.keep, NOW)
    claim = first.share / "vtrack_nvr" / CLAIM
    if how == "closed":
        await first.library.close()
    else:
        first.kill()
    second = ClaimRig(tmp_path, "b")
    if how == "old":
        let_be_old(first)
        second.clock.advance(FRESH_MS + 1)
    elif how == "absent":
        claim.unlink()
    elif how == "damaged":
        claim.write_bytes(b'{"owner": "x", "run"')
    elif how == "empty":
        claim.write_bytes(b"")
    await second.open()
    assert second.problem is None
    assert len((await second.library.browse.search()).clips) == 1
    assert claimed(second).owner == owner_at(second.index.parent)
    await second.library.close()


async def test_a_claim_that_looks_fresh_and_is_not_renewed_ends_after_minutes(
    tmp_path: Path,
) -> None:
    """The old host was switched off, and its backup restored to a new one at once."""
    first = await ClaimRig(tmp_path, "a").open()
    first.kill()
    second = await ClaimRig(tmp_path, "b").open()
    assert second.problem is ErrorKind.STORAGE_IN_USE
    second.clock.advance(round(QUIET_S * 1000) - 5_000)
    await second.looked()
    assert second.problem is ErrorKind.STORAGE_IN_USE
    second.clock.advance(6_000)
    await until(lambda: second.problem is None)
    await second.library.close()


async def test_a_clock_that_is_behind_takes_no_living_claim_for_an_old_one(
    tmp_path: Path,
) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    second = ClaimRig(tmp_path, "b")
    second.clock.utc_ms -= 3 * DAY
    await second.open()
    assert second.problem is ErrorKind.STORAGE_IN_USE
    second.kill()
    # and one that is ahead sees when the file was written
    third = ClaimRig(tmp_path, "c")
    third.clock.utc_ms = round(time.time() * 1000)
    claim = first.share / "vtrack_nvr" / CLAIM
    values = json.loads(claim.read_bytes()) | {"renewed_ms": 1}
    claim.write_bytes(json.dumps(values).encode())
    await third.open()
    assert third.problem is ErrorKind.STORAGE_IN_USE
    third.kill()
    await first.library.close()


async def test_a_person_takes_a_storage_over_and_the_other_one_stops(
    tmp_path: Path,
) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    second = await ClaimRig(tmp_path, "b").open()
    with pytest.raises(NvrError) as caught:
        await first.library.take_over(first.root_id)
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    with pytest.raises(NvrError) as caught:
        await second.library.take_over(99)
    assert caught.value.kind is ErrorKind.GONE
    await second.library.take_over(second.root_id)
    await until(lambda: second.problem is None)
    await until(lambda: first.problem is ErrorKind.STORAGE_IN_USE)
    with pytest.raises(NvrError):
        await asyncio.to_thread(first.library_rig.keep, NOW)
    await first.library.close()
    await second.looked()
    assert second.problem is None, "who closes gives up only what is his"
    assert claimed(second).renewed_ms
    await second.library.close()
    assert claimed(second).renewed_ms == 0


async def test_a_restart_after_a_kill_waits_for_nobody_and_salvages_its_own(
    tmp_path: Path,
) -> None:
    first = await ClaimRig(tmp_path, "a").open()
    target, _ = await asyncio.to_thread(first.library_rig.begin, NOW)
    first.kill()
    again = await ClaimRig(tmp_path, "a").open()
    assert again.problem is None
    await until(
        lambda: state_of(again.library_rig, target.clip_id) == ClipState.COMPLETE
    )
    await again.library.close()


async def test_a_clone_with_the_same_identity_is_noticed_by_the_first(
    tmp_path: Path,
) -> None:
    first = await ClaimRig(tmp_path, "a", owner="twin").open()
    clone = await ClaimRig(tmp_path, "b", owner="twin").open()
    await until(lambda: first.problem is ErrorKind.STORAGE_IN_USE)
    assert clone.problem is None
    first.kill()
    await clone.library.close()


async def test_a_fresh_part_of_nobody_is_left_alone_for_an_hour(tmp_path: Path) -> None:
    """Its writer may be an older version of us that makes no claims."""
    first = await ClaimRig(tmp_path, "a").open()
    await asyncio.to_thread(first.library_rig.keep, NOW - DAY)
    target, _ = await asyncio.to_thread(first.library_rig.begin, NOW)
    first.kill()
    (first.share / "vtrack_nvr" / CLAIM).unlink()
    second = await ClaimRig(tmp_path, "b").open()
    store = store_of(second.library)
    store.write(
        lambda c: c.execute(
            "insert or replace into meta (key, value) values ('done-check', ?)",
            (str(NOW),),
        )
    )
    report = await second.library.care.check()
    assert report.salvaged == 0
    assert target.part_path.exists()
    done = store.read(
        lambda c: c.execute(
            "select value from meta where key = 'done-check'"
        ).fetchone()
    )
    bounds = store.bounds
    assert int(done[0]) == NOW - bounds.check_interval_ms + 2 * bounds.fresh_part_ms
    make_old(target.part_path)
    assert (await second.library.care.check()).salvaged == 1
    assert not target.part_path.exists()
    await second.library.close()


def test_a_claim_says_what_was_written_or_nothing(tmp_path: Path) -> None:
    claim = Claim("me", "run", NOW, "host")
    assert claim_of(claim.text()) == claim
    for bad in (b"", b"[]", b"{}", b"\xff", b'{"owner": 1}', b"null"):
        assert claim_of(bad) is None
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert owner_at(tmp_path / "one") == owner_at(tmp_path / "one")
    assert owner_at(tmp_path / "one") != owner_at(tmp_path / "two")


class NoClaims(FileLayer):
    """A disk on which everything works but the claim."""

    number = errno.ENOSPC

    def ask(self, path: Path) -> None:
        if path.name == CLAIM:
            error = OSError(self.number, os.strerror(self.number))
            raise storage_error(error, path.name)

    @override
    def put(self, path: Path, data: bytes) -> None:
        self.ask(path)

    @override
    def exists(self, path: Path) -> bool:
        self.ask(path)
        return super().exists(path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
async def test_a_claim_that_cannot_be_made_is_no_hindrance(
    tmp_path: Path, number: int
) -> None:
    files = NoClaims()
    files.number = number
    library_rig = make_library(tmp_path, ManualClock(), files=files)
    await library_rig.library.open()
    await library_rig.library.register_nvr(NVR, "Recorder")
    await library_rig.library.register_camera(NVR, CAMERA, "Garden")
    assert library_rig.library.ledger.storage_problem(CAMERA) is None
    await asyncio.to_thread(library_rig.keep, NOW)
    await library_rig.library.close()


def test_a_machine_without_an_id_is_known_by_its_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_MACHINE_ID", tmp_path / "not there")
    assert len(owner_at(tmp_path)) == 32
