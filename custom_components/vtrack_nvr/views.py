"""Clips and pictures over HTTP: authenticated, with Range, never by file name."""

from collections.abc import Awaitable
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from typing import override

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .core.errors import STORAGE_KINDS, NvrError
from .core.models import Clip
from .permissions import may_see
from .runtime import HUB, VtrackHub

CLIP_URL = f"/api/{DOMAIN}/clip/{{clip_id}}"
EXPORT_URL = f"/api/{DOMAIN}/export/{{export_id}}"
STRIP_URL = f"/api/{DOMAIN}/strip/{{clip_id}}"
THUMBNAIL_URL = f"/api/{DOMAIN}/thumbnail/{{clip_id}}"

CACHE = "private, max-age=86400"


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views once."""
    hass.http.register_view(ClipView())
    hass.http.register_view(ThumbnailView())
    hass.http.register_view(StripView())
    hass.http.register_view(ExportView())


class LeasedFileResponse(web.FileResponse):
    """A file that is not deleted while it is being sent."""

    def __init__(self, path: Path, lease: AbstractContextManager[object]) -> None:
        """Send `path` under `lease`."""
        super().__init__(path)
        self._lease = lease

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        with self._lease:
            return await super().prepare(request)


def _status_of(error: NvrError) -> HTTPStatus:
    if error.kind in STORAGE_KINDS:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND


async def _picture(made: Awaitable[bytes]) -> web.Response:
    try:
        picture = await made
    except NvrError as error:
        return web.Response(status=_status_of(error))
    return web.Response(
        body=picture,
        content_type="image/jpeg",
        headers={hdrs.CACHE_CONTROL: CACHE},
    )


class _FootageView(HomeAssistantView):
    """What the views share: find the clip, check the user, map errors to a status."""

    requires_auth = True

    async def _clip(self, request: web.Request, clip_id: str) -> tuple[VtrackHub, Clip]:
        hass = request.app[KEY_HASS]
        hub = hass.data.get(HUB)
        if hub is None:
            raise web.HTTPServiceUnavailable
        if not clip_id.isdecimal() or len(clip_id) > 15:
            raise web.HTTPBadRequest
        try:
            clip = await hub.library.browse.clip(int(clip_id))
        except NvrError as error:
            raise web.HTTPServiceUnavailable from error
        if clip is None:
            raise web.HTTPNotFound
        if not may_see(hass, request.get(KEY_HASS_USER), clip.camera):
            raise web.HTTPForbidden
        return hub, clip


class ClipView(_FootageView):
    """One clip as MP4; 206 with a Range, 503 while its storage is away."""

    url = CLIP_URL
    name = f"api:{DOMAIN}:clip"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the file; `?download` makes browsers save it."""
        hub, clip = await self._clip(request, clip_id)
        try:
            reader = await hub.library.browse.reader(clip.id)
        except NvrError as error:
            return web.Response(status=_status_of(error))
        response = LeasedFileResponse(reader.path, reader)
        response.content_type = "video/mp4"
        response.headers[hdrs.CACHE_CONTROL] = CACHE
        if "download" in request.query:
            response.headers[hdrs.CONTENT_DISPOSITION] = (
                f'attachment; filename="{hub.download_name(clip)}"'
            )
        return response


class ThumbnailView(_FootageView):
    """A small picture from the start of a clip, made when first asked for."""

    url = THUMBNAIL_URL
    name = f"api:{DOMAIN}:thumbnail"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the picture as JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.async_thumbnail(clip.id))


class StripView(_FootageView):
    """Key pictures of a clip side by side, for a timeline to slide over."""

    url = STRIP_URL
    name = f"api:{DOMAIN}:strip"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the pictures as one JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.async_strip(clip.id))


class ExportView(HomeAssistantView):
    """An export, as a file to save; only for those who may see all of its cameras."""

    url = EXPORT_URL
    name = f"api:{DOMAIN}:export"
    requires_auth = True

    async def get(self, request: web.Request, export_id: str) -> web.StreamResponse:
        """Return the file; 404 when it has expired or is not ready."""
        hass = request.app[KEY_HASS]
        hub = hass.data.get(HUB)
        if hub is None:
            raise web.HTTPServiceUnavailable
        if not export_id.isdecimal() or len(export_id) > 15:
            raise web.HTTPBadRequest
        try:
            export = await hub.library.exports.get(int(export_id))
        except NvrError as error:
            raise web.HTTPServiceUnavailable from error
        if export is None or not export.is_ready:
            raise web.HTTPNotFound
        user = request.get(KEY_HASS_USER)
        if not all(may_see(hass, user, camera) for camera in export.cameras):
            raise web.HTTPForbidden
        return web.FileResponse(
            export.path,
            headers={
                hdrs.CACHE_CONTROL: CACHE,
                hdrs.CONTENT_DISPOSITION: (
                    f'attachment; filename="{hub.export_name(export)}"'
                ),
            },
        )
