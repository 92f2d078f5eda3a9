"""The questions asked over RTSP: one session at a time, each short. Blocking."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint, WireTap
from ..errors import ErrorKind, NvrError
from ..frames import TrackKind
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from ..rtsp.parser import DiscardingSink
from ..rtsp.refusals import RtspRefused
from ..rtsp.session import RtspSession
from ..rtsp.session_values import MediaTrack, Notice, PlayRequest
from ..stream.tracks import choose_sound, choose_video
from .rtsp_tap import ChannelFacts, RtspTap

_WAITS: Final = Waits(connect=5.0, reply=8.0)
_PAST_END_US: Final = 3_000_000
_WAYS: Final = ("GET_PARAMETER", "OPTIONS", "SET_PARAMETER")

type MakeEndpoint = Callable[[str, WireTap], Endpoint]
"""Returns how to open a URL, heard by a tap."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part takes at most, in seconds.

    `first` is the wait for the first packet, `quiet` the silence that counts as an end,
    `fast` a replay at full speed, `paced` the same in real time, `live` the live stream,
    `events` what a device tells whoever begins to listen to its events.
    """

    total: float = 110.0
    first: float = 10.0
    quiet: float = 2.5
    fast: float = 18.0
    paced: float = 5.0
    live: float = 4.0
    events: float = 2.0


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """A track of a description, and the channel it came on (None: not set up)."""

    kind: str
    codec: str
    name: str
    clock_rate: int
    payload_type: int
    channel: int | None = None
    refused: int | None = None


@dataclass(slots=True)
class SessionFacts:
    """What one session showed.

    `refused` lists what was asked in vain, with the status. `asked_ms` and `answered_ms`
    are ranges on the device's clock. `end` is how the delivery ended: "bye", "close",
    "notice", "teardown", "silence", "past_end" (it went on), "stopped" (by us), "error".
    `play_s` is how long media came; `footage_s` how much footage it was, by capture times.
    """

    name: str
    refused: list[tuple[str, int]] = field(default_factory=list)
    tracks: list[TrackFacts] = field(default_factory=list)
    require: bool = True
    rate_control: bool | None = None
    whole_seconds: bool = False
    open_range: bool = False
    asked_ms: tuple[int, int] | None = None
    answered_ms: tuple[int | None, int | None] | None = None
    end: str = ""
    error: str = ""
    play_s: float = 0.0
    footage_s: float | None = None
    keep_alive: dict[str, int] = field(default_factory=dict)
    channels: dict[int, ChannelFacts] = field(default_factory=dict)


@dataclass(slots=True)
class SecondSession:
    """Whether a second session was allowed beside a playing one; `method` refused it."""

    is_allowed: bool = False
    method: str = ""
    status: int = 0
    error: str = ""


class Sessions:
    """Asks; `taps` holds what was said on each connection."""

    def __init__(
        self,
        make_endpoint: MakeEndpoint,
        *,
        clock: Clock,
        guard: LoginGuard,
        cancel: CancelToken,
        bounds: Bounds | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Nothing is opened yet."""
        self._patience = patience or Patience()
        self.taps: list[RtspTap] = []
        self.found: dict[str, SessionFacts] = {}
        self.second: SecondSession | None = None
        self._make_endpoint = make_endpoint
        self._clock = clock
        self._guard = guard
        self._cancel = cancel
        self._bounds = bounds or Bounds()

    def replay(self, url: str, wanted: TimeRange) -> None:
        """Play a range as fast as the device can, then with Rate-Control; never raises."""
        fast = self._new("fast")
        fast.asked_ms = (wanted.start_ms, wanted.end_ms)
        fast.rate_control = False
        self._run(fast, url, lambda session, tap: self._to_the_end(session, tap, fast))
        if not fast.tracks:
            return
        paced = self._new("paced")
        paced.asked_ms = fast.asked_ms
        paced.require = fast.require
        paced.whole_seconds, paced.open_range = fast.whole_seconds, fast.open_range
        paced.rate_control = True
        self._run(
            paced, url, lambda session, tap: self._paced(session, tap, paced, url)
        )

    def live(self, url: str) -> None:
        """Look at a live stream for some seconds; never raises."""
        facts = self._new("live")
        facts.require = False

        def watch(session: RtspSession, tap: RtspTap) -> None:
            self._for(session, tap, self._patience.live, facts)
            if "paced" not in self.found:
                self._keep_alives(session, facts)

        self._run(facts, url, watch)

    def _new(self, name: str) -> SessionFacts:
        self.found[name] = SessionFacts(name)
        return self.found[name]

    def _open(self, name: str, url: str) -> tuple[RtspSession, RtspTap]:
        tap = RtspTap(name, self._clock, self._bounds)
        self.taps.append(tap)
        session = RtspSession(
            self._make_endpoint(url, tap),
            clock=self._clock,
            waits=_WAITS,
            bounds=self._bounds,
            cancel=self._cancel,
            guard=self._guard,
        )
        return session, tap

    def _run(
        self,
        facts: SessionFacts,
        url: str,
        watch: Callable[[RtspSession, RtspTap], None],
    ) -> None:
        session, tap = self._open(facts.name, url)
        try:
            with session:
                self._start(session, facts)
                watch(session, tap)
        except RtspRefused as refused:
            facts.refused.append((refused.method, refused.status))
            facts.end, facts.error = "error", refused.detail
        except NvrError as error:
            facts.end, facts.error = "error", f"{error.kind}: {error.detail}"
        facts.channels = tap.channels
        _measure(facts)

    def _start(self, session: RtspSession, facts: SessionFacts) -> None:
        description = session.describe()
        chosen = {choose_sound(description)}
        if any(track.format.kind is TrackKind.VIDEO for track in description.tracks):
            chosen.add(choose_video(description, takes_others=True))
        facts.tracks += [
            self._set_up(session, track, facts) if track in chosen else _facts_of(track)
            for track in description.tracks
        ]
        facts.answered_ms = self._play(session, facts)

    def _set_up(
        self, session: RtspSession, track: MediaTrack, facts: SessionFacts
    ) -> TrackFacts:
        found = _facts_of(track)
        while True:
            try:
                channels = session.setup(track, require_replay=facts.require)
            except RtspRefused as refused:
                facts.refused.append(("SETUP", refused.status))
                if refused.status == 551 and facts.require:
                    facts.require = False
                    continue
                if track.format.kind is TrackKind.VIDEO:
                    raise
                return replace(found, refused=refused.status)
            return replace(found, channel=channels.media)

    def _play(
        self, session: RtspSession, facts: SessionFacts
    ) -> tuple[int | None, int | None]:
        wanted = facts.rate_control
        while True:
            start_ms, end_ms = facts.asked_ms or (None, None)
            request = PlayRequest(
                start_ms=start_ms,
                end_ms=None if facts.open_range else end_ms,
                require_replay=facts.require,
                rate_control=facts.rate_control,
                whole_seconds=facts.whole_seconds,
            )
            try:
                answer = session.play(request, DiscardingSink())
            except RtspRefused as refused:
                facts.refused.append(("PLAY", refused.status))
                if not _leave_out(facts, refused.status):
                    # Nothing was accepted, so nothing is known of what it lacks.
                    facts.whole_seconds = facts.open_range = False
                    facts.rate_control = wanted
                    raise
            else:
                return answer.range_start_ms, answer.range_end_ms

    def _to_the_end(
        self, session: RtspSession, tap: RtspTap, facts: SessionFacts
    ) -> None:
        """Receive until the device or we have had enough."""
        begun = quiet_since = self._clock.monotonic()
        while True:
            count = session.receive(0.25)
            now = self._clock.monotonic()
            if count:
                quiet_since = now
            is_first = not any(c.packets for c in tap.channels.values())
            if ended := _ended(session, tap, facts):
                facts.end = ended
                return
            if now - quiet_since > (
                self._patience.first if is_first else self._patience.quiet
            ):
                facts.end = "silence"
                return
            if now - begun > self._patience.fast:
                facts.end = "stopped"
                return

    def _for(
        self, session: RtspSession, tap: RtspTap, seconds: float, facts: SessionFacts
    ) -> None:
        """Receive for so long, longer where nothing has come yet."""
        begun = self._clock.monotonic()
        while not session.is_closed:
            past = self._clock.monotonic() - begun
            has_come = any(c.packets for c in tap.channels.values())
            if past > seconds and (has_come or past > self._patience.first):
                break
            session.receive(0.1)
        facts.end = "close" if session.is_closed else "stopped"

    def _keep_alives(self, session: RtspSession, facts: SessionFacts) -> None:
        for way in _WAYS:
            try:
                facts.keep_alive[way] = session.try_method(way)
            except NvrError as error:
                if error.kind in {ErrorKind.CANCELLED, ErrorKind.AUTH_REFUSED}:
                    raise
                facts.keep_alive[way] = 0
                return

    def _paced(
        self, session: RtspSession, tap: RtspTap, facts: SessionFacts, url: str
    ) -> None:
        self._for(session, tap, self._patience.paced, facts)
        if session.is_closed:
            return
        self.second = self._try_second(url)
        self._keep_alives(session, facts)

    def _try_second(self, url: str) -> SecondSession:
        """Describe and set up beside the session that plays; ends at once."""
        session, _ = self._open("second", url)
        found = SecondSession()
        try:
            with session:
                track = session.describe().tracks[0]
                session.setup(track, require_replay=self.found["paced"].require)
                found.is_allowed = True
        except RtspRefused as refused:
            found.method, found.status = refused.method, refused.status
            found.error = refused.detail
        except NvrError as error:
            found.error = f"{error.kind}: {error.detail}"
        return found


def _facts_of(track: MediaTrack) -> TrackFacts:
    form = track.format
    return TrackFacts(
        form.kind.value,
        form.codec.value,
        form.name,
        form.clock_rate,
        track.payload_type,
    )


def _leave_out(facts: SessionFacts, status: int) -> bool:
    """Leave one thing out of the next PLAY, return whether there was one to leave out."""
    if status == 551 and facts.require:
        facts.require = False
    elif status in {400, 501} and facts.rate_control is not None:
        facts.rate_control = None
    elif status in {400, 457} and not facts.whole_seconds and facts.asked_ms:
        facts.whole_seconds = True
    elif status in {400, 457} and not facts.open_range and facts.asked_ms:
        facts.open_range = True
    else:
        return False
    return True


def _ended(session: RtspSession, tap: RtspTap, facts: SessionFacts) -> str:
    """Return how the device ended the delivery, empty while it goes on."""
    if session.notice is Notice.TERMINATED:
        return "teardown"
    if session.notice is not None:
        return "notice"
    if session.is_closed:
        return "close"
    control = [c for c in tap.channels.values() if c.bye]
    media = [c for c in tap.channels.values() if c.packets]
    if media and len(control) >= len(media):
        return "bye"
    stamps = [c.last_stamp_us for c in media if c.last_stamp_us is not None]
    if facts.asked_ms and stamps:
        end_us = facts.asked_ms[1] * 1000
        if max(stamps) > end_us + _PAST_END_US:
            return "past_end"
    return ""


def _measure(facts: SessionFacts) -> None:
    media = [c for c in facts.channels.values() if c.packets]
    firsts = [c.first_at_s for c in media if c.first_at_s is not None]
    lasts = [c.last_at_s for c in media if c.last_at_s is not None]
    if firsts and lasts:
        facts.play_s = round(max(lasts) - min(firsts), 3)
    stamped = [
        (c.first_stamp_us, c.last_stamp_us)
        for c in media
        if c.first_stamp_us is not None and c.last_stamp_us is not None
    ]
    if stamped:
        spans = [last - first for first, last in stamped]
        facts.footage_s = round(max(spans) / 1e6, 3)
