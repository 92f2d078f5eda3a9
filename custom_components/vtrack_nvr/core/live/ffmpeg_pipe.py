"""The ffmpeg process that makes frames of packets; one per stream, no secret in it.

It ends by itself when its connection or its pipe breaks, so nothing is left running when
this process is killed. The kernel closes both, on every system.
"""

from contextlib import suppress
import os
from typing import Final

from ..media.convert import start_ffmpeg

_READ: Final = 256 * 1024
_SILENCE_US: Final = 60_000_000
"""ffmpeg gives up where nobody feeds it for this long."""
TICKS: Final = 90_000
"""Of a second, in the file that comes back."""
_OFFSET_S: Final = 60
"""Room for decoding times before the first picture: the file has none below 0."""
FIRST_TICK: Final = _OFFSET_S * TICKS
"""The time of the stream's first packet in the file."""
_INPUT: Final = (
    *("-protocol_whitelist", "rtsp,rtp,tcp,udp"),
    *("-rtsp_transport", "tcp", "-timeout", str(_SILENCE_US)),
    *("-analyzeduration", "1", "-fpsprobesize", "0"),
    "-copyts",
)
_COPY: Final = ("-c:v", "copy")
_TO_H264: Final = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"),
    *("-bf", "0", "-tune", "zerolatency", "-g", "50", "-fps_mode", "passthrough"),
    *("-force_key_frames", "expr:lte(n,1)"),
)
_OUTPUT: Final = (
    *("-map", "0:v:0", "-an", "-sn", "-dn"),
    *("-avoid_negative_ts", "disabled", "-output_ts_offset", str(_OFFSET_S)),
    *("-flush_packets", "1", "-f", "mp4"),
    *("-movflags", "empty_moov+frag_every_frame+default_base_moof+frag_discont"),
    *("-video_track_timescale", str(TICKS), "pipe:1"),
)


class Ffmpeg:
    """Reads a stream by its URL, writes a fragmented MP4 that `read` returns in pieces.

    Its times are RTP times: `FIRST_TICK` is that of the first packet.
    """

    def __init__(self, binary: str, url: str, *, is_copy: bool) -> None:
        """Start it; raises `FFMPEG_FAILED` where there is none."""
        arguments = [
            *(*_INPUT, "-i", url),
            *(_COPY if is_copy else _TO_H264),
            *_OUTPUT,
        ]
        self._child = start_ffmpeg(binary, arguments, has_output=True)
        assert self._child.stdout
        self._output = self._child.stdout.fileno()
        os.set_blocking(self._output, False)
        self.has_ended = False
        """Its output is closed."""

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._child.pid

    def read(self) -> bytes:
        """Return what it has written, without waiting."""
        pieces: list[bytes] = []
        with suppress(BlockingIOError):
            while not self.has_ended:
                if piece := os.read(self._output, _READ):
                    pieces.append(piece)
                else:
                    self.has_ended = True
        return b"".join(pieces)

    def end(self) -> None:
        """Kill it where it still runs; never raises, idempotent."""
        self.has_ended = True
        self._child.kill()
        self._child.wait()
        assert self._child.stdout
        self._child.stdout.close()
