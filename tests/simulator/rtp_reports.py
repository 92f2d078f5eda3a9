"""RTCP packets the server sends (RFC 3550 §6)."""

from .rtp_block import TrackState

SENDER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 202, 203


def goodbye(state: TrackState, kind: str) -> bytes:
    """Return a BYE: alone ("bye_bare"), behind a report, or in a whole compound."""
    bye = bytes((0x81, GOODBYE, 0, 1)) + state.ssrc.to_bytes(4)
    if kind == "bye_bare":
        return bye
    report = sender_report(state, bytes(8), 0)
    if kind == "bye":
        return report + bye
    return report + source_description(state) + bye


def interleaved_rtcp(state: TrackState, body: bytes) -> bytes:
    """Return RTCP as an interleaved frame of a track."""
    return bytes((0x24, state.channel + 1)) + len(body).to_bytes(2) + body


def sender_report(state: TrackState, ntp: bytes, rtp: int) -> bytes:
    """Return a sender report without report blocks."""
    return b"".join(
        (
            bytes((0x80, SENDER_REPORT, 0, 6)),
            state.ssrc.to_bytes(4),
            ntp,
            rtp.to_bytes(4),
            (state.packets & 0xFFFFFFFF).to_bytes(4),
            (state.octets & 0xFFFFFFFF).to_bytes(4),
        )
    )


def source_description(state: TrackState) -> bytes:
    """Return a source description with a CNAME."""
    chunk = state.ssrc.to_bytes(4) + b"\x01\x03sim"
    chunk += bytes(4 - len(chunk) % 4)
    return bytes((0x81, SOURCE_DESCRIPTION, 0, len(chunk) // 4)) + chunk
