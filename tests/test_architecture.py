"""The import table: who may import whom (docs/ARCHITECTURE.md)."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "custom_components" / "vtrack_nvr"

BASE = frozenset(path.stem for path in (ROOT / "core").glob("[a-z]*.py"))
"""The files that lie in no room: values and rules everybody shares."""

ALLOWED: dict[str, frozenset[str]] = {
    "onvif": frozenset(),
    "rtsp": frozenset(),
    "rtp": frozenset(),
    "media": frozenset(),
    "library": frozenset(),
    "stream": frozenset({"rtsp", "rtp"}),
    "download": frozenset({"rtsp", "rtp", "stream", "media"}),
    "live": frozenset({"rtsp", "rtp", "stream", "media"}),
    "playback": frozenset({"media", "library"}),
    "diagnose": frozenset({"onvif", "rtsp", "rtp", "stream"}),
    "sync": frozenset(),
    "archive": frozenset({"library", "sync", "download", "live", "media", "playback"}),
}
"""Which other rooms a room of `core` may import, besides the base and itself."""

SHELL_MAY_IMPORT = BASE | {
    "archive",
    "library.browser.Reader",
    "library.event_line.Event",
    "library.event_line.EventPlace",
    "library.file_reader",
    "sync.engine.SyncEngine",
    "library.coverage_tiles",
    "library.finder.ClipFilter",
    "library.finder.BulkPlan",
    "library.share_values",
    "library.upkeep_values",
    "library.values",
    "onvif.probe_match",
    "onvif.http_login.TokenRefusedError",
    "onvif.identity",
    "onvif.probe.ProbeAnswer",
    "onvif.probe.ProbeResult",
    "onvif.targets",
    "onvif.tls.ShownCertificate",
    "onvif.tls.TlsMode",
    "playback",
    "sync.detections.Detection",
    "sync.missing",
    "sync.settings",
    "sync.status",
}
"""What shell files outside `runtime/` may import from `core`: values and pure rules."""

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
TEST_FILES = sorted(Path(__file__).parent.rglob("*.py"))


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
        assert top != "sqlite3" or room == "library", "only library has a database"


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


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_index_speaks_sql(path: Path) -> None:
    if "index" in path.relative_to(ROOT / "core").parts:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = node.attr if isinstance(node, ast.Attribute) else ""
        assert name not in {"execute", "executemany", "executescript"}, node.lineno


def files_imported_by(path: Path) -> set[Path]:
    """Return the files of ours that a file imports, modules and packages alike."""
    found = set()
    for target in targets_in_package(path):
        parts = target.split(".")
        for end in (len(parts), len(parts) - 1):
            base = ROOT.joinpath(*parts[:end])
            for file in (base.with_suffix(".py"), base / "__init__.py"):
                if end and file.exists():
                    found.add(file)
                    break
            else:
                continue
            break
    return found - {path}


def test_no_import_goes_round_in_a_circle() -> None:
    imports = {
        path: {p for p in files_imported_by(path) if p.name != "__init__.py"}
        for path in ROOT.rglob("*.py")
    }
    done: set[Path] = set()

    def walk(path: Path, way: tuple[Path, ...]) -> None:
        if path in way:
            names = [str(p.relative_to(ROOT)) for p in (*way[way.index(path) :], path)]
            pytest.fail(" imports ".join(names))
        if path in done:
            return
        for target in sorted(imports[path]):
            walk(target, (*way, path))
        done.add(path)

    for path in sorted(imports):
        walk(path, ())


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_shell_file_calls_the_validation_engine_by_its_lasting_name(path: Path) -> None:
    """Home Assistant keeps `voluptuous` whatever stands behind it."""
    assert not any(name.startswith("probatio") for _, name in imports_of(path))


TWICE_BY_REASON = {
    "async_setup_entry": "Home Assistant calls it in each platform",
    "main": "what a file does that is started as a process of its own",
    "ports.py": "what a room of the core asks of others, as Protocols",
}
"""Names of functions and files that may stand for several things, and why."""


def names_in(path: Path) -> list[str]:
    """Return the classes, types and public functions that a file defines."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.TypeAlias):
            found.append(node.name.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [] if node.name.startswith("_") else [node.name]
    return found


def doubled(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what has several places, with them; names are (name, place)."""
    places: dict[str, list[str]] = {}
    for name, place in names:
        places.setdefault(name, []).append(place)
    return {
        name: found
        for name, found in places.items()
        if len(found) > 1 and name not in TWICE_BY_REASON
    }


def test_a_class_or_public_function_has_a_name_of_its_own() -> None:
    files = CORE_FILES + SHELL_FILES
    assert not doubled(
        (name, str(path.relative_to(ROOT))) for path in files for name in names_in(path)
    )


@pytest.mark.parametrize("tree", [CORE_FILES, SHELL_FILES], ids=["core", "shell"])
def test_a_file_has_a_name_of_its_own_in_its_tree_of_rooms(tree: list[Path]) -> None:
    assert not doubled(
        (path.name, str(path.relative_to(ROOT)))
        for path in tree
        if path.name != "__init__.py"
    )


@pytest.mark.parametrize("name", TWICE_BY_REASON)
def test_a_name_that_may_stand_twice_does(name: str) -> None:
    files = CORE_FILES + SHELL_FILES
    found = [n for path in files for n in (path.name, *names_in(path))]
    assert found.count(name) > 1


@pytest.mark.parametrize(
    "path", CORE_FILES + SHELL_FILES + TEST_FILES, ids=lambda p: p.stem
)
def test_a_file_is_short_enough_to_be_about_one_thing(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
