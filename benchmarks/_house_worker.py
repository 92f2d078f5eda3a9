"""A real Home Assistant for `benchmarks.house`, in a process of its own.

`prepare` adds an entry for each device and ends; `measure` starts with what is there and
prints one line of JSON. Nothing is stood in for: bootstrap, recorder, registries and
sockets are Home Assistant's own.
"""

import argparse
import asyncio
from collections.abc import Mapping
import gc
import json
from pathlib import Path
import time
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, runner
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_get_domain_setup_times, async_setup_component

from benchmarks._measures import (
    cpu_seconds,
    lateness,
    percentile,
    resident_mb,
    rows_of,
)

DOMAIN = "vtrack_nvr"
PATIENCE_S = 120.0


async def start(folder: Path) -> HomeAssistant:
    """Start Home Assistant with what lies in a folder."""
    hass = await bootstrap.async_setup_hass(
        runner.RuntimeConfig(config_dir=str(folder), skip_pip=True, verbose=False)
    )
    assert hass is not None
    await hass.async_start()
    await hass.async_block_till_done()
    return hass


async def add(
    hass: HomeAssistant, ports: list[int], storage: str, login_of_all: list[str]
) -> None:
    """Add an entry for each device, as the flow makes it; nothing is copied by itself."""
    # Ours is imported when Home Assistant knows where it lies.
    from custom_components.vtrack_nvr.config_flow import VtrackConfigFlow
    from custom_components.vtrack_nvr.flows.entry_data import entry_of
    from custom_components.vtrack_nvr.runtime.connect import (
        Address,
        Login,
        async_inspect,
    )

    assert await async_setup_component(hass, DOMAIN, {})
    for port in ports:
        address, login = Address("127.0.0.1", port), Login(*login_of_all)
        report = await async_inspect(hass, address, login)
        parts = entry_of(
            report,
            address,
            login,
            storage=storage,
            cameras=[channel.token for channel in report.channels],
            settings={"mode": "on_demand"},
        )
        entry: ConfigEntry[Any] = ConfigEntry(
            data=parts.data,
            discovery_keys=MappingProxyType({}),
            domain=DOMAIN,
            minor_version=VtrackConfigFlow.MINOR_VERSION,
            options={},
            source="user",
            subentries_data=parts.subentries,
            title=parts.title,
            unique_id=report.key,
            version=VtrackConfigFlow.VERSION,
        )
        await hass.config_entries.async_add(entry)
        assert entry.state is ConfigEntryState.LOADED, entry.reason
    await hass.async_block_till_done()


def enable_all(hass: HomeAssistant) -> None:
    """Enable every entity that comes disabled."""
    registry = er.async_get(hass)
    for entity in [*registry.entities.values()]:
        if entity.platform == DOMAIN and entity.disabled_by:
            registry.async_update_entity(entity.entity_id, disabled_by=None)


async def stop(hass: HomeAssistant) -> None:
    """End it in order."""
    await hass.async_stop(force=True)


async def settle(hass: HomeAssistant, ports: int) -> int:
    """Wait until all entries are loaded and their first looks are over; count them."""
    loaded = 0
    async with asyncio.timeout(PATIENCE_S):
        while ports:
            entries = hass.config_entries.async_entries(DOMAIN)
            loaded = sum(e.state is ConfigEntryState.LOADED for e in entries)
            if loaded == ports and all(
                entry.runtime_data.coordinator.data.last_sweep_ms for entry in entries
            ):
                break
            for entry in entries:
                if entry.state is ConfigEntryState.LOADED:
                    await entry.runtime_data.coordinator.async_refresh()
            await asyncio.sleep(0.5)
    await asyncio.sleep(5)
    return loaded


async def measure(folder: Path, ports: int, seconds: float) -> dict[str, Any]:
    """Start, settle, look on for a while; returns the figures."""
    hass = await start(folder)
    loaded = await settle(hass, ports)
    times = async_get_domain_setup_times(hass, DOMAIN) if ports else {}
    started = cpu_seconds()
    gc.collect()
    memory = resident_mb()
    stopping = asyncio.Event()
    late = asyncio.create_task(lateness(stopping))
    begun, used, since = time.monotonic(), cpu_seconds(), time.time()
    await asyncio.sleep(seconds)
    share = (cpu_seconds() - used) / (time.monotonic() - begun)
    stopping.set()
    lates = await late
    memory = max(memory, resident_mb())
    if recorder := hass.data.get("recorder_instance"):
        await recorder.async_block_till_done()
    ours = {
        entity.entity_id: entity.config_subentry_id or entity.config_entry_id or ""
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN
    }
    states = sum(entity_id in ours for entity_id in hass.states.async_entity_ids())
    rows = await asyncio.to_thread(rows_of, folder, since)
    of_owner: dict[str, int] = {}
    for entity_id, count in rows.items():
        if entity_id in ours:
            owner = ours[entity_id]
            of_owner[owner] = of_owner.get(owner, 0) + count
    await stop(hass)
    return {
        "loaded": loaded,
        "setup": _setup_seconds(times),
        "started": started,
        "memory": memory,
        "cpu": share,
        "late_p99": percentile(lates, 0.99),
        "entities": states,
        "rows": sum(of_owner.values()),
        "most_rows": max(of_owner.values(), default=0),
        "most": sorted(((n, e) for e, n in rows.items() if e in ours), reverse=True)[
            :5
        ],
    }


def _setup_seconds(times: Mapping[str | None, Mapping[Any, float]]) -> float:
    """Return how long set-up took: the integration's own, then the slowest entry's."""
    own = sum(times.get(None, {}).values())
    entries = (sum(each.values()) for key, each in times.items() if key is not None)
    return own + max(entries, default=0.0)


async def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=("prepare", "measure"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--storage", default="")
    parser.add_argument("--login", nargs=2)
    parser.add_argument("--ports", type=int, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--all-entities", action="store_true")
    arguments = parser.parse_args()
    if arguments.work == "prepare":
        hass = await start(arguments.folder)
        await add(hass, arguments.ports, arguments.storage, arguments.login)
        if arguments.all_entities:
            enable_all(hass)
        await stop(hass)
        return
    found = await measure(arguments.folder, len(arguments.ports), arguments.seconds)
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
