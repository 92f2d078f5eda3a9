"""What the RTSP server remembers of a session and of what it was asked to play."""

from dataclasses import dataclass, field

from .rtp_block import TrackState
from .rtsp_message import Request, Response
from .rtsp_sender import MediaSender

FEATURE = "onvif-replay"
"""The feature tag of ST §6.4."""


class Refused(Exception):  # noqa: N818 - reads better where it is raised
    """A request is answered with this response instead of being carried out."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.response = Response(status, list(headers))


@dataclass
class Session:
    """One RTSP session: what is set up, and what plays."""

    identifier: str
    path: str
    opened: float
    last_sign: float
    tracks: list[TrackState | None] = field(default_factory=lambda: [None, None])
    sender: MediaSender | None = None
    paused_at_ms: int | None = None
    required: bool = False
    """Whether SETUP carried `Require: onvif-replay`."""

    @property
    def is_forgotten(self) -> bool:
        """Return whether it has sent all that a fault lets it send."""
        return self.sender is not None and self.sender.progress.is_forgotten


@dataclass(frozen=True, slots=True)
class Play:
    """One PLAY as it was asked for; kept by the server for tests to look at."""

    path: str
    uri: str
    headers: dict[str, str]
    at: float
    """`time.monotonic()`."""
    start_ms: int | None
    end_ms: int | None
    sender: MediaSender


def session_id_of(request: Request) -> str:
    """Return the session a request names, "" without one."""
    return request.headers.get("session", "").partition(";")[0].strip()
