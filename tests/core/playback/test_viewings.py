"""Tokens: how long they live, how many there are, and what ends them."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import Ranges, TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.core.playback import viewings as module
from custom_components.vtrack_nvr.core.playback.viewings import Viewing, Viewings

from .made import START

CAMERA = CameraKey("nvr/1")


async def yes() -> bool:
    return True


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Watch:
    is_closed = False

    def pending(self) -> Ranges:
        return ()

    def at(self, utc_ms: int) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def window(number: int = 0) -> TimeRange:
    return TimeRange(START + number, START + number + 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def viewings(clock: Clock) -> Viewings:
    return Viewings(clock)


def open_one(viewings: Viewings, owner: str = "a", number: int = 0) -> Viewing:
    return viewings.open(owner, CAMERA, window(number), yes)


def test_a_token_is_256_bits_and_no_two_are_alike(viewings: Viewings) -> None:
    tokens = {open_one(viewings, number=number).token for number in range(20)}
    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {43}


def test_a_token_lives_while_it_is_used(viewings: Viewings, clock: Clock) -> None:
    token = open_one(viewings).token
    for _ in range(5):
        clock.now_s += module.LIFE_S - 1
        assert viewings.use(token) is not None
    clock.now_s += module.LIFE_S + 1
    assert viewings.use(token) is None
    assert len(viewings) == 0


def test_nothing_but_the_token_opens(viewings: Viewings) -> None:
    token = open_one(viewings).token
    for other in ("", token[:-1], token + "x", token.upper(), "\udcff", "x" * 10_000):
        assert viewings.use(other) is None
    assert viewings.use(token) is not None


def test_the_same_thing_is_one_viewing(viewings: Viewings) -> None:
    one = open_one(viewings)
    assert viewings.find("a", CAMERA, window(), is_fetched=False) is one
    assert viewings.find("b", CAMERA, window(), is_fetched=False) is None
    assert viewings.find("a", CAMERA, window(1), is_fetched=False) is None
    assert viewings.find("a", CameraKey("x"), window(), is_fetched=False) is None
    assert viewings.find("a", CAMERA, window(), is_fetched=True) is None


def test_one_person_ends_what_they_used_longest_ago(viewings: Viewings) -> None:
    mine = [open_one(viewings, number=it).token for it in range(module.MOST_OF_ONE)]
    viewings.use(mine[0])
    open_one(viewings, number=99)
    assert viewings.use(mine[1]) is None
    assert viewings.use(mine[0]) is not None
    assert len(viewings) == module.MOST_OF_ONE


def test_nobody_ends_what_others_use(viewings: Viewings, clock: Clock) -> None:
    kept = [
        open_one(viewings, owner=str(it // module.MOST_OF_ONE), number=it).token
        for it in range(module.MOST)
    ]
    with pytest.raises(NvrError) as caught:
        open_one(viewings, owner="late")
    assert caught.value.kind is ErrorKind.LIMIT
    assert all(viewings.use(token) for token in kept)
    clock.now_s += module.LIFE_S + 1
    open_one(viewings, owner="late")
    assert len(viewings) == 1


@pytest.mark.parametrize("length_ms", [0, module.LONGEST_MS + 1])
def test_a_range_is_up_to_six_hours(viewings: Viewings, length_ms: int) -> None:
    with pytest.raises(ValueError, match="six hours"):
        viewings.open("a", CAMERA, TimeRange(START, START + length_ms), yes)
    viewings.open("a", CAMERA, TimeRange(START, START + module.LONGEST_MS), yes)


def test_fetching_ends_with_the_viewing(viewings: Viewings, clock: Clock) -> None:
    watches = [Watch() for _ in range(4)]
    tokens = [
        viewings.open(owner, CAMERA, window(number), yes, watch).token
        for number, (owner, watch) in enumerate(zip("aabc", watches, strict=True))
    ]
    viewings.end(tokens[0])
    viewings.end(tokens[0])
    assert [watch.is_closed for watch in watches] == [True, False, False, False]
    viewings.end_all("a")
    assert [watch.is_closed for watch in watches] == [True, True, False, False]
    clock.now_s += module.LIFE_S + 1
    assert viewings.use(tokens[2]) is None
    assert watches[2].is_closed
    viewings.end_all()
    assert watches[3].is_closed
