"""Devices that are set up already, or only look like one that is."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IMPORT,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.flows.known_device import Followed, async_follow
from custom_components.vtrack_nvr.former import async_former
from custom_components.vtrack_nvr.runtime.connect import (
    Address,
)
from tests.shell.conftest import RemoteNvr, StartNvr, entry_for, login_of
from tests.shell.flow_steps import choose, found, read, sign_in, submit, to_login

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


async def entry_of_nvr(
    hass: HomeAssistant, nvr: RemoteNvr, storage: Path, **data: Any
) -> MockConfigEntry:
    entry = await entry_for(hass, nvr, storage)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    return entry


def logins_at(nvr: RemoteNvr) -> int:
    """Return how many requests a device heard that it asks a login for."""
    return int(nvr.counters.operations["tds:GetDeviceInformation"])


# Look-alikes


@pytest.mark.parametrize(
    "marks",
    [{}, {"serial": "SN-2042-7"}, {"serial": "SN-2042-7", "mac": "02:00:5e:00:00:77"}],
    ids=["worth nothing", "one serial", "serial and MAC"],
)
async def test_a_second_unit_with_the_same_marks_is_asked_about_and_stays_apart(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    marks: dict[str, str],
) -> None:
    first, second = await start_nvr("look-alikes")
    for nvr in (first, second):
        nvr.set_identity(marks)
    entry = await entry_of_nvr(hass, first, media_dir)
    before = dict(entry.data)
    result = await sign_in(hass, await to_login(hass, second), second)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "look_alike"
    assert read(result["description_placeholders"]) == {
        "name": entry.title,
        "old": f"127.0.0.1:{first.port}",
        "new": f"127.0.0.1:{second.port}",
    }
    result = await choose(hass, await submit(hass, result), media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["port"] == second.port
    assert dict(entry.data) == before
    keys = {each.unique_id for each in hass.config_entries.async_entries(DOMAIN)}
    assert len(keys) == 2


async def test_look_alikes_are_never_followed_for_nobody_could_tell_which_it_is(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    an_empty_address: str,
) -> None:
    first, second = await start_nvr("shared-mac")
    for nvr in (first, second):
        nvr.set_identity({"serial": "SN-2042-7", "mac": first.spec.mac})
    entry = await entry_of_nvr(hass, first, media_dir, host=an_empty_address)
    other = await entry_for(hass, second, media_dir)
    MockConfigEntry(
        domain=DOMAIN, data=dict(other.data), unique_id="another"
    ).add_to_hass(hass)
    followed = await async_follow(hass, entry, "127.0.0.1", first.port, is_agreed=True)
    assert followed is Followed.UNPROVEN
    assert entry.data["host"] == an_empty_address


async def test_a_look_alike_found_along_with_another_is_left_to_a_person(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second = await start_nvr("look-alikes")
    entry = await entry_of_nvr(hass, first, media_dir)
    before = dict(entry.data)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IMPORT},
        data={
            "device": found(second),
            "address": Address("127.0.0.1", second.port),
            "login": login_of(second),
            "settings": {},
        },
    )
    assert result["reason"] == "already_configured"
    await hass.async_block_till_done()
    [offered] = hass.config_entries.flow.async_progress()
    assert offered["step_id"] == "login"
    assert dict(entry.data) == before


async def test_a_device_added_along_with_another_is_not_set_up_twice(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    await entry_of_nvr(hass, nvr, media_dir)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IMPORT},
        data={
            "device": found(nvr),
            "address": Address("127.0.0.1", nvr.port),
            "login": login_of(nvr),
            "settings": {},
        },
    )
    assert result["reason"] == "already_configured"
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


async def test_a_device_that_is_where_it_was_has_not_moved(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_of_nvr(hass, nvr, media_dir)
    heard = logins_at(nvr)
    followed = await async_follow(hass, entry, "127.0.0.1", nvr.port)
    assert followed is Followed.STAYED
    assert logins_at(nvr) == heard


async def test_a_clone_with_a_serial_of_its_own_is_simply_new(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second = await start_nvr("duplicate-uuid")
    await entry_of_nvr(hass, first, media_dir)
    result = await sign_in(hass, await to_login(hass, second), second)
    assert result["step_id"] == "cameras"


async def test_the_same_address_is_set_up_already(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second = await start_nvr("look-alikes")
    for nvr in (first, second):
        entry = await entry_for(hass, nvr, media_dir)
        MockConfigEntry(
            domain=DOMAIN, data=dict(entry.data), unique_id=f"{nvr.port}"
        ).add_to_hass(hass)
    result = await sign_in(hass, await to_login(hass, second), second)
    assert result["reason"] == "already_configured"


async def test_two_dialogs_for_one_device_make_one_entry(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    dialogs = [await sign_in(hass, await to_login(hass, nvr), nvr) for _ in range(2)]
    first = await choose(hass, dialogs[0], media_dir)
    assert first["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.flow.async_progress()
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == first["result"].unique_id


# Marks that come and go


async def as_viewer(nvr: RemoteNvr) -> None:
    """Refuse what some devices tell to administrators only."""
    fault = "Sender ter:OperationProhibited"
    nvr.faults.fault_ops = {"GetNetworkInterfaces": fault}


@pytest.mark.parametrize("flow", ["reauth", "reconfigure"])
async def test_an_account_that_may_see_less_is_of_the_same_device(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr, flow: str
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_of_nvr(hass, nvr, media_dir)
    before = entry.unique_id, entry.data["identity"]
    await as_viewer(nvr)
    nvr.set_identity({"hardware_id": "of the new firmware", "firmware": "9"})
    login = {"username": nvr.spec.user, "password": nvr.spec.password, "advanced": {}}
    if flow == "reauth":
        result = await entry.start_reauth_flow(hass)
        result = await submit(hass, result, **login)
    else:
        result = await entry.start_reconfigure_flow(hass)
        address = {"host": "127.0.0.1", "port": nvr.port, "tls": "off"}
        result = await submit(hass, result, **login, **address)
    assert result["reason"] == f"{flow}_successful"
    assert (entry.unique_id, entry.data["identity"]) == before


async def test_a_viewer_does_not_set_the_same_device_up_twice(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    await entry_of_nvr(hass, nvr, media_dir)
    await as_viewer(nvr)
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["reason"] == "already_configured"


async def test_a_device_that_tells_nothing_of_itself_can_be_signed_in_to_again(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.set_identity({"serial": "0000", "mac": "", "hardware_id": ""})
    entry = await entry_of_nvr(hass, nvr, media_dir, endpoint_id=nvr.spec.uuid)
    nvr.accounts[nvr.spec.user] = "new-secret"
    result = await submit(
        hass,
        await entry.start_reauth_flow(hass),
        username=nvr.spec.user,
        password="new-secret",
        advanced={},
    )
    assert result["reason"] == "reauth_successful"


async def test_reconfigure_never_takes_the_address_of_another_entry(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second = await start_nvr("look-alikes")
    entry = await entry_of_nvr(hass, first, media_dir)
    other = await entry_for(hass, second, media_dir)
    MockConfigEntry(
        domain=DOMAIN, data=dict(other.data), unique_id="another"
    ).add_to_hass(hass)
    result = await submit(
        hass,
        await entry.start_reconfigure_flow(hass),
        host="127.0.0.1",
        port=second.port,
        tls="off",
        username=second.spec.user,
        password=second.spec.password,
        advanced={},
    )
    assert result["reason"] == "already_configured"
    assert entry.data["port"] == first.port


async def test_a_unit_of_a_series_never_takes_the_place_of_one_that_is_switched_off(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
) -> None:
    first, second = await start_nvr("look-alikes")
    for marks in (
        {},  # nothing but the model in common
        {"serial": "SN-2042-7"},  # one mark, that a maker gave to both
    ):
        for nvr in (first, second):
            nvr.set_identity(marks)
        entry = await entry_of_nvr(hass, first, media_dir)
        await first.stop()
        result = await sign_in(hass, await to_login(hass, second), second)
        if marks:
            assert result["step_id"] == "moved"
            result = await submit(hass, result, next_step_id="other")
        assert result["step_id"] == "cameras"
        assert entry.data["port"] == first.port
        await first.start()
        await hass.config_entries.async_remove(entry.entry_id)


async def test_a_removed_device_gets_its_old_name_back_whoever_signs_in(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.set_identity({"serial": "00000"})  # named by its MAC address
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    result = await choose(hass, result, media_dir)
    entry = result["result"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert list(await async_former(hass)) == [entry.unique_id]
    nvr.set_identity({"serial": "SN-4711"})  # a firmware that tells more
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    result = await choose(hass, result, media_dir)
    assert result["result"].unique_id == entry.unique_id


async def test_a_unit_with_the_serial_of_a_removed_one_gets_another_name(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    first, second = (await start_nvr("three-on-one-host"))[:2]
    second.set_identity({"serial": first.spec.serial})
    result = await sign_in(hass, await to_login(hass, first), first)
    result = await choose(hass, result, media_dir)
    gone = result["result"]
    await hass.config_entries.async_remove(gone.entry_id)
    result = await sign_in(hass, await to_login(hass, second), second)
    result = await choose(hass, result, media_dir)
    assert result["result"].unique_id != gone.unique_id
