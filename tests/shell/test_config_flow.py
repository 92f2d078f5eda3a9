"""From "Add integration" to an entry, against simulated devices."""

import asyncio
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USER,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.found import FoundDevice
from tests.shell.conftest import StartNvr, address_of, entry_for, login_of
from tests.shell.flow_steps import begin, choose, found, sign_in, submit, to_login


@pytest.fixture(autouse=True)
def found_by_multicast() -> Iterator[AsyncMock]:
    """Stand in for the search by multicast: tests stay on loopback."""
    with patch(
        "custom_components.vtrack_nvr.config_flow.async_discover", return_value=()
    ) as search:
        yield search


@pytest.fixture(autouse=True)
def set_up() -> Iterator[AsyncMock]:
    """Do not set entries up: what they do is tested elsewhere."""
    with (
        patch("custom_components.vtrack_nvr.async_setup", return_value=True),
        patch(
            "custom_components.vtrack_nvr.async_setup_entry", return_value=True
        ) as setup,
    ):
        yield setup


# The way of most people


async def test_three_submits_add_a_found_camera(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    nvr = (await start_nvr("demo"))[0]
    found_by_multicast.return_value = (found(nvr, profiles=frozenset("SG")),)
    result = await begin(hass)
    assert result["step_id"] == "pick"
    result = await submit(hass, result, device=f"127.0.0.1:{nvr.port}")
    assert result["step_id"] == "login"
    result = await sign_in(hass, result, nvr)
    assert "search and replay" in result["description_placeholders"]["report"]
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Porch"
    assert result["data"]["host"] == "127.0.0.1"
    assert result["data"]["storage"] == str(media_dir)
    assert [sub["title"] for sub in result["subentries"]] == ["Porch"]
    assert result["subentries"][0]["data"]["recordings"]


async def test_all_channels_are_preselected_and_can_be_left_out(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("nvr16"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    schema = result["data_schema"]
    assert schema is not None
    preselected = schema({"storage_section": {"storage": str(media_dir)}})["cameras"]
    assert len(preselected) == 16
    result = await choose(hass, result, media_dir, cameras=preselected[:2])
    assert len(result["subentries"]) == 2
    assert len({sub["unique_id"] for sub in result["subentries"]}) == 2


async def test_a_camera_must_be_chosen(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    result = await choose(hass, result, media_dir, cameras=[])
    assert result["errors"] == {"cameras": "no_camera_chosen"}
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_one_login_adds_all_found_devices(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    found_by_multicast.return_value = tuple(found(nvr) for nvr in nvrs)
    result = await submit(hass, await begin(hass), device=f"127.0.0.1:{nvrs[0].port}")
    assert result["description_placeholders"]["others"] == "2"
    result = await sign_in(hass, result, nvrs[0], others=True)
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    entries = hass.config_entries.async_entries(DOMAIN)
    assert {entry.title for entry in entries} == {"First", "Second", "Third"}
    assert {entry.data["port"] for entry in entries} == {nvr.port for nvr in nvrs}


async def test_a_login_that_fails_for_another_device_adds_only_the_others(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    nvrs[1].accounts[nvrs[1].spec.user] = "another password"
    found_by_multicast.return_value = tuple(found(nvr) for nvr in nvrs)
    result = await submit(hass, await begin(hass), device=f"127.0.0.1:{nvrs[0].port}")
    result = await sign_in(hass, result, nvrs[0], others=True)
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    entries = hass.config_entries.async_entries(DOMAIN)
    assert {entry.title for entry in entries} == {"First", "Third"}


async def test_a_range_of_ports_lists_the_devices_behind_it(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    ports = ",".join(str(nvr.port) for nvr in nvrs)
    result = await submit(hass, await begin(hass), host="127.0.0.1", port=ports)
    assert result["step_id"] == "pick"
    assert result["description_placeholders"]["found"].startswith("Devices found: 3.")
    result = await submit(hass, result, device=f"127.0.0.1:{nvrs[2].port}")
    result = await sign_in(hass, result, nvrs[2])
    result = await choose(hass, result, media_dir)
    assert result["title"] == "Third"


# What goes wrong, each with its own sentence and a way on


async def test_nothing_chosen(hass: HomeAssistant) -> None:
    result = await submit(hass, await begin(hass))
    assert result["errors"] == {"base": "nothing_chosen"}


@pytest.mark.parametrize(
    ("host", "port", "errors"),
    [
        ("not a host!", "", {"host": "target_host"}),
        ("127.0.0.1", "many", {"port": "target_port"}),
        ("10.0.0.0/8", "", {"host": "target_too_many"}),
    ],
)
async def test_what_cannot_be_read_is_said_at_its_field(
    hass: HomeAssistant, host: str, port: str, errors: dict[str, str]
) -> None:
    result = await submit(hass, await begin(hass), host=host, port=port)
    assert result["errors"] == errors


async def test_an_address_where_nothing_answers(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    await nvr.stop()
    result = await to_login(hass, nvr)
    assert result["step_id"] == "pick"
    assert result["errors"] == {"base": "unreachable"}
    await nvr.start()
    result = await submit(hass, result, host="127.0.0.1", port=str(nvr.port))
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_several_addresses_where_nothing_answers(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    for nvr in nvrs:
        await nvr.stop()
    ports = ",".join(str(nvr.port) for nvr in nvrs)
    result = await submit(hass, await begin(hass), host="127.0.0.1", port=ports)
    assert result["errors"] == {"base": "nothing_found"}


async def test_a_port_that_is_not_onvif(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await submit(
        hass, await begin(hass), host="127.0.0.1", port=str(nvr.rtsp_port)
    )
    assert result["errors"] == {"base": "not_onvif"}


async def test_a_web_page_instead_of_soap(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.faults.html_ops = ["*"]
    result = await to_login(hass, nvr)
    assert result["errors"] == {"base": "html_page"}


async def test_a_wrong_password_can_be_corrected(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await to_login(hass, nvr)
    result = await submit(
        hass, result, username="viewer", password="wrong", advanced={}
    )
    assert result["step_id"] == "login"
    assert result["errors"] == {"base": "auth_refused"}
    assert not hass.config_entries.async_entries(DOMAIN)
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_device_without_profile_g_says_what_happens_instead(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("no-profile-g"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    report = result["description_placeholders"]["report"]
    assert "no Profile G" in report
    assert "live streams will be recorded" in report
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["subentries"][0]["data"]["recordings"] == []


async def test_a_device_that_is_set_up_already_follows_its_address(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": "192.0.2.7"}
    )
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


async def test_closing_the_flow_ends_the_search(
    hass: HomeAssistant, found_by_multicast: AsyncMock
) -> None:
    ended = asyncio.Event()

    async def search(*_args: Any) -> tuple[()]:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return ()

    found_by_multicast.side_effect = search
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await asyncio.sleep(0)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await asyncio.wait_for(ended.wait(), 1)


# Certificates


async def test_a_certificate_nobody_signed_is_shown_and_pinned(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    assert result["step_id"] == "login", result
    result = await sign_in(hass, result, nvr)
    assert result["step_id"] == "certificate"
    assert ":" in result["description_placeholders"]["fingerprint"]
    result = await submit(hass, result)
    result = await choose(hass, result, media_dir)
    assert result["data"]["tls"] == "fingerprint"
    assert result["data"]["fingerprint"]


# Discovery in the background, and moved devices


async def test_a_device_found_in_the_background_is_offered(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, endpoint_id=nvr.spec.uuid)},
    )
    assert result["step_id"] == "login"
    flows = hass.config_entries.flow.async_progress()
    assert flows[0]["context"]["title_placeholders"] == {"name": "Porch"}
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_ignored_device_stays_ignored(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": nvr.spec.uuid, "title": "Porch"},
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found(nvr, endpoint_id=nvr.spec.uuid)},
    )
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("is_same_device", [True, False])
async def test_dhcp_moves_a_device_only_after_it_proved_who_it_is(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr, is_same_device: bool
) -> None:
    nvrs = await start_nvr("shared-mac")
    entry = await entry_for(hass, nvrs[0], media_dir)
    port = nvrs[0 if is_same_device else 1].port
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": "192.0.2.7", "port": port}
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(
            ip=str(IPv4Address("127.0.0.1")),
            hostname="porch",
            macaddress=nvrs[0].spec.mac.replace(":", "").lower(),
        ),
    )
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == ("127.0.0.1" if is_same_device else "192.0.2.7")


# Later in life


async def test_a_new_password_is_taken_after_it_worked(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    nvr.accounts[nvr.spec.user] = "new-secret"
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await submit(
        hass, result, username=nvr.spec.user, password="wrong", advanced={}
    )
    assert result["errors"] == {"base": "auth_refused"}
    result = await submit(
        hass, result, username=nvr.spec.user, password="new-secret", advanced={}
    )
    assert result["reason"] == "reauth_successful"
    assert entry.data["password"] == "new-secret"


async def test_reauth_refuses_another_device(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entry = await entry_for(hass, nvrs[0], media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "port": nvrs[1].port}
    )
    result = await entry.start_reauth_flow(hass)
    login = login_of(nvrs[1])
    result = await submit(
        hass, result, username=login.username, password=login.password, advanced={}
    )
    assert result["reason"] == "other_device"


async def test_reconfigure_changes_the_address_and_keeps_the_password(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "host": "192.0.2.7"}
    )
    result = await entry.start_reconfigure_flow(hass)
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": address_of(nvr).port,
        "tls": "off",
        "username": nvr.spec.user,
        "advanced": {},
    }
    refused = await submit(hass, result, **{**values, "port": nvr.rtsp_port})
    assert refused["errors"]
    result = await submit(hass, refused, **values)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["host"] == "127.0.0.1"
    assert entry.data["password"] == nvr.spec.password


async def test_reconfigure_refuses_another_device(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entry = await entry_for(hass, nvrs[0], media_dir)
    entry.add_to_hass(hass)
    result = await submit(
        hass,
        await entry.start_reconfigure_flow(hass),
        host="127.0.0.1",
        port=nvrs[1].port,
        tls="off",
        username=nvrs[1].spec.user,
        password=nvrs[1].spec.password,
        advanced={},
    )
    assert result["reason"] == "other_device"


async def test_reconfigure_pins_the_certificate_shown_now(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(hass, await sign_in(hass, result, nvr))
    await choose(hass, result, media_dir)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "fingerprint": "00"}
    )
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "tls": "fingerprint",
        "username": nvr.spec.user,
        "password": nvr.spec.password,
        "advanced": {},
    }
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    refused = await submit(hass, result, **values, port=9)
    assert refused["errors"] == {"base": "unreachable"}
    refused = await submit(hass, refused, **values, port=nvr.rtsp_port)
    assert refused["errors"]
    result = await submit(hass, refused, **values, port=nvr.port)
    assert result["reason"] == "reconfigure_successful"
    assert len(entry.data["fingerprint"]) > 32


async def test_a_certificate_that_changes_or_goes_away_leads_back(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("tls-self-signed"))[0]
    result = await begin(hass)
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    with patch(
        "custom_components.vtrack_nvr.config_flow.async_fingerprint",
        side_effect=NvrError(ErrorKind.TLS),
    ):
        result = await sign_in(hass, result, nvr)
    assert result["step_id"] == "pick"
    assert result["errors"] == {"base": "tls"}
    result = await submit(hass, result, host=f"https://127.0.0.1:{nvr.port}")
    result = await submit(
        hass, result, username=nvr.spec.user, password="wrong", advanced={}
    )
    result = await submit(hass, result)  # trusted; only now the password is sent
    assert result["step_id"] == "login"
    assert result["errors"] == {"base": "auth_refused"}
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["data"]["tls"] == "fingerprint"


async def test_a_device_without_cameras_says_so(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("no-profile-g"))[0]
    nvr.faults.vanished_channels = [nvr.spec.cameras[0].name]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert result["errors"] == {"base": "no_cameras"}
    nvr.faults.vanished_channels = []
    result = await sign_in(hass, result, nvr)
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_dhcp_leaves_other_devices_and_known_addresses_alone(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    entries = []
    for nvr in nvrs[:2]:
        entries.append(await entry_for(hass, nvr, media_dir))
        entries[-1].add_to_hass(hass)
    before = [dict(entry.data) for entry in entries]
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(
            ip="127.0.0.1",
            hostname="first",
            macaddress=nvrs[0].spec.mac.replace(":", "").lower(),
        ),
    )
    assert result["reason"] == "already_configured"
    assert [dict(entry.data) for entry in entries] == before


async def test_the_same_login_frees_a_device_that_refused_for_a_while(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "rtsp_port": nvr.rtsp_port}
    )
    result = await entry.start_reauth_flow(hass)
    assert not result["data_schema"].schema["advanced"].options["collapsed"]
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        result = await submit(
            hass,
            result,
            username=nvr.spec.user,
            password=nvr.spec.password,
            advanced={"rtsp_port": nvr.rtsp_port},
        )
    assert result["reason"] == "reauth_successful"
    reload.assert_called_once_with(entry.entry_id)


async def test_reconfigure_says_when_the_new_password_is_wrong(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir)
    entry.add_to_hass(hass)
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": nvr.port,
        "tls": "off",
        "username": nvr.spec.user,
    }
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, **values, password="wrong", advanced={})
    assert result["errors"] == {"base": "auth_refused"}
    result = await submit(hass, result, **values, advanced={"rtsp_port": 9})
    assert result["errors"] == {"base": "rtsp_unreachable"}
    result = await submit(hass, result, **values, advanced={})
    assert result["reason"] == "reconfigure_successful"


async def test_a_search_that_takes_its_time_shows_its_progress(
    hass: HomeAssistant, start_nvr: StartNvr, found_by_multicast: AsyncMock
) -> None:
    nvr = (await start_nvr("demo"))[0]
    go_on = asyncio.Event()

    async def search(_hass: HomeAssistant, progress: Any) -> tuple[FoundDevice]:
        progress(0.5)
        await go_on.wait()
        return (found(nvr, profiles=frozenset("SG"), hardware="SIM", location="porch"),)

    found_by_multicast.side_effect = search
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    again = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    go_on.set()
    await hass.async_block_till_done()
    result = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert result["step_id"] == "pick"
    [option] = result["data_schema"].schema["device"].config["options"]
    assert "offers its recordings" in option["label"]
    assert "porch" in option["label"]


async def test_folders_say_what_a_person_should_know_of_them(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    inside = media_dir  # of the configuration folder, as in Core installs
    outside = tmp_path_factory.mktemp("disk")
    share = inside / "share"
    share.mkdir()
    hass.config.media_dirs = {
        "inside": str(inside),
        "outside": str(outside),
        "away": str(outside / "not" / "there"),
    }
    nvr = (await start_nvr("demo"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    with patch("os.path.ismount", side_effect=lambda path: Path(path) == share):
        result = await choose(hass, result, outside, cameras=[])
    schema = result["data_schema"].schema["storage_section"].schema.schema
    labels = {
        option["value"]: option["label"]
        for option in schema["storage"].config["options"]
    }
    assert "backups of Home Assistant will include" in labels[str(inside)]
    assert "a disk or share of its own" in labels[str(share)]
    assert "backups" not in labels[str(outside)]
