"""One round of sweeps over the cameras of an NVR, counted as a run."""

from collections.abc import Callable, Mapping
import logging

from ..errors import NvrError, Treatment
from ..ledger import RunKind
from ..models import CameraKey
from .camera_state import CameraState
from .clock_keeper import ClockKeeper
from .health import NvrHealth, Scope, scope_of
from .rooms import Rooms
from .runs import Run, Runs
from .sweeper import Sweeper

_LOGGER = logging.getLogger(__name__)


class SweepRound:
    """Sweeps cameras one after the other; one that fails does not stop the next."""

    def __init__(
        self,
        sweeper: Sweeper,
        keeper: ClockKeeper,
        health: NvrHealth,
        runs: Runs,
        rooms: Rooms,
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
