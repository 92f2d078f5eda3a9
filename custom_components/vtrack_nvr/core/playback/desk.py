"""Opens viewings and tells what is in them, as footage is found, written and fetched."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
import logging
from pathlib import Path
from typing import BinaryIO

from ..clock import Clock
from ..errors import STORAGE_KINDS, ErrorKind, NvrError
from ..intervals import Ranges, TimeRange
from ..library.growing import GrowingClip
from ..media.fragment_index import FragmentIndex, Look
from ..media.silence import silence_like, with_silence
from ..models import CameraKey, Clip, CoverageState
from . import playlist
from .footage import AT_ONCE, ClipLookup, Footage, ReadFile
from .media_segments import Timeline
from .ports import H264Maker, Watching
from .sent_pieces import (
    FastClips,
    SentPiece,
    check_inside,
    moved,
    open_segment,
    quiet_of,
)
from .viewings import LONGEST_MS, AccessCheck, Viewing, Viewings

_LOGGER = logging.getLogger(__name__)

BUDGET_S = 2.0
"""After so long a playlist is told as far as it is known; it grows then."""
HOLD_S = 5.0
"""How long a request waits for the first picture of footage that is still coming."""
_LOOK_S = 0.25
_LARGEST_MADE = 64 * 1024 * 1024
_AWAY = STORAGE_KINDS | {ErrorKind.INDEX_FAILED}


@dataclass(frozen=True, slots=True)
class Opened:
    """What whoever opens a viewing is told; times in UTC milliseconds."""

    token: str
    looks: tuple[Look, ...]
    first_ms: int | None
    last_ms: int | None
    is_growing: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of a window at one moment."""

    kept: tuple[Clip, ...]
    growing: tuple[GrowingClip, ...]
    coming: Ranges
    """What is fetched, or will be: footage behind it waits for it."""
    is_past: bool
    """The window lies in the past, so that nothing is recorded any more."""

    @property
    def is_final(self) -> bool:
        """Return whether nothing more will come."""
        return self.is_past and not self.growing and not self.coming


class ViewingDesk:
    """Everything between a person and the footage of a range; for the event loop."""

    watching: Watching | None = None
    """Fetches what is still on a device; None: only what is kept is shown."""
    h264: H264Maker | None = None
    """Converts what browsers cannot show; None: only originals are shown."""

    def __init__(
        self, archive: ClipLookup, footage: Footage, clock: Clock, read: ReadFile
    ) -> None:
        """Begin without viewings; `read` reads files beside the event loop."""
        self._read = read
        self.footage = footage
        self.fast_clips = FastClips()
        self.viewings = Viewings(clock.monotonic)
        self._archive = archive
        self._clock = clock
        self._locks: dict[str, asyncio.Lock] = {}

    # Opening

    async def open(
        self,
        owner: str,
        camera: CameraKey,
        window: TimeRange,
        check: AccessCheck,
        *,
        fetch: bool = False,
    ) -> Opened:
        """Return a viewing of a range, the same one where it is open already.

        Raises `ValueError` for an empty range or one of more than six hours, and `NvrError`:
        NO_FOOTAGE where nothing is kept and nothing comes, LIMIT, storage kinds.
        """
        if not 0 < window.duration_ms <= LONGEST_MS:
            msg = "a viewing is of up to six hours"
            raise ValueError(msg)
        is_fetched = fetch and self.watching is not None
        viewing = self.viewings.find(owner, camera, window, is_fetched=is_fetched)
        is_new = viewing is None
        if viewing is None:
            viewing = await self._begin(owner, camera, window, check, fetch=fetch)
        try:
            return await self._told(viewing)
        except BaseException:
            if is_new:
                self.viewings.end(viewing.token)
            raise

    async def _begin(
        self,
        owner: str,
        camera: CameraKey,
        window: TimeRange,
        check: AccessCheck,
        *,
        fetch: bool,
    ) -> Viewing:
        watch = None
        if fetch and self.watching is not None:
            watch = await self.watching.watch(camera, window, owner)
            watch.at(window.start_ms)
        try:
            return self.viewings.open(owner, camera, window, check, watch)
        except BaseException:
            if watch is not None:
                watch.close()
            raise

    async def _told(self, viewing: Viewing) -> Opened:
        found = await self._find(viewing)
        if not found.kept and found.is_final:
            raise NvrError(ErrorKind.NO_FOOTAGE, "nothing is kept in the range")
        looks = await self._looks(viewing, found)
        window = viewing.window
        first = [clip.facts.range.start_ms for clip in found.kept]
        first += [clip.start_ms for clip in found.growing]
        ends = [clip.facts.range.end_ms for clip in found.kept]
        return Opened(
            viewing.token,
            looks,
            max(window.start_ms, min(first)) if first else None,
            min(window.end_ms, max(ends)) if ends else None,
            is_growing=not found.is_final,
        )

    async def use(self, token: str) -> Viewing | None:
        """Return the viewing of a token whose owner may still see the camera, else None."""
        viewing = self.viewings.use(token)
        if viewing is None:
            return None
        if await viewing.check():
            return viewing
        self.end(token)
        return None

    def end(self, token: str) -> None:
        """End a viewing, if there is one."""
        self.viewings.end(token)
        self._locks.pop(token, None)

    def stop(self) -> None:
        """End all viewings."""
        self.viewings.end_all()
        self._locks.clear()

    # Playlists

    async def master(
        self, viewing: Viewing, media: str | None, converted: str | None = None
    ) -> str:
        """Return the master playlist, to the original at `media` or H.264 at `converted`.

        With both, H.264 is listed where some of the footage is none and can be converted.
        Raises as `media`, and `UNSUPPORTED_CODEC` where only H.264 is wanted and nothing
        makes it.
        """

        async def known() -> tuple[tuple[Look, ...], _Found] | None:
            found = await self._find(viewing)
            looks = await self._looks(viewing, found)
            if not looks and found.is_final:
                raise NvrError(ErrorKind.NO_FOOTAGE, "nothing is kept in the range")
            return (looks, found) if looks else None

        looks, found = await self._held(known)
        rate = _bandwidth(found.kept)
        variants: list[playlist.Variant] = []
        if media is not None:
            variants.append(playlist.Variant(looks, rate, media))
        if converted is not None and (media is None or self._is_offered(looks)):
            made = tuple(self._maker.look(look) for look in looks)
            variants.append(playlist.Variant(made, rate, converted))
        return playlist.master_playlist(variants)

    def _is_offered(self, looks: Iterable[Look]) -> bool:
        """Return whether players are to have H.264 beside what the camera sent."""
        maker = self.h264
        if maker is None or all(look.is_h264 for look in looks):
            return False
        return all(maker.can_make(look) for look in looks)

    async def media(self, viewing: Viewing) -> str:
        """Return the media playlist, held back for a while where nothing is there yet.

        Raises `NvrError`: NO_FOOTAGE, TIMEOUT where nothing came in time, LIMIT, storage
        kinds.
        """
        return await self._listed(viewing, playlist.media_playlist)

    async def map(self, viewing: Viewing) -> str:
        """Return the same as JSON; raises as `media`."""
        return await self._listed(viewing, playlist.fragment_map)

    async def init(
        self, viewing: Viewing, clip_id: int, *, is_h264: bool = False
    ) -> bytes:
        """Return the init segment of a clip; raises as `segment`."""
        with await self.footage.of(viewing.camera, clip_id, viewing.owner) as found:
            init = found.index.init
            if is_h264:
                clip = await self._clip(clip_id)
                init = await self._maker.init(clip, found.index, viewing.owner)
            if viewing.silence is None or found.index.look.sound:
                return init
            return with_silence(init, viewing.silence)

    async def segment(
        self, viewing: Viewing, clip_id: int, fragments: tuple[int, int]
    ) -> SentPiece:
        """Return a segment as the camera sent it; the caller releases it.

        Raises `NvrError`: GONE, LIMIT, VERIFY_FAILED, storage kinds.
        """
        self._note_progress(viewing, clip_id, fragments)
        return await open_segment(
            self.footage,
            viewing.camera,
            clip_id,
            fragments,
            viewing.origin_ms,
            viewing.owner,
            viewing.silence,
            viewing.window,
        )

    async def h264_segment(
        self, viewing: Viewing, clip_id: int, fragments: tuple[int, int]
    ) -> bytes:
        """Return a segment as H.264; raises as `segment` and as `H264Maker`."""
        self._note_progress(viewing, clip_id, fragments)
        with await self.footage.of(viewing.camera, clip_id, viewing.owner) as found:
            check_inside(found, fragments, viewing.window)
            clip = await self._clip(clip_id)
            person = viewing.owner
            init = await self._maker.init(clip, found.index, person)
            made = await self._maker.segment(clip, found.index, *fragments, person)
            if isinstance(made, Path):
                made = await self._read(made, person, _all_of)
            by_us = (found.start_ms - viewing.origin_ms) * 1000
            quiet = quiet_of(found.index, init, fragments, by_us, viewing.silence)
            return moved(made, init, by_us, quiet)

    async def _clip(self, clip_id: int) -> Clip:
        clip = await self._archive.clip(clip_id)
        if clip is None:
            raise NvrError(ErrorKind.GONE, "there is no such clip")
        return clip

    @property
    def _maker(self) -> H264Maker:
        if self.h264 is None:
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "nothing converts pictures")
        return self.h264

    @staticmethod
    def _note_progress(
        viewing: Viewing, clip_id: int, fragments: tuple[int, int]
    ) -> None:
        """Say how far a viewing has got, so that what follows is fetched."""
        if viewing.watch is None:
            return
        for item in reversed(viewing.timeline.segments):
            if item.clip_id == clip_id and item.first == fragments[0]:
                viewing.watch.at(item.start_us // 1000)
                return

    async def _listed(self, viewing: Viewing, tell: Callable[..., str]) -> str:
        async def known() -> str | None:
            lock = self._locks.setdefault(viewing.token, asyncio.Lock())
            async with lock:
                is_over = await self._update(viewing)
                timeline = viewing.timeline
                if not timeline.segments:
                    if is_over:
                        raise NvrError(
                            ErrorKind.NO_FOOTAGE, "nothing of the range can be played"
                        )
                    return None
                longest = playlist.target_s(timeline.segments, is_over=is_over)
                viewing.target = max(viewing.target, longest)
                viewing.has_grown |= not is_over
                text = tell(
                    timeline,
                    target=viewing.target,
                    is_over=is_over,
                    has_grown=viewing.has_grown,
                )
                if is_over:  # it is asked for once more at most: no need to remember
                    viewing.timeline = Timeline(viewing.window)
                return text

        return await self._held(known)

    async def _held[T](self, known: Callable[[], Awaitable[T | None]]) -> T:
        """Return what is known as soon as something is; raises `TIMEOUT` after a while."""
        until_s = self._clock.monotonic() + HOLD_S
        while (found := await known()) is None:
            if self._clock.monotonic() >= until_s:
                raise NvrError(ErrorKind.TIMEOUT, "nothing of the range is there yet")
            await self._clock.sleep(_LOOK_S)
        return found

    async def _update(self, viewing: Viewing) -> bool:
        """List what is new; return whether nothing more will come."""
        found = await self._find(viewing)
        until_s = self._clock.monotonic() + BUDGET_S
        timeline = viewing.timeline
        await self._tune(viewing, found)
        away: NvrError | None = None
        barrier_ms = _barrier(found)
        ready = [clip for clip in found.kept if clip.facts.range.start_ms < barrier_ms]
        fresh = [clip for clip in ready if _is_new(timeline, clip)]
        for at in range(0, len(fresh), AT_ONCE):
            if at and timeline.segments and self._clock.monotonic() > until_s:
                return False
            some = fresh[at : at + AT_ONCE]
            indexes = await self.footage.gather(some, viewing.owner)
            for clip, index in zip(some, indexes, strict=True):
                if isinstance(index, FragmentIndex):
                    timeline.add(clip.id, clip.facts.range.start_ms, index)
                    continue
                _LOGGER.debug("Clip %s cannot be played: %s", clip.id, index)
                if index.kind in _AWAY or index.kind is ErrorKind.LIMIT:
                    away = away or index
        if away is not None and not timeline.segments:
            raise away
        if viewing.watch is not None:
            viewing.watch.at(timeline.end_ms or viewing.window.start_ms)
        is_reached = await self._list_growing(viewing, found, barrier_ms)
        return found.is_past and is_reached and not found.coming

    async def _tune(self, viewing: Viewing, found: _Found) -> None:
        """Find a silent track for clips without sound, where others have some."""
        heard = [clip for clip in found.kept if clip.facts.audio_codec is not None]
        if viewing.silence is not None or len(heard) in {0, len(found.kept)}:
            return
        [index] = await self.footage.gather(heard[:1], viewing.owner)
        if isinstance(index, FragmentIndex):
            viewing.silence = silence_like(index.init)

    async def _list_growing(
        self, viewing: Viewing, found: _Found, barrier_ms: int
    ) -> bool:
        """List the clip that grows first; return whether none grows inside the window."""
        timeline = viewing.timeline
        is_reached = True
        for clip in found.growing:
            if clip.start_ms > barrier_ms:
                return False
            try:
                index = await self.footage.growing_index(clip, viewing.owner)
            except NvrError as error:
                if (
                    error.kind is ErrorKind.GONE
                ):  # finished meanwhile: with the next look
                    return False
                raise
            if index is not None:
                timeline.add(clip.id, clip.start_ms, index)
            end_ms = timeline.end_ms if timeline.last_clip == clip.id else None
            if end_ms is None or end_ms < viewing.window.end_ms:
                is_reached = False
        return is_reached

    # What there is

    async def _find(self, viewing: Viewing) -> _Found:
        camera, window = viewing.camera, viewing.window
        kept = await self._archive.clips_at(camera, window)
        growing = await self._archive.growing(camera, window)
        spans = await self._archive.coverage(camera, window)
        coming = [span.range for span in spans if span.state is CoverageState.FETCHING]
        if viewing.watch is not None:
            coming += viewing.watch.pending()
        return _Found(
            kept,
            tuple([clip for clip in growing if await self._reaches(clip, viewing)]),
            tuple(sorted(coming)),
            self._clock.now_ms() >= window.end_ms,
        )

    async def _reaches(self, clip: GrowingClip, viewing: Viewing) -> bool:
        """Return whether a clip that grows has something of the window, or will have."""
        begin_ms = viewing.window.start_ms
        if clip.start_ms >= begin_ms or clip.is_live:
            return True
        try:
            index = await self.footage.growing_index(clip, viewing.owner)
        except NvrError:
            return False
        if index is None:
            return False
        return clip.start_ms + index.shown[-1] * 1000 // index.scale > begin_ms

    async def _looks(self, viewing: Viewing, found: _Found) -> tuple[Look, ...]:
        """Return the kinds of footage: of one clip of each, that is quick.

        Raises the storage's problem where that is why nothing is known.
        """
        kinds: dict[object, Clip] = {}
        for clip in found.kept:
            facts = clip.facts
            kind = (facts.video_codec, facts.audio_codec, facts.width, facts.height)
            kinds.setdefault(kind, clip)
        indexes = await self.footage.gather([*kinds.values()], viewing.owner)
        looks = [it.look for it in indexes if isinstance(it, FragmentIndex)]
        for growing in found.growing:
            try:
                index = await self.footage.growing_index(growing, viewing.owner)
            except NvrError as error:
                _LOGGER.debug("A clip that grows cannot be read: %s", error)
                continue
            looks += [index.look] if index else []
        if not looks:
            for item in indexes:
                if isinstance(item, NvrError) and item.kind in _AWAY:
                    raise item
        return tuple(dict.fromkeys(looks))


def _all_of(file: BinaryIO, size: int) -> bytes:
    if size > _LARGEST_MADE:
        raise NvrError(ErrorKind.VERIFY_FAILED, "a converted segment is too large")
    return file.read(size)


def _barrier(found: _Found) -> int:
    """Return the moment behind which footage waits for what comes before it."""
    barrier_ms = 2**62
    if found.growing:
        barrier_ms = found.growing[0].start_ms
    if found.coming:
        first = found.coming[0]
        growing = [
            clip.start_ms for clip in found.growing if first.contains(clip.start_ms)
        ]
        # a fetch goes on in order of time: what lies before its clip has been passed
        barrier_ms = min(barrier_ms, growing[0] if growing else first.start_ms)
    return barrier_ms


def _is_new(timeline: Timeline, clip: Clip) -> bool:
    """Return whether a clip may have something to list."""
    return clip.id not in timeline.clips or timeline.last_clip == clip.id


def _bandwidth(clips: Iterable[Clip]) -> int:
    """Return bits per second of the clip that needs most; a guess without one."""
    rates = [
        clip.facts.size_bytes * 8_000 // max(1, clip.facts.range.duration_ms)
        for clip in clips
    ]
    return max(rates, default=8_000_000)
