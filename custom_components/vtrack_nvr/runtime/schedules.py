"""Weekly schedules as Home Assistant keeps them, for what of a camera is wanted."""

from collections.abc import Callable, Iterable, Mapping
import datetime as dt
from typing import Any, Final

from homeassistant.components.schedule import DOMAIN as SCHEDULE
from homeassistant.const import CONF_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..core.sync.week import DAY_S, WeekBlock, WeekPlan

GET_SCHEDULE: Final = "get_schedule"
DAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def week_of(config: Mapping[str, Any], zone: str) -> WeekPlan:
    """Return what `schedule.get_schedule` answered as a plan."""
    return WeekPlan(
        tuple(
            WeekBlock(number, _second(block["from"]), _second(block["to"]))
            for number, day in enumerate(DAYS)
            for block in config.get(day, ())
        ),
        zone,
    )


def _second(value: dt.time | str) -> int:
    """Return a time of day in seconds; the last moment of a day is its end."""
    if isinstance(value, str):
        if value.startswith("24"):
            return DAY_S
        value = dt.time.fromisoformat(value)
    if value.replace(microsecond=0) == dt.time(23, 59, 59) and value.microsecond:
        return DAY_S
    return value.hour * 3600 + value.minute * 60 + value.second


class WeekWatch:
    """The plans of some schedule helpers; tells when one was changed or is gone.

    A schedule that is gone leaves everything wanted: no footage is lost because a helper
    was deleted.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        on_change: Callable[[], None],
        on_missing: Callable[[str, bool], None],
    ) -> None:
        """Follow none."""
        self._hass = hass
        self._on_change = on_change
        self._on_missing = on_missing
        self._plans: dict[str, WeekPlan | None] = {}
        self._missing: set[str] = set()
        self._unwatch: list[CALLBACK_TYPE] = []

    def plan(self, entity_id: str | None) -> WeekPlan | None:
        """Return when footage is wanted by a schedule, None: always."""
        return self._plans.get(entity_id) if entity_id else None

    async def async_follow(self, entities: Iterable[str]) -> None:
        """Follow these and no others from now on."""
        wanted = set(entities)
        if wanted == self._plans.keys():
            return
        self._end()
        for gone in self._plans.keys() - wanted:
            self._tell(gone, is_missing=False)
            del self._plans[gone]
        for entity_id in wanted:
            await self._async_read(entity_id)
        if wanted:
            self._unwatch = [
                async_track_state_change_event(self._hass, wanted, self._moved),
                async_track_state_report_event(self._hass, wanted, self._moved),
            ]

    @callback
    def close(self) -> None:
        """Follow nothing; nothing is said to be gone any more."""
        self._end()
        for entity_id in self._plans:
            self._tell(entity_id, is_missing=False)
        self._plans = {}

    def _end(self) -> None:
        for unwatch in self._unwatch:
            unwatch()
        self._unwatch = []

    @callback
    def _moved(self, event: Any) -> None:
        self._hass.async_create_task(
            self._async_read_again(event.data[CONF_ENTITY_ID]), f"{DOMAIN} schedule"
        )

    async def _async_read_again(self, entity_id: str) -> None:
        before = self._plans.get(entity_id)
        await self._async_read(entity_id)
        if self._plans.get(entity_id) != before:
            self._on_change()

    async def _async_read(self, entity_id: str) -> None:
        plan: WeekPlan | None = None
        if self._hass.states.get(entity_id) is not None:
            try:
                answer = await self._hass.services.async_call(
                    SCHEDULE,
                    GET_SCHEDULE,
                    {CONF_ENTITY_ID: entity_id},
                    blocking=True,
                    return_response=True,
                )
            except HomeAssistantError:
                answer = None
            config: Any = (answer or {}).get(entity_id)
            if config is not None:
                zone = str(dt_util.get_default_time_zone())
                plan = week_of(config, zone)
        self._plans[entity_id] = plan
        self._tell(entity_id, is_missing=plan is None)

    def _tell(self, entity_id: str, *, is_missing: bool) -> None:
        """Say that a schedule is gone, or there again; each once."""
        if (entity_id in self._missing) is is_missing:
            return
        if is_missing:
            self._missing.add(entity_id)
        else:
            self._missing.discard(entity_id)
        self._on_missing(entity_id, is_missing)
