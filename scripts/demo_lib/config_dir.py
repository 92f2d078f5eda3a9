"""Home Assistant's configuration folder for the demo, written before its first start."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
import os
from pathlib import Path
from typing import Any
import zipfile

from .processes import run

CONFIGURATION = """\
homeassistant:
  name: VTrack NVR demo
  time_zone: UTC
  country: NL
  unit_system: metric
  media_dirs:
    local: {media}
media_source:
stream:
ffmpeg:
diagnostics:
logger:
  default: {others}
  logs:
    custom_components.vtrack_nvr: {ours}
    # Faster stills need a library of the system's that we do not ask for.
    homeassistant.components.camera.img_util: critical
"""

_STORES = """
import json
from homeassistant import config_entries
from homeassistant.components.http import config as http
from homeassistant.components import onboarding
from homeassistant.const import __version__
settings = {}
for key, value in http.HTTP_STORAGE_SCHEMA({}).items():
    try:
        json.dumps(value)
    except TypeError:
        continue
    settings[key] = value
print(json.dumps({
    "version": __version__,
    "http": [http.STORAGE_VERSION, getattr(http, "STORAGE_MINOR_VERSION", 1), settings],
    "onboarding": onboarding.STORAGE_VERSION,
    "entries": [config_entries.STORAGE_VERSION, config_entries.STORAGE_VERSION_MINOR],
}))
"""
"""Asks the very Home Assistant that will run for the shape of its stores."""


class ConfigDir:
    """A folder with configuration, media and log of one Home Assistant.

    `logs_all`: everything is logged at debug. `beside`: the folder of another integration
    that is set up, too. `more`: further lines of the configuration.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        networks: tuple[str, ...] = (),
        *,
        logs_all: bool = False,
        beside: Path | None = None,
        more: str = "",
    ) -> None:
        self.folder = folder
        self._beside = beside
        self._more = more
        self._levels = ("debug", "debug") if logs_all else ("warning", "info")
        self.networks = networks
        self.port = port
        self.media = folder / "media"
        self.log = folder / "home-assistant.log"
        self.version = ""

    @property
    def is_new(self) -> bool:
        """Return whether Home Assistant never ran here."""
        return not (self.folder / ".storage" / "auth").exists()

    async def write(self, python: Path, package: Path) -> None:
        """Write what Home Assistant needs before its first start; keep what is there."""
        stores = await self._stores(python)
        self.version = stores["version"]
        self.media.mkdir(parents=True, exist_ok=True)
        self._put(package)
        if self._beside is not None:
            self._put(self._beside)
        others, ours = self._levels
        media = json.dumps(str(self.media))
        text = CONFIGURATION.format(media=media, others=others, ours=ours)
        if self._beside is not None:
            text += f"{self._beside.name}:\n"
        text += self._more
        (self.folder / "configuration.yaml").write_text(text, encoding="utf-8")
        self._store_http(*stores["http"])
        if self.is_new:
            version = stores["onboarding"]
            self._store("onboarding", version, 1, _ONLY_THE_USER)
            # Searches for devices ask only the interfaces named here.
            asked = ["lo", "lo0", *self.networks]
            self._store("core.network", 1, 1, {"configured_adapters": asked})
            major, minor = stores["entries"]
            self._store("core.config_entries", major, minor, _no_marketplace())

    async def _stores(self, python: Path) -> dict[str, Any]:
        """Ask once for each environment: Home Assistant takes seconds to import."""
        known = python.parent.parent / "stores.json"
        if not known.exists():
            answer = await run([python, "-c", _STORES], cwd=self.folder.parent)
            known.write_text(answer, encoding="utf-8")
        stores: dict[str, Any] = json.loads(known.read_text(encoding="utf-8"))
        return stores

    def place_of(self, package: Path) -> Path:
        """Return where Home Assistant finds a folder's or a zip's integration; blocks."""
        domain = package.name
        if package.is_file():
            with zipfile.ZipFile(package) as packed:
                domain = json.loads(packed.read("manifest.json"))["domain"]
        return self.folder / "custom_components" / domain

    def _put(self, package: Path) -> None:
        """Link a folder; unpack a zip once, as HACS would."""
        link = self.place_of(package)
        link.parent.mkdir(exist_ok=True)
        if package.is_file():
            if not link.exists():
                with zipfile.ZipFile(package) as packed:
                    packed.extractall(link)
            return
        if link.is_symlink():
            link.unlink()
        link.symlink_to(package, target_is_directory=True)

    def _store_http(
        self, version: int, minor: int, settings: dict[str, object]
    ) -> None:
        stable = {
            **settings,
            "server_port": self.port,
            "server_host": ["127.0.0.1"],
            "created_at": _now(),
            "error": None,
            "error_message": None,
        }
        data = {"stable": stable, "pending": None, "yaml_migration_done": True}
        self._store("http", version, minor, data)

    def _store(
        self, key: str, version: int, minor: int, data: Mapping[str, object]
    ) -> None:
        folder = self.folder / ".storage"
        folder.mkdir(exist_ok=True)
        path = folder / key
        content = {"version": version, "minor_version": minor, "key": key, "data": data}
        path.write_text(json.dumps(content), encoding="utf-8")
        os.chmod(path, 0o600)  # noqa: PTH101 - as Home Assistant does it


# The other steps would look the home's weather and place up on the internet.
_ONLY_THE_USER: dict[str, object] = {
    "done": ["core_config", "analytics", "integration"]
}


def _no_marketplace() -> dict[str, object]:
    """Return a config entry that keeps the Marketplace from asking the internet."""
    return {
        "entries": [
            {
                "created_at": _now(),
                "data": {},
                "disabled_by": "user",
                "discovery_keys": {},
                "domain": "marketplace",
                "entry_id": "01JDEMO0000000000000000000",
                "minor_version": 1,
                "modified_at": _now(),
                "options": {},
                "pref_disable_new_entities": False,
                "pref_disable_polling": False,
                "source": "system",
                "subentries": [],
                "title": "Marketplace",
                "unique_id": None,
                "version": 1,
            }
        ]
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
