"""What a process costs, and how late its event loop is."""

import asyncio
from pathlib import Path
import resource
import sqlite3
import time


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def resident_mb() -> float:
    """Return the memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def lateness(stop: asyncio.Event) -> list[float]:
    """Return how late, in ms, a sleep of 5 ms ended, again and again."""
    late = []
    while not stop.is_set():
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        late.append((time.perf_counter() - due) * 1000)
    return late


def percentile(values: list[float], share: float) -> float:
    """Return a percentile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rows_of(folder: Path, since: float) -> dict[str, int]:
    """Return how many rows the recorder wrote for each entity since a moment."""
    base = sqlite3.connect(folder / "home-assistant_v2.db", timeout=30)
    found = base.execute(
        "select states_meta.entity_id, count(*) from states join states_meta using (metadata_id)"
        " where last_updated_ts > ? group by states_meta.entity_id",
        (since,),
    )
    return dict(found.fetchall())
