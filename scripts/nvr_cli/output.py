"""What is printed: tables for people, JSON for programs."""

from collections.abc import Sequence
import dataclasses
import json
from typing import Any

from custom_components.vtrack_nvr.core.onvif.lenient import format_time


def as_json(value: Any) -> str:
    """Return dataclasses and the like as JSON."""

    def plain(item: Any) -> Any:
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            return dataclasses.asdict(item)
        if isinstance(item, set | frozenset):
            return sorted(item)
        return str(item)

    return json.dumps(value, default=plain, indent=2, ensure_ascii=False)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return lines with aligned columns."""
    cells = [list(heads), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def moment(ms: int | None) -> str:
    """Return a UTC time, a dash where there is none."""
    return "-" if ms is None else format_time(ms)


def span(ms: int) -> str:
    """Return a length as h:mm:ss."""
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
