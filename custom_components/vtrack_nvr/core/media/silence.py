"""A silent track for clips without sound, among clips that have it.

A browser that began with pictures and sound ends where one of them is missing: the set of
tracks may not change (W3C Media Source Extensions 3.5.7). So a clip without sound is given
some, in what is sent of it; its file stays as it is.
"""

from dataclasses import dataclass
from typing import NamedTuple

from . import boxes
from .movie import read_moov

_FRAME_TICKS = 1024
_FRAMES = {
    1: bytes.fromhex("01182007"),
    2: bytes.fromhex("21100460 8c1c"),
}
"""A silent frame of AAC-LC by its channels (14496-3 4.4.2.1): one element, nothing in it."""
_LOW_COMPLEXITY = 2


class Quiet(NamedTuple):
    """Silent frames for one segment: their track, when they begin, how many, and one."""

    track_id: int
    ticks: int
    frames: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """A track like that of another clip, without anything to hear."""

    trak: bytes
    trex: bytes
    scale: int
    frame: bytes

    def between(self, track_id: int, start_us: int, end_us: int) -> Quiet:
        """Return the frames that begin between two moments; each belongs to one stretch."""
        first, last = (self._number(moment) for moment in (start_us, end_us))
        return Quiet(track_id, first * _FRAME_TICKS, max(0, last - first), self.frame)

    def _number(self, moment_us: int) -> int:
        """Return the number of the first frame at or after a moment."""
        return -(-moment_us * self.scale // (1_000_000 * _FRAME_TICKS))


def silence_like(init: bytes) -> Silence | None:
    """Return a silent track like the sound of an init segment, None where it has none.

    AAC-LC of one or two channels only, which is what our clips hold.
    """
    moov = boxes.find_box(memoryview(init), b"moov")
    if moov is None:
        return None
    track = read_moov(moov, 0).track(b"soun")
    if track is None or not track.config or track.config[0] >> 3 != _LOW_COMPLEXITY:
        return None
    frame = _FRAMES.get(track.channels)
    mvex = boxes.find_box(moov, b"mvex")
    if frame is None or mvex is None:
        return None
    for part in boxes.boxes_in(moov):
        handler = boxes.find_box(part.data, b"mdia", b"hdlr")
        if part.kind != b"trak" or handler is None or bytes(handler[8:12]) != b"soun":
            continue
        for other in boxes.boxes_in(mvex):
            if other.kind == b"trex" and boxes.read_number(other.data, 4) == track.id:
                return Silence(
                    bytes(part.data), bytes(other.data), track.timescale, frame
                )
    return None


def free_track(init: bytes) -> int:
    """Return an id that no track of an init segment has."""
    moov = boxes.find_box(memoryview(init), b"moov")
    tracks = read_moov(moov, 0).tracks if moov is not None else []
    return max((track.id for track in tracks), default=0) + 1


def with_silence(init: bytes, silence: Silence) -> bytes:
    """Return an init segment with the silent track as its last."""
    track_id = free_track(init).to_bytes(4)
    parts: list[bytes] = []
    for top in boxes.boxes_in(memoryview(init)):
        if top.kind != b"moov":
            parts.append(box(top.kind, bytes(top.data)))
            continue
        inner: list[bytes] = []
        has_trak = False
        for part in boxes.boxes_in(top.data):
            data = bytes(part.data)
            if part.kind == b"mvex":
                inner.append(box(b"trak", _renamed(silence.trak, track_id)))
                data += box(b"trex", silence.trex[:4] + track_id + silence.trex[8:])
                has_trak = True
            inner.append(box(part.kind, data))
        if not has_trak:
            return init
        parts.append(box(b"moov", b"".join(inner)))
    return b"".join(parts)


def _renamed(trak: bytes, track_id: bytes) -> bytes:
    """Return a track with another id."""
    found: list[bytes] = []
    for part in boxes.boxes_in(memoryview(trak)):
        data = bytes(part.data)
        if part.kind == b"tkhd":
            at = 20 if data[0] == 1 else 12
            data = data[:at] + track_id + data[at + 4 :]
        found.append(box(part.kind, data))
    return b"".join(found)


def quiet_traf(quiet: Quiet, place: int) -> bytes:
    """Return the part of a `moof` that holds silence, its frames `place` bytes behind it."""
    header = (
        (0x02_0038).to_bytes(4)
        + quiet.track_id.to_bytes(4)
        + _FRAME_TICKS.to_bytes(4)
        + len(quiet.frame).to_bytes(4)
        + (0x0200_0000).to_bytes(4)
    )
    time = (1 << 24).to_bytes(4) + max(0, quiet.ticks).to_bytes(8)
    run = (1).to_bytes(4) + quiet.frames.to_bytes(4) + place.to_bytes(4)
    return box(b"traf", box(b"tfhd", header) + box(b"tfdt", time) + box(b"trun", run))


def box(kind: bytes, payload: bytes) -> bytes:
    """Return a box."""
    return (8 + len(payload)).to_bytes(4) + kind + payload
