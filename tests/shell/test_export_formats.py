"""An export of a range in which the camera's picture changes its format."""

import asyncio
from pathlib import Path
import zipfile

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.values import ExportState
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource, NvrKey
from tests.core.media import encoded
from tests.core.media.test_join import make

CAMERA = CameraKey("nvr/1")


async def test_it_is_a_zip_of_films_and_one_entry_in_the_book(
    hass: HomeAssistant, media_dir: Path, tmp_path: Path
) -> None:
    assert media_dir
    assert await async_setup_component(hass, DOMAIN, {})
    hub = hass.data[DOMAIN]
    library = hub.library
    await library.register_nvr(NvrKey("nvr"), "Recorder")
    await library.register_camera(NvrKey("nvr"), CAMERA, "Garden")

    def keep() -> None:
        sink = library.ledger.sink(CAMERA)
        for offset_ms, size in ((0, (160, 120)), (4_000, (320, 240))):
            part = make(tmp_path, offset_ms, size=size)
            start = ClipStart(
                CAMERA, part.utc_start_ms, part.utc_start_ms, 0, ClipSource.REPLAY
            )
            target = sink.open(start)
            target.part_path.write_bytes(part.path.read_bytes())
            facts = ClipProbe().salvage(target.part_path, start)
            assert facts is not None
            sink.finish(target, facts)

    await asyncio.to_thread(keep)
    wanted = TimeRange(encoded.START_MS, encoded.START_MS + 8_000)
    export = await hub.archive.exports.make({CAMERA: "garden"}, wanted, keep_gaps=True)
    assert export.path.suffix == ".zip"
    assert export.state is ExportState.READY
    with zipfile.ZipFile(export.path) as archive:
        assert set(archive.namelist()) == {
            "garden.mp4",
            "garden_2.mp4",
            "manifest.json",
        }
    assert await library.exports.all() == (export,)
    half = TimeRange(encoded.START_MS, encoded.START_MS + 3_000)
    film = await hub.archive.exports.make({CAMERA: "garden"}, half, keep_gaps=True)
    assert film.path.suffix == ".mp4"
