"""What holds for the whole installation: sessions, and what stays free on each storage."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
import voluptuous as vol

from ..const import CONF_FLOOR, CONF_FLOORS, CONF_STORAGE, CONF_TOTAL_SESSIONS
from ..core.library.values import GIGABYTE, RootInfo
from ..runtime import HUB
from ..runtime.house import House
from .forms import number_field
from .row_fields import floor_rows


class HouseSteps(OptionsFlow):
    """A step of the options of any NVR; the options themselves stay as they are."""

    async def async_step_house(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change what holds for all NVRs together."""
        if (hub := self.hass.data.get(HUB)) is None:
            return self.async_abort(reason="not_loaded")
        roots = [root for root in await hub.library.roots() if root.is_current]
        errors: dict[str, str] = {}
        if user_input is not None:
            floors = {
                str(row[CONF_STORAGE]): int(row[CONF_FLOOR])
                for row in user_input.get(CONF_FLOORS, ())
            }
            if not any(_is_too_high(root, floors) for root in roots):
                await hub.async_set_house(
                    House(
                        user_input[CONF_TOTAL_SESSIONS],
                        {**hub.house.floors_gb, **floors},
                    )
                )
                return self.async_create_entry(data={**self.config_entry.options})
            errors[CONF_FLOORS] = "floor_too_high"
        shown = [
            {
                CONF_STORAGE: str(root.path),
                CONF_FLOOR: hub.house.floor_bytes(str(root.path)) // GIGABYTE,
            }
            for root in roots
        ]
        form = house_form(hub.house.sessions, shown)
        return self.async_show_form(
            step_id="house",
            data_schema=self.add_suggested_values_to_schema(form, user_input),
            errors=errors,
        )


def house_form(sessions: int, floors: Sequence[Mapping[str, Any]]) -> vol.Schema:
    """Return the form with what holds for the whole installation."""
    return vol.Schema(
        {
            vol.Required(CONF_TOTAL_SESSIONS, default=sessions): number_field(1, 16),
            vol.Optional(CONF_FLOORS, default=[*floors]): floor_rows(
                [row[CONF_STORAGE] for row in floors]
            ),
        }
    )


def _is_too_high(root: RootInfo, floors: Mapping[str, int]) -> bool:
    """Return whether nothing could be kept on a storage any more."""
    floor = floors.get(str(root.path), 0) * GIGABYTE
    return root.total_bytes is not None and floor >= root.total_bytes
