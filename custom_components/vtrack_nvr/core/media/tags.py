"""What a finished clip says about itself: metadata keys inside the MP4 (`mdta`).

With these the library can adopt a file it knows nothing of. Unknown keys are ignored, so
that newer files stay readable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime as dt

from ..models import CameraKey, ClipSource, TimeSource

WRITER = "1"
_PREFIX = "org.vtrack.nvr."
_CAMERA = f"{_PREFIX}camera"
_UTC = f"{_PREFIX}utc_start_ms"
_DEVICE = f"{_PREFIX}device_start_ms"
_ERA = f"{_PREFIX}era"
_SOURCE = f"{_PREFIX}source"
_TIMES = f"{_PREFIX}time_source"
_WRITER = f"{_PREFIX}writer"


@dataclass(frozen=True, slots=True)
class ClipTags:
    """The facts that the pictures themselves do not hold."""

    camera: CameraKey
    utc_start_ms: int
    device_start_ms: int
    era_id: int
    source: ClipSource
    time_source: TimeSource = TimeSource.CAPTURE

    def to_metadata(self) -> dict[str, str]:
        """Return them as keys and texts, with the time of creation players show."""
        moment = dt.datetime.fromtimestamp(self.utc_start_ms / 1000, dt.UTC)
        return {
            "creation_time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            _CAMERA: self.camera,
            _UTC: str(self.utc_start_ms),
            _DEVICE: str(self.device_start_ms),
            _ERA: str(self.era_id),
            _SOURCE: self.source,
            _TIMES: self.time_source,
            _WRITER: WRITER,
        }


def tags_from_metadata(metadata: Mapping[str, str]) -> ClipTags | None:
    """Return the tags, None where the file is not one of ours."""
    try:
        return ClipTags(
            CameraKey(metadata[_CAMERA]),
            int(metadata[_UTC]),
            int(metadata[_DEVICE]),
            int(metadata.get(_ERA, "0")),
            ClipSource(metadata[_SOURCE]),
            TimeSource(metadata.get(_TIMES, TimeSource.CAPTURE)),
        )
    except KeyError, ValueError:
        return None
