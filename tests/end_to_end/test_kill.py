"""kill -9 at any moment costs nothing: `scripts/bench kills` does it two hundred times."""

from pathlib import Path

import pytest

from .devices import Devices
from .killing import Killer

pytestmark = pytest.mark.long

KILLS = 7
FRAMES = 2 * (340 + 120 + 160)
"""What the victim's two cameras hold."""


async def test_killed_again_and_again(devices: Devices, tmp_path: Path) -> None:
    tally = await Killer(devices, tmp_path, seed=20_261_122).run(KILLS)
    assert tally.problems == []
    assert tally.kills == KILLS
    assert sum(tally.in_round) == KILLS
    assert tally.frames == tally.rounds * FRAMES
    assert tally.in_fetch, "nothing was being fetched when it was killed"
