"""The sessions that all NVRs share."""

from custom_components.vtrack_nvr.core.models import NvrKey
from custom_components.vtrack_nvr.core.sync.engine_context import Slots

A, B, C = NvrKey("a"), NvrKey("b"), NvrKey("c")


class Bell:
    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


def test_no_more_than_the_total_at_once() -> None:
    bell = Bell()
    slots = Slots(1, bell)
    assert slots.try_take(A, is_request=False)
    assert not slots.try_take(B, is_request=False)
    assert bell.rings == 1
    assert not slots.try_take(B, is_request=False)
    assert bell.rings == 1
    slots.release()
    assert bell.rings == 2
    assert slots.try_take(B, is_request=False)


def test_who_waits_longest_is_next() -> None:
    slots = Slots(1, Bell())
    assert slots.try_take(A, is_request=False)
    assert not slots.try_take(B, is_request=False)
    assert not slots.try_take(C, is_request=False)
    slots.release()
    assert not slots.try_take(A, is_request=False)
    assert not slots.try_take(C, is_request=False)
    assert slots.try_take(B, is_request=False)


def test_requests_go_before_whoever_waits() -> None:
    slots = Slots(1, Bell())
    assert slots.try_take(A, is_request=False)
    assert not slots.try_take(B, is_request=False)
    assert not slots.try_take(C, is_request=True)
    assert slots.has_other_waiting(A, requests_only=True)
    assert not slots.has_other_waiting(C, requests_only=True)
    assert slots.has_other_waiting(C, requests_only=False)
    slots.release()
    assert not slots.try_take(B, is_request=False)
    assert slots.try_take(C, is_request=True)


def test_who_gives_up_waiting_holds_nobody_back() -> None:
    bell = Bell()
    slots = Slots(1, bell)
    assert slots.try_take(A, is_request=False)
    assert not slots.try_take(B, is_request=False)
    slots.withdraw(B)
    slots.withdraw(B)
    assert bell.rings == 2
    assert not slots.has_other_waiting(A, requests_only=False)
    slots.release()
    assert slots.try_take(C, is_request=False)
