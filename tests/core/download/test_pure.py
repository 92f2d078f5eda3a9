"""The decisions of a download, as tables of what they see and say."""

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.download.capture_times import CaptureJudge, Trust
from custom_components.vtrack_nvr.core.download.dating import Dating, FirstDate
from custom_components.vtrack_nvr.core.download.ending import EndOfRange, SessionVerdict
from custom_components.vtrack_nvr.core.download.fallbacks import Ladder
from custom_components.vtrack_nvr.core.download.pace import Pace
from custom_components.vtrack_nvr.core.download.resume import Resume, Retry, Stop
from custom_components.vtrack_nvr.core.download.stray_bytes import Framing
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.policy import (
    Bounds,
    DevicePolicy,
    Quirk,
    Waits,
)
from custom_components.vtrack_nvr.core.rtsp.session_values import (
    MediaTrack,
    SessionDescription,
)
from custom_components.vtrack_nvr.core.stream.tracks import (
    choose_sound,
    choose_video,
)
from custom_components.vtrack_nvr.core.stream.unit_stream import EndSignal

S = 1_000_000


def unit(time_us: int | None, *, rtp: int = 0, key: bool = False, **flags: bool):
    return AccessUnit(0, b"", rtp, time_us, key, **flags)


# Ladder


@pytest.mark.parametrize(
    ("statuses", "rungs"),
    [
        ([551], [{Quirk.NO_REQUIRE}]),
        ([501, 501], [{Quirk.NO_RATE_CONTROL}, None]),
        (
            [457, 457, 457],
            [
                {Quirk.WHOLE_SECONDS},
                {Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE},
                None,
            ],
        ),
        (
            [400, 400, 400, 400, 400],
            [
                {Quirk.WHOLE_SECONDS},
                {Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE},
                {Quirk.NO_RATE_CONTROL},
                {Quirk.NO_RATE_CONTROL, Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE},
                None,
            ],
        ),
        (
            [551, 457, 551],
            [{Quirk.NO_REQUIRE}, {Quirk.NO_REQUIRE, Quirk.WHOLE_SECONDS}, None],
        ),
        ([404], [None]),
        ([453], [None]),
    ],
)
def test_one_thing_is_left_out_after_the_other(statuses, rungs) -> None:
    ladder = Ladder(DevicePolicy())
    for status, rung in zip(statuses, rungs, strict=True):
        assert ladder.step_down(status) is (rung is not None)
        if rung is not None:
            assert ladder.policy.quirks == rung


def test_the_ladder_begins_where_the_device_is_known_to_be() -> None:
    ladder = Ladder(DevicePolicy(frozenset({Quirk.WHOLE_SECONDS})))
    assert ladder.step_down(457)
    assert ladder.policy.quirks == {Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE}
    assert not ladder.step_down(457)


# End of range


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


# Bytes of no frame


def test_the_third_stumble_in_a_minute_of_footage_is_a_manner() -> None:
    framing = Framing(0)
    assert [framing.is_usual(at * S) for at in (0, 4, 8)] == [False, False, True]


def test_stumbles_that_are_far_apart_stay_mishaps() -> None:
    framing = Framing(0)
    found = [framing.is_usual(at * S) for at in range(60, 660, 60)]
    assert found == [False] * 9 + [True], "but for the tenth of one fetch"


# Resume

WAITS = Waits(retry=(1.0, 2.0, 5.0))
END = 600 * S


def test_pauses_grow_and_new_footage_resets_them() -> None:
    resume = Resume(0, WAITS, Bounds())
    assert resume.after(0, END, stop=None) == Retry(1.0, 0)
    assert resume.after(0, END, stop=None) == Retry(2.0, 0)
    assert resume.after(6 * S, END, stop=Stop(7 * S)) == Retry(1.0, 6 * S)
    assert resume.after(8 * S, END, stop=Stop(9 * S)) == Retry(2.0, 8 * S)
    assert resume.after(8 * S, END, stop=None) == Retry(5.0, 8 * S)
    assert resume.after(8 * S, END, stop=None) is None


def test_the_second_stop_at_a_picture_skips_it() -> None:
    resume = Resume(0, WAITS, Bounds())
    resume.after(8 * S, END, stop=Stop(9 * S))
    assert resume.is_stuck(8 * S, Stop(9 * S))
    assert not resume.is_stuck(8 * S, Stop(11 * S))
    assert not resume.is_stuck(10 * S, Stop(9 * S))
    retry = resume.after(9 * S, END, stop=Stop(9 * S), is_given_up=True)
    assert retry == Retry(0.0, 19 * S, 9 * S)


def test_it_skips_further_each_time() -> None:
    waits = Waits(retry=(1.0,) * 9)
    resume = Resume(0, waits, Bounds())
    starts = []
    for _ in range(5):
        retry = resume.after(8 * S, END, stop=Stop(9 * S))
        assert retry
        starts.append(retry.start_us // S)
    assert starts == [8, 18, 28, 38, 48]


def test_resets_and_sessions_without_a_picture_need_three() -> None:
    for stop in (Stop(9 * S, is_vague=True), Stop(None)):
        resume = Resume(8 * S, WAITS, Bounds())
        retries = [resume.after(8 * S, END, stop=stop) for _ in range(3)]
        assert [r and r.skipped_from_us for r in retries] == [None, None, 8 * S]


def test_stops_at_different_pictures_are_no_damage() -> None:
    resume = Resume(8 * S, WAITS, Bounds())
    for at in (9, 10, 11):
        retry = resume.after(8 * S, END, stop=Stop(at * S))
        assert retry
        assert retry.skipped_from_us is None


def test_a_session_the_device_forgot_says_nothing_about_the_footage() -> None:
    resume = Resume(8 * S, Waits(), Bounds())
    excused = Stop(9 * S, is_excused=True)
    assert excused.weight == 0
    resume.after(8 * S, END, stop=Stop(9 * S))
    assert not resume.is_stuck(8 * S, excused)
    retries = [resume.after(8 * S, END, stop=excused) for _ in range(5)]
    assert [r and r.start_us // S for r in retries] == [8, 8, 8, 8, None]
    assert not any(r.skipped_from_us for r in retries if r)


def test_excused_stops_do_not_hide_a_damaged_place() -> None:
    resume = Resume(8 * S, WAITS, Bounds())
    resume.after(8 * S, END, stop=Stop(9 * S))
    resume.after(8 * S, END, stop=Stop(11 * S, is_excused=True))
    retry = resume.after(8 * S, END, stop=Stop(9 * S))
    assert retry
    assert retry.skipped_from_us == 8 * S


def test_an_excused_stop_at_a_place_once_given_up_does_not_give_it_up_again() -> None:
    resume = Resume(8 * S, WAITS, Bounds())
    resume.after(8 * S, END, stop=Stop(9 * S))
    resume.after(8 * S, END, stop=Stop(9 * S))
    assert resume.is_stuck(8 * S, Stop(9 * S))
    assert not resume.is_stuck(8 * S, Stop(9 * S, is_excused=True))


def test_beyond_the_end_nothing_is_skipped_to() -> None:
    resume = Resume(8 * S, WAITS, Bounds())
    resume.after(8 * S, 12 * S, stop=Stop(9 * S))
    assert resume.after(8 * S, 12 * S, stop=Stop(9 * S)) is None


# Capture times

DAY_MS = 86_400_000
RANGE = TimeRange(20_500 * DAY_MS, 20_500 * DAY_MS + 1_000_000)
START_US = RANGE.start_ms * 1000
NOW_MS = 20_501 * DAY_MS
NOW_US = NOW_MS * 1000


def judge(*units: AccessUnit, now_ms: int = NOW_MS, known: bool = False) -> Trust:
    made = CaptureJudge(RANGE, now_ms, 90_000, is_known_playback=known)
    trust = Trust.UNDECIDED
    for item in units:
        trust = made.judge(item)
        if trust is not Trust.UNDECIDED:
            break
    return trust


def pictures(
    start_us: int | None,
    speed: float = 1.0,
    count: int = 60,
    *,
    round_us: int = 1,
    keys_only: bool = False,
) -> list[AccessUnit]:
    """Return units 0.1 s apart by RTP whose stamps go on at a speed from a time."""
    units = []
    for n in range(count):
        is_key = n % 20 == 0
        at_us = None
        if start_us is not None and (is_key or not keys_only):
            at_us = round(start_us + n * 100_000 * speed) // round_us * round_us
        units.append(unit(at_us, rtp=n * 9000, key=is_key))
    return units


@pytest.mark.parametrize(
    ("units", "trust"),
    [
        (pictures(START_US), Trust.CAPTURE),
        (pictures(START_US - 10 * S), Trust.CAPTURE),
        (pictures(START_US + 4000 * S), Trust.CAPTURE),
        (pictures(START_US - 5000 * S), Trust.CAPTURE),
        (pictures(START_US, round_us=S), Trust.CAPTURE),
        (pictures(START_US, keys_only=True), Trust.CAPTURE),
        (pictures(START_US, count=5), Trust.UNDECIDED),
        (pictures(None), Trust.NONE),
        (pictures(START_US, 0.0), Trust.NONSENSE),
        (pictures(START_US, 0.0, keys_only=True), Trust.NONSENSE),
        (pictures(START_US, 0.01), Trust.NONSENSE),
        (pictures(5 * S), Trust.NONSENSE),
        (pictures(NOW_US + 40 * 365 * 86_400 * S), Trust.NONSENSE),
        (pictures(NOW_US), Trust.LIVE),
        (pictures(NOW_US, 0.01), Trust.PLAYBACK),
        (pictures(NOW_US, count=5), Trust.UNDECIDED),
    ],
)
def test_stamps_are_judged_by_how_they_go_on(units, trust) -> None:
    assert judge(*units) is trust


def test_stamps_on_key_pictures_only_are_waited_for() -> None:
    first, *rest = pictures(START_US, keys_only=True)
    assert judge(*rest[:15], first._replace(rtp_time=15 * 9000)) is Trust.UNDECIDED


def test_a_clock_without_a_battery_dates_what_was_asked_for() -> None:
    asked = TimeRange(5_000, 15_000)
    made = CaptureJudge(asked, NOW_MS, 90_000)
    assert [made.judge(item) for item in pictures(5 * S)][-1] is Trust.CAPTURE


@pytest.mark.parametrize(
    ("units", "trust"),
    [
        (pictures(START_US, count=2), Trust.CAPTURE),
        (pictures(START_US, 0.0, count=5), Trust.NONSENSE),
        (pictures(None, count=1), Trust.NONE),
        (pictures(NOW_US, count=2), Trust.UNDECIDED),
    ],
)
def test_what_ends_early_is_judged_by_what_came(units, trust) -> None:
    made = CaptureJudge(RANGE, NOW_MS, 90_000)
    assert {made.judge(item) for item in units} == {Trust.UNDECIDED}
    assert made.conclude() is trust


def test_recent_ranges_and_known_devices_are_not_taken_for_live() -> None:
    assert judge(*pictures(NOW_US), known=True) is Trust.PLAYBACK
    now_ms = RANGE.end_ms + 10_000
    recent = pictures(RANGE.end_ms * 1000)
    assert judge(*recent, now_ms=now_ms) is Trust.CAPTURE


class Hands(SystemClock):
    """A clock that the test moves."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


# Dates


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


def test_one_picture_with_a_time_among_many_is_believed_for_want_of_more() -> None:
    first, *rest = pictures(START_US, count=250)
    alone = [item._replace(time_us=None, is_key=False) for item in rest]
    made = CaptureJudge(RANGE, NOW_MS, 90_000)
    trusts = [made.judge(item) for item in (first, *alone[:199])]
    assert trusts[-2:] == [Trust.UNDECIDED, Trust.CAPTURE]


def test_a_known_device_that_ends_at_once_is_known_all_the_same() -> None:
    made = CaptureJudge(RANGE, NOW_MS, 90_000, is_known_playback=True)
    assert made.conclude() is Trust.PLAYBACK


def test_what_was_shown_is_believed_for_a_while_by_later_fetches() -> None:
    clock, habits = Hands(), DeviceHabits()
    Dating(habits, clock, Waits()).check(RANGE, START_US)
    assert Dating(habits, clock, Waits()).is_believed
    clock.at = Waits().date_proof + 1
    assert not Dating(habits, clock, Waits()).is_believed


# Pace


def test_reading_slower_keeps_the_limit() -> None:
    clock = Hands()
    pace = Pace(clock, 1000)
    total = waited = 0.0
    for _ in range(50):
        total += 100
        pause = pace.pause_after(100)
        waited += pause
        clock.at += pause
    assert total / max(waited, 0.001) == pytest.approx(1000, rel=0.1)
    assert Pace(clock, None).pause_after(10**9) == 0.0
    assert pace.pause_after(10**6) == 0.25


@pytest.mark.parametrize(
    ("speed", "known", "expected"),
    [
        (1.0, set(), {Quirk.REAL_TIME_ONLY}),
        (1.0, {Quirk.REAL_TIME_ONLY}, {Quirk.REAL_TIME_ONLY}),
        (30.0, set(), set()),
        (30.0, {Quirk.REAL_TIME_ONLY}, set()),
        (1.0, {Quirk.NO_RATE_CONTROL}, {Quirk.NO_RATE_CONTROL}),
    ],
)
def test_real_time_devices_are_recognised(speed, known, expected) -> None:
    clock = Hands()
    pace = Pace(clock, None)
    policy = DevicePolicy(frozenset(known))
    for second in range(25):
        clock.at = float(second)
        policy = pace.learn(round(second * speed * S), policy)
    assert policy.quirks == expected


def test_our_own_limit_says_nothing_about_the_device() -> None:
    clock = Hands()
    pace = Pace(clock, 1000)
    policy = DevicePolicy()
    for second in range(25):
        clock.at = float(second)
        policy = pace.learn(second * S, policy)
    assert policy.quirks == frozenset()


# Tracks


def track(index: int, kind: TrackKind, codec: Codec) -> MediaTrack:
    made = TrackFormat(kind, codec, 90_000, name=codec.value.upper())
    return MediaTrack(index, made, 96 + index, f"rtsp://x/{index}")


def test_the_first_track_we_can_keep_is_taken() -> None:
    tracks = (
        track(0, TrackKind.METADATA, Codec.UNKNOWN),
        track(1, TrackKind.VIDEO, Codec.MJPEG),
        track(2, TrackKind.VIDEO, Codec.H265),
        track(3, TrackKind.AUDIO, Codec.PCMA),
    )
    described = SessionDescription(tracks, "rtsp://x")
    assert choose_video(described).index == 2
    sound = choose_sound(described)
    assert sound
    assert sound.index == 3
    with pytest.raises(NvrError) as caught:
        choose_video(SessionDescription(tracks[:2], "rtsp://x"))
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    assert "MJPEG" in caught.value.detail
    assert choose_sound(SessionDescription(tracks[:2], "rtsp://x")) is None
