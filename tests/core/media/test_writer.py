"""Clips as players see them: every picture, every time, exactly."""

# Reads private members: the step between pictures and the kept sets are in no file.

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
import signal
import subprocess
import sys

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.movie import read_movie
from custom_components.vtrack_nvr.core.media.tags import ClipTags
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource
from tests.core.media import encoded

START = encoded.START_MS
TAGS = ClipTags(CameraKey("nvr/1"), START + 500, START, 3, ClipSource.REPLAY)


def write(
    path: Path,
    gops: list[Gop],
    video: TrackFormat,
    audio: TrackFormat | None = None,
) -> ClipWriter:
    writer = ClipWriter(path, video, audio, TAGS, gops[0].video[0].unit)
    for gop in gops:
        writer.write(gop)
    return writer


def shown_times(path: Path, kind: str = "video") -> list[float]:
    with av.open(str(path)) as file:
        stream = getattr(file.streams, kind)[0]
        return sorted(
            float(p.pts * stream.time_base)
            for p in file.demux(stream)
            if p.pts is not None
        )


def decoded_frames(path: Path) -> int:
    with av.open(str(path)) as file:
        return sum(1 for _ in file.decode(video=0))


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("bframes", [0, 2])
def test_every_picture_has_its_time(tmp_path: Path, codec: Codec, bframes: int) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups(codec, bframes=bframes)

    written = write(path, gops, encoded.video_format(codec, bframes=bframes)).close()

    assert shown_times(path) == pytest.approx([n / 10 for n in range(40)], abs=1e-5)
    assert decoded_frames(path) == 40
    assert written.frames == 40
    assert written.size == (160, 120)
    assert written.first_us == START * 1000
    assert written.last_us == START * 1000 + 3_900_000
    assert written.end_us == START * 1000 + 4_000_000


def test_h265_is_tagged_for_apple_players(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write(path, encoded.groups(Codec.H265), encoded.video_format(Codec.H265)).close()
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.codec_tag == "hvc1"


def test_irregular_times_are_kept_to_the_millisecond(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    jitter = [0, 7_001, -3_003, 12_345, 0, 999, -998, 1, 2, 3]
    for gop in gops:
        gop.video = [
            TimedUnit(item.time_us + (jitter[n] if n else 0), item.unit)
            for n, item in enumerate(gop.video)
        ]
    expected = sorted(
        (item.time_us - START * 1000) / 1e6 for gop in gops for item in gop.video
    )
    write(path, gops, encoded.video_format()).close()
    assert shown_times(path) == pytest.approx(expected, abs=0.001)


def test_equal_times_move_on_instead_of_failing(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    first = gops[0]
    first.video = [TimedUnit(first.start_us, item.unit) for item in first.video]
    write(path, gops, encoded.video_format()).close()
    assert decoded_frames(path) == 40


def test_late_sound_stays_beside_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    late = START * 1000 + 512_000
    for item in encoded.aac_units(late, 50):
        next(g for g in gops if g.end_us > item.time_us).audio.append(item)
    written = write(path, gops, encoded.video_format(), encoded.aac_format()).close()
    times = shown_times(path, "audio")
    assert written.audio_codec is Codec.AAC
    assert written.audio_frames == len(times) == 50
    assert times[0] == pytest.approx(0.512, abs=0.001)
    assert times[-1] == pytest.approx(0.512 + 49 * 0.064, abs=0.001)
    assert shown_times(path)[0] == 0.0


def test_sound_that_comes_early_or_twice_stays_in_order(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    early = encoded.aac_units(START * 1000 - 128_000, 4)
    twice = encoded.aac_units(START * 1000, 2)
    gops[0].audio = early + twice
    writer = write(path, gops, encoded.video_format(), encoded.aac_format())
    assert writer.frames == 40
    assert writer.close().audio_frames == 4
    times = shown_times(path, "audio")
    assert times[0] == 0.0
    assert len(set(times)) == 4


def test_sound_that_goes_far_back_is_not_squeezed_in(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    gops[0].audio = encoded.aac_units(START * 1000, 16)
    gops[0].audio += encoded.aac_units(START * 1000, 16)
    write(path, gops, encoded.video_format(), encoded.aac_format()).close()
    times = shown_times(path, "audio")
    assert times[:12] == [pytest.approx(n * 0.064, abs=0.001) for n in range(12)]
    assert len(times) <= 20


def test_sound_of_another_kind_stays_out_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    units = encoded.aac_units(START * 1000, 8)
    other = replace(encoded.aac_format(), codec=Codec.PCMU)
    gops[0].audio = [
        each._replace(unit=each.unit._replace(format=other)) if n % 4 == 3 else each
        for n, each in enumerate(units)
    ]
    writer = write(path, gops, encoded.video_format(), encoded.aac_format())
    assert writer.close().audio_frames == 6


def test_a_pause_in_the_sound_does_not_move_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    sound = encoded.aac_units(START * 1000, 10) + encoded.aac_units(
        START * 1000 + 2_000_000, 10
    )
    for item in sound:
        next(g for g in gops if g.end_us > item.time_us).audio.append(item)
    write(path, gops, encoded.video_format(), encoded.aac_format()).close()
    times = shown_times(path, "audio")
    assert times[10] == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize(
    ("codec", "rate", "data"),
    [
        (Codec.PCMU, 8000, b"\x80" * 80 + b"\x00" * 80),
        (Codec.PCMA, 8000, b"\xd5" * 80 + b"\x2a" * 80),
        (Codec.G722, 8000, b"\x55\xaa" * 80),
        (Codec.G726, 8000, b"\x12\x34" * 40),
    ],
)
def test_telephone_sound_becomes_aac_at_its_time(
    tmp_path: Path, codec: Codec, rate: int, data: bytes
) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    for number in range(200):
        time_us = START * 1000 + number * 20_000
        unit = AccessUnit(1, data, number * 160, None, is_key=True)
        next(g for g in gops if g.end_us > time_us).audio.append(
            TimedUnit(time_us, unit)
        )
    sound = TrackFormat(TrackKind.AUDIO, codec, rate, bits_per_sample=4)
    written = write(path, gops, encoded.video_format(), sound).close()
    assert written.audio_codec is Codec.AAC
    with av.open(str(path)) as file:
        assert file.streams.audio[0].codec_context.name == "aac"
        samples = sum(frame.samples for frame in file.decode(audio=0))
        heard = samples / file.streams.audio[0].rate
    assert heard == pytest.approx(4.0, abs=0.4)
    assert shown_times(path, "audio")[0] == pytest.approx(0.0, abs=0.001)


def test_a_beep_is_heard_when_it_was_recorded(tmp_path: Path) -> None:
    """Silence, then a loud tone from 2.0 s on, in G.711."""
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    loud, quiet = (b"\x80" * 8 + b"\x00" * 8) * 10, b"\xff" * 160
    for number in range(200):
        time_us = START * 1000 + number * 20_000
        data = loud if number >= 100 else quiet
        unit = AccessUnit(1, data, number * 160, None, is_key=True)
        next(g for g in gops if g.end_us > time_us).audio.append(
            TimedUnit(time_us, unit)
        )
    sound = TrackFormat(TrackKind.AUDIO, Codec.PCMU, 8000)
    write(path, gops, encoded.video_format(), sound).close()
    with av.open(str(path)) as file:
        to_pcm = av.AudioResampler("s16", "mono", 8000)
        onset = None
        for frame in file.decode(audio=0):
            start = float(frame.pts * frame.time_base)
            for part in to_pcm.resample(frame):
                pcm = memoryview(bytes(part.planes[0])).cast("h")
                for index in range(part.samples):
                    if onset is None and abs(pcm[index]) > 8000:
                        onset = start + index / 8000
    assert onset == pytest.approx(2.0, abs=0.02)


def test_sound_nobody_can_decode_is_left_out_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    sound = TrackFormat(TrackKind.AUDIO, Codec.UNKNOWN, 8000, name="X-STRANGE")
    writer = write(path, gops, encoded.video_format(), sound)
    assert "X-STRANGE" in writer.notices[0]
    assert writer.close().audio_codec is None


@pytest.mark.parametrize(
    ("video", "kind"),
    [
        (
            TrackFormat(TrackKind.VIDEO, Codec.UNKNOWN, 90_000, name="VP8"),
            ErrorKind.UNSUPPORTED_CODEC,
        ),
        (TrackFormat(TrackKind.VIDEO, Codec.H264, 90_000), ErrorKind.PROTOCOL),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, video: TrackFormat, kind: ErrorKind
) -> None:
    unit = AccessUnit(0, b"\0\0\0\1\x65\x88\x84", 0, 0, is_key=True)
    with pytest.raises(NvrError) as caught:
        ClipWriter(tmp_path / "clip.mp4", video, None, TAGS, unit)
    assert caught.value.kind is kind


def test_parameter_sets_of_the_session_description_serve_where_none_are_in_band(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()
    for gop in gops:
        first = gop.video[0]
        slice_at = first.unit.data.rindex(b"\0\0\1\x65") - 1
        gop.video[0] = TimedUnit(
            first.time_us, first.unit._replace(data=first.unit.data[slice_at:])
        )
    write(path, gops, encoded.video_format()).close()
    assert decoded_frames(path) == 40


def test_other_parameter_sets_need_a_new_clip(tmp_path: Path) -> None:
    gops = encoded.groups()
    other = encoded.groups(size=(320, 240))
    with write(tmp_path / "clip.mp4", gops[:1], encoded.video_format()) as writer:
        assert not writer.needs_new_clip(gops[1].video[0].unit)
        assert writer.needs_new_clip(other[0].video[0].unit)


def changing(codec: Codec, count: int = 4) -> list[Gop]:
    """Return groups that change their parameter sets by turns, and nothing a player sees."""
    turns = [encoded.groups(codec), encoded.groups(codec, first=20)]
    found = [turns[n % 2][n] for n in range(count)]
    heads = {annexb.parameter_sets(g.video[0].unit.data, codec) for g in found}
    assert len(heads) == 2
    return found


def test_sets_that_change_stay_in_the_file(tmp_path: Path) -> None:
    gops = changing(Codec.H264)
    path = tmp_path / "clip.mp4"
    with write(path, gops[:1], encoded.video_format()) as writer:
        for gop in gops[1:]:
            assert not writer.needs_new_clip(gop.video[0].unit)
            writer.write(gop)
        writer.close()
    assert decoded_frames(path) == 40


def test_h265_needs_a_file_of_its_own_kind_for_that(tmp_path: Path) -> None:
    gops = changing(Codec.H265)
    video = encoded.video_format(Codec.H265)
    with write(tmp_path / "one.mp4", gops[:1], video) as writer:
        assert writer.needs_new_clip(gops[1].video[0].unit)
        assert writer.lacks_sets
    first = gops[0].video[0].unit
    path = tmp_path / "two.mp4"
    with ClipWriter(path, video, None, TAGS, first, keeps_sets=True) as writer:
        for gop in gops:
            assert not writer.needs_new_clip(gop.video[0].unit)
            writer.write(gop)
        writer.close()
    assert decoded_frames(path) == 40
    movie = read_movie(path)
    assert movie
    track = movie.track(b"vide")
    assert track
    assert track.entry == b"hvc1"
    assert set(video.parameter_sets) <= set(annexb.hevc_sets(track.config))
    other = encoded.groups(Codec.H265, size=(320, 240))
    assert writer.needs_new_clip(other[0].video[0].unit)
    assert not writer.lacks_sets


def test_sets_in_the_stream_win_over_the_description(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    wrong = encoded.video_format(size=(320, 240))
    written = write(path, encoded.groups(), wrong).close()
    assert written.size == (160, 120)


def test_a_long_picture_is_reported_as_a_freeze(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()[:2]
    pause = 7_000_000
    gops[1].video = [TimedUnit(t + pause, u) for t, u in gops[1].video]
    gops[1].end_us += pause
    written = write(path, gops, encoded.video_format()).close()
    begin = START * 1000 + 1_000_000
    assert written.freezes == ((begin, begin + pause),)
    assert shown_times(path)[10] == pytest.approx(8.0, abs=1e-4)


def test_a_finished_clip_is_an_ordinary_mp4_with_our_keys(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write(path, encoded.groups(), encoded.video_format()).close()
    kinds = []
    data = path.read_bytes()
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        kinds.append(data[at + 4 : at + 8])
        at += length
    assert b"moof" not in kinds
    assert kinds[-1] == b"moov"
    with av.open(str(path)) as file:
        assert file.metadata["org.vtrack.nvr.utc_start_ms"] == str(START + 500)
        assert "2026-01-01T00:00:00.5" in file.metadata["creation_time"]


def fill(path: Path) -> None:
    write(path, encoded.groups(count=100), encoded.video_format()).close()


def test_a_full_disk_is_named() -> None:
    with pytest.raises(NvrError) as caught:
        fill(Path("/dev/full"))
    assert caught.value.kind is ErrorKind.STORAGE_FULL


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NvrError) as caught:
        write(tmp_path / "no" / "clip.mp4", encoded.groups(), encoded.video_format())
    assert caught.value.kind is ErrorKind.STORAGE_FAILED


CHILD = """
import sys
from pathlib import Path
from types import ModuleType

for name in ("custom_components", "custom_components.vtrack_nvr"):
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__path__ = [name.replace(".", "/")]
from tests.core.media import encoded, test_writer
w = test_writer.write(
    Path(sys.argv[1]), encoded.groups(count=100), encoded.video_format())
print("ready", flush=True)
sys.stdin.read()
"""


def test_killed_process_leaves_whole_groups_that_play(tmp_path: Path) -> None:
    path = tmp_path / ".clip.mp4.part"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGKILL)
    times = shown_times(path)
    assert len(times) == 90
    assert times[-1] == pytest.approx(8.9, abs=1e-4)
    assert decoded_frames(path) == 90
    assert Fraction(len(times), 10).denominator == 1


def spaced(distances_ms: list[int], count: int) -> list[Gop]:
    """Return groups of `count` pictures, each group with its own distance of pictures."""
    groups, at_us = [], START * 1000
    units = encoded.groups(gop=count, count=count * len(distances_ms))
    for gop, distance_ms in zip(units, distances_ms, strict=True):
        video = [
            TimedUnit(at_us + place * distance_ms * 1000, item.unit)
            for place, item in enumerate(gop.video)
        ]
        at_us = video[-1].time_us + distance_ms * 1000
        groups.append(Gop(video, end_us=at_us, bytes=gop.bytes))
    return groups


@pytest.mark.parametrize("count", [2, 5])
def test_the_distance_of_pictures_is_that_of_each_group(
    tmp_path: Path, count: int
) -> None:
    path = tmp_path / "clip.mp4"
    distances = [100, 250, 20]
    sets = encoded.video_format(gop=count, count=count * 3)
    writer = ClipWriter(
        path, sets, None, TAGS, spaced(distances, count)[0].video[0].unit
    )
    steps: list[int] = []
    for gop in spaced(distances, count):
        writer.write(gop)
        steps.append(writer._step)
    writer.close()
    assert steps == [distance * 90 for distance in distances]


def test_sound_that_reaches_into_the_piece_before_comes_right_behind_it(
    tmp_path: Path,
) -> None:
    """A frame of sound lasts 1024 samples: another cannot begin inside of it."""
    path = tmp_path / "clip.mp4"
    [gop, *_] = encoded.groups()
    gop.audio = encoded.aac_units(gop.start_us, count=6)
    late = gop.audio[3]
    gop.audio[3] = late._replace(time_us=late.time_us - 100_000)
    write(path, [gop], encoded.video_format(), encoded.aac_format()).close()
    ticks = [round(at * 16_000) for at in shown_times(path, "audio")]
    assert len(ticks) == 6
    assert ticks[3] == ticks[2] + 1
    assert ticks == sorted(set(ticks))


def test_parameter_sets_in_the_stream_win_over_those_of_the_description(
    tmp_path: Path,
) -> None:
    """A description of other sets than the device sends is not written into the file."""
    path = tmp_path / "clip.mp4"
    other = encoded.video_format(size=(320, 240))
    groups = encoded.groups()
    writer = write(path, groups, other)
    assert not writer.needs_new_clip(groups[1].video[0].unit)
    assert writer.close().size == (160, 120)
    assert set(writer._sets) == set(encoded.video_format().parameter_sets)
    assert decoded_frames(path) == 40
