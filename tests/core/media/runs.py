"""Plans of a series of clips, and what it told."""

from dataclasses import replace
from pathlib import Path

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.series import SeriesPlan
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource, ClockEra
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.download.conftest import FolderSink
from tests.core.media import encoded

START = encoded.START_MS
PLAN = SeriesPlan(
    CameraKey("nvr/1"), ClockEra(1, 0, 0), ClipSource.REPLAY, 300_000, Bounds()
)


LIVE = replace(PLAN, source=ClipSource.LIVE)


def starts(sink: FolderSink) -> list[int]:
    return [facts.range.start_ms - START for _, facts in sink.clips]


def failing_check(path: Path, facts: object) -> None:
    raise NvrError(ErrorKind.VERIFY_FAILED, "times of pictures differ")


class Told:
    """What a series says of footage that is in no clip."""

    def __init__(self) -> None:
        self.lost: list[tuple[TimeRange, str]] = []

    def __call__(self, stretch: TimeRange, reason: str) -> None:
        self.lost.append((stretch, reason))

    def whole(self) -> list[tuple[int, int]]:
        return [(r.start_ms - START, r.end_ms - START) for r, _reason in self.lost]
