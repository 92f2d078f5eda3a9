"""Bytes that are sent: a segment that stands alone, or a clip with its table first."""

from collections import OrderedDict
import io
from pathlib import Path
from typing import BinaryIO, override

from ..errors import ErrorKind, NvrError
from ..held import Held
from ..intervals import TimeRange
from ..library.file_reader import FileReader, FileState
from ..media import boxes
from ..media.cutting import cut_fragments
from ..media.fast_start import fast_start
from ..media.fragment_index import FragmentIndex, scales_of, shifts_of
from ..media.layout import Layout
from ..media.movie import read_moov
from ..media.silence import Quiet, Silence, free_track
from ..models import CameraKey
from .footage import Footage, FoundClip

MOST_FRONT_BYTES = 16 * 1024 * 1024
"""Tables of clips that were served lately, as they are served."""


_CORRECTED_MS = 10_000
"""So much the dates of a clip may change when it is finished; its segments stay told."""


class SentPiece(Held):
    """Something laid out of an open file; `release` closes it."""

    def __init__(
        self, file: FileReader, state: FileState, layout: Layout, held: Held | None
    ) -> None:
        """Take over the open file and the lease on its clip."""
        self._file = file
        self._layout = layout
        self._held = held
        self.state = FileState(layout.size, state.changed_s)
        """How long it is, and when its file changed."""

    @override
    def release(self) -> None:
        self._file.close()
        if self._held is not None:
            self._held.release()

    async def read(self, offset: int, count: int) -> bytes:
        """Return bytes from a place; fewer only at the end. Raises storage kinds."""
        return await self._file.ask(lambda file: self._layout.read(file, offset, count))


async def open_segment(
    footage: Footage,
    camera: CameraKey,
    clip_id: int,
    fragments: tuple[int, int],
    origin_ms: int,
    person: str,
    silence: Silence | None = None,
    window: TimeRange | None = None,
) -> SentPiece:
    """Return fragments of a clip of that camera, finished or growing, as they stand alone.

    Their times count from `origin_ms` (UTC): players that know of no discontinuities see
    one time line. Fragments without sound are given the `silence`. Raises `NvrError`: GONE
    (also outside of `window`), LIMIT, VERIFY_FAILED, storage kinds.
    """
    for is_last in (False, True):
        try:
            found = await footage.of(camera, clip_id, person)
            if window is not None:
                try:
                    check_inside(found, fragments, window)
                except BaseException:
                    found.release()
                    raise
            return await _cut(found, fragments, origin_ms, person, silence)
        except NvrError as error:
            # a clip that grew may have got its name in between
            if is_last or error.kind is not ErrorKind.GONE:
                raise
    raise NvrError(ErrorKind.GONE)


def check_inside(
    found: FoundClip, fragments: tuple[int, int], window: TimeRange
) -> None:
    """Raise GONE for fragments of a clip that a window does not list.

    Whoever may see a range may see nothing else of its camera.
    """
    index = found.index
    index.place(*fragments)
    first, last = fragments
    begin_ms = window.start_ms - found.start_ms - _CORRECTED_MS
    end_ms = window.end_ms - found.start_ms + _CORRECTED_MS
    last_group = index.group_at(index.shown[last])
    if (
        first < index.group_at(begin_ms * index.scale // 1000)
        or index.shown[last + 1] * 1000 <= begin_ms * index.scale
        or index.shown[last_group] * 1000 >= end_ms * index.scale
    ):
        raise NvrError(ErrorKind.GONE, "it is not in the range that was opened")


async def _cut(
    found: FoundClip,
    fragments: tuple[int, int],
    origin_ms: int,
    person: str,
    silence: Silence | None,
) -> SentPiece:
    index = found.index
    file = FileReader(found.path, person)
    try:
        place = index.place(*fragments)
        by_us = (found.start_ms - origin_ms) * 1000
        shifts = shifts_of(index.scales, by_us)
        quiet = quiet_of(index, index.init, fragments, by_us, silence)
        state = await file.open()
        layout = await file.ask(
            lambda it: cut_fragments(
                it, place, is_absolute=index.is_absolute, shifts=shifts, quiet=quiet
            )
        )
    except BaseException:
        file.close()
        found.release()
        raise
    return SentPiece(file, state, layout, found)


def quiet_of(
    index: FragmentIndex,
    init: bytes,
    fragments: tuple[int, int],
    by_us: int,
    silence: Silence | None,
) -> Quiet | None:
    """Return the silence for fragments of a clip without sound, None where it has some."""
    if silence is None or index.look.sound:
        return None
    first, last = fragments
    begin, end = (
        by_us + index.shown[at] * 1_000_000 // index.scale for at in (first, last + 1)
    )
    return silence.between(free_track(init), begin, end)


def moved(data: bytes, init: bytes, by_us: int, quiet: Quiet | None) -> bytes:
    """Return converted fragments whose times count from elsewhere; raises VERIFY_FAILED."""
    moov = boxes.find_box(memoryview(init), b"moov")
    if moov is None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "no tables of what was converted")
    shifts = shifts_of(scales_of(read_moov(moov, len(data))), by_us)
    file = io.BytesIO(data)
    at = data.find(b"moof") - 4  # a `styp` may come first
    place = (at, len(data) - at)
    layout = cut_fragments(file, place, is_absolute=True, shifts=shifts, quiet=quiet)
    return data[:at] + layout.read(file, 0, layout.size)


class FastClips:
    """Clips with their tables first, whose fronts are remembered for a while."""

    def __init__(self) -> None:
        """Remember none."""
        self._known: OrderedDict[Path, tuple[FileState, Layout]] = OrderedDict()
        self._bytes = 0

    async def open(self, path: Path, person: str) -> SentPiece | None:
        """Return a clip laid out so, None where it is not laid out as ours.

        The caller holds the clip. Raises as `open_segment`.
        """
        file = FileReader(path, person)
        try:
            state = await file.open()
            layout = self._remembered(path, state)
            if layout is None:
                layout = await file.ask(lambda it: _lay_out(it, state.size))
                if layout is not None:
                    self._remember(path, state, layout)
        except BaseException:
            file.close()
            raise
        if layout is None:
            file.close()
            return None
        return SentPiece(file, state, layout, None)

    def _remembered(self, path: Path, state: FileState) -> Layout | None:
        known = self._known.get(path)
        if known is None or known[0] != state:
            return None
        self._known.move_to_end(path)
        return known[1]

    def _remember(self, path: Path, state: FileState, layout: Layout) -> None:
        old = self._known.pop(path, None)
        self._bytes += layout.held - (old[1].held if old else 0)
        self._known[path] = (state, layout)
        while self._bytes > MOST_FRONT_BYTES:
            _, (_, gone) = self._known.popitem(last=False)
            self._bytes -= gone.held


def _lay_out(file: BinaryIO, size: int) -> Layout | None:
    """Return how a clip is served; one with broken tables is served as it is."""
    try:
        return fast_start(file, size)
    except NvrError:
        return None
