"""The system information page."""

from unittest.mock import AsyncMock, MagicMock

from homeassistant.core import HomeAssistant

from custom_components.vtrack_nvr import system_health
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError


async def test_system_information_sums_up(hass: HomeAssistant) -> None:
    health = MagicMock(
        roots=(
            MagicMock(clips=2, clip_bytes=1_500_000_000, problem=None),
            MagicMock(clips=1, clip_bytes=0, problem=NvrError(ErrorKind.STORAGE_FULL)),
        ),
        index_bytes=2_000_000,
    )
    hub = MagicMock()
    hub.library.health = AsyncMock(return_value=health)
    hub.engine.status.return_value.nvrs = {"a": 1}
    hass.data[DOMAIN] = hub
    register = MagicMock()
    system_health.async_register(hass, register)
    [info] = register.async_register_info.call_args.args
    assert await info(hass) == {
        "clips": 3,
        "gigabytes": 1.5,
        "storage_problems": 1,
        "index_megabytes": 2.0,
        "devices": 1,
    }
