"""A library of footage whose pictures tell their number, served to real browsers."""

import asyncio
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

from aiohttp import web
from aiohttp.test_utils import TestServer
import av
from homeassistant.components.http import KEY_HASS

from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.models import ClipSource, ClockEra
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.runtime import HUB
from custom_components.vtrack_nvr.views_playback import ViewingView
from tests.core.media import encoded
from tests.core.playback.rig import CAMERA, PlaybackRig
from tests.simulator.footage_picture import draw
from tests.simulator.timeline import FRAME_MS, Look, frame_number

PAGE = Path(__file__).parents[2] / "scripts" / "browser_lib"
HLS = (
    Path(__file__).parents[2]
    / "custom_components/vtrack_nvr/frontend/vtrack-nvr-hls.js"
)
GOP_MS = 1000
LOOK = Look("Yard", "H264", 640, 360, gop_ms=GOP_MS)
SMALL = Look("Yard", "H264", 320, 180, gop_ms=GOP_MS)
H265 = Look("Yard", "H265", 640, 360, gop_ms=GOP_MS)
_CODECS = {"H264": Codec.H264, "H265": Codec.H265}


def numbers(start_ms: int, seconds: float) -> list[int]:
    """Return the numbers of the pictures of a stretch."""
    first = frame_number(start_ms)
    return list(range(first, first + round(seconds * 1000) // FRAME_MS))


def encoded_group(look: Look, start_ms: int) -> list[TimedUnit]:
    """Return a group of numbered pictures whose parameter sets tell their true rate.

    The simulator's tell a thousand pictures a second. Chromium and Firefox do not mind;
    GStreamer, and so WebKitGTK, believes them rather than the file, and then each picture
    is shown for a millisecond.
    """
    h264 = look.codec == "H264"
    context = av.CodecContext.create("libx264" if h264 else "libx265", "w")
    context.width, context.height, context.pix_fmt = look.width, look.height, "yuv420p"
    context.time_base, context.framerate = Fraction(FRAME_MS, 1000), 1000 // FRAME_MS
    count = GOP_MS // FRAME_MS
    common = f"keyint={count}:min-keyint={count}:scenecut=0:bframes=0:repeat-headers=1"
    common += ":annexb=1"
    context.options = {"preset": "ultrafast", "x264-params": common}
    if not h264:
        common += ":log-level=none:pools=none:wpp=0:frame-threads=1"
        context.options = {"preset": "ultrafast", "x265-params": common}
    packets = []
    for index in range(count):
        plane = draw(look, start_ms + index * FRAME_MS)
        frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
        frame.pts, frame.time_base = index, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    return [
        TimedUnit(
            (start_ms + packet.pts * FRAME_MS) * 1000,
            AccessUnit(
                0,
                bytes(packet),
                (start_ms + packet.pts * FRAME_MS) * 90,
                None,
                packet.is_keyframe,
            ),
        )
        for packet in packets
    ]


class Writing:
    """A clip under way: each group is there for players as soon as it is written."""

    def __init__(self, series: ClipSeries, video: TrackFormat, gops: list[Gop]) -> None:
        self._series, self._video, self._gops = series, video, gops
        self._sound: TrackFormat | None = None

    def with_sound(self, sound: TrackFormat) -> None:
        self._sound = sound

    async def write(self, count: int) -> None:
        for _ in range(count):
            gop = self._gops.pop(0)
            await asyncio.to_thread(self._series.write, gop, self._video, self._sound)

    async def finish(self) -> None:
        await self.write(len(self._gops))
        await asyncio.to_thread(self._series.finish)


class BrowserRig:
    """One camera's footage in a library, and the server of its viewings."""

    def __init__(self, playback: PlaybackRig) -> None:
        self.playback = playback

    def begin(
        self, start_ms: int, seconds: int, look: Look = LOOK, rate: int | None = 16_000
    ) -> Writing:
        """Begin a clip; `rate` is that of its sound, None: it has none."""
        plan = SeriesPlan(
            CAMERA,
            ClockEra(0, 0, 0),
            ClipSource.LIVE,
            86_400_000,
            Bounds(),
            check_tables,
        )
        series = ClipSeries(self.playback.library.ledger.sink(CAMERA), plan)
        codec = _CODECS[look.codec]
        gops, sets = [], ()
        for at_ms in range(start_ms, start_ms + seconds * 1000, GOP_MS):
            units = encoded_group(look, at_ms)
            sets = annexb.parameter_sets(units[0].unit.data, codec)
            gop = Gop(units, bytes=sum(len(item.unit.data) for item in units))
            gop.end_us = (at_ms + GOP_MS) * 1000
            if rate is not None:
                count = rate * GOP_MS // 1000 // 1024
                gop.audio[:] = encoded.aac_units(at_ms * 1000, count, rate)
            gops.append(gop)
        video = TrackFormat(TrackKind.VIDEO, codec, 90_000, parameter_sets=sets)
        writing = Writing(series, video, gops)
        if rate is not None:
            writing.with_sound(encoded.aac_format(rate))
        return writing

    async def keep(
        self, start_ms: int, seconds: int, look: Look = LOOK, rate: int | None = 16_000
    ) -> None:
        """Keep a clip."""
        await self.begin(start_ms, seconds, look, rate).finish()


async def serve(rig: BrowserRig) -> TestServer:
    """Serve the page and what is below tokens; the caller closes it."""
    hub = SimpleNamespace(archive=SimpleNamespace(desk=rig.playback.desk))
    hass = SimpleNamespace(data={HUB: hub}, is_stopping=False)
    app = web.Application()
    app[KEY_HASS] = hass
    ViewingView().register(hass, app, app.router)

    async def file(request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        path = HLS if name == "hls.mjs" else PAGE / name
        headers = {"Content-Type": "text/html"}
        if not name.endswith("html"):
            headers = {"Content-Type": "text/javascript"}
        return web.FileResponse(path, headers=headers)

    app.router.add_get(
        "/{name:playback_page\\.html|(playback_page|read_picture)\\.js|hls\\.mjs}", file
    )
    server = TestServer(app)
    await server.start_server()
    return server
