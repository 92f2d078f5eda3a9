"""What is sent next: a recording's footage, or the live picture, piece by piece."""

from collections import OrderedDict
from dataclasses import dataclass, field
import threading

from .footage import FootageStore
from .footage_audio import AudioLoop, audio_loop
from .footage_video import Gop
from .rtp_block import Block, PacketStyle, build_block
from .timeline import (
    FRAME_MS,
    AudioCodec,
    Clock,
    LiveSource,
    Look,
    Span,
    Timeline,
)

LATEST_MS = 10_000
"""How far behind its clock a live picture may be before it leaves frames out."""
BLOCK_CACHE_BYTES = 96 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Access units to be sent together, and how they lie in the recording."""

    block: Block
    start_ms: int
    after_gap_ms: int
    """Time without footage before this piece; 0 where it goes on without a gap."""
    ends_section: bool
    ends_all: bool
    """Nothing is left in the range that was asked for, or in the recording."""


class BlockStore:
    """Blocks built from footage, kept while they fit; for any number of threads."""

    def __init__(self, footage: FootageStore) -> None:
        self.footage = footage
        self._held: OrderedDict[object, Block] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def block(
        self,
        look: Look,
        gop: tuple[int, int],
        units: tuple[int, int],
        audio: AudioCodec | None,
        audio_ms: tuple[int, int],
        style: PacketStyle,
    ) -> Block:
        """Return the block of units [first, last) of the group (start, count)."""
        key = (look, gop, units, audio, audio_ms, style)
        with self._lock:
            if (held := self._held.get(key)) is not None:
                self._held.move_to_end(key)
                return held
        loop: AudioLoop | None = None if audio is None else audio_loop(audio)
        made = build_block(
            look.codec, self.footage.gop(look, *gop), units, loop, audio_ms, style
        )
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._bytes += len(made.template)
            while self._bytes > BLOCK_CACHE_BYTES and len(self._held) > 1:
                _, old = self._held.popitem(last=False)
                self._bytes -= len(old.template)
        return made


@dataclass
class FeedChoice:
    """Which parts of the footage one PLAY wants."""

    video: bool = True
    audio: bool = True
    intra_every_ms: int | None = None
    """Key frames only, at least so far apart; None: every frame."""
    audio_delay_ms: int = 0
    burst_ms: int = 0
    """How much of what a live camera filmed before comes first."""
    style: PacketStyle = field(default_factory=PacketStyle)

    @property
    def sound_ahead_ms(self) -> int:
        """How long sound is sent before its pictures."""
        return self.style.sound_ahead_ms


class ReplayFeed:
    """Footage of a timeline from the clean point at or before a time on (ST §6.5.4)."""

    def __init__(
        self,
        timeline: Timeline,
        clock: Clock,
        blocks: BlockStore,
        start_ms: int,
        end_ms: int | None,
        choice: FeedChoice,
    ) -> None:
        self._timeline = timeline
        self._clock = clock
        self._blocks = blocks
        self._end_ms = end_ms
        self._choice = choice
        self._gop_ms = _clean_point(timeline.spans(clock.now_ms()), start_ms)
        if self._gop_ms is None and timeline.growing_offset_ms is not None:
            anchor = timeline.base_ms + timeline.growing_offset_ms
            gops = max(0, start_ms - anchor) // timeline.gop_ms
            self._gop_ms = anchor + gops * timeline.gop_ms
        self._units_done = 0
        self._section_ms = 0
        """Where footage without a gap begins."""
        self._reached_ms: int | None = None
        self._last_intra_ms: int | None = None
        self.first_ms = self._gop_ms
        """Time of the first frame to be sent, None without footage."""

    @property
    def exhausted(self) -> bool:
        """Return whether nothing can follow any more: the range has been played.

        At the end of the footage more may follow, if it is recorded (ST §6.9).
        """
        return self._gop_ms is None

    def next(self) -> Piece | None:
        """Return what follows; None: nothing yet, or nothing any more (`exhausted`)."""
        while self._gop_ms is not None:
            spans = self._timeline.spans(self._clock.now_ms())
            index = _span_at(spans, self._gop_ms)
            if index is None:
                return None
            span = spans[index]
            if self._gop_ms < span.start_ms:
                self._gop_ms, self._units_done = span.start_ms, 0
            if self._end_ms is not None and self._gop_ms >= self._end_ms:
                self._gop_ms = None
                return None
            piece = self._piece(span, spans[index + 1 :], grows=span.is_open)
            if piece is not None or span.is_open:
                return piece
        return None

    def _piece(self, span: Span, later: list[Span], *, grows: bool) -> Piece | None:
        """Return the rest of the group at hand, and move on behind it."""
        assert self._gop_ms is not None
        start = self._gop_ms
        length = (
            span.look.gop_ms if grows else min(span.look.gop_ms, span.end_ms - start)
        )
        count = length // FRAME_MS
        gop = self._blocks.footage.gop(span.look, start, count)
        ready = _prefix(gop, span.end_ms) if grows else count
        first = self._units_done
        if ready <= first:
            if not grows:  # recording stopped behind what was sent already
                self._gop_ms, self._units_done = start + length, 0
            return None
        whole = ready == count
        last = ready
        if self._end_ms is not None:
            last = min(ready, _units_before(gop, self._end_ms))
            whole = whole or last < ready
        follower = start + length if start + length < span.end_ms or grows else None
        if follower is None and later:
            follower = later[0].start_ms
        cut = self._end_ms is not None and (
            last < ready or (follower is not None and follower >= self._end_ms)
        )
        ends_all = whole and (cut or (follower is None and not grows))
        ends_section = (
            whole
            and not grows
            and start + length >= span.end_ms
            and (not later or later[0].start_ms != span.end_ms)
        )
        if self._units_done == 0 and first == 0:
            gap = 0 if self._reached_ms is None else start - self._reached_ms
        else:
            gap = 0
        begins = first == 0 and (self._reached_ms is None or gap > 0)
        if begins:
            self._section_ms = start
        audio_start = start if first == 0 else self._reached_ms or start
        audio_end = start + (length if whole else ready * FRAME_MS)
        if ahead := self._choice.sound_ahead_ms:
            is_end = ends_section or ends_all
            if not begins:
                audio_start = max(audio_start + ahead, self._section_ms)
            audio_end = span.end_ms if is_end else min(audio_end + ahead, span.end_ms)
        if self._end_ms is not None:
            audio_end = min(audio_end, max(self._end_ms, start))
        units = self._chosen(start, first, last)
        self._reached_ms = start + (length if whole else ready * FRAME_MS)
        if whole:
            self._gop_ms = None if cut else start + length
            self._units_done = 0
        else:
            self._units_done = ready
        block = self._blocks.block(
            span.look,
            (start, count),
            units,
            self._audio(),
            self._audio_range(audio_start, audio_end),
            self._choice.style,
        )
        if not block.units and not ends_all:
            return None
        return Piece(block, start, max(0, gap), ends_section, ends_all)

    def _chosen(self, start: int, first: int, last: int) -> tuple[int, int]:
        if not self._choice.video:
            return 0, 0
        every = self._choice.intra_every_ms
        if every is None:
            return first, last
        due = self._last_intra_ms is None or start - self._last_intra_ms >= every
        if first > 0 or not due:
            return 0, 0
        self._last_intra_ms = start
        return 0, 1

    def _audio(self) -> AudioCodec | None:
        return self._timeline.audio if self._choice.audio else None

    def _audio_range(self, start: int, end: int) -> tuple[int, int]:
        if self._choice.audio_delay_ms and self.first_ms is not None:
            start = max(start, self.first_ms + self._choice.audio_delay_ms)
        return start, max(start, end)


class StreamChangedError(Exception):
    """The camera was set to another codec: a stream that runs cannot go on."""


class LiveFeed:
    """The live picture from its next clean point on.

    When the device's clock is set, the pictures jump with it and RTP times run on.
    """

    def __init__(
        self, source: LiveSource, clock: Clock, blocks: BlockStore, choice: FeedChoice
    ) -> None:
        self._source = source
        self._clock = clock
        self._blocks = blocks
        self._choice = choice
        self._codecs = source.codec, source.audio
        begin_ms = clock.now_ms() - choice.burst_ms
        self._gop_ms = -(-begin_ms // source.gop_ms) * source.gop_ms
        self._done = 0
        self._jumped_ms = 0
        self.first_ms: int | None = self._gop_ms
        self.exhausted = False

    def next(self) -> Piece | None:
        """Return the frames taken since the last call, None if there is none yet.

        Raises `StreamChangedError` after a change of codec.
        """
        if (self._source.codec, self._source.audio) != self._codecs:
            raise StreamChangedError
        now = self._clock.now_ms()
        look = self._source.look()
        if not -2 * look.gop_ms <= now - self._gop_ms <= LATEST_MS:
            before = self._gop_ms + self._done * FRAME_MS
            self._gop_ms, self._done = now // look.gop_ms * look.gop_ms, 0
            self._jumped_ms += self._gop_ms - before
        count = look.gop_ms // FRAME_MS
        gop = (self._gop_ms, count)
        if now < self._gop_ms:
            return None
        ready = _prefix(self._blocks.footage.gop(look, *gop), now)
        if ready <= self._done:
            return None
        start = self._gop_ms + self._done * FRAME_MS
        end = self._gop_ms + ready * FRAME_MS
        behind = max(0, -self._choice.sound_ahead_ms)
        block = self._blocks.block(
            look,
            gop,
            (self._done, ready) if self._choice.video else (0, 0),
            self._source.audio if self._choice.audio else None,
            (start - behind, end - behind),
            self._choice.style,
        )
        self._done = ready
        if ready == count:
            self._gop_ms, self._done = self._gop_ms + look.gop_ms, 0
        jumped, self._jumped_ms = self._jumped_ms, 0
        return Piece(block, start, jumped, ends_section=False, ends_all=False)


def _clean_point(spans: list[Span], moment_ms: int) -> int | None:
    for span in spans:
        if moment_ms < span.start_ms:
            return span.start_ms
        if moment_ms < span.end_ms:
            gop = span.look.gop_ms
            return span.start_ms + (moment_ms - span.start_ms) // gop * gop
    return None


def _span_at(spans: list[Span], moment_ms: int) -> int | None:
    """Return the index of the span at a time, or else of the next one."""
    for index, span in enumerate(spans):
        if moment_ms < span.end_ms:
            return index
    return None


def _prefix(gop: Gop, end_ms: int) -> int:
    """Return how many units, in decoding order, exist once time has come to `end_ms`."""
    for index, unit in enumerate(gop.units):
        if unit.time_ms >= end_ms:
            return index
    return len(gop.units)


def _units_before(gop: Gop, end_ms: int) -> int:
    """Return how many units must be sent to show every picture before `end_ms`."""
    return max(
        (index + 1 for index, unit in enumerate(gop.units) if unit.time_ms < end_ms),
        default=0,
    )
