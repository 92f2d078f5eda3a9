"""Sound on its way into the file: AAC as it came, everything decodable turned into AAC."""

from collections import deque
from fractions import Fraction
from typing import Protocol, override

import av
from av.audio.codeccontext import AudioCodecContext
from av.codec import CodecContext

from ..aac_config import nearest_rate, plain_config, read_config
from ..errors import ErrorKind, NvrError
from ..frames import Codec, TrackFormat
from .sound_child import SoundChild
from .templates import LAYOUTS
from .units import TimedUnit

_FRAME = 1024
_DISCONTINUITY_US = 100_000
_SNAP_TICKS = 2
_SIMPLE = {
    Codec.PCMU: "pcm_mulaw",
    Codec.PCMA: "pcm_alaw",
    Codec.L8: "pcm_u8",
    Codec.L16: "pcm_s16be",
    Codec.L24: "pcm_s24be",
}
"""Tables of 256 numbers, or numbers as they are: nothing can go wrong, so it is done here."""
_IN_CHILD = {
    Codec.G722: ("g722", 16000),
    Codec.LATM: ("aac_latm", 0),
    Codec.OPUS: ("libopus", 48000),
}
"""Decoders that read what a device makes of a format run in a process of their own."""
_MONO_BIT_RATE = 32_000
_G711_RATE = 8_000
_PCM_RATES = range(4_000, 192_001)


class Sound(Protocol):
    """Turns units into AAC frames with exact times."""

    config: bytes
    """AudioSpecificConfig."""
    rate: int
    channels: int

    def take(self, item: TimedUnit) -> list[tuple[int, bytes]]:
        """Return the frames that are ready, each with its time in microseconds."""
        ...

    def finish(self) -> list[tuple[int, bytes]]:
        """Return the frames that were still under way; nothing is taken any more."""
        ...


def open_sound(track: TrackFormat) -> Sound:
    """Return how to keep a track's sound; raises `UNSUPPORTED_CODEC`."""
    if track.codec is Codec.AAC:
        return AacCopy(track)
    if track.codec in _SIMPLE or track.codec in _IN_CHILD or track.codec is Codec.G726:
        return ToAac(track)
    raise _left_out(track)


def _left_out(track: TrackFormat) -> NvrError:
    return NvrError(
        ErrorKind.UNSUPPORTED_CODEC, f"sound in {track.name or track.codec} is left out"
    )


class AacCopy(Sound):
    """AAC frames as the device made them.

    Its configuration tells rate and channels, whatever else the description says.
    """

    def __init__(self, track: TrackFormat) -> None:
        """Take the configuration of the session description, or the usual one.

        Raises `UNSUPPORTED_CODEC` where there is none.
        """
        self.config = track.config
        known = read_config(track.config)
        if known is None:
            rate = nearest_rate(track.clock_rate)
            self.config = plain_config(rate, track.channels)
            known = read_config(self.config)
        if known is None:
            raise _left_out(track)
        self.rate = known.rate
        self.channels = known.channels or track.channels

    @override
    def take(self, item: TimedUnit) -> list[tuple[int, bytes]]:
        return [(item.time_us, item.unit.data)]

    @override
    def finish(self) -> list[tuple[int, bytes]]:
        return []


class ToAac(Sound):
    """Decodes, gathers 1024 samples at a time, encodes.

    A jump in the units' times pads the frame under way with silence and begins the next
    at the new time, so that sound never drifts from the picture.
    """

    def __init__(self, track: TrackFormat) -> None:
        """Open both codecs; raises `UNSUPPORTED_CODEC` where libav has none."""
        self.channels = 2 if track.channels > 1 else 1
        self._layout = "stereo" if self.channels == 2 else "mono"
        try:
            self._decoder = _open_decoder(track, self._layout)
            self.rate = self._decoder.rate
            self._encoder = self._open_encoder()
        except (av.FFmpegError, ValueError) as error:
            raise _left_out(track) from error
        self.config = bytes(self._encoder.extradata or b"")
        self._resampler = av.AudioResampler("fltp", self._layout, self.rate)
        self._fifo = av.AudioFifo()
        self._head_us: int | None = None
        """When the first sample in the queue was recorded."""
        self._blocks: deque[int] = deque()
        """Times of the frames that the encoder has not given back yet."""
        self._encoded = 0

    @override
    def take(self, item: TimedUnit) -> list[tuple[int, bytes]]:
        done: list[tuple[int, bytes]] = []
        frames = self._decoder.decode(item.unit.data)
        if not frames:
            return done
        if self._head_us is not None:
            expected = self._head_us + self._queued * 1_000_000 // self.rate
            if abs(item.time_us - expected) > _DISCONTINUITY_US:
                done += self._pad()
                self._head_us = None
        if self._head_us is None:
            self._head_us = item.time_us
        for frame in frames:
            for part in self._resampler.resample(frame):
                part.pts = None
                self._fifo.write(part)
        return done + self._drain()

    @override
    def finish(self) -> list[tuple[int, bytes]]:
        return self._pad() + self._coded(None)

    @property
    def _queued(self) -> int:
        return self._fifo.samples

    def _pad(self) -> list[tuple[int, bytes]]:
        missing = -self._queued % _FRAME
        if missing:
            silence = av.AudioFrame("fltp", self._layout, missing)
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            silence.sample_rate = self.rate
            self._fifo.write(silence)
        return self._drain()

    def _drain(self) -> list[tuple[int, bytes]]:
        done: list[tuple[int, bytes]] = []
        while self._queued >= _FRAME:
            assert self._head_us is not None
            frame = self._fifo.read(_FRAME)
            assert frame is not None
            self._blocks.append(self._head_us)
            self._head_us += _FRAME * 1_000_000 // self.rate
            frame.pts = self._encoded * _FRAME
            frame.time_base = Fraction(1, self.rate)
            self._encoded += 1
            done += self._coded(frame)
        return done

    def _coded(self, frame: av.AudioFrame | None) -> list[tuple[int, bytes]]:
        """Return what the encoder gives for a frame, or at the end, each with its time."""
        return [
            (self._blocks.popleft(), bytes(packet))
            for packet in self._encoder.encode(frame)
            if packet.pts is not None and packet.pts >= 0 and self._blocks
        ]

    def _open_encoder(self) -> AudioCodecContext:
        encoder = CodecContext.create("aac", "w")
        assert isinstance(encoder, AudioCodecContext)
        encoder.sample_rate = self.rate
        encoder.layout = self._layout
        encoder.format = "fltp"
        encoder.bit_rate = _MONO_BIT_RATE * self.channels
        encoder.time_base = Fraction(1, self.rate)
        encoder.flags |= _global_header()
        encoder.open()
        return encoder


def snapped(ticks: int, expected: int | None) -> int:
    """Return a time in ticks, freed from rounding where it is next to the expected."""
    if expected is not None and abs(ticks - expected) <= _SNAP_TICKS:
        return expected
    return ticks


class _Decoder(Protocol):
    """Turns a unit into samples; what is damaged gives none."""

    rate: int

    def decode(self, data: bytes) -> list[av.AudioFrame]: ...


class _InProcess(_Decoder):
    """G.711 and linear PCM."""

    def __init__(self, name: str, track: TrackFormat) -> None:
        decoder = CodecContext.create(name, "r")
        assert isinstance(decoder, AudioCodecContext)
        rate = track.clock_rate or _G711_RATE
        if rate not in _PCM_RATES:
            raise ValueError("no sampling rate")
        self.rate = nearest_rate(rate)
        decoder.sample_rate = rate
        decoder.layout = LAYOUTS.get(track.channels, "")
        self._decoder = decoder

    @override
    def decode(self, data: bytes) -> list[av.AudioFrame]:
        try:
            return self._decoder.decode(av.Packet(data))
        except av.FFmpegError:
            return []


class _InChild(_Decoder):
    """Everything else, in a process of its own."""

    def __init__(
        self, name: str, rate: int, track: TrackFormat, layout: str, bits: int = 0
    ) -> None:
        self.rate = nearest_rate(rate or track.clock_rate)
        self._layout = layout
        self._child = SoundChild(
            name, rate=rate, out_rate=self.rate, layout=layout, bits=bits
        )

    @override
    def decode(self, data: bytes) -> list[av.AudioFrame]:
        samples = self._child.decode(data)
        width = 4 if self._layout == "stereo" else 2
        if len(samples) < width:
            return []
        frame = av.AudioFrame("s16", self._layout, len(samples) // width)
        plane = frame.planes[0]
        plane.update(samples.ljust(plane.buffer_size, b"\0"))
        frame.sample_rate = self.rate
        return [frame]


def _open_decoder(track: TrackFormat, layout: str) -> _Decoder:
    if track.codec in _SIMPLE:
        return _InProcess(_SIMPLE[track.codec], track)
    if track.codec is Codec.G726:
        name = "g726" if track.name.upper().startswith("AAL2") else "g726le"
        return _InChild(name, _G711_RATE, track, layout, track.bits_per_sample or 4)
    name, rate = _IN_CHILD[track.codec]
    return _InChild(name, rate, track, layout)


def _global_header() -> int:
    return int(av.codec.context.Flags.global_header)
