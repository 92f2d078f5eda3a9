"""Commands about exports: make, list, delete."""

from collections import Counter
from typing import Any

from homeassistant.util import slugify
import voluptuous as vol

from ..core.intervals import DAY_MS
from ..core.library.values import Export
from ..core.models import CameraKey
from .caller import Caller
from .command import command
from .errors import BUSY, NOT_FOUND, CommandError, not_allowed
from .fields import (
    ID,
    PAGE_AFTER,
    RANGE,
    camera_keys,
    flag,
    limit,
    pack_cursor,
    range_of,
    unpack_cursor,
    whole,
)
from .jobs import JOBS, Job
from .limits import MOST_EXPORTED
from .rows import export_row
from .sizes import fitting

PAGE = 200
MOST_LOOKS = 5
"""How many pages are looked through for exports that the user may see."""


def may_see_export(caller: Caller, export: Export) -> bool:
    """Return whether the user may see all that an export shows."""
    return all(caller.may(camera) for camera in export.cameras)


def row_for(caller: Caller, export: Export) -> dict[str, Any]:
    """Return an export as the user sees it."""
    row = export_row(export, caller.user.id)
    return {**row, "may_delete": caller.is_admin or row["is_yours"]}


@command(
    "export/start",
    {
        vol.Required("cameras"): camera_keys(MOST_EXPORTED),
        **RANGE,
        vol.Optional("keep_gaps", default=True): flag,
        vol.Optional("keep_days", default=7): whole(1, 365),
    },
)
async def export_start(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Make one file of the kept footage of a range; a zip of several cameras."""
    keys = await caller.controlled(msg["cameras"])
    library = caller.hub.library
    window = range_of(msg, library.exports.longest_ms)
    named = await _names(caller, keys)

    async def work(job: Job) -> None:
        export = await caller.hub.archive.exports.make(
            named,
            window,
            keep_gaps=msg["keep_gaps"],
            life_ms=msg["keep_days"] * DAY_MS,
            user=caller.user.id,
        )
        job.export_id, job.bytes = export.id, export.size_bytes

    job = await caller.hass.data[JOBS].run(
        caller.user.id, "export", work, cameras=keys, window=window
    )
    return job.row()


async def _names(caller: Caller, keys: list[CameraKey]) -> dict[CameraKey, str]:
    """Return how the files of cameras are named; no two are alike."""
    known = await caller.known()
    names = {key: slugify(known[key]) for key in keys}
    often = Counter(names.values())
    return {
        key: name if often[name] == 1 else f"{name}_{number}"
        for number, (key, name) in enumerate(names.items(), 1)
    }


@command("export/list", {**limit(100, 50), **PAGE_AFTER})
async def export_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return exports of cameras that the user may see, newest first."""
    place = unpack_cursor(msg.get("cursor"), int)
    book, most = caller.hub.library.exports, msg["limit"]
    found: list[Export] = []
    before = 2**62 if place is None else place[0]
    for _ in range(MOST_LOOKS):
        some = await book.page(PAGE, before)
        before = some[-1].id if len(some) == PAGE else 0
        found += [export for export in some if may_see_export(caller, export)]
        if len(found) > most or not before:
            break
    rows = [row_for(caller, export) for export in found[:most]]
    count = fitting(rows)
    following = found[count - 1].id if len(found) > count else before
    return {
        "exports": rows[:count],
        "next": pack_cursor(following) if following else None,
    }


@command("export/delete", {vol.Required("export"): ID})
async def export_delete(caller: Caller, msg: dict[str, Any]) -> None:
    """Delete an export: one's own; administrators may delete all."""
    book = caller.hub.library.exports
    export = await book.get(msg["export"])
    if export is None or not may_see_export(caller, export):
        raise CommandError(NOT_FOUND, "export_not_found", export=msg["export"])
    if not caller.is_admin and export.user != caller.user.id:
        raise not_allowed()
    if not export.is_ready and not export.is_failed:
        raise CommandError(BUSY, "export_being_made")
    await book.remove(export.id)
    caller.hass.data[JOBS].changed()
