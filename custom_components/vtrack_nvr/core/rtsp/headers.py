"""RTSP header values, read and written (RFC 2326 12; ONVIF Streaming 6.5)."""

from datetime import UTC, datetime, timedelta
import re
from typing import NamedTuple

from .session_values import RtpInfo

DEFAULT_SESSION_TIMEOUT_S = 60
"""Where the Session header names none (RFC 2326 12.37)."""

_CLOCK = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9})\d*)?Z?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SessionHeader(NamedTuple):
    """`Session: id;timeout=60`; `timeout_s` is None where it is not given."""

    id: str
    timeout_s: int | None


def parse_session(value: str) -> SessionHeader:
    """Read a Session header; the id is everything before `;`, quotes are tolerated."""
    session_id, _, rest = value.partition(";")
    timeout_s = None
    for item in rest.split(";"):
        name, _, text = item.partition("=")
        digits = re.match(r'\s*"?(\d{1,6})', text, re.ASCII)
        if name.strip().lower() == "timeout" and digits:
            timeout_s = int(digits[1]) or None
    return SessionHeader(session_id.strip().strip('"'), timeout_s)


class TransportHeader(NamedTuple):
    """What a SETUP answer grants; None where it says nothing."""

    interleaved: tuple[int, int] | None
    ssrc: int | None
    is_udp: bool = False
    """It names ports instead of channels: the device sends over UDP."""


def build_transport(channel: int) -> str:
    """Ask for interleaved delivery on two channels from `channel` on."""
    return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"


def parse_transport(value: str) -> TransportHeader:
    """Read the first transport of a Transport header."""
    interleaved = None
    ssrc = None
    spec, _, _ = value.partition(",")[0].partition(";")
    names_ports = False
    for item in value.partition(",")[0].split(";"):
        name, _, text = item.partition("=")
        name, text = name.strip().lower(), text.strip().strip('"')
        if name == "interleaved" and (
            match := re.fullmatch(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?", text, re.ASCII)
        ):
            first = int(match[1])
            second = int(match[2]) if match[2] else first + 1
            if first < 256 and second < 256:
                interleaved = (first, second)
        elif name == "ssrc" and re.fullmatch(r"[0-9A-Fa-f]{1,8}", text):
            ssrc = int(text, 16)
        elif name in {"server_port", "client_port", "port"}:
            names_ports = True
    is_udp = names_ports and not interleaved and "TCP" not in spec.upper()
    return TransportHeader(interleaved, ssrc, is_udp)


def format_clock(time_ms: int, *, whole_seconds: bool = False) -> str:
    """Return `YYYYMMDDTHHMMSS[.mmm]Z`; whole seconds are cut off, not rounded."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    text = f"{moment.year:04}{moment:%m%dT%H%M%S}"
    return f"{text}Z" if whole_seconds else f"{text}.{time_ms % 1000:03}Z"


def parse_clock(text: str) -> int | None:
    """Return milliseconds since 1970 (rounded to the nearest), None for anything odd."""
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    nanoseconds = int((match[7] or "0").ljust(9, "0"))
    return (moment - _EPOCH) // timedelta(milliseconds=1) + (
        nanoseconds + 500_000
    ) // 1_000_000


def build_clock_range(
    start_ms: int, end_ms: int | None, *, whole_seconds: bool = False
) -> str:
    """Return a `Range` value; whole seconds are taken outwards (ST 6.5.1)."""
    if end_ms is not None and whole_seconds:
        end_ms = -(-end_ms // 1000) * 1000
    end = "" if end_ms is None else format_clock(end_ms, whole_seconds=whole_seconds)
    return f"clock={format_clock(start_ms, whole_seconds=whole_seconds)}-{end}"


def parse_clock_range(value: str) -> tuple[int | None, int | None]:
    """Return start and end of a `clock=` range; (None, None) for other units."""
    unit, _, rest = value.strip().partition("=")
    if unit.strip().lower() != "clock":
        return None, None
    start, _, end = rest.partition(";")[0].partition("-")
    return parse_clock(start), parse_clock(end)


def parse_rtp_info(value: str) -> tuple[RtpInfo, ...]:
    """Read RTP-Info; URLs may hold `;` and `,` when quoted, or even when not."""
    entries = re.split(r",\s*(?=url\s*=)", value.strip(), flags=re.IGNORECASE)
    found = []
    for entry in entries:
        match = re.match(
            r'url\s*=\s*("[^"]*"|.*?)(?=;\s*(?:seq|rtptime|ssrc)\s*=|$)',
            entry,
            re.IGNORECASE,
        )
        if not match:
            continue
        numbers = {
            name.lower(): int(number)
            for name, number in re.findall(
                r";\s*(seq|rtptime)\s*=\s*(\d{1,10})",
                entry[match.end() :],
                re.IGNORECASE | re.ASCII,
            )
        }
        rtp_time = numbers.get("rtptime")
        found.append(
            RtpInfo(
                match[1].strip('"'),
                numbers.get("seq"),
                None if rtp_time is None else rtp_time & 0xFFFFFFFF,
            )
        )
    return tuple(found)


def parse_tokens(value: str) -> frozenset[str]:
    """Read a comma list of words (`Public`, `Unsupported`), without case for methods."""
    return frozenset(item.strip() for item in value.split(",") if item.strip())


def parse_number(value: str) -> float | None:
    """Read `Scale` or `Speed`."""
    match = re.fullmatch(r"\s*(-?\d{1,6}(?:\.\d{1,6})?)\s*", value, re.ASCII)
    return float(match[1]) if match else None


def parse_notice(value: str) -> int | None:
    """Return the number of an `x-notice` header (2101 end, 2104 start, 2306 over)."""
    match = re.match(r"\s*(\d{4})\b", value, re.ASCII)
    return int(match[1]) if match else None
