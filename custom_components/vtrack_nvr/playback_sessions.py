"""Opens ranges of cameras to be watched: who may, and what they are told."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant

from .clip_links import viewing_url
from .core.errors import ErrorKind, NvrError
from .core.intervals import TimeRange
from .core.models import CameraKey
from .core.playback.desk import Opened
from .core.playback.playlist import format_of
from .core.playback.viewings import LIFE_S, AccessCheck
from .permissions import may_see
from .runtime import HUB, VtrackHub


async def async_open(
    hass: HomeAssistant,
    user: User | None,
    refresh_token_id: str | None,
    camera: CameraKey,
    window: TimeRange,
    *,
    fetch: bool = False,
    owner: str | None = None,
    check: AccessCheck | None = None,
) -> Opened:
    """Open a range (UTC) for whoever asks, as `async_open_playback` does."""
    hub = _hub(hass)
    if owner is None or check is None:
        if not may_see(hass, user, camera) or (
            fetch and not may_see(hass, user, camera, POLICY_CONTROL)
        ):
            raise NvrError(ErrorKind.NO_PERMISSION, "the camera may not be seen")
        owner = user.id if user else ""
        check = _check(hass, user, refresh_token_id, camera)
    if camera not in {info.key for info in await hub.library.browse.cameras()}:
        raise NvrError(ErrorKind.GONE, "there is no such camera")
    return await hub.archive.desk.open(owner, camera, window, check, fetch=fetch)


async def async_open_playback(
    hass: HomeAssistant,
    user: User | None,
    refresh_token_id: str | None,
    camera: CameraKey,
    from_ms: int,
    to_ms: int,
    *,
    fetch: bool = False,
    owner: str | None = None,
    check: AccessCheck | None = None,
) -> dict[str, Any]:
    """Return addresses of a range's playlists, and what is known of its footage.

    `fetch`: footage that is still on the device is asked for, which takes the right to
    control the camera. With `owner` and `check` (asked on each request) neither user nor
    login counts. Raises `ValueError` for an empty range or one of more than six hours, and
    `NvrError`: NO_PERMISSION, GONE (no such camera), NO_FOOTAGE, LIMIT, storage kinds.
    """
    window = TimeRange(from_ms, to_ms)
    opened = await async_open(
        hass,
        user,
        refresh_token_id,
        camera,
        window,
        fetch=fetch,
        owner=owner,
        check=check,
    )
    return {
        "token": opened.token,
        "url": viewing_url(opened.token, "index.m3u8"),
        "h264_url": viewing_url(opened.token, "h264/index.m3u8"),
        "map_url": viewing_url(opened.token, "map.json"),
        "from": from_ms,
        "to": to_ms,
        "codecs": list(dict.fromkeys(look.codecs for look in opened.looks)),
        "formats": [format_of(look) for look in opened.looks],
        "first": opened.first_ms,
        "last": opened.last_ms,
        "growing": opened.is_growing,
        "expires_in": int(LIFE_S),
    }


async def async_close_playback(
    hass: HomeAssistant, user: User | None, token: str
) -> None:
    """End a viewing of that person, if there is one."""
    desk = _hub(hass).archive.desk
    viewing = await desk.use(token)
    if viewing is not None and viewing.owner == (user.id if user else ""):
        desk.end(token)


def _check(
    hass: HomeAssistant,
    user: User | None,
    refresh_token_id: str | None,
    camera: CameraKey,
) -> AccessCheck:
    """Return how to find out whether a person may still see a camera."""

    async def check() -> bool:
        if user is None:
            return True
        now = await hass.auth.async_get_user(user.id)
        if now is None or not now.is_active or not may_see(hass, now, camera):
            return False
        return (
            refresh_token_id is None
            or hass.auth.async_get_refresh_token(refresh_token_id) is not None
        )

    return check


def _hub(hass: HomeAssistant) -> VtrackHub:
    hub = hass.data.get(HUB)
    if hub is None:
        raise NvrError(ErrorKind.INDEX_FAILED, "the integration is not set up")
    return hub
