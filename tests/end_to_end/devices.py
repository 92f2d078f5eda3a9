"""Simulated NVRs in a loop and thread of their own, as devices are in the world."""

import asyncio
from collections.abc import Coroutine
import threading
from typing import Any

from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import NvrSpec


class Devices:
    """Starts and ends devices; every call may be made from another loop."""

    def __init__(self, footage: FootageStore) -> None:
        self.footage = footage
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="devices", daemon=True
        )
        self._thread.start()
        self._running: list[SimulatedNvr] = []

    async def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run something over there and wait for it here."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(work, self.loop)
        )

    async def start(self, spec: NvrSpec) -> SimulatedNvr:
        """Switch a device on."""
        nvr = SimulatedNvr(spec, footage=self.footage)
        await self.run(nvr.start())
        self._running.append(nvr)
        return nvr

    async def stop(self, nvr: SimulatedNvr) -> None:
        """Switch it off."""
        await self.run(nvr.stop())

    async def close(self) -> None:
        """Switch all off and end the thread."""
        for nvr in self._running:
            await self.run(nvr.stop())
        await self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        await asyncio.to_thread(self._thread.join)
        self.loop.close()
