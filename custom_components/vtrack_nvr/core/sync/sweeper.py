"""Asks one device what it holds and enters the answers into the ledger."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
import logging

from ..errors import ErrorKind, NvrError, Treatment
from ..intervals import Ranges, TimeRange, difference, intersection, union
from ..ledger import RunKind, SweepFindings
from ..models import CameraKey, Recording
from .camera_state import CameraState
from .clock_eras import EraStretch
from .clock_keeper import ClockKeeper
from .engine_context import EngineContext
from .health import NvrHealth, Scope, scope_of
from .ports import Device
from .proven_dates import held_from_ms, leave_undated
from .runs import Run, Runs
from .sweep_rules import (
    Reach,
    earliest_of,
    full_stretch,
    has_news,
    is_sane,
    latest_of,
    listed_in,
    of_no_era,
    search_windows,
    to_findings,
)
from .wanted import oldest_wanted_ms

ONE_BY_ONE = 3
"""Up to so many recordings are looked at one call each; more are listed together."""
SILENT_WINDOWS = 62
"""Where a device does not say when its footage begins, so many days without any in a row
are taken for its beginning: to search every day since 2000 costs tens of thousands of
calls. Requests reach beyond."""
UNKNOWN_LAG_MS = 3_600_000
"""How far a device that does not say where its footage ends may be behind."""


class Sweeper:
    """Searches one device, one search at a time."""

    def __init__(
        self, device: Device, keeper: ClockKeeper, rooms: EngineContext
    ) -> None:
        """Ask nothing yet."""
        self._device = device
        self._keeper = keeper
        self._rooms = rooms
        self._search = asyncio.Lock()

    async def look(self, tokens: Iterable[str]) -> dict[str, Recording]:
        """Return what these recordings say of themselves; unknown tokens are left out."""
        wanted = sorted(set(tokens))
        async with self._search:
            if len(wanted) > ONE_BY_ONE:
                listed = await self._device.recordings()
                return {item.token: item for item in listed if item.token in wanted}
            found: dict[str, Recording] = {}
            for token in wanted:
                try:
                    found[token] = await self._device.recording(token)
                except NvrError as error:
                    if error.kind is not ErrorKind.GONE:
                        raise
            return found

    async def sweep(
        self,
        camera: CameraState,
        looked: Mapping[str, Recording],
        *,
        is_full: bool,
        is_forced: bool = False,
        run_id: int | None = None,
    ) -> bool:
        """Search one camera's time line; return whether there was a reason to.

        A light sweep looks from the high-water mark on, and only if a recording moved.
        Raises `NvrError(GONE)` where the device knows none of the camera's recordings.
        """
        now_ms = self._rooms.clock.now_ms()
        recordings = {t: looked[t] for t in camera.spec.recording_tokens if t in looked}
        if not recordings:
            raise NvrError(ErrorKind.GONE, "none of its recordings is listed")
        await self._note_earliest(camera, recordings)
        mark_ms = await self._rooms.library.high_water_ms(camera.key)
        is_full = is_full or mark_ms is None or camera.needs_full_sweep
        # What is recorded while its clock repeats itself moves neither end of a recording.
        is_silent = not (
            self._keeper.eras.is_repeating(now_ms)
            or has_news(camera.recordings, recordings)
        )
        if is_silent and not is_full and not is_forced:
            camera.last_sync_ms = now_ms
            earliest_ms = earliest_of(recordings)
            if earliest_ms is not None:
                eras = self._keeper.eras
                camera.ring.saw(eras.gone_before_ms(earliest_ms), now_ms)
            return False
        stretch = self._stretch(camera, recordings, None if is_full else mark_ms)
        if stretch is not None:
            begins_ms = earliest_of(recordings)
            is_endless = stretch.duration_ms > self._endless_ms
            if is_endless and not is_sane(begins_ms, stretch):
                begins_ms = await self._data_from_ms()
            if begins_ms is not None and is_sane(begins_ms, stretch):
                stretch = TimeRange(max(stretch.start_ms, begins_ms), stretch.end_ms)
                is_endless = False
            await self._search_stretch(
                camera, recordings, stretch, run_id, is_endless=is_endless
            )
        await self._move_mark(camera, recordings, now_ms)
        camera.recordings = recordings
        camera.last_sync_ms = now_ms
        if is_full:
            camera.needs_full_sweep = False
        return True

    async def _note_earliest(
        self, camera: CameraState, recordings: Mapping[str, Recording]
    ) -> None:
        """Remember where footage begins: nothing of this era is older from now on."""
        earliest_ms = earliest_of(recordings)
        if earliest_ms is None or recordings.keys() != set(
            camera.spec.recording_tokens
        ):
            return
        # What is recorded from now on is not older than the device's clock, and what it
        # recorded in the last hour may not be in its index yet.
        now_ms = self._keeper.eras.device_now_ms(self._rooms.clock.now_ms())
        earliest_ms = min(earliest_ms, now_ms - UNKNOWN_LAG_MS)
        library, era_id = self._rooms.library, self._keeper.eras.current.id
        before_ms = (await library.earliest_by_era(camera.key)).get(era_id)
        if before_ms is None or before_ms < earliest_ms:
            await library.set_earliest(camera.key, era_id, earliest_ms)

    async def search_range(self, camera: CameraState, wanted: TimeRange) -> Ranges:
        """Search a stretch of UTC for a request; return what the device holds of it."""
        await self._keeper.ensure()
        looked = await self.look(camera.spec.recording_tokens)
        if not looked:
            raise NvrError(ErrorKind.GONE, "none of its recordings is listed")
        found: list[TimeRange] = []
        for piece in self._keeper.eras.to_device(wanted):
            for window in search_windows(
                piece.device, self._rooms.bounds.search_window_ms
            ):
                found += await self._search_window(camera, looked, window, None)
        return intersection(found, (wanted,))

    def _stretch(
        self,
        camera: CameraState,
        recordings: Mapping[str, Recording],
        mark_ms: int | None,
    ) -> TimeRange | None:
        """Return what to search, on the device's clock."""
        eras = self._keeper.eras
        now_ms = self._rooms.clock.now_ms()
        device_now_ms = eras.device_now_ms(now_ms)
        if mark_ms is None:
            oldest_ms = oldest_wanted_ms(camera.spec.settings, now_ms)
        else:
            oldest_ms = min(mark_ms, now_ms) - self._rooms.limits.overlap_ms
        oldest_device_ms = device_now_ms
        if oldest_ms < now_ms:
            recent = TimeRange(oldest_ms, now_ms)
            oldest_device_ms = min(device_now_ms, eras.device_from_ms(recent, now_ms))
        return full_stretch(recordings, oldest_device_ms, device_now_ms)

    async def _search_stretch(
        self,
        camera: CameraState,
        recordings: Mapping[str, Recording],
        stretch: TimeRange,
        run_id: int | None,
        *,
        is_endless: bool,
    ) -> None:
        """Search a stretch, the newest first; one without end ends after long silence."""
        silent = 0
        for window in search_windows(stretch, self._rooms.bounds.search_window_ms):
            found = await self._search_window(camera, recordings, window, run_id)
            silent = 0 if found else silent + 1
            if is_endless and silent >= SILENT_WINDOWS:
                return

    @property
    def _endless_ms(self) -> int:
        return SILENT_WINDOWS * self._rooms.bounds.search_window_ms

    async def _data_from_ms(self) -> int | None:
        async with self._search:
            return await self._device.data_from_ms()

    async def _search_window(
        self,
        camera: CameraState,
        recordings: Mapping[str, Recording],
        window: TimeRange,
        run_id: int | None,
    ) -> Ranges:
        """Search one window and enter what was found; return it (UTC)."""
        now_ms = self._rooms.clock.now_ms()
        eras = self._keeper.eras
        device_now_ms = eras.device_now_ms(now_ms)
        listings = []
        for recording in recordings.values():
            if _may_touch(recording, window):
                async with self._search:
                    listings.append(
                        await self._device.segments(recording, window, device_now_ms)
                    )
        reach = Reach(
            earliest_of(recordings),
            latest_of(recordings),
            is_same=(
                set(recordings) == set(camera.spec.recording_tokens)
                and (
                    not camera.recordings
                    or recordings.keys() == camera.recordings.keys()
                )
            ),
        )
        present: list[TimeRange] = []
        settle_ms = int(camera.settle_s * 1000)
        for findings in to_findings(
            camera.key, window, listings, reach, eras, now_ms, settle_ms
        ):
            wanted = await camera.wanted_inside(findings.window, now_ms)
            await self._rooms.library.note_sweep(
                replace(findings, wanted=wanted), run_id
            )
            await camera.refresh(findings.window)
            camera.ring.saw(findings.device_earliest_ms, now_ms)
            present += findings.present
        for item in intersection(listed_in(listings), (window,)):
            for piece in eras.older_dates(item, now_ms):
                await self._note_older(camera, piece, now_ms)
        unknown = of_no_era(window, listings, eras, now_ms)
        await leave_undated(self._rooms, camera.key, unknown, is_for_good=True)
        for item in unknown:
            await camera.refresh(item)
        return union(present)

    async def _note_older(
        self, camera: CameraState, piece: EraStretch, now_ms: int
    ) -> None:
        """Enter what was listed at an older of its dates, where nothing is known yet.

        What is known was found while the times had one date.
        """
        library, present = self._rooms.library, piece.utc
        spans = await library.coverage(camera.key, present)
        unknown = difference((present,), union(span.range for span in spans))
        held_ms = held_from_ms(
            self._keeper.eras, piece.era, await library.earliest_by_era(camera.key)
        )
        if held_ms is not None and held_ms > present.start_ms:
            before = TimeRange(present.start_ms, held_ms)
            unknown = difference(unknown, (before,))
        if unknown:
            wanted = await camera.wanted_inside(present, now_ms)
            await library.note_sweep(
                SweepFindings(camera.key, present, unknown, False, wanted=wanted)
            )
            await camera.refresh(present)

    async def _move_mark(
        self, camera: CameraState, recordings: Mapping[str, Recording], now_ms: int
    ) -> None:
        latest_ms = latest_of(recordings)
        mark_ms = now_ms - UNKNOWN_LAG_MS
        if latest_ms is not None:
            mark_ms = self._keeper.eras.oldest_to_utc(latest_ms, now_ms)
        await self._rooms.library.set_high_water_ms(camera.key, min(mark_ms, now_ms))


def _may_touch(recording: Recording, window: TimeRange) -> bool:
    """Return whether a recording can have footage in a window at all."""
    earliest_ms, latest_ms = recording.device_earliest_ms, recording.device_latest_ms
    return (earliest_ms is None or earliest_ms < window.end_ms) and (
        latest_ms is None or latest_ms >= window.start_ms
    )


_LOGGER = logging.getLogger(__name__)


class SweepRound:
    """Sweeps cameras one after the other; one that fails does not stop the next."""

    def __init__(
        self,
        sweeper: Sweeper,
        keeper: ClockKeeper,
        health: NvrHealth,
        runs: Runs,
        rooms: EngineContext,
        wake: Callable[[], None],
    ) -> None:
        """Take the parts of the worker it needs; `wake` lets it plan what was found."""
        self._sweeper = sweeper
        self._keeper = keeper
        self._health = health
        self._runs = runs
        self._rooms = rooms
        self._wake = wake

    async def sweep(
        self, run: Run, cameras: Mapping[CameraKey, CameraState]
    ) -> tuple[CameraState, ...]:
        """Sweep the run's cameras; raises what concerns the whole NVR.

        Returns the cameras whose search broke in a way that usually goes away.
        """
        broken: list[CameraState] = []
        now_s = self._rooms.clock.monotonic()
        chosen = [
            camera
            for key, camera in cameras.items()
            if key in run.cameras
            and camera.has_replay
            and (run.kind is RunKind.MANUAL or not camera.search.is_waiting(now_s))
        ]
        # A jump must be known before a listing is taken for proof; it is one call, and
        # where there is nothing to search it says that the device answers.
        self._keeper.force()
        await self._keeper.ensure()
        looked = await self._sweeper.look(
            token for camera in chosen for token in camera.spec.recording_tokens
        )
        self._health.answered()
        if chosen and run.kind in {RunKind.MANUAL, RunKind.FULL}:
            await self._runs.write(run)
        for camera in chosen:
            if camera.key not in cameras:
                continue
            camera.is_searching = True
            self._rooms.changed()
            try:
                has_news = await self._sweeper.sweep(
                    camera,
                    looked,
                    is_full=run.is_full,
                    is_forced=run.kind is RunKind.MANUAL,
                    run_id=run.id,
                )
                camera.searched()
                if has_news:
                    await self._runs.write(run)
            except NvrError as error:
                if scope_of(error, is_soap=True) is Scope.NVR:
                    raise
                _LOGGER.debug("%s: the search failed: %s", camera.key, error)
                run.errors += 1
                camera.search_failed(error)
                camera.needs_full_sweep = camera.needs_full_sweep or run.is_full
                if error.treatment is Treatment.LATER:
                    broken.append(camera)
            finally:
                camera.is_searching = False
                self._rooms.changed()
                self._wake()
        return tuple(broken)
