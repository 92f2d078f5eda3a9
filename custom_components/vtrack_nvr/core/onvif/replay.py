"""Replay Control: where a recording is played from (RP §5.1)."""

from collections.abc import Mapping

PROTOCOLS = ("RTSP", "UDP", "HTTP")
"""What to ask for, in order. Whatever is granted, SETUP asks for interleaved TCP first."""


def replay_uri_parameters(token: str, protocol: str) -> Mapping[str, object]:
    """Return the parameters of GetReplayUri."""
    return {
        "StreamSetup": {"Stream": "RTP-Unicast", "Transport": {"Protocol": protocol}},
        "RecordingToken": token,
    }
