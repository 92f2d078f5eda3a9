"""RTP packets made once per group of pictures, stamped per session.

A `Block` is a group of pictures with its sound as interleaved frames (RFC 2326 §10.12),
ready to be sent but for what belongs to a session: channel, sequence number, RTP time,
SSRC, and the flags of the replay extension. `stamp` fills these in for hundreds of
packets at once, so that the server is limited by the socket and not by Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .footage_audio import AudioLoop
from .footage_video import AccessUnit, Gop
from .rtp_payload import (
    as_one_nal,
    ends_nal,
    odd_payloads,
    video_payloads,
)
from .sound_forms import payloads as sound_payloads
from .timeline import FRAME_MS

NTP_OFFSET = 2_208_988_800
CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
VIDEO, AUDIO = 0, 1
VIDEO_CLOCK = 90_000

type Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class PacketStyle:
    """How packets are built, besides what is in them."""

    packet_size: int = 1400
    extension: str = "first"
    """On the "first" packet of an access unit, on "all", on the first of key pictures
    ("keys"), or on "none"."""
    extension_id: int = 0xABAC
    extension_extra_words: int = 0
    csrc_and_padding: bool = False
    in_band_parameter_sets: bool = True
    marker: bool = True
    clean_flags: bool = True
    marks_slices: bool = False
    unmarked_every: int | None = None
    annex_b: bool = False
    odd_nals: bool = False
    key_pictures: bool = True
    sound_form: str = "usual"
    sound_ahead_ms: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit's place in a block: bytes [start, end), packets [first, last)."""

    track: int
    time_ms: int
    key: bool
    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """Interleaved frames of one group of pictures, not yet stamped."""

    template: bytes
    units: tuple[Unit, ...]
    offsets: Ints
    """Where each packet's RTP header begins."""
    tracks: Ints
    times_ms: Ints
    extensions: Ints
    """Where each packet's extension flags are, -1 without extension."""


@dataclass(slots=True)
class TrackState:
    """What one session knows of one track it plays."""

    channel: int
    payload_type: int
    clock: int
    ssrc: int
    sequence: int
    rtp_base: int
    """RTP time of the media time 0; RTP time = base + media milliseconds * clock/1000."""
    packets: int = 0
    octets: int = 0

    def rtp_time(self, media_ms: int) -> int:
        """Return the RTP time of a media time."""
        return (self.rtp_base + media_ms * (self.clock // 1000)) & 0xFFFFFFFF


def build_block(
    codec: str,
    gop: Gop,
    units: tuple[int, int],
    loop: AudioLoop | None,
    audio_ms: tuple[int, int],
    style: PacketStyle,
) -> Block:
    """Return pictures [first, last) of a group and the sound of `audio_ms`."""
    builder = _Builder(style)
    sound = loop.frames_between(*audio_ms) if loop else []
    reached = gop.start_ms
    position = 0
    for index, unit in enumerate(gop.units[units[0] : units[1]], units[0]):
        reached = max(reached, unit.time_ms)
        while (
            position < len(sound)
            and sound[position][0] - style.sound_ahead_ms < reached
        ):
            _add_sound(builder, loop, *sound[position])
            position += 1
        sets = gop.parameter_sets if index == 0 and style.in_band_parameter_sets else ()
        if unit.key and not style.key_pictures:
            continue
        _add_picture(builder, codec, unit, sets)
    for moment, frame in sound[position:]:
        _add_sound(builder, loop, moment, frame)
    return builder.block()


def stamp(
    block: Block,
    states: Sequence[TrackState | None],
    media_shift_ms: int,
    cseq: int,
    pace: float = 1.0,
) -> bytearray:
    """Return the block's bytes for one session, and advance its sequence numbers.

    `media_shift_ms` is taken from the times before they become RTP times, whose clock is
    `pace` times as fast as it should be. The block must hold only tracks that have a
    state.
    """
    data = bytearray(block.template)
    view = np.frombuffer(data, np.uint8)
    for index, state in enumerate(states):
        chosen = block.tracks == index
        count = int(chosen.sum())
        if not count or state is None:
            continue
        where = block.offsets[chosen]
        view[where - 3] = state.channel
        view[where + 1] |= state.payload_type
        numbers = (state.sequence + np.arange(count)) & 0xFFFF
        _put(view, where + 2, numbers, 2)
        shifted = block.times_ms[chosen] - media_shift_ms
        ticks = shifted * (state.clock // 1000)
        if pace != 1.0:
            ticks = (ticks % 2**40 * pace).astype(np.int64)
        times = (state.rtp_base + ticks) & 0xFFFFFFFF
        _put(view, where + 4, times, 4)
        _put(view, where + 8, np.full(count, state.ssrc), 4)
        state.sequence = (state.sequence + count) & 0xFFFF
        state.packets += count
    flags = block.extensions[block.extensions >= 0]
    if len(flags):
        view[flags + 1] = cseq & 0xFF
    return data


def set_flag(block: Block, data: bytearray, unit: Unit, flag: int) -> None:
    """Set a flag in the extensions of an access unit of a stamped block."""
    for position in block.extensions[unit.first : unit.last]:
        if position >= 0:
            data[position] |= flag


def set_ntp(block: Block, data: bytearray, unit: Unit, time_ms: int) -> None:
    """Replace the time in the extensions of an access unit of a stamped block."""
    for position in block.extensions[unit.first : unit.last]:
        if position >= 0:
            data[position - 8 : position] = ntp_bytes(time_ms)


def ntp_bytes(time_ms: int) -> bytes:
    """Return a time as an NTP timestamp (RFC 3550 §4), rounded to its fraction."""
    seconds, rest = divmod(time_ms, 1000)
    fraction = (rest * 2**32 + 500) // 1000
    return ((seconds + NTP_OFFSET) & 0xFFFFFFFF).to_bytes(4) + fraction.to_bytes(4)


def _put(view: np.ndarray, where: Ints, values: Any, size: int) -> None:
    for index in range(size):
        view[where + index] = values >> 8 * (size - 1 - index) & 0xFF


def _add_picture(
    builder: _Builder, codec: str, unit: AccessUnit, sets: Sequence[bytes]
) -> None:
    style = builder.style
    nals: Sequence[bytes] = unit.nals
    if style.annex_b:
        sets, nals = (), [as_one_nal((*sets, *nals))]
    payloads = video_payloads(codec, sets, nals, style.packet_size)
    marks = [style.marks_slices and ends_nal(codec, item) for item in payloads]
    every = style.unmarked_every
    marks[-1] = every is None or unit.time_ms // FRAME_MS % every != 0
    if style.odd_nals:
        front, behind = odd_payloads(codec)
        payloads = [*front, *payloads, *behind]
        marks = [False] * len(front) + marks + [True] * len(behind)
    builder.add(VIDEO, unit.time_ms, unit.key, payloads, marks)


def _add_sound(
    builder: _Builder, loop: AudioLoop | None, moment: int, frame: bytes
) -> None:
    assert loop is not None
    style = builder.style
    payloads = sound_payloads(loop, frame, style.sound_form, style.packet_size)
    builder.add(AUDIO, moment, True, payloads)


class _Builder:
    def __init__(self, style: PacketStyle) -> None:
        self.style = style
        self.parts: list[bytes] = []
        self.length = 0
        self.units: list[Unit] = []
        self.offsets: list[int] = []
        self.tracks: list[int] = []
        self.times: list[int] = []
        self.extensions: list[int] = []

    def add(
        self,
        track: int,
        time_ms: int,
        key: bool,
        payloads: list[bytes],
        marks: Sequence[bool] | None = None,
    ) -> None:
        """Append one access unit; `marks` are the marker bits, usually of its end."""
        style = self.style
        start, first = self.length, len(self.offsets)
        csrc = b"\x11\x22\x33\x44\x55\x66\x77\x88" if style.csrc_and_padding else b""
        extension = self._extension(time_ms, key)
        for index, payload in enumerate(payloads):
            is_first = style.extension == "first" and index == 0
            is_marked = style.extension == "keys" and key and track == VIDEO
            has = style.extension == "all" or is_first or (is_marked and index == 0)
            padding = b"\0\0\0\x04" if style.csrc_and_padding else b""
            last = marks[index] if marks else index == len(payloads) - 1
            body = b"".join(
                (
                    bytes(
                        (
                            0x80 | bool(padding) << 5 | has << 4 | len(csrc) // 4,
                            (last and style.marker) << 7,
                        )
                    ),
                    bytes(10),
                    csrc,
                    extension if has else b"",
                    payload,
                    padding,
                )
            )
            self.parts.append(b"$\0" + len(body).to_bytes(2) + body)
            offset = self.length + 4
            self.offsets.append(offset)
            self.tracks.append(track)
            self.times.append(time_ms)
            self.extensions.append(offset + 12 + len(csrc) + 12 if has else -1)
            self.length += 4 + len(body)
        self.units.append(
            Unit(track, time_ms, key, start, self.length, first, len(self.offsets))
        )

    def _extension(self, time_ms: int, key: bool) -> bytes:
        style = self.style
        words = 3 + style.extension_extra_words
        extra = b""
        if style.extension_extra_words:
            inner = style.extension_extra_words - 1
            extra = b"\xff\xd8" + inner.to_bytes(2) + bytes(4 * inner)
        clean = CLEAN if key and style.clean_flags else 0
        return b"".join(
            (
                style.extension_id.to_bytes(2),
                words.to_bytes(2),
                ntp_bytes(time_ms),
                bytes((clean, 0, 0, 0)),
                extra,
            )
        )

    def block(self) -> Block:
        """Return what was added."""
        return Block(
            b"".join(self.parts),
            tuple(self.units),
            np.array(self.offsets, np.int64),
            np.array(self.tracks, np.int64),
            np.array(self.times, np.int64),
            np.array(self.extensions, np.int64),
        )
