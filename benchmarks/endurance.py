"""Lets the whole archive live through a month: `scripts/bench endurance --days 30`.

Library, engine, fetcher, live recorders, retention, moves and exports run in a process of
their own against simulated devices on loopback. Time skips ahead while nothing is under
way. At random, by `--seed`: nearly every fault that the simulator knows, storage away,
read-only and full, clocks that are set, limits and schedules that change, cameras removed and added,
deletions undone, and the process killed at any moment. In the end every picture is read
back: what the devices recorded is kept once, truly dated, or the ledger says truly why
not. Whatever grows beyond its bar fails.

`--minutes` is how long the real time is before the end and the proof, which take some
more. `--real-time --hours 8` skips nothing: the same house, faults and proof at the speed
of life.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
import shutil
import signal
import sys
import tempfile

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from tests.end_to_end.endurance.director import Director, Outcome, Plan
from tests.end_to_end.endurance.measures import growth
from tests.end_to_end.endurance.problems import Kind

TICKS_A_MINUTE = 12
REAL_TICK_S = 60.0
GROWING = {
    "memory": "memory_kb",
    "handles": "handles",
    "threads": "threads",
    "tasks": "tasks",
    "processes": "processes",
    "index": "index_bytes",
    "journals": "journal_bytes",
}
MOST_SAID = 100


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def plan_of(
    days: float, minutes: float, seed: int, often: Collection[str] = ()
) -> Plan:
    """Return the plan of a compressed run."""
    ticks = max(5, round(minutes * TICKS_A_MINUTE))
    return Plan(days, ticks, seed, minutes * 60, often=frozenset(often))


def real_plan(hours: float, seed: int) -> Plan:
    """Return the plan of a run in real time."""
    ticks = max(3, round(hours * 3600 / REAL_TICK_S))
    return Plan(hours / 24, ticks, seed, hours * 3600, is_real_time=True)


def live(plan: Plan, told: Callable[[str], None] = say, keep: str = "") -> Outcome:
    """Run once; `keep` is where the process's log and the index go."""
    with tempfile.TemporaryDirectory(prefix="endurance") as name:
        folder = Path(name)
        outcome = asyncio.run(Director(plan, folder, told).run())
        if keep:
            Path(keep).mkdir(parents=True, exist_ok=True)
            for file in ("worker.log", "dump.json", "index.db"):
                if (folder / file).exists():
                    shutil.copy(folder / file, keep)
    return outcome


def rows(outcome: Outcome) -> list[Row]:
    """Return what was lost or wrong, and what grows."""
    found = outcome.findings.values()
    frames = sum(item.frames for item in found)
    wrong = Counter(problem.kind for problem in outcome.problems)
    lived = (
        f"{outcome.days:.1f} days in {outcome.seconds / 60:.0f} min, {outcome.kills} kills,"
        f" {sum(outcome.troubles.values())} troubles, {frames} pictures"
    )
    answered = [
        row_of("endurance.lost", wrong[Kind.LOST], said=lived),
        row_of("endurance.mislabelled", wrong[Kind.MISLABELLED]),
        row_of("endurance.twice", wrong[Kind.TWICE]),
        row_of("endurance.other", wrong[Kind.OTHER]),
        row_of("endurance.budget", max(0, outcome.over_budget)),
        row_of("endurance.redated", sum(item.redated for item in found)),
        row_of("endurance.again", sum(item.twice_by_eras for item in found)),
    ]
    for name, measure in GROWING.items():
        value = growth(outcome.samples, measure)
        most = max((s.values[measure] for s in outcome.samples), default=0.0)
        said = "too short to tell" if value is None else f"{most:,.0f} at most"
        answered.append(row_of(f"endurance.{name}", value, said=said))
    return answered


def tell(outcome: Outcome) -> None:
    """Print what happened, and what is wrong."""
    say(f"troubles: {outcome.troubles}; {outcome.cases} cases of the fault matrix")
    say(f"people: {outcome.acts}; clips deleted, by cause: {outcome.deleted}")
    say(
        f"{outcome.kills} kills and {outcome.stops} restarts, {outcome.audits} looks at"
        f" rows and files; live streams {outcome.live_times} times; time was moved beside"
        f" work: {outcome.busy_skips}"
    )
    if not outcome.is_real_disk:
        say("no rights to mount: no storage was read-only or full")
    for name, item in outcome.findings.items():
        say(
            f"{name}: {item.clips} clips, {item.frames} pictures; recorded"
            f" {item.recorded}, not kept: {dict(item.told)}"
        )
    for problem in outcome.problems[:MOST_SAID]:
        say(f"  {problem.kind}: {problem.text}")


def main() -> int:
    """Return 0 if all of it holds."""
    parser = make_parser(__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--often",
        action="append",
        default=[],
        metavar="TROUBLE",
        help="comes far more often than others, as in --often 'device clock set'",
    )
    parser.add_argument("--real-time", action="store_true")
    parser.add_argument("--hours", type=float, default=8.0, help="with --real-time")
    parser.add_argument("--keep", default="", help="where log and index go at the end")
    chosen = parser.parse_args()
    if chosen.real_time:
        plan = real_plan(chosen.hours, chosen.seed)
    else:
        plan = plan_of(chosen.days, chosen.minutes, chosen.seed, chosen.often)
    # Whoever ends it does not leave its storages mounted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    outcome = live(plan, keep=chosen.keep)
    tell(outcome)
    return finish(rows(outcome), chosen)


if __name__ == "__main__":
    sys.exit(main())
