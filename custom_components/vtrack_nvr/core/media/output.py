"""One MP4 of ours while it is written: opened, filled, finished or let go of."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import errno
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, override

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..errors import ErrorKind, NvrError
from ..frames import Codec
from ..held import Held
from . import templates
from .picture_size import PictureSize
from .tags import ClipTags

_FLAGS = (
    "hybrid_fragmented+frag_keyframe+delay_moov+default_base_moof+use_metadata_tags"
)
_INTERLEAVE_US = "500000"
_FRAGMENT_BYTES = str(16 * 1024 * 1024)
"""Bounds what a stream without key frames can make the muxer hold."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_OF_DATA = frozenset(
    {
        errno.EPERM,
        errno.EINVAL,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ENOSYS,
        errno.EDOM,
        errno.ERANGE,
    }
)
"""What libav answers about bytes it does not take; PyAV makes an OSError of it.

Its muxers return a bare -1 (the number of EPERM) or EINVAL. The file is made before libav
opens it, so that a system call that is not permitted has failed already.
"""

type Packet = av.Packet[av.stream.Stream]


class VideoTrack(NamedTuple):
    """What the pictures of a file are; `config` as `templates.add_video` wants it."""

    codec: Codec
    config: bytes
    size: PictureSize


class SoundTrack(NamedTuple):
    """What the sound of a file is: AAC with this AudioSpecificConfig."""

    config: bytes
    rate: int
    channels: int


class OutputFile(Held):
    """Blocking, for one thread; everything raised is `NvrError`.

    Leaving the `with` block lets go of the file where it was not finished. `what` names it
    in messages.
    """

    def __init__(
        self,
        path: Path,
        tags: ClipTags | None,
        video: VideoTrack,
        sound: SoundTrack | None,
        what: str,
    ) -> None:
        """Open the file with one or two streams; frames are not written yet."""
        self._what = what
        self._is_closed = False
        self._audio: AudioStream | None = None
        with storing(f"open the {what}"):
            path.open("ab").close()
            self._file = _open(path, tags)
            self._video: VideoStream = templates.add_video(self._file, *video)
            if sound:
                self._audio = templates.add_aac(self._file, *sound)

    @override
    def release(self) -> None:
        self.discard()

    def discard(self) -> None:
        """Let go of the file as it is; never raises, does nothing once it is finished."""
        if self._is_closed:
            return
        self._is_closed = True
        with suppress(av.FFmpegError, OSError):
            self._file.close()

    def _finish(self) -> None:
        """Finish the file and let go of it; it is not yet durable."""
        self._is_closed = True
        with storing(f"finish the {self._what}"):
            self._file.close()


def make_packet(
    stream: VideoStream | AudioStream,
    data: bytes,
    *,
    time_base: Fraction,
    shown: int,
    decoded: int,
    duration: int,
) -> Packet:
    """Return a frame for a stream; times in ticks of `time_base`."""
    packet: Packet = av.Packet(data)
    packet.stream = stream
    packet.time_base = time_base
    packet.pts, packet.dts = shown, decoded
    packet.duration = duration
    return packet


@contextmanager
def storing(doing: str) -> Iterator[None]:
    """Classify what libav and the system say inside; `doing` goes into the message."""
    try:
        yield
    except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise output_error(error, doing) from error


def output_error(error: Exception, doing: str) -> NvrError:
    """Classify what libav or the system said while a file of ours was open.

    `VERIFY_FAILED` is what libav says of data; all else is the storage's.
    """
    number = getattr(error, "errno", None)
    is_of_libav = isinstance(error, av.FFmpegError) and number in _OF_DATA
    if is_of_libav or not isinstance(error, OSError):
        kind = ErrorKind.VERIFY_FAILED
    elif number in _FULL:
        kind = ErrorKind.STORAGE_FULL
    elif number in _READ_ONLY:
        kind = ErrorKind.STORAGE_READ_ONLY
    else:
        kind = ErrorKind.STORAGE_FAILED
    return NvrError(kind, f"could not {doing}: {type(error).__name__}")


def _open(path: Path, tags: ClipTags | None) -> OutputContainer:
    """Open an MP4 for writing the way all files of ours are written."""
    container = av.open(
        str(path),
        "w",
        format="mp4",
        options={
            "movflags": _FLAGS,
            "frag_size": _FRAGMENT_BYTES,
            "flush_packets": "1",
            "max_interleave_delta": _INTERLEAVE_US,
        },
    )
    if tags:
        container.metadata.update(tags.to_metadata())
    return container
