"""The storage section of a form: folders with what a person should know of them."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict

from ..const import NO_SECOND
from ..core.library.values import GIGABYTE
from ..phrases import Phrases
from ..placeholders import Markdown
from ..runtime.storage import StorageChoice, async_storage_choices, is_backed_up


def _values(choice: StorageChoice) -> dict[str, str]:
    return {
        "name": choice.name,
        "path": choice.path,
        "free": f"{choice.free_bytes / GIGABYTE:.0f}",
    }


def _label(choice: StorageChoice, phrases: Phrases) -> str:
    values = _values(choice)
    if is_backed_up(choice):
        return phrases.get("storage_in_backup", **values)
    if choice.is_mount:
        return phrases.get("storage_mount", **values)
    return phrases.get("storage_plain", **values)


async def async_second_storages(
    hass: HomeAssistant, phrases: Phrases, first: str, chosen: str
) -> list[SelectOptionDict]:
    """Return where older clips may go besides `first`: nowhere, or to another folder.

    The chosen folder is among them also while it is away.
    """
    options = [SelectOptionDict(value=NO_SECOND, label=phrases.get("no_second"))]
    options += [
        SelectOptionDict(value=choice.path, label=_label(choice, phrases))
        for choice in await async_storage_choices(hass)
        if choice.path != first
    ]
    if chosen not in {option["value"] for option in options}:
        label = phrases.get("storage_away", path=chosen)
        options.append(SelectOptionDict(value=chosen, label=label))
    return options


@dataclass(frozen=True, slots=True)
class Storages:
    """The folders to choose from, the best first."""

    options: list[SelectOptionDict]
    proposal: Markdown
    """Where clips are kept unless another folder is chosen, as a sentence."""
    is_doubtful: bool
    """A person should look at the proposal before going on."""


async def async_storages(hass: HomeAssistant, phrases: Phrases) -> Storages | None:
    """Look at the media folders: own disks first, what backups would include last.

    None where not one of them answers.
    """
    choices = sorted(
        await async_storage_choices(hass),
        key=lambda choice: (is_backed_up(choice), not choice.is_mount),
    )
    if not choices:
        return None
    best = choices[0]
    is_doubtful = is_backed_up(best)
    return Storages(
        [
            SelectOptionDict(value=choice.path, label=_label(choice, phrases))
            for choice in choices
        ],
        phrases.markdown(
            "storage_proposal_in_backup" if is_doubtful else "storage_proposal",
            **_values(best),
        ),
        is_doubtful,
    )
