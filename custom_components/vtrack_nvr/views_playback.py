"""Ranges of cameras for players: opened with a login, watched below a token."""

from http import HTTPStatus
import re
from typing import NamedTuple

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.const import KEY_HASS_REFRESH_TOKEN_ID
from homeassistant.core import HomeAssistant, callback

from .clip_links import (
    BROWSER_LIST,
    FETCH_BROWSER_LIST,
    HLS_URL,
    VIEWING_URL,
    camera_of_address,
)
from .const import DOMAIN
from .core.errors import STORAGE_KINDS, ErrorKind, NvrError
from .core.intervals import TimeRange
from .core.library.file_reader import FileState
from .core.playback.desk import ViewingDesk
from .core.playback.playlist import CONTENT_TYPE
from .core.playback.viewings import Viewing
from .file_response import SAFE, async_answer
from .playback_sessions import async_open
from .runtime import HUB
from .unlogged_view import UnloggedView

_WINDOW = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)
_BELOW = re.compile(
    r"(?P<h264>h264/)?(?:(?P<list>index\.m3u8|browser\.m3u8|media\.m3u8|map\.json)"
    r"|(?P<clip>\d{1,15})/(?:init\.mp4|(?P<first>\d{1,6})-(?P<last>\d{1,6})\.m4s))",
    re.ASCII,
)
_MEDIA = "media.m3u8"
_H264_MEDIA = f"h264/{_MEDIA}"
_OPENINGS: dict[str, tuple[str | None, str | None, bool]] = {
    "index.m3u8": (_MEDIA, None, False),
    "h264.m3u8": (None, _H264_MEDIA, False),
    BROWSER_LIST: (_MEDIA, _H264_MEDIA, False),
    "fetch.m3u8": (_MEDIA, None, True),
    "fetch-h264.m3u8": (None, _H264_MEDIA, True),
    FETCH_BROWSER_LIST: (_MEDIA, _H264_MEDIA, True),
}
"""Names of playlists: where they lead to below the token, to the original and to H.264, and
whether footage is fetched."""
_ORIGINALS = {"map.json", BROWSER_LIST}
"""What there is of a range once, and not again as H.264."""
_VIDEO = "video/mp4"
_HEADERS: dict[str, str] = {hdrs.CACHE_CONTROL: "private, max-age=86400, immutable"}
_NO_STORE = "no-store"
_SOON = "1"
_LATER = "5"


@callback
def async_register_playback(hass: HomeAssistant) -> None:
    """Register the views once."""
    hass.http.register_view(OpeningView())
    hass.http.register_view(ViewingView())


def error_response(error: NvrError) -> web.Response:
    """Return the answer that tells a player what to do: ask again, or not."""
    headers = {**SAFE, hdrs.CACHE_CONTROL: _NO_STORE}
    match error.kind:
        case ErrorKind.LIMIT:
            status, headers[hdrs.RETRY_AFTER] = HTTPStatus.TOO_MANY_REQUESTS, _SOON
        case ErrorKind.TIMEOUT | ErrorKind.CANCELLED:
            status, headers[hdrs.RETRY_AFTER] = HTTPStatus.SERVICE_UNAVAILABLE, _SOON
        case ErrorKind.UNSUPPORTED_CODEC:
            status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        case ErrorKind.NO_PERMISSION:
            status = HTTPStatus.FORBIDDEN
        case kind if kind in STORAGE_KINDS | {
            ErrorKind.INDEX_FAILED,
            ErrorKind.FFMPEG_FAILED,
        }:
            status, headers[hdrs.RETRY_AFTER] = HTTPStatus.SERVICE_UNAVAILABLE, _LATER
        case _:
            status = HTTPStatus.NOT_FOUND
    return web.Response(status=status, headers=headers)


def _text(text: str, content_type: str) -> web.Response:
    answer = web.Response(
        body=text.encode(),
        headers={
            **SAFE,
            hdrs.CACHE_CONTROL: _NO_STORE,
            hdrs.CONTENT_TYPE: content_type,
        },
    )
    answer.enable_compression()
    return answer


def _head(content_type: str) -> web.Response:
    """Answer HEAD: nothing is opened, read or made for it."""
    return web.Response(
        headers={
            **SAFE,
            hdrs.CACHE_CONTROL: _NO_STORE,
            hdrs.CONTENT_TYPE: content_type,
        }
    )


class OpeningView(HomeAssistantView):
    """A range of a camera as a playlist, for players that are given one address."""

    url = HLS_URL
    name = f"api:{DOMAIN}:hls"
    requires_auth = True

    async def get(
        self, request: web.Request, camera: str, window: str, name: str
    ) -> web.StreamResponse:
        """Open the range and return its master playlist; HEAD opens nothing."""
        hass = request.app[KEY_HASS]
        opening, found = _OPENINGS.get(name), _WINDOW.fullmatch(window)
        if opening is None:
            raise web.HTTPNotFound
        if request.method == hdrs.METH_HEAD:
            return _head(CONTENT_TYPE)
        media, converted, fetch = opening
        try:
            key = camera_of_address(camera)
            if found is None:
                raise ValueError(window)
            wanted = TimeRange(int(found.group(1)), int(found.group(2)))
            opened = await async_open(
                hass,
                request.get(KEY_HASS_USER),
                request.get(KEY_HASS_REFRESH_TOKEN_ID),
                key,
                wanted,
                fetch=fetch,
            )
            desk = hass.data[HUB].archive.desk
            viewing = await desk.use(opened.token)
            if viewing is None:
                raise NvrError(ErrorKind.NO_PERMISSION, "the camera may not be seen")
            below = f"../../../s/{opened.token}/"
            text = await desk.master(
                viewing, media and below + media, converted and below + converted
            )
            return _text(text, CONTENT_TYPE)
        except ValueError as error:
            raise web.HTTPBadRequest from error
        except NvrError as error:
            return error_response(error)

    head = get


class _Wanted(NamedTuple):
    """What is asked for below a token; `first` None is the init segment of the clip."""

    is_h264: bool
    list: str | None
    clip_id: int
    first: int | None
    last: int

    @property
    def content_type(self) -> str:
        """Return what the answer will be."""
        if self.list is None:
            return _VIDEO
        return "application/json" if self.list == "map.json" else CONTENT_TYPE

    @property
    def etag(self) -> str:
        """Return a name for the bytes: what is below an address never changes."""
        part = "init" if self.first is None else f"{self.first}-{self.last}"
        return f'"{self.clip_id}-{part}{"-h264" if self.is_h264 else ""}"'


def wanted_of(what: str) -> _Wanted | None:
    """Return what an address below a token names, None for nothing of ours."""
    found = _BELOW.fullmatch(what)
    if found is None or (found["h264"] and found["list"] in _ORIGINALS):
        return None
    first = found["first"]
    return _Wanted(
        found["h264"] is not None,
        found["list"],
        int(found["clip"] or 0),
        None if first is None else int(first),
        int(found["last"] or 0),
    )


class ViewingView(UnloggedView):
    """Everything below a token: playlists, init segments, segments.

    404 for a token that is none (any more): 401 would be logged, with the address.
    """

    url = VIEWING_URL.replace("{what}", "{what:.+}")
    name = f"api:{DOMAIN}:viewing"
    cors_allowed = True

    async def get(
        self, request: web.Request, token: str, what: str
    ) -> web.StreamResponse:
        """Return a playlist or a piece of footage; HEAD only answers."""
        hub = request.app[KEY_HASS].data.get(HUB)
        wanted = wanted_of(what)
        if hub is None or wanted is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        desk = hub.archive.desk
        viewing = await desk.use(token)
        if viewing is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            if request.method == hdrs.METH_HEAD:
                return _head(wanted.content_type)
            if wanted.list is not None:
                return await _list(desk, viewing, wanted)
            return await _piece(request, desk, viewing, wanted)
        except NvrError as error:
            return error_response(error)

    head = get


async def _list(desk: ViewingDesk, viewing: Viewing, wanted: _Wanted) -> web.Response:
    match wanted.list:
        case "index.m3u8" if wanted.is_h264:
            text = await desk.master(viewing, None, _MEDIA)
        case "index.m3u8":
            text = await desk.master(viewing, _MEDIA)
        case "browser.m3u8":
            text = await desk.master(viewing, _MEDIA, _H264_MEDIA)
        case "media.m3u8":
            text = await desk.media(viewing)
        case _:
            text = await desk.map(viewing)
    return _text(text, wanted.content_type)


async def _piece(
    request: web.Request, desk: ViewingDesk, viewing: Viewing, wanted: _Wanted
) -> web.StreamResponse:
    """Send an init segment or a segment, as it came or as H.264."""
    if wanted.first is None:
        init = await desk.init(viewing, wanted.clip_id, is_h264=wanted.is_h264)
        return await _bytes(request, init, wanted)
    fragments = (wanted.first, wanted.last)
    if not wanted.is_h264:
        with await desk.segment(viewing, wanted.clip_id, fragments) as piece:
            return await async_answer(
                request, piece, piece.state, wanted.etag, {**_HEADERS}, _VIDEO
            )
    made = await desk.h264_segment(viewing, wanted.clip_id, fragments)
    return await _bytes(request, made, wanted)


class _Held:
    """Bytes in memory, to be sent as a file is."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, offset: int, count: int) -> bytes:
        return self._data[offset : offset + count]


async def _bytes(
    request: web.Request, data: bytes, wanted: _Wanted
) -> web.StreamResponse:
    state = FileState(len(data), 0.0)
    return await async_answer(
        request, _Held(data), state, wanted.etag, {**_HEADERS}, _VIDEO
    )
