"""What one simulated camera has recorded, as a function of the device's time.

All times are integer milliseconds since 1970 on the *device's* clock, and the clock burnt
into the pictures is that clock too. A frame's number follows from its time alone
(`frame_number`), so that footage, live picture and growing recording of one camera
number the same moment alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
import threading
import time
from typing import Literal, Protocol

NUMBER_EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z: frame number 0."""
FRAME_MS = 100
"""Distance of two frames: everything here is drawn at ten frames per second."""

type VideoCodec = Literal["H264", "H265", "JPEG", "MPEG4"]
type AudioCodec = Literal["AAC", "PCMU", "PCMA", "G722", "PCMA16", "L16"]
"""PCMA16 is G.711 at 16 kHz."""


def frame_number(time_ms: int) -> int:
    """Return the number of the frame taken at a time of the device."""
    return (time_ms - NUMBER_EPOCH_MS) // FRAME_MS


class Clock(Protocol):
    """The device's clock."""

    def now_ms(self) -> int:
        """Return the device's UTC time in milliseconds since 1970."""
        ...


@dataclass
class DeviceClock:
    """The host's clock, `offset_ms` ahead; `offset_ms` may be changed at any time."""

    offset_ms: int = 0

    def now_ms(self) -> int:
        """Return the device's UTC time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self.offset_ms


@dataclass
class ManualClock:
    """A clock that only moves when it is told to."""

    value_ms: int

    def now_ms(self) -> int:
        """Return the time last set."""
        return self.value_ms


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage without a gap: `offset_ms` after the timeline's base, `duration_ms` long.

    `phase_ms` shifts the frame grid. `width`/`height` differ from the timeline's own
    where the camera was set to another picture size (new parameter sets).
    """

    offset_ms: int
    duration_ms: int
    phase_ms: int = 0
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that decides how frames are drawn and encoded, besides their time."""

    camera_name: str
    codec: VideoCodec = "H264"
    width: int = 640
    height: int = 360
    gop_ms: int = 2000
    bframes: int = 0
    pad_kbps: int = 0
    """Filler sent with every picture to reach about this rate, for benchmarks."""
    damaged_numbers: frozenset[int] = frozenset()
    """Numbers of frames whose coded data is broken on the device's disk."""
    slices: int = 1
    """Pieces that each picture is coded in (H.264 and H.265)."""
    changing_sets: bool = False
    """Another picture parameter set, of the same id, in every other group."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames at `start_ms`, `start_ms + 100`, … before `end_ms`, all of one look.

    Clean points lie at `anchor_ms + n * gop_ms`; `start_ms` is one of them.
    """

    start_ms: int
    end_ms: int
    anchor_ms: int
    look: Look
    is_open: bool = False
    """Whether more frames will follow without a gap."""


@dataclass(kw_only=True)
class Drawn:
    """How a camera's frames are drawn and encoded."""

    codec: VideoCodec = "H264"
    audio: AudioCodec | None = "AAC"
    width: int = 640
    height: int = 360
    gop_ms: int = 2000
    bframes: int = 0
    pad_kbps: int = 0
    damaged_numbers: frozenset[int] = frozenset()
    slices: int = 1
    changing_sets: bool = False

    def drawn_with(self, camera_name: str) -> Look:
        """Return the look of frames that show a camera's name."""
        return Look(
            camera_name,
            self.codec,
            self.width,
            self.height,
            self.gop_ms,
            self.bframes,
            self.pad_kbps,
            self.damaged_numbers,
            self.slices,
            self.changing_sets,
        )


@dataclass
class Timeline(Drawn):
    """One recorded camera: where it has footage, and what the footage looks like.

    `stretches` lie relative to `base_ms`. `growing_offset_ms` (relative too) is where the
    recording that is still running began; None: nothing is being recorded now. With
    `capacity_ms`, the oldest footage is overwritten, GOP by GOP, as new is made.
    """

    recording_token: str
    camera_name: str
    base_ms: int
    stretches: list[Stretch] = field(default_factory=list)
    growing_offset_ms: int | None = None
    capacity_ms: int | None = None
    video_track: str = "VIDEO001"
    audio_track: str = "AUDIO001"
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.stretches = sorted(self.stretches, key=lambda item: item.offset_ms)

    @property
    def tracks(self) -> list[tuple[str, str]]:
        """Return (track token, "Video" or "Audio") of every track."""
        tracks = [(self.video_track, "Video")]
        if self.audio is not None:
            tracks.append((self.audio_track, "Audio"))
        return tracks

    @property
    def is_growing(self) -> bool:
        """Return whether the camera is being recorded now."""
        return self.growing_offset_ms is not None

    def look(self) -> Look:
        """Return how the camera's frames are drawn and encoded."""
        return self.drawn_with(self.camera_name)

    def spans(self, device_now_ms: int) -> list[Span]:
        """Return the footage held at a time, oldest first, one span per look and gap.

        The end of the growing one lies after its newest *finished* frame.
        """
        with self._lock:
            spans = [
                span
                for span in self._all_spans(device_now_ms)
                if span.end_ms > span.start_ms
            ]
            if self.capacity_ms is None:
                return spans
            return list(_newest(spans, self.capacity_ms))

    def _all_spans(self, device_now_ms: int) -> Iterable[Span]:
        look = self.look()
        for item in self.stretches:
            start = self.base_ms + item.offset_ms + item.phase_ms
            whole = start + item.duration_ms
            end = min(whole, device_now_ms)
            own = replace(
                look,
                width=item.width or self.width,
                height=item.height or self.height,
            )
            yield Span(start, _frame_end(start, end), start, own, end < whole)
        if self.growing_offset_ms is not None:
            start = self.base_ms + self.growing_offset_ms
            end = _frame_end(start, device_now_ms)
            yield Span(start, end, start, look, is_open=True)

    def segments(self, device_now_ms: int) -> list[tuple[int, int]]:
        """Return (start, end) of every stretch of footage without a gap, oldest first.

        The end is exclusive: the last frame's time plus its duration. A growing one ends
        at now.
        """
        segments: list[tuple[int, int]] = []
        for span in self.spans(device_now_ms):
            if segments and segments[-1][1] == span.start_ms:
                segments[-1] = (segments[-1][0], span.end_ms)
            else:
                segments.append((span.start_ms, span.end_ms))
        if segments and self.is_growing:
            segments[-1] = (segments[-1][0], max(device_now_ms, segments[-1][1]))
        return segments

    def earliest_ms(self, device_now_ms: int) -> int | None:
        """Return the time of the oldest frame held, None without footage."""
        segments = self.segments(device_now_ms)
        return segments[0][0] if segments else None

    def latest_ms(self, device_now_ms: int) -> int | None:
        """Return the end of the newest footage, None without footage."""
        segments = self.segments(device_now_ms)
        return segments[-1][1] if segments else None

    def frames(self, device_now_ms: int) -> list[tuple[int, int]]:
        """Return (number, time) of every frame held, oldest first."""
        return [
            (frame_number(moment), moment)
            for span in self.spans(device_now_ms)
            for moment in range(span.start_ms, span.end_ms, FRAME_MS)
        ]

    def stop_growing(self, device_now_ms: int) -> None:
        """Stop recording: the running stretch ends with its newest finished frame."""
        with self._lock:
            if self.growing_offset_ms is None:
                return
            offset = self.growing_offset_ms
            length = device_now_ms - self.base_ms - offset
            self.growing_offset_ms = None
            if length >= FRAME_MS:
                self.stretches.append(Stretch(offset, length // FRAME_MS * FRAME_MS))

    def start_growing(self, device_now_ms: int) -> None:
        """Start recording with the next frame of the grid of whole seconds."""
        with self._lock:
            if self.growing_offset_ms is None:
                start = -(-device_now_ms // 1000) * 1000
                self.growing_offset_ms = start - self.base_ms

    def format(self, device_now_ms: int, new_token: str) -> None:
        """Drop all footage, as formatting the disk does; a running recording goes on."""
        with self._lock:
            was_growing = self.is_growing
            self.stretches = []
            self.growing_offset_ms = None
            self.recording_token = new_token
            if was_growing:
                self.start_growing(device_now_ms)


@dataclass
class LiveSource(Drawn):
    """The live picture of one camera; encoded only while somebody watches."""

    camera_name: str

    def look(self) -> Look:
        """Return how the camera's frames are drawn and encoded."""
        return self.drawn_with(self.camera_name)


def _frame_end(start_ms: int, end_ms: int) -> int:
    return start_ms + max(0, end_ms - start_ms) // FRAME_MS * FRAME_MS


def _newest(spans: list[Span], capacity_ms: int) -> Iterable[Span]:
    excess = sum(span.end_ms - span.start_ms for span in spans) - capacity_ms
    for span in spans:
        length = span.end_ms - span.start_ms
        if excess <= 0:
            yield span
        elif excess < length:
            gop = span.look.gop_ms
            start = span.start_ms + -(-excess // gop) * gop
            if start < span.end_ms:
                yield replace(span, start_ms=start)
        excess -= length
