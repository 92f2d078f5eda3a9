"""Each module has its test file, is tried by name in another, or says what covers it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "vtrack_nvr"
TESTS = ROOT / "tests"

COVERED_BY = {
    "actions/": "shell/test_actions.py",
    "binary_sensor.py": "shell/test_whole.py",
    "button.py": "shell/test_whole.py",
    "coordinator.py": "shell/test_whole.py",
    "core/archive/archive.py": "shell/test_lifecycle.py",
    "core/archive/turns.py": "shell/test_playback.py",
    "core/download/playing.py": "core/download/test_ends.py",
    "core/download/replay.py": "core/download/test_oddities.py",
    "core/held.py": "core/library/test_browser.py",
    "core/library/answering.py": "shell/test_websocket_clips.py",
    "core/library/context.py": "core/library/test_errors_of_files.py",
    "core/library/export_room.py": "core/library/test_export_records.py",
    "core/library/growing.py": "core/playback/test_desk.py",
    "core/library/root_info.py": "core/library/upkeep/test_room.py",
    "core/library/index/": "core/library/index/test_held_index.py",
    "core/library/upkeep/adopt.py": "core/library/upkeep/test_check.py",
    "core/library/upkeep/compare.py": "core/library/upkeep/test_check.py",
    "core/live/live_session.py": "core/live/test_recorder.py",
    "core/media/codec_names.py": "core/playback/test_playlist.py",
    "core/media/freezes.py": "core/media/test_writer.py",
    "core/media/sound_worker.py": "core/media/test_sound_tracks.py",
    "core/onvif/topics.py": "core/onvif/test_notifications.py",
    "core/onvif/xml_text.py": "core/onvif/test_xml.py",
    "core/playback/ports.py": "core/playback/test_desk.py",
    "core/rtp/depacketize/": "core/rtp/depacketize/test_old_codecs.py",
    "core/rtsp/exchange.py": "core/rtsp/test_session_play.py",
    "core/sync/": "core/sync/test_engine_sync.py",
    "entity.py": "shell/test_whole.py",
    "flows/": "shell/test_config_flow.py",
    "llm.py": "shell/test_assist.py",
    "number.py": "shell/test_entities.py",
    "players.py": "shell/test_playback_players.py",
    "runtime/": "shell/test_lifecycle.py",
    "select.py": "shell/test_entities.py",
    "sensor.py": "shell/test_whole.py",
    "services.py": "shell/test_actions.py",
    "switch.py": "shell/test_whole.py",
    "times.py": "shell/test_media_browser.py",
    "unlogged_view.py": "shell/test_playback_hls.py",
    "views.py": "shell/test_footage_views.py",
    "views_playback.py": "shell/test_playback_hls.py",
    "websocket/": "shell/test_websocket_info.py",
}
"""Modules, or folders of them, whose tests go through something else."""

MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
)


@cache
def _imported() -> frozenset[str]:
    """Return everything that a test file imports by its whole name."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return frozenset(found)


def _has_tests(module: Path) -> bool:
    here = TESTS if module.parts[0] == "core" else TESTS / "shell"
    dotted = ".".join(
        ("custom_components", "vtrack_nvr", *module.with_suffix("").parts)
    )
    return (here / module.parent / f"test_{module.name}").exists() or (
        dotted in _imported()
    )


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_tests_or_says_what_covers_it(module: Path) -> None:
    covered = [name for name in COVERED_BY if str(module).startswith(name)]
    assert _has_tests(module) or covered


@pytest.mark.parametrize("name", COVERED_BY)
def test_what_covers_is_there_and_needed(name: str) -> None:
    assert (TESTS / COVERED_BY[name]).exists()
    mine = [module for module in MODULES if str(module).startswith(name)]
    assert any(not _has_tests(module) for module in mine)


WHY_PRIVATE = "# Reads private members: "
TEST_FILES = sorted(TESTS.rglob("*.py"))


def private_reads(path: Path) -> Iterator[int]:
    """Yield the lines that read, replace or import what is private to somebody else."""
    own = {"self", "cls", "super()"}
    of_tuples = {"_asdict", "_fields", "_make", "_replace"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in own:
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            is_product = (node.module or "").startswith("custom_components.")
            names = [alias.name for alias in node.names if is_product]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".setattr"):
            names = [
                str(arg.value)
                for arg in node.args[1:2]
                if isinstance(arg, ast.Constant)
            ]
        if any(
            name.startswith("_") and not name.startswith("__") and name not in of_tuples
            for name in names
        ):
            yield node.lineno


def test_a_file_that_reads_private_members_says_why() -> None:
    wrong = [
        str(path.relative_to(TESTS))
        for path in TEST_FILES
        if bool([*private_reads(path)])
        != any(
            line.startswith(WHY_PRIVATE)
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert wrong == [], "reads private members and does not say why, or says so in vain"
