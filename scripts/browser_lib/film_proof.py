"""Whether a film shows what was asked for, picture by picture."""

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.simulator.footage import read_frame_numbers

FRAME_MS = 100
GROUP_MS = 2_000
"""A film begins with the key picture at or before what was asked for."""


def wrong_in_film(told: dict[str, Any] | None) -> list[str]:
    """Return where the times burnt into a film's pictures are not those asked for."""
    if told is None:
        return []
    start_ms, end_ms = (
        round(dt.datetime.fromisoformat(told[each]).timestamp() * 1000)
        for each in ("start", "end")
    )
    frames = read_frame_numbers(Path(told["path"]))
    if not frames:
        return ["the film shows no picture"]
    found = [
        f"the film goes from picture {before} to {after}"
        for before, after in pairwise(frames)
        if after != (before[0] + 1, before[1] + FRAME_MS)
    ]
    first, last = frames[0][1], frames[-1][1]
    if not start_ms - GROUP_MS <= first <= start_ms + FRAME_MS:
        found.append(f"the film begins {first - start_ms:+d} ms beside its start")
    if not end_ms - 2 * FRAME_MS <= last <= end_ms + GROUP_MS:
        found.append(f"the film ends {last - end_ms:+d} ms beside its end")
    if not found:
        print(f"the film shows {len(frames)} pictures, each once and in order")
    return found
