"""One RTSP session over one connection, blocking, for one thread.

What the requests of a replay or live session mean; how they travel is `exchange.py`.
Media goes to a sink that is handed in (`FrameSink`) whenever bytes are read: also while
an answer is awaited.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import override

from ..cancel import CancelToken
from ..clock import Clock
from ..endpoint import Endpoint
from ..errors import ErrorKind, NvrError
from ..held import Held
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from .conversation import State
from .exchange import Exchange
from .headers import (
    build_clock_range,
    build_transport,
    parse_clock_range,
    parse_number,
    parse_rtp_info,
    parse_transport,
)
from .messages import HeaderItems, Response
from .parser import FrameSink
from .refusals import RtspRefused
from .sdp import parse_sdp
from .session_values import (
    Channels,
    MediaTrack,
    Notice,
    PlayAnswer,
    PlayRequest,
    RtpInfo,
    SessionDescription,
)
from .urls import (
    RtspUrl,
    at_host_of,
    join_control,
    parse_url,
    setup_urls,
    without_credentials,
)

_CHANNELS = 256
_REPLAY_TAG = ("Require", "onvif-replay")
_NOT_THE_URL = frozenset({401, 403, 407, 453, 461, 503, 551})
"""Refusals of SETUP that another URL does not cure."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_INVALID_RANGE = 457
_HUNG_UP = frozenset({ErrorKind.TIMEOUT, ErrorKind.INTERRUPTED})


class RtspSession(Held):
    """Leaving the `with` block tears the session down, within `Waits.teardown`."""

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
        self._exchange = Exchange(
            endpoint,
            clock=clock,
            waits=waits,
            bounds=bounds,
            cancel=cancel,
            guard=guard or LoginGuard(),
        )
        self._request_url = _request_url(endpoint.url)
        self._exchange.control = self._request_url
        self._habits = endpoint.habits
        self._bounds = bounds
        self._tracks: list[MediaTrack] = []
        self._has_played = False
        self._is_base_wrong = False
        """Tracks were found at the request's URL, not where the description says."""

    @property
    def notice(self) -> Notice | None:
        """Return the latest word of the device."""
        return self._exchange.notice

    @property
    def is_closed(self) -> bool:
        """Return whether the device closed the connection in order (or we did)."""
        return self._exchange.is_closed

    @property
    def received(self) -> int:
        """Return how many bytes came since the beginning."""
        return self._exchange.received

    @property
    def has_login(self) -> bool:
        """Return whether the device has asked for a login."""
        return self._exchange.connection.authenticator.has_challenge

    @property
    def stumbles(self) -> int:
        """Return how often bytes came that were neither messages nor frames."""
        return self._exchange.stumbles

    @property
    def is_forgotten(self) -> bool:
        """Return whether the device no longer knew the session (454), TEARDOWN included."""
        return self._exchange.connection.is_forgotten

    def describe(self) -> SessionDescription:
        """Connect if need be, ask OPTIONS (which is optional here) and DESCRIBE.

        Raises `NvrError` (UNREACHABLE, TIMEOUT, TLS, AUTH_REFUSED, PROTOCOL, CANCELLED …)
        or `RtspRefused` with the status.
        """
        exchange = self._exchange
        exchange.open()
        is_mute = self._ask_options()
        response = self._ask_description()
        if is_mute:
            self._habits.skips_options = True
        headers = response.headers
        base = headers.get("Content-Base") or headers.get("Content-Location")
        described = parse_sdp(
            response.body,
            at_host_of(self._request_url, base) or self._request_url,
        )
        if not described.tracks:
            raise NvrError(
                ErrorKind.PROTOCOL,
                "the session description names no track",
                where=exchange.where,
            )
        exchange.control = described.control
        return described

    def _ask_options(self) -> bool:
        """Ask what the device can do; return whether that is silent or hangs up.

        Anything goes on without an answer, but for a login that was refused.
        """
        if self._habits.skips_options:
            return False
        try:
            self._exchange.ask("OPTIONS", self._request_url)
        except RtspRefused:
            return False
        except NvrError as error:
            if error.kind is ErrorKind.UNSUPPORTED:
                return False  # 401 without a challenge
            if error.kind not in _HUNG_UP:
                raise
            self._exchange.reopen()
            return True
        return False

    def _ask_description(self) -> Response:
        """Ask for the tracks; follow the device to other URLs of its own.

        A connection that ends is opened once more: devices close it behind a 401.
        """
        exchange = self._exchange
        moves, may_reopen = 2, True
        while True:
            try:
                return exchange.ask(
                    "DESCRIBE", self._request_url, (("Accept", "application/sdp"),)
                )
            except RtspRefused as refused:
                moved = _moved(self._request_url, refused.location)
                if refused.status not in _MOVED or not moves or not moved:
                    raise
                moves -= 1
                self._request_url = exchange.control = moved
            except NvrError as error:
                if error.kind is not ErrorKind.INTERRUPTED or not may_reopen:
                    raise
                may_reopen = False
                exchange.reopen()

    def setup(self, track: MediaTrack, *, require_replay: bool = False) -> Channels:
        """Set up a track; the channels are those of the answer.

        Where the device does not know the track's URL, or does not answer, others that
        devices were seen to mean are tried, at most `Bounds.setup_urls`. Raises what the
        first one met; UDP_ONLY where the device sends over UDP whatever is asked.
        """
        exchange = self._exchange
        wanted = _free_channel(exchange.channels)
        headers: HeaderItems = (("Transport", build_transport(wanted)),)
        if require_replay:
            headers = (_REPLAY_TAG, *headers)
        url, response = self._ask_setup(track, headers)
        granted = parse_transport(response.headers.get("Transport"))
        if granted.is_udp:
            raise NvrError(
                ErrorKind.UDP_ONLY, "the device sends over UDP", where=exchange.where
            )
        channels = Channels(*(granted.interleaved or (wanted, wanted + 1)))
        if not exchange.channels.isdisjoint((channels.media, channels.control)):
            # Devices that repeat one answer send where they were asked to.
            channels = Channels(wanted, wanted + 1)
        exchange.channels.update((channels.media, channels.control))
        exchange.plan_keep_alive()
        self._tracks.append(replace(track, control=url))
        return channels

    def _ask_setup(
        self, track: MediaTrack, headers: HeaderItems
    ) -> tuple[str, Response]:
        exchange = self._exchange
        urls = setup_urls(self._request_url, track.control, track.attribute)
        if self._is_base_wrong:
            urls = (*urls[1:], urls[0])
        first: NvrError | None = None
        for url in urls[: self._bounds.setup_urls]:
            try:
                response = exchange.ask("SETUP", url, headers)
            except NvrError as error:
                is_silence = error.kind is ErrorKind.TIMEOUT
                if (first and is_silence) or not _is_about_the_url(error):
                    raise first or error from None
                first = first or error
                continue
            if first is not None and url == join_control(
                self._request_url, track.attribute
            ):
                self._is_base_wrong = True
                exchange.control = self._request_url
            return url, response
        assert first
        raise first

    def play(self, request: PlayRequest, sink: FrameSink) -> PlayAnswer:
        """Start or move the delivery; from now on frames go to `sink`.

        The answer may be stuck behind media: after `Bounds.gop_bytes` of it the PLAY
        counts as accepted, and the answer then tells nothing but the CSeq. Where the
        device wants another URL (404, 459, 460), those there are are tried.
        """
        exchange = self._exchange
        headers = play_headers(request)
        exchange.deliver_to(sink)
        try:
            response = self._ask_play(headers)
        except RtspRefused as refused:
            if refused.status != _INVALID_RANGE or request.start_ms is not None:
                raise
            # live: some want a range although there is none to name
            response = self._ask_play((*headers, ("Range", "npt=0.000-")))
        cseq = exchange.connection.cseq
        if response is None:
            exchange.connection.state = State.PLAYING
            return PlayAnswer(cseq)
        start_ms, end_ms = parse_clock_range(response.headers.get("Range"))
        infos = parse_rtp_info(",".join(response.headers.all("RTP-Info")))
        return PlayAnswer(
            cseq,
            start_ms,
            end_ms,
            match_rtp_times(infos, self._tracks),
            parse_number(response.headers.get("Scale")),
            parse_number(response.headers.get("Speed")),
        )

    def receive(self, timeout_s: float) -> int:
        """Read once, at most `receive_bytes`; return the count of bytes, 0 for silence.

        Frames have gone to the sink. Due keep-alives are sent first. At an orderly end
        `is_closed` is set; raises INTERRUPTED when the connection broke or the session is
        no longer known, AUTH_REFUSED, PROTOCOL (`OutOfStep` for nonsense beyond
        `media_resync_bytes`), CANCELLED.
        """
        self._exchange.keep_alive()
        return self._exchange.read(timeout_s)

    def pause(self) -> None:
        """Send PAUSE and wait for the answer; media on the way goes to the sink."""
        self._exchange.ask("PAUSE", self._exchange.control)

    def keep_alive(self) -> None:
        """Send what is due; answers are never waited for (ST 6.7)."""
        self._exchange.keep_alive()

    def try_method(self, method: str) -> int:
        """Ask with a bare request on the running session; return the answer's status.

        Raises what `describe` raises but `RtspRefused`: a refusal is the answer.
        """
        try:
            return self._exchange.ask(method, self._exchange.control).status
        except RtspRefused as refused:
            return refused.status

    def send_with_keep_alives(self, channel: int, packet: bytes) -> None:
        """Send this RTCP packet along with every keep-alive."""
        self._exchange.receiver_reports.append((channel, packet))

    @override
    def release(self) -> None:
        self.close()

    def close(self) -> None:
        """TEARDOWN, wait a little for its answer, close. Never raises; idempotent."""
        self._exchange.close()

    def _ask_play(self, headers: HeaderItems) -> Response | None:
        """Ask at the aggregate URL, and where that is refused at the others there are.

        RFC 2326 11.3: 459 wants the track, 460 the whole; 404 may mean the URL.
        """
        exchange = self._exchange
        response: Response | None = None
        try:
            response = exchange.ask_for_media("PLAY", exchange.control, headers)
        except RtspRefused as refused:
            others = () if self._has_played else self._others(refused.status)
            if not others:
                raise
            for url in others:
                try:
                    response = exchange.ask_for_media("PLAY", url, headers)
                except RtspRefused:
                    continue
                exchange.control = url
                break
            else:
                raise
        exchange.plan_keep_alive()
        self._has_played = True
        return response

    def _others(self, status: int) -> tuple[str, ...]:
        """Return the URLs to try where PLAY was refused for its URL."""
        track = self._tracks[0].control if self._tracks else self._request_url
        others = {
            404: (self._request_url,),
            459: (track, self._request_url),
            460: (self._request_url,),
        }.get(status, ())
        asked = self._exchange.control.removesuffix("/")
        return tuple(url for url in others if url.removesuffix("/") != asked)


def _moved(url: str, location: str) -> str | None:
    """Return where a device sends us, if that is a URL of its own at the same port."""
    moved = at_host_of(url, location) if location else None
    if (
        not moved
        or parse_url(moved).port_or_default() != parse_url(url).port_or_default()
    ):
        return None
    return moved


def _free_channel(taken: AbstractSet[int]) -> int:
    """Return the even channel behind those taken, or where that is none of 256 a gap."""
    behind = max(taken, default=-1) + 1
    behind += behind % 2
    if behind < _CHANNELS:
        return behind
    free = (c for c in range(0, _CHANNELS, 2) if taken.isdisjoint((c, c + 1)))
    return next(free, 0)


def _is_about_the_url(error: NvrError) -> bool:
    """Return whether SETUP at another URL may be answered otherwise."""
    if isinstance(error, RtspRefused):
        return error.status not in _NOT_THE_URL
    return error.kind is ErrorKind.TIMEOUT


def play_headers(request: PlayRequest) -> HeaderItems:
    """Return the headers of a PLAY (ONVIF Streaming 6.4, 6.5, 6.10)."""
    headers: list[tuple[str, str]] = []
    if request.require_replay:
        headers.append(_REPLAY_TAG)
    if request.start_ms is not None:
        value = build_clock_range(
            request.start_ms, request.end_ms, whole_seconds=request.whole_seconds
        )
        headers.append(("Range", value))
    if request.rate_control is not None:
        headers.append(("Rate-Control", "yes" if request.rate_control else "no"))
    if request.immediate:
        headers.append(("Immediate", "yes"))
    if request.frames:
        headers.append(("Frames", request.frames))
    if request.scale is not None:
        headers.append(("Scale", f"{request.scale:.1f}"))
    if request.speed is not None:
        headers.append(("Speed", f"{request.speed:.1f}"))
    return tuple(headers)


def match_rtp_times(
    infos: tuple[RtpInfo, ...], tracks: list[MediaTrack]
) -> dict[int, int]:
    """Return track index to RTP time; RTP-Info's URLs may be relative or rewritten.

    Where no URL fits, the order counts, if there are as many entries as tracks.
    """
    found: dict[int, int] = {}
    for info in infos:
        url = without_credentials(info.url)
        for track in tracks:
            if info.rtp_time is not None and (
                url == track.control or (url and track.control.endswith(f"/{url}"))
            ):
                found[track.index] = info.rtp_time
    if not found and len(infos) == len(tracks):
        for info, track in zip(infos, tracks, strict=True):
            if info.rtp_time is not None:
                found[track.index] = info.rtp_time
    return found


def _request_url(url: str) -> str:
    """Return the URL for request lines: no credentials, and `rtsp` inside a tunnel."""
    parsed = parse_url(url)
    text = without_credentials(url)
    if parsed.scheme in {"http", "https"}:
        return str(RtspUrl("rtsp", parsed.host, parsed.port, parsed.rest))
    return text
