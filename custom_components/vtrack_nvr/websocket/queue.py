"""Commands about work: what runs and waits, what failed, what was done."""

from typing import Any

import voluptuous as vol

from ..core.models import CameraKey, CoverageState, NvrKey
from ..core.texts import clean
from .caller import Caller
from .command import command
from .errors import NOT_FOUND, CommandError
from .fetching import NVR, REQUEST
from .fields import PAGE_AFTER, camera_keys, limit, nvr_of, pack_cursor, unpack_cursor
from .limits import MOST_CAMERAS

STATES = (CoverageState.FAILED, CoverageState.MISSING, CoverageState.ON_DEVICE)
"""What of the ledger is work still to do, in the order in which it is listed."""


async def _cameras(caller: Caller, msg: dict[str, Any]) -> list[CameraKey]:
    """Return the cameras that a message names by themselves or by their NVR."""
    keys = await caller.chosen(msg.get("cameras"))
    nvr = nvr_of(msg)
    if nvr is None:
        return keys
    runtime = caller.runtime(nvr)
    of = {camera.key for camera in runtime.cameras.values()}
    return [key for key in keys if key in of]


@command(
    "queue",
    {
        **NVR,
        vol.Optional("cameras"): camera_keys(MOST_CAMERAS, 0),
        **limit(100, 50),
        **PAGE_AFTER,
    },
)
async def queue(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return what is fetched, asked for, tried again, and still on the devices."""
    keys = await _cameras(caller, msg)
    place = unpack_cursor(msg.get("cursor"), int, int, str)
    most = msg["limit"]
    rows = await _running(caller, keys)
    requests = await _requested(caller, keys)
    totals = {
        "requests": len(requests),
        "fetching": len(rows),
        **_sums(caller, keys),
    }
    rows += requests
    following: tuple[int, int, str] | None = None
    if place is None or place[0] < 0:
        first = 0 if place is None else place[1]
        shown = rows[first : first + most]
        if len(rows) > first + most:
            following = (-1, first + most, "")
        elif keys:
            more, following = await _ledger(caller, keys, 0, None, most - len(shown))
            shown += more
    else:
        if place[0] >= len(STATES):
            raise vol.Invalid("not a cursor of this list")
        after = (place[1], CameraKey(place[2])) if place[2] else None
        shown, following = await _ledger(caller, keys, place[0], after, most)
    return {
        "rows": shown,
        "next": None if following is None else pack_cursor(*following),
        "totals": totals,
    }


def _row(
    camera: CameraKey, start_ms: int, end_ms: int, state: str, **more: Any
) -> dict[str, Any]:
    return {
        "camera": camera,
        "from_ms": start_ms,
        "to_ms": end_ms,
        "state": state,
        "reason": "",
        "next_try_ms": None,
        "attempts": 0,
        "job": None,
        "note": "",
        "made_ms": None,
        **more,
    }


async def _running(caller: Caller, keys: list[CameraKey]) -> list[dict[str, Any]]:
    wanted = frozenset(keys)
    return [
        _row(key, camera.progress.start_ms, camera.progress.end_ms, "fetching")
        for nvr in caller.hub.engine.status().nvrs.values()
        for key, camera in nvr.cameras.items()
        if key in wanted and camera.progress is not None
    ]


async def _requested(caller: Caller, keys: list[CameraKey]) -> list[dict[str, Any]]:
    wanted = frozenset(keys)
    return [
        _row(
            want.camera,
            want.range.start_ms,
            want.range.end_ms,
            "requested",
            job=f"{REQUEST}{want.id}",
            note=clean(want.note, 200),
            made_ms=want.made_ms,
        )
        for runtime in caller.runtimes()
        for want in await caller.hub.library.ledger.wants(runtime.key)
        if want.camera in wanted
    ]


def _sums(caller: Caller, keys: list[CameraKey]) -> dict[str, int]:
    wanted = frozenset(keys)
    found = [
        camera
        for nvr in caller.hub.engine.status().nvrs.values()
        for key, camera in nvr.cameras.items()
        if key in wanted
    ]
    failed = sum(camera.failed_s for camera in found)
    backlog = sum(camera.backlog_s for camera in found)
    return {"failed_s": round(failed), "on_device_s": max(0, round(backlog - failed))}


async def _ledger(
    caller: Caller,
    keys: list[CameraKey],
    number: int,
    after: tuple[int, CameraKey] | None,
    most: int,
) -> tuple[list[dict[str, Any]], tuple[int, int, str] | None]:
    """Return stretches of one state after the other, and where to go on."""
    rows: list[dict[str, Any]] = []
    while number < len(STATES):
        if most <= len(rows):
            return rows, (number, *(after or (0, "")))
        found, after = await caller.hub.library.finder.stretches(
            STATES[number], keys, most - len(rows), after
        )
        rows += [
            _row(
                item.camera,
                item.start_ms,
                item.end_ms,
                str(STATES[number]),
                reason=item.reason,
                next_try_ms=item.next_try_ms,
                attempts=item.attempts,
            )
            for item in found
        ]
        if after is None:
            number += 1
    return rows, None


@command(
    "ledger",
    {
        vol.Required("state"): vol.In(["failed", "lost", "missing", "removed"]),
        vol.Optional("cameras"): camera_keys(MOST_CAMERAS, 0),
        **limit(100, 50),
        **PAGE_AFTER,
    },
)
async def ledger(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return stretches in one state, latest footage first."""
    keys = await caller.chosen(msg.get("cameras"))
    place = unpack_cursor(msg.get("cursor"), int, str)
    found, following = await caller.hub.library.finder.stretches(
        CoverageState(msg["state"]),
        keys,
        msg["limit"],
        None if place is None else (place[0], CameraKey(place[1])),
    )
    return {
        "rows": [
            {
                "camera": item.camera,
                "state": msg["state"],
                "from_ms": item.start_ms,
                "to_ms": item.end_ms,
                "reason": item.reason,
                "changed_ms": item.changed_ms,
            }
            for item in found
        ],
        "next": None if following is None else pack_cursor(*following),
    }


@command("runs", {**NVR, **limit(100, 50), **PAGE_AFTER})
async def runs(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return the history of sync runs of NVRs of which the user sees a camera."""
    place = unpack_cursor(msg.get("cursor"), int)
    before = 2**62 if place is None else place[0]
    nvr = nvr_of(msg)
    known = {info.nvr for info in await caller.infos()}
    if caller.is_admin:
        known |= {runtime.key for runtime in caller.runtimes()}
    if nvr is not None and nvr not in known:
        raise CommandError(NOT_FOUND, "nvr_not_found", nvr=nvr)
    found = await caller.hub.library.browse.runs(nvr, msg["limit"], before)
    return {
        "runs": [
            {
                "id": run.id,
                "nvr": run.nvr,
                "kind": str(run.kind),
                "started_ms": run.started_ms,
                "ended_ms": run.ended_ms,
                "clips": run.result.clips,
                "bytes": run.result.bytes,
                "seconds": round(run.result.seconds, 1),
                "errors": run.result.errors,
                "detail": clean(run.result.detail) if caller.is_admin else "",
            }
            for run in found
            if NvrKey(run.nvr) in known
        ],
        "next": pack_cursor(found[-1].id) if len(found) == msg["limit"] else None,
    }
