"""Which keep-alive is sent when, and what is learned of a device by it."""

# Reads private members: that memory is bounded is told to nobody.

import pytest

from custom_components.vtrack_nvr.core.device_habits import DeviceHabits, KeepAlive
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk, Waits
from custom_components.vtrack_nvr.core.rtsp.keep_alive import KeepAlives

GET, OPTIONS, SET, REPORTS = KeepAlive
ALL = frozenset({"GET_PARAMETER", "OPTIONS", "SET_PARAMETER"})


class Device:
    """A session of 60 s on a clock of its own, with a device that answers as told."""

    def __init__(
        self,
        habits: DeviceHabits | None = None,
        *,
        refuses: set[KeepAlive] = frozenset(),
        ignores: set[KeepAlive] = frozenset(),
        timeout_s: float = 60.0,
    ) -> None:
        self.habits = habits or DeviceHabits()
        self.keep_alives = KeepAlives(self.habits, Waits())
        self.refuses, self.ignores = refuses, ignores
        self.now, self._cseq = 100.0, 0
        self.keep_alives.plan(self.now, timeout_s, ALL)

    def step(self) -> tuple[float, KeepAlive]:
        """Send what is due next; return when and what that was."""
        keep_alives = self.keep_alives
        self.now = max(self.now, keep_alives.due)
        way = keep_alives.begin(self.now)
        if way is not REPORTS:
            self._cseq += 1
            keep_alives.sent(self._cseq)
            if way not in self.ignores:
                keep_alives.answered(
                    self._cseq, self.now, is_refused=way in self.refuses
                )
        return self.now - 100.0, way


@pytest.mark.parametrize(
    ("timeout_s", "interval_s"),
    [(60, 30), (15, 7.5), (4, 2), (1, 1), (0, 1), (2**32, 30), (600, 30)],
)
def test_a_session_is_kept_alive_at_half_its_timeout_within_bounds(
    timeout_s: float, interval_s: float
) -> None:
    device = Device(timeout_s=timeout_s)
    assert device.step() == (interval_s, GET)
    assert device.step() == (2 * interval_s, GET)
    assert device.habits.keep_alive is None, "nothing to learn of what works"


def test_a_refused_way_is_followed_by_the_next_at_once_and_remembered() -> None:
    device = Device(refuses={GET})
    assert [device.step() for _ in range(3)] == [
        (30, GET),
        (30, OPTIONS),
        (60, OPTIONS),
    ]
    assert device.habits.keep_alive is OPTIONS
    assert Device(device.habits).step() == (30, OPTIONS)


def test_where_every_request_is_refused_reports_have_to_do() -> None:
    device = Device(refuses={GET, OPTIONS, SET})
    assert [device.step()[1] for _ in range(5)] == [GET, OPTIONS, SET, REPORTS, REPORTS]
    assert device.habits.keep_alive is REPORTS
    assert device.now == 160


def test_an_unanswered_way_is_followed_by_another_before_the_timeout() -> None:
    device = Device(ignores={GET})
    assert [device.step() for _ in range(3)] == [
        (30, GET),
        (45, OPTIONS),
        (75, OPTIONS),
    ]
    assert device.habits.keep_alive is OPTIONS


def test_where_nothing_is_answered_all_requests_take_turns() -> None:
    device = Device(ignores={GET, OPTIONS, SET})
    turns = [GET, OPTIONS, SET, GET, OPTIONS, SET, GET]
    assert [device.step()[1] for _ in turns] == turns
    assert device.habits.keep_alive is None


def test_an_answer_that_was_stuck_behind_media_counts() -> None:
    device = Device(ignores={GET})
    device.step()
    device.ignores = {OPTIONS}
    device.step()
    assert device.keep_alives.answered(1, device.now, is_refused=False)
    assert not device.keep_alives.answered(2, device.now, is_refused=False)
    device.ignores = set()
    assert device.step()[1] is GET
    assert device.habits.keep_alive is None


def test_a_way_that_is_not_public_is_not_tried() -> None:
    device = Device()
    device.keep_alives.plan(100.0, 60, frozenset({"OPTIONS", "PLAY"}))
    assert device.step()[1] is OPTIONS
    assert device.habits.keep_alive is None


def test_answers_to_nothing_of_ours_are_none_of_ours() -> None:
    assert not Device().keep_alives.answered(7, 100.0, is_refused=True)


def test_unanswered_requests_are_bounded() -> None:
    device = Device(ignores={GET, OPTIONS, SET})
    for _ in range(50):
        device.step()
    assert len(device.keep_alives._open) <= 8


# Sessions that the device ends


def ended(habits: DeviceHabits, after_s: float, timeout_s: float = 60) -> KeepAlive:
    """Return the way of a session that answers and is closed all the same."""
    device = Device(habits, timeout_s=timeout_s)
    while device.keep_alives.due < 100 + after_s:
        device.step()
    device.keep_alives.ended(100 + after_s)
    return device.keep_alives.way


def test_twice_closed_at_the_timeout_means_that_the_way_does_not_count() -> None:
    habits = DeviceHabits()
    assert [ended(habits, 61) for _ in range(5)] == [GET, GET, OPTIONS, OPTIONS, SET]
    assert habits.keep_alive is SET


def test_twice_closed_right_after_a_keep_alive_as_well() -> None:
    """A device that takes requests during PLAY for garbage."""
    habits = DeviceHabits()
    assert [ended(habits, 30.5) for _ in range(3)] == [GET, GET, OPTIONS]


@pytest.mark.parametrize("after_s", [5, 20, 200, 3600.5])
def test_other_ends_say_nothing_about_keep_alives(after_s: float) -> None:
    habits = DeviceHabits()
    for _ in range(4):
        ended(habits, after_s + 5)
    assert habits.keep_alive is None


def test_a_promise_of_hours_is_not_believed() -> None:
    habits = DeviceHabits()
    ways = [ended(habits, 61, timeout_s=86_400) for _ in range(3)]
    assert ways == [GET, GET, OPTIONS]


# What is remembered


@pytest.mark.parametrize(
    ("way", "quirks"),
    [
        (GET, set()),
        (OPTIONS, {Quirk.OPTIONS_KEEP_ALIVE}),
        (SET, {Quirk.SET_PARAMETER_KEEP_ALIVE}),
        (REPORTS, {Quirk.RTCP_KEEP_ALIVE}),
    ],
)
def test_the_way_is_kept_in_the_policy(way: KeepAlive, quirks: set[Quirk]) -> None:
    news = []
    habits = DeviceHabits(lambda: news.append(1))
    habits.learn(way)
    habits.learn(way)
    assert len(news) == len(quirks), "only what is new is told"
    old = DevicePolicy(frozenset({Quirk.RTCP_KEEP_ALIVE, Quirk.NO_REQUIRE}))
    policy = habits.taught(old)
    assert policy.quirks == quirks | {Quirk.NO_REQUIRE}
    again = DeviceHabits()
    again.know(policy)
    assert again.keep_alive is (way if quirks else None)


def test_what_a_session_showed_goes_before_what_was_known() -> None:
    habits = DeviceHabits()
    assert habits.taught(DevicePolicy()) == DevicePolicy()
    habits.learn(SET)
    habits.know(DevicePolicy(frozenset({Quirk.OPTIONS_KEEP_ALIVE})))
    assert habits.keep_alive is SET
