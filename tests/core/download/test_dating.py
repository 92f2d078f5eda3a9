"""How the first date of replayed footage is proven."""

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.download.dating import Dating, FirstDate
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.policy import Waits

from .replayed import RANGE, START_US, Hands, S


def dating() -> Dating:
    return Dating(DeviceHabits(), SystemClock(), Waits())


@pytest.mark.parametrize("off_s", [0, 14, -100])
def test_footage_that_begins_where_it_was_asked_for_is_true(off_s: int) -> None:
    made = dating()
    assert made.check(RANGE, START_US + off_s * S) is FirstDate.TRUE
    assert made.is_believed
    assert made.check(RANGE, START_US + 4000 * S) is FirstDate.TRUE, "a gap"


class Footage:
    """What a device holds, from a second on after the start, how it dates it, and
    whether it heeds the start that it is asked for."""

    def __init__(
        self, from_s: int, to_s: int, *, off_s: int = 0, heeds: bool = True
    ) -> None:
        self.from_us, self.to_us = START_US + from_s * S, START_US + to_s * S
        self.off_us, self.heeds = off_s * S, heeds

    def first_us(self, asked_us: int) -> int | None:
        """Return the date of the first picture that comes, None for a 457."""
        if not self.heeds:
            return self.from_us + self.off_us
        if asked_us >= self.to_us:
            return None
        return max(self.from_us, asked_us) + self.off_us

    def asked(self, made: Dating, *, is_suspect: bool = False) -> tuple[FirstDate, int]:
        """Return what comes out in the end, and how many PLAYs that takes."""
        for plays in range(1, 9):
            asked_us = made.start_us(START_US)
            first_us = self.first_us(asked_us)
            if first_us is None:
                if not made.is_probing or made.refused():
                    return FirstDate.WRONG, plays
                continue
            asked = TimeRange(asked_us // 1000, asked_us // 1000 + 60_000)
            found = made.check(asked, first_us, is_suspect=is_suspect)
            if found is not FirstDate.AGAIN:
                return found, plays
        raise AssertionError("it never ends")


@pytest.mark.parametrize("off_s", [900, 1800, 7200, -900, -1800, -7200])
@pytest.mark.parametrize("heeds", [True, False])
@pytest.mark.parametrize("from_s", [0, -100, -600])
@pytest.mark.parametrize("to_s", [15, 300, 9000, 99_000])
def test_dates_off_by_a_zone_are_found_out(
    off_s: int, heeds: bool, from_s: int, to_s: int
) -> None:
    footage = Footage(from_s, to_s, off_s=off_s, heeds=heeds)
    if not heeds and -840 <= from_s + off_s <= 15:
        return  # the one case that cannot be told from the truth
    found, plays = footage.asked(dating())
    assert found is FirstDate.WRONG
    assert plays <= 3


@pytest.mark.parametrize("from_s", [0, 10, 16, 25, 600, 7200])
@pytest.mark.parametrize("length_s", [5, 30, 9000])
def test_true_dates_behind_a_gap_are_believed(from_s: int, length_s: int) -> None:
    made = dating()
    found, plays = Footage(from_s, from_s + length_s).asked(made)
    assert found is FirstDate.TRUE
    assert plays <= 4
    assert made.is_believed


@pytest.mark.parametrize("from_s", [-130, -600, -800])
def test_who_always_begins_at_the_beginning_with_true_dates_is_believed(
    from_s: int,
) -> None:
    footage = Footage(from_s, 9000, heeds=False)
    assert footage.asked(dating()) == (FirstDate.TRUE, 3)


@pytest.mark.parametrize("from_s", [-900, 20, 3600])
def test_who_always_begins_somewhere_else_shows_nothing(from_s: int) -> None:
    assert Footage(from_s, 9000, heeds=False).asked(dating())[0] is FirstDate.WRONG


@pytest.mark.parametrize(
    ("heeds", "found"), [(True, FirstDate.TRUE), (False, FirstDate.WRONG)]
)
def test_a_suspect_has_to_be_right_twice(heeds: bool, found: FirstDate) -> None:
    footage = Footage(-7200, 9000, off_s=0 if heeds else 7200, heeds=heeds)
    made = dating()
    assert footage.asked(made, is_suspect=True)[0] is found
    assert made.is_believed is heeds


def test_a_suspect_with_nothing_after_what_was_asked_heeds_the_start() -> None:
    footage = Footage(-60, 30)
    assert footage.asked(dating(), is_suspect=True) == (FirstDate.TRUE, 3)


def test_what_was_shown_is_believed_for_a_while_by_later_fetches() -> None:
    clock, habits = Hands(), DeviceHabits()
    Dating(habits, clock, Waits()).check(RANGE, START_US)
    assert Dating(habits, clock, Waits()).is_believed
    clock.at = Waits().date_proof + 1
    assert not Dating(habits, clock, Waits()).is_believed
