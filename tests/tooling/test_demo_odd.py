"""The house of odd devices: a device that fails without a word is told apart."""

from typing import Any

from scripts.demo_lib.odd import Line, table_of, tell
from tests.simulator.scenario import ODD_HOUSE, make_specs

TEXTS = {"exceptions": {"undated": {"message": "{name} says no dates."}}}


def camera(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "camera": "Hall",
        "kept_seconds": 0,
        "problem": None,
        "source": "replay",
        "missing": None,
    }
    return {**usual, **changes}


def told(*cameras: dict[str, Any]) -> Line:
    line = Line("House", is_added=True)
    tell(line, list(cameras), TEXTS)
    return line


def test_what_was_kept_needs_no_word() -> None:
    line = told(camera(kept_seconds=24))
    assert (line.kept_s, line.why, line.is_wrong) == (24, "", False)


def test_a_reason_is_told_in_words_once() -> None:
    line = told(camera(problem="undated"), camera(problem="undated"))
    assert line.why == "Hall says no dates."
    assert not line.is_wrong
    assert "stream is recorded" in told(camera(source="live")).why
    assert told(camera(missing={"cause": "storage"})).why == "storage is missing"


def test_nothing_without_a_word_is_wrong() -> None:
    assert told(camera()).is_wrong
    assert told().is_wrong
    assert Line("House", why="refused").is_wrong
    shown = table_of([told(camera(kept_seconds=24)), Line("Gate", why="refused")])
    assert "24 s" in shown
    assert shown.splitlines()[-1].split() == ["Gate", "no", "0", "0", "s", "refused"]


def test_the_house_has_one_of_each_shape() -> None:
    specs = make_specs("odd-house")
    assert len(specs) == len(ODD_HOUSE) >= 8
    marks = [(spec.serial, spec.mac, spec.uuid) for spec in specs]
    for each in zip(*marks, strict=True):
        assert len(set(each)) == len(specs)
