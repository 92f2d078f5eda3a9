"""Rows of the report of `benchmarks.load`: figures, bars, and whether they are held."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ._load_process import Sample
from ._measures import percentile

MB, CORE, MS = "MB", "% of a core", "ms"


class Row(NamedTuple):
    """One figure; `bar` begins with ≤, ≥ or = and is empty where there is none.

    `peer` is what stands beside it in the same run, `beside` its figure.
    """

    name: str
    what: str
    value: float
    unit: str = ""
    bar: str = ""
    peer: str = ""
    beside: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return the figure as a multiple of the peer's."""
        return self.value / self.beside if self.beside else None

    @property
    def holds(self) -> bool | None:
        """Return whether the bar is held, None without one."""
        if not self.bar:
            return None
        limit = float(self.bar[1:])
        if self.bar[0] == "=":
            return self.value == limit
        return self.value <= limit if self.bar[0] == "≤" else self.value >= limit

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept as JSON."""
        return {
            "name": self.name,
            "what": self.what,
            "bar": f"{self.bar} {self.unit}".strip() if self.bar else "",
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": self.beside,
            "ratio": self.ratio,
            "holds": self.holds,
        }

    def line(self) -> str:
        """Return the row as people read it."""
        verdict = {None: "", True: "held", False: "MISSED"}[self.holds]
        beside = "" if self.beside is None else f"{self.peer} {self.beside:.1f}"
        bar = f"{self.bar}" if self.bar else ""
        return (
            f"{self.what:<62}{self.value:>11.1f} {self.unit:<12}{bar:<9}{verdict:<8}"
            f"{beside}"
        ).rstrip()


class Phase(NamedTuple):
    """What was seen of Home Assistant in a part of the run."""

    name: str
    samples: Sequence[Sample]
    seen: dict[str, Any]
    """What the watch inside saw."""
    tasks: Sequence[tuple[float, int]] = ()

    @property
    def seconds(self) -> float:
        """Return how long it lasted."""
        return self.samples[-1].at - self.samples[0].at

    def share(self, name: str) -> float:
        """Return growth of a figure for each second, in percent."""
        first, last = self.samples[0], self.samples[-1]
        grown: float = getattr(last, name) - getattr(first, name)
        return 100 * grown / self.seconds

    @property
    def cpu(self) -> float:
        """Return what the process and its children used, in percent of a core."""
        return self.share("cpu") + self.share("children_cpu")

    def rooms(self) -> list[tuple[str, float]]:
        """Return the share of a core of each kind of thread, most first."""
        first, last = self.samples[0].rooms, self.samples[-1].rooms
        found = {
            room: 100 * (used - first.get(room, 0.0)) / self.seconds
            for room, used in last.items()
        }
        found["children (pictures, films)"] = self.share("children_cpu")
        return sorted(found.items(), key=lambda item: -item[1])

    def most(self, name: str) -> float:
        """Return the highest figure."""
        return float(max(getattr(sample, name) for sample in self.samples))

    @property
    def most_memory(self) -> float:
        """Return the most memory at a time, children included."""
        return max(sample.rss + sample.children_pss for sample in self.samples)


def slope(points: Iterable[tuple[float, float]]) -> float:
    """Return growth in an hour of the last two thirds, by least squares."""
    found = [*points]
    found = found[len(found) // 3 :]
    if len(found) < 3:
        return 0.0
    mean_x = sum(x for x, _ in found) / len(found)
    mean_y = sum(y for _, y in found) / len(found)
    spread = sum((x - mean_x) ** 2 for x, _ in found)
    return 3600 * sum((x - mean_x) * (y - mean_y) for x, y in found) / spread


def cost_rows(base: Phase, idle: Phase, syncing: Phase, whole: Phase) -> list[Row]:
    """Return memory, processor and lateness of all parts of the run."""
    peer = "HA without us"
    mine = base.samples[-1].rss
    return [
        Row(
            "load.memory",
            "memory, everybody at once, children included, at most",
            whole.most_memory,
            MB,
            "≤500",
            peer,
            mine,
        ),
        Row(
            "load.memory_added_idle",
            "memory added by us, idle",
            idle.samples[-1].rss - mine,
            MB,
            "≤150",
        ),
        Row(
            "load.memory_added",
            "memory added by us, everybody at once, at most",
            whole.most_memory - mine,
            MB,
        ),
        Row(
            "load.cpu_idle",
            "processor added by us, idle",
            idle.cpu - base.cpu,
            CORE,
            "≤5",
            peer,
            base.cpu,
        ),
        Row(
            "load.cpu",
            "processor, syncing: Home Assistant whole",
            syncing.cpu,
            CORE,
            "≤50",
            peer,
            base.cpu,
        ),
        Row("load.cpu_all", "processor, everybody at once", whole.cpu, CORE),
        Row(
            "load.late_base",
            "lateness of the loop without us, p99",
            base.seen["late_p99_ms"],
            MS,
        ),
        Row("load.late_idle", "the same, idle", idle.seen["late_p99_ms"], MS),
        Row("load.late_sync", "the same, syncing", syncing.seen["late_p99_ms"], MS),
        Row("load.late", "the same, everybody at once", whole.seen["late_p99_ms"], MS),
        Row(
            "load.late_max",
            "the same, everybody at once, at most",
            whole.seen["late_max_ms"],
            MS,
        ),
        Row(
            "load.held",
            "loop held by one turn, its own processor time, at most",
            whole.seen["held_max_ms"],
            MS,
            "≤50",
        ),
        Row(
            "load.waited",
            "time that the loop was ready and had no processor",
            whole.share("loop_waited"),
            "% of time",
        ),
    ]


def growth_rows(whole: Phase) -> list[Row]:
    """Return how what must not grow grew while everybody was there."""
    samples = whole.samples
    return [
        Row(
            f"load.slope_{name}",
            f"growth in an hour, last two thirds: {what}",
            slope((sample.at, getattr(sample, attribute)) for sample in samples),
            unit,
        )
        for name, what, attribute, unit in (
            ("memory", "memory", "rss", MB),
            ("threads", "threads", "threads", ""),
            ("handles", "open files and sockets", "handles", ""),
        )
    ] + [
        Row(
            "load.slope_tasks",
            "growth in an hour, last two thirds: tasks of the loop",
            slope((at, float(count)) for at, count in whole.tasks),
        )
    ]


class Answers(NamedTuple):
    """What all people measured, put together."""

    took: dict[str, list[float]]
    failed: dict[str, int]
    words: dict[str, int]
    among_many: list[float]
    most_in_flight: int

    @classmethod
    def of(cls, told: Sequence[dict[str, Any]]) -> Answers:
        """Put together what each process printed."""
        took: dict[str, list[float]] = {}
        failed: dict[str, int] = {}
        words: dict[str, int] = {}
        for each in told:
            for name, values in each["took"].items():
                took.setdefault(name, []).extend(values)
            for target, found in ((failed, each["failed"]), (words, each["words"])):
                for name, count in found.items():
                    target[name] = target.get(name, 0) + count
        return cls(
            took,
            failed,
            words,
            [value for each in told for value in each["among_many"]],
            max(each["most_in_flight"] for each in told),
        )

    @property
    def count(self) -> int:
        """Return how many operations there were."""
        return self._good + sum(self.failed.values())

    @property
    def _good(self) -> int:
        """Return how many went well; `also` is said of what was counted in pieces."""
        return sum(
            len(values)
            for name, values in self.took.items()
            if not name.startswith("also ")
        )

    @property
    def done(self) -> float:
        """Return how many of a hundred went well."""
        return 100 * self._good / max(1, self.count)

    def of_kind(self, kind: str) -> list[float]:
        """Return the times of one kind."""
        return [
            value
            for name, values in self.took.items()
            if name.startswith(f"{kind} ")
            for value in values
        ]

    def lines(self) -> list[str]:
        """Return a line for each operation."""
        found = [
            f"{'operation':<42}{'times':>8}{'failed':>8}{'p50 ms':>10}{'p95':>10}{'p99':>10}{'max':>10}"
        ]
        for name in sorted({*self.took, *self.failed}):
            values = self.took.get(name) or [0.0]
            shares = "".join(
                f"{percentile(values, s):>10.1f}" for s in (0.5, 0.95, 0.99, 1)
            )
            count = len(self.took.get(name, ()))
            found.append(f"{name:<42}{count:>8}{self.failed.get(name, 0):>8}{shares}")
        return found


def answer_rows(answers: Answers) -> list[Row]:
    """Return how quick and how sure Home Assistant answered."""
    rows = []
    for name, what, values, bar in (
        (
            "api",
            "commands and actions of our API, p95",
            answers.of_kind("command"),
            "≤100",
        ),
        (
            "api_many",
            "the same, begun beside 9 others or more, p95",
            answers.among_many,
            "≤100",
        ),
        ("pictures", "pictures, p95", answers.of_kind("picture"), ""),
        (
            "segments",
            "segments of players, p95",
            answers.took.get("play segment", []),
            "",
        ),
        (
            "first_segment",
            "click to first segment, p95",
            answers.took.get("also click to first segment", []),
            "",
        ),
        (
            "save_clip",
            "clip asked for from the device, p95",
            answers.took.get("job action save_clip", []),
            "≤5000",
        ),
        (
            "export",
            "export of a clip or two, p95",
            answers.took.get("job export", []),
            "",
        ),
    ):
        if values:
            rows.append(Row(f"load.{name}", what, percentile(values, 0.95), MS, bar))
    return [
        *rows,
        Row("load.success", "operations that went well", answers.done, "%", "≥99"),
        Row("load.operations", "operations in all", answers.count),
        Row(
            "load.at_once",
            "operations at once, at most",
            answers.most_in_flight,
            "",
            "≥10",
        ),
    ]
