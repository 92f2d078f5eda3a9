"""Decodes sound in a process of its own; run by path, never imported by the others.

A broken or hostile stream can crash a decoder: then this process dies, not Home Assistant.
The first line of standard input is a request in JSON; then each frame comes with its length
(four bytes) in front, and its samples go back in the same way, as interleaved numbers of 16
bits. Nothing but the standard library and PyAV is imported: no part of Home Assistant.
"""

from contextlib import suppress
import io
import json
import os
import sys
from typing import Any, BinaryIO

_MEMORY = 768 * 1024 * 1024
_SECONDS = 600
_MOST_BYTES = 1024 * 1024


def _limit() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with suppress(OSError):
        os.nice(5)


def _open(av: Any, request: dict[str, Any]) -> Any:
    """Return the decoder; raises what libav does."""
    if request["name"].startswith("g726"):
        options = {"code_size": str(request["bits"])}
        source = io.BytesIO(bytes(64))
        with av.open(source, format=request["name"], options=options) as pattern:
            return pattern.streams.audio[0].codec_context
    decoder = av.CodecContext.create(request["name"], "r")
    if request["rate"]:
        decoder.sample_rate = request["rate"]
        decoder.layout = request["layout"]
    return decoder


class _Resampler:
    """Turns frames into the wanted samples, also once the stream changes its format."""

    def __init__(self, av: Any, layout: str, rate: int) -> None:
        self._av = av
        self._wanted = "s16", layout, rate
        self._inner = av.AudioResampler(*self._wanted)

    def resample(self, frame: Any) -> Any:
        try:
            return self._inner.resample(frame)
        except ValueError:
            self._inner = self._av.AudioResampler(*self._wanted)
            return self._inner.resample(frame)


def _samples(av: Any, decoder: Any, resampler: Any, data: bytes) -> bytes:
    found = []
    try:
        for frame in decoder.decode(av.Packet(data)):
            for part in resampler.resample(frame):
                size = part.samples * len(part.layout.channels) * 2
                found.append(bytes(part.planes[0])[:size])
    except av.FFmpegError, ValueError:
        pass  # a damaged frame is left out
    return b"".join(found)[:_MOST_BYTES]


def _serve(av: Any, request: dict[str, Any], source: BinaryIO, to: BinaryIO) -> None:
    try:
        decoder = _open(av, request)
    except (av.FFmpegError, ValueError) as error:
        answer: dict[str, Any] = {"error": type(error).__name__}
    else:
        rate = request["out_rate"] or decoder.sample_rate
        answer = {"rate": rate}
    to.write(json.dumps(answer).encode() + b"\n")
    to.flush()
    if "error" in answer:
        return
    resampler = _Resampler(av, request["layout"], request["out_rate"])
    while head := source.read(4):
        data = source.read(int.from_bytes(head))
        found = _samples(av, decoder, resampler, data)
        to.write(len(found).to_bytes(4) + found)
        to.flush()


def main() -> None:
    """Serve one stream."""
    request = json.loads(sys.stdin.buffer.readline())
    _limit()
    sys.path.insert(0, request["packages"])
    import av
    import av.logging

    av.logging.set_level(None)
    _serve(av, request, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
