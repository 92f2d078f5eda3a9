"""The cameras' sound: each second begins with a beep whose pitch tells the second.

The sound repeats every eight seconds of the device's clock, so the coded frames do as
well: 125 AAC frames or 400 packets of G.711 / G.722, made once.
"""

from dataclasses import dataclass
from functools import cache

import av
import numpy as np

from .timeline import AudioCodec

LOOP_MS = 8000
BEEP_MS = 120
LOWEST_HZ, STEP_HZ = 400, 150


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a codec is sent: sampling and RTP clock rates, length and coder of a frame."""

    encoder: str
    sample_rate: int
    rtp_clock: int
    frame_ms: int


FORMATS: dict[AudioCodec, AudioFormat] = {
    "AAC": AudioFormat("aac", 16000, 16000, 64),
    "PCMU": AudioFormat("pcm_mulaw", 8000, 8000, 20),
    "PCMA": AudioFormat("pcm_alaw", 8000, 8000, 20),
    "G722": AudioFormat("g722", 16000, 8000, 20),
    "PCMA16": AudioFormat("pcm_alaw", 16000, 16000, 20),
    "L16": AudioFormat("pcm_s16be", 16000, 16000, 20),
}
"""G.722's RTP clock is 8000 by an old mistake that stands (RFC 3551 §4.5.2)."""


@dataclass(frozen=True, slots=True)
class AudioLoop:
    """Coded frames of eight seconds; frame k belongs to the times k * frame_ms mod 8 s."""

    format: AudioFormat
    frames: tuple[bytes, ...]
    config: bytes
    """AudioSpecificConfig of AAC, else empty."""

    def frames_between(self, start_ms: int, end_ms: int) -> list[tuple[int, bytes]]:
        """Return (time, coded frame) of all frames that begin in [start, end)."""
        step = self.format.frame_ms
        first = -(-start_ms // step)
        return [
            (index * step, self.frames[index % len(self.frames)])
            for index in range(first, -(-end_ms // step))
        ]


def beep_hz(second: int) -> int:
    """Return the pitch of the beep that opens a second."""
    return LOWEST_HZ + STEP_HZ * (second % (LOOP_MS // 1000))


@cache
def audio_loop(codec: AudioCodec) -> AudioLoop:
    """Return the coded sound of a codec."""
    form = FORMATS[codec]
    context = av.CodecContext.create(form.encoder, "w")
    context.sample_rate = form.sample_rate
    context.layout = "mono"
    context.format = "fltp" if codec == "AAC" else "s16"
    if codec == "AAC":
        context.bit_rate = 32000
    samples = form.sample_rate * form.frame_ms // 1000
    per_loop = LOOP_MS // form.frame_ms
    sound = np.tile(_sound(form.sample_rate), 3)
    # AAC's first packet codes the samples before the first: the encoder's delay.
    delay = 1 if codec == "AAC" else 0
    coded: list[bytes] = []
    for index in range(per_loop * 3):
        part = sound[index * samples : (index + 1) * samples]
        if codec == "AAC":
            frame = av.AudioFrame.from_ndarray(part[None], "fltp", "mono")
        else:
            pcm = (part * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(pcm, "s16", "mono")
        frame.sample_rate = form.sample_rate
        frame.pts = index * samples
        coded += [bytes(packet) for packet in context.encode(frame)]
    coded += [bytes(packet) for packet in context.encode(None)]
    first = per_loop + delay
    config = bytes(context.extradata or b"") if codec == "AAC" else b""
    return AudioLoop(form, tuple(coded[first : first + per_loop]), config[:2])


def _sound(rate: int) -> np.ndarray:
    moments = np.arange(rate * LOOP_MS // 1000) / rate
    second = moments.astype(int)
    hz = LOWEST_HZ + STEP_HZ * second
    inside = moments - second < BEEP_MS / 1000
    return (0.4 * np.sin(2 * np.pi * hz * moments) * inside).astype(np.float32)
