"""The archive as folders: NVR, camera, day, hour, and what is in an hour.

Beside them lie what is protected, what has events, and films that were made. All answers
come from the index. Titles are made to be read by machines as well: days begin with
`YYYY-MM-DD`, hours with `HH:MM`, clips with `HH:MM:SS`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.media_player import MediaClass
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .core.errors import ErrorKind, NvrError
from .core.intervals import TimeRange, cut
from .core.library.coverage_tiles import ON_REQUEST
from .core.library.values import CameraInfo, ClipPage, Export, SearchOrder
from .core.models import CameraKey, CoverageState, EventClass, NvrKey
from .media_identifier import (
    CameraNode,
    ClipNode,
    DayNode,
    DeviceNode,
    EventsNode,
    ExportNode,
    ExportsNode,
    FormerCameras,
    FoundNode,
    HourNode,
    MediaIdentifier,
    NvrNode,
    PlayNode,
    ProtectedNode,
    Top,
    parse_identifier,
)
from .media_items import MINUTE_MS, Items, clock_text
from .media_play import latest_item, play_items
from .media_search import Question, Spoken, question_of
from .permissions import asking_user, may_see
from .phrases import Phrases
from .runtime import HUB, VtrackHub
from .times import local_time

SEARCH_LIMIT = 100
HOUR_MS: Final = 3_600_000
CLIP_REACH_MS: Final = 300_000
"""A clip that began so much before the time asked for may still show it."""
PIECE_MS: Final = 5 * MINUTE_MS
"""Footage on the device is shown in pieces that begin at such times."""
_TO_COME: Final = frozenset(
    {
        CoverageState.ON_DEVICE,
        CoverageState.FETCHING,
        CoverageState.FAILED,
        CoverageState.MISSING,
        ON_REQUEST,
    }
)
"""What a device is believed to hold still."""


class MediaTree:
    """Opens folders and searches in them, for whoever asks now.

    Everything raises `NvrError`: GONE for what there is not, or not for them.
    """

    def __init__(self, hass: HomeAssistant, phrases: Phrases) -> None:
        """Answer in one language."""
        self._hass = hass
        self._phrases = phrases
        self._items = Items(phrases)

    @property
    def _hub(self) -> VtrackHub:
        return self._hass.data[HUB]

    async def browse(self, place: MediaIdentifier) -> BrowseMediaSource:
        """Return what is at a place."""
        match place:
            case ClipNode() | DeviceNode() | ExportNode():
                return await self._single(place)
            case ProtectedNode() | EventsNode():
                return await self._chosen(place)
            case ExportsNode():
                return await self._exports()
            case FoundNode(words, after, below):
                found = await self.search(parse_identifier(below), words, after)
                title = self._phrases.get("found_folder", words=words)
                return self._items.folder(place, title, found, MediaClass.VIDEO)
            case PlayNode():
                raise _gone()  # nothing lies below
            case _:
                return await self._level(place)

    async def _level(
        self,
        place: Top | FormerCameras | NvrNode | CameraNode | DayNode | HourNode,
    ) -> BrowseMediaSource:
        match place:
            case Top():
                return await self._top()
            case FormerCameras():
                return await self._former()
            case NvrNode(nvr):
                return await self._nvr(nvr)
            case CameraNode(camera):
                return await self._camera(camera)
            case DayNode(camera, day):
                return await self._day(camera, day)
            case HourNode(camera, start_ms, after):
                return await self._hour(camera, start_ms, after)

    async def _single(
        self, place: ClipNode | DeviceNode | ExportNode
    ) -> BrowseMediaSource:
        """Return something to play."""
        match place:
            case ClipNode(clip_id):
                return await self._clip(clip_id)
            case DeviceNode(camera, stretch):
                await self._info(camera)
                return self._items.on_device(camera, stretch, CoverageState.ON_DEVICE)
            case ExportNode(export_id):
                export = await self.export(export_id)
                return self._items.export(export, await self._names())

    async def export(self, export_id: int) -> Export:
        """Return a film that is ready, and that the person may see."""
        export = await self._hub.library.exports.get(export_id)
        if export is None or not self._is_film(export):
            raise _gone()
        return export

    # Searching

    async def search(
        self, place: MediaIdentifier, words: str, after: int | None = None
    ) -> list[BrowseMediaSource]:
        """Return cameras of that name and clips of that time, newest first.

        Below an NVR, a camera, a day or an hour, only there. The last item leads to the
        rest where there is more.
        """
        asked = question_of(
            words, dt_util.now().date(), self._spoken(), self._event_words()
        )
        cameras = {
            camera.key: camera
            for camera in await self._visible()
            if _is_below(camera, place) and asked.names(camera.name, camera.nvr_name)
        }
        if not cameras:
            return []
        if isinstance(place, DayNode) and asked.first is None:
            asked = replace(asked, first=place.day, last=place.day)
        window = self._window(asked)
        if isinstance(place, HourNode) and window is None:
            window = TimeRange(place.start_ms, place.start_ms + HOUR_MS)
        is_protected = asked.is_protected or isinstance(place, ProtectedNode)
        event_class = asked.event_class
        if isinstance(place, EventsNode):
            event_class = event_class or place.event_class
        found: list[BrowseMediaSource] = []
        if (
            asked.words
            and asked.first is None
            and after is None
            and isinstance(place, (Top, NvrNode))
        ):
            found = [self._items.camera(camera) for camera in cameras.values()]
        page = await self._hub.library.browse.search(
            cameras=tuple(cameras),
            window=window,
            event_class=event_class,
            is_protected=True if is_protected else None,
            limit=SEARCH_LIMIT,
            after=after,
        )
        found += self._dated(page, cameras)
        if page.next_after is not None:
            more = FoundNode(words, page.next_after, str(place))
            title = self._phrases.get("found_more", count=len(page.clips))
            found.append(self._items.folder(more, title))
        return found

    def _spoken(self) -> dict[str, Spoken]:
        """Return what people of the instance's language say for days."""
        return {
            text: word for word in Spoken for text in self._said(f"search_word_{word}")
        }

    def _event_words(self) -> dict[str, EventClass]:
        """Return what they say for events: the titles that they read, and other words."""
        return {
            text: event_class
            for event_class in EventClass
            for key in (f"event_{event_class}", f"search_event_{event_class}")
            for text in self._said(key)
        }

    def _said(self, key: str) -> list[str]:
        """Return the words of one sentence with `/` between them, in lower case."""
        parts = self._phrases.get(key).casefold().split("/")
        return [text for part in parts if (text := " ".join(part.split()))]

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

    async def _top(self) -> BrowseMediaSource:
        cameras = await self._visible()
        nvrs: dict[NvrKey, list[CameraInfo]] = {}
        for camera in cameras:
            if not camera.is_former:
                nvrs.setdefault(camera.nvr, []).append(camera)
        children = [
            self._items.nvr(key, found)
            for key, found in sorted(nvrs.items(), key=lambda pair: pair[1][0].nvr_name)
        ]
        if any(camera.totals.clips for camera in cameras):
            children += self._choices(None)
        if any(
            self._is_film(export) for export in await self._hub.library.exports.all()
        ):
            title = self._phrases.get("exports_folder")
            children.append(self._items.folder(ExportsNode(), title))
        if any(camera.is_former and camera.totals.clips for camera in cameras):
            title = self._phrases.get("former_cameras")
            children.append(self._items.folder(FormerCameras(), title))
        return self._items.folder(Top(), "VTrack NVR", children, MediaClass.DIRECTORY)

    def _choices(self, camera: CameraKey | None) -> list[BrowseMediaSource]:
        """Return the folders beside the days."""
        return [
            self._items.folder(
                ProtectedNode(camera), self._phrases.get("protected_folder")
            ),
            self._items.folder(EventsNode(camera), self._phrases.get("events_folder")),
        ]

    async def _nvr(self, nvr: NvrKey) -> BrowseMediaSource:
        cameras = [
            camera
            for camera in await self._visible()
            if camera.nvr == nvr and not camera.is_former
        ]
        if not cameras:
            raise _gone()
        return self._items.folder(
            NvrNode(nvr),
            cameras[0].nvr_name,
            [self._items.camera(camera) for camera in cameras],
            MediaClass.DIRECTORY,
        )

    async def _former(self) -> BrowseMediaSource:
        cameras = [
            camera
            for camera in await self._visible()
            if camera.is_former and camera.totals.clips
        ]
        return self._items.folder(
            FormerCameras(),
            self._phrases.get("former_cameras"),
            [self._items.camera(camera) for camera in cameras],
            MediaClass.DIRECTORY,
        )

    async def _camera(self, camera: CameraKey) -> BrowseMediaSource:
        info = await self._info(camera)
        kept = {
            day.day: day.clips for day in await self._hub.library.browse.days(camera)
        }
        days = [
            self._items.folder(
                DayNode(camera, day),
                self._phrases.get("day_title", day=day.isoformat(), clips=clips),
            )
            for day, clips in kept.items()
        ]
        children = [*latest_item(self._phrases, info), *days]
        if days:
            children += self._choices(camera)
        return self._items.folder(
            CameraNode(camera), info.name, children, MediaClass.DIRECTORY
        )

    async def _day(self, camera: CameraKey, day: date) -> BrowseMediaSource:
        await self._info(camera)
        browse = self._hub.library.browse
        whole = browse.day_range(day)
        kept: Counter[int] = Counter()
        to_come: Counter[int] = Counter()
        for state, span in await browse.told(camera, whole):
            counts = kept if state == CoverageState.KEPT else to_come
            if counts is kept or state in _TO_COME:
                for hour, length_ms in _by_hour(whole, span.range):
                    counts[hour] += length_ms
        hours = [
            self._items.folder(
                HourNode(camera, hour),
                self._hour_title(hour, kept[hour], has_more=bool(to_come[hour])),
            )
            for hour in sorted({*kept, *to_come})
        ]
        children = [
            *await play_items(self._hub, self._phrases, camera, whole),
            *hours,
        ]
        return self._items.folder(
            DayNode(camera, day), day.isoformat(), children, MediaClass.DIRECTORY
        )

    def _hour_title(self, hour_ms: int, kept_ms: int, *, has_more: bool) -> str:
        hour = clock_text(local_time(hour_ms), "%H:%M")
        if kept_ms:
            minutes = max(1, round(kept_ms / MINUTE_MS))
            hour = self._phrases.get("hour_title", hour=hour, minutes=minutes)
        return self._phrases.get("on_device", title=hour) if has_more else hour

    async def _hour(
        self, camera: CameraKey, start_ms: int, after: int | None
    ) -> BrowseMediaSource:
        await self._info(camera)
        browse = self._hub.library.browse
        hour = TimeRange(start_ms, start_ms + HOUR_MS)
        page = await browse.search(
            cameras=(camera,), window=hour, order=SearchOrder.OLDEST, after=after
        )
        clips = list(page.clips)
        if (
            after is None
        ):  # what began in the hour before shows the beginning of this one
            moment = TimeRange(start_ms, start_ms + 1)
            early = await browse.clips_at(camera, moment)
            clips[:0] = [c for c in early if c.facts.range.start_ms < start_ms]
        found = [(clip.facts.range.start_ms, self._items.clip(clip)) for clip in clips]
        before = None if after is None else await browse.clip(after)
        here = TimeRange(
            start_ms if before is None else before.facts.range.start_ms,
            hour.end_ms if page.next_after is None else found[-1][0],
        )
        if self._may(camera, POLICY_CONTROL):
            for state, span in await browse.told(camera, here):
                if state in _TO_COME:
                    found += [
                        (piece.start_ms, self._items.on_device(camera, piece, state))
                        for piece in cut(span.range, PIECE_MS)
                    ]
        children = []
        if after is None:
            children = await play_items(self._hub, self._phrases, camera, hour)
        children += [item for _, item in sorted(found, key=lambda pair: pair[0])]
        if page.next_after is not None:
            more = HourNode(camera, start_ms, page.next_after)
            children.append(self._items.folder(more, self._phrases.get("more_clips")))
        return self._items.folder(
            HourNode(camera, start_ms, after),
            clock_text(local_time(start_ms), "%H:%M"),
            children,
            MediaClass.VIDEO,
        )

    async def _clip(self, clip_id: int) -> BrowseMediaSource:
        clip = await self._hub.library.browse.clip(clip_id)
        if clip is None or not self._may(clip.camera):
            raise _gone()
        return self._items.clip(clip)

    async def _chosen(self, place: ProtectedNode | EventsNode) -> BrowseMediaSource:
        """Return clips that are protected, or have events: the newest first."""
        if place.camera is not None:
            cameras = [await self._info(place.camera)]
        else:
            cameras = await self._visible()
        event_class = None
        title = self._phrases.get("protected_folder")
        if isinstance(place, EventsNode):
            event_class = place.event_class
            if event_class is None:
                return self._event_classes(place)
            title = self._phrases.get(f"event_{event_class}")
        page = await self._hub.library.browse.search(
            cameras=tuple(camera.key for camera in cameras),
            event_class=event_class,
            is_protected=True if event_class is None else None,
            after=place.after,
        )
        children = self._dated(page, {camera.key: camera for camera in cameras})
        if page.next_after is not None:
            more = replace(place, after=page.next_after)
            children.append(self._items.folder(more, self._phrases.get("more_clips")))
        return self._items.folder(place, title, children, MediaClass.VIDEO)

    def _event_classes(self, place: EventsNode) -> BrowseMediaSource:
        classes = [
            self._items.folder(
                replace(place, event_class=each), self._phrases.get(f"event_{each}")
            )
            for each in EventClass
        ]
        title = self._phrases.get("events_folder")
        return self._items.folder(place, title, classes, MediaClass.DIRECTORY)

    async def _exports(self) -> BrowseMediaSource:
        names = await self._names()
        films = [
            self._items.export(export, names)
            for export in await self._hub.library.exports.all()
            if self._is_film(export)
        ]
        title = self._phrases.get("exports_folder")
        return self._items.folder(ExportsNode(), title, films, MediaClass.VIDEO)

    def _dated(
        self, page: ClipPage, cameras: dict[CameraKey, CameraInfo]
    ) -> list[BrowseMediaSource]:
        """Return clips of several cameras and days: their titles tell which."""
        return [
            self._items.clip(
                clip,
                f"{cameras[clip.camera].name} · "
                f"{local_time(clip.facts.range.start_ms):%Y-%m-%d} ",
            )
            for clip in page.clips
        ]

    # People

    async def _visible(self) -> list[CameraInfo]:
        cameras = await self._hub.library.browse.cameras()
        return [camera for camera in cameras if self._may(camera.key)]

    async def _names(self) -> dict[CameraKey, str]:
        return {camera.key: camera.name for camera in await self._visible()}

    async def _info(self, camera: CameraKey) -> CameraInfo:
        for info in await self._visible():
            if info.key == camera:
                return info
        raise _gone()

    def _is_film(self, export: Export) -> bool:
        """Return whether an export can be played by whoever asks."""
        is_film = export.is_ready and export.path.suffix == ".mp4"
        return is_film and all(self._may(camera) for camera in export.cameras)

    def _may(self, camera: CameraKey, policy: str = POLICY_READ) -> bool:
        return may_see(self._hass, asking_user(), camera, policy)


def _is_below(camera: CameraInfo, place: MediaIdentifier) -> bool:
    match place:
        case NvrNode(nvr):
            return camera.nvr == nvr
        case CameraNode(key) | DayNode(key) | HourNode(key):
            return camera.key == key
        case ProtectedNode(key) | EventsNode(key):
            return key is None or camera.key == key
        case FormerCameras():
            return camera.is_former
        case _:
            return True


def _by_hour(day: TimeRange, span: TimeRange) -> Iterable[tuple[int, int]]:
    """Return how much of a stretch lies in which hour of its day (ms); hours by the clock."""
    hour_ms = day.start_ms + (span.start_ms - day.start_ms) // HOUR_MS * HOUR_MS
    while hour_ms < span.end_ms:
        inside = span.intersection(TimeRange(hour_ms, hour_ms + HOUR_MS))
        if inside is not None:
            yield hour_ms, inside.duration_ms
        hour_ms += HOUR_MS


def _gone() -> NvrError:
    return NvrError(ErrorKind.GONE, "there is no such place")
