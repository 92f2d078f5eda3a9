"""Copies frames of files of ours into a new one without decoding them."""

from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from ..errors import ErrorKind, NvrError
from ..frames import Codec
from .annexb import with_sets
from .movie import Frames, MovieTrack
from .output import OutputFile, SoundTrack, VideoTrack, make_packet, storing
from .picture_size import PictureSize
from .tags import ClipTags


class Copier(OutputFile):
    """One output file with the tracks of a pattern."""

    def __init__(
        self,
        path: Path,
        video: MovieTrack,
        sound: MovieTrack | None,
        tags: ClipTags | None = None,
    ) -> None:
        """Open the file; tracks and their configuration are those given.

        Pictures that are copied may have other parameter sets; these go in front of them.
        """
        codec = video.codec
        if codec is None or not (video.config or codec is Codec.MJPEG):
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "no pictures we can copy")
        self._codec, self._config = codec, video.config
        self._last: dict[int, int] = {}
        size = PictureSize(video.width, video.height)
        super().__init__(
            path,
            tags,
            VideoTrack(codec, video.config, size),
            SoundTrack(sound.config, sound.timescale, sound.channels)
            if sound and sound.config
            else None,
            "file",
        )

    def copy(
        self, file: BinaryIO, video: Frames, sound: Frames | None, shift_us: int
    ) -> None:
        """Append frames; `shift_us` is added to their times in their own movie."""
        order = self._plan(video, 0, shift_us)
        if sound and self._audio:
            order += self._plan(sound, 1, shift_us)
            order.sort(key=lambda item: item[0])
        with storing("copy footage"):
            for _, kind, place in order:
                track = sound[0] if kind and sound else video[0]
                self._mux(file, track, kind, place, shift_us)

    def close(self) -> None:
        """Finish the file; it is not yet durable."""
        self._finish()

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
        stream = self._audio if kind else self._video
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
        is_key = bool(samples.keys[at])
        if is_key and not kind and track.config != self._config:
            data = with_sets(data, track.config, self._codec)
        packet = make_packet(
            stream,
            data,
            time_base=Fraction(1, track.timescale),
            shown=shown,
            decoded=decoded,
            duration=samples.durations[at],
        )
        packet.is_keyframe = is_key
        self._file.mux_one(packet)
