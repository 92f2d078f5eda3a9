"""What a running process costs, seen from outside: by thread, with its children."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
import os
from pathlib import Path
import re

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
OTHERS = 12
"""Programs beside that are named."""

_ROOMS = (
    (re.compile(r"vtrack_fetch"), "copying"),
    (re.compile(r"vtrack-index"), "index"),
    (re.compile(r"vtrack-file"), "files for players"),
    (re.compile(r"vtrack_live"), "recording live"),
    (re.compile(r"vtrack"), "upkeep, answers and the rest of ours"),
    (re.compile(r"Recorder|DbWorker"), "HA's recorder"),
    (re.compile(r"SyncWorker|ImportExecutor|asyncio|ThreadPool"), "executors"),
)
"""Threads by the names they have; 15 characters of them are kept by Linux."""


def room_of(name: str, *, is_main: bool) -> str:
    """Return what a thread works for."""
    if is_main:
        return "event loop"
    return next((room for form, room in _ROOMS if form.search(name)), "other threads")


def _fields(path: Path) -> tuple[str, list[str]]:
    """Return the name and what follows it, of a `stat` file (proc(5))."""
    text = path.read_text(encoding="utf-8", errors="replace")
    name = text[text.index("(") + 1 : text.rindex(")")]
    return name, text[text.rindex(")") + 2 :].split()


def _seconds(fields: list[str], first: int) -> float:
    return (int(fields[first]) + int(fields[first + 1])) / TICK


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; seconds are since the start of the process, memory is in MB."""

    at: float
    cpu: float
    children_cpu: float
    """Of children that live, and of those that have ended."""
    rss: float
    children_pss: float
    threads: int
    handles: int
    children: int
    waited: float
    """Seconds that threads that live were ready and had no processor."""
    loop_waited: float
    rooms: dict[str, float] = field(default_factory=dict)


class Process:
    """One process and the children it has."""

    def __init__(self, pid: int) -> None:
        """Look at a process; nothing of it is changed."""
        self.pid = pid
        self._folder = PROC / str(pid)
        self._threads: dict[str, tuple[str, float]] = {}

    @property
    def is_running(self) -> bool:
        """Return whether it lives."""
        return self._folder.exists()

    def look(self) -> Sample:
        """Return what it has used by now; raises `OSError` when it has ended."""
        _, fields = _fields(self._folder / "stat")
        used, ended = _seconds(fields, 11), _seconds(fields, 13)
        children = [*_below(self.pid)]
        waited = loop_waited = 0.0
        threads = 0
        for task in self._tasks():
            try:
                name, of_task = _fields(task / "stat")
                delay = int((task / "schedstat").read_text().split()[1]) / 1e9
            except OSError:
                continue  # a thread that ended meanwhile
            is_main = task.name == str(self.pid)
            threads += 1
            waited += delay
            loop_waited += delay if is_main else 0
            # What an ended thread has used stays counted.
            self._threads[task.name] = (
                room_of(name, is_main=is_main),
                _seconds(of_task, 11),
            )
        rooms: Counter[str] = Counter()
        for room, seconds in self._threads.values():
            rooms[room] += seconds
        rooms["threads too short to be seen"] = max(0.0, used - rooms.total())
        return Sample(
            float((PROC / "uptime").read_text().split()[0]),
            used,
            ended + sum(_of_child(child) for child in children),
            _kilobytes(self._folder / "status", "VmRSS") / 1024,
            sum(_kilobytes(PROC / str(c) / "smaps_rollup", "Pss") for c in children)
            / 1024,
            threads,
            len([*(self._folder / "fd").iterdir()]),
            len(children),
            waited,
            loop_waited,
            {**rooms},
        )

    def _tasks(self) -> Iterable[Path]:
        return (self._folder / "task").iterdir()


def _below(pid: int) -> Iterator[int]:
    """Yield the children of a process, and theirs."""
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            found = (task / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, found):
            yield child
            try:
                yield from _below(child)
            except OSError:
                continue


def _of_child(pid: int) -> float:
    try:
        _, fields = _fields(PROC / str(pid) / "stat")
    except OSError:
        return 0.0
    return _seconds(fields, 11) + _seconds(fields, 13)


def _kilobytes(path: Path, name: str) -> int:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(x.split()[1]) for x in lines if x.startswith(f"{name}:")), 0)


class Machine:
    """Who else uses the processors."""

    def __init__(self, ours: Iterable[int]) -> None:
        """Begin to count; `ours` are processes of the benchmark."""
        self._ours = {*ours, os.getpid()}
        self._before = self._look()
        self._at = self._uptime()

    def others(self) -> list[tuple[float, str]]:
        """Return the share of a core that other programs have had since, most first.

        Those that ended between are not seen; the load average knows of them.
        """
        took = max(0.1, self._uptime() - self._at)
        mine = self._ours | {child for pid in self._ours for child in _safely(pid)}
        found: Counter[str] = Counter()
        for pid, (name, seconds) in self._look().items():
            if pid not in mine:
                found[name] += seconds - self._before.get(pid, ("", 0.0))[1]
        most = found.most_common(OTHERS)
        return [(used / took, name) for name, used in most if used / took >= 0.01]

    @staticmethod
    def _uptime() -> float:
        return float((PROC / "uptime").read_text().split()[0])

    @staticmethod
    def _look() -> dict[int, tuple[str, float]]:
        found = {}
        for folder in PROC.iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                name, fields = _fields(folder / "stat")
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found[int(folder.name)] = (_named(name, words), _seconds(fields, 11))
        return found


def _safely(pid: int) -> list[int]:
    try:
        return [*_below(pid)]
    except OSError:
        return []


def _named(name: str, words: list[bytes]) -> str:
    """Return a short name for a command; interpreters are told by what they run."""
    if "python" not in name:
        return name
    told = [word.decode(errors="replace") for word in words[1:4]]
    return " ".join(["python", *(Path(word).name[:30] for word in told if word)])
