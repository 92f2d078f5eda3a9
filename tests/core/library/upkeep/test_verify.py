"""Clips are read back; what is not what was written is put aside, never deleted."""

from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep.verify import Verifier, aside
from custom_components.vtrack_nvr.core.models import (
    ClipSource,
    ClipState,
    CoverageState,
)
from tests.insides import store_of

from ..rig import CAMERA, MINUTE, NOW, NVR, LibraryRig, ManualClock, make_library

START = NOW - 60 * MINUTE
ALL = TimeRange(START - MINUTE, NOW)


async def opened(tmp_path: Path) -> LibraryRig:
    rig = make_library(tmp_path, ManualClock())
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    return rig


async def test_good_clips_stay(tmp_path: Path) -> None:
    rig = await opened(tmp_path)
    for number in range(3):
        rig.keep(START + number * 5 * MINUTE)
    report = await rig.library.care.verify(CAMERA, ALL)
    assert (report.checked, report.unchecked, report.damaged) == (3, 0, ())
    assert len(rig.files()) == 3
    await rig.library.close()


async def test_a_damaged_clip_is_put_aside_and_its_stretch_is_missing(
    tmp_path: Path,
) -> None:
    rig = await opened(tmp_path)
    good = rig.keep(START)
    bad = rig.keep(START + 5 * MINUTE)
    clip = await rig.library.browse.clip(bad)
    assert clip is not None
    path = rig.folder / clip.path
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))

    report = await rig.library.care.verify(CAMERA, ALL)

    assert report.damaged == (bad,)
    assert not path.exists()
    assert aside(path).read_bytes() == bytes(data), "nothing is deleted"
    left = await rig.library.browse.clip(bad)
    assert left is not None
    assert left.state is ClipState.MISSING
    [span] = [
        item
        for item in await rig.library.ledger.coverage(CAMERA, ALL)
        if item.state is CoverageState.MISSING
    ]
    assert span.range == clip.facts.range
    assert span.reason == "damaged"
    still = await rig.library.browse.clip(good)
    assert still is not None
    assert still.state is ClipState.COMPLETE

    await rig.library.care.check()
    again = await rig.library.browse.clip(bad)
    assert again is not None
    assert again.state is ClipState.MISSING, "a comparison does not bring it back"
    # the device still has it: it is fetched again, to the same place
    fresh = rig.keep(START + 5 * MINUTE)
    report = await rig.library.care.verify(CAMERA, ALL)
    assert report.damaged == ()
    found = await rig.library.browse.clip(fresh)
    assert found is not None
    assert found.state is ClipState.COMPLETE
    await rig.library.close()


async def test_a_truncated_and_a_vanished_clip_are_damaged_too(tmp_path: Path) -> None:
    rig = await opened(tmp_path)
    short, gone = rig.keep(START), rig.keep(START + 5 * MINUTE)
    for clip_id in (short, gone):
        clip = await rig.library.browse.clip(clip_id)
        assert clip is not None
        path = rig.folder / clip.path
        if clip_id == short:
            path.write_bytes(path.read_bytes()[:50])
        else:
            path.unlink()
    report = await rig.library.care.verify(CAMERA, ALL)
    assert set(report.damaged) == {short, gone}
    await rig.library.close()


async def test_storage_that_is_away_proves_nothing(tmp_path: Path) -> None:
    rig = await opened(tmp_path)
    kept = rig.keep(START)
    await rig.library.set_roots([])
    report = await rig.library.care.verify(CAMERA, ALL)
    clip = await rig.library.browse.clip(kept)
    assert clip is not None
    assert clip.state is ClipState.COMPLETE
    assert report.checked + report.unchecked == 1
    assert report.damaged == ()
    await rig.library.close()


async def test_it_ends_when_asked_and_an_index_in_trouble_is_no_damage(
    tmp_path: Path,
) -> None:
    rig = await opened(tmp_path)
    for number in range(3):
        rig.keep(START + number * 5 * MINUTE)
    verifier = Verifier(store_of(rig.library))
    answers = iter([True, False])
    report = verifier.verify(CAMERA, ALL, lambda: next(answers))
    assert (report.checked, report.damaged) == (1, ())
    failure = NvrError(ErrorKind.INDEX_FAILED, "locked")
    store_of(rig.library).files.size = _raise(failure)
    with pytest.raises(NvrError) as caught:
        verifier.verify(CAMERA, ALL, lambda: True)
    assert caught.value is failure
    await rig.library.close()


@pytest.mark.parametrize("meanwhile", ["deleted", "moved"])
async def test_a_clip_that_goes_while_it_is_read_is_not_damaged(
    tmp_path: Path, meanwhile: str
) -> None:
    rig = await opened(tmp_path)
    clip_id = rig.keep(START)
    store = store_of(rig.library)

    def vanish(path: Path) -> None:
        sql = (
            "update clip set state = 'trashed' where id = ?"
            if meanwhile == "deleted"
            else "update clip set path = 'recorder/garden/2027-01-15/x.mp4' where id = ?"
        )
        store.write(lambda c: c.execute(sql, (clip_id,)))

    store.files.size = vanish
    report = Verifier(store).verify(CAMERA, ALL, lambda: True)
    assert (report.checked, report.damaged) == (1, ())
    del store.files.size
    assert len(rig.files()) == 1
    await rig.library.close()


def _raise(error: NvrError):
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("source", "is_put_aside"), [(ClipSource.REPLAY, True), (ClipSource.LIVE, False)]
)
async def test_a_bad_sector_costs_no_footage_that_comes_only_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: ClipSource,
    is_put_aside: bool,
) -> None:
    """What can still be played of a live clip stays; the device has the others yet."""
    rig = await opened(tmp_path)
    clip_id = rig.keep(START, source=source)

    def fail(path: Path) -> str:
        raise NvrError(ErrorKind.STORAGE_FAILED, "Input/output error")

    monkeypatch.setattr(store_of(rig.library).files, "sha256", fail)
    report = await rig.library.care.verify(CAMERA, ALL)
    assert report.damaged == ((clip_id,) if is_put_aside else ())
    assert (report.checked, report.unchecked) == ((1, 0) if is_put_aside else (0, 1))
    await rig.library.close()
