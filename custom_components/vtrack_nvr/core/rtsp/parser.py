"""The byte stream of an RTSP connection: interleaved frames and messages, told apart.

Frames go to a sink without being copied; messages come back as values. What is neither is
skipped until something plausible follows (download-engine §8.2, last row).
"""

from dataclasses import replace
import re
from typing import Final, Protocol, override

from ..errors import ErrorKind, NvrError
from ..policy import Bounds
from .messages import MessageDefectError, Response, RtspMessage, parse_head
from .refusals import OutOfStep

_DOLLAR: Final = 0x24
_FRAME: Final = 4 + 0xFFFF
_PLAUSIBLE: Final = 5
"""So many bytes tell whether a `$` begins a frame: head and RTP version."""
_MISCOUNTED: Final = 64
"""By so many bytes devices tell the length of a description too long."""
_TEXT = re.compile(rb"(?i:RTSP|HTTP)/|[A-Z][A-Z_]{1,30} ")
_TEXT_SO_FAR = re.compile(rb"[A-Z][A-Z_]{0,30}|(?i:r|rt|rts|rtsp|h|ht|htt|http)")
_HEAD_END = re.compile(rb"\n\r?\n")
_BLANK = re.compile(rb"[\r\n]+")
_RESYNC = re.compile(rb"[$]|RTSP/1")


def _is_description(message: RtspMessage) -> bool:
    """Return whether a head announces a session description."""
    kind = message.headers.get("Content-Type").partition(";")[0]
    return isinstance(message, Response) and kind.strip().lower() == "application/sdp"


class FrameSink(Protocol):
    """Where interleaved frames go."""

    def take(self, view: memoryview, position: int, end: int) -> int:
        """Take whole frames (`$`, channel, length, data) from `position` on.

        Returns where they stop: at a byte that is not `$`, or at a frame that is not
        whole. Must not refer to `view` after it returns.
        """
        ...

    def stumbled(self) -> None:
        """Hear that what comes now stands behind bytes of no frame."""
        return


class DiscardingSink(FrameSink):
    """Frames nobody wants: before SETUP, after TEARDOWN."""

    @override
    def take(self, view: memoryview, position: int, end: int) -> int:
        """Skip whole frames."""
        while end - position >= 4 and view[position] == _DOLLAR:
            stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
            if stop > end:
                break
            position = stop
        return position


class StreamParser:
    """Owns the receive buffer: read into `space()`, then tell `feed` how much it was.

    Never holds more than the buffer (`receive_bytes` plus the largest message or frame).
    Raises `NvrError(PROTOCOL)` for oversized messages and `OutOfStep` for more than
    `patience` bytes of nonsense in a row; frames before it have gone to the sink.
    `skipped` counts bytes that made no sense, `stumbles` how often that began.
    """

    def __init__(self, bounds: Bounds, sink: FrameSink) -> None:
        """Begin with an empty buffer."""
        self.sink = sink
        self.channels: set[int] = set()
        """The channels that were set up: only these are believed after nonsense."""
        self.patience = bounds.resync_bytes
        self.skipped = 0
        self.stumbles = 0
        self._bounds = bounds
        largest = max(_FRAME, bounds.header_bytes + bounds.body_bytes)
        self._buffer = bytearray(bounds.receive_bytes + largest)
        self._view = memoryview(self._buffer)
        self._held = 0
        self._searched = 0
        """How much of the held bytes is known not to hold the end of a head."""
        self._needed = 0
        """How many bytes the message under way is long, once its head has come."""
        self._lost = 0
        self._described: tuple[RtspMessage, int] | None = None
        """A description whose end its head does not tell, and how long the head is."""

    @property
    def has_open_body(self) -> bool:
        """Return whether a session description is under way that may be complete."""
        return self._described is not None

    def end_body(self) -> RtspMessage | None:
        """Return the description that came, if it ends with a line; None: there is none.

        Devices leave out its length, or count wrong: nothing comes any more.
        """
        if self._described is None:
            return None
        message, start = self._described
        body = bytes(self._view[start : self._held])
        if not body.endswith(b"\n") or self._needed - self._held > _MISCOUNTED:
            return None
        self._described = None
        self._held = self._searched = self._needed = 0
        return replace(message, body=body)

    def space(self) -> memoryview:
        """Return where to read the next bytes to; never empty."""
        return self._view[self._held : self._held + self._bounds.receive_bytes]

    def feed(self, count: int) -> list[RtspMessage]:
        """Take the `count` bytes just read; return the messages that are complete."""
        end = self._held + count
        position = 0
        messages: list[RtspMessage] = []
        buffer = self._buffer
        while position < end:
            first = buffer[position]
            if first == _DOLLAR:
                if self._lost and not self._is_plausible(position, end):
                    position = self._resync(position, end)
                    continue
                if self._lost and end - position < _PLAUSIBLE:
                    break
                stop = self.sink.take(self._view, position, end)
                if stop == position:
                    break
                position = stop
                self._lost = 0
            elif blank := _BLANK.match(buffer, position, end):
                position = blank.end()
            else:
                stop, message = self._take_text(position, end)
                if message is not None:
                    messages.append(message)
                    self._lost = 0
                elif stop == position:
                    break
                position = stop
        self._held = end - position
        if position and self._held:
            buffer[: self._held] = buffer[position:end]
        return messages

    def feed_bytes(self, data: bytes) -> list[RtspMessage]:
        """Copy bytes in and take them, for what does not read from a socket."""
        messages: list[RtspMessage] = []
        position = 0
        while position < len(data):
            space = self.space()
            piece = data[position : position + len(space)]
            space[: len(piece)] = piece
            messages += self.feed(len(piece))
            position += len(piece)
        return messages

    def _take_text(self, position: int, end: int) -> tuple[int, RtspMessage | None]:
        """Return (after it, message), (same position, None) to wait, or (later, None)."""
        if end - position < self._needed:
            return position, None
        if not _TEXT.match(self._buffer, position, end):
            if _TEXT_SO_FAR.fullmatch(self._buffer, position, end):
                return position, None
            return self._resync(position, end), None
        found = _HEAD_END.search(
            self._buffer, position + max(0, self._searched - 2), end
        )
        if not found:
            self._searched = end - position
            self._check_head(self._searched)
            return position, None
        self._check_head(found.start() - position)
        try:
            message = parse_head(bytes(self._view[position : found.start()]).rstrip())
        except MessageDefectError:
            self._searched = 0
            return self._resync(position, end), None
        length = message.headers.body_length
        if length > self._bounds.body_bytes:
            raise NvrError(ErrorKind.PROTOCOL, "RTSP message body is too long")
        stop = found.end() + length
        is_description = _is_description(message)
        is_open = is_description and not message.headers.get("Content-Length")
        if is_open and end - found.end() > self._bounds.body_bytes:
            raise NvrError(ErrorKind.PROTOCOL, "RTSP message body is too long")
        if stop > end or is_open:
            self._searched = max(0, found.start() - position)
            self._needed = stop - position
            if is_description:
                self._described = message, found.end() - position
            return position, None
        self._described = None
        self._searched = self._needed = 0
        return stop, replace(message, body=bytes(self._view[found.end() : stop]))

    def _check_head(self, length: int) -> None:
        if length > self._bounds.header_bytes:
            raise NvrError(ErrorKind.PROTOCOL, "RTSP message head is too long")

    def _resync(self, position: int, end: int) -> int:
        """Return the next place that may be a frame or a response."""
        here = position + 1
        while match := _RESYNC.search(self._buffer, here, end):
            here = match.start()
            if self._buffer[here] != _DOLLAR or self._is_plausible(here, end):
                break
            here += 1
        else:
            here = end
        self.skipped += here - position
        if not self._lost:
            self.stumbles += 1
            self.sink.stumbled()
        self._lost += here - position
        if self._lost > self.patience:
            self._held = 0
            raise OutOfStep(self._lost)
        return here

    def _is_plausible(self, here: int, end: int) -> bool:
        """Return whether the `$` can begin a frame; what is not there yet is believed."""
        head = self._buffer[here : min(here + _PLAUSIBLE, end)]
        if len(head) > 1 and head[1] not in self.channels:
            return False
        if len(head) > 4:
            return head[2] << 8 | head[3] >= 8 and head[4] >> 6 == 2
        return True
