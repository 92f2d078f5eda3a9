"""Commands about events: the marks of a lane, and the list beside the player."""

from typing import Any

import voluptuous as vol

from ..core.intervals import TimeRange
from ..core.models import CameraKey
from ..core.texts import clean
from .caller import Caller
from .command import command
from .errors import BAD_RANGE, CommandError
from .fields import (
    CLASS_LIST,
    CLASSES,
    MOST_MS,
    MS,
    PAGE_AFTER,
    RANGE,
    camera_keys,
    limit,
    pack_cursor,
    range_of,
    unpack_cursor,
)
from .limits import LONGEST_EVENTS_MS, MOST_CAMERAS, MOST_EVENT_CAMERAS

_OF_CLASSES = {vol.Optional("classes", default=CLASSES): CLASS_LIST}


@command(
    "events/list",
    {
        vol.Required("cameras"): camera_keys(MOST_EVENT_CAMERAS),
        **RANGE,
        **_OF_CLASSES,
    },
)
async def events_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return the events of a range as marks, or as counts where there are many."""
    keys = await caller.seen(msg["cameras"])
    window = range_of(msg, LONGEST_EVENTS_MS)
    classes = [*dict.fromkeys(msg["classes"])]
    place = {key: number for number, key in enumerate(keys)}
    number_of = {name: number for number, name in enumerate(classes)}
    line = caller.hub.library.events
    answer: dict[str, Any] = {"cameras": keys, "classes": classes}
    flat: list[int] = []
    marks = await line.marks(keys, window, classes)
    if marks is not None:
        for camera, mark in marks:
            flat += (
                place[camera],
                number_of[mark.event_class],
                mark.start_ms - window.start_ms,
                mark.end_ms - mark.start_ms,
            )
        return {"kind": "events", **answer, "events": flat}
    counts = await line.count(keys, window, classes)
    for (camera, name, bucket), number in sorted(counts.counts.items()):
        flat += (place[camera], number_of[name], bucket, number)
    return {
        "kind": "counts",
        **answer,
        "bucket_ms": counts.bucket_ms,
        "counts": flat,
    }


@command(
    "events/page",
    {
        vol.Optional("cameras"): camera_keys(MOST_CAMERAS, 0),
        vol.Optional("from_ms"): MS,
        vol.Optional("to_ms"): MS,
        **_OF_CLASSES,
        **limit(100, 50),
        **PAGE_AFTER,
    },
)
async def events_page(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return a page of events, newest first."""
    keys = await caller.chosen(msg.get("cameras"))
    after = None
    if (place := unpack_cursor(msg.get("cursor"), int, str, str, str)) is not None:
        after = (place[0], CameraKey(place[1]), place[2], place[3])
    events, following = await caller.hub.library.events.page(
        keys, open_range(msg), msg["classes"], msg["limit"], after
    )
    return {
        "events": [
            {
                "camera": event.camera,
                "event_class": event.event_class,
                "start_ms": event.start_ms,
                "end_ms": event.end_ms,
                "source": clean(event.source),
                "clip_id": event.clip_id,
            }
            for event in events
        ],
        "next": None if following is None else pack_cursor(*following),
    }


def open_range(msg: dict[str, Any]) -> TimeRange | None:
    """Return the range of a filter, open to both sides; None without one."""
    if "from_ms" not in msg and "to_ms" not in msg:
        return None
    start_ms, end_ms = msg.get("from_ms", 0), msg.get("to_ms", MOST_MS)
    if end_ms <= start_ms:
        raise CommandError(BAD_RANGE, "bad_range")
    return TimeRange(start_ms, end_ms)
