"""Actions that decide what stays: protect, delete, restore, purge, verify.

What destroys is for administrators. Everything deleted here can be restored for an hour.
"""

from collections.abc import Sequence
from contextlib import suppress
import hashlib
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..core.errors import NvrError
from ..core.intervals import TimeRange
from ..core.library.upkeep_values import DeleteCause
from ..core.models import Clip, ClipState
from ..exceptions import translated_errors
from ..runtime import HUB
from .answers import (
    IDS,
    RANGE,
    TARGET,
    action_error,
    as_range,
    clip_response,
    iso,
    utc_ms,
)
from .targets import (
    async_check,
    async_check_admin,
    async_chosen_cameras,
    has_target,
    names_of,
)

MOST_NOTE = 200
"""Characters of a note: it is kept for years."""
MOST_ANSWERED = 200
"""Clips that an answer lists; the counts are of all."""

NOTE = vol.All(cv.string, vol.Length(max=MOST_NOTE))
_CLIPS: VolDictType = {**TARGET, **RANGE, vol.Optional("clip_id"): IDS}

PROTECT_SCHEMA = vol.Schema({**_CLIPS, vol.Optional("note", default=""): NOTE})
UNPROTECT_SCHEMA = vol.Schema({**_CLIPS})
DELETE_SCHEMA = vol.Schema(
    {**_CLIPS, vol.Optional("include_protected", default=False): cv.boolean}
)
RESTORE_SCHEMA = vol.Schema({**TARGET, vol.Optional("clip_id"): IDS})
PURGE_SCHEMA = vol.Schema(
    {
        **TARGET,
        vol.Optional("before"): cv.datetime,
        vol.Optional("include_protected", default=False): cv.boolean,
        vol.Optional("plan"): cv.string,
    }
)
PREVIEW_SCHEMA = vol.Schema({})
VERIFY_SCHEMA = vol.Schema({**TARGET, **RANGE})


async def _named_clips(call: ServiceCall, clip_ids: Sequence[int]) -> list[Clip]:
    """Return clips by their ids; raises if one is unknown or not for the caller."""
    browse = call.hass.data[HUB].library.browse
    clips: list[Clip] = []
    for clip_id in dict.fromkeys(clip_ids):
        clip = await browse.clip(clip_id)
        if clip is None:
            raise action_error("clip_not_found", clip=clip_id)
        clips.append(clip)
    await async_check(call, dict.fromkeys(clip.camera for clip in clips))
    return clips


async def _chosen_clips(call: ServiceCall, *, is_inside: bool) -> list[Clip]:
    """Return what a call is about: clips by id, or those of cameras in a range.

    `is_inside`: only clips that lie in the range whole, so that nothing goes that was not
    asked for; otherwise all that touch it. Raises if the call names both or neither.
    """
    if ("clip_id" in call.data) is ("start" in call.data):
        raise action_error("clips_or_range")
    if "clip_id" in call.data:
        if has_target(call):
            raise action_error("clips_or_range")
        return await _named_clips(call, call.data["clip_id"])
    window = as_range(call.data["start"], call.data["end"])
    browse = call.hass.data[HUB].library.browse
    return [
        clip
        for _, camera in await async_chosen_cameras(call)
        for clip in await browse.clips_at(camera.key, window)
        if not is_inside or _lies_in(clip, window)
    ]


def _lies_in(clip: Clip, window: TimeRange) -> bool:
    span = clip.facts.range
    return window.start_ms <= span.start_ms and span.end_ms <= window.end_ms


def _clips_response(name: str, clips: Sequence[Clip]) -> dict[str, JsonValueType]:
    listed: list[JsonValueType] = [
        clip_response(clip) for clip in clips[:MOST_ANSWERED]
    ]
    return {name: len(clips), "clips": listed}


def _tell_engine(call: ServiceCall, clips: Sequence[Clip]) -> None:
    """Let the engine know that the coverage of these stretches has changed."""
    for clip in clips:
        with suppress(NvrError):  # a former camera is not worked for
            call.hass.data[HUB].engine.notify_kept(clip.camera, clip.facts.range)


async def async_protect(call: ServiceCall) -> ServiceResponse:
    """Keep clips whatever retention says; returns them."""
    library = call.hass.data[HUB].library
    with translated_errors(DOMAIN):
        clips = await _chosen_clips(call, is_inside=False)
        note: str = call.data["note"]
        # one that is protected already keeps its note unless there is a new one
        news = [
            clip.id
            for clip in clips
            if not clip.is_protected or (note and note != clip.note)
        ]
        changed = await library.care.protect(news, note)
        return {
            **_clips_response("protected", await _again(call, clips)),
            "changed": changed,
        }


async def async_unprotect(call: ServiceCall) -> ServiceResponse:
    """Let retention have clips again; returns them."""
    library = call.hass.data[HUB].library
    with translated_errors(DOMAIN):
        clips = await _chosen_clips(call, is_inside=False)
        changed = await library.care.unprotect([clip.id for clip in clips])
        return {
            **_clips_response("unprotected", await _again(call, clips)),
            "changed": changed,
        }


async def _again(call: ServiceCall, clips: Sequence[Clip]) -> list[Clip]:
    """Return clips as they are now; what an answer does not list is not read again."""
    browse = call.hass.data[HUB].library.browse
    now = [await browse.clip(clip.id) or clip for clip in clips[:MOST_ANSWERED]]
    return [*now, *clips[MOST_ANSWERED:]]


async def async_delete(call: ServiceCall) -> ServiceResponse:
    """Delete clips; returns which, how many are protected, and until when to restore."""
    await async_check_admin(call)
    library = call.hass.data[HUB].library
    is_all: bool = call.data["include_protected"]
    with translated_errors(DOMAIN):
        clips = await _chosen_clips(call, is_inside=True)
        gone = await library.care.delete(
            [clip.id for clip in clips], with_protected=is_all
        )
    _tell_engine(call, gone)
    return {
        **_clips_response("deleted", gone),
        "protected": sum(clip.is_protected for clip in clips) if not is_all else 0,
        "restore_until": _restore_until(call) if gone else None,
    }


def _restore_until(call: ServiceCall) -> str | None:
    undo_ms: int = call.hass.data[HUB].library.care.undo_ms
    return iso(utc_ms(dt_util.utcnow()) + undo_ms)


async def async_restore(call: ServiceCall) -> ServiceResponse:
    """Bring deleted clips back: those named, or all of the cameras; returns them."""
    await async_check_admin(call)
    library = call.hass.data[HUB].library
    with translated_errors(DOMAIN):
        if ("clip_id" in call.data) is has_target(call):
            raise action_error("clips_or_cameras")
        if "clip_id" in call.data:
            wanted = await _named_clips(call, call.data["clip_id"])
            for clip in wanted:
                if clip.state is not ClipState.TRASHED:
                    raise action_error("not_deleted", clip=clip.id)
        else:
            chosen = {camera.key for _, camera in await async_chosen_cameras(call)}
            wanted = [
                clip for clip in await library.browse.trash() if clip.camera in chosen
            ]
        back = await library.care.restore([clip.id for clip in wanted])
    _tell_engine(call, back)
    return _clips_response("restored", back)


async def async_purge(call: ServiceCall) -> ServiceResponse:
    """Delete all footage of cameras up to a moment: first a plan, then what it said.

    Without `plan` nothing is deleted and the answer holds one. With it exactly that goes,
    or nothing if what would go has changed meanwhile.
    """
    await async_check_admin(call)
    library = call.hass.data[HUB].library
    chosen = await async_chosen_cameras(call)
    is_all: bool = call.data["include_protected"]
    plan: str | None = call.data.get("plan")
    before = call.data.get("before", dt_util.utcnow())
    before_ms = _moment_of(plan) if plan else utc_ms(before)
    window = TimeRange(-(2**53), before_ms)
    clips: list[Clip] = []
    with translated_errors(names_of(chosen)):
        for _, camera in chosen:
            found = await library.browse.clips_at(camera.key, window)
            clips += [clip for clip in found if _lies_in(clip, window)]
        due = [clip for clip in clips if is_all or not clip.is_protected]
        token = _plan_of(before_ms, due)
        if plan is not None:
            if plan != token:
                raise action_error("plan_changed")
            due = [
                *await library.care.delete(
                    [clip.id for clip in due],
                    with_protected=is_all,
                    cause=DeleteCause.PURGE,
                )
            ]
            _tell_engine(call, due)
    cameras: list[JsonValueType] = [
        _purged_response(
            camera.name, [clip for clip in due if clip.camera == camera.key]
        )
        for _, camera in chosen
    ]
    return {
        "dry_run": plan is None,
        "plan": token if plan is None else None,
        "before": iso(before_ms),
        "clips": len(due),
        "bytes": sum(clip.facts.size_bytes for clip in due),
        "protected": sum(clip.is_protected for clip in clips) if not is_all else 0,
        "cameras": cameras,
        "restore_until": _restore_until(call) if plan is not None and due else None,
    }


def _purged_response(name: str, clips: Sequence[Clip]) -> dict[str, Any]:
    return {
        "camera": name,
        "clips": len(clips),
        "bytes": sum(clip.facts.size_bytes for clip in clips),
        "oldest": iso(min((c.facts.range.start_ms for c in clips), default=None)),
        "newest": iso(max((c.facts.range.end_ms for c in clips), default=None)),
    }


def _plan_of(before_ms: int, clips: Sequence[Clip]) -> str:
    """Return the name of a plan: another one if any clip of it comes or goes."""
    ids = ",".join(str(clip_id) for clip_id in sorted(clip.id for clip in clips))
    digest = hashlib.sha256(ids.encode()).hexdigest()[:16]
    return f"{before_ms}-{digest}"


def _moment_of(plan: str) -> int:
    moment, _, _ = plan.partition("-")
    if not moment.isdecimal() or len(moment) > 15:
        raise action_error("plan_changed")
    return int(moment)


async def async_preview_retention(call: ServiceCall) -> ServiceResponse:
    """Return what retention would delete now, by camera and day; deletes nothing."""
    await async_check_admin(call)
    library = call.hass.data[HUB].library
    with translated_errors(DOMAIN):
        days = await library.care.preview_retention()
        names = {camera.key: camera.name for camera in await library.browse.cameras()}
    listed: list[JsonValueType] = [
        {
            "camera": names.get(day.camera, day.camera),
            "day": day.day.isoformat(),
            "clips": day.clips,
            "bytes": day.bytes,
            "waiting_for_you": day.held,
        }
        for day in days
    ]
    return {
        "clips": sum(day.clips for day in days),
        "bytes": sum(day.bytes for day in days),
        "days": listed,
    }


async def async_verify(call: ServiceCall) -> ServiceResponse:
    """Read kept clips back; what is damaged is put aside and fetched again."""
    wanted = (
        as_range(call.data["start"], call.data["end"])
        if "start" in call.data
        else TimeRange(0, utc_ms(dt_util.utcnow()))
    )
    hub = call.hass.data[HUB]
    checked = unchecked = 0
    damaged: list[JsonValueType] = []
    for _, camera in await async_chosen_cameras(call):
        with translated_errors(camera.name):
            report = await hub.library.care.verify(camera.key, wanted)
            if report.damaged:
                hub.engine.notify_kept(camera.key, wanted)
        checked += report.checked
        unchecked += report.unchecked
        damaged += report.damaged
    return {"checked": checked, "unchecked": unchecked, "damaged": damaged}
