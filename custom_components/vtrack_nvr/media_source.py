"""The archive in Home Assistant's media browser, as `media_tree` lays it out.

What is played is given as an address: a clip or a film as one file; footage that is still
on the device as a stream that begins at once, or as a clip once it came.
"""

from typing import override

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.media_player import (
    BrowseError,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant

from .clip_links import BROWSER_LIST, CLIP_URL, EXPORT_URL, hls_url
from .const import DOMAIN
from .core.errors import NvrError
from .core.frames import Codec
from .media_identifier import (
    ClipNode,
    DeviceNode,
    ExportNode,
    FoundNode,
    MediaIdentifier,
    PlayNode,
    parse_identifier,
)
from .media_play import async_resolve_play
from .media_tree import MediaTree
from .permissions import asking_user, may_see
from .phrases import Phrases
from .players import STREAM_TYPE, can_play_stream, is_browser, list_for
from .runtime import HUB, VtrackHub

MIME_TYPE = "video/mp4"
FETCH_S = 60.0
"""How long a player that plays no streams waits for footage from the device."""


async def async_get_media_source(hass: HomeAssistant) -> VtrackMediaSource:
    """Return our part of the media browser."""
    return VtrackMediaSource(hass)


class VtrackMediaSource(MediaSource):
    """Everything that is kept or to be had, also of cameras and devices that are gone."""

    name = "VTrack NVR"

    def __init__(self, hass: HomeAssistant) -> None:
        """Read the index of the hub."""
        super().__init__(DOMAIN)
        self._hass = hass

    @property
    def _hub(self) -> VtrackHub:
        return self._hass.data[HUB]

    async def _tree(self) -> MediaTree:
        return MediaTree(self._hass, await Phrases.async_load(self._hass))

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        try:
            match parse_identifier(item.identifier or ""):
                case ClipNode(clip_id):
                    return await self._clip(clip_id, item.target_media_player)
                case ExportNode(export_id):
                    export = await (await self._tree()).export(export_id)
                    self._hub.library.exports.check_readable(export)
                    url = EXPORT_URL.format(export_id=export.id)
                    return PlayMedia(url, MIME_TYPE, path=export.path)
                case DeviceNode() as place:
                    return await self._from_device(place, item.target_media_player)
                case PlayNode() as place if may_see(
                    self._hass, asking_user(), place.camera
                ):
                    player = item.target_media_player
                    return await async_resolve_play(self._hass, place, player)
        except (NvrError, ValueError) as error:
            raise _unknown(Unresolvable) from error
        raise _unknown(Unresolvable)

    async def _clip(self, clip_id: int, player: str | None) -> PlayMedia:
        """Return a clip's file; a browser chooses where its pictures are not H.264."""
        browse = self._hub.library.browse
        clip = await browse.clip(clip_id)
        if clip is None or not may_see(self._hass, asking_user(), clip.camera):
            raise _unknown(Unresolvable)
        with await browse.reader(clip.id) as reader:
            if (
                clip.facts.video_codec is not Codec.H264
                and clip.facts.range.duration_ms > 0
                and is_browser(self._hass, player)
            ):
                url = hls_url(clip.camera, clip.facts.range, BROWSER_LIST)
                return PlayMedia(url, STREAM_TYPE)
            url = CLIP_URL.format(clip_id=clip.id)
            return PlayMedia(url, MIME_TYPE, path=reader.path)

    async def _from_device(self, place: DeviceNode, player: str | None) -> PlayMedia:
        """Return a stream that fetches as it is played; others wait for the first clip."""
        if not may_see(self._hass, asking_user(), place.camera, POLICY_CONTROL):
            raise _unknown(Unresolvable)
        if can_play_stream(self._hass, player):
            name = list_for(self._hass, player, fetch=True)
            url = hls_url(place.camera, place.range, name)
            return PlayMedia(url, STREAM_TYPE)
        saved = await self._hub.engine.save_clip(
            place.camera, place.range, FETCH_S, "media browser"
        )
        if not saved.clips:
            raise Unresolvable(
                translation_domain=DOMAIN, translation_key="not_fetched_yet"
            )
        return await self._clip(saved.clips[0].id, player)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        try:
            place = parse_identifier(item.identifier or "")
            return await (await self._tree()).browse(place)
        except (NvrError, ValueError) as error:
            raise _unknown(BrowseError) from error

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return what was found below a place; its last item leads to the rest."""
        try:
            place: MediaIdentifier = parse_identifier(item.identifier or "")
            if isinstance(place, FoundNode):
                place = parse_identifier(place.below)
            found = await (await self._tree()).search(place, query.search_query)
        except (NvrError, ValueError) as error:
            raise _unknown(BrowseError) from error
        return SearchMedia(result=found)


def _unknown[E: BrowseError | Unresolvable](kind: type[E]) -> E:
    return kind(translation_domain=DOMAIN, translation_key="unknown_media")
