"""What is asked of a live recorder and what it tells: values, no behaviour."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..cancel import CancelToken
from ..endpoint import Endpoint
from ..errors import ErrorKind
from ..intervals import TimeRange
from ..ledger import LedgerReason
from ..login_guard import LoginGuard
from ..models import CameraKey, ClockEra

STARTING = str(LedgerReason.STARTING)


def no_era() -> ClockEra:
    """Return the era of a device whose clock nobody measures: it has ours."""
    return ClockEra(0, 0, 0)


@dataclass(frozen=True, slots=True)
class LiveSpec:
    """How a camera is recorded live.

    `endpoint` is asked anew for each connection, on the recorder's thread; it may block,
    should end when the token is cancelled, and may raise `NvrError`. `era` is asked often:
    it translates to the device's clock, and another one begins a new clip. `is_on`: record from the start.
    `pre_roll_ms` keeps a stream open for what came before a request; `ring_bytes` bounds
    it. `clip_ms`: distance of the wall-clock boundaries (UTC) where files are cut.
    `ffmpeg` is the program that reads codecs which we do not depacketize; without it they
    are not recorded.
    """

    camera: CameraKey
    endpoint: Callable[[CancelToken], Endpoint]
    era: Callable[[], ClockEra] = no_era
    is_on: bool = False
    with_audio: bool = True
    pre_roll_ms: int = 0
    ring_bytes: int = 32 * 1024 * 1024
    clip_ms: int = 300_000
    guard: LoginGuard | None = None
    ffmpeg: str = ""


@dataclass(frozen=True, slots=True)
class LiveGap:
    """A stretch (UTC) that was wanted and is not there; why: an `ErrorKind` or STARTING.

    `is_over`: footage follows it; otherwise the next piece does, or nobody knows yet.
    """

    range: TimeRange
    reason: str
    is_over: bool = False


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
    """One recorder; times in UTC milliseconds. `detail` is safe to show.

    `open`: what is written and in no complete clip yet.
    """

    state: LiveState = LiveState.STOPPED
    since_ms: int = 0
    problem: ErrorKind | None = None
    detail: str = ""
    last_picture_ms: int | None = None
    clips: int = 0
    bytes: int = 0
    failures: int = 0
    open: TimeRange | None = None
