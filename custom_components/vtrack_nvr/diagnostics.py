"""What a user may hand out when something does not work: no secret, no identity."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .core.models import CameraKey, CoverageState, NvrKey
from .core.redact import redact
from .runtime import HUB, VtrackConfigEntry, VtrackHub

GAPS = 20
"""So many stretches of each state and camera; the newest tell most."""
_TOLD = (CoverageState.FAILED, CoverageState.LOST, CoverageState.MISSING)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VtrackConfigEntry
) -> dict[str, Any]:
    """Return entry, cameras, status and storage, redacted; also of an unloaded entry."""
    hub = hass.data[HUB]
    nvr = NvrKey(str(entry.unique_id))
    status = (await hub.engine.fresh_status()).nvrs.get(nvr)
    told = {
        "entry": {
            "version": f"{entry.version}.{entry.minor_version}",
            "state": entry.state.value,
            "reason": entry.reason,
            "data": dict(entry.data),
            "options": dict(entry.options),
        },
        "cameras": [
            {"name": subentry.title, "data": dict(subentry.data)}
            for subentry in entry.subentries.values()
        ],
        "status": asdict(status) if status else None,
        "gaps": await _gaps(hub, entry),
        "policy": asdict(await hub.library.ledger.policy(nvr)),
        "storage": await hub.async_storage_summary(),
    }
    # Long texts take their time.
    answer: dict[str, Any] = await hass.async_add_executor_job(redact, told)
    return answer


async def _gaps(hub: VtrackHub, entry: VtrackConfigEntry) -> list[list[dict[str, Any]]]:
    """Return the latest stretches that could not be kept, and why, camera by camera."""
    found: list[list[dict[str, Any]]] = []
    for subentry in entry.subentries.values():
        camera = CameraKey(str(subentry.unique_id))
        found.append(
            [
                {
                    "state": str(item.state),
                    "reason": item.reason,
                    "start": item.range.start_ms,
                    "end": item.range.end_ms,
                }
                for state in _TOLD
                for item in await hub.library.browse.ledger(state, [camera], GAPS)
            ]
        )
    return found


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: VtrackConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return the same: a camera cannot be understood without its NVR."""
    return await async_get_config_entry_diagnostics(hass, entry)
