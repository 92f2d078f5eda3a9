"""How commits are told."""

import pytest

from scripts.commits import problems


@pytest.mark.parametrize(
    "message",
    [
        "library: keep what was written before an error",
        "media: embed what pictures need",
        "rtsp: pass over what no packet holds",
        "sync: bring back what was given up",
        "ci, tests: wait for what is waited for\n\nA busy machine is slower, not wrong.",
    ],
)
def test_a_good_message_has_no_problem(message: str) -> None:
    assert list(problems(message)) == []


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (f"library: {'a' * 70}", "79 characters"),
        ("Mend it", "area"),
        ("library: mend one; mend another", "semicolon"),
        ("library: mend it.", "full stop"),
        ("library: mend it\nBecause.", "empty line"),
        ("library: adds a column", "command"),
        ("library: added a column", "command"),
        ("library: Adding a column", "command"),
        ("library: kept what was written", "command"),
        ("library: a column for notes", "command"),
        ("library: clips have a column", "command"),
    ],
)
def test_a_bad_message_is_told_why(message: str, problem: str) -> None:
    assert any(problem in found for found in problems(message))
