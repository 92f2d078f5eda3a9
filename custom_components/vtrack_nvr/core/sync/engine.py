"""The engine: everything that is fetched from every NVR, in one place.

One engine serves the whole installation. It runs on the event loop and never blocks it:
sockets, disks and SQL are behind the ports. All times are milliseconds of UTC.
"""

from collections.abc import Callable, Iterable
import random

from ..clock import Clock
from ..intervals import TimeRange
from ..ledger import Want
from ..models import CameraKey, DeviceEvent, EventMark, NvrKey
from ..policy import Bounds, Waits
from .ports import Fetcher, Library
from .settings import EngineLimits, NvrSettings
from .spec import CameraSpec, NvrSpec
from .status import SavedClip, SyncReport, SyncStatus


class SyncEngine:
    """Plans and fetches for all attached NVRs while `run` runs.

    Methods that are not `async` only take note of what is asked and return at once; they
    are called on the event loop. NVRs may be attached and detached before, during and
    after `run`.
    """

    def __init__(
        self,
        library: Library,
        fetcher: Fetcher,
        clock: Clock,
        limits: EngineLimits | None = None,
        *,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Take the other rooms; nothing is started."""
        raise NotImplementedError

    # Life

    async def run(self) -> None:
        """Work until `stop`; start it as a background task."""
        raise NotImplementedError

    async def stop(self, timeout_s: float | None = None) -> None:
        """End all fetches with their footage kept and return within `timeout_s` (10 s)."""
        raise NotImplementedError

    # NVRs and cameras

    def attach_nvr(self, spec: NvrSpec) -> None:
        """Begin to work for an NVR; a spec of the same key takes the place of the old."""
        raise NotImplementedError

    async def detach_nvr(self, nvr: NvrKey) -> None:
        """End the work for an NVR; its fetches are ended when this returns."""
        raise NotImplementedError

    def add_camera(self, nvr: NvrKey, camera: CameraKey, spec: CameraSpec) -> None:
        """Begin to work for one more camera; the others notice nothing."""
        raise NotImplementedError

    def update_camera(self, nvr: NvrKey, camera: CameraKey, spec: CameraSpec) -> None:
        """Work for a camera by other settings; the others notice nothing."""
        raise NotImplementedError

    async def remove_camera(self, nvr: NvrKey, camera: CameraKey) -> None:
        """End the work for a camera; what is kept stays, open requests are cancelled."""
        raise NotImplementedError

    def update_nvr(self, nvr: NvrKey, settings: NvrSettings) -> None:
        """Work for an NVR by other settings."""
        raise NotImplementedError

    def set_enabled(self, camera: CameraKey, is_enabled: bool) -> None:
        """Switch a camera's background sync; requests are served all the same."""
        raise NotImplementedError

    def set_replay_broken(self, camera: CameraKey, is_broken: bool) -> None:
        """Tell what was found out elsewhere; decides the footage source."""
        raise NotImplementedError

    # Asking for work

    async def sync_now(
        self,
        cameras: Iterable[CameraKey] | None = None,
        *,
        full: bool = False,
        wait: bool = True,
    ) -> SyncReport:
        """Search these cameras (all) now and fetch what is due, whatever the gate says.

        With `wait` returns when that is done or cannot go on; without, at once.
        """
        raise NotImplementedError

    async def request(
        self, camera: CameraKey, wanted: TimeRange, note: str = ""
    ) -> Want:
        """Store a request that goes ahead of everything, also across restarts.

        Raises `NvrError(GONE)` for a camera that is not attached.
        """
        raise NotImplementedError

    async def wait_for(self, want: Want, deadline_s: float | None = None) -> SavedClip:
        """Wait until a request is closed, or its deadline (seconds from now) has come.

        The request stays open after the deadline.
        """
        raise NotImplementedError

    async def save_clip(
        self,
        camera: CameraKey,
        wanted: TimeRange,
        deadline_s: float | None = None,
        note: str = "",
    ) -> SavedClip:
        """Request and wait; the footage is in the library as whole GOPs."""
        raise NotImplementedError

    async def cancel_request(self, want: Want) -> None:
        """Close a request unserved."""
        raise NotImplementedError

    # Steering

    def pause(self, nvr: NvrKey | None = None) -> None:
        """Start no more background work for an NVR (all); running fetches make way."""
        raise NotImplementedError

    def resume(self, nvr: NvrKey | None = None) -> None:
        """Undo `pause`."""
        raise NotImplementedError

    def cancel(self, camera: CameraKey | None = None) -> None:
        """End the running fetches of a camera (all) now; they are planned anew later."""
        raise NotImplementedError

    def credentials_changed(self, nvr: NvrKey) -> None:
        """Try an NVR again that was stopped (login, certificate, address changed)."""
        raise NotImplementedError

    # News from outside

    def notify_event(self, nvr: NvrKey, event: DeviceEvent) -> None:
        """Enter a device's event as a mark and look for its footage soon."""
        raise NotImplementedError

    def notify_mark(self, camera: CameraKey, mark: EventMark) -> None:
        """Enter an event of another origin (a Home Assistant entity), in UTC."""
        raise NotImplementedError

    def notify_kept(self, camera: CameraKey, kept: TimeRange) -> None:
        """Tell that a clip was completed or changed elsewhere (live, retention, repair)."""
        raise NotImplementedError

    # Status

    def status(self) -> SyncStatus:
        """Return the last snapshot; a new one is made at most once a second."""
        raise NotImplementedError

    def subscribe(self, callback: Callable[[SyncStatus], None]) -> Callable[[], None]:
        """Call back on the event loop with each new snapshot; returns how to end that."""
        raise NotImplementedError
