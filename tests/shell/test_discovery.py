"""The search in the background: what is new is offered, what moved is followed."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.vtrack_nvr.const import CONF_ENDPOINT_ID, DOMAIN
from custom_components.vtrack_nvr.core.onvif.probe_match import FoundDevice
from custom_components.vtrack_nvr.discovery import (
    INTERVAL,
    MOST_OFFERS,
    async_search,
    async_setup_discovery,
)
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
    async_certificate,
    async_discover,
)
from tests.shell import flow_steps
from tests.shell.conftest import RemoteNvr, StartNvr, entry_for

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


def found(nvr: RemoteNvr) -> FoundDevice:
    return flow_steps.found(nvr, endpoint_id=nvr.spec.uuid)


async def known(
    hass: HomeAssistant, nvr: RemoteNvr, media_dir: Path, host: str = "127.0.0.1"
) -> MockConfigEntry:
    """Return the entry of a device, last seen at `host`."""
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, "host": host, CONF_ENDPOINT_ID: nvr.spec.uuid},
    )
    return entry


def offered(hass: HomeAssistant) -> list[str]:
    return [
        flow["context"]["title_placeholders"]["name"]
        for flow in hass.config_entries.flow.async_progress()
    ]


async def test_only_new_devices_are_offered_and_only_once(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    first, second, _ = await start_nvr("three-on-one-host")
    await known(hass, first, media_dir)
    found_by_multicast.return_value = (found(first), found(second))
    for _ in range(2):
        await async_search(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert offered(hass) == ["Second"]


async def test_made_up_devices_are_offered_up_to_a_number(
    hass: HomeAssistant, found_by_multicast: AsyncMock
) -> None:
    for search in range(3):
        found_by_multicast.return_value = tuple(
            FoundDevice(f"192.0.2.{n}", 80, endpoint_id=f"{search}-{n}", name=f"{n}")
            for n in range(100)
        )
        await async_search(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(offered(hass)) == MOST_OFFERS == 20


async def test_ignored_stays_ignored(
    hass: HomeAssistant, start_nvr: StartNvr, found_by_multicast: AsyncMock
) -> None:
    nvr = (await start_nvr("demo"))[0]
    MockConfigEntry(
        domain=DOMAIN, source=SOURCE_IGNORE, unique_id=nvr.spec.uuid
    ).add_to_hass(hass)
    found_by_multicast.return_value = (found(nvr),)
    await async_search(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not offered(hass)


async def test_a_moved_device_without_tls_is_asked_about(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await known(hass, nvr, media_dir, host=an_empty_address)
    nvr.reset_counts()
    found_by_multicast.return_value = (found(nvr),)
    for _ in range(2):
        await async_search(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["host"] == an_empty_address
    assert nvr.counters.http_requests == 0
    [asked] = hass.config_entries.flow.async_progress()
    assert asked["step_id"] == "moved"


async def test_a_moved_device_that_is_known_by_its_certificate_is_followed(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    address = Address("127.0.0.1", nvr.port)
    shown = await async_certificate(address)
    entry = await entry_for(
        hass, nvr, media_dir, at=address.trusting(shown.fingerprint)
    )
    entry.add_to_hass(hass)
    moved = {**entry.data, "host": an_empty_address, CONF_ENDPOINT_ID: nvr.spec.uuid}
    hass.config_entries.async_update_entry(entry, data=moved)
    found_by_multicast.return_value = (found(nvr),)
    await async_search(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == {**moved, "host": "127.0.0.1"}
    assert not offered(hass)


async def test_a_device_with_two_addresses_stays_at_the_one_it_is_reached_at(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
    an_empty_address: str,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await known(hass, nvr, media_dir)
    found_by_multicast.return_value = (replace(found(nvr), host=an_empty_address),)
    await async_search(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["host"] == "127.0.0.1"
    assert not offered(hass)


async def test_a_clone_with_the_same_endpoint_id_is_another_device(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
    an_empty_address: str,
) -> None:
    one, clone = await start_nvr("duplicate-uuid")
    assert one.spec.uuid == clone.spec.uuid
    entry = await known(hass, one, media_dir, host=an_empty_address)
    found_by_multicast.return_value = (found(clone),)
    await async_search(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["host"] == an_empty_address
    assert offered(hass) == [clone.spec.name]


async def test_nothing_is_searched_before_the_first_nvr_and_then_every_quarter_hour(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    async_setup_discovery(hass)
    later = dt_util.utcnow() + INTERVAL * 1.1
    async_fire_time_changed(hass, later)
    await hass.async_block_till_done(wait_background_tasks=True)
    found_by_multicast.assert_not_called()
    nvr = (await start_nvr("demo"))[0]
    await known(hass, nvr, media_dir)
    async_fire_time_changed(hass, later + INTERVAL * 1.1)
    await hass.async_block_till_done(wait_background_tasks=True)
    found_by_multicast.assert_called_once()


async def test_only_real_networks_are_asked(hass: HomeAssistant) -> None:
    with (
        patch(
            "homeassistant.components.network.async_get_enabled_source_ips",
            return_value=[],
        ),
        patch(
            "custom_components.vtrack_nvr.runtime.connect.discover", return_value=()
        ) as discover,
    ):
        assert await async_discover(hass) == ()
        discover.assert_not_called()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("192.0.2.1", "192.0.2.1:80"), ("2001:db8::1", "[2001:db8::1]:80")],
)
def test_addresses_are_shown_as_people_write_them(host: str, shown: str) -> None:
    assert Address(host, 80).shown == shown
    assert Address(host, 80).url == f"http://{shown}"
