"""The words of the ledger: every reason is one of those that have a text."""

import ast
from pathlib import Path

from custom_components.vtrack_nvr.core import ledger
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.ledger import REASONS, LedgerReason
from custom_components.vtrack_nvr.core.library.upkeep_values import DeleteCause
from custom_components.vtrack_nvr.core.live.live_values import STARTING
from custom_components.vtrack_nvr.core.models import ClipState, CoverageState
from custom_components.vtrack_nvr.core.sync import fetch_result

CORE = Path(ledger.__file__).parent
WRITERS = ("sync", "library", "live", "download")
"""The rooms whose words reach the ledger."""
FUNCTIONS = {"leave", "mark", "_back", "failed", "Entry", "FetchedGap", "LiveGap"}


def loose_reasons(path: Path) -> list[str]:
    """Return the reasons that a file spells out where it writes to the ledger."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name not in FUNCTIONS:
            continue
        values = [*node.args, *(k.value for k in node.keywords)]
        found += [
            value.value
            for value in values
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        ]
    return found


def test_reasons_are_kinds_of_failure_and_words_of_the_ledger() -> None:
    limits = {str(ErrorKind.LIMIT)}  # told to who asks, never of footage
    assert {str(kind) for kind in ErrorKind} - limits < REASONS
    assert {str(reason) for reason in LedgerReason} < REASONS
    assert "" not in REASONS


def test_causes_of_deletion_are_reasons() -> None:
    assert {str(cause) for cause in DeleteCause} <= REASONS


def test_words_that_rooms_have_of_their_own_are_reasons() -> None:
    assert {fetch_result.EDGE, fetch_result.NO_FOOTAGE, STARTING} <= REASONS


def test_no_other_word_is_written_to_the_ledger() -> None:
    words = {
        word
        for room in WRITERS
        for path in sorted((CORE / room).rglob("*.py"))
        for word in loose_reasons(path)
    }
    states = {str(state) for state in (*CoverageState, *ClipState)}
    assert words, "the scan finds what it looks for"
    assert words - states - {""} <= REASONS
