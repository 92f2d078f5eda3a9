"""The kinds of fields our forms are made of."""

from collections.abc import Sequence
from typing import Any

from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

GATE_DOMAINS = [
    "binary_sensor",
    "schedule",
    "input_boolean",
    "switch",
    "alarm_control_panel",
    "person",
    "device_tracker",
]

PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
TEXT = TextSelector(TextSelectorConfig(autocomplete="off"))
GATE = EntitySelector(EntitySelectorConfig(domain=GATE_DOMAINS))


def number(low: float, high: float, unit: str | None = None) -> Any:
    """Return a field for whole numbers; the unit is a key of `selector.unit`."""
    config = NumberSelectorConfig(
        min=low, max=high, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
        config["translation_key"] = "unit"
    return probatio.All(NumberSelector(config), probatio.Coerce(int))


PORT = number(1, 65_535)


def choice(options: Sequence[str], key: str) -> SelectSelector:
    """Return a field for one of a few words, translated below `selector.<key>`."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def one(options: Sequence[SelectOptionDict]) -> SelectSelector:
    """Return a field for one of what a device or a disk offers."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.LIST)
    )


def many(options: Sequence[SelectOptionDict]) -> SelectSelector:
    """Return a field for some of what a device offers."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), multiple=True, mode=SelectSelectorMode.LIST
        )
    )
