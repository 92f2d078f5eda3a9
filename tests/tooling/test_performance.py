"""The table of performance: what it says, and that no benchmark can stop the others."""

import json
from pathlib import Path
import re
import subprocess
import sys

import pytest

from benchmarks import all as whole
from benchmarks._bars import LINES, least_of_peer, limit_of, most, row_of
from benchmarks._document import INTRODUCTION, Done, Run, page
from benchmarks._machine import Noise, Times, describe
from benchmarks._rows import (
    Line,
    Row,
    as_markdown,
    as_text,
    figure,
    finish,
    make_parser,
)

ROOT = Path(__file__).parents[2]
SPEED = Line("a.speed", "a copy", "MB/s", least_of_peer(1), "cp", least_of_peer(2.5))
HELD = Line("a.held", "the loop", "ms", most(50))
TIME = Line("a.time", "a | line without a bar", "s")


def test_a_row_is_judged_by_its_value_or_its_ratio() -> None:
    assert Row(SPEED, 30.0, 20.0).verdict == "yes, aim missed"
    assert Row(SPEED, 50.0, 20.0).verdict == "yes, aim reached"
    assert Row(SPEED, 19.0, 20.0).verdict == "NO, aim missed"
    assert Row(HELD, 50.0).holds is True
    assert Row(HELD, 50.1).holds is False
    assert Row(TIME, 9.0).verdict == "–"
    assert Row(HELD, said="no browser").verdict == "not measured"
    assert Row(HELD, said="it fell", is_failed=True).verdict == "FAILED"


def test_a_bar_on_the_ratio_is_missed_without_a_peer() -> None:
    assert Row(SPEED, 30.0).holds is False


def test_the_table_shows_bar_figure_peer_ratio_and_verdict() -> None:
    rows = [
        Row(SPEED, 30.0, 20.0),
        Row(HELD, 61.24, said="a flood"),
        Row(TIME, said="left out"),
    ]
    assert as_text(rows).splitlines() == [
        "name     bar                  measured           peer         ratio   holds            what",
        "a.speed  ≥ 1 × (aim ≥ 2.5 ×)  30 MB/s            cp: 20 MB/s  1.50 ×  yes, aim missed  a copy",
        "a.held   ≤ 50 ms              61.2 ms (a flood)                       NO               the loop",
        "a.time                        left out                                not measured     a | line without a bar",
    ]
    assert as_markdown(rows).splitlines()[2:] == [
        "| `a.speed` | a copy | ≥ 1 × (aim ≥ 2.5 ×) | 30 MB/s | cp: 20 MB/s | 1.50 × | yes, aim missed |",
        "| `a.held` | the loop | ≤ 50 ms | 61.2 ms (a flood) |  |  | **no** |",
        "| `a.time` | a \\| line without a bar |  | left out |  |  | not measured |",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.456, "0.46"), (5.0, "5"), (61.24, "61.2"), (1234567, "1 234 567")],
)
def test_a_figure_has_the_digits_that_mean_something(value: float, told: str) -> None:
    assert figure(value) == told


def test_lines_are_told_apart_and_stand_in_the_order_of_benchmarks() -> None:
    names = [line.name for line in LINES]
    assert len(names) == len(set(names))
    benchmarks = list(dict.fromkeys(line.benchmark for line in LINES))
    assert benchmarks == [each.name for each in whole.BENCHMARKS]
    assert all(line.what and line.name.count(".") == 1 for line in LINES)
    assert all(
        line.peer
        for line in LINES
        if any(bar and bar.is_ratio for bar in (line.bar, line.aim))
    )


def test_every_benchmark_is_in_the_table() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    assert files - {"all"} <= {each.name for each in whole.BENCHMARKS}


def test_a_line_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        row_of("plan.unknown", 1)
    assert limit_of("hostile.held") == 50


def test_a_benchmark_is_red_only_if_it_misses_a_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.json"
    options = make_parser("").parse_args(["--json", str(file)])
    assert finish([Row(HELD, 1.0), Row(TIME, 9.0)], options) == 0
    assert finish([Row(HELD, 51.0)], options) == 1
    assert "51 ms" in capsys.readouterr().out
    [told] = json.loads(file.read_text(encoding="utf-8"))
    assert told["name"] == "a.held"
    assert told["holds"] is False


def _run(code: str, limit_s: float = 30.0) -> list[Row]:
    return whole.run((HELD, TIME), [sys.executable, "-c", code], limit_s).rows


def test_a_benchmark_that_fails_is_a_row_that_says_why() -> None:
    rows = _run("raise RuntimeError('no ffmpeg')")
    assert [row.verdict for row in rows] == ["FAILED", "FAILED"]
    assert rows[0].said == "ended with 1: RuntimeError: no ffmpeg"
    assert Row(HELD, said=rows[0].said, is_failed=True).holds is False


def test_a_benchmark_that_hangs_is_ended_with_all_it_started() -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', 'ORPHAN'])\n"
        "time.sleep(600)"
    )
    rows = _run(code, 2.0)
    assert rows[0].said.startswith("not done after")
    shown = subprocess.run(
        ["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True
    )
    assert "ORPHAN" not in shown.stdout


def test_what_a_benchmark_told_of_is_kept_and_the_rest_has_failed() -> None:
    told = Row(HELD, 51.0, said="a flood").as_dict()
    rows = whole.rows_of((HELD, TIME), [told], "ended with 1")
    assert rows == [
        Row(HELD, 51.0, said="a flood"),
        Row(TIME, said="ended with 1", is_failed=True),
    ]


def test_the_page_says_if_the_machine_was_noisy() -> None:
    done = {"a": Done([Row(HELD, 60.0)], Noise(stolen=0.0, others=0.4), 60)}
    machine = {"processor": "a fast one", "load before": "7.0"}
    told = page(Run(machine, done, is_long=False, is_noisy=True))
    assert "**Noisy**" in told
    assert "a (40% others, 0% stolen)" in told
    assert "1 without what they have to hold (a.held)" in told
    assert "| processor | a fast one |" in told
    quiet = page(Run(machine, {}, is_long=False, is_noisy=False))
    assert "**Noisy**" not in quiet


def test_work_of_others_is_told_from_ours() -> None:
    assert Noise(stolen=0.03, others=0.0).is_noisy
    assert Noise(stolen=0.0, others=0.2).is_noisy
    assert not Noise(stolen=0.01, others=0.1).is_noisy
    before = Times.now()
    noise = before.until_now()
    assert 0 <= noise.others <= 1
    assert 0 <= noise.stolen <= 1


def test_the_machine_is_described() -> None:
    told = describe()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", told["date"])
    assert all(told.values())


def test_the_committed_page_has_the_lines_and_bars_that_the_command_knows() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]*) \| ([^|]*?) ?\|", text, re.MULTILINE)
    assert rows == [(line.name, line.what, line.bar_text) for line in LINES]
    assert text.startswith(INTRODUCTION)
