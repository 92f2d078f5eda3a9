"""The installation's process: started, told what to do, killed."""

import asyncio
from contextlib import suppress
import itertools
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any

REPO = Path(__file__).parents[3]
ANSWER_S = 120.0
"""An order that is not answered for so long on a busy machine hangs."""

DECODES = 4
"""Every so many lives decode what they fetched, as the product does."""


class EndedError(Exception):
    """The process ended before it answered."""


class HungError(Exception):
    """The process did not answer."""


class Process:
    """One life of the installation after the other."""

    def __init__(self, folder: Path, roots: list[Path], log: Path) -> None:
        """Name its folders; nothing runs."""
        self._folder = folder
        self._roots = roots
        self._log = log
        self._child: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._reader: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self.lives = 0

    @property
    def is_running(self) -> bool:
        """Return whether it lives."""
        return self._child is not None and self._child.returncode is None

    async def begin(self) -> None:
        """Start it; returns at once."""
        self._opened.clear()
        self.lives += 1
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.end_to_end.endurance.worker",
                "decode" if self.lives % DECODES == 0 else "tables",
                str(self._folder),
                *map(str, self._roots),
                cwd=REPO,
                env={**os.environ, "PYTHONPATH": str(REPO)},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=2**22,
            )
        self._reader = asyncio.create_task(self._read(self._child))

    async def opened(self) -> None:
        """Return when it is ready; raises what it did instead."""
        assert self._child is not None
        ended = asyncio.ensure_future(self._child.wait())
        ready = asyncio.ensure_future(self._opened.wait())
        done, _ = await asyncio.wait(
            {ended, ready}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED
        )
        for future in (ended, ready):
            future.cancel()
        if ready in done:
            return
        if ended in done:
            raise EndedError(f"ended with {self._child.returncode} while it opened")
        raise HungError("it does not open")

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        while line := await child.stdout.readline():
            answer = json.loads(line)
            if "is" in answer:
                self._opened.set()
                continue
            future = self._waiting.pop(answer["id"], None)
            if future is not None and not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(EndedError("it ended"))
        self._waiting.clear()

    async def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Tell it what to do and return its answer."""
        child = self._child
        if child is None or child.returncode is not None or child.stdin is None:
            raise EndedError("it does not run")
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        line = json.dumps({"id": number, "do": do, **values}) + "\n"
        child.stdin.write(line.encode())
        try:
            await child.stdin.drain()
            return await asyncio.wait_for(future, ANSWER_S)
        except ConnectionError as error:
            raise EndedError("it ended") from error
        except TimeoutError as error:
            raise HungError(f"no answer to {do}") from error

    async def kill(self) -> None:
        """End it at this very moment."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it as Home Assistant does."""
        with suppress(EndedError):
            await self.ask("stop")
        assert self._child is not None
        try:
            await asyncio.wait_for(self._child.wait(), ANSWER_S)
        except TimeoutError as error:
            await self._end(signal.SIGKILL)
            raise HungError("it does not end") from error
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        child = self._child
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.send_signal(how)
        await child.wait()
        if self._reader is not None:
            await self._reader
