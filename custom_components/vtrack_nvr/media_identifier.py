"""What a place in the media browser is called: values, and their text form.

`<kind>/<parts…>`, each part percent-encoded, so that keys with any characters survive.
Kinds: `nvr/<key>`, `former`, `camera/<key>`, `day/<key>/<YYYY-MM-DD>[/<after>]`,
`clip/<id>`. The empty text is the top.
"""

from dataclasses import dataclass
from datetime import date
from typing import override
from urllib.parse import quote, unquote

from .core.models import CameraKey, NvrKey

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
    """The clips of one local day; `after` is where the page begins, None the first."""

    camera: CameraKey
    day: date
    after: int | None = None

    @override
    def __str__(self) -> str:
        """Return the text form."""
        text = f"day/{quote(self.camera, safe='')}/{self.day.isoformat()}"
        return text if self.after is None else f"{text}/{self.after}"


@dataclass(frozen=True, slots=True)
class ClipNode:
    """One clip."""

    clip_id: int

    @override
    def __str__(self) -> str:
        """Return the text form."""
        return f"clip/{self.clip_id}"


type MediaIdentifier = Top | FormerCameras | NvrNode | CameraNode | DayNode | ClipNode


def parse(text: str) -> MediaIdentifier:
    """Return the value of a text form; raises ValueError on anything else."""
    match [unquote(part) for part in text.split("/")]:
        case [""]:
            return Top()
        case ["former"]:
            return FormerCameras()
        case ["nvr", key] if key:
            return NvrNode(NvrKey(key))
        case ["camera", key] if key:
            return CameraNode(CameraKey(key))
        case ["day", key, day] if key:
            return DayNode(CameraKey(key), _day(day))
        case ["day", key, day, after] if key:
            return DayNode(CameraKey(key), _day(day), _number(after))
        case ["clip", number]:
            return ClipNode(_number(number))
        case _:
            msg = f"not a place in the media browser: {text!r}"
            raise ValueError(msg)


def _day(text: str) -> date:
    """Return a day on which there can be footage; raises ValueError."""
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        msg = f"no footage can be of {text}"
        raise ValueError(msg)
    return day


def _number(text: str) -> int:
    """Return an id as the index can hold it; raises ValueError."""
    if not (text.isdecimal() and text.isascii() and len(text) <= _DIGITS):
        msg = f"not an id: {text[:_DIGITS]!r}"
        raise ValueError(msg)
    return int(text)
