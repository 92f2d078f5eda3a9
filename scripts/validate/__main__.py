"""Runs all checks over the tree: `python -m scripts.validate`."""

from collections.abc import Iterator
from pathlib import Path
import sys

# Home Assistant first: it says when schemas of probatio are built.
import homeassistant  # noqa: F401 - for that alone

from . import (
    brand,
    dependencies,
    icons,
    json_files,
    keys_in_code,
    manifest,
    quality_scale,
    repository,
    services,
    translations,
)

ROOT = Path(__file__).parent.parent.parent


def of_package(package: Path) -> Iterator[str]:
    """Yield what is wrong with the integration, the check's name first."""
    for module in (
        json_files,
        manifest,
        dependencies,
        translations,
        icons,
        services,
        keys_in_code,
        quality_scale,
        brand,
    ):
        name = module.__name__.rpartition(".")[2]
        yield from (f"{name}: {line}" for line in module.check(package))


def findings(root: Path) -> Iterator[str]:
    """Yield what is wrong with the whole tree."""
    yield from of_package(root / "custom_components" / "vtrack_nvr")
    yield from (f"repository: {line}" for line in repository.check(root))


def main() -> int:
    """Print the findings; 0 if there are none."""
    found = list(findings(ROOT))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
