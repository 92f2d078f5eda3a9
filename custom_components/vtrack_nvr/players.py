"""Which media players can be given a stream (HLS with fragments of MP4)."""

from typing import Final

from homeassistant.components.websocket_api import current_connection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .clip_links import BROWSER_LIST, FETCH_BROWSER_LIST

STREAM_TYPE: Final = "application/x-mpegURL"
"""Home Assistant's own player in the browser asks for exactly this."""
_BROWSERS: Final = frozenset({"browser_mod"})
_PLATFORMS: Final = frozenset({"browser_mod", "kodi", "vlc_telnet"})
"""Players known to cope. Chromecast takes such a stream for MPEG-TS: it is told otherwise only
for Home Assistant's own streams."""


def can_play_stream(hass: HomeAssistant, player: str | None) -> bool:
    """Return whether a media player can be given a stream; None is a person's browser."""
    if player is None:
        return True
    return _platform(hass, player) in _PLATFORMS


def is_browser(hass: HomeAssistant, player: str | None) -> bool:
    """Return whether what plays is a browser, whose decoders nobody knows here.

    None is one where a page of Home Assistant asks. Whatever else asks without a player, an
    automation for example, has use for a file.
    """
    if player is None:
        return current_connection.get() is not None
    return _platform(hass, player) in _BROWSERS


def list_for(hass: HomeAssistant, player: str | None, *, fetch: bool = False) -> str:
    """Return the name of the playlist that a player is given.

    Players built on ffmpeg open every variant of a playlist, so that each would be
    converted: they are given the original alone.
    """
    if is_browser(hass, player):
        return FETCH_BROWSER_LIST if fetch else BROWSER_LIST
    return "fetch.m3u8" if fetch else "index.m3u8"


def _platform(hass: HomeAssistant, player: str) -> str | None:
    entity = er.async_get(hass).async_get(player)
    return entity.platform if entity else None
