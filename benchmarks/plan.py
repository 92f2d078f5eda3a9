"""Plans a month of a 32-channel NVR with 784 segments a day and camera, incrementally.

Run: `scripts/bench plan`. An incremental plan: one camera's last hour changed, then the next
jobs of all 32.
"""

from array import array
import statistics
import sys
import time

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageSpan,
    CoverageState,
)
from custom_components.vtrack_nvr.core.sync.backlog import Backlog
from custom_components.vtrack_nvr.core.sync.plan import CameraView, plan
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    SyncOrder,
)

CAMERAS = 32
DAYS = 30
SEGMENTS = 784
DAY_MS = 86_400_000
STEP_MS = DAY_MS // SEGMENTS
NOW_MS = 1_790_000_100_000


def day_of(day: int) -> tuple[TimeRange, list[CoverageSpan]]:
    """Return a day's window and its segments."""
    start_ms = NOW_MS - (DAYS - day) * DAY_MS
    window = TimeRange(start_ms, start_ms + DAY_MS)
    spans = [
        CoverageSpan(
            CoverageState.ON_DEVICE,
            TimeRange(start_ms + i * STEP_MS, start_ms + i * STEP_MS + 60_000),
        )
        for i in range(SEGMENTS)
    ]
    return window, spans


def fill(backlog: Backlog) -> None:
    """Load a month, day by day as the engine does."""
    for day in range(DAYS):
        backlog.replace(*day_of(day))


def measure() -> list[Row]:
    """Load everything, then plan again and again."""
    began = time.perf_counter()
    views = []
    for n in range(CAMERAS):
        backlog = Backlog()
        fill(backlog)
        order = SyncOrder.NEWEST_FIRST if n % 2 else SyncOrder.OLDEST_FIRST
        settings = CameraSettings(order=order, retention_days=60)
        views.append(
            CameraView(CameraKey(f"n/{n:02}"), settings, backlog, settle_ms=75_000)
        )
    loaded_s = time.perf_counter() - began
    limits = EngineLimits()
    steps: list[float] = []
    window, spans = day_of(DAYS - 1)
    hour = TimeRange(window.end_ms - 3_600_000, window.end_ms)
    recent = [span for span in spans if span.range.overlaps(hour)]
    for n in range(50):
        began = time.perf_counter()
        views[n % CAMERAS].backlog.replace(hour, recent[: n % len(recent)])
        result = plan(views, limits, NOW_MS)
        steps.append((time.perf_counter() - began) * 1000)
        assert result.jobs
    stretches = sum(len(view.backlog) for view in views)
    size_mb = stretches * 4 * array("q").itemsize / 1e6
    print(f"{CAMERAS} cameras, {DAYS} days, {stretches} stretches, {size_mb:.0f} MB")
    print(f"loading everything, in steps of a day: {loaded_s:.2f} s")
    return [
        row_of(
            "plan.longest", max(steps), said=f"median {statistics.median(steps):.2f}"
        )
    ]


if __name__ == "__main__":
    options = make_parser(__doc__).parse_args()
    sys.exit(finish(measure(), options))
