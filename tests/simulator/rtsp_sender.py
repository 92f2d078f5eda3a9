"""The thread that sends media: pacing, reports, and all the ways a stream goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
import secrets
import threading
import time
from typing import Protocol

from .rtp_block import (
    AUDIO,
    DISCONTINUITY,
    END,
    NTP_OFFSET,
    TERMINAL,
    VIDEO,
    Block,
    TrackState,
    Unit,
    ntp_bytes,
    set_flag,
    set_ntp,
    stamp,
)
from .rtp_reports import goodbye, interleaved_rtcp, sender_report, source_description
from .rtsp_faults import RtspFaults
from .rtsp_feed import LiveFeed, Piece, ReplayFeed, StreamChangedError
from .timeline import Clock

CHUNK_BYTES = 256 * 1024
POLL_SECONDS = 0.03
SERVER_REQUESTS = ("OPTIONS", "GET_PARAMETER", "ANNOUNCE", "REDIRECT")


class MediaPipe(Protocol):
    """What a sender needs of the connection."""

    def send_media(self, data: bytes | memoryview) -> None:
        """Send bytes, blocking while the client does not read; OSError when gone."""

    def abort(self, *, reset: bool) -> None:
        """Close the connection: FIN, or RST."""

    def go_deaf(self) -> None:
        """Answer nothing any more."""

    def half_close(self) -> None:
        """Send nothing more, go on listening."""


@dataclass
class PlayOrder:
    """One PLAY, as the sender carries it out."""

    feed: ReplayFeed | LiveFeed
    cseq: int
    real_time: bool
    is_live: bool
    end_ms: int | None
    discontinuity: bool
    after_first: Callable[[], None] | None = None
    """Called once the first units are out (an answer that comes late)."""
    before_abort: Callable[[], None] | None = None
    """Called before the connection is cut off: whoever sees that may come back at once."""
    follow_live: LiveFeed | None = None
    """Goes on with this after the end."""


@dataclass
class Progress:
    """What was sent, for tests to look at."""

    frames: int = 0
    bytes: int = 0
    last_ms: int | None = None
    ended: bool = False
    is_forgotten: bool = False
    """The session is to be unknown from now on."""


class StoppedError(Exception):
    """The sender was told to stop."""


@dataclass
class MediaSender:
    """Sends one PLAY's media in a thread of its own until stopped or cut off."""

    pipe: MediaPipe
    order: PlayOrder
    tracks: list[TrackState | None]
    faults: RtspFaults
    clock: Clock
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._main, name="sim-media", daemon=True
        )
        self._began: float | None = None
        self._first_media_ms = 0
        self._skipped_ms = 0
        self._sent_bytes = 0
        self._window = (0.0, 0)
        self._reported = 0.0
        self._packets_seen = 0
        self._jumps = 0
        self._started = time.monotonic()

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, timeout: float = 20.0) -> None:
        """End between two frames; returns when the thread has ended."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _main(self) -> None:
        try:
            self._run()
        except StreamChangedError:
            self._abort(reset=False)
        except StoppedError, OSError:
            return

    def _run(self) -> None:
        self._sleep(self.faults.first_packet_delay)
        self._started = time.monotonic()
        self._report(force=True)
        first = True
        feed = self.order.feed
        while True:
            self._check()
            piece = feed.next()
            if piece is None:
                if feed.exhausted:
                    break
                self._report()
                self._sleep(POLL_SECONDS)
                continue
            if piece.after_gap_ms:
                self._skipped_ms += piece.after_gap_ms
                if self.faults.restart_rtp_at_gaps:
                    self._new_rtp_times()
            if piece.block.units:
                self._send_piece(piece, first=first)
                if first and self.order.after_first:
                    self.order.after_first()
                    self.order.after_first = None
                first = False
            if piece.ends_all:
                self._at_end()
                if feed.exhausted:
                    return
            self._report()
        self._at_end()

    # --- One piece ---------------------------------------------------------------------

    def _send_piece(self, piece: Piece, *, first: bool) -> None:
        if first:
            self._first_media_ms = piece.block.units[0].time_ms
            if self.faults.rtp_wraps:
                for state in self.tracks:
                    if state is not None:
                        start = self._first_media_ms * (state.clock // 1000)
                        state.rtp_base = (2**32 - 3 * state.clock - start) % 2**32
        runs_on = self.order.real_time or self.order.is_live
        shift = self._skipped_ms if runs_on else 0
        cseq = 0 if self.faults.constant_cseq else self.order.cseq
        self._jump(piece)
        data = stamp(piece.block, self.tracks, shift, cseq, self._pace_of_rtp)
        self._flag(piece, data, first=first)
        if self._plain():
            self._send_quickly(piece.block, data)
        else:
            for unit in piece.block.units:
                self._send_unit(piece.block, data, unit)

    @property
    def _pace_of_rtp(self) -> float:
        return self.faults.rtp_pace if self.order.is_live else 1.0

    def _jump(self, piece: Piece) -> None:
        """Let the RTP times of the video jump where that is due."""
        if self.faults.rtp_jump is None or not self.order.is_live:
            return
        every_ms, by_ms = self.faults.rtp_jump
        number = (piece.block.units[0].time_ms - self._first_media_ms) // every_ms
        state = self.tracks[VIDEO]
        if number > self._jumps and state is not None:
            self._jumps = number
            state.rtp_base = (state.rtp_base + by_ms * (state.clock // 1000)) % 2**32

    def _flag(self, piece: Piece, data: bytearray, *, first: bool) -> None:
        block, faults = piece.block, self.faults
        for track in (VIDEO, AUDIO):
            units = [unit for unit in block.units if unit.track == track]
            if not units:
                continue
            jumped = (first and self.order.discontinuity) or piece.after_gap_ms > 0
            if faults.discontinuity_flags and jumped:
                set_flag(block, data, units[0], DISCONTINUITY)
            if faults.terminal_flags and not self.order.is_live:
                if piece.ends_section:
                    set_flag(block, data, units[-1], END)
                if self._is_terminal(piece):
                    set_flag(block, data, units[-1], TERMINAL)
        for unit in block.units if self._has_odd_times() else ():
            set_ntp(block, data, unit, self._odd_time(unit))

    def _has_odd_times(self) -> bool:
        faults = self.faults
        return (
            faults.wall_clock_ntp
            or faults.extension_off_ms != 0
            or faults.extension_times != "capture"
        )

    def _odd_time(self, unit: Unit) -> int:
        """Return what a device without a notion of capture tells."""
        faults = self.faults
        if faults.wall_clock_ntp:
            return self.clock.now_ms()
        if faults.extension_times == "constant":
            return self._first_media_ms + faults.extension_off_ms
        if faults.extension_times == "1900":
            return unit.time_ms - self._first_media_ms - NTP_OFFSET * 1000 + 1
        return unit.time_ms + faults.extension_off_ms

    def _is_terminal(self, piece: Piece) -> bool:
        if self.order.follow_live is not None or not piece.ends_all:
            return False
        return piece.ends_section or self.faults.terminal_at_range_end

    def _plain(self) -> bool:
        """Return whether the bytes may go out as they are, as fast as TCP takes them."""
        faults = self.faults
        return not (
            self.order.real_time
            or self.order.is_live
            or faults.rate_limit_bytes
            or faults.slow_start
            or faults.drop_after_frames is not None
            or faults.reset_after_frames is not None
            or faults.stall_after_frames is not None
            or faults.deaf_after_frames is not None
            or faults.expire_after_frames is not None
            or faults.damaged_at_ms is not None
            or faults.sequence_hole_every
            or faults.garbage_every_frames
            or faults.unknown_channel_frames
            or faults.wrong_length_after_frames is not None
            or faults.server_requests
        )

    def _send_quickly(self, block: Block, data: bytearray) -> None:
        view = memoryview(data)
        start = 0
        for unit in block.units:
            if unit.end - start >= CHUNK_BYTES:
                self._put(view[start : unit.end])
                start = unit.end
        if start < len(data):
            self._put(view[start:])
        for unit in block.units:
            self._count(unit)

    def _send_unit(self, block: Block, data: bytearray, unit: Unit) -> None:
        faults = self.faults
        self._pace(unit)
        part: bytes | bytearray = data[unit.start : unit.end]
        if unit.track == VIDEO:
            self._break_off(unit, part)
            number = self.progress.frames
            if (
                faults.garbage_every_frames
                and number % faults.garbage_every_frames == 1
            ):
                self._put(b"\x00\x7fVT")
            if faults.unknown_channel_frames:
                self._put(b"$\x2a\x00\x10" + bytes(16))
            if faults.server_requests and number % 10 == 1:
                method = SERVER_REQUESTS[number // 10 % len(SERVER_REQUESTS)]
                self._put(method.encode() + b" * RTSP/1.0\r\nCSeq: 9001\r\n\r\n")
            wrong = faults.wrong_length_after_frames
            if (
                wrong is not None
                and number >= wrong
                and faults.spend("wrong_length_after_frames", value=True)
            ):
                size = int.from_bytes(part[2:4]) + 37
                part = part[:2] + size.to_bytes(2) + part[4:]
        if faults.sequence_hole_every:
            part = self._with_holes(block, data, unit)
        for _ in range(1 + (faults.repeats if self.order.is_live else 0)):
            self._check()
            self._put(part)
        self._count(unit)

    def _with_holes(self, block: Block, data: bytearray, unit: Unit) -> bytes:
        parts = []
        for index in range(unit.first, unit.last):
            self._packets_seen += 1
            if self._packets_seen % (self.faults.sequence_hole_every or 1) == 0:
                continue
            start = int(block.offsets[index]) - 4
            size = int.from_bytes(data[start + 2 : start + 4])
            parts.append(data[start : start + 4 + size])
        return b"".join(parts)

    def _break_off(self, unit: Unit, part: bytes | bytearray) -> None:
        """Carry out what ends a stream in the middle of a frame."""
        faults, sent = self.faults, self.progress.frames
        for name, reset in (("drop_after_frames", False), ("reset_after_frames", True)):
            limit = getattr(faults, name)
            if limit is not None and sent >= limit and faults.spend(name, value=True):
                self._put(part[: max(8, len(part) // 2)])
                self._abort(reset=reset)
                raise StoppedError
        if faults.damaged_at_ms is not None:
            at = faults.damaged_at_ms
            if unit.time_ms <= at < unit.time_ms + 100 and faults.spend(
                "damaged_at_ms", value=True
            ):
                self._abort(reset=False)
                raise StoppedError
        for name in ("stall_after_frames", "deaf_after_frames", "expire_after_frames"):
            limit = getattr(faults, name)
            if limit is not None and sent >= limit and faults.spend(name, value=True):
                if name == "deaf_after_frames":
                    self.pipe.go_deaf()
                if name == "expire_after_frames":
                    self.progress.is_forgotten = True
                self._stop.wait()
                raise StoppedError

    def _pace(self, unit: Unit) -> None:
        faults = self.faults
        now = time.monotonic()
        if unit.key and unit.track == VIDEO:
            self._sleep(faults.late_keys_ms / 1000)
        if self.order.real_time and not self.order.is_live:
            if self._began is None:
                self._began = now
            media = unit.time_ms - self._first_media_ms - self._skipped_ms
            due = self._began + media / 1000 / faults.real_time_factor
            self._sleep(due - now)
            if unit.track == VIDEO:
                self._report()
        if now - self._started < faults.slow_start and unit.track == VIDEO:
            self._sleep(0.2)
        if faults.rate_limit_bytes:
            since, sent = self._window
            if since == 0.0 or now - since > 1.0:
                since, sent = now, 0
            sent += unit.end - unit.start
            self._window = since, sent
            self._sleep(since + sent / faults.rate_limit_bytes - now)

    # --- The end -----------------------------------------------------------------------

    def _at_end(self) -> None:
        if self.progress.ended:
            return
        self.progress.ended = True
        faults = self.faults
        if self.order.follow_live is not None:
            self.order.feed = self.order.follow_live
            self.order.follow_live = None
            self.order.is_live = True
            self.order.real_time = False
            self._run_live()
        if faults.end_notice is not None:
            self._put(
                f"ANNOUNCE * RTSP/1.0\r\nCSeq: 9002\r\n"
                f"x-notice: {faults.end_notice} End-of-Stream Reached\r\n\r\n".encode()
            )
        kind = faults.end_of_range
        if kind == "close":
            self._abort(reset=False)
        elif kind == "half_close":
            self.pipe.half_close()
        elif kind != "silence":
            for state in self.tracks:
                if state is not None:
                    self._put(interleaved_rtcp(state, goodbye(state, kind)))

    def _run_live(self) -> None:
        while True:
            self._check()
            piece = self.order.feed.next()
            if piece is None:
                self._sleep(POLL_SECONDS)
            else:
                self._send_piece(piece, first=False)

    # --- RTCP --------------------------------------------------------------------------

    def _report(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._reported < self.faults.report_seconds:
            return
        self._reported = now
        order, faults = self.order, self.faults
        if order.is_live or order.real_time:
            kind = faults.live_sender_reports
        else:
            kind = {"wall": "good"}.get(faults.sender_reports, faults.sender_reports)
        if kind == "none":
            return
        for state in self.tracks:
            if state is None:
                continue
            moment = self.clock.now_ms()
            if kind == "zero":
                ntp, rtp = bytes(8), 0
            else:
                told = moment - 1_500 if kind == "late" else moment
                wrong = {"wrong": 5_000_000, "contrary": secrets.randbelow(60_000)}
                media = self._media_now(told)
                if self._pace_of_rtp != 1.0:
                    media = int(
                        media % (2**40 // (state.clock // 1000)) * self._pace_of_rtp
                    )
                ntp, rtp = ntp_bytes(told + wrong.get(kind, 0)), state.rtp_time(media)
            body = sender_report(state, ntp, rtp) + source_description(state)
            self._put(interleaved_rtcp(state, body))

    def _media_now(self, now_ms: int) -> int:
        """Return the media time being played at a time of the device's clock."""
        if self.order.is_live or self._began is None:
            return now_ms - self._skipped_ms
        elapsed = (time.monotonic() - self._began) * self.faults.real_time_factor
        return self._first_media_ms + round(elapsed * 1000)

    def _new_rtp_times(self) -> None:
        for state in self.tracks:
            if state is not None:
                state.rtp_base = secrets.randbits(32)

    # --- Plumbing ----------------------------------------------------------------------

    def _count(self, unit: Unit) -> None:
        if unit.track == VIDEO:
            self.progress.frames += 1
            self.progress.last_ms = unit.time_ms

    def _abort(self, *, reset: bool) -> None:
        if self.order.before_abort:
            self.order.before_abort()
        self.pipe.abort(reset=reset)

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        self._check()
        self.pipe.send_media(memoryview(data))
        self.progress.bytes += len(data)

    def _check(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _sleep(self, seconds: float) -> None:
        if seconds > 0 and self._stop.wait(seconds):
            raise StoppedError
