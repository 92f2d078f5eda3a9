"""Where footage may be kept: media dirs and the shares mounted below them."""

from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant

from ..core.errors import ErrorKind


@dataclass(frozen=True, slots=True)
class StorageChoice:
    """A folder to keep footage in.

    `is_in_config`: it lies inside the configuration folder, so that every backup of Home
    Assistant takes it along. `is_mount`: a share or disk of its own.
    """

    path: str
    name: str
    free_bytes: int
    total_bytes: int
    is_mount: bool
    is_in_config: bool


def _choices(media_dirs: dict[str, str], config_dir: str) -> list[StorageChoice]:
    found: list[StorageChoice] = []
    config = Path(config_dir).resolve()
    for name, folder in media_dirs.items():
        root = Path(folder)
        for label, path in [(name, root), *_mounts(name, root)]:
            existing = path
            while not existing.exists() and existing != existing.parent:
                existing = existing.parent
            try:
                usage = shutil.disk_usage(existing)
            except OSError:
                continue  # a share that is away is no place to choose
            found.append(
                StorageChoice(
                    str(path),
                    label,
                    usage.free,
                    usage.total,
                    os.path.ismount(path),
                    path.resolve().is_relative_to(config),
                )
            )
    return found


def _mounts(name: str, root: Path) -> list[tuple[str, Path]]:
    try:
        return [
            (f"{name}/{child.name}", child)
            for child in sorted(root.iterdir())
            if child.is_dir() and os.path.ismount(child)
        ]
    except OSError:  # not there yet, away, or not for us to read
        return []


async def async_storage_choices(hass: HomeAssistant) -> list[StorageChoice]:
    """Return the folders, media dirs in their order and mounts below each."""
    return await hass.async_add_executor_job(
        _choices, dict(hass.config.media_dirs), hass.config.config_dir
    )


def _problem(path: str) -> ErrorKind | None:
    place = Path(path)
    while not place.exists() and place != place.parent:
        place = place.parent
    return None if os.access(place, os.W_OK) else ErrorKind.STORAGE_READ_ONLY


async def async_storage_problem(hass: HomeAssistant, path: str) -> ErrorKind | None:
    """Return why footage cannot be kept in a folder, None where it can."""
    if path not in {choice.path for choice in await async_storage_choices(hass)}:
        return ErrorKind.STORAGE_MISSING
    return await hass.async_add_executor_job(_problem, path)


def is_backed_up(choice: StorageChoice) -> bool:
    """Return whether backups of the configuration folder would take the footage along."""
    return choice.is_in_config and not choice.is_mount
