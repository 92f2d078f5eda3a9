"""What the demo starts, it ends: no orphan, whatever the program does."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import socket
import subprocess
import sys
import time

import pytest

from scripts.demo_lib import ports, processes

ROOT = Path(__file__).parent.parent.parent

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(is_true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.05)
    return False


async def test_a_program_that_will_not_end_is_killed_with_its_children(
    tmp_path: Path,
) -> None:
    child = await processes.start(
        "stubborn",
        [sys.executable, "-c", STUBBORN],
        log=tmp_path / "log",
        cwd=tmp_path,
        piped=True,
    )
    assert child.process.stdout is not None
    grandchild = int(await child.process.stdout.readline())
    await child.end(patience=0.2)
    assert not child.is_running
    assert await asyncio.to_thread(wait_until, lambda: not is_alive(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux offers this")
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    story = f"""
import asyncio, sys
from pathlib import Path
from scripts.demo_lib import processes
async def main():
    child = await processes.start("x", [sys.executable, "-c", "import time; time.sleep(60)"],
        log=Path({str(tmp_path / "log")!r}), cwd=Path({str(tmp_path)!r}))
    print(child.process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", story], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert wait_until(lambda: not is_alive(child))


async def test_a_short_program_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(processes.DemoError, match="no such thing"):
        await processes.run(
            [sys.executable, "-c", "raise SystemExit('no such thing')"], cwd=tmp_path
        )


def test_a_port_that_is_taken_is_passed_over(socket_enabled: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.first_free(port) != port
        assert ports.free_range(port, 2) > port
