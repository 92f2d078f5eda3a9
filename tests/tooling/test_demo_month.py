"""The month of the big demo: what is made up for a camera is a past that could have been."""

from itertools import pairwise
import random

import pytest

from scripts.demo_lib.month import CLIP, DAY, SEED, past_of

START = 20_000 * DAY
END = START + 10 * DAY


@pytest.mark.parametrize("number", range(8))
def test_every_moment_is_kept_or_has_a_reason(number: int) -> None:
    past = past_of(number, random.Random(SEED + number), START, END, [])
    kept = [(at, at + CLIP) for at in past.clips]
    known = sorted([*kept, *((begin, end) for begin, end, _, _ in past.gaps)])
    assert known[0][0] == START
    assert known[-1][1] == END
    assert all(before[1] == after[0] for before, after in pairwise(known))


def test_what_was_kept_before_is_left_alone() -> None:
    real = (START + 3 * DAY + 1000, START + 3 * DAY + 9000)
    past = past_of(0, random.Random(SEED), START, END, [real])
    stretches = [(at, at + CLIP) for at in past.clips]
    stretches += [(begin, end) for begin, end, _, _ in past.gaps]
    assert not any(begin < real[1] and end > real[0] for begin, end in stretches)


def test_the_same_house_on_every_run() -> None:
    first = past_of(3, random.Random(SEED), START, END, [])
    assert first == past_of(3, random.Random(SEED), START, END, [])
    assert len(first.clips) > 100
    assert len(first.marks) > 10


def test_what_is_tried_again_is_of_the_last_day() -> None:
    for number in range(32):
        past = past_of(number, random.Random(SEED + number), START, END, [])
        tried = [gap for gap in past.gaps if gap[2] in {"failed", "on_device"}]
        assert all(begin > END - DAY - CLIP for begin, *_ in tried)
