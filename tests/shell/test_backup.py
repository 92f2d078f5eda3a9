"""Around a backup of Home Assistant."""

from unittest.mock import AsyncMock, MagicMock

from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr import backup
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError


async def test_the_index_holds_still_during_a_backup(hass: HomeAssistant) -> None:
    await backup.async_pre_backup(hass)
    await backup.async_post_backup(hass)
    hub = MagicMock()
    hub.library.pre_backup = AsyncMock()
    hub.library.post_backup = AsyncMock()
    hass.data[DOMAIN] = hub
    await backup.async_pre_backup(hass)
    hub.library.pre_backup.assert_awaited_once()
    hub.library.post_backup.assert_not_awaited()
    await backup.async_post_backup(hass)
    hub.library.post_backup.assert_awaited_once()


async def test_trouble_with_the_index_does_not_stop_a_backup(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    hub = MagicMock()
    hub.library.pre_backup = AsyncMock(side_effect=NvrError(ErrorKind.INDEX_FAILED))
    hub.library.post_backup = AsyncMock(side_effect=NvrError(ErrorKind.INDEX_FAILED))
    hass.data[DOMAIN] = hub
    await backup.async_pre_backup(hass)
    await backup.async_post_backup(hass)
    assert caplog.text.count("index_failed") == 2
