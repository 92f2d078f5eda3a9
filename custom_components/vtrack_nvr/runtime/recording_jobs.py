"""Whether devices record cameras themselves, and switching that (ONVIF Recording Control)."""

from collections.abc import Callable, Mapping
import logging
from typing import Protocol

from homeassistant.core import CALLBACK_TYPE, callback

from ..core.errors import ErrorKind, NvrError
from ..core.models import CameraKey, RecordingJob

_LOGGER = logging.getLogger(__name__)


class JobDevice(Protocol):
    """What is asked of a device."""

    async def recording_jobs(self) -> tuple[RecordingJob, ...]:
        """List the jobs; empty where the device offers none."""
        ...

    async def set_recording_job(self, token: str, *, is_active: bool) -> None:
        """Switch a job; raises `NvrError`."""
        ...


class RecordingJobs:
    """The recording jobs of one NVR, by camera; a camera may have several."""

    def __init__(
        self,
        device: JobDevice,
        recordings: Callable[[], Mapping[CameraKey, tuple[str, ...]]],
    ) -> None:
        """Know of none; `recordings` tells which recordings are a camera's."""
        self._device = device
        self._recordings = recordings
        self._jobs: dict[CameraKey, tuple[RecordingJob, ...]] = {}
        self._waiting: dict[CameraKey, Callable[[], None]] = {}
        self._listeners: list[Callable[[], None]] = []

    def is_on(self, camera: CameraKey) -> bool | None:
        """Return whether any job records the camera, None where there is none."""
        jobs = self._jobs.get(camera)
        return any(job.is_active for job in jobs) if jobs else None

    @callback
    def async_when_offered(self, camera: CameraKey, then: Callable[[], None]) -> None:
        """Call back once, as soon as a job of the camera is known."""
        if camera in self._jobs:
            then()
        else:
            self._waiting[camera] = then

    @callback
    def subscribe(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call back with each change; returns how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_look(self) -> None:
        """Ask the device; what it does not answer changes nothing."""
        try:
            jobs = await self._device.recording_jobs()
        except NvrError as error:
            _LOGGER.debug("Recording jobs are not known: %s", error)
            return
        found: dict[CameraKey, tuple[RecordingJob, ...]] = {}
        for camera, tokens in self._recordings().items():
            mine = tuple(job for job in jobs if job.recording_token in tokens)
            if mine:
                found[camera] = mine
        if found == self._jobs:
            return
        self._jobs = found
        for camera in found.keys() & self._waiting.keys():
            self._waiting.pop(camera)()
        for listener in [*self._listeners]:
            listener()

    async def async_set(self, camera: CameraKey, *, is_on: bool) -> None:
        """Switch all jobs of a camera; raises `NvrError`: UNSUPPORTED without any."""
        jobs = self._jobs.get(camera)
        if not jobs:
            raise NvrError(ErrorKind.UNSUPPORTED, "no recording job")
        for job in jobs:
            if job.is_active is not is_on:
                await self._device.set_recording_job(job.token, is_active=is_on)
        await self.async_look()
