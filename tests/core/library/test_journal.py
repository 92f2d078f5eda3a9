"""The journal: lines with checksums, torn ends, what stays when it is rewritten."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.index.told import Told
from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    Line,
    decode_lines,
    encode_line,
    fact_of,
    repair_prefix,
    sequence_of,
    split_lines,
)
from custom_components.vtrack_nvr.core.models import CoverageState


def line(number: int, kind: FactKind, **values) -> Line:
    return Line(number, Fact(kind, values))


def written(*lines: Line) -> bytes:
    return b"".join(encode_line(item.sequence, item.fact.text()) for item in lines)


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
    assert tuple(decode_lines(written(*STORY))) == STORY
    assert [sequence_of(raw) for raw in written(*STORY).splitlines()] == [*range(1, 11)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_costs_only_the_lines_it_touches(data: st.DataObject) -> None:
    whole = written(*STORY)
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] ^= data.draw(st.integers(1, 255))
    found = list(decode_lines(bytes(broken)))
    assert all(item in STORY for item in found)
    assert len(found) >= len(STORY) - 2
    cut = list(decode_lines(whole[:at]))
    assert cut == list(STORY[: len(cut)])


def test_a_torn_line_is_ended_before_the_next() -> None:
    torn = written(*STORY[:2])[:-5]
    more = torn + repair_prefix(torn[-1:]) + written(STORY[2])
    assert list(decode_lines(more)) == [STORY[0], STORY[2]]
    assert repair_prefix(b"") == b""
    assert repair_prefix(b"a\n") == b""


@pytest.mark.parametrize("text", ["[]", "{}", '{"t": "new kind"}', "5", "{"])
def test_what_is_no_fact_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller passes it over
        fact_of(text)
    assert list(decode_lines(encode_line(1, text))) == []


def test_later_lines_replace_earlier_ones() -> None:
    with Told(STORY) as found:
        assert found.facts("a") is not None
        assert found.facts("b") is None
        assert found.facts("c") is None
        assert found.protection("a") == (False, "")
        assert found.protection("b") is None
        assert found.is_trashed("a") is False
        assert found.is_trashed("b") is None
        elsewhere = TimeRange(70, 80)
        assert found.removal_of("a", elsewhere) is None
        assert found.removal_of("b", TimeRange(1, 2)) == "age"
        assert found.removal_of("c", elsewhere) is None, "it lives elsewhere"
        assert list(found.spans()) == [
            (CoverageState.REMOVED, "age", (TimeRange(1, 2),)),
            (CoverageState.LOST, "overwritten", (TimeRange(5, 9),)),
        ]
        assert found.sequence == 10
    again = (*STORY, line(11, FactKind.CLIP, path="b", size_bytes=2))
    with Told(again) as found:
        assert found.facts("b") == {"path": "b", "size_bytes": 2}
        assert found.removal_of("b", TimeRange(1, 2)) is None, "it was fetched again"


def test_of_a_path_that_is_told_no_more_the_removed_time_tells() -> None:
    said = (
        line(1, FactKind.SPAN, state="removed", reason="age", ranges=[[0, 5]]),
        line(2, FactKind.SPAN, state="removed", reason="quota", ranges=[[5, 9]]),
        line(3, FactKind.SPAN, state="lost", reason="overwritten", ranges=[[9, 20]]),
    )
    with Told(said) as found:
        assert found.removal_of("x", TimeRange(2, 8)) == "age", "two causes, one clip"
        assert found.removal_of("x", TimeRange(6, 9)) == "quota"
        assert found.removal_of("x", TimeRange(2, 10)) is None
        assert found.removal_of("x", TimeRange(30, 31)) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 9), st.sampled_from("ab")),
        max_size=12,
    ),
    st.integers(0, 40),
    st.integers(1, 6),
)
def test_a_clip_was_removed_where_all_of_its_time_was(
    spans: list[tuple[int, int, str]], start: int, length: int
) -> None:
    lines = [
        line(
            n + 1,
            FactKind.SPAN,
            state="removed",
            reason=reason,
            ranges=[[begin, begin + size]],
        )
        for n, (begin, size, reason) in enumerate(spans)
    ]
    removed = {m for begin, size, _ in spans for m in range(begin, begin + size)}
    with Told(lines) as said:
        found = said.removal_of("x", TimeRange(start, start + length))
    assert (found is not None) == (set(range(start, start + length)) <= removed)


def test_removed_clips_that_touch_are_one_stretch() -> None:
    lines = (
        line(n + 1, FactKind.GONE, path=f"{n}", range=[n, n + 1], cause="age")
        for n in range(1000)
    )
    with Told(lines) as found:
        assert list(found.spans()) == [
            (CoverageState.REMOVED, "age", (TimeRange(0, 1000),))
        ]


def test_many_stretches_come_some_at_a_time_and_in_order() -> None:
    ranges = [[n * 10, n * 10 + 1] for n in range(1200)]
    with Told(
        [line(1, FactKind.SPAN, state="lost", reason="x", ranges=ranges)]
    ) as said:
        groups = [found for _state, _reason, found in said.spans()]
    assert [len(group) for group in groups] == [500, 500, 200]
    assert [[r.start_ms, r.end_ms] for group in groups for r in group] == ranges


def test_senseless_lines_are_passed_over() -> None:
    lines = (
        line(1, FactKind.SPAN, state="no state", reason="", ranges=[]),
        line(2, FactKind.CLIP),
        line(3, FactKind.GONE, path="x", range="?"),
        line(4, FactKind.SPAN, state="lost", reason="", ranges=[[1, 2**80]]),
        line(5, FactKind.SPAN, state="lost", reason="", ranges=[[1, 2]]),
        line(6, FactKind.TRASH, path=["x"], is_trashed=True),
    )
    with Told(lines) as found:
        assert [state for state, _, _ in found.spans()] == [CoverageState.LOST]
        assert found.removal_of("x", TimeRange(1, 2)) is None


@given(st.lists(st.integers(1, 40)), st.integers(1, 30))
def test_lines_are_the_same_however_the_file_is_read(
    lengths: list[int], step: int
) -> None:
    data = b"\n".join(b"x" * length for length in lengths)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    assert list(split_lines(pieces)) == [b"x" * length for length in lengths]


def test_bytes_without_an_end_are_not_collected() -> None:
    chunk = b"x" * 700_000
    found = list(split_lines([chunk] * 40))
    assert max(map(len, found)) < 2_000_000
    assert not any(map(sequence_of, found))
