"""Frame by frame: what the kept clips show against what the simulated devices hold."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import hashlib
from pathlib import Path

from tests.simulator.footage import read_frame_numbers

from .index_rows import ClipRow
from .simulator import Held

FRAME_MS = 100
OPEN_END_MS = 12 * 60_000
"""Footage this young may still be on its way: a window is closed first, then settles."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A clip's row with what its pictures say: (number, device time in ms)."""

    row: ClipRow
    frames: tuple[tuple[int, int], ...]
    sha256: str
    size_bytes: int


def look(row: ClipRow) -> Shown:
    """Decode one clip."""
    content = row.path.read_bytes()
    return Shown(
        row,
        tuple(read_frame_numbers(row.path)),
        hashlib.sha256(content).hexdigest(),
        len(content),
    )


def look_at_all(rows: Sequence[ClipRow]) -> list[Shown]:
    """Decode many clips, two at a time."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(look, rows))


def wrong_in_row(shown: Shown) -> list[str]:
    """Return where a row says something else than its file shows."""
    row, found = shown.row, []
    name = f"clip {row.id} of {row.nvr}/{row.camera}"
    if (row.size_bytes, row.sha256) != (shown.size_bytes, shown.sha256):
        found.append(f"{name}: size or hash is not the file's")
    if row.frames != len(shown.frames):
        found.append(
            f"{name}: {row.frames} frames in its row, {len(shown.frames)} in it"
        )
    if not shown.frames:
        return [*found, f"{name}: shows no frame"]
    first, last = shown.frames[0][1], shown.frames[-1][1]
    for what, said, seen in (
        ("start", row.start_ms, first),
        ("device start", row.device_start_ms, first),
        ("last frame", row.last_frame_ms, last),
    ):
        if abs(said - seen) > FRAME_MS:
            found.append(f"{name}: {what} is {said - seen:+d} ms beside the picture")
    numbers = [number for number, _ in shown.frames]
    if numbers != sorted(numbers):
        found.append(f"{name}: frames are out of order")
    return found


def wrong_in_camera(held: Held, shown: Sequence[Shown], now_ms: int) -> list[str]:
    """Return where the clips of a camera do not hold what the device holds.

    None may be missing and none kept twice; only the open end of growing footage may be
    on its way, and then from some frame on to the end.
    """
    name = f"{held.nvr}/{held.camera}"
    kept = Counter(number for each in shown for number, _ in each.frames)
    found = []
    if twice := [number for number, count in kept.items() if count > 1]:
        found.append(f"{name}: {len(twice)} frames are kept twice, first {min(twice)}")
    known = {number for number, _ in held.frames}
    if foreign := kept.keys() - known:
        found.append(f"{name}: {len(foreign)} frames the device does not hold")
    missing = [frame for frame in held.frames if frame[0] not in kept]
    last_kept = max((frame[1] for frame in held.frames if frame[0] in kept), default=0)
    lost = [
        frame
        for frame in missing
        if frame[1] < last_kept or frame[1] < now_ms - OPEN_END_MS
    ]
    if lost:
        found.append(
            f"{name}: {len(lost)} of {len(held.frames)} frames are missing, "
            f"first {lost[0][0]} at {lost[0][1]}"
        )
    return found


def stray_files(media: Path, rows: Sequence[ClipRow]) -> list[str]:
    """Return files below our folder that no row owns."""
    own = {path.resolve() for row in rows for path in (row.path, row.part) if path}
    return [
        f"stray file {path.relative_to(media)}"
        for path in sorted((media / "vtrack_nvr").rglob("*"))
        if path.suffix in {".mp4", ".part"} and path.resolve() not in own
    ]


def is_under_way(row: ClipRow, now_ms: int) -> bool:
    """Return whether an unfinished clip is to be expected: live, or the open end."""
    is_open = row.source == "live" or row.start_ms > now_ms - OPEN_END_MS
    return row.state == "fetching" and is_open


def prove(
    held: Sequence[Held], rows: Sequence[ClipRow], media: Path, now_ms: int
) -> tuple[list[str], dict[str, int]]:
    """Return what is wrong, and how many frames of each camera are proven."""
    found = [
        f"clip {row.id} of {row.nvr}/{row.camera} is {row.state}"
        for row in rows
        if row.state != "complete" and not is_under_way(row, now_ms)
    ]
    replayed = [
        row for row in rows if row.state == "complete" and row.source == "replay"
    ]
    shown = look_at_all(replayed)
    for each in shown:
        found += wrong_in_row(each)
    proven: dict[str, int] = {}
    for one in held:
        mine = [s for s in shown if (s.row.nvr, s.row.camera) == (one.nvr, one.camera)]
        found += wrong_in_camera(one, mine, now_ms)
        proven[f"{one.nvr}/{one.camera}"] = sum(len(each.frames) for each in mine)
    names = {(one.nvr, one.camera) for one in held}
    strangers = {(s.row.nvr, s.row.camera) for s in shown} - names
    found += [
        f"clips of {nvr}/{camera}, which holds nothing" for nvr, camera in strangers
    ]
    return found + stray_files(media, rows), proven
