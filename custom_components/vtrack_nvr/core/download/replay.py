"""One replay session set up and playing: the ladder walked down, tracks chosen."""

from dataclasses import dataclass, replace

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint, Transport
from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..policy import Bounds, DevicePolicy, Quirk, Waits
from ..rtsp.refusals import RtspRefused
from ..rtsp.session_values import MediaTrack, PlayAnswer, PlayRequest
from ..stream.tracks import choose_sound, choose_video
from ..stream.unit_stream import UnitStream
from .fallbacks import Ladder

_NOT_THE_SOUND = frozenset(
    {ErrorKind.AUTH_REFUSED, ErrorKind.CANCELLED, ErrorKind.INTERRUPTED}
)
"""Failures at the sound's SETUP that its pictures share; others cost the sound only."""


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What every session of a fetch needs."""

    endpoint: Endpoint
    guard: LoginGuard | None
    clock: Clock
    waits: Waits
    bounds: Bounds
    cancel: CancelToken
    with_sound: bool = True


class Replay:
    """A session of one fetch. Leave the `with` block of `stream` to end it.

    `policy` is what the device has accepted; learn it once `start` has returned.
    """

    stream: UnitStream
    video: MediaTrack
    sound: MediaTrack | None
    answer: PlayAnswer

    def __init__(self, settings: ReplaySettings, policy: DevicePolicy) -> None:
        """Nothing is sent yet."""
        self._settings = settings
        self._ladder = Ladder(policy)
        self.notices: list[str] = []
        self.sound = None
        self.stream = self._open()

    @property
    def policy(self) -> DevicePolicy:
        """Return the policy of the rung we stand on."""
        return self._ladder.policy

    @policy.setter
    def policy(self, policy: DevicePolicy) -> None:
        self._ladder.policy = policy

    def start(self, wanted: TimeRange) -> None:
        """Connect, set up and play a range on the device's clock.

        Raises `NvrError`: what the device refuses on every rung, and what `UnitStream`
        raises. NO_FOOTAGE is a 457 that no other form of the range cures, or a 404 to
        PLAY: the recording itself was found by DESCRIBE.
        """
        self._set_up()
        if self.policy.has(Quirk.PAUSE_BEFORE_PLAY):
            self.stream.play(PlayRequest(require_replay=self._requires))
            self.stream.pause()
        self.answer = self._play_range(wanted)

    def restart_paused(self, wanted: TimeRange) -> None:
        """Pause and play again, for devices that ignore the range of the first PLAY."""
        self.policy = self.policy.learn(Quirk.PAUSE_BEFORE_PLAY)
        self.stream.pause()
        self.answer = self._play_range(wanted)

    @property
    def _requires(self) -> bool:
        return not self.policy.has(Quirk.NO_REQUIRE)

    def _open(self) -> UnitStream:
        settings = self._settings
        endpoint = settings.endpoint
        if self.policy.has(Quirk.HTTP_TUNNEL):
            endpoint = replace(endpoint, transport=Transport.HTTP_TUNNEL)
        endpoint.habits.know(self.policy)
        bounds = settings.bounds
        if not self.policy.has(Quirk.STRAY_BYTES):
            bounds = replace(bounds, media_resync_bytes=0)
        return UnitStream(
            endpoint,
            clock=settings.clock,
            waits=settings.waits,
            bounds=bounds,
            cancel=settings.cancel,
            guard=settings.guard,
        )

    def _set_up(self) -> None:
        description = self.stream.describe()
        self.video = choose_video(description, takes_old=True)
        try:
            self._set_up_track(self.video)
        except RtspRefused as refused:
            if refused.status != 461 or not self._ladder.step_down(461):
                raise
            self.stream.close()
            self.stream = self._open()
            try:
                self._set_up()
            except NvrError as error:
                if error.kind in {ErrorKind.AUTH_REFUSED, ErrorKind.CANCELLED}:
                    raise
                raise refused from error
            return
        sound = choose_sound(description) if self._settings.with_sound else None
        if sound:
            try:
                self._set_up_track(sound)
                self.sound = sound
            except NvrError as error:
                if error.kind in _NOT_THE_SOUND:
                    raise
                detail = error.detail
                if isinstance(error, RtspRefused):
                    detail = f"sound refused with {error.status}"
                self.notices.append(detail)

    def _set_up_track(self, track: MediaTrack) -> None:
        while True:
            try:
                self.stream.setup(track, require_replay=self._requires)
            except RtspRefused as refused:
                if refused.status != 551 or not self._ladder.step_down(551):
                    raise
            else:
                return

    def _play_range(self, wanted: TimeRange) -> PlayAnswer:
        while True:
            policy = self.policy
            request = PlayRequest(
                start_ms=wanted.start_ms,
                end_ms=None if policy.has(Quirk.OPEN_RANGE) else wanted.end_ms,
                require_replay=self._requires,
                rate_control=None if policy.has(Quirk.NO_RATE_CONTROL) else False,
                whole_seconds=policy.has(Quirk.WHOLE_SECONDS),
            )
            try:
                return self.stream.play(request)
            except RtspRefused as refused:
                if refused.status == 404:
                    raise NvrError(
                        ErrorKind.NO_FOOTAGE, refused.detail, where=refused.where
                    ) from refused
                if not self._ladder.step_down(refused.status):
                    raise
