"""The journal: lines with checksums, torn ends, what stays when it is rewritten."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    Line,
    decode,
    encode,
    fact_of,
    last_sequence,
    living,
    repair_prefix,
)
from custom_components.vtrack_nvr.core.library.journals import told
from custom_components.vtrack_nvr.core.models import CoverageState


def line(number: int, kind: FactKind, **values) -> Line:
    return Line(number, Fact(kind, values))


def written(*lines: Line) -> bytes:
    return b"".join(encode(item.sequence, item.fact.text()) for item in lines)


STORY = (
    line(1, FactKind.CAMERA, key="n/1", name="Gärten\nund Höfe"),
    line(2, FactKind.CLIP, path="a", size_bytes=1),
    line(3, FactKind.PROTECT, path="a", on=True, note="x"),
    line(4, FactKind.CLIP, path="b", size_bytes=2),
    line(5, FactKind.TRASH, path="b", is_trashed=True),
    line(6, FactKind.GONE, path="b", range=[1, 2], cause="age"),
    line(7, FactKind.PROTECT, path="a", on=False, note=""),
    line(8, FactKind.SPAN, state="lost", reason="overwritten", ranges=[[5, 9]]),
    line(9, FactKind.CLIP, path="c", size_bytes=3),
    line(10, FactKind.MOVED, path="c"),
)


def test_lines_come_back_as_they_were() -> None:
    assert tuple(decode(written(*STORY))) == STORY
    assert last_sequence(written(*STORY)) == 10
    assert last_sequence(b"") == 0


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_costs_only_the_lines_it_touches(data: st.DataObject) -> None:
    whole = written(*STORY)
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] ^= data.draw(st.integers(1, 255))
    found = list(decode(bytes(broken)))
    assert all(item in STORY for item in found)
    assert len(found) >= len(STORY) - 2
    cut = list(decode(whole[:at]))
    assert cut == list(STORY[: len(cut)])


def test_a_torn_line_is_ended_before_the_next() -> None:
    torn = written(*STORY[:2])[:-5]
    more = torn + repair_prefix(torn[-1:]) + written(STORY[2])
    assert list(decode(more)) == [STORY[0], STORY[2]]
    assert repair_prefix(b"") == b""
    assert repair_prefix(b"a\n") == b""


@pytest.mark.parametrize("text", ["[]", "{}", '{"t": "new kind"}', "5", "{"])
def test_what_is_no_fact_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller passes it over
        fact_of(text)
    assert list(decode(encode(1, text))) == []


def test_later_lines_replace_earlier_ones() -> None:
    found = told(STORY)
    assert set(found.clips) == {"a"}
    assert found.protected == {"a": (False, "")}
    assert found.gone == {"b", "c"}
    assert found.trashed == {"a": False}
    assert [(s.value, r, t.start_ms) for s, r, t in found.spans] == [
        ("removed", "age", 1),
        ("lost", "overwritten", 5),
    ]
    assert found.sequence == 10
    again = told((*STORY, line(11, FactKind.CLIP, path="b", size_bytes=2)))
    assert "b" in again.clips
    assert "b" not in again.gone


def test_senseless_lines_are_passed_over() -> None:
    found = told(
        (
            line(1, FactKind.SPAN, state="no state", reason="", ranges=[]),
            line(2, FactKind.CLIP),
            line(3, FactKind.GONE, path="x", range="?"),
            line(4, FactKind.SPAN, state="lost", reason="", ranges=[[1, 2]]),
        )
    )
    assert [state for state, _, _ in found.spans] == [CoverageState.LOST]


def test_rewriting_keeps_what_is_true() -> None:
    before, after = told(STORY), told(living(STORY))
    assert [item.sequence for item in living(STORY)] == [1, 2, 6, 7, 8]
    assert after.clips == before.clips
    assert after.protected == before.protected
    assert after.spans == before.spans
    assert after.camera == before.camera
