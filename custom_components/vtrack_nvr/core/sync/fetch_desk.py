"""The fetches of one NVR: begun, watched, and what their ends mean for the rest."""

from collections.abc import Callable
import logging
from typing import TYPE_CHECKING

from ..errors import ErrorKind
from ..fetching import EndReason
from ..policy import DevicePolicy
from .camera_state import CameraState
from .fetch_run import Fetch, Fetched, FetchRunner
from .health import Scope
from .plan import Job
from .ports import Device

if TYPE_CHECKING:
    from .nvr_worker import NvrWorker

_LOGGER = logging.getLogger(__name__)

BROKEN_KINDS = frozenset(
    {
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
        ErrorKind.UNDATED,
        ErrorKind.NO_PERMISSION,
    }
)
"""Failures after which a camera's replay counts as broken for a day."""
BROKEN_AFTER = 8
"""Fetches in a row (over hours) that brought nothing: replay does not work."""
MEASURABLE_S = 10.0
"""A fetch that took less says little about the speed of the device."""


class FetchDesk:
    """Begins fetches for a worker and takes their results."""

    def __init__(self, worker: NvrWorker, device: Device) -> None:
        """Fetch nothing yet."""
        self._worker = worker
        self._rooms = worker.rooms
        self._runner = FetchRunner(worker.key, device, worker.keeper, worker.rooms)
        self.fetches: list[Fetch] = []
        self.speed: float | None = None
        """Footage read per time passed, of the last fetches."""

    @property
    def policy(self) -> DevicePolicy:
        """Return what was learned of the device."""
        return self._runner.policy

    async def teach(self, taught: Callable[[DevicePolicy], DevicePolicy]) -> None:
        """Remember what was found out elsewhere; raises `NvrError` of the index."""
        await self._runner.teach(taught)

    async def load(self) -> None:
        """Read what was learned before."""
        await self._runner.load()

    def start(self, job: Job) -> Fetch:
        """Begin a fetch; a session of the shared ones was taken for it."""
        camera = self._worker.cameras[job.camera]
        fetch = Fetch(job, self._rooms.clock.monotonic())
        self.fetches.append(fetch)
        if job.want_id is not None:
            self._worker.requests.fetching(job.want_id)
        else:
            camera.turn += 1
        fetch.task = self._worker.spawn(self._fetch(fetch, camera))
        # also if the task is cancelled before its first step
        fetch.task.add_done_callback(lambda _task: self._over(fetch))
        return fetch

    def _over(self, fetch: Fetch) -> None:
        """Give back what a fetch held, however it ended."""
        self.fetches.remove(fetch)
        self._rooms.slots.release()
        if fetch.job.want_id is not None:
            self._worker.requests.fetched(fetch.job, fetch.outcome)
        self._rooms.changed()

    async def _fetch(self, fetch: Fetch, camera: CameraState) -> None:
        is_whole = False
        try:
            if fetch.job.want_id is not None:
                await self._worker.requests.note_run(fetch.job.want_id)
            limit = self._limit_of(camera)
            fetched = await self._runner.run(fetch, camera, limit)
            fetch.outcome = fetched.outcome
            await self._ended(fetch, camera, fetched)
            is_whole = True
        finally:
            if not is_whole:
                # A fault of ours must not be repeated without a pause.
                camera.retry.failed(self._rooms.clock.monotonic())

    def _limit_of(self, camera: CameraState) -> int | None:
        """Return the bytes a second of one fetch; sessions share the NVR's limit."""
        shared = self._worker.settings.bytes_per_second
        limits = (
            camera.spec.settings.bytes_per_second,
            None if shared is None else shared // self._worker.sessions,
        )
        return min((limit for limit in limits if limit is not None), default=None)

    async def _ended(self, fetch: Fetch, camera: CameraState, fetched: Fetched) -> None:
        outcome, error = fetched.outcome, fetched.error
        self._measure_speed(fetch)
        is_request = fetch.job.want_id is not None  # has a line of its own
        if error is not None and not is_request:
            self._worker.runs.count(camera.key, errors=1)
        if outcome is not None:
            if not is_request:
                self._worker.runs.count(
                    camera.key, clips=outcome.clips, size=outcome.bytes
                )
            for notice in outcome.notices:
                _LOGGER.info("%s: %s", camera.key, notice)
        if fetched.has_moved:
            self._worker.health.fetched()
        if error is not None:
            _LOGGER.debug("%s: the fetch failed: %s", camera.key, error)
            await self._failed(fetch, camera, fetched)
        elif (
            fetched.has_moved
            and outcome is not None
            and outcome.reason is EndReason.REACHED
        ):
            camera.succeeded()

    async def _failed(
        self, fetch: Fetch, camera: CameraState, fetched: Fetched
    ) -> None:
        worker, error = self._worker, fetched.error
        assert error is not None
        scope = worker.health.react(
            error, is_soap=fetched.outcome is None, sessions=len(self.fetches)
        )
        is_asked_for = scope is Scope.NOTHING and fetch.cancel.is_cancelled
        # A device may refuse one call of a login that it accepts for all others.
        is_own = scope is not Scope.NVR or error.kind is ErrorKind.AUTH_REFUSED
        if is_own and not is_asked_for:
            camera.failed(error)
        is_hopeless = (
            scope is not Scope.STORAGE
            and not fetched.has_moved
            and camera.retry.failures >= BROKEN_AFTER
        )
        if error.kind in BROKEN_KINDS or is_hopeless:
            camera.set_replay_broken(
                is_broken=True, is_undated=error.kind is ErrorKind.UNDATED
            )
        elif error.kind is ErrorKind.GONE:
            worker.schedule.hint(camera.key, 0.0, self._rooms.waits.early_sweep)
        elif error.kind is ErrorKind.AUTH_REFUSED:
            worker.keeper.force()
        elif error.kind is ErrorKind.BUSY and worker.health.session_cap is not None:
            await self._runner.bear(worker.health.session_cap)

    def _measure_speed(self, fetch: Fetch) -> None:
        """Learn how fast footage comes, from fetches that ran for a while."""
        took_s = self._rooms.clock.monotonic() - fetch.started_s
        if fetch.at_ms is None or took_s < MEASURABLE_S:
            return
        speed = max(fetch.at_ms - fetch.job.range.start_ms, 0) / 1000 / took_s
        self.speed = speed if self.speed is None else (self.speed + speed) / 2
