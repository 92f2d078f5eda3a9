"""The import table: who may import whom (docs/ARCHITECTURE.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "custom_components" / "vtrack_nvr"

BASE = frozenset(
    {
        "errors",
        "models",
        "frames",
        "intervals",
        "ledger",
        "clock",
        "cancel",
        "clips",
        "policy",
        "digest",
        "bits",
        "parameter_sets",
        "held",
        "aac",
        "redact",
        "texts",
        "login_guard",
        "device_report",
        "report_words",
        "fetching",
    }
)

ALLOWED: dict[str, frozenset[str]] = {
    "onvif": frozenset(),
    "rtsp": frozenset(),
    "rtp": frozenset(),
    "media": frozenset(),
    "library": frozenset(),
    "stream": frozenset({"rtsp", "rtp"}),
    "download": frozenset({"rtsp", "rtp", "stream", "media"}),
    "live": frozenset({"rtsp", "rtp", "stream", "media"}),
    "export": frozenset({"media"}),
    "diagnose": frozenset({"onvif", "rtsp", "rtp", "stream"}),
    "sync": frozenset(),
}
"""Which other rooms a room of `core` may import, besides the base and itself."""

SHELL_MAY_IMPORT = BASE | {"sync.status"}
"""What shell files other than `runtime.py` may import from `core`."""

HOME_ASSISTANT = ("homeassistant", "voluptuous", "probatio")
PYAV_ROOM = "media"


def imports_of(path: Path) -> list[tuple[int, str]]:
    """Return (level, dotted name) of all imports of a file, `from x import y` as x.y."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{node.module}." if node.module else ""
            found += [(node.level, f"{prefix}{alias.name}") for alias in node.names]
    return found


def targets_in_package(path: Path) -> list[str]:
    """Return what a file imports from our package, as dotted names below it."""
    here = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for level, name in imports_of(path):
        if level:
            base = here[: len(here) - level + 1]
            found.append(".".join((*base, name)))
        elif name.startswith("custom_components.vtrack_nvr."):
            found.append(name.removeprefix("custom_components.vtrack_nvr."))
    return found


CORE_FILES = sorted((ROOT / "core").rglob("*.py"))
SHELL_FILES = sorted(p for p in ROOT.rglob("*.py") if "core" not in p.parts)


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_core_file_imports_only_what_its_room_may(path: Path) -> None:
    parts = path.relative_to(ROOT / "core").with_suffix("").parts
    room = parts[0] if len(parts) > 1 else None
    for target in targets_in_package(path):
        names = target.split(".")
        assert names[0] == "core", f"core must not import the shell: {target}"
        first = names[1] if len(names) > 1 else ""
        if first in BASE:
            continue
        assert room is not None, f"the base imports only the base: {target}"
        assert first == room or first in ALLOWED[room], f"{room} imports {target}"


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_core_file_needs_no_home_assistant(path: Path) -> None:
    room = path.relative_to(ROOT / "core").parts[0]
    for level, name in imports_of(path):
        if level:
            continue
        top = name.partition(".")[0]
        assert top not in HOME_ASSISTANT, name
        assert top != "av" or room == PYAV_ROOM, "only media imports PyAV"
        assert top not in {"onvif", "zeep", "wsdiscovery"} or room == "onvif", name
        assert top != "sqlite3" or room == "library", "only library speaks SQL"


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_shell_file_reaches_core_only_through_runtime(path: Path) -> None:
    if path.name == "runtime.py" or "runtime" in path.relative_to(ROOT).parts:
        return
    for target in targets_in_package(path):
        if not target.startswith("core."):
            continue
        inner = target.removeprefix("core.")
        assert any(
            inner == allowed or inner.startswith(f"{allowed}.")
            for allowed in SHELL_MAY_IMPORT
        ), f"{path.name} imports {target}"


def test_every_room_stands_in_the_table() -> None:
    rooms = {p.name for p in (ROOT / "core").iterdir() if (p / "__init__.py").exists()}
    assert rooms == set(ALLOWED)
