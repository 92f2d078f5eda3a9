"""When a live recording counts as failing: tables of what was recorded and missed."""

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import LedgerReason
from custom_components.vtrack_nvr.core.models import CoverageSpan, CoverageState
from custom_components.vtrack_nvr.core.sync.missing import judge_live
from custom_components.vtrack_nvr.core.sync.status import MissingCause, MissingFootage

S = CoverageState
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_100_000
PATIENCE = 2 * HOUR


def span(state: S, start_ms: int, end_ms: int, reason: str = "") -> CoverageSpan:
    return CoverageSpan(state, TimeRange(start_ms, end_ms), reason)


def live(
    *spans: CoverageSpan,
    back_ms: int = 2 * PATIENCE,
    is_continuous: bool = True,
    open_clip: TimeRange | None = None,
) -> MissingFootage | None:
    return judge_live(
        spans,
        TimeRange(NOW - back_ms, NOW),
        PATIENCE,
        is_continuous=is_continuous,
        open_clip=open_clip,
    )


def test_a_live_recording_that_goes_on_misses_nothing() -> None:
    kept = span(S.KEPT, NOW - DAY, NOW - 5 * MINUTE)
    running = TimeRange(NOW - 5 * MINUTE, NOW - 2_000)
    assert live(kept, open_clip=running) is None
    # the first clip of a new camera
    assert live(open_clip=TimeRange(NOW - MINUTE, NOW)) is None


@pytest.mark.parametrize("outage_ms", [PATIENCE - MINUTE, PATIENCE, 3 * PATIENCE])
def test_an_outage_is_told_after_the_patience(outage_ms: int) -> None:
    found = live(
        span(S.KEPT, NOW - DAY, NOW - outage_ms),
        span(S.LOST, NOW - outage_ms, NOW, "unreachable"),
    )
    if outage_ms < PATIENCE:
        assert found is None
    else:
        assert found is not None
        assert found.cause is MissingCause.NOT_RECORDED
        assert found.reason == "unreachable"
        assert found.seconds == min(outage_ms, 2 * PATIENCE) / 1000


def test_an_outage_that_nobody_told_of_is_told_by_the_time_that_passed() -> None:
    kept = span(S.KEPT, NOW - DAY, NOW - PATIENCE)
    assert live(kept) is not None
    assert live(kept, is_continuous=False) is None


def test_a_recording_that_works_again_is_not_told() -> None:
    outage = span(S.LOST, NOW - 3 * HOUR, NOW - 15 * MINUTE, "timeout")
    assert live(outage, open_clip=TimeRange(NOW - 15 * MINUTE, NOW)) is None
    outage = span(S.LOST, NOW - 3 * HOUR, NOW - 5 * MINUTE, "timeout")
    assert live(outage, open_clip=TimeRange(NOW - 5 * MINUTE, NOW)) is not None


def test_a_stream_that_breaks_every_minute_is_told() -> None:
    pieces = []
    for n in range(240):
        at_ms = NOW - (n + 1) * MINUTE
        pieces.append(span(S.KEPT, at_ms, at_ms + 10_000))
        pieces.append(span(S.LOST, at_ms + 10_000, at_ms + MINUTE, "interrupted"))
    assert live(*pieces) is not None
    mostly = [
        replace(item, state=S.KEPT if item.state is S.LOST else S.LOST)
        for item in pieces
    ]
    assert live(*mostly) is None


def test_the_time_without_home_assistant_is_no_fault_of_the_recording() -> None:
    away = span(S.LOST, NOW - 4 * HOUR, NOW, LedgerReason.NOT_RUNNING)
    assert live(away) is None
    overwritten = span(S.LOST, NOW - 4 * HOUR, NOW, LedgerReason.OVERWRITTEN)
    assert live(overwritten, is_continuous=False) is None


def test_footage_dated_a_little_ahead_of_the_clock_is_no_fault() -> None:
    ahead = TimeRange(NOW - HOUR, NOW + 3_000)
    away = span(S.LOST, NOW - 2 * HOUR, NOW + 3_000, LedgerReason.NOT_RUNNING)
    assert live(open_clip=ahead) is None
    assert live(away) is None


def test_an_event_that_was_missed_is_told_until_one_is_recorded() -> None:
    missed = span(S.LOST, NOW - 3 * HOUR, NOW - 3 * HOUR + 30_000, "timeout")
    assert live(missed, is_continuous=False) is not None
    recorded = span(S.KEPT, NOW - HOUR, NOW - HOUR + 30_000)
    assert live(missed, recorded, is_continuous=False) is None


def test_what_the_device_filled_in_is_not_missing() -> None:
    hole_ = span(S.ON_DEVICE, NOW - 4 * HOUR, NOW - 2 * HOUR, "unreachable")
    assert live(hole_, span(S.LOST, NOW - 2 * HOUR, NOW)) is not None
    filled = replace(hole_, state=S.KEPT, reason="")
    assert live(filled, span(S.LOST, NOW - HOUR, NOW)) is None
