"""Clips and pictures over HTTP: authenticated, with Range, never by file name."""

from collections.abc import Awaitable

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.core import HomeAssistant, callback

from .clip_links import (
    CLIP_URL,
    EXPORT_URL,
    FRAME_URL,
    REPORT_URL,
    STRIP_URL,
    THUMBNAIL_URL,
)
from .clip_response import async_send_clip
from .const import DOMAIN
from .core.errors import NvrError
from .core.models import Clip
from .file_response import SAFE, async_send_file, status_of
from .permissions import may_see
from .runtime import HUB, VtrackHub
from .runtime.reporting import REPORTS

EXPORT_TYPES = {".mp4": "video/mp4", ".zip": "application/zip"}

CACHE = "private, max-age=86400"


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the views once."""
    hass.http.register_view(ClipView())
    hass.http.register_view(ThumbnailView())
    hass.http.register_view(StripView())
    hass.http.register_view(FrameView())
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
        """Return the clip with its table first; `?download` makes browsers save it.

        What no browser can show is converted first, anything else with `?h264`;
        `?original` is the file byte for byte.
        """
        hub, clip = await self._clip(request, clip_id)
        headers: dict[str, str] = {hdrs.CACHE_CONTROL: CACHE}
        if "download" in request.query:
            headers[hdrs.CONTENT_DISPOSITION] = (
                f'attachment; filename="{hub.download_name(clip)}"'
            )
        return await async_send_clip(request, hub, clip, _person(request), headers)

    head = get


class ThumbnailView(_FootageView):
    """A small picture from the start of a clip, made when first asked for."""

    url = THUMBNAIL_URL
    name = f"api:{DOMAIN}:thumbnail"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the picture as JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.archive.pictures.picture(clip.id, _person(request)))


class StripView(_FootageView):
    """Key pictures of a clip side by side, for a timeline to slide over."""

    url = STRIP_URL
    name = f"api:{DOMAIN}:strip"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Return the pictures as one JPEG."""
        hub, clip = await self._clip(request, clip_id)
        return await _picture(hub.archive.pictures.strip(clip.id, _person(request)))


class FrameView(_FootageView):
    """One exact picture of a clip, for a timeline on which somebody rests."""

    url = FRAME_URL
    name = f"api:{DOMAIN}:frame"

    async def get(
        self, request: web.Request, clip_id: str, at_ms: str
    ) -> web.StreamResponse:
        """Return the picture of a second, told in ms after the clip's start, as JPEG."""
        hub, clip = await self._clip(request, clip_id)
        if not at_ms.isdecimal() or len(at_ms) > 9:
            raise web.HTTPBadRequest
        if int(at_ms) > clip.facts.range.duration_ms:
            raise web.HTTPNotFound
        made = hub.archive.pictures.frame(clip.id, int(at_ms), _person(request))
        return await _picture(made)


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
            content_type=EXPORT_TYPES.get(
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
