"""Lines of the logbook: what happened to footage."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import (
    DOMAIN,
    EVENT_CLIP,
    EVENT_FOOTAGE_LOST,
    EVENT_STORAGE_PROBLEM,
    EVENT_SYNC_FAILED,
    EVENT_SYNC_FINISHED,
)


def _clip(data: Mapping[str, Any]) -> str:
    start = dt_util.parse_datetime(str(data.get("start")))
    if start is None:
        return "kept a clip"
    return f"kept the clip of {dt_util.as_local(start):%H:%M:%S}"


def _lost(data: Mapping[str, Any]) -> str:
    minutes = max(1, round(data.get("seconds", 0) / 60))
    return f"lost {minutes} min of footage: the device dropped it before it was copied"


def _finished(data: Mapping[str, Any]) -> str:
    clips = data.get("clips", 0)
    return f"finished a sync with {clips} new clip{'' if clips == 1 else 's'}"


def _failed(data: Mapping[str, Any]) -> str:
    return f"could not finish a sync: {_words(data.get('reason'))}"


def _storage(data: Mapping[str, Any]) -> str:
    return f"has a problem: {_words(data.get('reason'))}"


def _words(reason: object) -> str:
    return str(reason or "unknown").replace("_", " ")


MESSAGES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    EVENT_CLIP: _clip,
    EVENT_FOOTAGE_LOST: _lost,
    EVENT_STORAGE_PROBLEM: _storage,
    EVENT_SYNC_FAILED: _failed,
    EVENT_SYNC_FINISHED: _finished,
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, Any]]], None],
) -> None:
    """Describe our events."""

    def describe(event: Event) -> dict[str, Any]:
        data = event.data
        described = {
            LOGBOOK_ENTRY_NAME: data.get("name") or "VTrack NVR",
            LOGBOOK_ENTRY_MESSAGE: MESSAGES[str(event.event_type)](data),
        }
        if data.get("entity_id"):
            described[LOGBOOK_ENTRY_ENTITY_ID] = data["entity_id"]
        return described

    for event_type in MESSAGES:
        async_describe_event(DOMAIN, event_type, describe)
