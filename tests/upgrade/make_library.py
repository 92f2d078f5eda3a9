"""Makes `library-0.1.0.zip`: what version 0.1.0 left of two devices, in a real Home Assistant.

    scripts/setup demo
    .venv/bin/python -m tests.upgrade.make_library

The old version runs from a work tree of its commit, with its own simulator and its own
forms. The file is committed: the tests read it, nobody needs to make it again.
"""

import asyncio
from collections.abc import Mapping
import json
import os
from pathlib import Path
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from typing import Any
import zipfile

VERSION = "0.1.0"
COMMIT = "fd32ba6"
"""The last commit of that version."""
ROOT = Path(__file__).parents[2]
LIBRARY = Path(__file__).with_name(f"library-{VERSION}.zip")
BASE_MS = 1_795_132_800_000
"""2026-11-20T00:00:00Z: the midnight that the footage of the devices is counted from."""
PLACE = "/media"
"""Where the storage is said to have been: no path of whoever made the file is in it."""
_FIXED = (2026, 11, 23, 0, 0, 0)
_KEPT_STORES = ("core.config_entries", "core.device_registry", "core.entity_registry")
_DOMAIN = "vtrack_nvr"


def main() -> int:
    """Check the old version out, run this file in it, and pack what it left."""
    if sys.argv[1:2] == ["--inside"]:
        from scripts.demo_lib import loopback_only

        loopback_only.enter()
        asyncio.run(_fill(Path(sys.argv[2])))
        return 0
    with tempfile.TemporaryDirectory(prefix="vtrack-nvr-upgrade-") as made:
        tree, out = Path(made, "tree"), Path(made, "out")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(tree), COMMIT], check=True)
        try:
            out.mkdir()
            subprocess.run(
                [sys.executable, __file__, "--inside", str(out)],
                check=True,
                cwd=tree,
                env={**os.environ, **_environment(), "PYTHONPATH": str(tree)},
            )
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
        _pack(out, LIBRARY)
    print(f"{LIBRARY.relative_to(ROOT)}: {LIBRARY.stat().st_size} bytes")
    return 0


def _environment() -> dict[str, str]:
    """Return where scripts/setup has put the demo's Home Assistant."""
    script = (
        ". scripts/setup_lib/common.sh && ensure_demo_environment >&2 && "
        'printf "%s\\n%s\\n" "$DEMO_PYTHON" "$CACHE"'
    )
    answer = subprocess.run(
        ["bash", "-c", script, "scripts/setup"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    python, cache = answer.stdout.splitlines()
    return {"DEMO_PYTHON": python, "CACHE": cache}


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                info = zipfile.ZipInfo(name, _FIXED)
                info.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(info, path.read_bytes())


# From here on: inside the work tree of the old version, whose modules are imported.


def specs() -> list[Any]:
    """Return a recorder with two cameras and a camera of its own, all with little footage."""
    from tests.simulator.spec import CameraSpec, NvrSpec
    from tests.simulator.timeline import Stretch

    def camera(name: str, *starts_s: int, **more: Any) -> CameraSpec:
        stretches = tuple(Stretch(start * 1000, 4000) for start in starts_s)
        small: dict[str, Any] = {"width": 160, "height": 90, "base_ms": BASE_MS, **more}
        return CameraSpec(name, stretches, **small)

    def identity(number: int) -> dict[str, str]:
        return {
            "serial": f"UP{number:06d}",
            "mac": f"02:00:5e:00:09:{number:02x}",
            "uuid": f"7f3d4c1e-0000-4000-8900-{number:012d}",
        }

    hour = 3600
    hall = camera("Hall", 8 * hour, 9 * hour, 32 * hour, audio=None)
    stairs = camera("Stairs", 8 * hour + 600, 33 * hour, codec="H265", audio=None)
    porch = camera("Porch", 7 * hour, 31 * hour, audio="PCMU")
    return [
        NvrSpec("House", (hall, stairs), model="SIM-NVR-2", **identity(1)),
        NvrSpec("Porch", (porch,), **identity(2)),
    ]


async def _fill(out: Path) -> None:
    """Run the old version until its library is filled; write what it left to `out`."""
    import aiohttp

    from scripts.demo_lib import flow
    from scripts.demo_lib.config_dir import ConfigDir
    from scripts.demo_lib.ports import free_port
    from scripts.demo_lib.stage import first_sync, home, status
    from tests.simulator.simulator import Simulator

    work = Path(tempfile.mkdtemp(prefix="vtrack-nvr-0.1.0-"))
    config = ConfigDir(work / "config", free_port())
    try:
        async with (
            Simulator(specs()) as simulator,
            aiohttp.ClientSession() as session,
            home(config, session) as running,
        ):
            for nvr in simulator.nvrs:
                login = {"username": nvr.spec.user, "password": nvr.spec.password}
                address = {"host": "127.0.0.1", "port": str(nvr.port)}
                unlimited = {"retention_days": 0}
                await flow.add(running.api, _DOMAIN, {**address, **login, **unlimited})
            await first_sync(running.api)
            await _use(running.api, simulator)
            print(json.dumps(await status(running.api)), flush=True)
        _collect(config.folder, config.media, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _use(api: Any, simulator: Any) -> None:
    """Do what people do: record, protect; and let something be seen."""
    states = await api.get("/api/states")
    cameras = [each["entity_id"] for each in states]
    [porch] = [
        name for name in cameras if name.startswith("camera.") and "porch" in name
    ][:1]
    simulator.nvrs[1].notify({"kind": "motion", "active": True})
    await api.post(
        f"/api/services/{_DOMAIN}/record", {"entity_id": porch, "duration": 4}
    )
    await asyncio.sleep(12)
    simulator.nvrs[1].notify({"kind": "motion", "active": False})
    await asyncio.sleep(3)
    await api.post(f"/api/services/{_DOMAIN}/protect", {"clip_id": 2})


def _collect(config: Path, media: Path, out: Path) -> None:
    """Copy index, footage and what Home Assistant stored of the integration."""
    shutil.copytree(media / _DOMAIN, out / "media" / _DOMAIN)
    (out / "config" / _DOMAIN).mkdir(parents=True)
    found = sqlite3.connect(config / _DOMAIN / "index.db")
    found.execute("update root set path = ?", (PLACE,))
    found.commit()
    found.execute("pragma wal_checkpoint(truncate)")
    found.close()
    shutil.copy(config / _DOMAIN / "index.db", out / "config" / _DOMAIN)
    stores = {
        name: json.loads((config / ".storage" / name).read_text(encoding="utf-8"))
        for name in _KEPT_STORES
    }
    data = {name: store["data"] for name, store in stores.items()}
    entries = [
        entry
        for entry in data["core.config_entries"]["entries"]
        if entry["domain"] == _DOMAIN
    ]
    for entry in entries:
        entry["data"]["storage"] = PLACE
    ids = {entry["entry_id"] for entry in entries}
    kept = {
        "entries": entries,
        "devices": [
            device
            for device in data["core.device_registry"]["devices"]
            if device["config_entry_id"] in ids
        ],
        "entities": [
            entity
            for entity in data["core.entity_registry"]["entities"]
            if entity["platform"] == _DOMAIN
        ],
    }
    _write(out / "stored.json", kept)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
