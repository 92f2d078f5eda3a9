"""Lists that contradict what the recording says of itself are asked about once more."""

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import Recording, RecordingStatus
from custom_components.vtrack_nvr.core.onvif.search import HistoryEvent, HistoryTopic
from custom_components.vtrack_nvr.core.onvif.segments import claims_more

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 100 * DAY
WINDOW = TimeRange(90 * DAY, 91 * DAY)
A = WINDOW.start_ms


def events(*changes: tuple[int, bool]) -> list[HistoryEvent]:
    return [
        HistoryEvent(at, is_present=present, track="V", recording="R")
        for at, present in changes
    ]


def recording(end_ms: int | None) -> Recording:
    return Recording(
        "R",
        status=RecordingStatus.STOPPED,
        device_earliest_ms=80 * DAY,
        device_latest_ms=end_ms,
    )


@pytest.mark.parametrize(
    ("changes", "end_ms", "expected"),
    [
        pytest.param(
            [(A, True), (A + HOUR, False)], A + 5 * HOUR, True, id="ends-too-early"
        ),
        pytest.param(
            [(A, True), (A + HOUR, False)], A + HOUR + 5000, False, id="agrees"
        ),
        pytest.param(
            [(A, True), (A + HOUR, False)], 95 * DAY, False, id="later-window"
        ),
        pytest.param([(A, True), (A + HOUR, False)], None, False, id="says-nothing"),
        pytest.param([], 95 * DAY, False, id="nothing-listed"),
        pytest.param([(A + HOUR, True)], 95 * DAY, False, id="one-open-stretch"),
        pytest.param(
            [(A, True), (A + HOUR, False), (A + 2 * HOUR, True)],
            95 * DAY,
            True,
            id="several-and-a-long-open-end",
        ),
        pytest.param(
            [(A, True), (A + HOUR, False), (A + 23 * HOUR, True)],
            95 * DAY,
            False,
            id="several-and-a-short-open-end",
        ),
    ],
)
def test_a_list_may_have_been_cut_short(
    changes: list[tuple[int, bool]], end_ms: int | None, expected: bool
) -> None:
    found = claims_more(events(*changes), recording(end_ms), WINDOW, NOW)
    assert found is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([(A + HOUR, False)], True, id="told-of-the-end"),
        pytest.param([(A, True), (A + HOUR, False)], True, id="told-of-both"),
        pytest.param(
            [(A + HOUR, False), (A + 2 * HOUR, True)], False, id="began-again"
        ),
        pytest.param([(A, False)], False, id="told-of-nothing-newer"),
        pytest.param([(A + HOUR, True)], False, id="goes-on"),
    ],
)
def test_the_other_topic_may_show_that_a_list_was_cut_short(
    told: list[tuple[int, bool]], *, expected: bool
) -> None:
    others = [
        HistoryEvent(
            at, is_present=present, topic=HistoryTopic.RECORDING, recording="R"
        )
        for at, present in told
    ]
    listed = [*events((A, True)), *others]
    assert claims_more(listed, recording(95 * DAY), WINDOW, NOW) is expected
    foreign = [
        HistoryEvent(
            at, is_present=present, topic=HistoryTopic.RECORDING, recording="S"
        )
        for at, present in told
    ]
    assert not claims_more(
        [*events((A, True)), *foreign], recording(95 * DAY), WINDOW, NOW
    )
