"""Where a clip and what belongs to it is found: addresses of our views, media ids."""

from base64 import b64decode, urlsafe_b64encode

from homeassistant.components.media_source import URI_SCHEME

from .const import DOMAIN
from .core.intervals import TimeRange
from .core.models import CameraKey

CLIP_URL = f"/api/{DOMAIN}/clip/{{clip_id}}"
EXPORT_URL = f"/api/{DOMAIN}/export/{{export_id}}"
REPORT_URL = f"/api/{DOMAIN}/report/{{entry_id}}"
FRAME_URL = f"/api/{DOMAIN}/frame/{{clip_id}}/{{at_ms}}"
STRIP_URL = f"/api/{DOMAIN}/strip/{{clip_id}}"
THUMBNAIL_URL = f"/api/{DOMAIN}/thumbnail/{{clip_id}}"
HLS_URL = f"/api/{DOMAIN}/hls/{{camera}}/{{window}}/{{name}}"
VIEWING_URL = f"/api/{DOMAIN}/s/{{token}}/{{what}}"
BROWSER_LIST = "browser.m3u8"
"""A playlist that browsers choose from: the original, and H.264 where that is another."""
FETCH_BROWSER_LIST = "fetch-browser.m3u8"


def clip_url(clip_id: int) -> str:
    """Return the address of a clip's file, for people who may see its camera."""
    return CLIP_URL.format(clip_id=clip_id)


def thumbnail_url(clip_id: int) -> str:
    """Return the address of a clip's thumbnail."""
    return THUMBNAIL_URL.format(clip_id=clip_id)


def clip_media_id(clip_id: int) -> str:
    """Return what a media player is given to play a clip."""
    return f"{URI_SCHEME}{DOMAIN}/clip/{clip_id}"


def viewing_url(token: str, what: str) -> str:
    """Return an address below the token of a viewing: it is the only key to it."""
    return VIEWING_URL.format(token=token, what=what)


def hls_url(camera: CameraKey, window: TimeRange, name: str = "index.m3u8") -> str:
    """Return where a range of a camera is opened for players, by people who may see it."""
    return HLS_URL.format(
        camera=urlsafe_b64encode(camera.encode()).decode().rstrip("="),
        window=f"{window.start_ms}-{window.end_ms}",
        name=name,
    )


def camera_of_address(text: str) -> CameraKey:
    """Return the camera that `hls_url` named; raises `ValueError`."""
    padded = text + "=" * (-len(text) % 4)
    return CameraKey(b64decode(padded, altchars=b"-_", validate=True).decode())
