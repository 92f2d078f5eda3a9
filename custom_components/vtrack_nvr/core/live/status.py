"""What a live recorder is doing: frozen snapshots."""

from dataclasses import dataclass
from enum import StrEnum

from ..errors import ErrorKind


class LiveState(StrEnum):
    """Where a recorder stands."""

    STOPPED = "stopped"
    IDLE = "idle"
    """Nothing is wanted; no connection is open."""
    CONNECTING = "connecting"
    WATCHING = "watching"
    """The stream is read for the pre-roll; nothing is written."""
    RECORDING = "recording"
    WAITING = "waiting"
    """Something failed; the next attempt comes by itself."""
    BLOCKED = "blocked"
    """Something failed that a person must change (login, storage, codec)."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """One recorder; times in UTC milliseconds. `detail` is safe to show."""

    state: LiveState = LiveState.STOPPED
    since_ms: int = 0
    problem: ErrorKind | None = None
    detail: str = ""
    last_picture_ms: int | None = None
    clips: int = 0
    bytes: int = 0
    failures: int = 0
