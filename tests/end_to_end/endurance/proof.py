"""What is kept against what the devices recorded, picture by picture."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

from custom_components.vtrack_nvr.core.intervals import TimeRange, difference, union
from custom_components.vtrack_nvr.core.models import ClockEra
from custom_components.vtrack_nvr.core.sync.clock_eras import EraMap
from tests.end_to_end.proof import readable_frames
from tests.simulator.footage import UnreadablePictureError, read_frame_numbers
from tests.simulator.timeline import FRAME_MS, frame_number

from .chaos import Trouble
from .disks import Disk
from .problems import Kind, Problem
from .truth import GOP_MS, Device, Recorded, Witness

HOUR = 3_600_000
GOP_FRAMES = GOP_MS // FRAME_MS
OFFSET_MS = 3_000
"""An offset this near is the same clock era, by the archive's own rule of two seconds and
what an answer takes on a busy machine."""
UNSEEN_MS = HOUR + 10 * 60_000
"""A clock is measured once an hour: which era footage of that while belongs to is a guess."""
UNDATED = "failed undated"
SEAM_MS = 60_000
LIVE_MS = 2_000
"""How late pictures of a live stream may come on a busy machine."""
ESTIMATE_MS = 3_000


@dataclass
class Finding:
    """What was found of one camera."""

    clips: int = 0
    frames: int = 0
    recorded: int = 0
    held: int = 0
    problems: list[Problem] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """Frames that were recorded and are not kept, by what the ledger says of them."""
    redated: int = 0
    """Clips dated by a clock that was wrong at that time."""
    twice_by_eras: int = 0
    """Frames kept once more after a clock was put right."""


@dataclass
class Court:
    """All that is known from outside."""

    disks: Sequence[Disk]
    troubles: Sequence[Trouble]
    host_wrongs: Sequence[tuple[int, int]]
    now_ms: int
    lives: Sequence[int]
    """True times at which the process was started anew."""
    people: Sequence[tuple[int, str]]
    """True times and cameras of what people did."""
    deleted: Sequence[dict[str, Any]]
    is_unsure: bool
    rests: Mapping[str, Sequence[tuple[int, int | None]]]
    """When a camera was not to be copied all the time."""

    def file_of(self, clip: dict[str, Any]) -> Path:
        """Return where a clip lies."""
        (disk,) = (d for d in self.disks if str(d.path) == clip["root"])
        return disk.inside / "vtrack_nvr" / str(clip["path"])

    def host_wrong(self, from_ms: int) -> set[int]:
        """Return how wrong the host's clock was, at any time since then."""
        found, last = set(), 0
        for at_ms, wrong_ms in self.host_wrongs:
            if at_ms < from_ms:
                last = wrong_ms
            else:
                found.add(wrong_ms)
        return found | {last, 0}


def pictures(path: Path, clip: dict[str, Any]) -> tuple[list[tuple[int, int]], str]:
    """Return (number, time) of a clip's pictures, and what is wrong with the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return [], f"{type(error).__name__}"
    if hashlib.sha256(content).hexdigest() != clip["sha256"]:
        return [], "another hash than its row says"
    has_holes = clip["holes"] or clip["problem"]
    try:
        shown = (readable_frames if has_holes else read_frame_numbers)(path)
    except UnreadablePictureError as error:
        return [], str(error)
    spoilt = clip["holes"] * GOP_FRAMES
    if not 0 <= clip["frames"] - len(shown) <= spoilt:
        return shown, f"{clip['frames']} frames in its row, {len(shown)} in its file"
    numbers = [number for number, _ in shown]
    if numbers != sorted(numbers):
        return shown, "pictures out of order"
    return shown, "" if shown else "no picture"


class Judge:
    """Proves one camera."""

    def __init__(self, court: Court, device: Device, name: str, dump: Any) -> None:
        """Take what the archive says of a camera."""
        self._court = court
        self._device = device
        self._name = name
        about = dump["cameras"][name]
        self._clips: list[dict[str, Any]] = about["clips"]
        self._spans: list[tuple[int, int, str, str]] = about["spans"]
        self._eras = EraMap(
            [ClockEra(*row) for row in dump["eras"][about["nvr"]]]
            or [ClockEra(0, 0, 0)]
        )
        self.found = Finding(clips=len(self._clips))
        self._kept: dict[int, list[dict[str, Any]]] = defaultdict(list)

    def _say(self, kind: Kind, text: str) -> None:
        self.found.problems.append(Problem(kind, f"{self._name}: {text}"))

    def prove(self, pool: ThreadPoolExecutor) -> Finding:
        """Read every clip back and compare."""
        court = self._court
        files = [court.file_of(clip) for clip in self._clips]
        witness = self._device.witnesses.get(self._name)
        for clip, (shown, wrong) in zip(
            self._clips, pool.map(pictures, files, self._clips), strict=True
        ):
            if wrong:
                self._say(Kind.OTHER, f"{clip['path']}: {wrong}")
            if not shown:
                continue
            self.found.frames += len(shown)
            for number, _ in shown:
                self._kept[number].append(clip)
            if witness is None:
                self._check_live(clip, shown)
            else:
                self._check_label(clip, shown, witness)
        self._check_twice()
        if witness is not None:
            self._check_recorded(witness)
        else:
            self._check_told()
        return self.found

    # Labels

    def _check_label(
        self, clip: dict[str, Any], shown: list[tuple[int, int]], witness: Witness
    ) -> None:
        number, device_ms = shown[0]
        foreign = [n for n, _ in shown if n not in witness.by_number]
        if foreign:
            text = f"{len(foreign)} pictures it never recorded"
            self._say(Kind.MISLABELLED, f"{clip['path']}: {text}")
            return
        near_ms = FRAME_MS if clip["dated"] == "capture" else ESTIMATE_MS
        off_ms = clip["device_ms"] - device_ms
        if abs(off_ms) > near_ms + clip["holes"] * GOP_MS:
            text = f"device time is {off_ms:+d} ms off"
            self._say(Kind.MISLABELLED, f"{clip['path']}: {text}")
        item = witness.by_number[number]
        true_ms = device_ms - item.offset_ms
        off_ms = clip["start_ms"] - true_ms
        if self._is_right(off_ms, near_ms):
            return
        if self._is_explained(off_ms, item):
            self.found.redated += 1
            return
        self._say(Kind.MISLABELLED, f"{clip['path']}: dated {off_ms / 1000:+.1f} s off")

    @staticmethod
    def _is_right(off_ms: int, near_ms: int) -> bool:
        return abs(off_ms) <= OFFSET_MS + near_ms

    def _is_explained(self, off_ms: int, item: Recorded) -> bool:
        """Return whether a clock was wrong or just set when it was recorded or fetched."""
        wrongs = self._court.host_wrong(item.true_ms - UNSEEN_MS)
        others = {0}
        for step in self._device.steps:
            seen_ms = step.seen_ms or self._court.now_ms
            if step.true_ms - UNSEEN_MS <= item.true_ms <= seen_ms + UNSEEN_MS:
                others |= {
                    item.offset_ms - step.before_ms,
                    item.offset_ms - step.after_ms,
                }
        return any(
            self._is_right(off_ms - wrong - other, ESTIMATE_MS)
            for wrong in wrongs
            for other in others
        )

    def _check_live(self, clip: dict[str, Any], shown: list[tuple[int, int]]) -> None:
        offset_ms = self._device.clock.offset_ms
        true_ms = shown[0][1] - offset_ms
        off_ms = clip["start_ms"] - true_ms
        if self._is_right(off_ms, LIVE_MS):
            return
        wrongs = self._court.host_wrong(true_ms - HOUR)
        if any(self._is_right(off_ms - wrong, LIVE_MS) for wrong in wrongs):
            self.found.redated += 1
            return
        if clip["problem"] == "clock_behind":
            self.found.redated += 1
            return
        text = f"live, dated {off_ms / 1000:+.1f} s off"
        self._say(Kind.MISLABELLED, f"{clip['path']}: {text}")

    # Once, or truly told

    def _check_told(self) -> None:
        """Every stretch of a live camera is in a clip, or the ledger says what became of it."""
        known = union(TimeRange(start, end) for start, end, _, _ in self._spans)
        if not known:
            self._say(Kind.LOST, "nothing was recorded live, nor told")
            return
        court = self._court
        excused = [
            TimeRange(begun - SEAM_MS, (ended or court.now_ms) + SEAM_MS)
            for begun, ended in court.rests.get(self._name, ())
        ]
        for (at_ms, wrong_ms), (until_ms, _) in pairwise(
            [*court.host_wrongs, (court.now_ms, 0)]
        ):
            shift_ms = abs(wrong_ms) + HOUR
            if wrong_ms:
                excused.append(TimeRange(at_ms - shift_ms, until_ms + shift_ms))
        whole = TimeRange(known[0].start_ms, known[-1].end_ms)
        for hole in difference((whole,), known):
            if hole.duration_ms > LIVE_MS and not any(
                hole.overlaps(item) for item in excused
            ):
                self._say(
                    Kind.LOST,
                    f"{hole.duration_ms / 1000:g} s are neither kept nor told,"
                    f" {(court.now_ms - hole.start_ms) / HOUR:.1f} h before the end",
                )

    def _check_twice(self) -> None:
        doubled: Counter[tuple[str, str]] = Counter()
        for clips in self._kept.values():
            if len(clips) == 1:
                continue
            if len({clip["start_ms"] // OFFSET_MS for clip in clips}) > 1 and (
                len({clip["era"] for clip in clips}) > 1
                or self._device.witnesses.get(self._name) is None
            ):
                self.found.twice_by_eras += 1
            else:
                doubled[clips[0]["path"], clips[1]["path"]] += 1
        for (one, other), count in doubled.items():
            self._say(Kind.TWICE, f"{count} pictures twice, in {one} and {other}")

    def _check_recorded(self, witness: Witness) -> None:
        (timeline,) = (
            c.timeline
            for c in self._device.nvr.all_channels
            if c.spec.name == self._name
        )
        assert timeline is not None
        held = {n for n, _ in timeline.frames(self._device.clock.now_ms())}
        self.found.held = len(held)
        silent: Counter[str] = Counter()
        for item in witness.recorded:
            for number in item.frames():
                self.found.recorded += 1
                if number in self._kept:
                    continue
                told = self._told(number, item)
                self.found.told[told] += 1
                if complaint := self._complaint(
                    told, number, item, is_held=number in held
                ):
                    silent[f"{complaint} (recorded {self._at(item)})"] += 1
        for text, count in silent.items():
            self._say(Kind.LOST, f"{count} pictures {text}")

    def _at(self, item: Recorded) -> str:
        left_h = (self._court.now_ms - item.true_ms) / HOUR
        return f"{left_h:.1f} h before the end, {item.device_ms}"

    def _told(self, number: int, item: Recorded) -> str:
        """Return what the ledger says of the time of a frame."""
        device_ms = item.device_ms + (number - frame_number(item.device_ms)) * FRAME_MS
        places = {
            self._eras.moment_to_utc(device_ms, self._court.now_ms),
            device_ms - item.offset_ms,
        }
        found = {
            f"{state} {reason}".strip()
            for start_ms, end_ms, state, reason in self._spans
            for place in places
            if start_ms - FRAME_MS <= place < end_ms + FRAME_MS and state != "kept"
        }
        if any(
            f"{state} {reason}" == UNDATED
            and start_ms - OFFSET_MS <= place < end_ms + OFFSET_MS
            for start_ms, end_ms, state, reason in self._spans
            for place in places
        ):
            return UNDATED
        if any(
            clip["start_ms"] <= place < clip["end_ms"] and clip["holes"]
            for clip in self._clips
            for place in places
        ):
            return "hole of a clip"
        return min(found, key=_rank) if found else "unknown"

    def _was_deleted(self, number: int, item: Recorded) -> bool:
        device_ms = item.device_ms + (number - frame_number(item.device_ms)) * FRAME_MS
        return any(
            clip["camera"].startswith(f"nvr-{self._device.nvr.spec.serial}/")
            and clip["device_ms"] - GOP_MS
            <= device_ms
            <= clip["device_ms"] + clip["end_ms"] - clip["start_ms"] + GOP_MS
            for clip in self._court.deleted
        )

    def _complaint(
        self, told: str, number: int, item: Recorded, *, is_held: bool
    ) -> str:
        """Return what is wrong with a frame not being kept, if anything."""
        state, _, reason = told.partition(" ")
        if told in {"removed person", "removed purge"}:
            is_so = self._court.is_unsure or self._was_deleted(number, item)
            return "" if is_so else f"are {told}, which nobody did"
        if state in {"removed", "not_wanted", "hole"}:
            return ""
        if told == UNDATED and self._may_be_told_twice(item):
            return ""
        if is_held:
            return f"are on the device and not kept: {told}"
        if state in {"lost", "absent", "failed", "on_device", "unknown"}:
            if self._was_troubled(item):
                return ""
            return f"were overwritten unkept though nothing was wrong: {told} {reason}"
        return f"are {told}"

    def _may_be_told_twice(self, item: Recorded) -> bool:
        """Return whether the device's clock, once set, may have told these times again.

        Between two looks at the clock nobody knows which of its two times it told.
        """
        for step in self._device.steps:
            first_ms = step.true_ms - UNSEEN_MS + min(step.before_ms, step.after_ms)
            seen_ms = step.seen_ms or self._court.now_ms
            last_ms = seen_ms + UNSEEN_MS + max(step.before_ms, step.after_ms)
            if first_ms < item.end_ms and item.device_ms < last_ms:
                return True
        return False

    def _was_troubled(self, item: Recorded) -> bool:
        """Return whether anything stood in the way while the device held it."""
        court = self._court
        life = TimeRange(
            item.true_ms - UNSEEN_MS, (item.gone_ms or court.now_ms) + UNSEEN_MS
        )
        for trouble in court.troubles:
            if trouble.device in {"", self._device.name}:
                until_ms = trouble.until_ms or court.now_ms
                if life.overlaps(TimeRange(trouble.since_ms, until_ms + 24 * HOUR)):
                    return True
        return any(life.contains(at) for at in court.lives) or any(
            life.contains(at) for at, name in court.people if name in {"", self._name}
        )


def _rank(told: str) -> int:
    order = ("removed", "not_wanted", "lost", "absent", "failed", "on_device")
    state = told.split(" ", maxsplit=1)[0]
    return order.index(state) if state in order else len(order)
