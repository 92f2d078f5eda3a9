"""Bytes of no frame: a mishap, or the device's manner."""

from custom_components.vtrack_nvr.core.download.stray_bytes import Framing

from .replayed import S


def test_the_third_stumble_in_a_minute_of_footage_is_a_manner() -> None:
    framing = Framing(0)
    assert [framing.is_usual(at * S) for at in (0, 4, 8)] == [False, False, True]


def test_stumbles_that_are_far_apart_stay_mishaps() -> None:
    framing = Framing(0)
    found = [framing.is_usual(at * S) for at in range(60, 660, 60)]
    assert found == [False] * 9 + [True], "but for the tenth of one fetch"
