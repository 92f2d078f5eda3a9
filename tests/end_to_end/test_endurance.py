"""A day of an installation with troubles, kills and people; `scripts/bench endurance`: a month.

What happens is decided by a seed and bounded by work, so a slow machine takes longer and
finds the same.
"""

from pathlib import Path

import pytest

from .endurance.director import Director, Plan

DAY = Plan(days=1.0, ticks=20, seed=7)


@pytest.mark.slow
@pytest.mark.timeout(600)  # two minutes where nothing else runs
async def test_a_day_of_troubles_costs_nothing(tmp_path: Path) -> None:
    outcome = await Director(DAY, tmp_path, print).run()
    assert outcome.problems == []
    assert outcome.over_budget <= 0
    assert outcome.ticks == DAY.ticks
    assert outcome.kills, "nothing was killed"
    assert outcome.troubles, "nothing went wrong"
    assert all(found.frames for found in outcome.findings.values())
