"""What benchmarks return: rows of figures beside their bars and their peers.

A line of `_bars.LINES` says what is measured, a row what came of it. Every benchmark ends in
`finish`: it prints its rows and is red if one of them misses its bar.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """How much there may be at most, or must be at least: of the value or of the ratio."""

    limit: float
    is_least: bool = False
    is_ratio: bool = False

    def text(self, unit: str) -> str:
        """Return it as people write it."""
        sign = "≥" if self.is_least else "≤"
        of = "×" if self.is_ratio else unit
        return f"{sign} {self.limit:g} {of}".strip()

    def holds(self, value: float, ratio: float | None) -> bool:
        """Return whether a figure is within the bar."""
        found = ratio if self.is_ratio else value
        if found is None:
            return False
        return found >= self.limit if self.is_least else found <= self.limit


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is measured; its name begins with that of its benchmark."""

    name: str
    what: str
    unit: str = ""
    bar: Bar | None = None
    peer: str = ""
    aim: Bar | None = None

    @property
    def benchmark(self) -> str:
        """Return which benchmark measures it."""
        return self.name.partition(".")[0]

    @property
    def bar_text(self) -> str:
        """Return bar and aim in words."""
        bar = self.bar.text(self.unit) if self.bar else ""
        aim = f"aim {self.aim.text(self.unit)}" if self.aim else ""
        return f"{bar} ({aim})" if bar and aim else bar or aim


@dataclass(frozen=True, slots=True)
class Row:
    """A line and what came of it; without a value `said` is the reason."""

    line: Line
    value: float | None = None
    peer: float | None = None
    said: str = ""
    is_failed: bool = False

    @property
    def ratio(self) -> float | None:
        """Return the value as a multiple of the peer's in the same run."""
        return self.value / self.peer if self.value is not None and self.peer else None

    @property
    def holds(self) -> bool | None:
        """Return whether the bar is held; None without a bar or a figure."""
        if self.is_failed:
            return False
        if self.value is None or self.line.bar is None:
            return None
        return self.line.bar.holds(self.value, self.ratio)

    @property
    def verdict(self) -> str:
        """Return in a word or two whether the bar is held and the aim reached."""
        if self.is_failed:
            return "FAILED"
        if self.value is None:
            return "not measured"
        words = [] if self.holds is None else ["yes" if self.holds else "NO"]
        if self.line.aim:
            is_reached = self.line.aim.holds(self.value, self.ratio)
            words.append("aim reached" if is_reached else "aim missed")
        return ", ".join(words) or "–"

    @property
    def measured(self) -> str:
        """Return the figure, and what was said of it."""
        if self.value is None:
            return self.said
        found = f"{figure(self.value)} {self.line.unit}".strip()
        return f"{found} ({self.said})" if self.said else found

    @property
    def beside(self) -> str:
        """Return the peer and its figure."""
        if self.peer is None:
            return self.line.peer
        return f"{self.line.peer}: {figure(self.peer)} {self.line.unit}".strip()

    @property
    def ratio_text(self) -> str:
        """Return the ratio as people write it."""
        return "" if self.ratio is None else f"{self.ratio:.2f} ×"

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept as JSON."""
        line = self.line
        return {
            "name": line.name,
            "what": line.what,
            "bar": line.bar_text,
            "value": self.value,
            "unit": line.unit,
            "peer": line.peer,
            "peer_value": self.peer,
            "ratio": self.ratio,
            "holds": self.holds,
            "said": self.said,
            "is_failed": self.is_failed,
        }


def figure(value: float) -> str:
    """Return a number with as many digits as mean something."""
    if value == 0 or abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


COLUMNS = ("name", "what", "bar", "measured", "peer", "ratio", "holds")


def cells(row: Row) -> tuple[str, ...]:
    """Return what stands in each of the columns."""
    line = row.line
    told = (line.name, line.what, line.bar_text, row.measured, row.beside)
    return (*told, row.ratio_text, row.verdict)


def as_text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal; the longest column comes last."""
    order = (0, 2, 3, 4, 5, 6, 1)
    table = [tuple(each[n] for n in order) for each in (COLUMNS, *map(cells, rows))]
    widths = [max(len(each[n]) for each in table) for n in range(len(order))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(each, widths, strict=True)
        ).rstrip()
        for each in table
    )


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table for a page."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in rows:
        name, *others = (cell.replace("|", "\\|") for cell in cells(row))
        others[-1] = others[-1].replace("NO", "**no**").replace("FAILED", "**failed**")
        lines.append("| " + " | ".join([f"`{name}`", *others]) + " |")
    return "\n".join(lines)


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark understands."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows into this file, too")
    return parser


def finish(rows: Iterable[Row], options: argparse.Namespace) -> int:
    """Print the rows of a benchmark, write them if asked to; 1 if a bar is missed."""
    rows = list(rows)
    print(f"\n{as_text(rows)}", flush=True)
    if options.json:
        write_json([row.as_dict() for row in rows], options.json)
    return int(any(row.holds is False for row in rows))


def write_json(value: object, path: Path) -> None:
    """Write a file for people and programs."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")
