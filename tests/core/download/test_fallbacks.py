"""What is left out of a request when a device refuses it."""

import pytest

from custom_components.vtrack_nvr.core.download.fallbacks import Ladder
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk


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
