"""Starts programs and ends them all, whatever happens to us."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
import ctypes
import os
from pathlib import Path
import signal
import subprocess
import sys

from .errors import DemoError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """In the child: let Linux kill it when we are gone, even by SIGKILL."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One program in a process group of its own; its output goes to a log or a pipe."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended yet."""
        return self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens if it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def end(self, patience: float = 15) -> None:
        """Ask it to end; kill it when it does not in `patience` seconds."""
        if self.is_running:
            self.send(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), patience)
        # Its own children may outlive it.
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        await self.process.wait()


async def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    piped: bool = False,
) -> Child:
    """Start a program; standard error (and output unless `piped`) is appended to `log`."""
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if piped else sink,
            stderr=sink,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Child(name, process)


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    """Hold a child as long as the block runs."""
    try:
        yield child
    finally:
        await child.end()


def end_of(log: Path, characters: int = 2000) -> str:
    """Return the last lines of a log, empty if there is none."""
    if not log.exists():
        return ""
    return log.read_text(encoding="utf-8", errors="replace")[-characters:]


async def run(command: Sequence[str | Path], *, cwd: Path) -> str:
    """Run a short program and return what it printed; raise DemoError if it fails."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise DemoError(f"{command[0]} failed: {err.decode(errors='replace')[-2000:]}")
    return out.decode()
