"""The runs of one NVR, and how they end."""

import asyncio
import random
from typing import override

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.ledger import RunKind, RunResult
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.sync.engine_context import EngineContext, Slots
from custom_components.vtrack_nvr.core.sync.runs import Runs
from custom_components.vtrack_nvr.core.sync.settings import EngineLimits
from custom_components.vtrack_nvr.core.sync.status import Problem
from tests.core.fakes import FakeDevice, FakeFetcher, FakeLibrary, SimulatedClock

from .rig import CAM, NOW, NVR


class SlowLibrary(FakeLibrary):
    """Its history takes a while to be written."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.may_write = asyncio.Event()
        self.ended: list[int] = []

    @override
    async def end_run(self, run_id: int, result: RunResult) -> None:
        self.ended.append(run_id)
        await self.may_write.wait()
        await super().end_run(run_id, result)


async def test_a_run_that_two_want_to_end_ends_once() -> None:
    clock = SimulatedClock(NOW)
    library = SlowLibrary(clock)
    rooms = EngineContext(
        library,
        FakeFetcher(clock, lambda _: FakeDevice(clock)),
        clock,
        EngineLimits(),
        Waits(),
        Bounds(),
        random.Random(1),
        Slots(1, lambda: None),
        lambda: None,
    )
    runs = Runs(NVR, rooms)
    run = runs.begin(RunKind.MANUAL, frozenset({CAM}))
    run.done = asyncio.get_running_loop().create_future()
    number = await runs.write(run)
    # The NVR is detached while the step that ends the run waits for the history.
    in_step = asyncio.create_task(runs.end(run, problem=None, backlog_ms=0))
    await asyncio.sleep(0)
    assert library.ended == [number]
    detached = Problem(ErrorKind.CANCELLED, NOW)
    await runs.end(run, problem=detached, backlog_ms=5_000)
    library.may_write.set()
    await in_step
    assert library.ended == [number]
    assert library.run_results[number].detail == ""
    report = await run.done
    assert report.is_complete
    assert report.problem is None
    assert list(runs) == []
