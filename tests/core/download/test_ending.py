"""When a session is at the end of its range, and what its end means."""

import pytest

from custom_components.vtrack_nvr.core.download.ending import EndOfRange, SessionVerdict
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.stream.unit_stream import EndSignal

from .replayed import S, unit


def ending(*pictures: AccessUnit, end_s: float = 60) -> EndOfRange:
    made = EndOfRange(round(end_s * S), Waits())
    for item in pictures:
        assert made.picture(item.time_us or 0, item, 40_000) is None
    return made


def test_a_key_picture_at_the_end_is_the_end() -> None:
    made = ending(unit(59 * S, key=True))
    assert made.picture(60 * S, unit(60 * S), 40_000) is None
    assert (
        made.picture(60 * S, unit(60 * S, key=True), 40_000) is SessionVerdict.REACHED
    )


near = unit(60 * S - 50_000)
early = unit(30 * S)
last = unit(30 * S, is_last=True)
terminal = unit(30 * S, is_terminal=True)
near_terminal = unit(60 * S - 40_000, is_terminal=True)


@pytest.mark.parametrize(
    ("pictures", "quiet", "verdict"),
    [
        ((), 29.0, None),
        ((), 30.0, SessionVerdict.INTERRUPTED),
        ((early,), 9.9, None),
        ((early,), 10.0, SessionVerdict.INTERRUPTED),
        ((near,), 0.9, None),
        ((near,), 1.0, SessionVerdict.REACHED),
        ((terminal,), 0.4, None),
        ((terminal,), 0.5, SessionVerdict.END_OF_FOOTAGE),
        ((near_terminal,), 0.5, SessionVerdict.REACHED),
        ((last,), 2.9, None),
        ((last,), 3.0, SessionVerdict.SECTION_END),
        ((last, early), 3.0, None),
    ],
)
def test_silence_says_what_came_before_it_means(pictures, quiet, verdict) -> None:
    made = ending(*pictures)
    assert made.quiet(quiet) is verdict
    if verdict is None:
        assert 0 < made.patience(quiet) <= 10
    else:
        assert made.patience(quiet) == 0


@pytest.mark.parametrize(
    ("pictures", "signal", "verdict"),
    [
        ((near,), EndSignal.CLOSED, SessionVerdict.REACHED),
        ((near,), EndSignal.BYE, SessionVerdict.REACHED),
        ((early,), EndSignal.BYE, SessionVerdict.END_OF_FOOTAGE),
        ((early,), EndSignal.NOTICE, SessionVerdict.END_OF_FOOTAGE),
        ((early,), EndSignal.CLOSED, SessionVerdict.INTERRUPTED),
        ((early,), EndSignal.TERMINATED, SessionVerdict.INTERRUPTED),
        ((), EndSignal.BYE, SessionVerdict.INTERRUPTED),
    ],
)
def test_no_word_before_the_end_completes_the_rest(pictures, signal, verdict) -> None:
    assert ending(*pictures).signal(signal) is verdict


@pytest.mark.parametrize(
    ("pictures", "signal", "is_orderly"),
    [
        ((), EndSignal.BYE, True),
        ((), EndSignal.NOTICE, True),
        ((), EndSignal.CLOSED, False),
        ((early,), EndSignal.BYE, False),
    ],
)
def test_only_a_word_without_a_picture_says_that_there_is_nothing(
    pictures, signal, is_orderly
) -> None:
    assert ending(*pictures).is_orderly(signal) is is_orderly


def test_the_newest_picture_is_near_the_end_not_the_first() -> None:
    assert ending(early, near).signal(EndSignal.CLOSED) is SessionVerdict.REACHED


@pytest.mark.parametrize(("steps", "is_near"), [(1.5, True), (1.6, False), (3, False)])
def test_near_is_a_picture_and_a_half_before_the_end(steps, is_near) -> None:
    made = ending(unit(60 * S - round(steps * 40_000)))
    assert (made.signal(EndSignal.CLOSED) is SessionVerdict.REACHED) is is_near
