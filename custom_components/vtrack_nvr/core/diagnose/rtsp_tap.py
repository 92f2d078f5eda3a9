"""Listens to one RTSP connection: messages as text, media as counts, never its payload."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, override

from ..clock import Clock
from ..digest import parse_challenges
from ..errors import NvrError
from ..policy import Bounds
from ..rtp.packet import PacketDefectError, RtpPacket, parse_packet
from ..rtp.replay_extension import CLEAN, DISCONTINUOUS, LAST, TERMINAL
from ..rtp.rtcp import PACKET_TYPES, Goodbye, SenderReport, parse_rtcp
from ..rtsp.messages import Headers, Response, RtspMessage
from ..rtsp.parser import FrameSink, StreamParser

_DOLLAR: Final = 0x24
_FIRST: Final = 6
_FLAGS: Final = {"C": CLEAN, "E": LAST, "D": DISCONTINUOUS, "T": TERMINAL}
_MOST_MESSAGES: Final = 80
_SCARCELY: Final = "(no message; what followed was not read)"


@dataclass(slots=True)
class Message:
    """A request or an answer as text; `at_s` counts from the connection's opening."""

    at_s: float
    is_sent: bool
    text: str


@dataclass(slots=True)
class ChannelFacts:
    """What came on one interleaved channel. Times are microseconds since 1970.

    `flags` counts the letters C, E, D and T of the replay extension. `bye` and
    `sender_reports` are of RTCP.
    """

    packets: int = 0
    bytes: int = 0
    malformed: int = 0
    holes: int = 0
    markers: int = 0
    extended: int = 0
    stamped: int = 0
    without_time: int = 0
    payload_types: Counter[int] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    first_stamp_us: int | None = None
    last_stamp_us: int | None = None
    stamps: int = 0
    """How many different capture times there were."""
    backward: int = 0
    first_at_s: float | None = None
    last_at_s: float | None = None
    largest: int = 0
    bye: int = 0
    sender_reports: int = 0
    reports_with_time: int = 0
    first: list[str] = field(default_factory=list)
    sequence: int | None = None


class RtspTap:
    """The tap of one connection; `messages` and `channels` are what it heard."""

    def __init__(self, name: str, clock: Clock, bounds: Bounds) -> None:
        """Begin to count the time; `name` says what the connection is for."""
        self.name = name
        self.messages: list[Message] = []
        self.channels: dict[int, ChannelFacts] = {}
        self.challenges: tuple[str, ...] = ()
        self.stray_bytes = 0
        self._clock = clock
        self._begun = clock.monotonic()
        self._parser: StreamParser | None = StreamParser(bounds, _Sink(self))
        self._parser.channels = set(range(8))

    @property
    def at_s(self) -> float:
        """Return the seconds since the connection was wanted."""
        return round(self._clock.monotonic() - self._begun, 3)

    def sent(self, data: bytes) -> None:
        """Take what we say; reports of ours are not worth a line."""
        if data[:1] != b"$":
            self._note(data, is_sent=True)

    def received(self, data: memoryview) -> None:
        """Take what the device says."""
        if self._parser is None:
            return
        try:
            for message in self._parser.feed_bytes(bytes(data)):
                self._heard(message)
            self.stray_bytes = self._parser.skipped
        except (NvrError, ValueError) as error:
            self._note(f"{_SCARCELY} {type(error).__name__}".encode(), is_sent=False)
            self._parser = None

    def _heard(self, message: RtspMessage) -> None:
        if isinstance(message, Response) and message.status == 401:
            values = message.headers.all("WWW-Authenticate")
            offered = tuple(
                f"{item.scheme} algorithm={item.family} qop={item.qop or 'none'}"
                for item in parse_challenges(values)
            )
            self.challenges = offered or self.challenges
        # The length is told once more where there is a body.
        rest = [i for i in message.headers.items if i[0].lower() != "content-length"]
        plain = replace(message, headers=Headers(rest))
        self._note(plain.encode(), is_sent=False)

    def _note(self, data: bytes, *, is_sent: bool) -> None:
        if len(self.messages) < _MOST_MESSAGES:
            text = data.decode("utf-8", "replace").replace("\r\n", "\n")
            self.messages.append(Message(self.at_s, is_sent, text))

    def media(self, channel: int, data: memoryview) -> None:
        """Take one interleaved frame."""
        facts = self.channels.setdefault(channel, ChannelFacts())
        if len(data) > 1 and data[1] in PACKET_TYPES:
            self._control(facts, data)
            return
        facts.last_at_s = self.at_s
        if facts.first_at_s is None:
            facts.first_at_s = facts.last_at_s
        facts.packets += 1
        facts.bytes += len(data)
        facts.largest = max(facts.largest, len(data))
        try:
            packet = parse_packet(data)
        except PacketDefectError:
            facts.malformed += 1
            return
        facts.extended += bool(data[0] & 0x10)
        _count(facts, packet)
        if len(facts.first) < _FIRST:
            facts.first.append(_described(packet, len(data)))

    @staticmethod
    def _control(facts: ChannelFacts, data: memoryview) -> None:
        for item in parse_rtcp(data):
            match item:
                case Goodbye():
                    facts.bye += 1
                case SenderReport():
                    facts.sender_reports += 1
                    facts.reports_with_time += item.time_us is not None


class _Sink(FrameSink):
    def __init__(self, tap: RtspTap) -> None:
        self._tap = tap

    @override
    def take(self, view: memoryview, position: int, end: int) -> int:
        while end - position >= 4 and view[position] == _DOLLAR:
            stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
            if stop > end:
                break
            self._tap.media(view[position + 1], view[position + 4 : stop])
            position = stop
        return position


def _count(facts: ChannelFacts, packet: RtpPacket) -> None:
    facts.payload_types[packet.payload_type] += 1
    facts.markers += packet.marker
    if facts.sequence is not None and packet.sequence != facts.sequence:
        facts.holes += 1
    facts.sequence = (packet.sequence + 1) & 0xFFFF
    stamp = packet.stamp
    if stamp is None:
        return
    facts.stamped += 1
    for letter, bit in _FLAGS.items():
        facts.flags[letter] += bool(stamp.flags & bit)
    if stamp.time_us is None:
        facts.without_time += 1
        return
    if facts.first_stamp_us is None:
        facts.first_stamp_us = stamp.time_us
    elif facts.last_stamp_us is not None and stamp.time_us < facts.last_stamp_us:
        facts.backward += 1
    facts.stamps += stamp.time_us != facts.last_stamp_us
    facts.last_stamp_us = stamp.time_us


def _described(packet: RtpPacket, size: int) -> str:
    """Return a packet's header in words."""
    words = [
        f"type {packet.payload_type}",
        f"sequence {packet.sequence}",
        f"time {packet.timestamp}",
        f"{size} bytes",
    ]
    if packet.marker:
        words.append("marker")
    if packet.stamp is not None:
        letters = "".join(
            letter for letter, bit in _FLAGS.items() if packet.stamp.flags & bit
        )
        words.append(
            f"capture {packet.stamp.time_us} flags {letters or '-'}"
            f" cseq {packet.stamp.cseq}"
        )
    return ", ".join(words)
