"""Removing a device keeps its recordings, and says so."""

# Reads private members: Home Assistant's notifications have no public reader.

from pathlib import Path

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant

from tests.shell.conftest import StartNvr, entry_for


async def test_who_removes_a_device_is_told_where_its_recordings_stay(
    hass: HomeAssistant, media_dir: Path, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("demo"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    kept = media_dir / "vtrack_nvr" / "kept.mp4"
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert kept.exists()
    told = persistent_notification._async_get_or_create_notifications(hass)
    [farewell] = [told[key] for key in told if entry.entry_id in key]
    assert entry.title in farewell["title"]
    assert str(media_dir) in farewell["message"].replace("\\", "")
    assert "Former cameras" in farewell["message"]
