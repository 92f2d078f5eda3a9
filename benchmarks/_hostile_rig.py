"""What the hostile kinds of `benchmarks.hostile` act on: a Home Assistant and its people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from scripts.demo_lib import flow, home_assistant
from scripts.demo_lib.api import Api
from scripts.demo_lib.errors import DemoError
from scripts.demo_lib.index_rows import ClipRow, read_index
from scripts.demo_lib.simulator import Nvr, Simulator
from scripts.demo_lib.stage import DOMAIN, Home, answers_for

READER = "reader"
_ENTRIES = "/api/config/config_entries/entry"


@dataclass(slots=True)
class HostileRig:
    """Everything an attack may use; `reader` is a person without any rights but to read."""

    running: Home
    simulator: Simulator
    session: aiohttp.ClientSession
    reader: Api
    rows: list[ClipRow] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """Return the owner's connection."""
        return self.running.api

    @property
    def yard(self) -> Nvr:
        """Return the recorder."""
        return self.simulator.nvrs[0]

    @property
    def lane(self) -> Nvr:
        """Return the camera that is recorded live."""
        return self.simulator.nvrs[1]

    @asynccontextmanager
    async def faults(self, nvr: Nvr, faults: dict[str, Any]) -> AsyncIterator[None]:
        """Let a device do harm for a while."""
        await self.simulator.set_faults(self.session, nvr.name, faults)
        try:
            yield
        finally:
            await self.simulator.set_faults(self.session, nvr.name, None)

    async def entry_id(self, nvr: Nvr) -> str:
        """Return the entry of a device, empty if there is none."""
        for entry in await self.api.get(_ENTRIES):
            if entry["domain"] == DOMAIN and entry["title"] == nvr.name:
                return str(entry["entry_id"])
        return ""

    async def add(self, nvr: Nvr) -> str:
        """Add a device; return "added" or what Home Assistant said."""
        try:
            await flow.add(self.api, DOMAIN, answers_for(nvr))
        except flow.RefusedError as refused:
            await flow.drop(self.api, refused.flow_id)
            return f"refused: {', '.join(sorted(refused.keys))}"
        return "added"

    async def remove_all(self) -> None:
        """Remove our entries, whatever the devices call themselves; footage stays."""
        for entry in await self.api.get(_ENTRIES):
            if entry["domain"] == DOMAIN:
                await self.api.delete(f"{_ENTRIES}/{entry['entry_id']}")

    async def reload(self, nvr: Nvr) -> str:
        """Set a device's entry up again; return its state."""
        entry_id = await self.entry_id(nvr)
        try:
            await self.api.post(f"{_ENTRIES}/{entry_id}/reload", {})
        except DemoError as error:
            return str(error)[:60]
        for entry in await self.api.get(_ENTRIES):
            if entry["entry_id"] == entry_id:
                return str(entry["state"])
        return "gone"

    async def sync(self, **more: Any) -> str:
        """Look for everything anew; return what came of it."""
        try:
            report = await self.api.action(DOMAIN, "sync", {"full": True, **more})
        except DemoError as error:
            return f"refused: {str(error)[-60:]}"
        return f"complete: {report['complete']}"


async def make_reader(running: Home, session: aiohttp.ClientSession) -> Api:
    """Create a person who may only read, and sign in."""
    (made,) = await running.api.ask(
        {
            "type": "config/auth/create",
            "name": READER,
            "group_ids": ["system-read-only"],
        }
    )
    await running.api.ask(
        {
            "type": "config/auth_provider/homeassistant/create",
            "user_id": made["user"]["id"],
            "username": READER,
            "password": READER,
        }
    )
    return await home_assistant.sign_in(session, running.url, READER, READER)


def kept(folder: Path) -> list[ClipRow]:
    """Return the clips that are complete."""
    return [row for row in read_index(folder) if row.state == "complete"]


@asynccontextmanager
async def slow_readers(api: Api, path: str, count: int) -> AsyncIterator[list[bytes]]:
    """Hold requests whose answers nobody reads; yields the first bytes of each."""
    where = urlsplit(api.url)
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    begun: list[bytes] = []
    try:
        for _ in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await loop.sock_connect(sock, (where.hostname, where.port))
            request = (
                f"GET /api/{DOMAIN}/{path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                f"Authorization: Bearer {api.token}\r\n\r\n"
            )
            await loop.sock_sendall(sock, request.encode())
        for sock in sockets:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    begun.append(await loop.sock_recv(sock, 64))
        yield begun
    finally:
        for sock in sockets:
            sock.close()
