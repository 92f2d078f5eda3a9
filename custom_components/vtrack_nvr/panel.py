"""The sidebar panel and the dashboard card: their files, and how they get into the frontend.

Nothing else needs them. Where the frontend is not there, or a file is missing, footage is
kept as ever and the reason is logged.
"""

import logging
from pathlib import Path

from homeassistant.components import frontend, panel_custom
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "frontend"
FILES_URL = f"/{DOMAIN}/frontend"
PANEL_PATH = "vtrack-nvr"
PANEL_ELEMENT = "vtrack-nvr-panel"
APP = "vtrack-nvr.js"
CARD = "vtrack-nvr-card.js"
MODULES = (APP, CARD, "vtrack-nvr-hls.js", "vtrack-nvr-pages.js")

VERSION: HassKey[str] = HassKey(f"{DOMAIN}_frontend_version")
"""The version of the files that are being served; absent where they are not."""


def modules_version(folder: Path) -> str:
    """Return the version of the modules in a folder, a hash that their build wrote.

    It stands behind each address as `?v=`, so that browsers and Home Assistant's service
    worker keep a module for as long as it is the same, and no longer. The modules import
    each other by the same addresses. Raises OSError where a file is missing.
    """
    for name in MODULES:
        (folder / name).stat()
    return (folder / "version.txt").read_text(encoding="ascii").strip()


async def async_setup_panel(hass: HomeAssistant) -> None:
    """Serve the files and show the panel; called once, when the integration starts."""
    if frontend.DOMAIN not in hass.config.components:
        return
    try:
        version = await hass.async_add_executor_job(modules_version, FOLDER)
    except OSError as error:
        _LOGGER.error(  # noqa: TRY400 - the cause is said; where it was met helps nobody
            "The panel's files are missing; install the integration again: %s", error
        )
        return
    await hass.http.async_register_static_paths(
        [StaticPathConfig(FILES_URL, str(FOLDER), cache_headers=True)]
    )
    hass.data[VERSION] = version
    await async_show_panel(hass)


async def async_show_panel(hass: HomeAssistant) -> None:
    """Put panel and card into the frontend, if they can be and are not there yet."""
    version = hass.data.get(VERSION)
    if version is None or _is_ours(hass):
        return
    frontend.add_extra_js_url(hass, f"{FILES_URL}/{CARD}?v={version}")
    try:
        await panel_custom.async_register_panel(
            hass,
            frontend_url_path=PANEL_PATH,
            webcomponent_name=PANEL_ELEMENT,
            module_url=f"{FILES_URL}/{APP}?v={version}",
            sidebar_title="VTrack NVR",
            sidebar_icon="mdi:cctv",
            embed_iframe=False,
            require_admin=False,
        )
    except ValueError as error:  # somebody's own panel has this path
        _LOGGER.warning("The panel of VTrack NVR is not shown: %s", error)


@callback
def async_hide_panel(hass: HomeAssistant) -> None:
    """Take panel and card out of the frontend; pages that are open keep what they have."""
    version = hass.data.get(VERSION)
    if version is None or not _is_ours(hass):
        return
    frontend.async_remove_panel(hass, PANEL_PATH)
    frontend.remove_extra_js_url(hass, f"{FILES_URL}/{CARD}?v={version}")


def _is_ours(hass: HomeAssistant) -> bool:
    panel = hass.data.get(frontend.DATA_PANELS, {}).get(PANEL_PATH)
    if panel is None or not panel.config:
        return False
    return bool(panel.config.get("_panel_custom", {}).get("name") == PANEL_ELEMENT)
