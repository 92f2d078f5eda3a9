"""The short table of what was brought home."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def cameras(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (name of the NVR, camera) of an answer of get_status."""
    for nvr in status["nvrs"]:
        for camera in nvr["cameras"]:
            yield nvr["name"], camera


def footage(seconds: float) -> str:
    """Return a length as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def coverage(camera: Mapping[str, Any]) -> str:
    """Return coverage in words."""
    percent = camera["coverage_percent"]
    if percent is None:
        return "nothing to cover yet"
    waiting = camera["backlog_seconds"]
    return f"{percent:.0f} %" + (f", {footage(waiting)} to come" if waiting else "")


def table(status: Mapping[str, Any]) -> str:
    """Return the lines, aligned."""
    rows = [("camera", "clips", "footage", "coverage")]
    rows += [
        (
            camera["camera"]
            if camera["camera"] == nvr
            else f"{nvr} · {camera['camera']}",
            str(camera["clips"]),
            footage(camera["kept_seconds"]),
            coverage(camera),
        )
        for nvr, camera in cameras(status)
    ]
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines with a rule below the first."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])
