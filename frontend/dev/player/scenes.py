"""What the cameras for trying the player have recorded, each for one question."""

from collections.abc import Iterator

from tests.simulator.timeline import frame_number

from .footage import Stretch

BASE_MS = 1_763_627_400_000
"""2025-11-20T08:30:00Z."""
CLIP_MS = 20_000
_MINUTE_MS = 60_000

DEVICE = Stretch("device", BASE_MS + CLIP_MS, 120_000)
"""Still on the device, behind one kept clip."""
GROWING = Stretch("growing", BASE_MS + CLIP_MS, 40_000)
"""Written while somebody watches, behind one kept clip."""


def scenes() -> Iterator[Stretch]:
    """Yield all clips; their order is their number."""
    for number in range(13):
        yield Stretch("row", BASE_MS + number * CLIP_MS, CLIP_MS)
    for start in (0, CLIP_MS, 3 * _MINUTE_MS):
        yield Stretch("gap", BASE_MS + start, CLIP_MS)
    yield Stretch("size", BASE_MS, CLIP_MS)
    yield Stretch("size", BASE_MS + CLIP_MS, CLIP_MS, width=960, height=540)
    yield Stretch("size", BASE_MS + 2 * CLIP_MS, CLIP_MS)
    for number, sound in enumerate((False, True, True, False)):
        yield Stretch("sound", BASE_MS + number * CLIP_MS, CLIP_MS, sound=sound)
    yield Stretch("growing", BASE_MS, CLIP_MS)
    yield Stretch("device", BASE_MS, CLIP_MS)
    for number in range(4):
        for camera in ("one", "two", "three", "four"):
            if (camera, number) != ("three", 1):
                yield Stretch(camera, BASE_MS + number * CLIP_MS, CLIP_MS)
    yield Stretch("hevc", BASE_MS, CLIP_MS, codec="H265")
    bad = frame_number(BASE_MS + CLIP_MS // 2)
    damaged = frozenset(range(bad, bad + 20))
    yield Stretch("damaged", BASE_MS, CLIP_MS, damaged=damaged)
    # A window further on: reached only by a search, or by a seek
    for number in range(2):
        start = BASE_MS + 180 * _MINUTE_MS + number * CLIP_MS
        yield Stretch("far", start, CLIP_MS)
    yield Stretch("far", BASE_MS, CLIP_MS)
