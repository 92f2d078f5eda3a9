"""*Play from here* in the media browser: a stretch of a camera, over clips and gaps."""

from collections.abc import Iterator

from homeassistant.components.media_player import MediaClass, MediaType
from homeassistant.components.media_source import BrowseMediaSource, PlayMedia
from homeassistant.core import HomeAssistant

from .clip_links import clip_url, hls_url, thumbnail_url
from .const import DOMAIN
from .core.errors import ErrorKind, NvrError
from .core.intervals import HOUR_MS, TimeRange
from .core.library.values import CameraInfo
from .core.models import CameraKey, CoverageState
from .core.playback.viewings import LONGEST_MS
from .media_identifier import PlayNode
from .phrases import Phrases
from .players import STREAM_TYPE, can_play_stream, list_for
from .runtime import HUB, VtrackHub
from .times import local_time

MP4_TYPE = "video/mp4"


def blocks_of(whole: TimeRange) -> Iterator[TimeRange]:
    """Yield a day (or less) in stretches that can be watched at once."""
    for start_ms in range(whole.start_ms, whole.end_ms, LONGEST_MS):
        yield TimeRange(start_ms, min(start_ms + LONGEST_MS, whole.end_ms))


async def play_items(
    hub: VtrackHub, phrases: Phrases, camera: CameraKey, whole: TimeRange
) -> list[BrowseMediaSource]:
    """Return what to play of a day (or an hour): each stretch that holds footage."""
    kept = [
        span.range
        for span in await hub.library.browse.coverage(camera, whole)
        if span.state is CoverageState.KEPT
    ]
    found: list[BrowseMediaSource] = []
    for block in blocks_of(whole):
        inside = [part for span in kept if (part := span.intersection(block))]
        if not inside:
            continue
        start_ms = inside[0].start_ms
        place = PlayNode(camera, TimeRange(start_ms, block.end_ms))
        start = f"{local_time(start_ms):%H:%M}"
        item = _item(place, phrases.get("play_from", start=start))
        for clip_id in await _first(hub, place):
            item.thumbnail = thumbnail_url(clip_id)
        found.append(item)
    return found


def latest_item(phrases: Phrases, info: CameraInfo) -> list[BrowseMediaSource]:
    """Return how to play the newest footage of a camera, where it has any."""
    totals = info.totals
    if totals.last_start_ms is None or totals.last_clip_id is None:
        return []
    start_ms = totals.last_start_ms
    place = PlayNode(info.key, TimeRange(start_ms, start_ms + HOUR_MS))
    start = f"{local_time(start_ms):%H:%M}"
    item = _item(place, phrases.get("play_latest", start=start))
    item.thumbnail = thumbnail_url(totals.last_clip_id)
    return [item]


async def async_resolve_play(
    hass: HomeAssistant, place: PlayNode, player: str | None
) -> PlayMedia:
    """Return a playlist for players that can, else the clip of that moment.

    `player` is the entity it is for, None a person's browser. Raises `NO_FOOTAGE`.
    """
    if not 0 < place.range.duration_ms <= LONGEST_MS:
        raise NvrError(ErrorKind.NO_FOOTAGE, "nothing so long can be played")
    if can_play_stream(hass, player):
        url = hls_url(place.camera, place.range, list_for(hass, player))
        return PlayMedia(url, STREAM_TYPE)
    hub = hass.data[HUB]
    for clip_id in await _first(hub, place):
        with await hub.library.browse.reader(clip_id) as reader:
            return PlayMedia(clip_url(clip_id), MP4_TYPE, path=reader.path)
    raise NvrError(ErrorKind.NO_FOOTAGE, "nothing is kept in the range")


async def _first(hub: VtrackHub, place: PlayNode) -> list[int]:
    """Return the clip in which a stretch begins, nothing where none is left."""
    near = TimeRange(
        place.range.start_ms, min(place.range.start_ms + HOUR_MS, place.range.end_ms)
    )
    clips = await hub.library.browse.clips_at(place.camera, near)
    if not clips:
        clips = await hub.library.browse.clips_at(place.camera, place.range)
    return [clip.id for clip in clips[:1]]


def _item(place: PlayNode, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=str(place),
        media_class=MediaClass.VIDEO,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=True,
        can_expand=False,
    )
