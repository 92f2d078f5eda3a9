"""What the ears at the transports make of what they hear."""

import struct

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.diagnose.rtsp_tap import RtspTap
from custom_components.vtrack_nvr.core.diagnose.sessions import SessionFacts
from custom_components.vtrack_nvr.core.diagnose.summary import capture_words
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    CLEAN,
    LAST,
    ReplayStamp,
    build_extension,
)

SECOND = 1_000_000


def packet(sequence: int, stamp: ReplayStamp | None = None) -> bytes:
    head = 0x80 | (0x10 if stamp else 0)
    data = struct.pack(">BBHII", head, 0x80 | 96, sequence, 7, 1)
    return data + (build_extension(stamp) if stamp else b"") + b"secret picture"


def frame(channel: int, data: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(data).to_bytes(2) + data


def heard(*pieces: bytes) -> RtspTap:
    tap = RtspTap("fast", SystemClock(), Bounds())
    for piece in pieces:
        tap.received(memoryview(piece))
    return tap


def test_media_is_counted_and_never_kept() -> None:
    stamps = [
        ReplayStamp(10 * SECOND, CLEAN, 3),
        ReplayStamp(9 * SECOND, LAST, 3),
        ReplayStamp(None, 0, 3),
        None,
    ]
    frames = [frame(0, packet(n * 2, stamp)) for n, stamp in enumerate(stamps)]
    whole = b"".join(frames)
    tap = heard(whole[:40], whole[40:], frame(0, b"\x80"), frame(0, b"\x40" * 20))
    facts = tap.channels[0]
    assert (facts.packets, facts.markers, facts.holes, facts.malformed) == (6, 4, 3, 2)
    assert (facts.stamped, facts.without_time, facts.backward) == (3, 1, 1)
    assert facts.flags == {"C": 1, "E": 1, "D": 0, "T": 0}
    assert "flags C cseq 3" in facts.first[0]
    assert "secret" not in str(tap.channels) + str(tap.messages)


def test_reports_and_goodbyes_are_counted() -> None:
    report = struct.pack(">BBHIIIIII", 0x80, 200, 6, 1, 0, 0, 0, 0, 0)
    goodbye = struct.pack(">BBHI", 0x81, 203, 1, 1)
    facts = heard(frame(1, report + goodbye)).channels[1]
    assert (facts.sender_reports, facts.reports_with_time, facts.bye) == (1, 0, 1)


def test_of_what_is_no_rtsp_the_dialogue_says_so() -> None:
    # Bytes of no frame are passed over, and counted.
    tap = heard(b"\x01\x02\x03" * 30, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
    assert tap.messages[-1].text.startswith("RTSP/1.0 200")
    assert tap.stray_bytes > 0
    tap = heard(b"\x01" * (Bounds().resync_bytes + 10), b"RTSP/1.0 200 OK\r\n\r\n")
    assert [m.text[:12] for m in tap.messages] == ["(no message;"]


def test_a_long_dialogue_ends() -> None:
    tap = RtspTap("fast", SystemClock(), Bounds())
    tap.sent(b"$\x01\x00\x00")
    assert tap.messages == []
    for _ in range(200):
        tap.sent(b"OPTIONS * RTSP/1.0\r\n\r\n")
    assert 10 < len(tap.messages) < 200


def test_capture_times_that_are_empty_are_told() -> None:
    facts = heard(frame(0, packet(1, ReplayStamp(None, 0, 1)))).channels[0]
    words = capture_words(SessionFacts("fast", asked_ms=(1, 2)), facts)
    assert words == "Its capture times are empty."
