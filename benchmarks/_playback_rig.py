"""A library whose pictures say when they were taken, behind the views of playback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import tempfile
from types import SimpleNamespace
from typing import Any, override

from aiohttp import web
from homeassistant.components.http import KEY_HASS

from custom_components.vtrack_nvr.clip_response import async_send_clip
from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.library.file_reader import read_file
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import ClipSource
from custom_components.vtrack_nvr.core.playback.desk import ViewingDesk
from custom_components.vtrack_nvr.core.playback.footage import Footage
from custom_components.vtrack_nvr.runtime import HUB
from custom_components.vtrack_nvr.views_playback import ViewingView
from tests.core.library.rig import ManualClock
from tests.core.media import encoded
from tests.core.playback.rig import CAMERA, START, PlaybackRig, Writing
from tests.simulator.footage import FootageStore
from tests.simulator.timeline import FRAME_MS, Look

HERE = Path(__file__).parent
LOOK = Look("Porch", width=640, height=360, gop_ms=2000, pad_kbps=3000)
SMALL = Look("Porch", width=320, height=180, gop_ms=1000)
SOUND_RATE = 16_000


@cache
def _store() -> FootageStore:
    return FootageStore(Path(tempfile.gettempdir()) / "vtrack-bench-footage")


@dataclass(frozen=True, slots=True)
class Shot:
    """A clip to keep: when it begins (ms after START), how long it is, how it looks."""

    at_ms: int
    length_ms: int
    look: Look = LOOK
    sound: bool = True


def groups(shot: Shot) -> tuple[TrackFormat, list[Gop]]:
    """Return the pictures of a shot and its sound, and what they are coded as."""
    step = shot.look.gop_ms
    found: list[Gop] = []
    sets: tuple[bytes, ...] = ()
    for at in range(shot.at_ms, shot.at_ms + shot.length_ms, step):
        drawn = _store().gop(shot.look, START + at, step // FRAME_MS)
        sets = drawn.parameter_sets
        gop = Gop([])
        for unit in drawn.units:
            front = sets if unit.key else ()
            data = annexb.join_nals((*front, *unit.nals))
            time_us = unit.time_ms * 1000
            gop.video.append(
                TimedUnit(time_us, AccessUnit(0, data, 0, time_us, unit.key))
            )
            gop.bytes += len(data)
        gop.end_us = (START + at + step) * 1000
        found.append(gop)
    if shot.sound:
        _add_sound(found)
    codec = Codec.H264 if shot.look.codec == "H264" else Codec.H265
    video = TrackFormat(TrackKind.VIDEO, codec, 90_000, parameter_sets=sets)
    return video, found


def _add_sound(gops: list[Gop]) -> None:
    frames = encoded.aac(rate=SOUND_RATE)[1]
    start_us, number = gops[0].start_us, 0
    for gop in gops:
        while (at := start_us + number * 1024 * 1_000_000 // SOUND_RATE) < gop.end_us:
            data = frames[number % len(frames)]
            gop.audio.append(TimedUnit(at, AccessUnit(1, data, 0, None, is_key=True)))
            number += 1


class Waiting(ManualClock):
    """Waits as long as it says."""

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PlaybackBenchRig(PlaybackRig):
    """A house whose footage is drawn by the simulator, read as Home Assistant reads it."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet."""
        super().__init__(folder)
        browse = self.library.browse
        self.footage = Footage(browse, read_file)
        clock = Waiting(START + 8 * 3_600_000)
        self.desk = ViewingDesk(browse, self.footage, clock, read_file)

    def begin_shot(self, shot: Shot, source: ClipSource = ClipSource.REPLAY) -> Writing:
        """Begin a clip; blocking."""
        video, gops = groups(shot)
        start_ms = START + shot.at_ms
        start = ClipStart(CAMERA, start_ms, start_ms, 1, source)
        target = self.library.ledger.sink(CAMERA).open(start)
        writer = ClipWriter(
            target.part_path,
            video,
            encoded.aac_format(SOUND_RATE) if shot.sound else None,
            ClipTags(CAMERA, start_ms, start_ms, 1, source),
            gops[0].video[0].unit,
        )
        return Writing(target, writer, gops)

    async def keep_shot(self, shot: Shot) -> int:
        """Keep a clip; returns its id."""
        return await asyncio.to_thread(lambda: self.finish(self.begin_shot(shot)))


type Note = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


@asynccontextmanager
async def stage(
    folder: Path, note: Note
) -> AsyncIterator[tuple[PlaybackBenchRig, str]]:
    """Yield an open house and the address it is served at; `note` sees each answer."""
    rig = PlaybackBenchRig(folder)
    await rig.open()
    app = web.Application()
    # H.264 is what every browser shows: nothing is converted here.
    as_it_is = SimpleNamespace(is_needed=lambda _clip: False)
    hub: Any = SimpleNamespace(
        archive=SimpleNamespace(desk=rig.desk, playback=as_it_is),
        library=rig.library,
    )
    hass: Any = SimpleNamespace(data={HUB: hub}, is_stopping=False)
    app[KEY_HASS] = hass
    ViewingView().register(hass, app, app.router)
    runner = web.AppRunner(app, access_log=None)

    async def page(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(HERE / "_playback_page.html")

    async def hls_js(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(find_hls_js() or HERE / "none")

    async def clip(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(a_clip(rig))

    async def kept(request: web.Request) -> web.StreamResponse:
        found = await rig.library.browse.clip(1)
        assert found is not None
        return await async_send_clip(request, hub, found, "person", {})

    app.router.add_get("/page", page)
    app.router.add_get("/hls.js", hls_js)
    app.router.add_get("/clip", clip)
    app.router.add_get("/kept", kept)
    app.on_response_prepare.append(note)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield rig, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        await rig.library.close()


def a_clip(rig: PlaybackBenchRig) -> Path:
    """Return the file of a kept clip."""
    return next(rig.media.rglob("*.mp4"))


def find_hls_js() -> Path | None:
    """Return hls.js as the panel is built with it, None before `npm ci`."""
    found = HERE.parent / "frontend/node_modules/hls.js/dist/hls.light.min.js"
    return found if found.exists() else None
