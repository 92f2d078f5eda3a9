"""Films as files: their tables, their size, what they cost."""

# Reads private members: what is held in memory is made small, so that little is much.

import io
from pathlib import Path
import subprocess
import weakref

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.media import columns, join
from custom_components.vtrack_nvr.core.media.columns import Column, RunColumn
from custom_components.vtrack_nvr.core.media.film import Film
from custom_components.vtrack_nvr.core.media.join import (
    JoinPart,
    join_clips,
    plan_films,
)
from custom_components.vtrack_nvr.core.media.movie import Movie, read_movie
from tests.core.media.test_join import START, make, span
from tests.core.media.test_writer import decoded_frames, shown_times

DAY = 24 * 3_600_000


@pytest.mark.parametrize("in_memory", [8, 1 << 20])
def test_numbers_come_back_as_they_stand_in_a_box(
    monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(columns, "_IN_MEMORY", in_memory)
    monkeypatch.setattr(columns, "_AT_ONCE", 3)
    column = Column("Q")
    for number in range(100):
        column.add(number, 1 << 40)
    assert (column.count, len(column)) == (200, 1600)
    assert [*column.numbers()] == [n for i in range(100) for n in (i, 1 << 40)]
    column.add(7)
    column.base = 5
    data = b"".join(column.blocks())
    assert data[:16] == (5).to_bytes(8) + (5 + (1 << 40)).to_bytes(8)
    assert data[-8:] == (12).to_bytes(8)
    column.close()


def test_runs_are_pairs_and_signed() -> None:
    runs = RunColumn()
    for number in (0, 0, 0):
        runs.add(number)
    assert runs.is_plain
    for number in (-1, -1, 5):
        runs.add(number)
    runs.end()
    assert not runs.is_plain
    assert [*runs.column.numbers()] == [3, 0, 2, 0xFFFF_FFFF, 1, 5]
    runs.column.close()


def test_the_size_is_known_before_and_the_film_goes_one_way(tmp_path: Path) -> None:
    """Into anything that takes bytes one after the other, with its tables in front."""

    class OneWay(io.RawIOBase):
        def __init__(self) -> None:
            self.taken = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:
            self.taken += data
            return len(data)

    parts = [make(tmp_path, n * 4_000, bframes=2) for n in range(3)]
    [film] = plan_films(parts, span(1_500, 10_000))
    with film:
        size, out = film.size, OneWay()
        film.write(out)
        assert len(out.taken) == size
        again = OneWay()
        film.write(again)
        assert again.taken == out.taken
    assert out.taken.find(b"moov") < out.taken.find(b"mdat")
    to = tmp_path / "film.mp4"
    to.write_bytes(out.taken)
    movie = read_movie(to)
    assert movie is not None
    assert movie.whole_bytes == movie.size == size
    subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(to), "-f", "null", "-"],
        check=True,
        capture_output=True,
    )


def test_the_tables_of_one_clip_are_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = make(tmp_path, 0)
    alive: list[weakref.ref[object]] = []
    most = 0

    class Kept(Movie):
        """A movie whose end can be seen."""

        __slots__ = ("__weakref__",)

    def read(path: Path) -> Movie | None:
        nonlocal most
        found = read_movie(path)
        assert found
        movie = Kept(
            found.tracks, found.metadata, found.size, found.whole_bytes, False, 0
        )
        alive.append(weakref.ref(movie))
        most = max(most, sum(ref() is not None for ref in alive))
        return movie

    monkeypatch.setattr(join, "read_movie", read)
    parts = [JoinPart(part.path, START + n * 4_000) for n in range(60)]
    joined = join_clips(parts, span(0, 240_000), tmp_path / "film.mp4")
    assert joined.frames == 60 * 40
    assert most <= 2


@pytest.mark.parametrize("hours", [14, 30, 47])
def test_a_gap_of_many_hours_keeps_its_length(tmp_path: Path, hours: int) -> None:
    """A step of time has 32 bits: 13 hours of 90 kHz."""
    gap_ms = hours * 3_600_000
    parts = [make(tmp_path, 0), make(tmp_path, gap_ms)]
    to = tmp_path / "film.mp4"
    joined = join_clips(parts, span(0, 2 * DAY), to)
    assert joined.gaps == (span(4_000, gap_ms),)
    times = shown_times(to)
    assert times[0] == 0
    assert times[40] == pytest.approx(gap_ms / 1000, abs=0.001)
    assert shown_times(to, "audio")[-1] == pytest.approx(gap_ms / 1000 + 3.9, abs=0.2)
    assert decoded_frames(to) == 80


def test_a_player_can_seek_anywhere_at_once(tmp_path: Path) -> None:
    parts = [make(tmp_path, n * 4_000) for n in range(5)]
    to = tmp_path / "film.mp4"
    join_clips(parts, span(0, 20_000), to)
    with av.open(to) as film:
        stream = film.streams.video[0]
        for second in (17, 3, 11):
            film.seek(int(second / stream.time_base), stream=stream)
            frame = next(film.decode(stream))
            assert frame.time == pytest.approx(second, abs=0.01)


def test_a_full_temporary_folder_is_no_full_storage(tmp_path: Path) -> None:
    part = make(tmp_path, 0)
    movie = read_movie(part.path)
    assert movie
    video = movie.track(b"vide")
    assert video

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Film(DAY) as film:
        film._copies.add = full
        with pytest.raises(NvrError) as raised:
            film.add(part.path, (video, range(40)), None, 0)
    assert raised.value.kind is ErrorKind.STORAGE_FAILED
