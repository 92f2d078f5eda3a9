"""All live recorders of the installation, steered from the event loop."""

import asyncio
from collections.abc import Callable
import functools
import logging

from ..clip_sink import ClipSink
from ..clock import Clock
from ..intervals import TimeRange
from ..models import CameraKey
from ..policy import Bounds, Waits
from .live_values import LiveGap, LiveSpec, LiveStatus
from .recorder import LiveRecorder

_LOGGER = logging.getLogger(__name__)


class LiveRecorders:
    """One recorder per camera.

    Callbacks are called on the event loop. A changed spec replaces its recorder; the
    others notice nothing.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        on_status: Callable[[CameraKey, LiveStatus], None] = lambda _k, _s: None,
        on_gap: Callable[[CameraKey, LiveGap], None] = lambda _k, _g: None,
    ) -> None:
        """Nothing runs before `attach`."""
        self._clock = clock
        self._waits = waits or Waits()
        self._bounds = bounds or Bounds()
        self._on_status = on_status
        self._on_gap = on_gap
        self._recorders: dict[CameraKey, LiveRecorder] = {}

    async def attach(self, spec: LiveSpec, sink: ClipSink) -> None:
        """Begin to record a camera as its spec says; ends the earlier recorder first."""
        await self.detach(spec.camera)
        loop = asyncio.get_running_loop()

        def on_loop[T](callback: Callable[[CameraKey, T], None], value: T) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback, spec.camera, value)

        recorder = LiveRecorder(
            spec,
            sink,
            clock=self._clock,
            waits=self._waits,
            bounds=self._bounds,
            on_status=functools.partial(on_loop, self._on_status),
            on_gap=functools.partial(on_loop, self._on_gap),
        )
        self._recorders[spec.camera] = recorder
        recorder.start()
        # To start a thread is to wait for it: with many cameras the loop must not.
        await asyncio.sleep(0)

    async def detach(self, camera: CameraKey) -> None:
        """End a camera's recorder with its clip finished; does nothing without one."""
        recorder = self._recorders.pop(camera, None)
        if recorder and not await asyncio.to_thread(
            recorder.stop, self._waits.stop / 2
        ):
            _LOGGER.warning("%s: the live recording does not end; left alone", camera)

    async def close(self) -> None:
        """End all, at once."""
        await asyncio.gather(*(self.detach(camera) for camera in [*self._recorders]))

    def is_attached(self, camera: CameraKey) -> bool:
        """Return whether a camera has a recorder."""
        return camera in self._recorders

    def status(self, camera: CameraKey) -> LiveStatus | None:
        """Return a camera's latest snapshot, None without a recorder."""
        recorder = self._recorders.get(camera)
        return recorder.status if recorder else None

    def switch(self, camera: CameraKey, is_on: bool) -> None:
        """Record while on (gate, schedule)."""
        if recorder := self._recorders.get(camera):
            recorder.switch(is_on)

    def record(self, camera: CameraKey, wanted: TimeRange, name: str = "") -> None:
        """Make sure that a range (UTC) is recorded; its clip closes after its end.

        One of the same name is replaced.
        """
        if recorder := self._recorders.get(camera):
            recorder.record(wanted, name)

    def retry_now(self, camera: CameraKey) -> None:
        """Try again at once after a change of login, address or storage."""
        if recorder := self._recorders.get(camera):
            recorder.retry_now()
