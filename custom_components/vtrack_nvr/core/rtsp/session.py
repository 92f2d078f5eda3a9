"""One RTSP session over one connection, blocking, for one thread.

What the requests of a replay or live session mean; how they travel is `exchange.py`.
Media goes to a sink that is handed in (`FrameSink`) whenever bytes are read: also while
an answer is awaited.
"""

from typing import override

from ..cancel import CancelToken
from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..held import Held
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from .connection import State
from .errors import RtspRefused
from .exchange import Exchange
from .headers import (
    build_clock_range,
    build_transport,
    parse_clock_range,
    parse_number,
    parse_rtp_info,
    parse_transport,
)
from .messages import HeaderItems
from .parser import FrameSink
from .sdp import parse_sdp
from .urls import RtspUrl, join_control, parse_url, without_credentials
from .values import (
    Channels,
    Endpoint,
    MediaTrack,
    Notice,
    PlayAnswer,
    PlayRequest,
    RtpInfo,
    SessionDescription,
)

_REPLAY_TAG = ("Require", "onvif-replay")


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
        self._tracks: list[MediaTrack] = []

    @property
    def notice(self) -> Notice | None:
        """Return the latest word of the device."""
        return self._exchange.notice

    @property
    def is_closed(self) -> bool:
        """Say whether the device closed the connection in order (or we did)."""
        return self._exchange.is_closed

    @property
    def received(self) -> int:
        """Return how many bytes came since the beginning."""
        return self._exchange.received

    @property
    def stumbles(self) -> int:
        """Return how often bytes came that were neither messages nor frames."""
        return self._exchange.stumbles

    @property
    def is_forgotten(self) -> bool:
        """Say whether the device no longer knew the session (454), TEARDOWN included."""
        return self._exchange.connection.is_forgotten

    def describe(self) -> SessionDescription:
        """Connect if need be, ask OPTIONS and DESCRIBE.

        Raises `NvrError` (UNREACHABLE, TIMEOUT, TLS, AUTH_REFUSED, PROTOCOL, CANCELLED …)
        or `RtspRefused` with the status.
        """
        exchange = self._exchange
        exchange.open()
        try:
            exchange.ask("OPTIONS", self._request_url)
        except RtspRefused as refused:
            if refused.kind in {ErrorKind.NO_PERMISSION, ErrorKind.BUSY}:
                raise
        response = exchange.ask(
            "DESCRIBE", self._request_url, (("Accept", "application/sdp"),)
        )
        headers = response.headers
        base = headers.get("Content-Base") or headers.get("Content-Location")
        described = parse_sdp(response.body, join_control(self._request_url, base))
        if not described.tracks:
            raise NvrError(
                ErrorKind.PROTOCOL,
                "the session description names no track",
                where=exchange.where,
            )
        exchange.control = described.control
        return described

    def setup(self, track: MediaTrack, *, require_replay: bool = False) -> Channels:
        """Set up a track; the channels are those of the answer."""
        exchange = self._exchange
        wanted = max(exchange.channels, default=-1) + 1
        wanted += wanted % 2
        headers: HeaderItems = (("Transport", build_transport(wanted)),)
        if require_replay:
            headers = (_REPLAY_TAG, *headers)
        response = exchange.ask("SETUP", track.control, headers)
        granted = parse_transport(response.headers.get("Transport")).interleaved
        channels = Channels(*(granted or (wanted, wanted + 1)))
        if not exchange.channels.isdisjoint((channels.media, channels.control)):
            raise NvrError(
                ErrorKind.PROTOCOL, "two tracks on one channel", where=exchange.where
            )
        exchange.channels.update((channels.media, channels.control))
        exchange.plan_keep_alive()
        self._tracks.append(track)
        return channels

    def play(self, request: PlayRequest, sink: FrameSink) -> PlayAnswer:
        """Start or move the delivery; from now on frames go to `sink`.

        The answer may be stuck behind media: after `Bounds.gop_bytes` of it the PLAY
        counts as accepted, and the answer then tells nothing but the CSeq. Where the device wants
        the other URL (459, 460), that is tried.
        """
        exchange = self._exchange
        headers = play_headers(request)
        exchange.deliver_to(sink)
        try:
            response = exchange.ask_for_media("PLAY", exchange.control, headers)
        except RtspRefused as refused:
            other = self._other_target(refused.status)
            if other is None:
                raise
            exchange.control = other
            response = exchange.ask_for_media("PLAY", other, headers)
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

    def send_with_keep_alives(self, channel: int, packet: bytes) -> None:
        """Send this RTCP packet along with every keep-alive."""
        self._exchange.receiver_reports.append((channel, packet))

    @override
    def release(self) -> None:
        self.close()

    def close(self) -> None:
        """TEARDOWN, wait a little for its answer, close. Never raises; idempotent."""
        self._exchange.close()

    def _other_target(self, status: int) -> str | None:
        """Return the URL to try where PLAY was refused for its URL (RFC 2326 11.3)."""
        current = self._exchange.control
        if status == 459 and self._tracks:
            target = self._tracks[0].control
        elif status == 460:
            target = self._request_url
        else:
            return None
        return target if target != current else None


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
