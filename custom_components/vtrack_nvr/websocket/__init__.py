"""The WebSocket API: what the dashboard asks; `docs/websocket-api.md` is its contract."""

from homeassistant.core import HomeAssistant, callback

from ..runtime import HUB
from . import (
    clips,
    coverage,
    events,
    export_commands,
    fetching,
    info,
    nvrs,
    playback,
    queue,
    retention,
    share_commands,
)
from .command import COMMANDS, async_register_commands
from .feed import FEED, Feed
from .jobs import JOBS, Jobs

PARTS = (
    info,
    coverage,
    events,
    clips,
    fetching,
    export_commands,
    queue,
    retention,
    nvrs,
    playback,
    share_commands,
)
"""The files whose commands there are."""

__all__ = ["COMMANDS", "PARTS", "async_register_websocket"]


@callback
def async_register_websocket(hass: HomeAssistant) -> None:
    """Register all commands; once, when library and engine are there."""
    hass.data[JOBS] = Jobs(hass, hass.data[HUB].library.clock.now_ms)
    hass.data[FEED] = Feed(hass)
    async_register_commands(hass)
