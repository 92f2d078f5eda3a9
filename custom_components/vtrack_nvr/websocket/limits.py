"""The bounds of the API, in one place."""

from typing import Final

DAY_MS: Final = 86_400_000

MOST_TILES: Final = 128
MOST_NUMBERS: Final = 30_000
"""Numbers of the runs in one answer: about 120 KB."""
MOST_PAGE: Final = 200
MOST_CLIPS: Final = 1000
"""Clips that are named one by one."""
MOST_NOTE: Final = 200
MOST_MONTH_CAMERAS: Final = 64
MOST_EVENT_CAMERAS: Final = 32
MOST_CAMERAS: Final = 64
"""Cameras in a filter."""
MOST_EXPORTED: Final = 4
MOST_PLACES: Final = 5_000
MOST_MINUTES: Final = 1_440
PLAN_S: Final = 60
UNDO_MS: Final = 10_000

LONGEST_FETCH_MS: Final = DAY_MS
LONGEST_SPANS_MS: Final = 31 * DAY_MS
LONGEST_EVENTS_MS: Final = 366 * DAY_MS
