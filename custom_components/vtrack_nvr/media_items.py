"""What is shown of the archive in the media browser: folders, clips, exports, as items."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from homeassistant.components.media_player import MediaClass, MediaType
from homeassistant.components.media_source import BrowseMediaSource

from .clip_links import THUMBNAIL_URL
from .const import DOMAIN
from .core.intervals import TimeRange
from .core.library.values import CameraInfo, Export
from .core.models import CameraKey, Clip, ClipProblem, CoverageState, NvrKey
from .media_identifier import (
    CameraNode,
    ClipNode,
    DeviceNode,
    ExportNode,
    MediaIdentifier,
    NvrNode,
)
from .phrases import Phrases
from .times import local_time

MINUTE_MS = 60_000


def clock_text(moment: datetime, form: str = "%H:%M:%S") -> str:
    """Return a local time; in the hour that comes twice with what tells the two apart."""
    other = moment.replace(fold=1 - moment.fold)
    # a time that the clock skips has two offsets as well, but is never a real moment's
    if moment.utcoffset() == other.utcoffset():
        return f"{moment:{form}}"
    return f"{moment:{form} %Z}"


class Items:
    """Makes items with the words of one language."""

    def __init__(self, phrases: Phrases) -> None:
        """Take the words."""
        self.phrases = phrases

    def folder(
        self,
        place: MediaIdentifier,
        title: str,
        children: Sequence[BrowseMediaSource] | None = None,
        children_class: MediaClass | None = None,
    ) -> BrowseMediaSource:
        """Return a folder, with what is in it once it is opened."""
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=str(place) or None,
            media_class=MediaClass.DIRECTORY,
            media_content_type=MediaType.VIDEO,
            title=title,
            can_play=False,
            can_expand=True,
            can_search=True,
            children=None if children is None else list(children),
            children_media_class=children_class,
        )

    def video(
        self, place: MediaIdentifier, title: str, thumbnail: str | None = None
    ) -> BrowseMediaSource:
        """Return something to play."""
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=str(place),
            media_class=MediaClass.VIDEO,
            media_content_type=MediaType.VIDEO,
            title=title,
            can_play=True,
            can_expand=False,
            thumbnail=thumbnail,
        )

    def nvr(self, nvr: NvrKey, cameras: Sequence[CameraInfo]) -> BrowseMediaSource:
        """Return an NVR with the newest picture of its cameras."""
        item = self.folder(NvrNode(nvr), cameras[0].nvr_name)
        newest = max(cameras, key=lambda camera: camera.totals.last_start_ms or 0)
        item.thumbnail = _picture_of(newest)
        return item

    def camera(self, camera: CameraInfo) -> BrowseMediaSource:
        """Return a camera with its newest picture."""
        item = self.folder(CameraNode(camera.key), camera.name)
        item.thumbnail = _picture_of(camera)
        return item

    def clip(self, clip: Clip, before: str = "") -> BrowseMediaSource:
        """Return a clip; its title begins with its time, or with what stands `before` it."""
        title = f"{before}{self._length_title(clip.facts.range)}"
        if clip.is_protected:
            title = self.phrases.get("protected", title=title)
        if clip.facts.problem in set(ClipProblem):
            key = f"clip_problem_{clip.facts.problem}"
            title = self.phrases.get(key, title=title)
        thumbnail = THUMBNAIL_URL.format(clip_id=clip.id)
        return self.video(ClipNode(clip.id), title, thumbnail)

    def on_device(
        self, camera: CameraKey, stretch: TimeRange, state: str
    ) -> BrowseMediaSource:
        """Return footage that is not kept yet; playing it fetches it."""
        is_coming = state == CoverageState.FETCHING
        title = self.phrases.get(
            "being_fetched" if is_coming else "on_device",
            title=self._length_title(stretch),
        )
        return self.video(DeviceNode(camera, stretch), title)

    def export(
        self, export: Export, names: Mapping[CameraKey, str]
    ) -> BrowseMediaSource:
        """Return a film that was made of footage."""
        start = local_time(export.range.start_ms)
        title = self.phrases.get(
            "export_title",
            title=f"{start:%Y-%m-%d} {self._length_title(export.range)}",
            cameras=", ".join(names[key] for key in export.cameras),
        )
        return self.video(ExportNode(export.id), title)

    def _length_title(self, stretch: TimeRange) -> str:
        start = clock_text(local_time(stretch.start_ms))
        seconds = round(stretch.duration_ms / 1000)
        if seconds < 60:
            return self.phrases.get("clip_title_seconds", start=start, seconds=seconds)
        minutes = round(seconds / 60)
        return self.phrases.get("clip_title", start=start, minutes=minutes)


def _picture_of(camera: CameraInfo) -> str | None:
    clip_id = camera.totals.last_clip_id
    return None if clip_id is None else THUMBNAIL_URL.format(clip_id=clip_id)
