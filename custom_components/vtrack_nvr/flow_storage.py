"""The storage section of a form: folders with what a person should know of them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict

from .flow_report import Phrases
from .runtime.storage import StorageChoice, async_storage_choices, is_backed_up

GIGABYTE = 1_000_000_000


def _label(choice: StorageChoice, phrases: Phrases) -> str:
    values = {
        "name": choice.name,
        "path": choice.path,
        "free": f"{choice.free_bytes / GIGABYTE:.0f}",
    }
    if is_backed_up(choice):
        return phrases.get("storage_in_backup", **values)
    if choice.is_mount:
        return phrases.get("storage_mount", **values)
    return phrases.get("storage_plain", **values)


async def storage_options(
    hass: HomeAssistant, phrases: Phrases
) -> list[SelectOptionDict]:
    """Return the folders to choose from, the best first; never empty."""
    choices = await async_storage_choices(hass)
    return [
        SelectOptionDict(value=choice.path, label=_label(choice, phrases))
        for choice in choices
    ]
