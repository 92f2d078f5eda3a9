"""What is tried after a session stopped."""

from custom_components.vtrack_nvr.core.download.resume import Resume, Retry, Stop
from custom_components.vtrack_nvr.core.policy import Bounds, Waits

from .replayed import S

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
