"""Who sent a command, and what they may see and do."""

from collections.abc import Iterable, Sequence

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..core.library.values import CameraInfo
from ..core.models import CameraKey, NvrKey
from ..permissions import may_see
from ..runtime import HUB, CameraRuntime, VtrackHub, VtrackRuntime
from .errors import NOT_FOUND, CommandError, camera_not_found, not_allowed


class Caller:
    """The person behind a connection; rights are looked at each time they are asked for."""

    def __init__(self, hass: HomeAssistant, connection: ActiveConnection) -> None:
        """Speak for the user of a connection."""
        self.hass = hass
        self.connection = connection

    @property
    def user(self) -> User:
        """Return the user."""
        return self.connection.user

    @property
    def is_admin(self) -> bool:
        """Return whether the user is an administrator."""
        return self.user.is_admin

    @property
    def hub(self) -> VtrackHub:
        """Return library and engine."""
        return self.hass.data[HUB]

    def may(self, camera: CameraKey, *, control: bool = False) -> bool:
        """Return whether the user may see a camera, or act on it."""
        if control:
            return may_see(self.hass, self.user, camera, POLICY_CONTROL)
        return may_see(self.hass, self.user, camera)

    async def known(self) -> dict[CameraKey, str]:
        """Return the cameras that the user may see, with their names."""
        return {
            line.key: line.name
            for line in await self.hub.library.finder.cameras()
            if self.may(line.key)
        }

    async def infos(self) -> list[CameraInfo]:
        """Return the cameras that the user may see with all that is known of them."""
        return [
            info
            for info in await self.hub.library.browse.cameras()
            if self.may(info.key)
        ]

    async def seen(self, cameras: Iterable[str]) -> list[CameraKey]:
        """Return cameras by their keys, each once.

        Raises NOT_FOUND for one that is not there, or that the user may not see.
        """
        known = await self.known()
        keys = [CameraKey(key) for key in dict.fromkeys(cameras)]
        for key in keys:
            if key not in known:
                raise camera_not_found(key)
        return keys

    async def chosen(self, cameras: Sequence[str] | None) -> list[CameraKey]:
        """Return the cameras that are named, or all that the user may see."""
        return [*await self.known()] if cameras is None else await self.seen(cameras)

    async def controlled(self, cameras: Iterable[str]) -> list[CameraKey]:
        """Return cameras that the user may act on; raises NOT_FOUND, or UNAUTHORIZED."""
        keys = await self.seen(cameras)
        self.require_control(keys)
        return keys

    def require_control(self, cameras: Iterable[CameraKey]) -> None:
        """Raise UNAUTHORIZED unless the user may act on all of these."""
        if not all(self.may(key, control=True) for key in cameras):
            raise not_allowed()

    def require_admin(self) -> None:
        """Raise UNAUTHORIZED unless the user is an administrator."""
        if not self.is_admin:
            raise not_allowed()

    # What is set up now

    def runtimes(self) -> list[VtrackRuntime]:
        """Return the NVRs that are loaded."""
        return [
            entry.runtime_data
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
        ]

    def runtime(self, nvr: NvrKey) -> VtrackRuntime:
        """Return a loaded NVR of which the user may see a camera; raises NOT_FOUND."""
        for runtime in self.runtimes():
            if runtime.key == nvr and self.may_see_some(runtime):
                return runtime
        raise CommandError(NOT_FOUND, "nvr_not_found", nvr=nvr)

    def may_see_some(self, runtime: VtrackRuntime) -> bool:
        """Return whether the user may know of an NVR."""
        return self.is_admin or any(
            self.may(camera.key) for camera in runtime.cameras.values()
        )

    def attached(self, camera: CameraKey) -> tuple[VtrackRuntime, CameraRuntime]:
        """Return a camera that is set up now; raises NOT_FOUND for a former one."""
        for runtime in self.runtimes():
            for found in runtime.cameras.values():
                if found.key == camera:
                    return runtime, found
        raise camera_not_found(camera)
