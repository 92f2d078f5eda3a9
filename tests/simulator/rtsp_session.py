"""What a client may ask, and in which order (RFC 2326, ONVIF Streaming §5–6)."""

import re
import secrets
import time
from typing import TYPE_CHECKING

from .rtp_block import AUDIO, VIDEO, TrackState
from .rtsp_answers import (
    content_base,
    encode,
    play_range,
    session_header,
    transport,
)
from .rtsp_choice import extension_mode, feed_choice
from .rtsp_faults import RtspFaults
from .rtsp_feed import LiveFeed, ReplayFeed
from .rtsp_message import Request, Response
from .rtsp_range import format_clock, requested_range
from .rtsp_sdp import control_url, write_sdp
from .rtsp_sender import MediaSender, PlayOrder
from .rtsp_state import FEATURE, Play, Refused, Session, session_id_of
from .timeline import LiveSource, Timeline

if TYPE_CHECKING:
    from .rtsp_connection import Connection
    from .rtsp_server import RtspServer

METHODS = (
    "OPTIONS",
    "DESCRIBE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "TEARDOWN",
)
TRACK = re.compile(r"/?trackID=(\d+)")
INTERLEAVED = re.compile(r"interleaved=(\d+)(?:-(\d+))?")


class RequestHandler:
    """Answers one connection's requests."""

    def __init__(self, server: RtspServer, connection: Connection, host: str) -> None:
        self._server = server
        self._connection = connection
        self._host = host
        self.sessions: dict[str, Session] = {}
        self._last_cseq = "0"

    # --- Entry -------------------------------------------------------------------------

    def handle(self, request: Request) -> None:
        """Answer one request."""
        server = self._server
        server.count_request(request)
        faults = self._faults_of(request.uri)
        if faults.reply_delay:
            time.sleep(faults.reply_delay)
        self._touch(request)
        try:
            response = self._answer(request, faults)
        except Refused as refused:
            response = refused.response
            if faults.silent_404 and response.status == 404:
                return
        if response is None:
            return
        self._connection.hold_replies = faults.replies_behind_media and self.is_playing
        self._connection.send_reply(self._encode(request, response, faults))

    def _encode(
        self, request: Request, response: Response, faults: RtspFaults
    ) -> bytes:
        last, self._last_cseq = self._last_cseq, request.headers.get("cseq", "0")
        return encode(request, response, faults, last)

    def _answer(self, request: Request, faults: RtspFaults) -> Response | None:
        if not request.headers.get("cseq", "").isdigit():
            raise Refused(400)
        if request.method not in METHODS:
            raise Refused(501, ("Public", self._public(faults)))
        if request.method == "GET_PARAMETER" and faults.no_get_parameter:
            raise Refused(405, ("Allow", self._public(faults)))
        if request.method == "OPTIONS" and "session" not in request.headers:
            return Response(200, [("Public", self._public(faults))])
        self._authorize(request, faults)
        status = faults.keep_alive_status.get(request.method)
        if status is not None and self.is_playing:
            if not status:
                return None
            raise Refused(status)
        if request.method == "TEARDOWN" and faults.no_teardown_answer:
            return None
        if (status := faults.status_on.get(request.method)) and faults.spend(
            "status_on", value=True
        ):
            raise Refused(status)
        self._require(request, faults)
        handler = getattr(self, f"_{request.method.lower()}")
        response: Response | None = handler(request, faults)
        return response

    def _public(self, faults: RtspFaults) -> str:
        return ", ".join(
            method
            for method in METHODS
            if method != "GET_PARAMETER" or not faults.no_get_parameter
        )

    def _authorize(self, request: Request, faults: RtspFaults) -> None:
        refusal = self._server.authenticator.check(request, faults)
        limit = faults.lock_after_failures
        if limit is not None and self._server.counters.auth_failures >= limit:
            refusal = self._server.authenticator.refusal(request, faults)
        if refusal is None:
            return
        if refusal.attempted:
            self._server.count_auth_failure()
        if faults.stop_without_authorized_keep_alive:
            for session in self.sessions.values():
                if session.sender is not None:
                    session.sender.stop()
        headers = [("WWW-Authenticate", text) for text in refusal.challenges]
        raise Refused(401, *headers)

    def _require(self, request: Request, faults: RtspFaults) -> None:
        tags = [
            tag.strip()
            for tag in request.headers.get("require", "").split(",")
            if tag.strip()
        ]
        unknown = [tag for tag in tags if tag != FEATURE or faults.refuse_require]
        if unknown:
            raise Refused(551, ("Unsupported", ", ".join(unknown)))

    def _touch(self, request: Request) -> None:
        counts = self._faults_of(request.uri).keep_alive_counts
        if session := self.sessions.get(session_id_of(request)):
            is_playing = session.sender is not None
            if not is_playing or counts is None or request.method in counts:
                session.last_sign = time.monotonic()

    # --- Methods -----------------------------------------------------------------------

    def _options(self, request: Request, faults: RtspFaults) -> Response:
        self._session(request)
        return Response(200, [("Public", self._public(faults))])

    def _describe(self, request: Request, faults: RtspFaults) -> Response:
        accept = request.headers.get("accept", "application/sdp")
        if "application/sdp" not in accept and "*/*" not in accept:
            raise Refused(406)
        path, track, source = self._resource(request.uri)
        if source is None or track is not None or faults.not_found:
            raise Refused(404)
        if faults.busy_on_describe:
            self._check_room(faults)
        named = content_base(request.uri, faults)
        base = named[0][1] if named else request.uri
        if faults.content_base not in {"slash", "no-slash", "location"}:
            base = request.uri
        media = self._server.media(path, source, faults)
        headers = [("Content-Type", "application/sdp"), *named]
        sdp = write_sdp(source.camera_name, media, base, faults)
        return Response(200, headers, sdp)

    def _setup(self, request: Request, faults: RtspFaults) -> Response:
        path, number, source = self._resource(request.uri)
        if source is None:
            raise Refused(404)
        _, asks, query = request.uri.partition("?")
        if faults.control == "after-query" and asks and "/trackID=" not in query:
            raise Refused(404)
        media = self._server.media(path, source, faults)
        chosen = {control_url(item, "", faults)[-1]: item for item in media}
        item = chosen.get(str(number)) if number is not None else None
        if number is None and faults.control in {"star", "missing"}:
            item = media[0]
        if item is None:
            raise Refused(404 if number is not None else 459)
        known = session_id_of(request)
        session = self._session(request) if known else None
        if session is not None and (session.sender or session.path != path):
            raise Refused(455)
        channel = self._channel(request, faults, session)
        if session is None:
            self._check_room(faults)
            session = self._open(path)
        session.required = FEATURE in request.headers.get("require", "")
        state = TrackState(
            channel,
            item.payload_type,
            item.clock,
            secrets.randbits(32),
            secrets.randbits(16),
            secrets.randbits(32),
        )
        session.tracks[VIDEO if item.kind == "video" else AUDIO] = state
        text = transport(channel, state.ssrc, faults)
        return Response(200, [session_header(session, faults), ("Transport", text)])

    def _channel(
        self, request: Request, faults: RtspFaults, session: Session | None
    ) -> int:
        """Return the RTP channel for an acceptable transport."""
        taken = {
            state.channel
            for state in (session.tracks if session else [])
            if state is not None
        }
        for offer in request.headers.get("transport", "").split(","):
            if not offer.strip().upper().startswith("RTP/AVP/TCP"):
                continue
            if faults.udp_only == "461":
                break
            if faults.refuse_interleaved and not self._connection.is_tunnel:
                break
            found = INTERLEAVED.search(offer)
            channel = (int(found[1]) if found else 0) + faults.channel_shift
            while channel in taken or channel + 1 in taken:
                channel += 2
            if channel > 254:
                raise Refused(400)
            return channel
        raise Refused(461)

    def _play(self, request: Request, faults: RtspFaults) -> Response | None:
        session = self._session(request)
        self._aggregate(request, session)
        if faults.forbidden:
            raise Refused(403)
        if all(state is None for state in session.tracks):
            raise Refused(455)
        control = request.headers.get("rate-control", "yes").strip().lower()
        if "rate-control" in request.headers:
            if faults.refuse_rate_control is not None:
                raise Refused(faults.refuse_rate_control)
            if control not in {"yes", "no"}:
                raise Refused(400)
        if control == "no" and request.headers.get("scale", "1.0") not in {"1", "1.0"}:
            raise Refused(400)  # ST §6.5; playing backwards is not offered
        source = self._server.source(session.path)
        if source is None:
            raise Refused(404)
        if isinstance(source, LiveSource):
            return self._play_live(request, session, source, faults)
        return self._play_recording(request, session, source, faults, control == "yes")

    def _play_live(
        self, request: Request, session: Session, source: LiveSource, faults: RtspFaults
    ) -> Response | None:
        if session.sender is not None:
            return Response(200, [session_header(session, faults)])
        choice = feed_choice(session, faults, request, extension="none")
        feed = LiveFeed(source, self._server.clock, self._server.blocks, choice)
        order = PlayOrder(
            feed,
            int(request.headers["cseq"]),
            real_time=False,
            is_live=True,
            end_ms=None,
            discontinuity=False,
        )
        headers = [session_header(session, faults)]
        if feed.first_ms is not None and not faults.no_rtp_info:
            # ST §5.2.2.3: the absolute start belongs into the answer.
            headers.append(("Range", f"clock={format_clock(feed.first_ms)}-"))
            headers.append(
                ("RTP-Info", self._rtp_info(request, session, feed.first_ms))
            )
        return self._start(request, session, order, faults, headers, None, None)

    def _play_recording(
        self,
        request: Request,
        session: Session,
        source: Timeline,
        faults: RtspFaults,
        paced: bool,
    ) -> Response | None:
        now = self._server.clock.now_ms()
        start, end = requested_range(
            request.headers.get("range", "").strip(),
            session.paused_at_ms,
            source.earliest_ms(now) or 0,
            faults,
        )
        session.paused_at_ms = None
        immediate = False
        if session.sender is not None:
            immediate = request.headers.get("immediate", "no").strip().lower() == "yes"
            if not immediate and not session.sender.progress.ended:
                raise Refused(455)
            session.sender.stop()
            session.sender = None
        extension = extension_mode(request, session, faults)
        choice = feed_choice(session, faults, request, extension)
        feed = ReplayFeed(
            source,
            self._server.clock,
            self._server.blocks,
            start,
            None if faults.plays_past_end else end,
            choice,
        )
        order = PlayOrder(
            feed,
            int(request.headers["cseq"]),
            real_time=paced or faults.ignore_rate_control,
            is_live=False,
            end_ms=end,
            discontinuity=immediate,
        )
        empty = feed.first_ms is None or (end is not None and feed.first_ms >= end)
        empty = empty or faults.plays_live
        live = self._server.live_of(source)
        is_outside_live = faults.outside_range == "live" or faults.plays_live
        goes_live = faults.live_at_end or (empty and is_outside_live)
        if goes_live and live is not None:
            order.follow_live = LiveFeed(
                live, self._server.clock, self._server.blocks, choice
            )
        if empty:
            if faults.outside_range in {"457", "404"} and not faults.plays_live:
                raise Refused(int(faults.outside_range))
            feed = ReplayFeed(
                source, self._server.clock, self._server.blocks, 1 << 60, start, choice
            )
            feed.first_ms = None
            order.feed = feed
        headers = [session_header(session, faults)]
        if feed.first_ms is not None and not faults.no_rtp_info:
            headers += play_range(feed.first_ms, (start, end), faults)
            headers.append(
                ("RTP-Info", self._rtp_info(request, session, feed.first_ms))
            )
        return self._start(request, session, order, faults, headers, start, end)

    def _start(
        self,
        request: Request,
        session: Session,
        order: PlayOrder,
        faults: RtspFaults,
        headers: list[tuple[str, str]],
        start_ms: int | None,
        end_ms: int | None,
    ) -> Response | None:
        sender = MediaSender(
            self._connection, order, session.tracks, faults, self._server.clock
        )
        session.sender = sender
        order.before_abort = lambda: self._server.session_closed(
            session.identifier, leaked=faults.leaks_sessions
        )
        play = Play(
            session.path,
            request.uri,
            dict(request.headers),
            time.monotonic(),
            start_ms,
            end_ms,
            sender,
        )
        self._server.count_play(play)
        response = Response(200, headers)
        encoded = self._encode(request, response, faults)
        if faults.play_reply_after_media:
            order.after_first = lambda: self._connection.send_reply(encoded)
        else:
            self._connection.send_reply(encoded)
        sender.start()
        return None

    def _pause(self, request: Request, faults: RtspFaults) -> Response:
        session = self._session(request)
        self._aggregate(request, session)
        if session.sender is not None:
            session.sender.stop()
            last = session.sender.progress.last_ms
            session.paused_at_ms = None if last is None else last + 100
            session.sender = None
        return Response(200, [session_header(session, faults)])

    def _get_parameter(self, request: Request, faults: RtspFaults) -> Response:
        session = self._session(request)
        return Response(200, [session_header(session, faults)])

    def _set_parameter(self, request: Request, faults: RtspFaults) -> Response:
        return self._get_parameter(request, faults)

    def _teardown(self, request: Request, faults: RtspFaults) -> Response:
        session = self._session(request)
        if not faults.ignore_teardown:
            self.close(session)
        return Response(200)

    # --- Sessions ----------------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Return whether media is being sent."""
        return any(session.sender for session in self.sessions.values())

    def _open(self, path: str) -> Session:
        now = time.monotonic()
        session = Session(str(secrets.randbelow(10**8)).zfill(8), path, now, now)
        self.sessions[session.identifier] = session
        self._server.session_opened(session.identifier)
        return session

    def _session(self, request: Request) -> Session:
        session = self.sessions.get(session_id_of(request))
        if session is not None and session.is_forgotten:
            self.close(session, expired=True)
            session = None
        if session is None:
            raise Refused(454)
        return session

    def close(
        self, session: Session, *, leaked: bool = False, expired: bool = False
    ) -> None:
        """End a session."""
        if expired:
            self._server.count_expired()
        if session.sender is not None:
            session.sender.stop()
        self.sessions.pop(session.identifier, None)
        self._server.session_closed(session.identifier, leaked=leaked)

    def expire(self) -> None:
        """End sessions of which nothing was heard for their timeout (ST §5.2.2.2)."""
        now = time.monotonic()
        for session in list(self.sessions.values()):
            faults = self._server.faults_of(session.path)
            quiet = now - session.last_sign > faults.session_timeout
            limit = faults.expire_sessions_after
            is_old = limit is not None and now - session.opened > limit
            if quiet or is_old or session.is_forgotten:
                self.close(session, expired=True)
                if faults.closes_at_timeout:
                    self._connection.abort(reset=False)

    def heard_rtcp(self) -> None:
        """Note a receiver report: a sign of life for every session."""
        for session in self.sessions.values():
            counts = self._server.faults_of(session.path).keep_alive_counts
            if counts is None or "reports" in counts:
                session.last_sign = time.monotonic()

    def _check_room(self, faults: RtspFaults) -> None:
        busy = faults.busy and faults.spend("busy", value=True)
        limit = faults.max_sessions
        if busy or (limit is not None and self._server.sessions_open >= limit):
            raise Refused(faults.busy_status)

    # --- Details of requests -----------------------------------------------------------

    def _faults_of(self, uri: str) -> RtspFaults:
        return self._server.faults_of(self._resource(uri)[0])

    def _resource(
        self, uri: str
    ) -> tuple[str, int | None, Timeline | LiveSource | None]:
        """Return (path, track number, source) a URI names; source None: unknown."""
        rest = uri.partition("://")[2] if "://" in uri else uri
        path = "/" + rest.partition("/")[2]
        found = TRACK.search(path)
        track = int(found[1]) if found else None
        path = TRACK.sub("", path)
        for candidate in (path, path.rstrip("/"), path.replace("/?", "?")):
            source = self._server.source(candidate)
            if source is not None:
                return candidate, track, source
        bare = path.partition("?")[0].rstrip("/")
        return bare, track, self._server.source(bare)

    def _aggregate(self, request: Request, session: Session) -> None:
        """Refuse to play or pause one track of several (RFC 2326 §11.3.11)."""
        path, track, _ = self._resource(request.uri)
        if path != session.path:
            raise Refused(404)
        several = sum(state is not None for state in session.tracks) > 1
        if track is not None and several:
            raise Refused(460)

    def _rtp_info(self, request: Request, session: Session, first_ms: int) -> str:
        base = TRACK.sub("", request.uri).rstrip("/")
        return ",".join(
            f"url={base}/trackID={number};seq={state.sequence}"
            f";rtptime={state.rtp_time(first_ms)}"
            for number, state in enumerate(session.tracks, 1)
            if state is not None
        )
