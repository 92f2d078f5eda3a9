"""Actions that look things up: the status of cameras, and what is recorded when."""

from collections import Counter
from datetime import timedelta
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..core.intervals import TimeRange, cut
from ..core.models import (
    EXPECTED_STATES,
    Clip,
    CoverageSpan,
    CoverageState,
    EventClass,
)
from ..core.sync.status import CameraStatus, MissingFootage
from ..exceptions import translated_errors
from ..permissions import live_entity
from ..runtime import HUB, CameraRuntime
from .answers import (
    DAY_MS,
    RANGE,
    TARGET,
    action_error,
    as_range,
    async_stretch_response,
    clip_response,
    for_each_camera,
    iso,
)
from .targets import async_chosen_cameras, names_of

MOST_DAYS = 31
"""The longest range that is listed at once."""
MOST_LISTED = 1000
INTERESTING = (
    CoverageState.KEPT,
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
    CoverageState.LOST,
    CoverageState.MISSING,
)
"""The states that are listed unless a call names others."""

FILTERS = ("event_class", "protected")
"""Fields that only clips can fit."""

STATUS_SCHEMA = vol.Schema({**TARGET})

LIST_SCHEMA = vol.Schema(
    {
        **TARGET,
        **RANGE,
        vol.Optional("states"): vol.All(cv.ensure_list, [vol.Coerce(CoverageState)]),
        vol.Optional("event_class"): vol.Coerce(EventClass),
        vol.Optional("protected"): cv.boolean,
        vol.Optional("limit", default=200): vol.All(
            vol.Coerce(int), vol.Range(1, MOST_LISTED)
        ),
    }
)


def _missing_response(missing: MissingFootage) -> dict[str, Any]:
    return {
        "cause": str(missing.cause),
        "reason": missing.reason or None,
        "since": iso(missing.since_ms),
        "seconds": round(missing.seconds),
    }


def _status_response(camera: CameraRuntime, status: CameraStatus) -> dict[str, Any]:
    return {
        "key": camera.key,
        "camera": camera.name,
        "state": str(status.state),
        "source": str(status.source),
        "clips": status.clips,
        "bytes": status.bytes,
        "kept_seconds": round(status.kept_s),
        "backlog_seconds": round(status.backlog_s),
        "failed_seconds": round(status.failed_s),
        "lost_seconds": round(status.lost_s),
        "coverage_percent": status.coverage_percent,
        "last_clip": iso(status.last_clip_start_ms),
        "last_clip_id": status.last_clip_id,
        "last_sync": iso(status.last_sync_ms),
        "progress": status.progress.done if status.progress else None,
        "problem": str(status.problem.kind) if status.problem else None,
        "missing": _missing_response(status.missing) if status.missing else None,
    }


async def async_get_status(call: ServiceCall) -> ServiceResponse:
    """Return the status of the chosen cameras, by the name of their NVR."""
    chosen = await async_chosen_cameras(call, default_all=True, policy=POLICY_READ)
    with translated_errors(names_of(chosen)):
        status = await call.hass.data[HUB].engine.fresh_status()
    nvrs: dict[str, Any] = {}
    for runtime, camera in chosen:
        nvr = status.nvrs.get(runtime.key)
        answer = nvrs.setdefault(
            runtime.entry.entry_id,
            {
                "name": runtime.name,
                "online": nvr.is_online if nvr else None,
                "last_sync": iso(nvr.last_sweep_ms) if nvr else None,
                "cameras": [],
            },
        )
        found = nvr.cameras.get(camera.key) if nvr else None
        if found is not None:
            answer["cameras"].append(_status_response(camera, found))
    return {"nvrs": list(nvrs.values())}


async def async_list_recordings(call: ServiceCall) -> ServiceResponse:
    """Return what is kept and what is not, with reasons, in order of time."""
    chosen = await async_chosen_cameras(call, default_all=True, policy=POLICY_READ)
    if "start" in call.data:
        window = as_range(call.data["start"], call.data["end"])
    else:
        now = dt_util.utcnow()
        window = as_range(now - timedelta(days=1), now)
    if window.duration_ms > MOST_DAYS * DAY_MS:
        raise action_error("range_too_long_days", days=MOST_DAYS)

    async def of(camera: CameraRuntime) -> dict[str, Any]:
        return await _recordings_of(call, camera, window)

    cameras: list[JsonValueType] = [*await for_each_camera(chosen, of)]
    return {
        "start": iso(window.start_ms),
        "end": iso(window.end_ms),
        "cameras": cameras,
    }


async def _recordings_of(
    call: ServiceCall, camera: CameraRuntime, window: TimeRange
) -> dict[str, Any]:
    """Return a camera's clips and stretches in one list; `next` is where to go on."""
    library = call.hass.data[HUB].library
    states = set(call.data.get("states", INTERESTING))
    is_filtered = not call.data.keys().isdisjoint(FILTERS)
    limit: int = call.data["limit"]
    spans = await library.browse.coverage(camera.key, window)
    found: list[tuple[int, dict[str, Any]]] = []
    if CoverageState.KEPT in states:
        for clip, events in await _clips(call, camera, window):
            answer = {
                "state": str(CoverageState.KEPT),
                **clip_response(clip),
                "source": str(clip.facts.source),
                "events": [*events],
            }
            found.append((clip.facts.range.start_ms, answer))
    if not is_filtered:
        others = [
            span
            for span in spans
            if span.state is not CoverageState.KEPT and span.state in states
        ]
        for span in others[: limit + 1]:
            answer = await async_stretch_response(call.hass, span)
            found.append((span.range.start_ms, answer))
    found.sort(key=lambda item: item[0])
    return {
        "key": camera.key,
        "camera": camera.name,
        "entity_id": live_entity(call.hass, camera.key),
        **_sums(spans),
        "recordings": [item for _, item in found[:limit]],
        "next": iso(found[limit][0]) if len(found) > limit else None,
    }


def _sums(spans: tuple[CoverageSpan, ...]) -> dict[str, Any]:
    """Return the seconds in each state, and how much of what is expected is kept."""
    sums = Counter[CoverageState]()
    for span in spans:
        sums[span.state] += span.range.duration_ms
    expected = sum(sums[state] for state in EXPECTED_STATES)
    return {
        "coverage_percent": (
            100.0 * sums[CoverageState.KEPT] / expected if expected else None
        ),
        "seconds": {str(state): round(ms / 1000) for state, ms in sums.items()},
    }


async def _clips(
    call: ServiceCall, camera: CameraRuntime, window: TimeRange
) -> list[tuple[Clip, tuple[str, ...]]]:
    """Return the clips that fit, with the classes of their events.

    There is one more than the limit at most. The window is read day by day, so that a short
    list of a long window costs little.
    """
    library = call.hass.data[HUB].library
    most = call.data["limit"] + 1
    found: dict[int, tuple[Clip, tuple[str, ...]]] = {}
    for day in cut(window, DAY_MS):
        clips = await library.browse.clips_at(camera.key, day)
        for clip, events in zip(
            clips, await library.events.classes_of(clips), strict=True
        ):
            if _fits(call, clip, events):
                found[clip.id] = clip, events
        if len(found) >= most:
            break
    return [*found.values()][:most]


def _fits(call: ServiceCall, clip: Clip, events: tuple[str, ...]) -> bool:
    if call.data.get("protected", clip.is_protected) is not clip.is_protected:
        return False
    wanted = call.data.get("event_class")
    return wanted is None or wanted in events
