"""The report of `benchmarks.load`, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
from typing import Any

from ._load_rows import Answers, Phase, Row, answer_rows, cost_rows, growth_rows

CAMERAS = 16


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything that was seen."""

    base: Phase
    idle: Phase
    syncing: Phase
    whole: Phase
    answers: Answers
    first_clip_s: float
    started_s: float
    rows_a_minute: Sequence[float]
    """The recorder's, of the busiest camera and of all, while nothing happens."""
    clips_before: int
    clips_synced: int
    clips_in_all: int
    segments: tuple[int, int]
    """Shown by players, and those of them that came late."""
    people_late: float
    others: list[tuple[float, str]]
    is_running: bool
    recorders: int
    status: dict[str, Any]
    footage: str
    locks: int = 0
    wrong: list[str] = field(default_factory=list)

    def rows(self) -> list[Row]:
        """Return all figures."""
        waiting = [
            camera["backlog_seconds"]
            for nvr in self.status["nvrs"]
            for camera in nvr["cameras"]
        ]
        shown, late = self.segments
        minutes = (self.syncing.seconds + self.whole.seconds) / 60
        return [
            *cost_rows(self.base, self.idle, self.syncing, self.whole),
            *answer_rows(self.answers),
            Row(
                "load.late_segments",
                "segments that players had to wait for",
                100 * late / max(1, shown),
                "%",
            ),
            Row(
                "load.rows",
                "recorder rows a minute, busiest camera, idle",
                self.rows_a_minute[0],
                "",
                "≤5",
            ),
            Row("load.rows_all", "the same, all cameras", self.rows_a_minute[1]),
            Row(
                "load.restarts",
                "restarts and crashes",
                float(not self.is_running),
                "",
                "=0",
            ),
            Row("load.errors", "errors of ours in the log", len(self.wrong), "", "=0"),
            Row("load.locks", "lock errors of databases", self.locks, "", "=0"),
            Row("load.cameras", "cameras", self.recorders * CAMERAS, "", "≥5"),
            Row("load.recorders", "recorders", self.recorders, "", "≥10"),
            Row(
                "load.clips",
                "recordings in the library",
                self.clips_in_all,
                "",
                "≥1000",
            ),
            Row(
                "load.copied",
                "clips copied in a minute while measured",
                (self.clips_in_all - self.clips_before) / minutes,
            ),
            Row(
                "load.backlog",
                "footage still to be copied at the end",
                sum(waiting),
                "s",
            ),
            Row(
                "load.first_clip",
                "install to first kept clip, ten recorders added first",
                self.first_clip_s,
                "s",
                "≤3600",
            ),
            Row(
                "load.start",
                "start of Home Assistant until all recorders are loaded",
                self.started_s,
                "s",
            ),
            *growth_rows(self.whole),
        ]


def report(found: Run, to: Path | None) -> int:
    """Print everything, write the rows if asked to; 1 if a bar was missed."""
    rows = found.rows()
    print(f"\nNew footage: {found.footage}, {CAMERAS * found.recorders} cameras\n")
    print(f"{'what':<62}{'figure':>11} {'':<12}{'bar':<9}")
    for row in rows:
        print(row.line())
    print("\nProcessor by what it was for, % of a core")
    phases = (found.base, found.idle, found.syncing, found.whole)
    print(f"{'':<40}" + "".join(f"{phase.name:>12}" for phase in phases))
    shares = [dict(phase.rooms()) for phase in phases]
    for name in dict.fromkeys(name for share in shares for name in share):
        figures = "".join(f"{share.get(name, 0.0):>12.1f}" for share in shares)
        print(f"{name:<40}{figures}")
    for what, values in (
        ("all", [phase.cpu for phase in phases]),
        ("waited for a processor, all threads", [p.share("waited") for p in phases]),
        ("memory at the end, MB", [phase.samples[-1].rss for phase in phases]),
        ("threads at most", [phase.most("threads") for phase in phases]),
        ("open files and sockets at most", [phase.most("handles") for phase in phases]),
    ):
        print(f"{what:<40}" + "".join(f"{value:>12.1f}" for value in values))
    print()
    print("\n".join(found.answers.lines()))
    for words, count in found.answers.words.items():
        print(f"{count:>6} × {words}")
    print("\nWhere the loop was when a turn was long")
    for place, count in found.whole.seen["places"]:
        print(f"{count:>6} × {place}")
    for text in found.wrong:
        print(f"✗ {text}")
    print(
        f"\nThe people's own loops were late by {found.people_late:.1f} ms (p95); load"
        f" {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors. Beside Home Assistant"
        " (recorders and people of this run left out):"
    )
    for share, name in found.others:
        print(f"{100 * share:>6.1f} % of a core  {name}")
    missed = [row.what for row in rows if row.holds is False]
    print(f"\nMissed: {'; '.join(missed) or 'nothing'}")
    if to is not None:
        text = json.dumps([row.as_dict() for row in rows], ensure_ascii=False, indent=1)
        to.write_text(f"{text}\n", encoding="utf-8")
    return int(bool(missed))
