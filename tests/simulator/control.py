"""The control port: JSON over HTTP on loopback, to look at devices and spoil them."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from typing import Any

from aiohttp import web

from .nvr import SimulatedNvr


class ControlServer:
    """Serves the devices of one simulator.

    `tests/simulator/README.md` lists what can be asked for.
    """

    def __init__(self, nvrs: list[SimulatedNvr], port: int = 0) -> None:
        self.nvrs = {nvr.spec.name: nvr for nvr in nvrs}
        self.port = port
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the port."""
        app = web.Application()
        app.router.add_get("/nvrs", self._list)
        app.router.add_get("/ledger", self._ledger)
        app.router.add_route("*", "/nvrs/{name}/{action:.+}", self._action)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port."""
        for task in self._tasks:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([nvr.description() for nvr in self.nvrs.values()])

    async def _ledger(self, _: web.Request) -> web.Response:
        ledgers = await asyncio.to_thread(
            lambda: {name: nvr.ledger() for name, nvr in self.nvrs.items()}
        )
        return web.json_response(ledgers)

    async def _action(self, request: web.Request) -> web.Response:
        nvr = self.nvrs.get(request.match_info["name"])
        action = request.match_info["action"]
        handler = self._handlers().get((request.method, action))
        if nvr is None or handler is None:
            return web.json_response({"error": "no such device or action"}, status=404)
        try:
            text = await request.text()
            values = json.loads(text) if text else {}
            if not isinstance(values, dict):
                raise TypeError("an object is expected")
            result = await handler(nvr, values)
        except (ValueError, KeyError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(result if result is not None else {"ok": True})

    def _handlers(
        self,
    ) -> dict[
        tuple[str, str], Callable[[SimulatedNvr, dict[str, Any]], Awaitable[Any]]
    ]:
        return {
            ("GET", "counters"): self._counters,
            ("POST", "counters/reset"): self._counters_reset,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): self._reset_faults,
            ("POST", "clock"): self._clock,
            ("POST", "password"): self._password,
            ("POST", "event"): self._event,
            ("POST", "reboot"): self._reboot,
            ("POST", "format"): self._format,
            ("POST", "record"): self._record,
            ("POST", "drop"): self._drop,
            ("POST", "identity"): self._identity,
            ("POST", "move"): self._move,
            ("POST", "stop"): self._stop,
            ("POST", "start"): self._start,
        }

    async def _counters(self, nvr: SimulatedNvr, _: dict[str, Any]) -> Any:
        return nvr.counts()

    async def _counters_reset(self, nvr: SimulatedNvr, _: dict[str, Any]) -> None:
        nvr.reset_counts()

    async def _faults(self, nvr: SimulatedNvr, _: dict[str, Any]) -> Any:
        return nvr.faults.values()

    async def _set_faults(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        nvr.faults.update(values)

    async def _reset_faults(self, nvr: SimulatedNvr, _: dict[str, Any]) -> None:
        nvr.reset_faults()

    async def _clock(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        nvr.set_clock(int(values["offset_ms"]))

    async def _password(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        nvr.set_password(str(values["password"]), values.get("user"))

    async def _event(self, nvr: SimulatedNvr, values: dict[str, Any]) -> Any:
        return {"subscribers": nvr.notify(values)}

    async def _reboot(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        off_s = float(values.get("off_s", 0.5))
        await nvr.reboot(off_s)

    async def _format(self, nvr: SimulatedNvr, _: dict[str, Any]) -> None:
        nvr.format()

    async def _record(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        nvr.record(is_on=bool(values["on"]), camera=values.get("camera"))

    async def _drop(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        is_reset = bool(values.get("reset"))
        await asyncio.to_thread(nvr.rtsp.drop_connections, reset=is_reset)

    async def _identity(self, nvr: SimulatedNvr, values: dict[str, Any]) -> None:
        nvr.set_identity(values)

    async def _move(self, nvr: SimulatedNvr, values: dict[str, Any]) -> Any:
        await nvr.move(int(values.get("port", 0)))
        return {"port": nvr.port}

    async def _stop(self, nvr: SimulatedNvr, _: dict[str, Any]) -> None:
        await nvr.stop()

    async def _start(self, nvr: SimulatedNvr, _: dict[str, Any]) -> None:
        await nvr.start()
