"""Handing over clips: rows, names, folders, and the ledger that follows."""

import asyncio

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import ClipState, CoverageState

from .rig import CAMERA, MINUTE, NOW, LibraryRig


async def test_a_finished_clip_is_complete_and_at_its_name(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.state is ClipState.COMPLETE
    assert clip.path == "recorder/garden/2027-01-15/09-00-00+0100.mp4"
    assert rig.files() == [clip.path]
    assert (rig.folder / clip.path).stat().st_size == clip.facts.size_bytes


async def test_a_finished_clip_covers_what_was_on_the_device(rig: LibraryRig) -> None:
    whole = TimeRange(NOW, NOW + 10 * MINUTE)
    await rig.library.ledger.mark(CAMERA, [whole], CoverageState.ON_DEVICE)
    await asyncio.to_thread(rig.keep, NOW)
    spans = await rig.library.ledger.coverage(CAMERA, whole)
    assert [(s.state, s.range.duration_ms) for s in spans] == [
        (CoverageState.KEPT, 5 * MINUTE),
        (CoverageState.ON_DEVICE, 5 * MINUTE),
    ]
    totals = await rig.library.ledger.totals(CAMERA)
    assert totals.kept_ms == 5 * MINUTE
    assert totals.by_state_ms == {CoverageState.ON_DEVICE: 5 * MINUTE}
    assert totals.coverage_percent == 50.0
