"""What Assist may look up: the footage of a moment, and what was detected when.

Answers come from the index, never from a device. A camera is answered for if its live
entity is exposed to the assistant, and if the person who asks may see it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, override

from homeassistant.auth.models import User
from homeassistant.components.homeassistant import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    intent,
    selector,
)
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import voluptuous as vol

from .actions.answers import as_range
from .clip_links import clip_media_id
from .const import DOMAIN, NAME
from .core.errors import NvrError
from .core.intervals import TimeRange
from .core.library.event_line import Event, EventPlace
from .core.models import CameraKey, Clip, CoverageState, EventClass
from .exceptions import as_home_assistant_error
from .permissions import may_see
from .runtime import HUB

MOST_CLIPS = 10
MOST_EVENTS = 40
"""A model reads a short list better than a long one."""
MOST_DAYS = 31
MOMENT = timedelta(minutes=1)
"""How much is looked up around a single moment."""
PENDING = frozenset({CoverageState.ON_DEVICE, CoverageState.FETCHING})
UNTOLD = frozenset({CoverageState.KEPT, CoverageState.NOT_WANTED})

READ_ONLY = ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)
PLAY_HINT = (
    "To show a clip on a media player, call media_player__play_media with its "
    "media_content_id and media_content_type."
)


class _NotFoundError(Exception):
    """What was asked for cannot be looked up; the text is for the model."""


class _FootageTool(Tool):
    """A question about cameras and a time; `parameters` has camera, start and end."""

    annotations = READ_ONLY
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer from the index."""
        try:
            args = self.parameters(tool_input.tool_args)
            cameras = await _async_cameras(hass, llm_context)
            chosen = _named(cameras, args.get("camera"))
            return ToolResult(data=await self._answer(hass, chosen, args))
        except (vol.Invalid, _NotFoundError) as error:
            return ToolResult(data={"error": str(error)}, error=True)
        except NvrError as error:
            told = as_home_assistant_error(error, NAME)
            return ToolResult(data={"error": str(told)}, error=True)

    async def _answer(
        self,
        hass: HomeAssistant,
        cameras: dict[CameraKey, str],
        args: dict[str, Any],
    ) -> JsonObjectType:
        raise NotImplementedError


class FindFootage(_FootageTool):
    """The clips that show a camera at a moment or in a range."""

    name = f"{DOMAIN}__find_footage"
    title = "Find recorded footage"
    description = (
        "Find what a camera recorded at a moment or in a range of time in the past. "
        "Returns the clips that are kept, and why footage is missing. "
        "Times are local. For a single moment, leave out the end."
    )
    parameters = vol.Schema(
        {
            vol.Required(
                "camera", description="Name of the camera or of its area"
            ): selector.TextSelector(),
            vol.Required(
                "start", description="Local date and time, e.g. 2026-05-20 08:00"
            ): selector.TextSelector(),
            vol.Optional(
                "end", description="Local date and time, at most 31 days after start"
            ): selector.TextSelector(),
        }
    )

    @override
    async def _answer(
        self,
        hass: HomeAssistant,
        cameras: dict[CameraKey, str],
        args: dict[str, Any],
    ) -> JsonObjectType:
        window = _window(args["start"], args.get("end"))
        browse = hass.data[HUB].library.browse
        found: list[JsonValueType] = []
        missing: list[JsonValueType] = []
        count = 0
        for key, name in cameras.items():
            clips = await browse.clips_at(key, window)
            count += len(clips)
            found += [_clip_answer(name, clip) for clip in clips]
            missing += [
                {
                    "camera": name,
                    "state": (
                        "still on the device, not copied yet"
                        if span.state in PENDING
                        else str(span.state)
                    ),
                    "reason": span.reason or None,
                    "start": _local(span.range.start_ms),
                    "end": _local(span.range.end_ms),
                }
                for span in await browse.coverage(key, window)
                if span.state not in UNTOLD
            ]
        answer: JsonObjectType = {
            "clips": found[:MOST_CLIPS],
            "number_of_clips": count,
            "not_kept": missing[:MOST_CLIPS],
        }
        if found:
            answer["instruction"] = PLAY_HINT
        return answer


class ListEvents(_FootageTool):
    """What cameras detected in a range of time."""

    name = f"{DOMAIN}__list_events"
    title = "List camera events"
    description = (
        "List what cameras detected in the past, such as motion, persons, vehicles or "
        "animals, with the clips that show it. Use it for questions such as who was at "
        "the door today. Times are local. Without an end, up to now."
    )
    parameters = vol.Schema(
        {
            vol.Optional(
                "camera", description="Name of a camera or area; all if left out"
            ): selector.TextSelector(),
            vol.Required(
                "start", description="Local date and time, e.g. 2026-05-20 00:00"
            ): selector.TextSelector(),
            vol.Optional("end", description="Local date and time"): (
                selector.TextSelector()
            ),
            vol.Optional("event", description="Only events of this kind"): vol.In(
                [str(each) for each in EventClass]
            ),
        }
    )

    @override
    async def _answer(
        self,
        hass: HomeAssistant,
        cameras: dict[CameraKey, str],
        args: dict[str, Any],
    ) -> JsonObjectType:
        end = args.get("end") or dt_util.now().isoformat()
        window = _window(args["start"], end)
        kinds = [args["event"]] if "event" in args else [str(k) for k in EventClass]
        events: list[JsonValueType] = [
            {
                "camera": cameras[event.camera],
                "event": event.event_class,
                "time": _local(event.start_ms),
                "media_content_id": (
                    None if event.clip_id is None else clip_media_id(event.clip_id)
                ),
                "media_content_type": "video/mp4",
            }
            for event in await _latest(hass, [*cameras], window, kinds)
        ]
        counted = await hass.data[HUB].library.events.count([*cameras], window, kinds)
        counts: dict[str, int] = {}
        for (_camera, kind, _bucket), number in counted.counts.items():
            counts[kind] = counts.get(kind, 0) + number
        answer: JsonObjectType = {
            "events": events,
            "number_of_events": {**counts},
        }
        if events:
            answer["instruction"] = PLAY_HINT
        return answer


async def _latest(
    hass: HomeAssistant,
    cameras: Sequence[CameraKey],
    window: TimeRange,
    kinds: Sequence[str],
) -> list[Event]:
    """Return the latest events of a range, the newest first."""
    found: list[Event] = []
    after: EventPlace | None = None
    while len(found) < MOST_EVENTS:
        page, after = await hass.data[HUB].library.events.page(
            cameras, window, kinds, MOST_EVENTS - len(found), after
        )
        found += page
        if after is None:
            break
    return found


def _clip_answer(camera: str, clip: Clip) -> JsonObjectType:
    return {
        "camera": camera,
        "start": _local(clip.facts.range.start_ms),
        "end": _local(clip.facts.range.end_ms),
        "media_content_id": clip_media_id(clip.id),
        "media_content_type": "video/mp4",
    }


def _local(utc_ms: int) -> str:
    """Return a moment as people of the house write it, with its offset."""
    local = dt_util.as_local(dt_util.utc_from_timestamp(utc_ms / 1000))
    return local.isoformat(sep=" ", timespec="seconds")


def _moment(text: str, *, is_end: bool = False) -> datetime:
    """Return a moment from text; a date alone is its first midnight, or its last."""
    if (day := dt_util.parse_date(text)) is not None:
        return datetime.combine(day + timedelta(days=is_end), time())
    if (found := dt_util.parse_datetime(text)) is not None:
        return found
    raise _NotFoundError(f"{text!r} is not a date and time")


def _window(start: str, end: str | None) -> TimeRange:
    """Return the range that is asked about, around a moment if there is no end."""
    first = _moment(start)
    last = _moment(end, is_end=True) if end else first + MOMENT
    window = _range(first, last)
    if window.duration_ms > MOST_DAYS * 86_400_000:
        raise _NotFoundError(f"The range is longer than {MOST_DAYS} days")
    return window


def _range(first: datetime, last: datetime) -> TimeRange:
    zone = dt_util.get_default_time_zone()
    first, last = (
        each if each.tzinfo else each.replace(tzinfo=zone) for each in (first, last)
    )
    if last <= first:
        raise _NotFoundError("The end must be after the start")
    return as_range(first, last)


async def _async_cameras(
    hass: HomeAssistant, llm_context: LLMContext
) -> dict[CameraKey, tuple[str, ...]]:
    """Return the cameras that may be answered for, with all names that people use."""
    user: User | None = None
    context = llm_context.context
    if context is not None and context.user_id is not None:
        user = await hass.auth.async_get_user(context.user_id)
        if user is None:
            return {}
    return {
        key: _names(hass, entity)
        for key, entity in _exposed(hass, llm_context).items()
        if may_see(hass, user, key)
    }


def _exposed(
    hass: HomeAssistant, llm_context: LLMContext
) -> dict[CameraKey, er.RegistryEntry]:
    """Return our cameras whose live entity is exposed to the assistant."""
    registry = er.async_get(hass)
    found: dict[CameraKey, er.RegistryEntry] = {}
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
            key = entity.unique_id.removesuffix("_live")
            if (
                entity.domain == "camera"
                and key != entity.unique_id
                and async_should_expose(hass, llm_context.assistant, entity.entity_id)
            ):
                found[CameraKey(key)] = entity
    return found


def _names(hass: HomeAssistant, entity: er.RegistryEntry) -> tuple[str, ...]:
    """Return the camera's own name first, then those of entity and area."""
    names: list[str] = []
    device = dr.async_get(hass).async_get(entity.device_id or "")
    if device is not None:
        names.append(device.name_by_user or device.name or "")
    state = hass.states.get(entity.entity_id)
    if state is not None:
        names += intent.async_get_entity_aliases(hass, entity, state=state)
    area_id = entity.area_id or (device.area_id if device else None)
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    if area is not None:
        names += [area.name, *area.aliases]
    return tuple(name for name in names if name)


def _named(
    cameras: dict[CameraKey, tuple[str, ...]], asked: str | None
) -> dict[CameraKey, str]:
    """Return the cameras of a name, else those whose name holds it; all without one."""
    told = {key: names[0] if names else key for key, names in cameras.items()}
    if not asked:
        return told
    wanted = asked.strip().casefold()
    for fits in (
        lambda name: name.casefold() == wanted,
        lambda name: wanted in name.casefold() or name.casefold() in wanted,
    ):
        found = {
            key: told[key]
            for key, names in cameras.items()
            if any(fits(name) for name in names)
        }
        if found:
            return found
    known = ", ".join(sorted(told.values())) or "none"
    raise _NotFoundError(f"There is no camera {asked!r}. Cameras: {known}")


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools if a camera of ours is exposed to the assistant."""
    if api_id != LLM_API_ASSIST or HUB not in hass.data:
        return None
    if not llm_context.assistant or not _exposed(hass, llm_context):
        return None
    return LLMTools(tools=[FindFootage(), ListEvents()])
