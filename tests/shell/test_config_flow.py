"""From "Add integration" to an entry, against simulated devices."""

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.onvif.probe_match import FoundDevice
from tests.shell.conftest import StartNvr
from tests.shell.flow_steps import begin, choose, found, read, sign_in, submit, to_login

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


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
    shown = read(result["description_placeholders"])["device"]
    assert shown == f"Porch (127.0.0.1:{nvr.port})"
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


async def test_a_dialog_left_open_holds_back_no_device_that_is_added_along(
    hass: HomeAssistant,
    media_dir: Path,
    start_nvr: StartNvr,
    found_by_multicast: AsyncMock,
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    left = await sign_in(hass, await to_login(hass, nvrs[2]), nvrs[2])
    assert left["step_id"] == "cameras"
    found_by_multicast.return_value = tuple(found(nvr) for nvr in nvrs)
    result = await submit(hass, await begin(hass), device=f"127.0.0.1:{nvrs[0].port}")
    result = await sign_in(hass, result, nvrs[0], others=True)
    await choose(hass, result, media_dir)
    await hass.async_block_till_done()
    entries = hass.config_entries.async_entries(DOMAIN)
    assert {entry.title for entry in entries} == {"First", "Second", "Third"}


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
    [offered] = hass.config_entries.flow.async_progress()
    assert offered["context"]["title_placeholders"] == {"name": "Second"}


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


async def test_a_device_without_profile_g_says_what_happens_instead(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("no-profile-g"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    report = result["description_placeholders"]["report"]
    assert "no Profile G" in report
    assert "live streams are recorded instead" in report
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["subentries"][0]["data"]["recordings"] == []


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
    storage = result["data_schema"].schema["storage_section"]
    assert storage.options["collapsed"]
    schema = storage.schema.schema
    labels = {
        option["value"]: option["label"]
        for option in schema["storage"].config["options"]
    }
    # A disk of its own is proposed first, what backups take along last.
    away = hass.config.media_dirs["away"]
    assert list(labels) == [str(share), str(outside), away, str(inside)]
    report = read(result["description_placeholders"])["report"]
    assert f"Clips are kept in {share} (" in report
    assert "backups of Home Assistant will include" in labels[str(inside)]
    assert "a disk or share of its own" in labels[str(share)]
    assert "backups" not in labels[str(outside)]


async def test_a_folder_that_backups_take_along_is_not_proposed_unseen(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    hass.config.config_dir = str(media_dir.parent)
    nvr = (await start_nvr("demo"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    assert "backups" in result["description_placeholders"]["report"]
    storage = result["data_schema"].schema["storage_section"]
    assert not storage.options["collapsed"]


async def test_the_only_device_found_is_chosen_already(
    hass: HomeAssistant, start_nvr: StartNvr, found_by_multicast: AsyncMock
) -> None:
    nvr = (await start_nvr("demo"))[0]
    found_by_multicast.return_value = (found(nvr),)
    result = await begin(hass)
    values = result["data_schema"]({})
    assert values == {"device": f"127.0.0.1:{nvr.port}"}
    result = await submit(hass, result, **values)
    assert result["step_id"] == "login"
