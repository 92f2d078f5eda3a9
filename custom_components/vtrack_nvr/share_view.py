"""What a link shows to whoever has it, without a login.

Whatever a link does not open, or opens no more, is answered alike: who guesses learns
nothing. A token is in addresses only, and no log is told of them.
"""

from base64 import b64encode
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Final, override

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS
from homeassistant.core import HomeAssistant

from .clip_links import BROWSER_LIST, viewing_url
from .clip_response import async_send_clip
from .const import DOMAIN
from .core.errors import ErrorKind, NvrError
from .core.frames import Codec
from .core.library.share_values import Share, ShareKind
from .core.models import Clip
from .file_response import SAFE, async_send_file, status_of
from .phrases import Phrases
from .playback_sessions import async_open_playback
from .runtime import HUB, VtrackHub
from .shares import PLAYLIST_URL, SHARE_URL, async_is_open
from .times import local_time
from .unlogged_view import UnloggedView
from .views import EXPORT_TYPES

MOST_AT_ONCE: Final = 16
"""Answers of one link under way; a player asks for a few at a time."""
MOST_AT_ONCE_OF_ALL: Final = 64
MOST_MISSES: Final = 30
"""So often an address may ask for what is not there before it has to wait."""
MISSES_S: Final = 60.0
_MOST_ADDRESSES: Final = 1000

PRIVATE: Final = {
    **SAFE,
    hdrs.CACHE_CONTROL: "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
"""A link that ended must not go on in somebody's cache, nor be found by a search."""
_SCRIPT: Final = """
const video = document.querySelector("video");
const { playlist, converted } = video.dataset;
const alone = () => { video.src = playlist; };
import("/vtrack_nvr/frontend/vtrack-nvr-hls.js").then(({ default: Hls }) => {
  if (!Hls.isSupported()) return alone();
  const hls = new Hls({ enableWorker: false, startPosition: 0 });
  let isConverted = false;
  hls.on(Hls.Events.ERROR, (_name, error) => {
    if (!error.fatal || isConverted) return;
    isConverted = true;
    hls.loadSource(converted);
  });
  hls.loadSource(playlist);
  hls.attachMedia(video);
}).catch(alone);
"""
"""Plays by the player's library where there is one, else by the browser itself; what the
browser cannot show is asked for as H.264."""
_LISTS: Final = {
    "index": "index.m3u8",
    "h264": "h264/index.m3u8",
    "browser": BROWSER_LIST,
}
"""Where playlists of a link lead to."""
_STYLE: Final = (
    "body{font-family:system-ui,sans-serif;line-height:1.5;max-width:60rem;"
    "margin:1.5rem auto;padding:0 1rem}h1{font-size:1.4rem;line-height:1.3}"
    "video{display:block;width:100%;max-height:75vh;background:#000;border-radius:8px}"
)


def _source(text: str) -> str:
    """Return how a policy names a script or style that stands in its page."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_PAGE_POLICY: Final = (
    f"default-src 'none'; style-src {_source(_STYLE)}; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_PLAYER_POLICY: Final = (
    f"{_PAGE_POLICY}; script-src 'self' {_source(_SCRIPT)};"
    " media-src 'self' blob:; connect-src 'self'"
)


class Visits:
    """Bounds what is asked for without a login."""

    def __init__(self) -> None:
        """Know of nobody."""
        self._inside: Counter[int] = Counter()
        self._misses: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Since when, and how often, addresses asked for what is not there."""

    def is_flooding(self, address: str, now_s: float) -> bool:
        """Return whether an address asked in vain too often lately."""
        since_s, count = self._misses.get(address, (now_s, 0))
        return now_s - since_s < MISSES_S and count >= MOST_MISSES

    def missed(self, address: str, now_s: float) -> None:
        """Count that an address asked in vain."""
        since_s, count = self._misses.pop(address, (now_s, 0))
        if now_s - since_s >= MISSES_S:
            since_s, count = now_s, 0
        self._misses[address] = (since_s, count + 1)
        while len(self._misses) > _MOST_ADDRESSES:
            self._misses.popitem(last=False)

    @contextmanager
    def inside(self, share: Share) -> Iterator[None]:
        """Be answered; raises LIMIT where too much is under way."""
        is_full = self._inside.total() >= MOST_AT_ONCE_OF_ALL
        if is_full or self._inside[share.id] >= MOST_AT_ONCE:
            raise NvrError(ErrorKind.LIMIT, "a link is used by too many at once")
        self._inside[share.id] += 1
        try:
            yield
        finally:
            self._inside[share.id] -= 1
            if not self._inside[share.id]:
                del self._inside[share.id]


class _LinkView(UnloggedView):
    """What both addresses of a link share: find it, ask whether it is still open."""

    def __init__(self, visits: Visits) -> None:
        """Count visits together with the other address."""
        self._visits = visits

    async def get(
        self, request: web.Request, token: str, name: str = ""
    ) -> web.StreamResponse:
        """Answer with what the link shows, or with a page that it shows nothing."""
        hass = request.app[KEY_HASS]
        hub = hass.data.get(HUB)
        if hub is None:
            return _empty(HTTPStatus.SERVICE_UNAVAILABLE)
        address, now_s = request.remote or "", hass.loop.time()
        if self._visits.is_flooding(address, now_s):
            return _empty(HTTPStatus.TOO_MANY_REQUESTS)
        try:
            share = await hub.library.shares.find(token)
            if share is not None and await async_is_open(hass, share):
                with self._visits.inside(share):
                    answer = await self._show(request, hub, share, token, name)
                if answer.prepared or answer.status != HTTPStatus.NOT_FOUND:
                    return answer
        except NvrError as error:
            status = status_of(error)
            if status is not HTTPStatus.NOT_FOUND:
                return _empty(status)
        self._visits.missed(address, now_s)
        return await _closed(hass)

    head = get

    async def _show(
        self,
        request: web.Request,
        hub: VtrackHub,
        share: Share,
        token: str,
        name: str,
    ) -> web.StreamResponse:
        """Answer; an `NvrError` that is no passing one is told as a closed link."""
        raise NotImplementedError


class ShareView(_LinkView):
    """A clip, a picture or an export as it is; a page with a player for a range.

    A clip that a browser may not be able to show has such a page as well.
    """

    url = SHARE_URL
    name = f"api:{DOMAIN}:shared"

    @override
    async def _show(
        self,
        request: web.Request,
        hub: VtrackHub,
        share: Share,
        token: str,
        name: str,
    ) -> web.StreamResponse:
        hass = request.app[KEY_HASS]
        is_head = request.method == hdrs.METH_HEAD
        person = person_of(share)
        match share.target.kind, share.target.item_id:
            case ShareKind.CLIP, int(clip_id):
                clip = await hub.library.browse.clip(clip_id)
                if clip is None:
                    raise _gone()
                if _is_page_wanted(request, clip):
                    with await hub.library.browse.reader(clip_id):
                        return await _player(hass, share, token)
                return await async_send_clip(request, hub, clip, person, PRIVATE)
            case ShareKind.PICTURE, int(clip_id):
                with await hub.library.browse.reader(clip_id):
                    body = (
                        None
                        if is_head
                        else await hub.archive.pictures.picture(clip_id, person)
                    )
                return web.Response(
                    body=body, content_type="image/jpeg", headers=PRIVATE
                )
            case ShareKind.EXPORT, int(export_id):
                return await _export(request, hub, export_id, person)
            case _:
                return await _player(hass, share, token)


class SharePlaylistView(_LinkView):
    """The playlist of a link to a range, or to the range of a clip.

    It leads to one that lasts as long as it is used.
    """

    url = PLAYLIST_URL
    name = f"api:{DOMAIN}:shared_playlist"

    @override
    async def _show(
        self,
        request: web.Request,
        hub: VtrackHub,
        share: Share,
        token: str,
        name: str,
    ) -> web.StreamResponse:
        hass, target = request.app[KEY_HASS], share.target
        what = _LISTS.get(name)
        if target.kind not in {ShareKind.RANGE, ShareKind.CLIP} or what is None:
            raise _gone()
        await _check_kept(hub, share)
        if request.method == hdrs.METH_HEAD:
            return web.Response(content_type="application/x-mpegURL", headers=PRIVATE)

        async def is_open() -> bool:
            again = await hub.library.shares.find(token)
            if again is None or not await async_is_open(hass, again):
                return False
            try:
                await _check_kept(hub, share)
            except NvrError as error:
                return error.kind is not ErrorKind.GONE  # a storage may come back
            return True

        opened = await async_open_playback(
            hass,
            None,
            None,
            target.cameras[0],
            target.range.start_ms,
            target.range.end_ms,
            owner=f"share:{share.id}",
            check=is_open,
        )
        location = viewing_url(opened["token"], what)
        return web.Response(
            status=HTTPStatus.FOUND, headers={**PRIVATE, hdrs.LOCATION: location}
        )


def register_share_views(hass: HomeAssistant) -> None:
    """Register what links lead to."""
    visits = Visits()
    hass.http.register_view(ShareView(visits))
    hass.http.register_view(SharePlaylistView(visits))


def person_of(share: Share) -> str:
    """Return in whose name a link reads: its maker's guests have places of their own."""
    return f"share:{share.user}"


async def _export(
    request: web.Request, hub: VtrackHub, export_id: int, person: str
) -> web.StreamResponse:
    export = await hub.library.exports.get(export_id)
    if export is None or not export.is_ready:
        raise _gone()
    hub.library.exports.check_readable(export)
    name = hub.export_name(export)
    return await async_send_file(
        request,
        export.path,
        content_type=EXPORT_TYPES.get(export.path.suffix, "application/octet-stream"),
        etag=f"{export.id:x}-{export.made_ms:x}",
        size=export.size_bytes,
        headers={
            **PRIVATE,
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
        },
        person=person,
    )


def _is_page_wanted(request: web.Request, clip: Clip) -> bool:
    """Return whether somebody opens a link to a clip in a browser that may not show it.

    Players, and whoever fetches it to send it on, do not ask for a page.
    """
    return (
        clip.facts.video_codec is not Codec.H264
        and clip.facts.range.duration_ms > 0
        and not {"original", "h264"} & request.query.keys()
        and "text/html" in request.headers.get(hdrs.ACCEPT, "")
    )


async def _check_kept(hub: VtrackHub, share: Share) -> None:
    """Raise GONE where a link shows a clip that is none any more."""
    clip_id = share.target.item_id
    if share.target.kind is ShareKind.CLIP and clip_id is not None:
        (await hub.library.browse.reader(clip_id)).release()


async def _player(hass: HomeAssistant, share: Share, token: str) -> web.Response:
    """Return a page that plays the range; the footage itself comes by its playlist.

    The page of a clip offers its file, whose name tells the time alone.
    """
    phrases = await Phrases.async_load(hass)
    window = share.target.range
    start, end = local_time(window.start_ms), local_time(window.end_ms)
    title = phrases.get(
        "share_range_title", start=f"{start:%Y-%m-%d %H:%M:%S}", end=f"{end:%H:%M:%S}"
    )
    playlist = PLAYLIST_URL.format(token=token, name="browser")
    converted = PLAYLIST_URL.format(token=token, name="h264")
    file = ""
    if share.target.kind is ShareKind.CLIP:
        path = f"{SHARE_URL.format(token=token)}?original"
        name = f"{start:%Y-%m-%d_%H-%M-%S}.mp4"
        file = f'<p><a href="{path}" download="{name}">{name}</a></p>'
    return _page(
        hass,
        title,
        "<video controls autoplay muted playsinline"
        f' data-playlist="{playlist}" data-converted="{converted}"></video>'
        f"<p>{escape(phrases.get('share_range_text'))}</p>{file}"
        f'<script type="module">{_SCRIPT}</script>',
        policy=_PLAYER_POLICY,
    )


async def _closed(hass: HomeAssistant) -> web.Response:
    """Return the page that tells that a link shows nothing, whatever the reason."""
    phrases = await Phrases.async_load(hass)
    text = escape(phrases.get("share_closed_text"))
    return _page(
        hass,
        phrases.get("share_closed_title"),
        f"<p>{text}</p>",
        policy=f"{_PAGE_POLICY}; sandbox",
        status=HTTPStatus.NOT_FOUND,
    )


def _page(
    hass: HomeAssistant,
    title: str,
    body: str,
    *,
    policy: str,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    headers = {**PRIVATE, hdrs.CONTENT_SECURITY_POLICY: policy}
    shown = escape(title)
    language = escape(hass.config.language)
    return web.Response(
        text=f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{shown}</title><style>{_STYLE}</style><h1>{shown}</h1>{body}</html>",
        content_type="text/html",
        status=status,
        headers=headers,
    )


def _empty(status: HTTPStatus) -> web.Response:
    return web.Response(status=status, headers=PRIVATE)


def _gone() -> NvrError:
    return NvrError(ErrorKind.GONE, "what a link showed is gone")
