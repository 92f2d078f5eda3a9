"""Writes one clip: whole groups of pictures and their sound into an MP4 file.

One fragment per group while it grows, so that a killed process leaves everything up to
the last whole group readable; an ordinary MP4 once it is closed (`hybrid_fragmented`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..errors import ErrorKind, NvrError
from ..frames import AccessUnit, Codec, TrackFormat
from . import annexb, templates
from .beside import is_of
from .codec_headers import decoder_config, headers, kind_of, look_of, size_of
from .freezes import Freezes
from .output import OutputFile, Packet, SoundTrack, VideoTrack, make_packet, storing
from .picture_size import PictureSize
from .sound_tracks import Sound, open_sound, snapped
from .tags import ClipTags
from .timing import DecodeTimes
from .units import Gop, TimedUnit

_VIDEO_TICKS = 90_000
_REACH = 4 * 1024
"""How many samples before its place a frame of sound may be dated and still be kept."""
type _Due = tuple[int, Packet]
"""When it is due, in microseconds, and what is due."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a closed file holds; times in microseconds on the device's clock.

    `freezes` are stretches without a picture, (from, to).
    """

    size: PictureSize
    video_codec: Codec
    audio_codec: Codec | None
    first_us: int
    last_us: int
    end_us: int
    frames: int
    audio_frames: int
    freezes: tuple[tuple[int, int], ...]


class ClipWriter(OutputFile):
    """One clip: whole groups of pictures in, `Written` out."""

    def __init__(
        self,
        path: Path,
        video: TrackFormat,
        audio: TrackFormat | None,
        tags: ClipTags,
        first: AccessUnit,
        *,
        keeps_sets: bool = False,
    ) -> None:
        """Prepare the file for a group that begins with `first`; nothing is written yet.

        `keeps_sets`: parameter sets that change stay in band in H.265, too. It costs some
        time, and hardly any camera needs it.

        Raises `UNSUPPORTED_CODEC` for a picture codec that is none of `templates.KEPT` and
        `PROTOCOL` where no parameter sets are known. Sound that cannot be kept is left
        out; `notices` says so.
        """
        if video.codec not in templates.KEPT:
            raise NvrError(
                ErrorKind.UNSUPPORTED_CODEC, f"pictures in {video.name or video.codec}"
            )
        self.notices: list[str] = []
        self._codec = video.codec
        self._sets = _complete_sets(video, first)
        self.lacks_sets = False
        """A group needs a new clip only because this one does not keep its sets."""
        self._keeps_sets = keeps_sets and self._codec is Codec.H265
        size = size_of(self._sets, self._codec)
        if size is None:
            raise NvrError(ErrorKind.PROTOCOL, "no usable parameter sets")
        self._size = size
        self._sound = self._open_sound(audio)
        self._sound_format = audio
        self._times = DecodeTimes()
        self._freezes = Freezes()
        self._origin_us: int | None = None
        self._end_us = 0
        self._last_us = 0
        self._step = _VIDEO_TICKS // 25
        self._frames = self._audio_frames = 0
        self._next_sound: int | None = None
        sound = self._sound
        config = decoder_config(self._sets, self._codec)
        if self._keeps_sets:
            config = annexb.hevc_config(self._sets)
        super().__init__(
            path,
            tags,
            VideoTrack(self._codec, config, size),
            SoundTrack(sound.config, sound.rate, sound.channels) if sound else None,
            "clip",
        )

    @property
    def frames(self) -> int:
        """Return how many pictures went in."""
        return self._frames

    @property
    def has_sound(self) -> bool:
        """Return whether sound goes into the file."""
        return self._sound is not None

    def needs_new_clip(self, unit: AccessUnit) -> bool:
        """Return whether a key frame brings headers of another picture than this file holds."""
        found = headers(unit.data, self._codec)
        if all(header in self._sets for header in found):
            return False
        look = look_of(found, self._codec)
        if look is None or look != look_of(self._sets, self._codec):
            return True
        # libav takes sets out of H.265 that it turns into MP4 itself
        self.lacks_sets = self._codec is Codec.H265 and not self._keeps_sets
        return self.lacks_sets

    def write(self, gop: Gop) -> None:
        """Append a group; sound older than the file's first picture is left out."""
        if self._origin_us is None:
            assert gop.begins_with_key, "a clip begins with a key frame"
            self._origin_us = gop.start_us
        with storing("write the clip"):
            self._mux(self._video_packets(gop), self._sound_packets(gop.audio))

    def close(self) -> Written:
        """Finish the file and let go of it; it is not yet durable."""
        assert self._origin_us is not None, "close without a group"
        if self._sound:
            rest = self._sound.finish()
            with storing("write the clip"):
                self._mux([], self._packets_of(rest, until_us=self._end_us))
        self._finish()
        return Written(
            self._size,
            self._codec,
            Codec.AAC if self._audio_frames else None,
            self._origin_us,
            self._last_us,
            self._end_us,
            self._frames,
            self._audio_frames,
            self._freezes.found,
        )

    def _open_sound(self, track: TrackFormat | None) -> Sound | None:
        if track is None:
            return None
        try:
            return open_sound(track)
        except NvrError as error:
            self.notices.append(error.detail)
            return None

    def _video_packets(self, gop: Gop) -> list[_Due]:
        assert self._origin_us is not None
        origin = self._origin_us
        units = gop.video
        shown = [_ticks(item.time_us - origin, _VIDEO_TICKS) for item in units]
        if len(shown) > 1:
            span = max(shown) - min(shown)
            self._step = max(1, span // (len(shown) - 1))
        packets: list[_Due] = []
        for item, (pts, dts) in zip(
            units, self._times.of(shown, self._step), strict=True
        ):
            data = item.unit.data
            if self._keeps_sets:
                data = annexb.to_lengths(data)
            packet = make_packet(
                self._video,
                data,
                time_base=templates.VIDEO_TIME_BASE,
                shown=pts,
                decoded=dts,
                duration=self._step,
            )
            packets.append((dts * 1_000_000 // _VIDEO_TICKS, packet))
        packets[0][1].is_keyframe = gop.begins_with_key
        end = _ticks(gop.end_us - origin, _VIDEO_TICKS)
        packets[-1][1].duration = max(1, end - max(shown))
        self._frames += len(units)
        self._last_us = gop.last_us
        self._end_us = gop.end_us
        self._freezes.add(gop)
        return packets

    def _sound_packets(self, units: Sequence[TimedUnit]) -> list[_Due]:
        if self._sound is None:
            return []
        heard = self._sound_format
        frames = [
            frame
            for item in units
            if heard is None or is_of(item.unit, heard)
            for frame in self._sound.take(item)
        ]
        return self._packets_of(frames)

    def _packets_of(
        self, frames: list[tuple[int, bytes]], until_us: int | None = None
    ) -> list[_Due]:
        """Return the packets of frames, none of which begins before its forerunner.

        One whose time is far before that is left out: sound was sent twice.
        """
        sound, stream = self._sound, self._audio
        assert sound is not None
        assert stream is not None
        assert self._origin_us is not None
        packets: list[_Due] = []
        for time_us, data in frames:
            ticks = _ticks(time_us - self._origin_us, sound.rate)
            ticks = snapped(ticks, self._next_sound)
            if ticks < 0 or (until_us is not None and time_us >= until_us):
                continue
            if self._next_sound is not None and ticks < self._next_sound - 1023:
                if ticks < self._next_sound - _REACH:
                    continue
                ticks = self._next_sound - 1023
            packet = make_packet(
                stream,
                data,
                time_base=Fraction(1, sound.rate),
                shown=ticks,
                decoded=ticks,
                duration=1024,
            )
            packet.is_keyframe = True
            packets.append((ticks * 1_000_000 // sound.rate, packet))
            self._next_sound = ticks + 1024
            self._audio_frames += 1
        return packets

    def _mux(
        self,
        video: list[_Due],
        sound: list[_Due],
    ) -> None:
        packets = video
        if sound:
            packets = sorted(video + sound, key=lambda item: item[0])
        mux = self._file.mux_one
        for _, packet in packets:
            mux(packet)


def _complete_sets(video: TrackFormat, first: AccessUnit) -> tuple[bytes, ...]:
    """Return in-band parameter sets, completed by those of the session description."""
    found = headers(first.data, video.codec)
    kinds = {kind_of(nal, video.codec) for nal in found}
    missing = tuple(
        nal
        for nal in video.parameter_sets
        if nal and kind_of(nal, video.codec) not in kinds
    )
    return missing + tuple(dict.fromkeys(found))


def _ticks(microseconds: int, rate: int) -> int:
    return (microseconds * rate + 500_000) // 1_000_000
