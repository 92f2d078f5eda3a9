"""Clips and pictures over HTTP: authenticated, with Range, never by file name."""

from collections.abc import Awaitable
from contextlib import aclosing

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .core.errors import NvrError
from .core.models import Clip
from .file_response import SAFE, async_send_file, async_write, status_of
from .permissions import may_see
from .runtime import HUB, VtrackHub
from .runtime.reporting import REPORTS

CLIP_URL = f"/api/{DOMAIN}/clip/{{clip_id}}"
EXPORT_URL = f"/api/{DOMAIN}/export/{{export_id}}"
REPORT_URL = f"/api/{DOMAIN}/report/{{entry_id}}"
STRIP_URL = f"/api/{DOMAIN}/strip/{{clip_id}}"
THUMBNAIL_URL = f"/api/{DOMAIN}/thumbnail/{{clip_id}}"

_EXPORT_TYPES = {".mp4": "video/mp4", ".zip": "application/zip"}

FROM_START = "bytes=0-"
CACHE = "private, max-age=86400"


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views once."""
    hass.http.register_view(ClipView())
    hass.http.register_view(ThumbnailView())
    hass.http.register_view(StripView())
    hass.http.register_view(ExportView())
    hass.http.register_view(ReportView())


async def _picture(made: Awaitable[bytes]) -> web.Response:
    try:
        picture = await made
    except NvrError as error:
        return web.Response(status=status_of(error))
    return web.Response(
        body=picture,
        content_type="image/jpeg",
        headers={**SAFE, hdrs.CACHE_CONTROL: CACHE},
    )


def _person(request: web.Request) -> str:
    """Return who asks: every person has a share of what can be read and made at once."""
    user = request.get(KEY_HASS_USER)
    return user.id if user else ""


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
        """Return the file; `?download` makes browsers save it.

        What no browser can show is converted first; `?original` is what the camera sent.
        """
        hub, clip = await self._clip(request, clip_id)
        headers: dict[str, str] = {hdrs.CACHE_CONTROL: CACHE}
        if "download" in request.query:
            headers[hdrs.CONTENT_DISPOSITION] = (
                f'attachment; filename="{hub.download_name(clip)}"'
            )
        try:
            reader = await hub.library.browse.reader(clip.id)
        except NvrError as error:
            return web.Response(status=status_of(error))
        if hub.playback.is_needed(clip) and "original" not in request.query:
            reader.release()
            return await _converted(hub, request, clip, headers)
        with reader:  # not deleted while it is being sent
            facts = reader.clip.facts
            return await async_send_file(
                request,
                reader.path,
                content_type="video/mp4",
                etag=facts.sha256[:32],
                size=facts.size_bytes,
                headers=headers,
                person=_person(request),
            )

    head = get


async def _converted(
    hub: VtrackHub, request: web.Request, clip: Clip, headers: dict[str, str]
) -> web.StreamResponse:
    """Send a clip as H.264: whole with ranges, or from its start while it is made.

    HEAD makes nothing; without a file it tells no length.
    """
    is_from_start = request.headers.get(hdrs.RANGE, FROM_START) == FROM_START
    is_ready = hub.playback.is_ready(clip)
    if request.method == hdrs.METH_HEAD and not is_ready:
        return web.Response(
            content_type="video/mp4",
            headers={**headers, **SAFE, hdrs.CACHE_CONTROL: "no-store"},
        )
    try:
        if is_from_start and not is_ready:
            return await _growing(hub, request, clip, headers)
        path = await hub.playback.file(clip, _person(request))
    except NvrError as error:
        return web.Response(status=status_of(error))
    return await async_send_file(
        request,
        path,
        content_type="video/mp4",
        etag=f"{clip.facts.sha256[:32]}-h264",
        size=0,
        headers=headers,
        person=_person(request),
    )


async def _growing(
    hub: VtrackHub, request: web.Request, clip: Clip, headers: dict[str, str]
) -> web.StreamResponse:
    """Send a clip while it is converted; a failure on the way ends the connection."""
    response = web.StreamResponse(
        headers={**headers, **SAFE, hdrs.CACHE_CONTROL: "no-store"}
    )
    response.content_type = "video/mp4"
    async with aclosing(hub.playback.growing(clip, _person(request))) as pieces:
        try:
            async for piece in pieces:
                if not response.prepared:
                    await response.prepare(request)
                await async_write(request, response, piece)
        except NvrError:
            if not response.prepared:
                raise
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return response  # whoever asked has gone
    return response


class ThumbnailView(_FootageView):
    """A small picture from the start of a clip, made when first asked for."""

    url = THUMBNAIL_URL
    name = f"api:{DOMAIN}:thumbnail"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the picture as JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.async_thumbnail(clip.id, _person(request)))


class StripView(_FootageView):
    """Key pictures of a clip side by side, for a timeline to slide over."""

    url = STRIP_URL
    name = f"api:{DOMAIN}:strip"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the pictures as one JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.async_strip(clip.id, _person(request)))


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
            if export is not None:
                hub.library.exports.check_readable(export)
        except NvrError as error:
            raise web.HTTPServiceUnavailable from error
        if export is None or not export.is_ready:
            raise web.HTTPNotFound
        user = request.get(KEY_HASS_USER)
        if not all(may_see(hass, user, camera) for camera in export.cameras):
            raise web.HTTPForbidden
        return await async_send_file(
            request,
            export.path,
            content_type=_EXPORT_TYPES.get(
                export.path.suffix, "application/octet-stream"
            ),
            etag=f"{export.id:x}-{export.made_ms:x}",
            size=export.size_bytes,
            headers={
                hdrs.CACHE_CONTROL: CACHE,
                hdrs.CONTENT_DISPOSITION: (
                    f'attachment; filename="{hub.export_name(export)}"'
                ),
            },
            person=_person(request),
        )

    head = get


class ReportView(HomeAssistantView):
    """The latest report of a device, as a file to save; only for administrators."""

    url = REPORT_URL
    name = f"api:{DOMAIN}:report"
    requires_auth = True

    async def get(self, request: web.Request, entry_id: str) -> web.Response:
        """Return the file; 404 where none was made since Home Assistant started."""
        user = request.get(KEY_HASS_USER)
        if user is None or not user.is_admin:
            raise web.HTTPForbidden
        made = request.app[KEY_HASS].data.get(REPORTS, {}).get(entry_id)
        if made is None:
            raise web.HTTPNotFound
        return web.Response(
            text=made.text,
            content_type="application/json",
            headers={
                hdrs.CACHE_CONTROL: "no-store",
                hdrs.CONTENT_DISPOSITION: (
                    f'attachment; filename="{DOMAIN}_device_report.json"'
                ),
            },
        )
