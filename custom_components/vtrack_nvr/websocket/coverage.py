"""Commands about the time line: tiles, a moment, spans, borders, a month."""

from typing import Any

import voluptuous as vol

from ..core.library import coverage_tiles as tiles
from ..core.models import CameraKey, CoverageSpan
from .caller import Caller
from .command import command
from .fields import (
    CAMERA,
    CLASS_LIST,
    CLASSES,
    MS,
    RANGE,
    camera_keys,
    limit,
    list_of,
    month,
    range_of,
    tile,
    whole,
)
from .limits import (
    LONGEST_SPANS_MS,
    MOST_MONTH_CAMERAS,
    MOST_NUMBERS,
    MOST_TILES,
)
from .rows import clip_ref, clip_row, span_row


@command(
    "coverage/tiles",
    {
        vol.Required("level"): whole(0, tiles.LEVELS - 1),
        vol.Required("tiles"): list_of(tile, MOST_TILES),
    },
)
async def coverage_tiles(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return tiles as runs; what may not be seen is empty like what is not there."""
    wanted: list[tuple[CameraKey, int]] = [*dict.fromkeys(msg["tiles"])]
    hidden = {camera for camera, _ in wanted if not caller.may(camera)}
    found, left = await caller.hub.library.time_line.tiles(
        msg["level"],
        [item for item in wanted if item[0] not in hidden],
        MOST_NUMBERS,
    )
    rows = [
        {
            "camera": item.camera,
            "n": item.n,
            "until_ms": item.until_ms,
            "runs": item.runs,
        }
        for item in found
    ]
    rows += [
        {"camera": camera, "n": n, "until_ms": None, "runs": []}
        for camera, n in wanted
        if camera in hidden
    ]
    return {"level": msg["level"], "tiles": rows, "left": left}


def _row(state: str, span: CoverageSpan) -> dict[str, Any]:
    return span_row(state, span.range, span.reason, span.next_try_ms, span.attempts)


async def _seen(caller: Caller, msg: dict[str, Any]) -> CameraKey:
    (camera,) = await caller.seen([msg["camera"]])
    return camera


@command("coverage/at", {**CAMERA, vol.Required("t_ms"): MS})
async def coverage_at(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return exactly what is known of a moment, and the clips beside it."""
    camera = await _seen(caller, msg)
    library = caller.hub.library
    at = await library.time_line.at(camera, msg["t_ms"])
    events = () if at.clip is None else (await library.events.classes_of([at.clip]))[0]
    told = library.time_line.told(camera, () if at.span is None else (at.span,))
    row = next(
        (_row(*each) for each in told if each[1].range.contains(msg["t_ms"])),
        span_row(tiles.STATES[tiles.UNKNOWN], at.window),
    )
    return {
        **row,
        "clip": None if at.clip is None else clip_row(at.clip, events),
        "before": clip_ref(at.before),
        "after": clip_ref(at.after),
    }


@command("coverage/spans", {**CAMERA, **RANGE, **limit(500, 200)})
async def coverage_spans(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return the exact spans of a range, in order."""
    camera = await _seen(caller, msg)
    time_line = caller.hub.library.time_line
    spans, next_ms = await time_line.spans(
        camera, range_of(msg, LONGEST_SPANS_MS), msg["limit"]
    )
    return {
        "spans": [_row(*told) for told in time_line.told(camera, spans)],
        "next_from_ms": next_ms,
    }


@command(
    "coverage/edge",
    {
        **CAMERA,
        vol.Required("t_ms"): MS,
        vol.Required("direction"): vol.In(["next", "previous"]),
        vol.Required("want"): vol.In(["kept", "event", "problem"]),
        vol.Optional("classes", default=CLASSES): CLASS_LIST,
    },
)
async def coverage_edge(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return where the next or previous such stretch begins."""
    camera = await _seen(caller, msg)
    edge = await caller.hub.library.time_line.edge(
        camera,
        msg["t_ms"],
        is_next=msg["direction"] == "next",
        want=msg["want"],
        classes=msg["classes"],
    )
    return {
        "t_ms": edge.start_ms,
        "to_ms": edge.end_ms,
        "state": edge.state,
        "event_class": edge.event_class,
        "searched_ms": edge.searched_ms,
    }


@command(
    "coverage/month",
    {
        vol.Required("cameras"): camera_keys(MOST_MONTH_CAMERAS),
        vol.Required("month"): month,
    },
)
async def coverage_month(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds in each state of each day of a month."""
    keys = await caller.seen(msg["cameras"])
    found = await caller.hub.library.time_line.month(keys, msg["month"])
    return {
        "month": f"{msg['month']:%Y-%m}",
        "time_zone": caller.hass.config.time_zone,
        "states": list(tiles.STATES),
        "days": [day.isoformat() for day in found.days],
        "day_from_ms": found.borders_ms,
        "cameras": {
            key: [[_seconds(ms) for ms in day] for day in days]
            for key, days in found.cameras.items()
        },
    }


def _seconds(ms: int) -> int:
    """Return milliseconds in seconds; what is there at all is not told as nothing."""
    return max(1, round(ms / 1000)) if ms else 0
