"""Looks for a password, in every encoding, wherever it must not be.

What is found is told by its place, never by its text.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing, suppress
import json
import os
from pathlib import Path
import re
import sqlite3
from typing import Any

import aiohttp

from custom_components.vtrack_nvr.core.redact import encodings_pattern

from . import flow
from .api import Api
from .errors import DemoError

PASSWORD = 'Zq7"Mango&<%41@/:Se cret9+\\é'
"""Has to be escaped in JSON, XML, URLs, headers and shells alike."""

ALLOWED = (".storage/core.config_entries",)
"""Home Assistant keeps the data of all entries here; nothing else may hold a login."""

_PROC = Path("/proc")
_LOOK_S = 0.05


class SecretScan:
    """Knows one secret in every encoding."""

    def __init__(self, secret: str) -> None:
        # A pattern of texts finds UTF-8 once it is encoded itself.
        shapes = [encodings_pattern(secret).pattern.encode()]
        for encoding in ("latin-1", "utf-16-le", "utf-16-be"):
            with suppress(UnicodeEncodeError):
                shapes.append(re.escape(secret.encode(encoding)))
        self._pattern = re.compile(b"|".join(shapes))

    def shows_in(self, data: bytes | str) -> bool:
        """Return whether the secret can be read from the data."""
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        return self._pattern.search(data) is not None


def secret_in_files(folder: Path, scan: SecretScan) -> list[str]:
    """Return the files below a folder that show the secret, by name or content."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if scan.shows_in(os.fsencode(path.name)):
            # The name itself must not be repeated.
            found.append(f"a file's name in {path.parent.relative_to(folder)}")
        if path.is_symlink() or not path.is_file() or name in ALLOWED:
            continue
        if any(scan.shows_in(part) for part in _contents(path)):
            found.append(f"the file {name}")
    return [f"the password is in {place}" for place in found]


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content.startswith(b"SQLite format 3"):
        # Long values do not lie in one piece in the file.
        uri = f"file:{path.as_posix()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            for line in database.iterdump():
                yield line.encode("utf-8", "surrogateescape")


class Overheard:
    """What passed between a browser's side and Home Assistant, and what processes show."""

    def __init__(self, scan: SecretScan) -> None:
        self.wrong: set[str] = set()
        self.answers = 0
        self.programs: set[str] = set()
        self._scan = scan
        self._known: set[tuple[int, bytes]] = set()

    def look(self, data: bytes | str, place: str) -> None:
        """Remember the place if the secret shows in the data."""
        if self._scan.shows_in(data):
            self.wrong.add(f"the password is in {place}")

    def trace(self) -> aiohttp.TraceConfig:
        """Return what lets us look at the addresses and answers of a client session."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._asked)
        trace.on_request_end.append(self._answered)
        trace.on_response_chunk_received.append(self._received)
        return trace

    async def _asked(
        self, _session: Any, _context: Any, asked: aiohttp.TraceRequestStartParams
    ) -> None:
        self.look(str(asked.url), f"an address asked with {asked.method}")

    async def _answered(
        self, _session: Any, _context: Any, answered: aiohttp.TraceRequestEndParams
    ) -> None:
        headers = b"\n".join(b": ".join(line) for line in answered.response.raw_headers)
        self.look(headers, f"the headers of {answered.url.path}")

    async def _received(
        self,
        _session: Any,
        _context: Any,
        received: aiohttp.TraceResponseChunkReceivedParams,
    ) -> None:
        self.answers += 1
        await asyncio.to_thread(
            self.look, received.chunk, f"the answer of {received.url.path}"
        )

    @asynccontextmanager
    async def processes(self) -> AsyncIterator[None]:
        """Look at the arguments and environments of all we start, again and again."""
        task = asyncio.create_task(self._watch_processes(), name="processes")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch_processes(self) -> None:
        # Without /proc (macOS) nothing is found.
        while True:
            await asyncio.to_thread(self._look_at_processes)
            await asyncio.sleep(_LOOK_S)

    def _look_at_processes(self) -> None:
        for pid in _children(os.getpid()):
            with suppress(OSError):  # it has ended
                arguments = (_PROC / str(pid) / "cmdline").read_bytes()
                if not arguments or (pid, arguments) in self._known:
                    continue
                program = Path(os.fsdecode(arguments.split(b"\0")[0])).name
                self.look(arguments, f"the arguments of {program}")
                environment = (_PROC / str(pid) / "environ").read_bytes()
                self.look(environment, f"the environment of {program}")
                self.programs.add(program)
                self._known.add((pid, arguments))


def _children(ancestor: int) -> Iterable[int]:
    """Return the processes below one, its children's children included."""
    found: set[int] = set()
    waiting = [ancestor]
    while waiting:
        for path in (_PROC / str(waiting.pop()) / "task").glob("*/children"):
            with suppress(OSError):
                below = {int(pid) for pid in path.read_text().split()} - found
                found |= below
                waiting += below
    return found


async def ask_everything(
    api: Api, domain: str, clips: list[int], overheard: Overheard
) -> list[str]:
    """Ask for all that shows entries, devices, states and pictures of the newest clip.

    Returns what did not answer.

    The session's trace hears what is answered by HTTP.
    """
    wrong = []
    paths = ["/api/states", "/api/config/config_entries/entry"]
    paths += [
        f"/api/{domain}/{what}/{clip}"
        for clip in clips[-1:]
        for what in ("thumbnail", "strip")
    ]
    entries = [
        entry
        for entry in await api.get("/api/config/config_entries/entry")
        if entry["domain"] == domain
    ]
    (devices,) = await api.ask({"type": "config/device_registry/list"})
    for entry in entries:
        diagnostics = f"/api/diagnostics/config_entry/{entry['entry_id']}"
        paths.append(diagnostics)
        paths += [
            f"{diagnostics}/device/{device['id']}"
            for device in devices
            if entry["entry_id"] in device["config_entries"]
        ]
    for path in paths:
        status, _, _ = await api.fetch(path)
        if status != 200:
            wrong.append(f"{path} answered {status}")
    messages = [
        *({"type": f"config/{what}_registry/list"} for what in ("device", "entity")),
        {"type": "repairs/list_issues"},
        {"type": "system_log/list"},
        {"type": "media_source/browse_media"},
        *({"type": "config_entries/subentries/list", "entry_id": entry["entry_id"]} for entry in entries),
    ]  # fmt: skip
    for message, answer in zip(messages, await api.ask(*messages), strict=True):
        overheard.look(json.dumps(answer), f"the answer of {message['type']}")
    await _ask_as_dashboard(api, domain, overheard)
    for entry in entries:
        wrong += await _open_forms(api, entry["entry_id"], domain)
    return wrong


async def _ask_as_dashboard(api: Api, domain: str, overheard: Overheard) -> None:
    """Ask all that the dashboard reads for an administrator."""
    (info,) = await api.ask({"type": f"{domain}/info"})
    messages: list[dict[str, Any]] = [
        {"type": f"{domain}/info"},
        *(
            {"type": f"{domain}/{what}"}
            for what in (
                "jobs/list",
                "clips/list",
                "export/list",
                "share/list",
                "queue",
                "runs",
                "retention/preview",
                "schedules/list",
            )
        ),
        *(
            {"type": f"{domain}/ledger", "state": state}
            for state in ("failed", "lost", "missing", "removed")
        ),
        *(
            {"type": f"{domain}/nvr/test", "nvr": nvr["key"]}
            for nvr in info["nvrs"]
            if nvr["entry_id"]
        ),
    ]
    for message, answer in zip(messages, await api.ask(*messages), strict=True):
        overheard.look(json.dumps(answer), f"the answer of {message['type']}")


async def _open_forms(api: Api, entry_id: str, domain: str) -> list[str]:
    """Open the forms that begin with what is stored, and close them."""
    base = "/api/config/config_entries"
    try:
        step = await api.post(f"{base}/flow", {"handler": domain, "entry_id": entry_id})
        await flow.drop(api, step["flow_id"])
        step = await api.post(f"{base}/options/flow", {"handler": entry_id})
        await api.delete(f"{base}/options/flow/{step['flow_id']}")
    except DemoError as error:
        return [str(error)]
    return []
