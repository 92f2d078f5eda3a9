"""Two refusals stop every login, wherever they happened."""

import threading

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError, Treatment
from custom_components.vtrack_nvr.core.login_guard import LoginGuard


def test_the_second_refusal_stops_everything() -> None:
    told: list[bool] = []
    guard = LoginGuard(lambda: told.append(True))
    guard.check()
    assert not guard.refused("soap")
    guard.check()
    assert guard.refused("rtsp")
    assert guard.is_locked
    with pytest.raises(NvrError) as caught:
        guard.check()
    assert caught.value.kind is ErrorKind.AUTH_REFUSED
    assert caught.value.treatment is Treatment.STOP
    assert guard.refused("soap")
    assert told == [True]


def test_an_accepted_login_forgets_the_refusal_of_its_own_place() -> None:
    guard = LoginGuard()
    guard.refused("soap")
    guard.accepted("soap")
    assert not guard.refused("soap")
    assert guard.refused("soap")


def test_soap_going_well_does_not_excuse_rtsp() -> None:
    guard = LoginGuard()
    guard.refused("rtsp")
    guard.accepted("soap")
    assert guard.refused("rtsp")


def test_only_new_credentials_unlock() -> None:
    guard = LoginGuard()
    guard.refused()
    guard.refused()
    guard.accepted()
    assert guard.is_locked
    guard.reset()
    guard.check()
    assert not guard.refused()


def test_many_threads_lock_it_once() -> None:
    told: list[int] = []
    guard = LoginGuard(lambda: told.append(1))
    threads = [threading.Thread(target=guard.refused) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert guard.is_locked
    assert told == [1]
