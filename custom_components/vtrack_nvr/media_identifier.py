"""What a place in the media browser is called: values, and their text form.

`<kind>/<parts…>`, each part percent-encoded, so that keys with any characters survive.
Kinds: `nvr/<key>`, `former`, `camera/<key>`, `day/<key>/<YYYY-MM-DD>`,
`hour/<key>/<start>[/<after>]`, `clip/<id>`, `device/<key>/<start>-<end>`,
`play/<key>/<start>-<end>`,
`protected/<key>[/<after>]`, `events/<key>[/<class>[/<after>]]`, `exports`, `export/<id>`,
`found/<words>/<after>`. Times are milliseconds of UTC, `after` is where a page begins, an
empty key all cameras. The empty text is the top.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, override
from urllib.parse import quote, unquote

from .core.intervals import TimeRange
from .core.models import CameraKey, EventClass, NvrKey

_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Top:
    """All NVRs."""

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return ""


@dataclass(frozen=True, slots=True)
class FormerCameras:
    """Cameras whose entry or subentry is gone."""

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return "former"


@dataclass(frozen=True, slots=True)
class NvrNode:
    """The cameras of one NVR."""

    nvr: NvrKey

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"nvr/{quote(self.nvr, safe='')}"


@dataclass(frozen=True, slots=True)
class CameraNode:
    """The days of one camera."""

    camera: CameraKey

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"camera/{quote(self.camera, safe='')}"


@dataclass(frozen=True, slots=True)
class DayNode:
    """The hours of one local day."""

    camera: CameraKey
    day: date

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"day/{quote(self.camera, safe='')}/{self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class HourNode:
    """What there is of one hour; `after` is where the page begins, None the first."""

    camera: CameraKey
    start_ms: int
    after: int | None = None

    @override
    def __str__(self) -> str:
        """Return the text form."""
        text = f"hour/{quote(self.camera, safe='')}/{self.start_ms}"
        return text if self.after is None else f"{text}/{self.after}"


@dataclass(frozen=True, slots=True)
class ClipNode:
    """One clip."""

    clip_id: int

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"clip/{self.clip_id}"


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """Footage that is still on the device, or on its way."""

    camera: CameraKey
    range: TimeRange

    @override
    def __str__(self) -> str:
        """Return the text form."""
        camera = quote(self.camera, safe="")
        return f"device/{camera}/{self.range.start_ms}-{self.range.end_ms}"


@dataclass(frozen=True, slots=True)
class PlayNode:
    """A stretch of a camera (UTC) that is played from its beginning."""

    camera: CameraKey
    range: TimeRange

    @override
    def __str__(self) -> str:
        """Return the text form."""
        camera = quote(self.camera, safe="")
        return f"play/{camera}/{self.range.start_ms}-{self.range.end_ms}"


@dataclass(frozen=True, slots=True)
class ProtectedNode:
    """Protected clips, of one camera or of all; `after` is where the page begins."""

    camera: CameraKey | None = None
    after: int | None = None

    @override
    def __str__(self) -> str:
        """Return the text form."""
        text = f"protected/{quote(self.camera or '', safe='')}"
        return text if self.after is None else f"{text}/{self.after}"


@dataclass(frozen=True, slots=True)
class EventsNode:
    """Clips with events, of one camera or of all: the classes first, then one of them."""

    camera: CameraKey | None = None
    event_class: EventClass | None = None
    after: int | None = None

    @override
    def __str__(self) -> str:
        """Return the text form."""
        text = f"events/{quote(self.camera or '', safe='')}"
        if self.event_class is not None:
            text = f"{text}/{self.event_class}"
        return text if self.after is None else f"{text}/{self.after}"


@dataclass(frozen=True, slots=True)
class ExportsNode:
    """Films that were made of footage."""

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return "exports"


@dataclass(frozen=True, slots=True)
class ExportNode:
    """One of them."""

    export_id: int

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"export/{self.export_id}"


@dataclass(frozen=True, slots=True)
class FoundNode:
    """What a search found beyond its first page; `below` is where it searched."""

    words: str
    after: int
    below: str = ""

    @override
    def __str__(self) -> str:
        """Return the text form."""
        words, below = quote(self.words, safe=""), quote(self.below, safe="")
        return f"found/{words}/{self.after}/{below}"


type MediaIdentifier = (
    Top
    | FormerCameras
    | NvrNode
    | CameraNode
    | DayNode
    | HourNode
    | ClipNode
    | DeviceNode
    | PlayNode
    | ProtectedNode
    | EventsNode
    | ExportsNode
    | ExportNode
    | FoundNode
)


def parse_identifier(text: str) -> MediaIdentifier:
    """Return the value of a text form; raises ValueError on anything else."""
    kind, *parts = (unquote(part) for part in text.split("/"))
    found = _FIXED.get(kind) if not parts else _READERS.get(kind, _unknown)(parts)
    if found is None:
        msg = f"not a place in the media browser: {text!r}"
        raise ValueError(msg)
    return found


def _unknown(_parts: list[str]) -> None:
    return None


def _owner_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key] if key:
            return NvrNode(NvrKey(key))
    return None


def _camera_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key] if key:
            return CameraNode(CameraKey(key))
    return None


def _day_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key, day] if key:
            return DayNode(CameraKey(key), _day(day))
    return None


def _hour_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key, start, *rest] if key and len(rest) < 2:
            return HourNode(CameraKey(key), _number(start), _after(rest))
    return None


def _device_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key, stretch] if key:
            return DeviceNode(CameraKey(key), _range(stretch))
    return None


def _play_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key, stretch] if key:
            return PlayNode(CameraKey(key), _range(stretch))
    return None


def _protected_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key, *rest] if len(rest) < 2:
            return ProtectedNode(_camera(key), _after(rest))
    return None


def _events_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [key]:
            return EventsNode(_camera(key))
        case [key, name, *rest] if len(rest) < 2:
            return EventsNode(_camera(key), EventClass(name), _after(rest))
    return None


def _found_of(parts: list[str]) -> MediaIdentifier | None:
    match parts:
        case [words, after, below]:
            return FoundNode(words, _number(after), below)
    return None


_FIXED: Final[dict[str, MediaIdentifier]] = {
    "": Top(),
    "former": FormerCameras(),
    "exports": ExportsNode(),
}
_READERS: Final[dict[str, Callable[[list[str]], MediaIdentifier | None]]] = {
    "nvr": _owner_of,
    "camera": _camera_of,
    "day": _day_of,
    "hour": _hour_of,
    "clip": lambda parts: ClipNode(_only(parts)),
    "device": _device_of,
    "play": _play_of,
    "protected": _protected_of,
    "events": _events_of,
    "export": lambda parts: ExportNode(_only(parts)),
    "found": _found_of,
}


def _only(parts: list[str]) -> int:
    """Return the only part as an id; raises ValueError."""
    [part] = parts
    return _number(part)


def _day(text: str) -> date:
    """Return a day on which there can be footage; raises ValueError."""
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        msg = f"no footage can be of {text}"
        raise ValueError(msg)
    return day


def _camera(key: str) -> CameraKey | None:
    return CameraKey(key) if key else None


def _after(rest: list[str]) -> int | None:
    return _number(rest[0]) if rest else None


def _range(text: str) -> TimeRange:
    """Return a stretch with something in it; raises ValueError."""
    start, _, end = text.partition("-")
    found = TimeRange(_number(start), _number(end))
    if found.is_empty:
        msg = "an empty range"
        raise ValueError(msg)
    return found


def _number(text: str) -> int:
    """Return an id as the index can hold it; raises ValueError."""
    if not (text.isdecimal() and text.isascii() and len(text) <= _DIGITS):
        msg = f"not an id: {text[:_DIGITS]!r}"
        raise ValueError(msg)
    return int(text)
