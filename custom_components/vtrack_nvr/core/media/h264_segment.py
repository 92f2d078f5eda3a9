"""A few groups of pictures as H.264, for browsers that cannot show what a camera sends.

What is made has its own short file header (init) and the times of the footage it was made
of, so that it takes the place of the same groups in a playlist, whatever was made before.
"""

from dataclasses import dataclass
import logging
from math import sqrt
from pathlib import Path
import struct
from typing import Final, NamedTuple

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from .convert import LARGEST_GROWTH, MOST_PIXELS, OURS, Most, run_ffmpeg
from .output import storing

_LOGGER = logging.getLogger(__name__)

CODECS: Final = "avc1.64002a"
"""High profile, level 4.2 (ITU-T H.264 A.3): 1920x1080 at 60 pictures a second."""
SHOWN_PIXELS: Final = 1920 * 1080
"""Larger pictures are made smaller: the original is there for whoever can show it."""
TIMEOUT_S: Final = 60.0
TRY_TIMEOUT_S: Final = 20.0
_SMALL_BYTES: Final = 16 * 1024 * 1024
_TRY: Final = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=1")
_TICKS: Final = 90_000
_COMMON: Final = (
    *("-profile:v", "high", "-level:v", "4.2", "-bf", "0", "-g", "50"),
    *("-fps_mode", "passthrough", "-enc_time_base", f"1:{_TICKS}"),
    # the same parameter sets whatever the pictures' rate is taken for, and in band as
    # well: the header may have been made by another encoder
    *("-bsf:v", f"h264_metadata=tick_rate={_TICKS},dump_extra=freq=keyframe"),
)
_OUTPUT: Final = (
    *("-avoid_negative_ts", "disabled", "-use_editlist", "0", "-flush_packets", "1"),
    *("-video_track_timescale", str(_TICKS), "-movflags"),
    "frag_keyframe+empty_moov+default_base_moof+frag_discont",
)


@dataclass(frozen=True, slots=True)
class Encoder:
    """One of ffmpeg's encoders: options before the input, what it takes, its own options."""

    name: str
    before: tuple[str, ...] = ()
    takes: str = "format=yuv420p"
    coding: tuple[str, ...] = ()

    @property
    def is_software(self) -> bool:
        """Return whether it works on every machine."""
        return self is SOFTWARE


SOFTWARE: Final = Encoder("libx264", coding=("-preset", "superfast", "-crf", "21"))
HARDWARE: Final = (
    Encoder(
        "h264_vaapi",
        before=("-vaapi_device", "/dev/dri/renderD128"),
        takes="format=nv12,hwupload",
        coding=("-qp", "23"),
    ),
    Encoder("h264_qsv", takes="format=nv12", coding=("-global_quality", "23")),
    Encoder("h264_nvenc", coding=("-cq", "23", "-forced-idr", "1")),
    Encoder("h264_videotoolbox", coding=("-q:v", "60")),
    Encoder("h264_v4l2m2m", coding=("-b:v", "6M")),
)
"""The first that works is taken; which are built in differs from ffmpeg to ffmpeg."""


class H264Segment(NamedTuple):
    """The header that all segments of a clip can be shown with, and one segment."""

    init: bytes
    media: bytes


def find_encoder(binary: str, folder: Path) -> Encoder:
    """Return the first encoder of hardware that makes a film here, else the software; blocks.

    Each is tried as it would be used, on pictures that ffmpeg draws. `folder` is for what
    is made meanwhile.
    """
    to = folder / "encoder.mp4"
    for encoder in HARDWARE:
        try:
            _run(
                binary, encoder, _TRY, (640, 360), to, TRY_TIMEOUT_S, _SMALL_BYTES, None
            )
            read_segment(to, 0)
        except NvrError:
            continue
        finally:
            to.unlink(missing_ok=True)
        _LOGGER.info("Footage is converted by %s", encoder.name)
        return encoder
    return SOFTWARE


def convert_segment(
    binary: str,
    source: Path,
    to: Path,
    size: tuple[int, int],
    encoder: Encoder = SOFTWARE,
    *,
    sequence: int = 0,
    cancel: CancelToken | None = None,
) -> H264Segment:
    """Return a file of a header and some fragments as H.264, sound as it is; blocks.

    `size` is that of its pictures; what is larger than `SHOWN_PIXELS` is made smaller.
    The first picture is a key picture and has the time it had; pictures come in the order
    in which they are shown. `sequence` numbers the first fragment. `to` is written on the
    way and stays. Raises `UNSUPPORTED_CODEC` for a picture that is too large,
    `FFMPEG_FAILED`, `TIMEOUT`, `CANCELLED`, and the storage's problem.
    """
    if size[0] * size[1] > MOST_PIXELS:
        raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "the picture is too large")
    with storing("convert footage"):
        most = LARGEST_GROWTH * source.stat().st_size + _SMALL_BYTES
    given = ("-copyts", "-max_pixels", str(MOST_PIXELS), *OURS, "-i", str(source))
    _run(binary, encoder, given, size, to, TIMEOUT_S, most, cancel)
    return read_segment(to, sequence)


def read_segment(path: Path, sequence: int) -> H264Segment:
    """Return what ffmpeg wrote, in the parts in which it is sent; blocks.

    Raises `FFMPEG_FAILED` where it is not a header and whole fragments (ISO 14496-12).
    """
    with storing("convert footage"):
        data = path.read_bytes()
    init, media = [], []
    at = 0
    while at < len(data):
        head = data[at : at + 8]
        size, kind = struct.unpack(">I4s", head) if len(head) == 8 else (0, b"")
        box = data[at : at + size]
        if size < 8 or len(box) < size:
            raise NvrError(ErrorKind.FFMPEG_FAILED, "ffmpeg wrote half a file")
        if kind in {b"ftyp", b"moov"}:
            init.append(box)
        elif kind == b"moof":
            sequence += 1
            media.append(_numbered(box, sequence))
        elif kind == b"mdat":
            media.append(box)
        at += size
    if len(init) != 2 or len(media) < 2:
        raise NvrError(ErrorKind.FFMPEG_FAILED, "ffmpeg wrote no fragment")
    return H264Segment(b"".join(init), b"".join(media))


def _numbered(moof: bytes, sequence: int) -> bytes:
    """Return a fragment with its number in `mfhd`, its first box (14496-12 8.8.5)."""
    return b"".join((moof[:20], struct.pack(">I", sequence), moof[24:]))


def shown_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return how large a picture is shown: even sides, `SHOWN_PIXELS` at most."""
    width, height = size
    scale = min(1.0, sqrt(SHOWN_PIXELS / (width * height)))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _run(
    binary: str,
    encoder: Encoder,
    given: tuple[str, ...],
    size: tuple[int, int],
    to: Path,
    timeout_s: float,
    most_bytes: int,
    cancel: CancelToken | None,
) -> None:
    width, height = shown_size(size)
    # without the filter pictures of a stream that changes its size could not be coded
    filters = f"scale={width}:{height},{encoder.takes}"
    run_ffmpeg(
        binary,
        (
            *("-y", *encoder.before, *given, "-map", "0:v:0", "-map", "0:a:0?"),
            *("-vf", filters, "-c:v", encoder.name, *encoder.coding, *_COMMON),
            *("-c:a", "copy", *_OUTPUT, "-f", "mp4", str(to)),
        ),
        timeout_s=timeout_s,
        most=Most(max(1, round(2 * timeout_s)), most_bytes),
        cancel=cancel,
    )
