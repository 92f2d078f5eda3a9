"""Every benchmark, one process after another, in one table beside its bars and peers.

    scripts/bench all                       the quick pass
    scripts/bench all --long                everything at the size that the bars are about
    scripts/bench all --only plan download
    scripts/bench all --markdown docs/performance.md --json performance.json

A benchmark that fails or takes too long is a row that says so. The end is red if a bar is
missed or a benchmark failed.
"""

import argparse
from collections.abc import Sequence
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks._bars import LINES
from benchmarks._document import Done, Run, page
from benchmarks._machine import Times, describe, is_loaded
from benchmarks._rows import Line, Row, as_text, write_json

ROOT = Path(__file__).parents[1]
MOST_SAID = 100
PATIENCE = 6
"""A benchmark may take so many times what it is expected to, and five minutes."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, minutes on a quiet machine of two cores, and its arguments.

    `quick` makes it smaller for the quick pass, `long` is for the whole.
    """

    name: str
    minutes: float
    long_minutes: float
    quick: tuple[str, ...] = ()
    long: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what it measures."""
        return tuple(line for line in LINES if line.benchmark == self.name)


BENCHMARKS = (
    Benchmark("download", 2, 5, (), ("--runs", "7")),
    Benchmark("receive", 0.5, 0.5),
    Benchmark("live", 1.5, 6, (), ("--minutes", "5")),
    Benchmark("probe", 0.3, 0.3),
    Benchmark("plan", 0.1, 0.1),
    Benchmark("library", 3, 3),
    Benchmark("backfill", 2, 10, ("--hours", "6"), ("--hours", "24")),
    Benchmark("kills", 1, 8, ("--kills", "20"), ("--kills", "200")),
    Benchmark("playback", 3, 4, (), ("--seconds", "30")),
    Benchmark("dashboard", 3, 3),
    Benchmark("export", 2, 2),
    Benchmark("house", 3, 4, ("--seconds", "60"), ("--seconds", "120")),
    Benchmark("hostile", 4, 4),
    Benchmark("years", 1, 6, ("--cameras", "4", "--days", "7")),
    Benchmark("load", 4, 35, ("--minutes", "1", "--clips", "100000")),
    Benchmark("endurance", 4, 65, ("--days", "1", "--minutes", "2")),
)


def command_of(benchmark: Benchmark, *, is_long: bool) -> list[str]:
    """Return how it is started; the script prepares what it needs."""
    more = benchmark.long if is_long else benchmark.quick
    return [str(ROOT / "scripts" / "bench"), benchmark.name, *more]


def run(lines: Sequence[Line], command: Sequence[str], limit_s: float) -> Done:
    """Run one in a process of its own; whatever happens to it is in the rows."""
    before, began = Times.now(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-all-") as folder:
        told, errors = Path(folder) / "rows.json", Path(folder) / "errors"
        with errors.open("wb") as file:
            process = subprocess.Popen(
                [*command, "--json", str(told)],
                cwd=ROOT,
                stderr=file,
                start_new_session=True,
            )
            try:
                reason = f"ended with {process.wait(limit_s)}"
            except subprocess.TimeoutExpired:
                reason = f"not done after {limit_s / 60:.0f} minutes"
            finally:
                _end(process)
        said = errors.read_text("utf-8", "replace").strip()
        if said:
            print(said, file=sys.stderr, flush=True)
            reason += f": {said.splitlines()[-1][:MOST_SAID]}"
        found = json.loads(told.read_text("utf-8")) if told.exists() else []
    rows = rows_of(lines, found, reason)
    return Done(rows, before.until_now(), time.monotonic() - began)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a benchmark and what it left running, all of which is in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def rows_of(
    lines: Sequence[Line], found: Sequence[dict[str, Any]], reason: str
) -> list[Row]:
    """Return a row for each line; what was not told of has failed."""
    told = {each["name"]: each for each in found}
    return [
        Row(
            line,
            each["value"],
            each.get("peer_value"),
            each.get("said", ""),
            each.get("is_failed", False),
        )
        if (each := told.get(line.name))
        else Row(line, said=reason, is_failed=True)
        for line in lines
    ]


def main() -> int:
    """Run what was asked for; 1 if a bar was missed or a benchmark failed."""
    names = [each.name for each in BENCHMARKS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--json", type=Path, help="write everything into this file")
    parser.add_argument("--markdown", type=Path, help="write the page into this file")
    options = parser.parse_args()
    # Whoever ends this ends what it runs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    machine, is_noisy = describe(), is_loaded()
    done: dict[str, Done] = {}
    for each in BENCHMARKS:
        if each.name not in options.only:
            rows = [Row(line, said="left out") for line in each.lines]
        elif not (ROOT / "benchmarks" / f"{each.name}.py").exists():
            rows = [Row(line, said="not there yet") for line in each.lines]
        else:
            minutes = each.long_minutes if options.long else each.minutes
            print(f"\n== {each.name}, about {minutes:g} minutes", flush=True)
            command = command_of(each, is_long=options.long)
            done[each.name] = run(each.lines, command, 300 + PATIENCE * 60 * minutes)
            continue
        done[each.name] = Done(rows)
    is_noisy |= any(each.noise and each.noise.is_noisy for each in done.values())
    whole = Run(machine, done, is_long=options.long, is_noisy=is_noisy)
    print(f"\n{as_text([r for r in whole.rows if r.said != 'left out'])}\n")
    for text in whole.remarks():
        print(text)
    if options.json:
        write_json(whole.as_dict(), options.json)
    if options.markdown:
        options.markdown.write_text(page(whole), encoding="utf-8")
    return int(any(each.holds is False for each in whole.rows))


if __name__ == "__main__":
    sys.exit(main())
