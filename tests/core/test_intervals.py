"""Sets of time ranges: growing a large one costs the same as computing it anew gives."""

from hypothesis import given, strategies as st

from custom_components.vtrack_nvr.core.intervals import TimeRange, add_ranges, union

RANGES = st.lists(
    st.builds(
        lambda start, length: TimeRange(start, start + length),
        st.integers(0, 60),
        st.integers(0, 12),
    ),
    max_size=12,
)


@given(old=RANGES, new=RANGES)
def test_adding_gives_what_the_union_of_all_gives(
    old: list[TimeRange], new: list[TimeRange]
) -> None:
    assert add_ranges(union(old), new, from_ms=-1) == union([*old, *new])


@given(old=RANGES, new=RANGES, from_ms=st.integers(0, 70))
def test_what_ends_before_a_moment_is_dropped_and_nothing_else(
    old: list[TimeRange], new: list[TimeRange], from_ms: int
) -> None:
    kept = [item for item in (*old, *new) if item.end_ms > from_ms]
    left = add_ranges(union(old), new, from_ms=from_ms)
    assert all(item.end_ms > from_ms for item in left)
    assert union([*left, *kept]) == left
