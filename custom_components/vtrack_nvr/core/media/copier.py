"""Copies frames of files of ours into a new one without decoding them."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import av
from av.audio.stream import AudioStream

from ..errors import ErrorKind, NvrError
from ..frames import Codec
from . import templates
from .movie import MovieTrack
from .picture_size import PictureSize
from .tags import ClipTags
from .writer import open_output, storage_error

type Frames = tuple[MovieTrack, range]
"""Frames of a track, by their places in decoding order."""


class Copier:
    """One output file with the tracks of a pattern. Blocking; raises `NvrError`."""

    def __init__(
        self,
        path: Path,
        video: MovieTrack,
        sound: MovieTrack | None,
        tags: ClipTags | None = None,
    ) -> None:
        """Open the file; tracks and their configuration are those given."""
        codec = video.codec
        if codec is None or not (video.config or codec is Codec.MJPEG):
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "no pictures we can copy")
        self._last: dict[int, int] = {}
        self._is_closed = False
        try:
            self._file = open_output(path, tags)
            self._video = templates.add_video(
                self._file, codec, video.config, PictureSize(video.width, video.height)
            )
            self._sound: AudioStream | None = None
            if sound and sound.config:
                self._sound = templates.add_aac(
                    self._file, sound.config, sound.timescale, sound.channels
                )
        except (av.FFmpegError, OSError) as error:
            raise storage_error(error, "open the file") from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the file where `close` was not reached."""
        if not self._is_closed:
            self._is_closed = True
            with suppress(av.FFmpegError, OSError):
                self._file.close()

    def copy(
        self, file: BinaryIO, video: Frames, sound: Frames | None, shift_us: int
    ) -> None:
        """Append frames; `shift_us` is added to their times in their own movie."""
        order = self._plan(video, 0, shift_us)
        if sound and self._sound:
            order += self._plan(sound, 1, shift_us)
            order.sort(key=lambda item: item[0])
        try:
            for _, kind, place in order:
                track = sound[0] if kind and sound else video[0]
                self._mux(file, track, kind, place, shift_us)
        except (av.FFmpegError, OSError) as error:
            raise storage_error(error, "copy footage") from error

    def close(self) -> None:
        """Finish the file; it is not yet durable."""
        self._is_closed = True
        try:
            self._file.close()
        except (av.FFmpegError, OSError) as error:
            raise storage_error(error, "finish the file") from error

    @staticmethod
    def _plan(frames: Frames, kind: int, shift_us: int) -> list[tuple[int, int, int]]:
        track, places = frames
        decoded = track.samples.decoded
        shift = track.shift
        scale = track.timescale
        return [
            ((decoded[at] + shift) * 1_000_000 // scale + shift_us, kind, at)
            for at in places
        ]

    def _mux(
        self, file: BinaryIO, track: MovieTrack, kind: int, at: int, shift_us: int
    ) -> None:
        samples = track.samples
        stream = self._sound if kind else self._video
        assert stream is not None
        shift = (shift_us * track.timescale + 500_000) // 1_000_000
        shown = samples.shown[at] + shift
        decoded = samples.decoded[at] + track.shift + shift
        last = self._last.get(kind)
        if last is not None and decoded <= last:
            if kind and samples.shown[at] + shift <= last - 64:
                return
            decoded = last + 1
            shown = max(shown, decoded)
        if kind and shown < 0:
            return
        self._last[kind] = decoded
        file.seek(samples.offsets[at])
        data = file.read(samples.sizes[at])
        if len(data) != samples.sizes[at]:
            raise NvrError(ErrorKind.VERIFY_FAILED, "file ends inside a frame")
        packet: av.Packet[av.stream.Stream] = av.Packet(data)
        packet.stream = stream
        packet.time_base = Fraction(1, track.timescale)
        packet.pts, packet.dts = shown, decoded
        packet.duration = samples.durations[at]
        packet.is_keyframe = bool(samples.keys[at])
        self._file.mux_one(packet)
