"""Where footage may be kept."""

from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant

from custom_components.vtrack_nvr.core.texts import escape_markdown
from custom_components.vtrack_nvr.flows.storage_choice import async_storages
from custom_components.vtrack_nvr.phrases import Phrases
from custom_components.vtrack_nvr.runtime.storage import (
    StorageChoice,
    async_storage_choices,
    is_backed_up,
)


async def test_media_dirs_and_mounts_below_them_are_offered(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    share = tmp_path / "media" / "nas"
    share.mkdir(parents=True)
    hass.config.media_dirs = {
        "local": str(tmp_path / "media"),
        "later": str(tmp_path / "not" / "there"),
    }
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.os.path.ismount",
        lambda path: Path(path) == share,
    ):
        choices = await async_storage_choices(hass)
        storages = await async_storages(hass, await Phrases.async_load(hass))
    assert storages is not None
    assert [(item.name, item.is_mount) for item in choices] == [
        ("local", False),
        ("local/nas", True),
        ("later", False),
    ]
    assert storages.options[0]["value"] == str(share)
    assert "share of its own" in storages.options[0]["label"]
    assert escape_markdown(str(share)) in storages.proposal
    assert not storages.is_doubtful


async def test_a_folder_inside_the_configuration_warns_of_backups(
    hass: HomeAssistant,
) -> None:
    hass.config.media_dirs = {"local": hass.config.path("media")}
    [choice] = await async_storage_choices(hass)
    assert is_backed_up(choice)
    storages = await async_storages(hass, await Phrases.async_load(hass))
    assert storages is not None
    assert "backups" in storages.options[0]["label"]
    assert storages.is_doubtful
    mounted = StorageChoice("/share", "share", 1, 2, is_mount=True, is_in_config=True)
    assert not is_backed_up(mounted)


async def test_a_share_that_does_not_answer_is_not_offered(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.shutil.disk_usage",
        side_effect=OSError,
    ):
        assert await async_storage_choices(hass) == []
        phrases = await Phrases.async_load(hass)
        assert await async_storages(hass, phrases) is None


async def test_a_folder_that_may_not_be_listed_is_offered_without_what_is_below(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    with patch.object(Path, "iterdir", side_effect=PermissionError):
        choices = await async_storage_choices(hass)
    assert [choice.name for choice in choices] == ["local"]
