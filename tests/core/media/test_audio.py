"""Sound turned into AAC: pauses, jumps, damage, every codec."""

from fractions import Fraction
import io
from itertools import pairwise

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media import audio
from custom_components.vtrack_nvr.core.media.audio import open_sound, snapped
from custom_components.vtrack_nvr.core.media.timing import DecodeTimes
from custom_components.vtrack_nvr.core.media.units import TimedUnit
from tests.core.media import encoded

START_US = encoded.START_MS * 1000
PCMU = TrackFormat(TrackKind.AUDIO, Codec.PCMU, 8000)


def test_times_follow_the_units_over_a_pause() -> None:
    sound = open_sound(PCMU)
    units = encoded.g711_units(START_US, 50) + encoded.g711_units(
        START_US + 5_000_000, 50
    )
    times = [time for item in units for time, _ in sound.take(item)]
    steps = [b - a for a, b in pairwise(times)]
    assert times[0] == START_US
    assert START_US + 5_000_000 in times
    assert sum(step != 128_000 for step in steps) == 1


def test_a_damaged_piece_is_left_out(monkeypatch) -> None:
    sound = open_sound(
        TrackFormat(TrackKind.AUDIO, Codec.LATM, 16_000, name="MP4A-LATM")
    )
    junk = AccessUnit(1, b"\x56\xe0\x10" + b"\xff" * 40, 0, None, is_key=True)
    assert sound.take(TimedUnit(START_US, junk)) == []


def test_loas_frames_are_decoded() -> None:
    track = TrackFormat(TrackKind.AUDIO, Codec.LATM, 16_000, name="MP4A-LATM")
    sound = open_sound(track)
    buffer = io.BytesIO()
    out = av.open(buffer, "w", format="latm")
    stream = out.add_stream("aac", rate=16_000, layout="mono")
    for number in range(40):
        frame = av.AudioFrame("fltp", "mono", 1024)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = 16_000
        frame.pts = number * 1024
        frame.time_base = Fraction(1, 16_000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
    out.close()
    data = buffer.getvalue()
    units = []
    while data:
        length = 3 + (int.from_bytes(data[1:3]) & 0x1FFF)
        units.append(data[:length])
        data = data[length:]
    times = []
    for number, piece in enumerate(units):
        unit = AccessUnit(1, piece, 0, None, is_key=True)
        times += sound.take(TimedUnit(START_US + number * 64_000, unit))
    assert len(times) >= 35
    assert times[0][0] == START_US


def test_a_missing_configuration_is_made_up() -> None:
    sound = open_sound(TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000, 1))
    assert sound.config == encoded.aac()[0][:2]


def test_more_channels_than_a_configuration_can_say_are_refused() -> None:
    with pytest.raises(NvrError) as caught:
        open_sound(TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000, 255))
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


@pytest.mark.parametrize("codec", [Codec.UNKNOWN, Codec.MJPEG])
def test_other_codecs_are_refused(codec: Codec) -> None:
    with pytest.raises(NvrError) as caught:
        open_sound(TrackFormat(TrackKind.AUDIO, codec, 8000))
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_a_decoder_that_libav_lacks_is_refused(monkeypatch) -> None:
    monkeypatch.setitem(audio._DECODERS, Codec.PCMU, ("no_such_codec", 8000))
    with pytest.raises(NvrError) as caught:
        open_sound(PCMU)
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


@pytest.mark.parametrize("name", ["G726-32", "AAL2-G726-32"])
def test_both_packings_of_g726_are_known(name: str) -> None:
    sound = open_sound(
        TrackFormat(TrackKind.AUDIO, Codec.G726, 8000, name=name, bits_per_sample=4)
    )
    unit = AccessUnit(1, b"\x12\x34" * 40, 0, None, is_key=True)
    found = []
    for number in range(30):
        found += sound.take(TimedUnit(START_US + number * 20_000, unit))
    assert found[0][0] == START_US


def test_rounding_is_taken_out_and_real_differences_are_not() -> None:
    assert snapped(1025, 1024) == 1024
    assert snapped(1030, 1024) == 1030
    assert snapped(5, None) == 5


def test_decoding_times_increase_whatever_the_device_says() -> None:
    times = DecodeTimes()
    first = times.of([0, 300, 100, 200], 100)
    assert first == [(0, -100), (300, 0), (100, 100), (200, 200)]
    second = times.of([400, 900, 500, 600, 700, 800], 100)
    decoded = [item[1] for item in first + second]
    assert decoded == sorted(set(decoded))
    assert all(shown >= at for shown, at in first + second)
    third = times.of([850, 850, 850], 100)
    assert len({item[0] for item in third}) == 3
    assert third[0][1] > second[-1][1]
