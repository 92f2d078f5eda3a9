"""Frames of a movie fragment (ISO/IEC 14496-12 8.8)."""

from ..errors import ErrorKind, NvrError
from . import boxes
from .samples import LARGEST_COUNT, Samples

_NOT_A_KEY = 0x0001_0000
_LARGEST_RUN = 1_000_000


def read_trex(mvex: memoryview) -> dict[int, tuple[int, int, int]]:
    """Return track id to default duration, size and flags."""
    return {
        boxes.read_number(part.data, 4): (
            boxes.read_number(part.data, 12),
            boxes.read_number(part.data, 16),
            boxes.read_number(part.data, 20),
        )
        for part in boxes.boxes_in(mvex)
        if part.kind == b"trex"
    }


def read_fragment(
    traf: memoryview, start: int, defaults: tuple[int, int, int], samples: Samples
) -> None:
    """Append the frames of one track's part of a fragment that begins at `start`."""
    header = boxes.find_box(traf, b"tfhd")
    assert header is not None
    base, defaults = _header(header, start, defaults)
    time = samples.decoded[-1] + samples.durations[-1] if samples.decoded else 0
    if tfdt := boxes.find_box(traf, b"tfdt"):
        time = boxes.read_number(tfdt, 4, 8 if tfdt[0] == 1 else 4)
    for part in boxes.boxes_in(traf):
        if part.kind == b"trun":
            time = _run(part.data, base, time, defaults, samples)


def _header(
    header: memoryview, start: int, defaults: tuple[int, int, int]
) -> tuple[int, tuple[int, int, int]]:
    flags = boxes.read_number(header, 1, 3)
    duration, size, sample_flags = defaults
    at = 8
    base = start
    if flags & 0x1:
        base = boxes.read_number(header, at, 8)
        at += 8
    if flags & 0x2:
        at += 4
    if flags & 0x8:
        duration = boxes.read_number(header, at)
        at += 4
    if flags & 0x10:
        size = boxes.read_number(header, at)
        at += 4
    if flags & 0x20:
        sample_flags = boxes.read_number(header, at)
    return base, (duration, size, sample_flags)


def _run(
    run: memoryview,
    base: int,
    time: int,
    defaults: tuple[int, int, int],
    samples: Samples,
) -> int:
    """Append the frames of one trun; return the time after the last."""
    flags = boxes.read_number(run, 1, 3)
    count = boxes.read_number(run, 4)
    if count > _LARGEST_RUN or len(samples) + count > LARGEST_COUNT:
        raise NvrError(ErrorKind.VERIFY_FAILED, f"{count} frames in a fragment")
    if not flags & 0x200 and (len(samples) + count) * max(defaults[1], 1) > (
        samples.room
    ):
        raise NvrError(ErrorKind.VERIFY_FAILED, f"{count} frames in a small file")
    at = 8
    offset = base
    if flags & 0x1:
        offset += boxes.signed(run, at)
        at += 4
    first_flags = None
    if flags & 0x4:
        first_flags = boxes.read_number(run, at)
        at += 4
    for index in range(count):
        duration, size, sample_flags = defaults
        if flags & 0x100:
            duration = boxes.read_number(run, at)
            at += 4
        if flags & 0x200:
            size = boxes.read_number(run, at)
            at += 4
        if flags & 0x400:
            sample_flags = boxes.read_number(run, at)
            at += 4
        elif first_flags is not None and index == 0:
            sample_flags = first_flags
        shift = 0
        if flags & 0x800:
            shift = boxes.signed(run, at)
            at += 4
        samples.offsets.append(offset)
        samples.sizes.append(size)
        samples.decoded.append(time)
        samples.shown.append(time + shift)
        samples.durations.append(duration)
        samples.keys.append(0 if sample_flags & _NOT_A_KEY else 1)
        offset += size
        time += duration
    return time
