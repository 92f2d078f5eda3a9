"""Access units of one RTSP session, in the order in which they were sent."""

from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from ..cancel import CancelToken
from ..clock import Clock
from ..frames import AccessUnit
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from ..rtsp.values import (
    Endpoint,
    MediaTrack,
    PlayAnswer,
    PlayRequest,
    SessionDescription,
)


class EndSignal(StrEnum):
    """How the device said that nothing more will come (profile-g 5.6)."""

    BYE = "bye"
    """RTCP BYE on every track that is set up."""
    NOTICE = "notice"
    """A request with x-notice 2101 (end of stream) or 2104 (start reached)."""
    TERMINATED = "terminated"
    """x-notice 2306, or a TEARDOWN by the device."""
    CLOSED = "closed"
    """The device closed the connection in order (FIN)."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """An RTCP sender report; both times are 0 where the device sends none."""

    track: int
    time_us: int
    rtp_time: int


@dataclass(slots=True)
class Batch:
    """What one `receive` brought; empty when the time ran out in silence.

    `holes` are RTP sequence holes in this batch. `bye_tracks`: tracks that said BYE so
    far. `ended` comes with the last units before it. `arrival_ms` is host UTC, taken
    right after the bytes were read.
    """

    units: list[AccessUnit] = field(default_factory=list)
    ended: EndSignal | None = None
    bytes: int = 0
    holes: int = 0
    arrival_ms: int = 0
    reports: list[SenderReport] = field(default_factory=list)
    bye_tracks: frozenset[int] = frozenset()


class UnitStream:
    """Blocking, for one thread. Leaving the `with` block always tears down (bounded)."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        waits: Waits,
        bounds: Bounds,
        cancel: CancelToken,
        guard: LoginGuard | None = None,
    ) -> None:
        """Keep the settings; nothing is sent before `describe`."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Return itself; connecting is left to `describe`."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tear down."""
        self.close()

    def describe(self) -> SessionDescription:
        """Connect, ask OPTIONS and DESCRIBE; return tracks in SDP order.

        Raises `NvrError` (UNREACHABLE, TIMEOUT, TLS, AUTH_REFUSED, …) or its subclass
        `RtspRefused` with the status.
        """
        raise NotImplementedError

    def setup(self, track: MediaTrack, *, require_replay: bool = False) -> None:
        """Set up a track; raises UNSUPPORTED_CODEC where it cannot be depacketized."""
        raise NotImplementedError

    def play(self, request: PlayRequest) -> PlayAnswer:
        """Start or move the delivery; pending units of an earlier PLAY are dropped."""
        raise NotImplementedError

    def receive(self, timeout_s: float) -> Batch:
        """Wait up to `timeout_s` for bytes; return what they complete.

        Keep-alives are sent on the way. Raises INTERRUPTED (reset, session lost),
        CANCELLED, AUTH_REFUSED, PROTOCOL.
        """
        raise NotImplementedError

    def finish(self) -> list[AccessUnit]:
        """Return the last units of tracks that never mark the end of a unit.

        Only to be called after an orderly end; a unit cut by a broken connection is
        never handed out.
        """
        raise NotImplementedError

    def parameter_sets(self, track: int) -> tuple[bytes, ...]:
        """Return the newest parameter sets of a video track (in-band before SDP)."""
        raise NotImplementedError

    def pause(self) -> None:
        """Send PAUSE and wait for its answer; media on the way is kept."""
        raise NotImplementedError

    def keep_alive(self) -> None:
        """Send what is due; call it while deliberately not reading for long."""
        raise NotImplementedError

    def close(self) -> None:
        """TEARDOWN within `Waits.teardown`, then close; never raises, idempotent."""
        raise NotImplementedError
