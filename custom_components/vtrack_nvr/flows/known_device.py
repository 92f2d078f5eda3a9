"""Whether a device that is met is one that is set up already, and where that is now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from ..core.device_report import DeviceReport
from ..core.errors import ErrorKind
from ..core.models import NvrKey
from ..core.onvif.identity import Likeness, Marks, compare_marks, nvr_key
from ..former import async_former
from ..runtime.connect import Address, Login, async_listens, marks_of_entry
from .attempt import async_try

_WAITING = frozenset({ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR})


class Place(StrEnum):
    """What is at an address where a device is looked for with its stored login."""

    DEVICE = "device"
    SOMEBODY = "somebody"
    """Another device, or something that does not take the login."""
    NOBODY = "nobody"


class Followed(StrEnum):
    """What became of the question whether a device has moved."""

    STAYED = "stayed"
    """It answers where it was."""
    MOVED = "moved"
    """It is reached at the new address from now on."""
    ASK = "ask"
    """A person has to say so: the stored login would go to whoever claims to be it."""
    UNPROVEN = "unproven"
    """It does not prove that it is the device, or somebody answers where that was."""


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry that a device may be the one of."""

    entry: ConfigEntry[Any]
    likeness: Likeness


def marks_of(report: DeviceReport) -> Marks:
    """Return the marks that a device told."""
    return Marks(report.identity, report.endpoint_id)


def entries(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return what is set up, without what is ignored."""
    return hass.config_entries.async_entries(DOMAIN, include_ignore=False)


def known_as(
    hass: HomeAssistant, report: DeviceReport, address: Address
) -> KnownEntry | None:
    """Return the entry that a device has or may have; one at its address goes first."""

    def found() -> Iterator[tuple[bool, bool, KnownEntry]]:
        for entry in entries(hass):
            likeness = compare_marks(marks_of_entry(entry.data), marks_of(report))
            if likeness is not Likeness.OTHER:
                yield (
                    not is_at(entry, address),
                    likeness is not Likeness.SAME,
                    KnownEntry(entry, likeness),
                )

    return min(found(), key=lambda item: item[:2], default=(0, 0, None))[2]


def is_at(entry: ConfigEntry[Any], address: Address) -> bool:
    """Return whether an entry's device is reached at this address."""
    own = Address.of_entry(entry.data)
    return (own.host, own.port) == (address.host, address.port)


async def async_named(hass: HomeAssistant, report: DeviceReport) -> DeviceReport:
    """Return the report of a new device under a name that no other device has or had.

    A device that was set up before gets the name that its clips are kept under.
    """
    former = await async_former(hass)
    taken = {str(entry.unique_id) for entry in entries(hass)}
    for key, marks in former.items():
        is_it = compare_marks(marks, marks_of(report)) is Likeness.SAME
        if is_it and key not in taken:
            return replace(report, key=NvrKey(key))
    key = nvr_key(report.identity, report.endpoint_id, taken | former.keys())
    return replace(report, key=key)


async def async_place(
    hass: HomeAssistant, entry: ConfigEntry[Any], address: Address | None = None
) -> Place:
    """Look for an entry's device with its stored login, at its own address if none is given.

    A device that tells too little to be sure counts as itself at its own address only.
    """
    wanted = address or Address.of_entry(entry.data)
    attempt = await async_try(hass, wanted, Login.of_entry(entry.data), with_rtsp=False)
    if attempt.report is not None:
        likeness = compare_marks(
            marks_of_entry(entry.data), Marks(attempt.report.identity)
        )
        is_it = likeness is Likeness.SAME or (
            address is None and likeness is Likeness.UNCERTAIN
        )
        return Place.DEVICE if is_it else Place.SOMEBODY
    if attempt.kind is ErrorKind.UNREACHABLE and not await async_listens(wanted):
        return Place.NOBODY
    return Place.SOMEBODY


def _has_double(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Return whether another entry has the same marks: nobody could tell which it is."""
    marks = marks_of_entry(entry.data)
    return any(
        compare_marks(marks, marks_of_entry(other.data)) is Likeness.SAME
        for other in entries(hass)
        if other.entry_id != entry.entry_id
    )


async def async_follow(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    host: str,
    port: int,
    *,
    is_agreed: bool = False,
) -> Followed:
    """Store another address of an entry if its device has moved there.

    That takes that nobody answers at the old address, and that the device proves with the
    stored login that it is the same. How its certificate is treated never changes. A
    device without a checked certificate is sent the login at a new address only where a
    person has agreed: anybody can claim to be it.
    """
    old = Address.of_entry(entry.data)
    new = old.at(host, port)
    if new == old:
        return Followed.STAYED
    place = await async_place(hass, entry)
    if place is Place.DEVICE:
        return Followed.STAYED
    if place is Place.SOMEBODY or _has_double(hass, entry):
        return Followed.UNPROVEN
    if not (is_agreed or old.is_checked):
        return Followed.ASK
    if await async_place(hass, entry, new) is not Place.DEVICE:
        return Followed.UNPROVEN
    async_store(hass, entry, new.as_data())
    return Followed.MOVED


@callback
def async_store(
    hass: HomeAssistant, entry: ConfigEntry[Any], changes: Mapping[str, Any]
) -> None:
    """Change an entry's data; one that does not run begins anew by it."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, **changes})
    if entry.state in _WAITING:
        hass.config_entries.async_schedule_reload(entry.entry_id)
