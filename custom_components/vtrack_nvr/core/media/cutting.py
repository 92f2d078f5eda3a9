"""Cuts fragments out of a clip, byte by byte, so that they stand alone (14496-12 8.8).

Clips of earlier versions name places of their own file in each fragment. Browsers refuse
those, and they would be wrong elsewhere: such a fragment is rewritten, its frames are not.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from ..errors import ErrorKind, NvrError
from . import boxes
from .layout import FileStretch, Layout, Piece
from .silence import Quiet, box, quiet_traf

_HAS_PLACE = 0x1
_BASE_IS_MOOF = 0x02_0000
_PLACE_BYTES = 8
_HEAD = 8
_USUAL_MOOF = 4096
"""What is read at once: the table of a group is seldom longer."""
_LARGEST_MOOF = 8 * 1024 * 1024


def has_places(moof: memoryview) -> bool:
    """Return whether a fragment (payload of its `moof`) names places in its file."""
    for part in boxes.boxes_in(moof):
        header = boxes.find_box(part.data, b"tfhd") if part.kind == b"traf" else None
        if header is not None and boxes.read_number(header, 1, 3) & _HAS_PLACE:
            return True
    return False


def cut_fragments(
    file: BinaryIO,
    place: tuple[int, int],
    *,
    is_absolute: bool,
    shifts: Mapping[int, int] | None = None,
    quiet: Quiet | None = None,
) -> Layout:
    """Return a stretch of whole fragments (offset, length) as it stands alone; blocking.

    `shifts` moves what each track's times count from: its id, and ticks of the track.
    `quiet` is silence to be added for all of the stretch. Only tables are read, and only where they have to be rewritten. Raises `VERIFY_FAILED` for
    what are no fragments, `OSError` as it comes.
    """
    offset, length = place
    if not is_absolute and not shifts and not quiet:
        return Layout([FileStretch(offset, length)])
    quiet = quiet if quiet and quiet.frames else None
    return Layout(_rewritten(file, offset, offset + length, shifts or {}, quiet))


def _rewritten(
    file: BinaryIO, at: int, end: int, shifts: Mapping[int, int], quiet: Quiet | None
) -> Iterator[Piece]:
    while at < end:
        file.seek(at)
        head = file.read(min(_USUAL_MOOF, end - at))
        length = int.from_bytes(head[:4])
        if len(head) < _HEAD or length < _HEAD or at + length > end:
            raise NvrError(ErrorKind.VERIFY_FAILED, "not a whole fragment")
        if head[4:8] == b"moof":
            if length > _LARGEST_MOOF:
                raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment is too large")
            if length > len(head):
                head += file.read(length - len(head))
            if len(head) < length:
                raise NvrError(ErrorKind.VERIFY_FAILED, "the file ends in a fragment")
            if quiet is not None:
                yield from _with_quiet(
                    file, head[_HEAD:length], (at, end), shifts, quiet
                )
                at += length + _mdat_length(file, at + length, end)
                quiet = None
                continue
            yield moved_moof(head[_HEAD:length], at, shifts)
        else:
            yield FileStretch(at, length)
        at += length


def _mdat_length(file: BinaryIO, at: int, end: int) -> int:
    """Return how long the `mdat` is that begins at a place."""
    file.seek(at)
    head = file.read(_HEAD)
    length = int.from_bytes(head[:4])
    if head[4:] != b"mdat" or length < _HEAD or at + length > end:
        raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment without its frames")
    return length


def _with_quiet(
    file: BinaryIO,
    payload: bytes,
    place: tuple[int, int],
    shifts: Mapping[int, int],
    quiet: Quiet,
) -> Iterator[Piece]:
    """Yield the fragment at a place with silence behind its frames."""
    at, end = place
    start = at + _HEAD + len(payload)
    length = _mdat_length(file, start, end)
    added = len(quiet_traf(quiet, 0))
    moof = moved_moof(payload, at, shifts, added)
    data = quiet.frame * quiet.frames
    traf = quiet_traf(quiet, len(moof) + added + length)
    yield box(b"moof", moof[_HEAD:] + traf)
    yield (length + len(data)).to_bytes(4) + b"mdat"
    yield FileStretch(start + _HEAD, length - _HEAD)
    yield data


def moved_moof(
    payload: bytes, start: int, shifts: Mapping[int, int], added: int = 0
) -> bytes:
    """Return a whole `moof` whose places count from itself, and its times from elsewhere.

    `payload` is that of the one that begins at `start` of its file, its `mdat` behind it.
    `added` is how many bytes more will lie between it and its frames.
    """
    data = memoryview(payload)
    removed = _PLACE_BYTES * sum(
        1
        for part in boxes.boxes_in(data)
        if part.kind == b"traf" and _place(part.data) is not None
    )
    body = b"".join(
        _traf(part.data, start, added - removed, shifts)
        if part.kind == b"traf"
        else box(part.kind, bytes(part.data))
        for part in boxes.boxes_in(data)
    )
    if len(body) != len(payload) - removed:
        raise NvrError(ErrorKind.VERIFY_FAILED, "a fragment that contradicts itself")
    return box(b"moof", body)


def _place(traf: memoryview) -> int | None:
    """Return the place that a track's part counts from, None without one."""
    header = boxes.find_box(traf, b"tfhd")
    if header is None or not boxes.read_number(header, 1, 3) & _HAS_PLACE:
        return None
    return boxes.read_number(header, 8, _PLACE_BYTES)


def _traf(
    traf: memoryview, start: int, further: int, shifts: Mapping[int, int]
) -> bytes:
    place = _place(traf)
    shift = 0
    found = []
    for part in boxes.boxes_in(traf):
        payload = bytes(part.data)
        if part.kind == b"tfhd":
            shift = shifts.get(boxes.read_number(part.data, 4), 0)
            if place is not None:
                flags = boxes.read_number(part.data, 1, 3) & ~_HAS_PLACE | _BASE_IS_MOOF
                payload = payload[:1] + flags.to_bytes(3) + payload[4:8] + payload[16:]
        elif part.kind == b"tfdt" and shift:
            payload = _time(part.data, shift)
        elif part.kind == b"trun" and (further or place is not None):
            base = start if place is None else place
            payload = _run(part.data, base - start + further)
        found.append(box(part.kind, payload))
    return box(b"traf", b"".join(found))


def _time(tfdt: memoryview, shift: int) -> bytes:
    """Return when a fragment is decoded, counted from elsewhere (14496-12 8.8.12)."""
    length = 8 if boxes.read_number(tfdt, 0, 1) == 1 else 4
    time = boxes.read_number(tfdt, 4, length) + shift
    if not 0 <= time < 1 << 8 * length:
        raise NvrError(ErrorKind.GONE, "a fragment from before what is played")
    return bytes(tfdt[:4]) + time.to_bytes(length)


def _run(run: memoryview, by: int) -> bytes:
    """Return a run whose frames begin `by` bytes further on."""
    if not boxes.read_number(run, 1, 3) & 0x1:
        raise NvrError(ErrorKind.VERIFY_FAILED, "a run without a place")
    place = boxes.signed(run, 8) + by
    if not 0 <= place < 1 << 31:
        raise NvrError(ErrorKind.VERIFY_FAILED, "frames before their fragment")
    return bytes(run[:8]) + place.to_bytes(4) + bytes(run[12:])
