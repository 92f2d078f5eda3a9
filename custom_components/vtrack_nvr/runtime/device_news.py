"""What an NVR tells while it is set up, for the entities that show it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..core.ledger import RunKind
from ..core.models import CameraKey, DeviceEvent, EventClass, NvrKey
from ..core.sync.engine import SyncEngine
from ..core.sync.news import NvrListener
from ..core.sync.status import SyncReport
from .detections import DetectionDesk
from .notices import NoticeBoard
from .recording_jobs import JobDevice, RecordingJobs

JOBS_S = 3600.0
"""How often a device is asked what it records by itself."""


class DeviceNews:
    """Events, notices, recording jobs and ended syncs of one NVR."""

    def __init__(
        self,
        hass: HomeAssistant,
        nvr: NvrKey,
        device: JobDevice,
        recordings: Callable[[], Mapping[CameraKey, tuple[str, ...]]],
    ) -> None:
        """Know of nothing; `recordings` tells which recordings are a camera's."""
        self._nvr = nvr
        self._recordings = recordings
        self.detections = DetectionDesk(hass)
        self.notices = NoticeBoard()
        self.recording_jobs = RecordingJobs(device, recordings)
        self._synced: list[Callable[[RunKind, SyncReport], None]] = []
        self._jobs_changed = asyncio.Event()
        self._end: CALLBACK_TYPE | None = None

    @callback
    def start(self, engine: SyncEngine) -> None:
        """Listen to the engine."""
        self._end = engine.news.subscribe(
            NvrListener(self._nvr, self._heard, self._lost, self._ended)
        )

    @callback
    def stop(self) -> None:
        """Tell nothing any more."""
        if self._end is not None:
            self._end()
        self.detections.close()

    async def async_watch_jobs(self) -> None:
        """Look at the device's own recordings now and then, sooner if it tells of them."""
        while True:
            self._jobs_changed.clear()
            await self.recording_jobs.async_look()
            with suppress(TimeoutError):
                async with asyncio.timeout(JOBS_S):
                    await self._jobs_changed.wait()

    @callback
    def _heard(self, camera: CameraKey | None, event: DeviceEvent) -> None:
        if event.notice is not None:
            self.notices.note(camera, event)
        elif event.event_class is EventClass.RECORDING:
            self._jobs_changed.set()
        elif camera is not None:
            self.detections.note(camera, event)

    @callback
    def _lost(self) -> None:
        self.notices.lose()
        self.detections.lose(self._recordings())

    @callback
    def _ended(self, kind: RunKind, report: SyncReport) -> None:
        for listener in [*self._synced]:
            listener(kind, report)

    @callback
    def on_synced(
        self, listener: Callable[[RunKind, SyncReport], None]
    ) -> CALLBACK_TYPE:
        """Call back with what became of each sync; returns how to end that."""
        self._synced.append(listener)
        return lambda: self._synced.remove(listener)
