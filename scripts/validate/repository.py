"""The repository as HACS and the Marketplace see it."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import tomllib

import probatio

HACS = probatio.Schema(
    {
        probatio.Required("name"): str,
        probatio.Required("homeassistant"): probatio.Match(r"^20\d\d\.\d{1,2}\.\d+$"),
        "hide_default_branch": bool,
        "zip_release": bool,
        "filename": str,
    }
)
OLDEST = (2026, 10, 0)
FILES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "docs/security.md",
    "docs/ARCHITECTURE.md",
    "docs/glossary.md",
)


def check(root: Path) -> Iterator[str]:
    """Yield what is wrong at the top of the tree."""
    for name in FILES:
        if not (root / name).is_file():
            yield f"{name} is missing"
    folders = [
        path.parent.name
        for path in (root / "custom_components").glob("*/manifest.json")
    ]
    if folders != ["vtrack_nvr"]:
        yield f"exactly one integration is allowed, not {folders}"
    yield from hacs(root)
    yield from versions(root)
    yield from links(root)
    yield from pins(root)


def pins(root: Path) -> Iterator[str]:
    """Yield what is run or installed without saying exactly which."""
    for workflow in sorted((root / ".github/workflows").glob("*.yml")):
        for used in re.findall(r"uses: *(\S+)", workflow.read_text(encoding="utf-8")):
            if not re.search(r"@[0-9a-f]{40}$", used):
                yield f"{workflow.name}: {used} is not pinned to a commit"
    for wanted in sorted(root.glob("requirements_*.txt")):
        name = wanted.stem.removeprefix("requirements_")
        path = root / f"scripts/setup_lib/pinned/{name}.txt"
        pinned = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in wanted.read_text(encoding="utf-8").splitlines():
            package = line.partition("#")[0].strip().lower().replace("_", "-")
            if package and not re.search(
                rf"^{re.escape(package)}(?: ;.*)? \\$", pinned, re.MULTILINE
            ):
                yield f"{wanted.name}: {package} has no hash; run scripts/pin"


def hacs(root: Path) -> Iterator[str]:
    """Yield what is wrong with hacs.json."""
    try:
        data = HACS(json.loads((root / "hacs.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as err:
        yield f"hacs.json cannot be read: {err}"
    except probatio.MultipleInvalid as err:
        yield from (f"hacs.json: {each}" for each in err.errors)
    else:
        if tuple(map(int, data["homeassistant"].split("."))) < OLDEST:
            yield "hacs.json promises a Home Assistant that is too old"


def versions(root: Path) -> Iterator[str]:
    """Yield where another version stands than in the manifest, which is its source."""
    manifest = root / "custom_components/vtrack_nvr/manifest.json"
    ours = json.loads(manifest.read_text(encoding="utf-8")).get("version")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    if project["project"]["version"] != ours:
        yield "pyproject.toml and the manifest have different versions"
    changes = root / "CHANGELOG.md"
    if not changes.exists():
        return
    newest = re.search(
        r"^## (\S+) \((.*)\)$", changes.read_text(encoding="utf-8"), re.MULTILINE
    )
    if newest is None or newest[1] != ours:
        yield f"the newest section of CHANGELOG.md is not `## {ours} (DATE)`"
        return
    readme = root / "README.md"
    state = f"version {ours}, released on {newest[2]}."
    if readme.exists() and state not in readme.read_text(encoding="utf-8"):
        yield f"README.md does not say `{state}`"


def links(root: Path) -> Iterator[str]:
    """Yield links in our pages that lead to no file."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    for page in sorted(pages):
        text = re.sub(
            r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists():
                yield f"{page.relative_to(root)}: {link} leads nowhere"
