"""Several simulated devices, their control port and WS-Discovery, as one thing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .control import ControlServer
from .discovery import DiscoveryResponder
from .footage import FootageStore
from .nvr import SimulatedNvr
from .played import PlayedNvr
from .report_file import Reported
from .spec import NvrSpec


class Simulator:
    """`async with Simulator(specs) as simulator`: everything is up, or nothing is."""

    def __init__(
        self,
        specs: list[NvrSpec],
        *,
        control_port: int = 0,
        discovery_port: int | None = 0,
        is_multicast: bool = False,
        footage_cache: Path | None = None,
        reports: Sequence[Reported] = (),
    ) -> None:
        """Make the devices of `specs`, and behind them those that reports tell of."""
        footage = FootageStore(footage_cache)
        self.nvrs = [SimulatedNvr(spec, footage=footage) for spec in specs]
        self.nvrs += [PlayedNvr(report, footage=footage) for report in reports]
        self.control = ControlServer(self.nvrs, control_port)
        self.discovery = (
            None
            if discovery_port is None
            else DiscoveryResponder(
                self.nvrs,
                host=self.nvrs[0].spec.host,
                port=discovery_port,
                is_multicast=is_multicast,
            )
        )

    async def start(self) -> None:
        """Switch everything on."""
        for nvr in self.nvrs:
            await nvr.start()
        await self.control.start()
        if self.discovery is not None:
            await self.discovery.start()

    async def stop(self) -> None:
        """Switch everything off."""
        if self.discovery is not None:
            self.discovery.stop()
        await self.control.stop()
        await asyncio.gather(*(nvr.stop() for nvr in self.nvrs))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def description(self) -> dict[str, Any]:
        """Return the line printed when everything is ready."""
        return {
            "ready": True,
            "nvrs": [nvr.description() for nvr in self.nvrs],
            "control": self.control.url,
            "discovery": self.discovery.address if self.discovery else None,
        }
