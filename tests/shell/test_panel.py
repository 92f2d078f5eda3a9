"""The panel and the card in a real Home Assistant: what the frontend is told, what it gets."""

from pathlib import Path
import re
from typing import Any

from homeassistant.components import frontend, panel_custom
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.vtrack_nvr import panel
from custom_components.vtrack_nvr.panel import (
    APP,
    CARD,
    FILES_URL,
    FOLDER,
    MODULES,
    PANEL_PATH,
    async_hide_panel,
    async_setup_panel,
    async_show_panel,
    modules_version,
)
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.test_lifecycle import sync_range


@pytest.fixture
async def _frontend(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "frontend", {})


async def _panels(socket: Any) -> dict[str, Any]:
    await socket.send_json_auto_id({"type": "get_panels"})
    answer = await socket.receive_json()
    panels: dict[str, Any] = answer["result"]
    return panels


@pytest.mark.usefixtures("_frontend")
async def test_everybody_sees_the_panel(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    await async_setup_panel(hass)
    socket = await hass_ws_client(hass, hass_read_only_access_token)
    ours = (await _panels(socket))[PANEL_PATH]
    version = modules_version(FOLDER)
    assert ours["title"] == "VTrack NVR"
    assert ours["require_admin"] is False
    assert ours["config_panel_domain"] is None
    assert ours["config"]["_panel_custom"] == {
        "name": "vtrack-nvr-panel",
        "embed_iframe": False,
        "trust_external": False,
        "handle_safe_area": False,
        "module_url": f"{FILES_URL}/{APP}?v={version}",
    }


@pytest.mark.usefixtures("_frontend")
async def test_files_are_served_to_be_kept(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await async_setup_panel(hass)
    client = await hass_client_no_auth()
    for name in MODULES:
        answer = await client.get(f"{FILES_URL}/{name}?v=12345678")
        assert answer.status == 200
        assert "javascript" in answer.headers["Content-Type"]
        assert "max-age=" in answer.headers["Cache-Control"]
        assert await answer.read() == (FOLDER / name).read_bytes()
    assert (await client.get(f"{FILES_URL}/../panel.py")).status == 404
    assert (await client.get(f"{FILES_URL}/%2e%2e/panel.py")).status == 404


@pytest.mark.usefixtures("_frontend")
async def test_every_page_loads_the_card_stub(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await async_setup_panel(hass)
    assert await async_setup_component(hass, "onboarding", {})
    stub = f"{FILES_URL}/{CARD}?v={modules_version(FOLDER)}"
    assert stub in hass.data[frontend.DATA_EXTRA_MODULE_URL].urls


@pytest.mark.usefixtures("_frontend")
async def test_panel_goes_and_comes_back(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    await async_setup_panel(hass)
    async_hide_panel(hass)
    assert PANEL_PATH not in hass.data[frontend.DATA_PANELS]
    assert not hass.data[frontend.DATA_EXTRA_MODULE_URL].urls
    async_hide_panel(hass)
    await async_show_panel(hass)
    await async_show_panel(hass)
    assert PANEL_PATH in hass.data[frontend.DATA_PANELS]
    assert len(hass.data[frontend.DATA_EXTRA_MODULE_URL].urls) == 1
    assert not [
        each for each in caplog.records if each.levelname in {"WARNING", "ERROR"}
    ]


async def test_nothing_without_a_frontend(hass: HomeAssistant) -> None:
    await async_setup_panel(hass)
    await async_show_panel(hass)
    async_hide_panel(hass)
    assert frontend.DATA_PANELS not in hass.data


@pytest.mark.usefixtures("_frontend")
async def test_missing_file_is_said_and_harms_nothing(
    hass: HomeAssistant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(panel, "FOLDER", tmp_path)
    await async_setup_panel(hass)
    await async_show_panel(hass)
    async_hide_panel(hass)
    assert PANEL_PATH not in hass.data[frontend.DATA_PANELS]
    assert "install the integration again" in caplog.text


@pytest.mark.usefixtures("_frontend")
async def test_path_of_somebody_elses_panel_is_left_to_them(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    await panel_custom.async_register_panel(
        hass, PANEL_PATH, "their-panel", module_url="/local/theirs.js"
    )
    await async_setup_panel(hass)
    assert "The panel of VTrack NVR is not shown" in caplog.text
    async_hide_panel(hass)
    theirs = hass.data[frontend.DATA_PANELS][PANEL_PATH]
    assert theirs.config["_panel_custom"]["name"] == "their-panel"


@pytest.mark.usefixtures("_frontend")
async def test_panel_stays_as_long_as_there_is_something_to_see(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert PANEL_PATH in hass.data[frontend.DATA_PANELS]
    await sync_range(hass, nvr)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert PANEL_PATH in hass.data[frontend.DATA_PANELS]  # its clips are there


@pytest.mark.usefixtures("_frontend")
async def test_panel_goes_with_the_last_device_and_comes_with_the_next(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    for _ in range(2):
        entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert PANEL_PATH in hass.data[frontend.DATA_PANELS]
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert PANEL_PATH not in hass.data[frontend.DATA_PANELS]


def test_modules_import_each_other_by_the_address_that_is_told() -> None:
    version = modules_version(FOLDER)
    assert re.fullmatch(r"[0-9a-f]{8}", version)
    found = set()
    for name in MODULES:
        text = (FOLDER / name).read_text(encoding="utf-8")
        found |= set(re.findall(r"(?:from|import\()\s*[\"'`](\.[^\"'`]+)", text))
    assert found == {
        f"./vtrack-nvr-pages.js?v={version}",
        f"./{APP}?v={version}",
    }


def test_half_an_installation_has_no_version(tmp_path: Path) -> None:
    for name in (*MODULES, "version.txt"):
        with pytest.raises(FileNotFoundError):
            modules_version(tmp_path)
        (tmp_path / name).write_text("01234567\n")
    assert modules_version(tmp_path) == "01234567"


def test_nothing_is_loaded_from_elsewhere() -> None:
    for name in set(MODULES) - {"vtrack-nvr-hls.js"}:
        text = (FOLDER / name).read_text(encoding="utf-8")
        elsewhere = set(re.findall(r"https?://[\w.-]+", text))
        assert elsewhere <= {"https://github.com", "http://www.w3.org"}
        assert "sourceMappingURL" not in text
    assert not list(FOLDER.glob("*.map"))
