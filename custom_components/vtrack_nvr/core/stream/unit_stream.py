"""Access units of one RTSP session, in the order in which they were sent."""

from dataclasses import dataclass, field
from enum import StrEnum
import secrets
from typing import override

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint
from ..frames import AccessUnit
from ..held import Held
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from ..rtp.depacketize import can_depacketize, check_format
from ..rtp.receiver import DepacketizerMaker, Receiver
from ..rtp.rtcp import build_receiver_report
from ..rtsp.session import RtspSession
from ..rtsp.session_values import (
    MediaTrack,
    Notice,
    PlayAnswer,
    PlayRequest,
    SessionDescription,
)

_HOLD_S = 0.2
"""Slices of a picture come closer together than this."""


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
class SenderTimes:
    """An RTCP sender report; both times are 0 where the device sends none."""

    track: int
    time_us: int
    rtp_time: int


@dataclass(slots=True)
class Batch:
    """What one `receive` brought; empty when the time ran out in silence.

    `holes` are RTP sequence holes in this batch, `stumbles` the places where bytes of no
    frame were passed over; `hole_places` says of both in or before which of the units they
    lie (the count of units: the next one to come). `bye_tracks`: tracks that said BYE so
    far. `ended` comes with the last units before it. `arrival_ms` is host UTC, taken
    right after the bytes were read.
    """

    units: list[AccessUnit] = field(default_factory=list)
    ended: EndSignal | None = None
    bytes: int = 0
    holes: int = 0
    stumbles: int = 0
    hole_places: tuple[int, ...] = ()
    arrival_ms: int = 0
    reports: list[SenderTimes] = field(default_factory=list)
    bye_tracks: frozenset[int] = frozenset()


class UnitStream(Held):
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
        self._clock = clock
        self._receiver = Receiver(bounds, clock.now_ms)
        self._session = RtspSession(
            endpoint,
            clock=clock,
            waits=waits,
            bounds=bounds,
            cancel=cancel,
            guard=guard,
        )
        self._holes = 0
        self._stumbles = 0
        self._received = 0
        self._heard = 0.0

    def describe(self) -> SessionDescription:
        """Connect, ask OPTIONS and DESCRIBE; return tracks in SDP order.

        Raises `NvrError` (UNREACHABLE, TIMEOUT, TLS, AUTH_REFUSED, …) or its subclass
        `RtspRefused` with the status.
        """
        return self._session.describe()

    def setup(
        self,
        track: MediaTrack,
        *,
        require_replay: bool = False,
        reader: DepacketizerMaker | None = None,
    ) -> None:
        """Set up a track; raises UNSUPPORTED_CODEC before asking where we cannot read it.

        `reader` makes what reads its packets instead of us.
        """
        if reader is None:
            check_format(track.format)
        channels = self._session.setup(track, require_replay=require_replay)
        self._receiver.add_track(
            track.index,
            track.format,
            track.payload_type,
            channels.media,
            channels.control,
            reader,
            {
                number: other
                for number, other in track.others
                if can_depacketize(other)
                and other.clock_rate == track.format.clock_rate
            },
        )
        self._session.send_with_keep_alives(
            channels.control, build_receiver_report(secrets.randbits(32))
        )

    def play(self, request: PlayRequest) -> PlayAnswer:
        """Start or move the delivery; units of an earlier PLAY under way are dropped.

        After a move on a running session, units whose `play_cseq` is not the answer's
        (modulo 256) are still of the earlier PLAY, on devices that number them.
        """
        self._receiver.restart()
        self._holes = self._receiver.holes
        self._stumbles = self._session.stumbles
        return self._session.play(request, self._receiver)

    def receive(self, timeout_s: float) -> Batch:
        """Wait up to `timeout_s` for bytes; return what they complete.

        One read: a batch with bytes may well hold no unit. Keep-alives are sent on the
        way. Raises INTERRUPTED (reset, session lost), CANCELLED, AUTH_REFUSED, PROTOCOL
        (`OutOfStep`); units that were complete before that come with the next call of
        `drain`.
        """
        receiver = self._receiver
        if receiver.ready:
            timeout_s = 0.0
        if receiver.is_holding:
            timeout_s = min(timeout_s, _HOLD_S)
        received = self._session.received
        self._session.receive(timeout_s)
        now = self._clock.monotonic()
        if self._session.received != received:
            self._heard = now
        elif receiver.is_holding and now - self._heard >= _HOLD_S:
            receiver.end_marked()
        return self._drain()

    def drain(self) -> Batch:
        """Return what is complete, without reading: nothing more will be received."""
        self._receiver.end_marked()
        return self._drain()

    def _drain(self) -> Batch:
        receiver = self._receiver
        units, places = receiver.drain()
        reports, receiver.reports[:] = receiver.reports[:], ()
        holes, self._holes = receiver.holes - self._holes, receiver.holes
        stumbles = self._session.stumbles - self._stumbles
        self._stumbles += stumbles
        received = self._session.received
        count, self._received = received - self._received, received
        return Batch(
            units,
            self._end_signal(),
            count,
            holes,
            stumbles,
            places,
            self._clock.now_ms(),
            [
                SenderTimes(index, report.time_us or 0, report.rtp_time)
                for index, report in reports
            ],
            receiver.ended_tracks,
        )

    def finish(self) -> list[AccessUnit]:
        """Return the last units of tracks that never mark the end of a unit.

        Only to be called after an orderly end; a unit cut by a broken connection is
        never handed out.
        """
        self._receiver.finish()
        units, self._receiver.units[:] = self._receiver.units[:], ()
        return units

    def parameter_sets(self, track: int) -> tuple[bytes, ...]:
        """Return the newest parameter sets of a video track (in-band before SDP)."""
        return self._receiver.parameter_sets(track)

    @property
    def is_forgotten(self) -> bool:
        """Return whether the device no longer knew the session; sure once it is closed."""
        return self._session.is_forgotten

    def pause(self) -> None:
        """Send PAUSE and wait for its answer; media on the way is kept."""
        self._session.pause()

    def keep_alive(self) -> None:
        """Send what is due; call it while deliberately not reading for long."""
        self._session.keep_alive()

    @override
    def release(self) -> None:
        self.close()

    def close(self) -> None:
        """TEARDOWN within `Waits.teardown`, then close; never raises, idempotent."""
        self._session.close()

    def _end_signal(self) -> EndSignal | None:
        notice = self._session.notice
        if notice is Notice.TERMINATED:
            return EndSignal.TERMINATED
        if notice is not None:
            return EndSignal.NOTICE
        if self._receiver.have_all_ended:
            return EndSignal.BYE
        return EndSignal.CLOSED if self._session.is_closed else None
