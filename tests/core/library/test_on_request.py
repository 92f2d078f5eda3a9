"""What nobody wants copied is shown as on the device for as long as the device holds it."""

from collections.abc import AsyncIterator
import datetime as dt

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library import coverage_tiles as tiles
from custom_components.vtrack_nvr.core.library.coverage_tiles import NUMBERS, Stretch
from custom_components.vtrack_nvr.core.library.time_line import TimeLine
from custom_components.vtrack_nvr.core.models import CoverageSpan, CoverageState
from tests.insides import store_of

from .rig import CAMERA, DAY, HOUR, MINUTE, NOW, LibraryRig

NOT_WANTED = NUMBERS[CoverageState.NOT_WANTED]
ON_REQUEST = NUMBERS["on_request"]
ABSENT = NUMBERS[CoverageState.ABSENT]
START = NOW - DAY
LEVEL = 2
"""Buckets of 16 s."""


@pytest.fixture
async def line(rig: LibraryRig) -> AsyncIterator[TimeLine]:
    line = TimeLine(store_of(rig.library))
    yield line
    line.close(5.0)


@pytest.mark.parametrize(
    ("oldest_ms", "seen"),
    [
        (None, [(10, 90, ON_REQUEST)]),
        (0, [(10, 90, ON_REQUEST)]),
        (10, [(10, 90, ON_REQUEST)]),
        (50, [(10, 50, NOT_WANTED), (50, 90, ON_REQUEST)]),
        (90, [(10, 90, NOT_WANTED)]),
        (200, [(10, 90, NOT_WANTED)]),
    ],
)
def test_what_is_not_wanted_is_on_request_from_the_devices_oldest_on(
    oldest_ms: int | None, seen: list[Stretch]
) -> None:
    entries = [(0, 10, ABSENT), (10, 90, NOT_WANTED), (90, 95, ABSENT)]
    assert list(tiles.with_requestable(entries, oldest_ms)) == [
        (0, 10, ABSENT),
        *seen,
        (90, 95, ABSENT),
    ]
    told = tiles.told_spans(
        [CoverageSpan(CoverageState.NOT_WANTED, TimeRange(10, 90))], oldest_ms
    )
    assert [
        (span.range.start_ms, span.range.end_ms, NUMBERS[word]) for word, span in told
    ] == seen


async def sweep(rig: LibraryRig, oldest_ms: int) -> None:
    """Enter that the device holds all from a moment on, and that none of it is wanted."""
    window = TimeRange(START, START + HOUR)
    held = TimeRange(max(oldest_ms, window.start_ms), window.end_ms)
    await rig.library.ledger.note_sweep(
        SweepFindings(CAMERA, window, (held,), True, oldest_ms, NOW, wanted=())
    )


async def seen(line: TimeLine) -> list[tuple[str, int]]:
    """Return the states of that hour with their minutes, by spans and by tiles alike."""
    window = TimeRange(START, START + HOUR)
    spans, rest = await line.spans(CAMERA, window, 100)
    assert rest is None
    told = line.told(CAMERA, spans)
    bucket_ms = tiles.bucket_ms(LEVEL)
    for word, span in told:
        for moment_ms in (
            span.range.start_ms + bucket_ms,
            span.range.end_ms - bucket_ms,
        ):
            n, inside_ms = divmod(moment_ms, tiles.tile_ms(LEVEL))
            ((tile,), _left) = await line.tiles(LEVEL, [(CAMERA, n)], 10_000)
            mains = [
                tile.runs[place + 1]
                for place in range(0, len(tile.runs), 3)
                for _ in range(tile.runs[place])
            ]
            assert tiles.STATES[mains[inside_ms // bucket_ms]] == word
    return [(word, span.range.duration_ms // MINUTE) for word, span in told]


async def test_lanes_tell_what_the_device_holds_and_follow_it(
    rig: LibraryRig, line: TimeLine
) -> None:
    await sweep(rig, START - HOUR)
    assert await seen(line) == [("on_request", 60)]
    await line.changes()
    await sweep(rig, START + 20 * MINUTE)
    assert await line.changes() == [(CAMERA, START - HOUR, START + 20 * MINUTE)]
    assert await seen(line) == [("not_wanted", 20), ("on_request", 40)]
    rig.keep(START + 30 * MINUTE)
    assert await seen(line) == [
        ("not_wanted", 20),
        ("on_request", 10),
        ("kept", 5),
        ("on_request", 25),
    ]


async def test_a_month_counts_it_and_expects_none_of_it(
    rig: LibraryRig, line: TimeLine
) -> None:
    await sweep(rig, START + 20 * MINUTE)
    day = dt.datetime.fromtimestamp(START / 1000, dt.UTC).date()
    month = await line.month([CAMERA], day)
    sums = month.cameras[CAMERA][day.day - 1]
    assert sums[ON_REQUEST] == 40 * MINUTE
    assert sum(sums[number] for number in tiles.EXPECTED) == 0
