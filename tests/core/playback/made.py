"""Indexes of clips out of thin air, for tests of what is listed of them."""

from array import array
from collections.abc import Sequence

from custom_components.vtrack_nvr.core.media.fragment_index import FragmentIndex, Look

SCALE = 90_000
LOOK = Look("avc1.4d400a,mp4a.40.2", "avc1.4d400a", "mp4a.40.2", 160, 120)
WIDE = Look("avc1.640028", "avc1.640028", "", 1920, 1080)
HEVC = Look("hvc1.1.6.L150.90,mp4a.40.2", "hvc1.1.6.L150.90", "mp4a.40.2", 3840, 2160)
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def index(
    ticks: Sequence[int],
    *,
    keys: Sequence[int] | None = None,
    look: Look = LOOK,
    scale: int = SCALE,
    is_whole: bool = True,
) -> FragmentIndex:
    """Return fragments that are shown for so long each."""
    shown = [0]
    for length in ticks:
        shown.append(shown[-1] + length)
    made = FragmentIndex(b"init", look, scale)
    made.offsets = array("q", range(100, 100 + 10 * len(ticks), 10))
    made.lengths = array("q", [10] * len(ticks))
    made.shown = array("q", shown)
    made.keys = array("b", keys or [1] * len(ticks))
    made.is_whole = is_whole
    return made


def seconds(*lengths: float) -> FragmentIndex:
    """Return groups of so many seconds."""
    return index([round(length * SCALE) for length in lengths])
