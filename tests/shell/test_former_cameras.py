"""After the last device was removed and Home Assistant started again."""

# Reads private members: Home Assistant's notifications have no public reader.

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.components import persistent_notification
from homeassistant.components.media_player import BrowseMedia
from homeassistant.components.media_source import (
    async_browse_media,
    async_resolve_media,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.vtrack_nvr.const import DOMAIN
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, clips_below, sync

type Restart = Callable[..., Any]


@pytest.fixture
async def removed(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Path
) -> tuple[Any, MockConfigEntry]:
    """Keep two clips, remove the only device, end Home Assistant."""
    nvr, entry = await whole()
    await sync(hass)
    assert len(clips_below(media_dir)) == 2
    await hass.config_entries.async_remove(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done(wait_background_tasks=True)
    return nvr, entry


@pytest.fixture
def restart(hass: HomeAssistant, media_dir: Path) -> Restart:
    """Start another Home Assistant on the same folders."""

    @asynccontextmanager
    async def begin(
        config: dict[str, Any] | None = None,
    ) -> AsyncIterator[HomeAssistant]:
        async with async_test_home_assistant(
            config_dir=hass.config.config_dir
        ) as later:
            later.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            later.config.media_dirs = {"local": str(media_dir)}
            domains = bootstrap._get_domains(later, config or {})
            for domain in domains & {DOMAIN, "media_source"}:
                assert await async_setup_component(later, domain, config or {})
            try:
                yield later
            finally:
                for entry in later.config_entries.async_entries(DOMAIN):
                    await later.config_entries.async_unload(entry.entry_id)
                await later.async_stop(force=True)

    return begin


async def former_clips(hass: HomeAssistant) -> list[str]:
    """Return the clips below *Former cameras*."""
    top = await async_browse_media(hass, f"media-source://{DOMAIN}")
    [former] = [child for child in top.children if child.title == "Former cameras"]
    [camera] = (await async_browse_media(hass, former.media_content_id)).children
    [day] = await below(hass, camera, "/day/")
    return [
        clip.media_content_id
        for hour in await below(hass, day, "/hour/")
        for clip in await below(hass, hour, "/clip/")
    ]


async def below(
    hass: HomeAssistant, folder: BrowseMedia, kind: str
) -> list[BrowseMedia]:
    """Return what a folder holds of one kind."""
    found = (await async_browse_media(hass, folder.media_content_id)).children
    return [child for child in found or () if kind in child.media_content_id]


async def test_home_assistant_does_not_start_what_has_no_device(
    removed: object, restart: Restart, media_dir: Path
) -> None:
    """The README says so; the files are there as they were."""
    async with restart() as later:
        assert DOMAIN not in later.config.components
    assert len(clips_below(media_dir)) == 2


async def test_an_empty_line_lets_former_cameras_be_browsed_without_a_device(
    removed: object, restart: Restart, caplog: pytest.LogCaptureFixture
) -> None:
    async with restart({DOMAIN: None}) as later:
        assert DOMAIN in later.config.components
        clips = await former_clips(later)
        assert len(clips) == 2
        for clip in clips:
            assert (await async_resolve_media(later, clip, None)).url
        found = await later.data[DOMAIN].library.browse.recent()
        reader = await later.data[DOMAIN].library.browse.reader(found[0].id)
        assert reader.path.stat().st_size == found[0].facts.size_bytes
        reader.release()
    assert "does not support" not in caplog.text


async def test_any_device_that_is_added_brings_former_cameras_back(
    removed: object,
    restart: Restart,
    start_nvr: StartNvr,
    media_dir: Path,
) -> None:
    other = (await start_nvr("demo"))[0]
    async with restart() as later:
        entry = await entry_for(later, other, media_dir, mode="on_demand")
        entry.add_to_hass(later)
        assert await later.config_entries.async_setup(entry.entry_id)
        assert await async_setup_component(later, "media_source", {})
        assert len(await former_clips(later)) == 2


async def test_the_same_device_goes_on_where_it_was(
    removed: tuple[Any, MockConfigEntry], restart: Restart, media_dir: Path
) -> None:
    nvr, _ = removed
    async with restart() as later:
        entry = await entry_for(later, nvr, media_dir, mode="on_demand")
        entry.add_to_hass(later)
        assert await later.config_entries.async_setup(entry.entry_id)
        (camera,) = await later.data[DOMAIN].library.browse.cameras()
        assert (camera.is_former, camera.totals.clips) == (False, 2)


@pytest.mark.parametrize("is_last", [True, False])
async def test_who_removes_the_last_device_is_told_what_a_restart_means(
    hass: HomeAssistant,
    whole: MakeWhole,
    media_dir: Path,
    start_nvr: StartNvr,
    is_last: bool,
) -> None:
    _, entry = await whole(mode="on_demand")
    if not is_last:
        other = await entry_for(hass, (await start_nvr("demo"))[0], media_dir)
        other.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    told = persistent_notification._async_get_or_create_notifications(hass)
    [farewell] = [told[key] for key in told if entry.entry_id in key]
    assert ("configuration.yaml" in farewell["message"]) is is_last
