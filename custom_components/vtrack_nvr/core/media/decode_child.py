"""Decodes pictures in a process of its own; run by path, never imported by the others.

A broken or hostile picture can crash a decoder: then this process dies, not Home
Assistant. Reads one request as JSON from standard input, answers in JSON on standard
output. Nothing but the standard library and PyAV is imported: no part of Home Assistant.
"""

from contextlib import suppress
import json
import os
from pathlib import Path
import sys
from typing import Any

_MEMORY = 1024 * 1024 * 1024


def _limit(seconds: int) -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with suppress(OSError):
        os.nice(10)


def _open(av: Any, path: str) -> tuple[Any, Any]:
    file = av.open(path, format="mp4", options={"protocol_whitelist": "file"})
    stream = file.streams.video[0]
    stream.codec_context.thread_count = 1
    return file, stream


def _frame_at(file: Any, stream: Any, at_ms: int, *, keys_only: bool) -> Any:
    """Return the picture shown at a time (or the key picture before it), or None."""
    target = int(at_ms / 1000 / stream.time_base)
    file.seek(max(0, target), stream=stream, backward=True)
    best = None
    for frame in file.decode(stream):
        if frame.pts is None:
            continue
        if best is not None and frame.pts > target:
            return best
        best = frame
        if keys_only or frame.pts >= target:
            return best
    return best


def _check(av: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Decode a few pictures from each of the places; count them and the errors."""
    file, stream = _open(av, request["path"])
    decoded = errors = 0
    with file:
        for at_ms in request["at_ms"]:
            target = int(at_ms / 1000 / stream.time_base)
            file.seek(max(0, target), stream=stream, backward=True)
            stream.codec_context.flush_buffers()
            left = request["frames"]
            try:
                for frame in file.decode(stream):
                    decoded += 1
                    errors += bool(frame.is_corrupt)
                    left -= 1
                    if left <= 0:
                        break
            except av.FFmpegError:
                errors += 1
    return {"decoded": decoded, "errors": errors}


def _fit(frame: Any, width: int) -> tuple[int, int]:
    width = min(width, frame.width)
    height = max(2, round(frame.height * width / frame.width))
    return width // 2 * 2, height // 2 * 2


def _jpeg(av: Any, frame: Any, quality: int) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = 1
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = quality
    frame.pts = 0
    packets = encoder.encode(frame)
    packets += encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def _thumbnail(av: Any, request: dict[str, Any]) -> dict[str, Any]:
    file, stream = _open(av, request["path"])
    with file:
        frame = _frame_at(file, stream, request["at_ms"], keys_only=request["keys"])
        if frame is None:
            return {"error": "no picture"}
        width, height = _fit(frame, request["width"])
        small = frame.reformat(width, height, "yuvj420p")
        Path(request["to"]).write_bytes(_jpeg(av, small, 5))
    return {"width": width, "height": height}


def _paste(strip: Any, tile: Any, place: int) -> None:
    for number, (to, plane) in enumerate(zip(strip.planes, tile.planes, strict=True)):
        shift = 1 if number else 0
        width, height = tile.width >> shift, tile.height >> shift
        target, source = memoryview(to), memoryview(plane)
        left = place * width
        for row in range(height):
            begin = row * to.line_size + left
            at = row * plane.line_size
            target[begin : begin + width] = source[at : at + width]


def _strip(av: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Put the key pictures before each of the times side by side into one JPEG."""
    places = request["at_ms"]
    file, stream = _open(av, request["path"])
    strip = None
    width = height = 0
    with file:
        stream.codec_context.skip_frame = "NONKEY"
        for place, at_ms in enumerate(places):
            stream.codec_context.flush_buffers()
            try:
                frame = _frame_at(file, stream, at_ms, keys_only=True)
            except av.FFmpegError:
                continue
            if frame is None:
                continue
            if strip is None:
                width, height = _fit(frame, request["width"])
                strip = av.VideoFrame(width * len(places), height, "yuvj420p")
                for number, plane in enumerate(strip.planes):
                    plane.update(bytes([128 if number else 16]) * plane.buffer_size)
            _paste(strip, frame.reformat(width, height, "yuvj420p"), place)
    if strip is None:
        return {"error": "no picture"}
    Path(request["to"]).write_bytes(_jpeg(av, strip, 6))
    return {"width": width, "height": height}


def main() -> None:
    """Serve one request."""
    request = json.loads(sys.stdin.buffer.read())
    _limit(int(request.get("seconds", 60)))
    sys.path.insert(0, request["packages"])
    import av
    import av.logging

    av.logging.set_level(None)
    task = {"check": _check, "thumbnail": _thumbnail, "strip": _strip}[request["task"]]
    try:
        answer = task(av, request)
    except (av.FFmpegError, IndexError, ValueError, OSError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
