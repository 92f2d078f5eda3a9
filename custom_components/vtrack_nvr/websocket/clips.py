"""Commands about clips: find, count, protect, delete, bring back."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
import itertools
from typing import Any

import voluptuous as vol

from ..core.errors import NvrError
from ..core.intervals import TimeRange
from ..core.library.finder import BulkPlan, ClipFilter
from ..core.models import CameraKey, Clip, ClipSource, ClipState, EventClass
from .caller import Caller
from .command import command
from .errors import (
    NOT_FOUND,
    PLAN_EXPIRED,
    TOO_LATE,
    CommandError,
)
from .events import open_range
from .fields import (
    CAMERA,
    CLASS,
    ID,
    MOST_TEXT,
    MS,
    NOTE,
    PAGE_AFTER,
    RANGE,
    bounded_text,
    camera_keys,
    camera_of,
    flag,
    limit,
    list_of,
    pack_cursor,
    range_of,
    unpack_cursor,
)
from .jobs import JOBS, Job
from .limits import (
    LONGEST_EVENTS_MS,
    MOST_CAMERAS,
    MOST_CLIPS,
    MOST_NOTE,
    MOST_PAGE,
    MOST_PLACES,
    UNDO_MS,
)
from .rows import clip_row

STATES = {
    "kept": ClipState.COMPLETE,
    "trashed": ClipState.TRASHED,
    "missing": ClipState.MISSING,
}
LISTED_NOTE = 120
"""Characters of a note in a list: two hundred of them fit into one answer."""
AT_ONCE = 100
"""Clips between two looks at how far a job has got."""

FILTER = vol.Schema(
    {
        vol.Optional("cameras"): camera_keys(MOST_CAMERAS, 0),
        vol.Optional("from_ms"): MS,
        vol.Optional("to_ms"): MS,
        vol.Optional("is_inside", default=False): flag,
        vol.Optional("event_class"): CLASS,
        vol.Optional("sources"): list_of(
            vol.In([each.value for each in ClipSource]), len(ClipSource), 0
        ),
        vol.Optional("is_protected"): flag,
        vol.Optional("state", default="kept"): vol.In([*STATES]),
        vol.Optional("has_problem"): flag,
        vol.Optional("text", default=""): bounded_text(MOST_TEXT),
    }
)
IDS = list_of(ID, MOST_CLIPS)
_MEANT = {
    vol.Exclusive("ids", "meant"): IDS,
    vol.Exclusive("plan_id", "meant"): bounded_text(40, least=1),
}


async def filter_of(caller: Caller, given: dict[str, Any]) -> ClipFilter:
    """Return a filter of what the user may see; the trash is for administrators."""
    state = STATES[given["state"]]
    if state is ClipState.TRASHED:
        caller.require_admin()
    named = given.get("cameras")
    keys: tuple[CameraKey, ...] | None = None
    if named is not None or not caller.is_admin:
        keys = tuple(await caller.chosen(named))
    sources = given.get("sources")
    event_class = given.get("event_class")
    return ClipFilter(
        cameras=keys,
        window=open_range(given),
        is_inside=given["is_inside"],
        event_class=None if event_class is None else EventClass(event_class),
        sources=None
        if sources is None
        else frozenset(ClipSource(each) for each in sources),
        is_protected=given.get("is_protected"),
        state=state,
        has_problem=given.get("has_problem"),
        text=given["text"],
    )


async def _rows(
    caller: Caller, clips: Sequence[Clip], note_length: int = MOST_NOTE
) -> list[dict[str, Any]]:
    classes = await caller.hub.library.events.classes_of(clips)
    return [
        clip_row(clip, of, note_length) for clip, of in zip(clips, classes, strict=True)
    ]


@command(
    "clips/list",
    {
        vol.Optional("filter", default={}): FILTER,
        vol.Optional("order", default="newest"): vol.In(["newest", "oldest"]),
        **limit(MOST_PAGE, 50),
        **PAGE_AFTER,
    },
)
async def clips_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return a page of clips."""
    place = unpack_cursor(msg.get("cursor"), int, int)
    clips, following = await caller.hub.library.finder.page(
        await filter_of(caller, msg["filter"]),
        is_newest=msg["order"] == "newest",
        limit=msg["limit"],
        after=None if place is None else (place[0], place[1]),
    )
    return {
        "clips": await _rows(caller, clips, LISTED_NOTE),
        "next": None if following is None else pack_cursor(*following),
    }


async def visible_clip(caller: Caller, clip_id: int) -> Clip:
    """Return a clip; raises NOT_FOUND where there is none, or it may not be seen."""
    clip = await caller.hub.library.browse.clip(clip_id)
    if (
        clip is None
        or not caller.may(clip.camera)
        or (clip.state is not ClipState.COMPLETE and not caller.is_admin)
    ):
        raise CommandError(NOT_FOUND, "clip_not_found", clip=clip_id)
    return clip


@command("clips/get", {vol.Required("clip"): ID})
async def clips_get(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return one clip."""
    (row,) = await _rows(caller, [await visible_clip(caller, msg["clip"])])
    return row


@command("clips/spans", {**CAMERA, **RANGE})
async def clips_spans(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return which clip shows which part of a range, for pictures while scrubbing."""
    (camera,) = await caller.seen([camera_of(msg)])
    window = range_of(msg, LONGEST_EVENTS_MS)
    places, next_ms = await caller.hub.library.time_line.clip_places(
        camera, window, MOST_PLACES
    )
    flat: list[int] = []
    for start_ms, clip_id, end_ms in places:
        flat += (clip_id, start_ms - window.start_ms, end_ms - start_ms)
    return {"clips": flat, "next_from_ms": next_ms}


@command(
    "clips/count",
    {
        vol.Exclusive("filter", "meant"): FILTER,
        vol.Exclusive("ids", "meant"): IDS,
    },
)
async def clips_count(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return what bulk work would touch, as a plan to confirm."""
    plan = await _plan(caller, msg)
    may_protect = all(caller.may(key, control=True) for key in plan.cameras)
    return {
        "plan_id": plan.id,
        "expires_ms": caller.hub.library.clock.now_ms()
        + round(plan.expires_s - caller.hub.library.clock.monotonic()) * 1000,
        "clips": len(plan.ids),
        "bytes": plan.bytes,
        "seconds": round(plan.ms / 1000),
        "first_ms": plan.first_ms,
        "last_ms": plan.last_ms,
        "is_protected": plan.protected,
        "deletable": {
            "clips": len(plan.ids) - plan.protected,
            "bytes": plan.bytes - plan.protected_bytes,
            "seconds": round((plan.ms - plan.protected_ms) / 1000),
        },
        "cameras": sorted(plan.cameras),
        "may_delete": caller.is_admin,
        "may_protect": may_protect,
    }


async def _plan(caller: Caller, msg: dict[str, Any]) -> BulkPlan:
    finder = caller.hub.library.finder
    if "ids" in msg:
        return await finder.plan(
            msg["ids"], caller.user.id, frozenset(await caller.known())
        )
    given = msg.get("filter")
    if given is None:
        given = FILTER({})
    if given["state"] != "kept":
        raise vol.Invalid("only kept clips are counted", path=["filter", "state"])
    wanted = await filter_of(caller, given)
    return await finder.plan(wanted, caller.user.id)


async def _meant(caller: Caller, msg: dict[str, Any]) -> BulkPlan:
    """Return the plan that a message confirms, or one of the clips that it names.

    Raises PLAN_EXPIRED, and NOT_FOUND where a clip that is named is not there.
    """
    finder = caller.hub.library.finder
    if "plan_id" in msg:
        try:
            return finder.take(msg["plan_id"], caller.user.id)
        except NvrError as error:
            raise CommandError(PLAN_EXPIRED, "plan_expired") from error
    if "ids" not in msg:
        raise vol.Invalid("expected ids or a plan_id")
    plan = await finder.plan(
        msg["ids"], caller.user.id, frozenset(await caller.known())
    )
    finder.take(plan.id, caller.user.id)
    found = frozenset(plan.ids)
    for clip_id in msg["ids"]:
        if clip_id not in found:
            raise CommandError(NOT_FOUND, "clip_not_found", clip=clip_id)
    return plan


async def _in_steps(
    job: Job, ids: Sequence[int], step: Callable[[list[int]], Awaitable[None]]
) -> None:
    """Do something to clips, some at a time, and tell how far it has got."""
    for number, some_ids in enumerate(itertools.batched(ids, AT_ONCE, strict=False)):
        if job.is_stopping:
            return
        await step([*some_ids])
        job.done = min(1.0, (number + 1) * AT_ONCE / len(ids))


def _tell_engine(caller: Caller, clips: Iterable[Clip]) -> None:
    """Let the engine know that the coverage of these stretches has changed."""
    for clip in clips:
        with suppress(NvrError):  # a former camera is not worked for
            caller.hub.engine.notify_kept(clip.camera, clip.facts.range)


def _window(plan: BulkPlan) -> TimeRange | None:
    if plan.first_ms is None or plan.last_ms is None:
        return None
    return TimeRange(plan.first_ms, plan.last_ms)


@command(
    "clips/protect",
    {
        **_MEANT,
        vol.Required("is_protected"): flag,
        vol.Optional("note", default=""): NOTE,
    },
)
async def clips_protect(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Keep clips whatever retention says, or no longer."""
    plan = await _meant(caller, msg)
    caller.require_control(plan.cameras)
    care = caller.hub.library.care

    async def work(job: Job) -> None:
        async def step(ids: list[int]) -> None:
            job.clips += (
                await care.protect(ids, msg["note"])
                if msg["is_protected"]
                else await care.unprotect(ids)
            )

        await _in_steps(job, plan.ids, step)

    job = await caller.hass.data[JOBS].run(
        caller.user.id,
        "protect",
        work,
        cameras=sorted(plan.cameras),
        window=_window(plan),
    )
    return job.row()


@command("clips/delete", _MEANT, admin=True)
async def clips_delete(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Put clips in the trash; their files stay for a while, so that it can be undone."""
    plan = await _meant(caller, msg)
    library = caller.hub.library

    async def work(job: Job) -> None:
        async def step(ids: list[int]) -> None:
            gone = await library.care.delete(ids)
            job.clip_ids += [clip.id for clip in gone]
            job.clips += len(gone)
            job.bytes += sum(clip.facts.size_bytes for clip in gone)
            _tell_engine(caller, gone)
            job.undo_until_ms = library.clock.now_ms() + max(
                UNDO_MS, library.care.undo_ms
            )

        await _in_steps(job, plan.ids, step)

    job = await caller.hass.data[JOBS].run(
        caller.user.id,
        "delete",
        work,
        cameras=sorted(plan.cameras),
        window=_window(plan),
    )
    return job.row()


@command(
    "clips/undo",
    {
        vol.Exclusive("job", "meant"): bounded_text(40, least=1),
        vol.Exclusive("ids", "meant"): IDS,
    },
    admin=True,
)
async def clips_undo(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Bring back what a deletion took, or clips in the trash by their ids."""
    jobs = caller.hass.data[JOBS]
    if "job" in msg:
        done = jobs.get(caller.user.id, msg["job"])
        if done.kind != "delete":
            raise CommandError(NOT_FOUND, "job_not_found", job=msg["job"])
        await jobs.stop(done)  # what it has not reached stays
        ids, keys, window = done.clip_ids, done.cameras, done.range
    elif "ids" in msg:
        ids, keys, window = msg["ids"], (), None
    else:
        raise vol.Invalid("expected a job or ids")
    care = caller.hub.library.care

    async def work(job: Job) -> None:
        async def step(some_ids: list[int]) -> None:
            back = await care.restore(some_ids)
            job.clips += len(back)
            job.bytes += sum(clip.facts.size_bytes for clip in back)
            _tell_engine(caller, back)

        await _in_steps(job, ids, step)
        if ids and not job.clips:
            raise CommandError(TOO_LATE, "undo_too_late")

    job = await jobs.run(caller.user.id, "undo", work, cameras=keys, window=window)
    return job.row()
