"""Lists what Home Assistant would install by itself at its first start.

Usage: first_start.py OUR_MANIFEST OUTPUT, with the Python of the environment in question.
Writes OUTPUT (a requirements file) and, beside it, the packages that must be compiled
(`OUTPUT` with `-compiled` before its suffix), which are better installed apart.
"""

import json
from pathlib import Path
import sys

import homeassistant
from homeassistant import bootstrap

COMPONENTS = Path(homeassistant.__file__).parent / "components"

OF_OUR_CONFIGURATION = {"config", "ffmpeg", "logger", "media_source", "stream"}
"""What the demo's configuration.yaml names, and what is set up for every user."""

LARGE = {"cloud", "bluetooth", "homekit", "matter", "esphome", "zha", "zwave_js"}
"""Named as following by others, never imported by them, and long to install."""

COMPILED = ("pymicro-vad", "pyspeex-noise")
"""No wheels for our Python are published."""


def manifest_of(domain: str) -> dict[str, list[str]]:
    """Return the manifest of a core component, empty if there is none."""
    path = COMPONENTS / domain / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def started_at_first(ours: dict[str, list[str]]) -> set[str]:
    """Return the domains set up at a first start, with all they depend on."""
    wanted = {
        *bootstrap.CORE_INTEGRATIONS,
        *bootstrap.DEFAULT_INTEGRATIONS,
        *bootstrap.FRONTEND_INTEGRATIONS,
        *OF_OUR_CONFIGURATION,
        *ours.get("dependencies", []),
        *ours.get("after_dependencies", []),
    }
    seen: set[str] = set()
    while wanted:
        domain = wanted.pop()
        if domain in seen:
            continue
        seen.add(domain)
        manifest = manifest_of(domain)
        wanted |= set(manifest.get("dependencies", []))
    return seen


def main(our_manifest: Path, output: Path) -> None:
    """Write the two requirements files."""
    ours = json.loads(our_manifest.read_text(encoding="utf-8"))
    found = set(ours.get("requirements", []))
    for domain in started_at_first(ours):
        manifest = manifest_of(domain)
        found |= set(manifest.get("requirements", []))
        # Imported by some of them even where they are not set up.
        for after in set(manifest.get("after_dependencies", [])) - LARGE:
            found |= set(manifest_of(after).get("requirements", []))
    compiled = {line for line in found if line.startswith(COMPILED)}
    output.write_text("\n".join(sorted(found - compiled)) + "\n", encoding="utf-8")
    beside = output.with_name(f"{output.stem}-compiled{output.suffix}")
    beside.write_text("\n".join(sorted(compiled)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
