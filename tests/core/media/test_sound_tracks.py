"""Sound turned into AAC: pauses, jumps, damage, every codec."""

# Reads private members: the child process of a decoder is killed or looked at.

from array import array
from fractions import Fraction
import gc
import io
from itertools import pairwise
import os
import signal
from unittest.mock import patch

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media import sound_child, sound_tracks
from custom_components.vtrack_nvr.core.media.sound_child import SoundChild
from custom_components.vtrack_nvr.core.media.sound_tracks import open_sound, snapped
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


def loas_units(rate: int, layout: str) -> list[bytes]:
    """Return forty frames of LATM with their configuration inside."""
    buffer = io.BytesIO()
    out = av.open(buffer, "w", format="latm")
    stream = out.add_stream("aac", rate=rate, layout=layout)
    for number in range(40):
        frame = av.AudioFrame("fltp", layout, 1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = rate
        frame.pts = number * 1024
        frame.time_base = Fraction(1, rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
    out.close()
    data = buffer.getvalue()
    units = []
    while data:
        length = 3 + (int.from_bytes(data[1:3]) & 0x1FFF)
        units.append(data[:length])
        data = data[length:]
    return units


def test_loas_frames_are_decoded() -> None:
    track = TrackFormat(TrackKind.AUDIO, Codec.LATM, 16_000, name="MP4A-LATM")
    sound = open_sound(track)
    units = loas_units(16_000, "mono")
    times = []
    for number, piece in enumerate(units):
        unit = AccessUnit(1, piece, 0, None, is_key=True)
        times += sound.take(TimedUnit(START_US + number * 64_000, unit))
    assert len(times) >= 35
    assert times[0][0] == START_US


def test_sound_that_changes_its_format_goes_on() -> None:
    sound = open_sound(
        TrackFormat(TrackKind.AUDIO, Codec.LATM, 16_000, name="MP4A-LATM")
    )
    now_us = START_US
    times = []
    for rate, layout in ((16_000, "mono"), (48_000, "stereo"), (16_000, "mono")):
        for piece in loas_units(rate, layout):
            unit = AccessUnit(1, piece, 0, None, is_key=True)
            times += [time for time, _ in sound.take(TimedUnit(now_us, unit))]
            now_us += 1024 * 1_000_000 // rate
    times += [time for time, _ in sound.finish()]
    assert len(times) == pytest.approx((now_us - START_US) / 64_000, abs=6)


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.L16])
@pytest.mark.parametrize("rate", [8_000, 16_000, 32_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_plain_sound_is_as_long_as_it_was(
    codec: Codec, rate: int, channels: int
) -> None:
    sound = open_sound(TrackFormat(TrackKind.AUDIO, codec, rate, channels))
    assert (sound.rate, sound.channels) == (rate, channels)
    size = rate // 50 * channels * (2 if codec is Codec.L16 else 1)
    frames = []
    for number in range(100):
        unit = AccessUnit(1, bytes(size), 0, None, is_key=True)
        frames += sound.take(TimedUnit(START_US + number * 20_000, unit))
    frames += sound.finish()
    times = [time for time, _ in frames]
    step_us = 1024 * 1_000_000 // rate
    assert times == pytest.approx(
        [START_US + n * step_us for n in range(len(times))], abs=len(times)
    )
    assert 0 <= times[-1] + step_us - (START_US + 2_000_000) < step_us + 100


def test_a_rate_that_aac_cannot_say_is_changed() -> None:
    sound = open_sound(TrackFormat(TrackKind.AUDIO, Codec.PCMA, 10_000))
    assert sound.rate == 11_025
    unit = AccessUnit(1, bytes(10_000), 0, None, is_key=True)
    frames = [*sound.take(TimedUnit(START_US, unit)), *sound.finish()]
    assert len(frames) * 1024 == pytest.approx(11_025, abs=1024)


@pytest.mark.parametrize("rate", [1, 3_999, 1_000_000])
def test_a_rate_that_is_none_is_refused(rate: int) -> None:
    with pytest.raises(NvrError) as caught:
        open_sound(TrackFormat(TrackKind.AUDIO, Codec.L16, rate))
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_more_than_two_channels_become_two() -> None:
    sound = open_sound(TrackFormat(TrackKind.AUDIO, Codec.L16, 48_000, 4))
    assert sound.channels == 2
    unit = AccessUnit(1, bytes(8 * 48_000), 0, None, is_key=True)
    frames = [*sound.take(TimedUnit(START_US, unit)), *sound.finish()]
    assert len(frames) * 1024 == pytest.approx(48_000, abs=1024)


def test_the_configuration_counts_not_the_rest_of_the_description() -> None:
    sound = open_sound(
        TrackFormat(TrackKind.AUDIO, Codec.AAC, 8_000, 1, config=b"\x11\x90")
    )
    assert (sound.rate, sound.channels) == (48_000, 2)
    broken = open_sound(
        TrackFormat(TrackKind.AUDIO, Codec.AAC, 8_000, 1, config=b"\xff")
    )
    assert (broken.config.hex(), broken.rate) == ("1588", 8_000)


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
    monkeypatch.setitem(sound_tracks._SIMPLE, Codec.PCMU, "no_such_codec")
    monkeypatch.setitem(sound_tracks._IN_CHILD, Codec.G722, ("no_such_codec", 16000))
    for codec in (Codec.PCMU, Codec.G722):
        with pytest.raises(NvrError) as caught:
            open_sound(TrackFormat(TrackKind.AUDIO, codec, 8000))
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


@pytest.mark.parametrize(
    "codec",
    [
        Codec.LATM,
        Codec.OPUS,
        Codec.G722,
        Codec.G726,
        Codec.PCMU,
        Codec.PCMA,
        Codec.L16,
    ],
)
def test_only_plain_sound_is_decoded_in_this_process(codec: Codec) -> None:
    """Whatever a device sends as the others may crash a decoder: a child's."""
    made: list[str] = []
    real = av.CodecContext.create

    def create(name: str, mode: str) -> object:
        made.append(f"{name} {mode}")
        return real(name, mode)

    with (
        patch.object(sound_tracks.CodecContext, "create", create),
        patch.object(sound_tracks.av, "open", side_effect=AssertionError),
    ):
        sound = open_sound(TrackFormat(TrackKind.AUDIO, codec, 16_000))
        unit = AccessUnit(1, bytes(160), 0, None, is_key=True)
        sound.take(TimedUnit(START_US, unit))
    simple = {
        Codec.PCMU: ["pcm_mulaw r"],
        Codec.PCMA: ["pcm_alaw r"],
        Codec.L16: ["pcm_s16be r"],
    }
    assert made == [*simple.get(codec, []), "aac w"]


def test_a_tone_survives_the_child() -> None:
    """G.722 of a tone comes out as long and as loud as it went in."""
    encoder = av.CodecContext.create("g722", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 16_000, "mono", "s16"
    encoder.time_base = Fraction(1, 16_000)
    child = SoundChild("g722", rate=16_000, out_rate=16_000, layout="mono", bits=0)
    heard = b""
    for number in range(50):
        frame = av.AudioFrame("s16", "mono", 320)
        tone = array("h", (10_000 if n // 20 % 2 else -10_000 for n in range(320)))
        frame.planes[0].update(tone.tobytes())
        frame.sample_rate, frame.pts = 16_000, number * 320
        frame.time_base = Fraction(1, 16_000)
        for packet in encoder.encode(frame):
            heard += child.decode(bytes(packet))
    samples = array("h", heard)
    assert len(samples) == pytest.approx(50 * 320, abs=640)
    assert max(samples) > 8_000
    child.close()
    assert child.decode(b"\0" * 160) == b""


def test_a_decoder_that_dies_or_hangs_is_silence_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sound_child, "_ANSWER_S", 0.2)
    for end in (signal.SIGKILL, signal.SIGSTOP):
        caplog.clear()
        sound = open_sound(TrackFormat(TrackKind.AUDIO, Codec.G722, 8000))
        child = sound._decoder._child
        os.kill(child._child.pid, end)
        for item in encoded.g711_units(START_US, 10):
            assert sound.take(item) == []
        assert not child.is_alive
        assert child._child.returncode is not None, "no process is left"
        assert caplog.text.count("its decoder failed") == 1


def test_the_child_ends_with_the_sound_it_was_for() -> None:
    sound = open_sound(TrackFormat(TrackKind.AUDIO, Codec.OPUS, 48_000))
    process = sound._decoder._child._child
    assert process.poll() is None
    del sound
    gc.collect()
    assert process.returncode is not None


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
