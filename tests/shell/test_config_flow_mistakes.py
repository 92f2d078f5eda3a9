"""What goes wrong while adding a device: each has its own sentence and a way on."""

from pathlib import Path
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from tests.shell.conftest import StartNvr
from tests.shell.flow_steps import begin, choose, found, read, sign_in, submit, to_login

pytestmark = pytest.mark.usefixtures("found_by_multicast", "not_set_up")


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


async def test_without_any_folder_that_answers_no_device_is_added(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await to_login(hass, nvr)
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.shutil.disk_usage",
        side_effect=OSError,
    ):
        result = await sign_in(hass, result, nvr)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_storage"
    # The share is back: the same device can be added.
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
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


async def test_what_was_found_and_typed_stays_after_a_search_in_vain(
    hass: HomeAssistant, start_nvr: StartNvr, found_by_multicast: AsyncMock
) -> None:
    away, near = (await start_nvr("three-on-one-host"))[:2]
    await away.stop()
    found_by_multicast.return_value = (found(near),)
    device = f"127.0.0.1:{near.port}"
    typed = {"host": "127.0.0.1", "port": str(away.port)}
    result = await submit(hass, await begin(hass), device=device, **typed)
    assert result["errors"] == {"base": "unreachable"}
    assert result["description_placeholders"]["found"].startswith("Devices found: 1.")
    schema = result["data_schema"].schema
    shown = {str(key): (key.description or {}).get("suggested_value") for key in schema}
    assert shown == {"device": None, **typed}
    # Nothing is chosen for the person now: the address can be asked again,
    assert result["data_schema"](typed) == typed
    result = await submit(hass, result, **typed)
    assert result["errors"] == {"base": "unreachable"}
    # and whoever chooses the device found before need not empty the field first.
    result = await submit(hass, result, device=device, **typed)
    assert result["step_id"] == "login"
    assert device in read(result["description_placeholders"])["device"]


async def test_what_else_answers_is_named(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvrs = await start_nvr("three-on-one-host")
    strange = [nvr.rtsp_port for nvr in nvrs]
    ports = ",".join(map(str, strange))
    result = await submit(hass, await begin(hass), host="127.0.0.1", port=ports)
    assert result["errors"] == {"base": "not_onvif"}
    text = read(result["description_placeholders"])["found"]
    assert all(f"127.0.0.1:{port}" in text for port in strange)
    # A search of its own forgets them.
    ports = ",".join(str(nvr.port) for nvr in nvrs)
    result = await submit(hass, result, host="127.0.0.1", port=ports)
    assert "Something else" not in result["description_placeholders"]["found"]


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


async def test_a_device_that_sends_everybody_to_https(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    nvr.faults.redirects_to = f"https://127.0.0.1:{nvr.rtsp_port}/onvif/device_service"
    result = await to_login(hass, nvr)
    assert result["errors"] == {"base": "wants_https"}


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


async def test_a_camera_must_be_chosen(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    result = await sign_in(hass, await to_login(hass, nvr), nvr)
    result = await choose(hass, result, media_dir, cameras=[])
    assert result["errors"] == {"cameras": "no_camera_chosen"}
    result = await choose(hass, result, media_dir)
    assert result["type"] is FlowResultType.CREATE_ENTRY


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
