"""Links that show footage without a login: who may make, list and end them.

Where a login of Home Assistant is at hand, its own signed paths are enough (`auth/sign_path`):
nothing is stored for them, and they end with a restart.
"""

from dataclasses import dataclass
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .const import DOMAIN
from .core.intervals import TimeRange
from .core.library.share_values import Share, ShareKind, ShareTarget
from .core.models import CameraKey, ClipState
from .exceptions import translated_errors
from .permissions import may_see
from .runtime import HUB
from .times import moment

SHARE_URL = f"/api/{DOMAIN}/shared/{{token}}"
PLAYLIST_URL = f"{SHARE_URL}/{{name}}.m3u8"
HOUR_MS = 3_600_000
DEFAULT_HOURS = 24
MOST_HOURS = 720
LONGEST_RANGE_MS = 6 * HOUR_MS
"""As much as one playlist holds."""


@dataclass(frozen=True, slots=True)
class NewShare:
    """A link that was just made; its token is in the addresses and nowhere else.

    `url` is absolute where Home Assistant knows an address of its own, else a path.
    `playlist` is for players that want no page; None where the link is no range.
    """

    share: Share
    url: str
    path: str
    playlist: str | None


async def async_clip_target(
    hass: HomeAssistant, clip_id: int, *, is_picture: bool = False
) -> ShareTarget:
    """Return a clip, or its picture, as what a link shows."""
    with translated_errors(str(clip_id)):
        clip = await hass.data[HUB].library.browse.clip(clip_id)
    if clip is None or clip.state is not ClipState.COMPLETE:
        raise _unknown("clip_not_found")
    kind = ShareKind.PICTURE if is_picture else ShareKind.CLIP
    return ShareTarget(kind, (clip.camera,), clip.facts.range, clip.id)


async def async_export_target(hass: HomeAssistant, export_id: int) -> ShareTarget:
    """Return an export as what a link shows."""
    with translated_errors(str(export_id)):
        export = await hass.data[HUB].library.exports.get(export_id)
    if export is None or not export.is_ready:
        raise _unknown("export_not_found")
    return ShareTarget(ShareKind.EXPORT, export.cameras, export.range, export.id)


def range_target(camera: CameraKey, wanted: TimeRange) -> ShareTarget:
    """Return a stretch of a camera as what a link shows; six hours at most."""
    if wanted.duration_ms > LONGEST_RANGE_MS:
        raise _unknown("share_too_long")
    return ShareTarget(ShareKind.RANGE, (camera,), wanted)


async def async_create_share(
    hass: HomeAssistant,
    user: User | None,
    target: ShareTarget,
    hours: float = DEFAULT_HOURS,
) -> NewShare:
    """Return a link that shows this to whoever has it, until it expires.

    `user` makes it, None is Home Assistant itself. Raises `Unauthorized` where the user may
    not see all of it, and `ServiceValidationError` where there are too many links.
    """
    if not _may_see_all(hass, user, target):
        raise Unauthorized
    with translated_errors(", ".join(target.cameras)):
        share, token = await hass.data[HUB].library.shares.create(
            target, user.id if user else "", round(hours * HOUR_MS)
        )
    is_range = target.kind is ShareKind.RANGE
    path = SHARE_URL.format(token=token)
    playlist = PLAYLIST_URL.format(token=token, name="index") if is_range else None
    try:
        base = get_url(hass, prefer_external=True)
    except NoURLAvailableError:
        base = ""
    return NewShare(
        share, f"{base}{path}", path, f"{base}{playlist}" if playlist else None
    )


async def async_list_shares(
    hass: HomeAssistant, user: User | None
) -> tuple[Share, ...]:
    """Return the links a user made; administrators see all of them, newest first."""
    of = None if user is None or user.is_admin else user.id
    with translated_errors(DOMAIN):
        return await hass.data[HUB].library.shares.all(of)


async def async_revoke_share(
    hass: HomeAssistant, user: User | None, share_id: int
) -> None:
    """End a link at once: its maker may, and administrators."""
    shares = hass.data[HUB].library.shares
    with translated_errors(str(share_id)):
        share = await shares.get(share_id)
        if share is None:
            raise _unknown("share_not_found")
        if user is not None and not user.is_admin and share.user != user.id:
            raise Unauthorized
        await shares.revoke(share_id)


async def async_is_open(hass: HomeAssistant, share: Share) -> bool:
    """Return whether a link's maker is still somebody who may see what it shows."""
    if not share.user:
        return True
    user = await hass.auth.async_get_user(share.user)
    return (
        user is not None and user.is_active and _may_see_all(hass, user, share.target)
    )


def as_dict(share: Share) -> dict[str, Any]:
    """Return a link for lists; nothing in it opens anything."""
    target = share.target
    return {
        "share_id": share.id,
        "kind": str(target.kind),
        "cameras": list(target.cameras),
        "item_id": target.item_id,
        "start": _iso(target.range.start_ms),
        "end": _iso(target.range.end_ms),
        "made": _iso(share.made_ms),
        "expires": _iso(share.expires_ms),
        "user_id": share.user or None,
    }


def _may_see_all(hass: HomeAssistant, user: User | None, target: ShareTarget) -> bool:
    return all(may_see(hass, user, camera) for camera in target.cameras)


def _unknown(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)


def _iso(utc_ms: int) -> str | None:
    time = moment(utc_ms)
    return time.isoformat() if time else None
