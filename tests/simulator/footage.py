"""The simulator's footage: made when it is asked for, the same for ever, and read back.

`read_frame_numbers` is what all proofs rest on: it decodes a file and returns what its
pictures themselves say about their number and time.
"""

from collections import OrderedDict
from dataclasses import dataclass
import hashlib
import io
from pathlib import Path
import pickle
import threading
from typing import Any

import av
import numpy as np
from PIL import Image

from .footage_audio import BEEP_MS, LOOP_MS, LOWEST_HZ, STEP_HZ
from .footage_picture import Picture, read_code
from .footage_video import Gop, encode_gop, without_foreign_damage
from .timeline import FRAME_MS, Look, Span

MEMORY_BYTES = 256 * 1024 * 1024
FORMAT = 2
"""Part of the cache's keys: to be raised whenever drawing or encoding changes."""


class UnreadablePictureError(Exception):
    """A picture does not show what the simulator draws."""


class FootageStore:
    """Groups of pictures by look and time; kept in memory, and on disk where asked.

    May be used by any number of threads; a group is encoded once. On disk, a group is
    one file, written under another name first.
    """

    def __init__(self, cache_dir: Path | None = None, memory_bytes: int = MEMORY_BYTES):
        self._cache_dir = cache_dir
        self._memory_bytes = memory_bytes
        self.held_bytes = 0
        """How much coded footage is in memory."""
        self._held: OrderedDict[tuple[Look, int, int], Gop] = OrderedDict()
        self._lock = threading.Lock()
        self._busy: dict[tuple[Look, int, int], threading.Lock] = {}
        self.encoded = 0
        """Groups encoded so far."""

    def gop(self, look: Look, start_ms: int, count: int) -> Gop:
        """Return the `count` pictures from `start_ms` on."""
        key = (without_foreign_damage(look, start_ms, count), start_ms, count)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            with self._lock:
                if key in self._held:
                    return self._held[key]
            gop = self._load(key) or self._encode(key)
            with self._lock:
                self._held[key] = gop
                self.held_bytes += _size(gop)
                self._busy.pop(key, None)
                while self.held_bytes > self._memory_bytes and len(self._held) > 1:
                    _, old = self._held.popitem(last=False)
                    self.held_bytes -= _size(old)
        return gop

    def gops(self, span: Span) -> list[Gop]:
        """Return all groups of a span, oldest first."""
        return [self.gop(span.look, start, count) for start, count in gop_starts(span)]

    def warm(self, spans: list[Span]) -> None:
        """Encode everything now; with a cache directory, for later runs as well."""
        for span in spans:
            for start, count in gop_starts(span):
                self.gop(span.look, start, count)

    def _encode(self, key: tuple[Look, int, int]) -> Gop:
        gop = encode_gop(*key)
        self.encoded += 1
        if self._cache_dir is not None:
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{threading.get_ident()}")
            part.write_bytes(pickle.dumps(gop))
            part.replace(path)
        return gop

    def _load(self, key: tuple[Look, int, int]) -> Gop | None:
        if self._cache_dir is None:
            return None
        try:
            gop = pickle.loads(self._path(key).read_bytes())
        except OSError, EOFError, pickle.UnpicklingError:
            return None
        return gop if isinstance(gop, Gop) else None

    def _path(self, key: tuple[Look, int, int]) -> Path:
        assert self._cache_dir is not None
        name = hashlib.sha256(repr((FORMAT, key)).encode()).hexdigest()[:32]
        return self._cache_dir / name[:2] / f"{name}.gop"


def gop_starts(span: Span) -> list[tuple[int, int]]:
    """Return (start, number of frames) of each group of a span."""
    gop_ms = span.look.gop_ms
    return [
        (start, min(gop_ms, span.end_ms - start) // FRAME_MS)
        for start in range(span.start_ms, span.end_ms, gop_ms)
    ]


def _size(gop: Gop) -> int:
    """Return about how much memory a group takes; padding is shared by all."""
    return sum(len(unit.nals[-1]) for unit in gop.units) + 4096


# --- Reading back ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayedPicture:
    """A decoded picture: what it shows, and when the file says it is shown."""

    picture: Picture
    pts_ms: float
    width: int
    height: int


def read_frame_numbers(path: Path | str) -> list[tuple[int, int]]:
    """Return (number, time in ms) as shown in every picture of a file, in play order.

    Raises `UnreadablePictureError` for a picture that cannot be read.
    """
    return [(item.picture.number, item.picture.time_ms) for item in read_pictures(path)]


def read_pictures(path: Path | str) -> list[PlayedPicture]:
    """Return every decoded picture of a file, in play order."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for index, frame in enumerate(container.decode(stream)):
            picture = read_code(_luma(frame))
            if picture is None:
                raise UnreadablePictureError(f"picture {index} of {path}")
            pts_ms = float((frame.pts or 0) * stream.time_base * 1000)
            found.append(PlayedPicture(picture, pts_ms, frame.width, frame.height))
    return found


def read_picture(source: bytes | Path | av.VideoFrame | np.ndarray) -> Picture:
    """Return what one picture shows: an encoded still, a file, a frame or a luma plane."""
    if isinstance(source, av.VideoFrame):
        luma = _luma(source)
    elif isinstance(source, np.ndarray):
        luma = source
    else:
        handle: Any = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(handle) as image:
            luma = np.asarray(image.convert("L"))
    picture = read_code(luma)
    if picture is None:
        raise UnreadablePictureError("the picture's blocks do not add up")
    return picture


def read_beeps(path: Path | str) -> list[tuple[float, int]]:
    """Return (ms in the file, second modulo 8) of every beep in a file's sound."""
    times, parts, rate = [], [], 0
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono")
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                rate = piece.sample_rate
                times.append(float((piece.pts or 0) * piece.time_base))
                parts.append(piece.to_ndarray()[0])
    if not parts:
        return []
    sound = np.concatenate(parts)
    starts = np.concatenate(
        [
            start + np.arange(len(part)) / rate
            for start, part in zip(times, parts, strict=True)
        ]
    )
    window = rate // 100
    loud = np.sqrt(np.convolve(sound**2, np.ones(window) / window, mode="same")) > (0.1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8)))) == 1)
    found = []
    for edge in edges:
        beep = sound[edge + window : edge + window + rate * BEEP_MS // 2000]
        if len(beep) < rate // 50:
            continue
        power = np.abs(np.fft.rfft(beep * np.hanning(len(beep)), rate))
        pitch = int(power.argmax())
        second = round((pitch - LOWEST_HZ) / STEP_HZ) % (LOOP_MS // 1000)
        found.append((float(starts[edge]) * 1000, second))
    return found


def _luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
