"""What a process holds, and whether it grows: slopes over simulated time."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
import gc
import os
from pathlib import Path
import threading
from typing import Any

DAY_MS = 86_400_000


def measure(index: Path, roots: list[Path]) -> dict[str, Any]:
    """Return what this process holds now, and how large its files are."""
    gc.collect()
    journals = 0
    for root in roots:
        for path in (root / "vtrack_nvr").glob("*/*/.journal.jsonl"):
            journals += path.stat().st_size
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return {
        "memory_kb": _resident_kb(),
        "handles": len([*Path("/proc/self/fd").iterdir()]),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "processes": len(children.read_text(encoding="ascii").split()),
        "index_bytes": sum(
            path.stat().st_size
            for name in (index.name, f"{index.name}-wal")
            if (path := index.with_name(name)).exists()
        ),
        "journal_bytes": journals,
    }


def _resident_kb() -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(
        int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")
    )


MOST = {
    "memory_kb": 400_000,
    "handles": 150,
    "threads": 60,
    "tasks": 100,
    "processes": 6,
    "index_bytes": 40_000_000,
    "journal_bytes": 8_000_000,
}
"""More than this at any time is too much for four cameras, however short a run is: about
three times what was seen."""
WARM_UP = 8
WARM_UP_MS = DAY_MS
"""So many measurements, and so long, of a life before it is seen whether it grows: caches fill
meanwhile, and what is done once a day begins its thread."""
LEAST_DAYS = 1.0
"""So long lives must be together before a slope is more than noise."""
OF_PROCESS = ("memory_kb", "handles", "threads", "tasks", "processes")
"""What begins anew with each life."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement; `life` counts the starts of the process."""

    life: int
    true_ms: int
    values: dict[str, float]


def slope(samples: list[Sample], name: str, *, per_life: bool) -> float | None:
    """Return growth per simulated day: least squares, with one intercept a life.

    What belongs to a process begins anew with each of them, what lies on a disk goes on.
    """
    groups: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        at = sample.true_ms / DAY_MS
        groups[sample.life if per_life else 0].append((at, sample.values[name]))
    above = below = 0.0
    for points in groups.values():
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        above += sum((x - mean_x) * (y - mean_y) for x, y in points)
        below += sum((x - mean_x) ** 2 for x, _ in points)
    return above / below if below else None


def growth(samples: list[Sample], name: str) -> float | None:
    """Return growth per simulated day, None where there was too little time to tell."""
    is_of_process = name in OF_PROCESS
    if is_of_process:
        samples = _warm(samples)
    if _days(samples, per_life=is_of_process) < LEAST_DAYS:
        return None
    return slope(samples, name, per_life=is_of_process)


def too_much(samples: list[Sample]) -> list[str]:
    """Return what there was too much of at any time."""
    found = []
    for name, most in MOST.items():
        value = max((sample.values[name] for sample in samples), default=0.0)
        if value > most:
            found.append(f"{name} was {value:g}, {most} is much")
    return found


def _warm(samples: list[Sample]) -> list[Sample]:
    """Return the samples of lives that were long enough, without their beginnings."""
    found, lives = [], defaultdict[int, list[int]](list)
    for sample in samples:
        life = lives[sample.life]
        life.append(sample.true_ms)
        if len(life) > WARM_UP and sample.true_ms - life[0] > WARM_UP_MS:
            found.append(sample)
    return found


def _days(samples: list[Sample], *, per_life: bool) -> float:
    """Return how much time the lives in the samples cover."""
    spans: dict[int, list[int]] = defaultdict(list)
    for sample in samples:
        spans[sample.life if per_life else 0].append(sample.true_ms)
    return sum(max(found) - min(found) for found in spans.values()) / DAY_MS
