"""Looks out for footage that is missing: of one NVR's cameras, once a minute."""

from dataclasses import dataclass, field, replace
import logging

from ..errors import NvrError
from ..intervals import DAY_MS, TimeRange
from ..ledger import CameraTotals, HoleSum, LedgerReason
from ..models import EXPECTED_STATES, CameraKey, CoverageState
from .camera_state import CameraState
from .missing import (
    HABIT_MS,
    Habit,
    MissingMemory,
    Observation,
    find_missing,
    habit,
    judge_live,
    patience_ms,
    remember,
    usual_ms,
)
from .nvr_state import NvrState
from .settings import SyncMode
from .status import FootageSource, MissingCause, MissingFootage

_LOGGER = logging.getLogger(__name__)

LOOK_S = 60.0
SAVE_MS = 600_000
"""How old what is remembered across a crash may be."""
STARTING_S = 120.0
"""So long after a start a live recording may need to be under way."""
LOOK_BACK_MS = 7 * DAY_MS
_HOLES = EXPECTED_STATES - {CoverageState.KEPT, CoverageState.LOST}


@dataclass(slots=True)
class _WatchedCamera:
    memory: MissingMemory
    saved: MissingMemory
    saved_ms: int = 0
    known: tuple[int, Habit | None] = field(default=(0, None))
    """The habit up to a moment."""


class MissingWatch:
    """Judges each camera of an NVR; `CameraState.missing` is what it found."""

    def __init__(self, state: NvrState) -> None:
        """Watch the cameras of one NVR."""
        self._state = state
        self._rooms = state.context
        self._begun_s: float | None = None
        self._next_s = 0.0
        self._is_looking = False
        self._watched: dict[CameraKey, _WatchedCamera] = {}

    @property
    def is_due(self) -> bool:
        """Return whether it is time to look again."""
        return not self._is_looking and self._rooms.clock.monotonic() >= self._next_s

    async def look(self) -> None:
        """Judge all cameras; one whose ledger cannot be read keeps its last judgement."""
        self._is_looking = True
        now_s = self._rooms.clock.monotonic()
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        self._next_s = now_s + LOOK_S
        try:
            for camera in tuple(self._state.cameras.values()):
                try:
                    await self._look_at(camera)
                except NvrError as error:
                    _LOGGER.debug("%s: not judged: %s", camera.key, error)
        finally:
            self._is_looking = False
        for gone in self._watched.keys() - self._state.cameras.keys():
            del self._watched[gone]

    async def leave_out(self, camera: CameraState) -> None:
        """Do without what was given up or is gone; the ledger says that it is removed."""
        library, now_ms = self._rooms.library, self._rooms.clock.now_ms()
        tries = self._rooms.limits.max_tries
        holes = await library.holes(camera.key, now_ms, tries)
        first_ms = min((hole.first_ms for hole in holes), default=now_ms)
        spans = await library.coverage(camera.key, TimeRange(first_ms, now_ms + 1))
        ranges = [
            span.range
            for span in spans
            if span.state is CoverageState.MISSING
            or (span.state is CoverageState.FAILED and span.attempts >= tries)
        ]
        if ranges:
            await library.mark(
                camera.key, ranges, CoverageState.REMOVED, LedgerReason.LEFT_OUT
            )
            await camera.refresh(TimeRange(ranges[0].start_ms, ranges[-1].end_ms))
        await self._look_at(camera)

    async def _look_at(self, camera: CameraState) -> None:
        clock = self._rooms.clock
        watched = await self._watched_of(camera)
        settings = camera.spec.settings
        patience = patience_ms(self._state.settings, settings, camera.settle_s)
        if patience is None:
            watched.memory = MissingMemory(looked_ms=clock.now_ms())
            found = None
        else:
            found = await self._judge(camera, watched, patience)
            age_s = clock.monotonic() - (self._begun_s or 0.0)
            before = watched.memory.missing
            if found is None and before and self._may_be_starting(camera, before):
                found = before
            usual = usual_ms(self._state.settings, settings, camera.settle_s)
            if before is None and age_s * 1000 < usual:
                found = None  # nobody had the time to mend it since the start
        watched.memory = replace(watched.memory, missing=found)
        if found != camera.missing or not camera.is_judged:
            camera.missing, camera.is_judged = found, True
            self._rooms.changed()
        await self._save(camera.key, watched)

    def _may_be_starting(self, camera: CameraState, before: MissingFootage) -> bool:
        """Return whether a live recording that failed before the start is yet to begin."""
        age_s = self._rooms.clock.monotonic() - (self._begun_s or 0.0)
        return (
            before.cause is MissingCause.NOT_RECORDED
            and camera.spec.settings.is_enabled
            and camera.live_now.open is None
            and age_s < STARTING_S
        )

    async def _watched_of(self, camera: CameraState) -> _WatchedCamera:
        found = self._watched.get(camera.key)
        if found is None:
            memory = MissingMemory.of_text(
                await self._rooms.library.lookout(camera.key)
            )
            found = self._watched[camera.key] = _WatchedCamera(memory, memory)
        return found

    async def _save(self, camera: CameraKey, watched: _WatchedCamera) -> None:
        """Write what is remembered: at once where the judgement changed, else seldom."""
        memory, saved = watched.memory, watched.saved
        now_ms = self._rooms.clock.now_ms()
        is_same = (memory.missing is None) is (saved.missing is None)
        if memory == saved or (is_same and now_ms - watched.saved_ms < SAVE_MS):
            return
        await self._rooms.library.set_lookout(camera, memory.text())
        watched.saved, watched.saved_ms = memory, now_ms

    async def _judge(
        self, camera: CameraState, watched: _WatchedCamera, patience: int
    ) -> MissingFootage | None:
        sight = await self._sight(camera, watched, patience)
        watched.memory = remember(watched.memory, sight)
        if camera.decision.source is FootageSource.LIVE:
            missed = await self._judge_live(camera, patience)
            if missed is not None:
                old = watched.memory.missing
                if old is not None and old.cause is missed.cause:
                    since_ms = min(old.since_ms, missed.since_ms)
                    missed = replace(missed, since_ms=since_ms)
                return missed
        return find_missing(watched.memory, sight)

    async def _judge_live(
        self, camera: CameraState, patience: int
    ) -> MissingFootage | None:
        live, now_ms = camera.live_now, self._rooms.clock.now_ms()
        if not live.is_expected or not camera.spec.settings.is_enabled:
            return None
        back_ms = min(now_ms - 2 * patience, camera.totals.last_end_ms or 0)
        window = TimeRange(max(back_ms, now_ms - LOOK_BACK_MS), now_ms)
        spans = await self._rooms.library.coverage(camera.key, window)
        problem = camera.live.problem if camera.live else None
        return judge_live(
            spans,
            window,
            patience,
            is_continuous=live.is_continuous,
            open_clip=live.open,
            obstacle=str(problem.kind) if problem else "",
        )

    async def _sight(
        self, camera: CameraState, watched: _WatchedCamera, patience: int
    ) -> Observation:
        library, now_ms = self._rooms.library, self._rooms.clock.now_ms()
        settings = camera.spec.settings
        totals = await library.totals(camera.key)
        is_live = camera.decision.source is FootageSource.LIVE
        sight = Observation(
            now_ms,
            patience,
            is_expected=(
                self._state.is_allowed(camera.key)
                and settings.mode is not SyncMode.ON_DEMAND
            ),
            relies_on_replay=camera.has_replay and not is_live,
            looked_ms=camera.last_sync_ms,
            added_ms=totals.last_added_ms,
            holes=await self._holes(camera, now_ms) if _has_holes(totals) else (),
            obstacle=self._obstacle(camera),
        )
        if not sight.relies_on_replay or not sight.is_expected:
            return sight
        newest_ms = await library.footage_end_ms(camera.key)
        looked_ms = camera.last_sync_ms or watched.memory.looked_ms
        if newest_ms is None or looked_ms is None or looked_ms - newest_ms < patience:
            return sight
        if watched.known[0] != newest_ms:
            window = TimeRange(newest_ms - HABIT_MS, newest_ms)
            spans = await library.coverage(camera.key, window)
            watched.known = (newest_ms, habit(spans, newest_ms))
        return replace(sight, newest_ms=newest_ms, habit=watched.known[1])

    async def _holes(self, camera: CameraState, now_ms: int) -> tuple[HoleSum, ...]:
        """Return what ought to be kept by now and is not."""
        fresh_ms = int(camera.settle_s * 1000) + camera.spec.settings.clip_ms
        return await self._rooms.library.holes(
            camera.key, now_ms - fresh_ms, self._rooms.limits.max_tries
        )

    def _obstacle(self, camera: CameraState) -> str:
        """Return the kind of what stands in the way, empty where nothing is known."""
        storage = self._rooms.library.storage_problem(camera.key)
        if storage is not None:
            return str(storage.kind)
        problem = self._state.health.problem or camera.trouble
        return str(problem.kind) if problem else ""


def _has_holes(totals: CameraTotals) -> bool:
    return any(totals.by_state_ms.get(state) for state in _HOLES)
