"""Fails where a module of the shell is covered too little; told by scripts/test.

Reads the report that coverage wrote (`coverage.xml`). Counted are lines and branches
together, file by file, of all that Home Assistant sees: everything outside `core/`. The
floor of the whole is `fail_under` in pyproject.toml.
"""

from collections.abc import Iterator
from pathlib import Path
import re
import sys
from xml.etree import ElementTree as ET

FLOOR = 95.0
PACKAGE = "custom_components/vtrack_nvr/"
_BRANCHES = re.compile(r"\((\d+)/(\d+)\)")


def modules(report: ET.Element) -> Iterator[tuple[str, float]]:
    """Yield each file of the package, relative to it, and its percent."""
    folders = [source.text or "" for source in report.iterfind("sources/source")]
    for found in report.iter("class"):
        covered = possible = 0
        for line in found.iterfind("lines/line"):
            covered += line.get("hits") != "0"
            possible += 1
            if branches := _BRANCHES.search(line.get("condition-coverage", "")):
                covered += int(branches[1])
                possible += int(branches[2])
        name = _inside(found.get("filename", ""), folders)
        if name is not None:
            yield name, 100 * covered / possible if possible else 100.0


def _inside(name: str, folders: list[str]) -> str | None:
    """Return a file's place in the package, however the report tells it."""
    for path in (name, *(f"{folder}/{name}" for folder in folders)):
        _, found, rest = path.replace("\\", "/").rpartition(PACKAGE)
        if found:
            return rest
    return None


def too_low(report: ET.Element) -> list[str]:
    """Return a sentence for each module of the shell below the floor, or for none at all."""
    shell = {
        name: percent
        for name, percent in modules(report)
        if not name.startswith("core/")
    }
    if not shell:
        return ["the report holds no module of the shell"]
    return [
        f"{name} is covered to {percent:.1f} %, {FLOOR:.0f} % is asked"
        for name, percent in sorted(shell.items())
        if percent < FLOOR
    ]


def main(path: str) -> int:
    """Print what is too low and return the exit code."""
    findings = too_low(ET.parse(Path(path)).getroot())
    for finding in findings:
        print(f"✗ {finding}", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
