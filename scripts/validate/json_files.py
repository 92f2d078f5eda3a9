"""Every JSON file of the package can be read."""

from collections.abc import Iterator
import json
from pathlib import Path


def check(package: Path) -> Iterator[str]:
    """Yield files that are no JSON."""
    for path in sorted(package.rglob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as err:
            yield f"{path.relative_to(package)} cannot be read: {err}"
