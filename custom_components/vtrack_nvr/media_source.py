"""The archive in the media browser: NVR, camera, day, clip. All answers from the index."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import override

from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
    MediaType,
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
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.errors import NvrError
from .core.intervals import TimeRange
from .core.models import CameraKey, Clip, ClipProblem, NvrKey
from .flow_report import Phrases
from .media_identifier import (
    CameraNode,
    ClipNode,
    DayNode,
    FormerCameras,
    MediaIdentifier,
    NvrNode,
    Top,
    parse,
)
from .media_search import Question, question_of
from .permissions import asking_user, may_see
from .runtime import HUB, CameraInfo, VtrackHub
from .views import CLIP_URL, THUMBNAIL_URL

SEARCH_LIMIT = 100
HOUR_MS = 3_600_000
CLIP_REACH_MS = 300_000
"""A clip that began so much before the time asked for may still show it."""
MIME_TYPE = "video/mp4"


async def async_get_media_source(hass: HomeAssistant) -> VtrackMediaSource:
    """Return our part of the media browser."""
    return VtrackMediaSource(hass, await Phrases.async_load(hass))


def local_time(utc_ms: int) -> datetime:
    """Return a moment in the user's time zone."""
    return dt_util.as_local(datetime.fromtimestamp(utc_ms / 1000, UTC))


def _is_below(camera: CameraInfo, place: MediaIdentifier) -> bool:
    match place:
        case NvrNode(nvr):
            return camera.nvr == nvr
        case CameraNode(key) | DayNode(key):
            return camera.key == key
        case FormerCameras():
            return camera.is_former
        case _:
            return True


def clock_text(moment: datetime) -> str:
    """Return a local time; in the hour that comes twice with what tells the two apart."""
    other = moment.replace(fold=1 - moment.fold)
    # a time that the clock skips has two offsets as well, but is never a real moment's
    if moment.utcoffset() == other.utcoffset():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%H:%M:%S %Z}"


class VtrackMediaSource(MediaSource):
    """Everything that is kept, also of cameras and devices that are gone."""

    name = "VTrack NVR"

    def __init__(self, hass: HomeAssistant, phrases: Phrases) -> None:
        """Read the index of the hub."""
        super().__init__(DOMAIN)
        self._hass = hass
        self._phrases = phrases

    @property
    def _hub(self) -> VtrackHub:
        return self._hass.data[HUB]

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        try:
            place = parse(item.identifier or "")
        except ValueError as error:
            raise self._unknown(Unresolvable) from error
        if not isinstance(place, ClipNode):
            raise self._unknown(Unresolvable)
        browse = self._hub.library.browse
        try:
            clip = await browse.clip(place.clip_id)
            if clip is None or not self._may_see(clip.camera):
                raise self._unknown(Unresolvable)
            reader = await browse.reader(clip.id)
        except NvrError as error:
            raise self._unknown(Unresolvable) from error
        with reader:
            return PlayMedia(
                CLIP_URL.format(clip_id=clip.id), MIME_TYPE, path=reader.path
            )

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        try:
            place = parse(item.identifier or "")
        except ValueError as error:
            raise self._unknown(BrowseError) from error
        self._phrases = await Phrases.async_load(self._hass)  # people change languages
        try:
            return await self._browse(place)
        except NvrError as error:
            raise self._unknown(BrowseError) from error

    async def _browse(self, place: MediaIdentifier) -> BrowseMediaSource:
        match place:
            case Top():
                return await self._top()
            case FormerCameras():
                return await self._former()
            case NvrNode(nvr):
                return await self._nvr(nvr)
            case CameraNode(camera):
                return await self._camera(camera)
            case DayNode(camera, day, after):
                return await self._day(camera, day, after)
            case ClipNode(clip_id):
                clip = await self._hub.library.browse.clip(clip_id)
                if clip is None or not self._may_see(clip.camera):
                    raise self._unknown(BrowseError)
                return self._clip_item(clip)

    # Searching

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return cameras of that name and clips of that day, newest first.

        Below an NVR, a camera or a day, only there.
        """
        asked = question_of(query.search_query)
        try:
            place = parse(item.identifier or "")
        except ValueError as error:
            raise self._unknown(BrowseError) from error
        self._phrases = await Phrases.async_load(self._hass)
        try:
            return SearchMedia(result=await self._search(place, asked))
        except NvrError as error:
            raise self._unknown(BrowseError) from error

    async def _search(
        self, place: MediaIdentifier, asked: Question
    ) -> list[BrowseMediaSource]:
        cameras = {
            camera.key: camera
            for camera in await self._visible()
            if _is_below(camera, place) and asked.names(camera.name, camera.nvr_name)
        }
        if not cameras:
            return []
        if isinstance(place, DayNode) and asked.first is None:
            asked = replace(asked, first=place.day, last=place.day)
        found: list[BrowseMediaSource] = []
        if asked.words and asked.first is None and isinstance(place, (Top, NvrNode)):
            found = [self._camera_item(camera) for camera in cameras.values()]
        page = await self._hub.library.browse.search(
            cameras=tuple(cameras),
            window=self._window(asked),
            event_class=asked.event_class,
            limit=SEARCH_LIMIT,
        )
        for clip in page.clips:
            shown = self._clip_item(clip)
            day = local_time(clip.facts.range.start_ms).date().isoformat()
            shown.title = f"{cameras[clip.camera].name} · {day} {shown.title}"
            found.append(shown)
        return found

    def _window(self, asked: Question) -> TimeRange | None:
        if asked.first is None or asked.last is None:
            return None
        browse = self._hub.library.browse
        if asked.at is not None and asked.first == asked.last:
            moment = datetime.combine(
                asked.first, asked.at, dt_util.get_default_time_zone()
            )
            start_ms = round(moment.timestamp() * 1000)
            return TimeRange(start_ms - CLIP_REACH_MS, start_ms + HOUR_MS)
        return TimeRange(
            browse.day_range(asked.first).start_ms, browse.day_range(asked.last).end_ms
        )

    # Levels

    async def _visible(self) -> list[CameraInfo]:
        return [
            camera
            for camera in await self._hub.library.cameras()
            if self._may_see(camera.key)
        ]

    async def _top(self) -> BrowseMediaSource:
        cameras = await self._visible()
        nvrs: dict[NvrKey, list[CameraInfo]] = {}
        for camera in cameras:
            if not camera.is_former:
                nvrs.setdefault(camera.nvr, []).append(camera)
        children = [
            self._nvr_item(key, found)
            for key, found in sorted(nvrs.items(), key=lambda pair: pair[1][0].nvr_name)
        ]
        if any(camera.is_former and camera.totals.clips for camera in cameras):
            children.append(
                self._folder(FormerCameras(), self._phrases.get("former_cameras"))
            )
        return self._folder(Top(), self.name, children, MediaClass.DIRECTORY)

    async def _nvr(self, nvr: NvrKey) -> BrowseMediaSource:
        cameras = [
            camera
            for camera in await self._visible()
            if camera.nvr == nvr and not camera.is_former
        ]
        if not cameras:
            raise self._unknown(BrowseError)
        return self._folder(
            NvrNode(nvr),
            cameras[0].nvr_name,
            [self._camera_item(camera) for camera in cameras],
            MediaClass.DIRECTORY,
        )

    async def _former(self) -> BrowseMediaSource:
        cameras = [
            camera
            for camera in await self._visible()
            if camera.is_former and camera.totals.clips
        ]
        return self._folder(
            FormerCameras(),
            self._phrases.get("former_cameras"),
            [self._camera_item(camera) for camera in cameras],
            MediaClass.DIRECTORY,
        )

    async def _camera(self, camera: CameraKey) -> BrowseMediaSource:
        info = await self._info(camera)
        days = [
            self._folder(
                DayNode(camera, day.day),
                self._phrases.get(
                    "day_title",
                    day=day.day.isoformat(),
                    clips=day.clips,
                ),
            )
            for day in await self._hub.library.browse.days(camera)
        ]
        return self._folder(CameraNode(camera), info.name, days, MediaClass.DIRECTORY)

    async def _day(
        self, camera: CameraKey, day: date, after: int | None
    ) -> BrowseMediaSource:
        await self._info(camera)
        found = await self._hub.library.browse.clips_of_day(camera, day, after=after)
        children = [self._clip_item(clip) for clip in found.clips]
        if found.next_after is not None:
            children.append(
                self._folder(
                    DayNode(camera, day, found.next_after),
                    self._phrases.get("more_clips"),
                )
            )
        return self._folder(
            DayNode(camera, day, after), day.isoformat(), children, MediaClass.VIDEO
        )

    async def _info(self, camera: CameraKey) -> CameraInfo:
        for info in await self._visible():
            if info.key == camera:
                return info
        raise self._unknown(BrowseError)

    # Items

    def _nvr_item(self, nvr: NvrKey, cameras: list[CameraInfo]) -> BrowseMediaSource:
        item = self._folder(NvrNode(nvr), cameras[0].nvr_name)
        newest = max(cameras, key=lambda camera: camera.totals.last_start_ms or 0)
        if newest.totals.last_clip_id is not None:
            item.thumbnail = THUMBNAIL_URL.format(clip_id=newest.totals.last_clip_id)
        return item

    def _camera_item(self, camera: CameraInfo) -> BrowseMediaSource:
        item = self._folder(CameraNode(camera.key), camera.name)
        if camera.totals.last_clip_id is not None:
            item.thumbnail = THUMBNAIL_URL.format(clip_id=camera.totals.last_clip_id)
        return item

    def _clip_item(self, clip: Clip) -> BrowseMediaSource:
        start = clock_text(local_time(clip.facts.range.start_ms))
        seconds = round(clip.facts.range.duration_ms / 1000)
        title = (
            self._phrases.get("clip_title", start=start, minutes=round(seconds / 60))
            if seconds >= 60
            else self._phrases.get("clip_title_seconds", start=start, seconds=seconds)
        )
        if clip.is_protected:
            title = self._phrases.get("protected", title=title)
        if clip.facts.problem in set(ClipProblem):
            title = self._phrases.get(f"clip_problem_{clip.facts.problem}", title=title)
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=str(ClipNode(clip.id)),
            media_class=MediaClass.VIDEO,
            media_content_type=MediaType.VIDEO,
            title=title,
            can_play=True,
            can_expand=False,
            thumbnail=THUMBNAIL_URL.format(clip_id=clip.id),
        )

    @staticmethod
    def _folder(
        place: MediaIdentifier,
        title: str,
        children: list[BrowseMediaSource] | None = None,
        children_class: MediaClass | None = None,
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=str(place) or None,
            media_class=MediaClass.DIRECTORY,
            media_content_type=MediaType.VIDEO,
            title=title,
            can_play=False,
            can_expand=True,
            can_search=True,
            children=children,
            children_media_class=children_class,
        )

    # People and errors

    def _may_see(self, camera: CameraKey) -> bool:
        return may_see(self._hass, asking_user(), camera)

    @staticmethod
    def _unknown[E: BrowseError | Unresolvable](kind: type[E]) -> E:
        return kind(translation_domain=DOMAIN, translation_key="unknown_media")
