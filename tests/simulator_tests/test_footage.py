"""Pictures say who, when and which; they survive coding, and reading does not guess."""

from fractions import Fraction
import io
from itertools import pairwise
import threading

import av
import numpy as np
from PIL import Image
import pytest

from tests.simulator.footage import (
    FootageStore,
    UnreadablePictureError,
    gop_starts,
    read_beeps,
    read_frame_numbers,
    read_picture,
    read_pictures,
)
from tests.simulator.footage_audio import FORMATS, LOOP_MS, audio_loop, beep_hz
from tests.simulator.footage_picture import camera_code, draw
from tests.simulator.timeline import Look, Span, frame_number

BASE = 1_795_000_000_000


def write_mp4(path, gops, codec="h264", audio=None):
    """Write groups of pictures, and sound, into a file, pictures 100 ms apart."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream(
            {"h264": "libx264", "hevc": "libx265"}[codec], rate=10
        )
        stream.width, stream.height = 640, 360
        # A muxer of raw packets: the stream's own encoder is never used.
        sets = b"".join(b"\0\0\0\1" + item for item in gops[0].parameter_sets)
        stream.codec_context.extradata = sets
        stream.time_base = Fraction(1, 90_000)
        for gop in gops:
            for index, unit in enumerate(gop.units):
                nals = (*gop.parameter_sets, *unit.nals) if unit.key else unit.nals
                packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in nals))
                packet.stream = stream
                packet.time_base = Fraction(1, 1000)
                packet.pts = unit.time_ms - gops[0].start_ms
                packet.dts = gop.start_ms - gops[0].start_ms + 100 * index - 300
                packet.is_keyframe = unit.key
                container.mux(packet)


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_file_tells_the_number_and_time_of_every_frame(
    tmp_path, footage, codec, bframes
):
    look = Look("Door", codec, bframes=bframes)
    gops = footage.gops(Span(BASE, BASE + 4000, BASE, look))
    path = tmp_path / "clip.mp4"
    write_mp4(path, gops, {"H264": "h264", "H265": "hevc"}[codec])
    expected = [(frame_number(BASE + 100 * k), BASE + 100 * k) for k in range(40)]
    assert read_frame_numbers(path) == expected
    pictures = read_pictures(path)
    assert {item.picture.camera for item in pictures} == {camera_code("Door")}
    assert {(item.width, item.height) for item in pictures} == {(640, 360)}
    assert [item.pts_ms - pictures[0].pts_ms for item in pictures] == [
        100 * k for k in range(40)
    ]


def test_pictures_differ_between_cameras():
    one = read_picture(draw(Look("Door"), BASE)[:360])
    other = read_picture(draw(Look("Yard"), BASE)[:360])
    assert one.number == other.number
    assert one.camera != other.camera


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (160, 90), (1280, 720)])
@pytest.mark.parametrize("quality", [30, 90])
def test_scaled_and_compressed_stills_can_be_read(size, quality):
    frame = av.VideoFrame.from_ndarray(draw(Look("Door"), BASE + 1234), "yuv420p")
    made = io.BytesIO()
    frame.to_image().resize(size).save(made, "JPEG", quality=quality)
    assert read_picture(made.getvalue()).time_ms == BASE + 1234


def test_what_the_simulator_did_not_draw_is_not_read():
    noise = np.random.default_rng(1).integers(0, 255, (360, 640), np.uint8)
    with pytest.raises(UnreadablePictureError):
        read_picture(noise)
    with pytest.raises(UnreadablePictureError):
        read_picture(np.zeros((360, 640), np.uint8))


def test_a_wrong_block_is_noticed():
    luma = draw(Look("Door"), BASE)[:360].copy()
    luma[18:36, 40:60] = 255 - luma[18:36, 40:60]
    with pytest.raises(UnreadablePictureError):
        read_picture(luma)


def test_a_file_with_a_foreign_picture_is_refused(tmp_path):
    path = tmp_path / "black.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        frame = av.VideoFrame.from_image(Image.new("RGB", (640, 360)))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadablePictureError, match="picture 0"):
        read_frame_numbers(path)


def test_a_group_is_encoded_once_whoever_asks(tmp_path):
    store = FootageStore()
    threads = [
        threading.Thread(target=store.gop, args=(Look("Door"), BASE, 20))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.encoded == 1


def test_a_cache_on_disk_serves_the_next_run(tmp_path):
    span = Span(BASE, BASE + 4000, BASE, Look("Door"))
    first = FootageStore(tmp_path)
    first.warm([span])
    second = FootageStore(tmp_path)
    assert second.gops(span) == first.gops(span)
    assert (first.encoded, second.encoded) == (2, 0)
    for path in tmp_path.rglob("*.gop"):
        path.write_bytes(b"half a file")
    third = FootageStore(tmp_path)
    assert third.gops(span) == first.gops(span)
    assert third.encoded == 2


def test_memory_stays_bounded():
    store = FootageStore(memory_bytes=20_000)
    for index in range(8):
        store.gop(Look("Door"), BASE + 2000 * index, 20)
    assert store.held_bytes <= 20_000 + 15_000


def test_the_same_moment_is_coded_alike_in_every_run():
    assert FootageStore().gop(Look("Door"), BASE, 20) == FootageStore().gop(
        Look("Door"), BASE, 20
    )


def test_a_span_ends_with_a_short_group():
    span = Span(BASE, BASE + 4500, BASE, Look("Door"))
    assert gop_starts(span) == [(BASE, 20), (BASE + 2000, 20), (BASE + 4000, 5)]


def test_padding_reaches_the_wanted_rate(footage):
    gop = footage.gop(Look("Door", pad_kbps=4000), BASE, 20)
    total = sum(len(nal) for unit in gop.units for nal in unit.nals)
    assert total == pytest.approx(4_000_000 // 8 * 2, rel=0.05)


def test_damage_touches_its_own_group_only(footage):
    number = frame_number(BASE + 3000)
    broken = Look("Door", damaged_numbers=frozenset({number}))
    assert footage.gop(broken, BASE, 20) is footage.gop(Look("Door"), BASE, 20)
    assert footage.gop(broken, BASE + 2000, 20) != footage.gop(
        Look("Door"), BASE + 2000, 20
    )


# --- Sound -------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", sorted(FORMATS))
def test_sound_names_its_second(tmp_path, codec):
    loop = audio_loop(codec)
    ending = {"AAC": "mp4", "L16": "au"}.get(codec, "wav")
    path = tmp_path / f"sound.{ending}"
    frames = loop.frames_between(BASE + 500, BASE + 10_500)
    form = FORMATS[codec]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(form.encoder, rate=form.sample_rate)
        stream.layout = "mono"
        if loop.config:
            stream.codec_context.extradata = loop.config
        for moment, frame in frames:
            packet = av.Packet(frame)
            packet.stream = stream
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = moment - frames[0][0]
            container.mux(packet)
    beeps = read_beeps(path)
    shift = frames[0][0] - BASE
    assert len(beeps) >= 9
    for at_ms, second in beeps:
        moment = BASE + shift + at_ms
        assert second == round(moment / 1000) % (LOOP_MS // 1000)
        assert abs((moment + 500) % 1000 - 500) <= 25


def test_frames_of_sound_lie_on_one_grid():
    loop = audio_loop("AAC")
    first = loop.frames_between(BASE + 10, BASE + 1000)
    second = loop.frames_between(BASE + 1000, BASE + 2000)
    times = [moment for moment, _ in first + second]
    assert {b - a for a, b in pairwise(times)} == {64}
    assert loop.frames_between(BASE, BASE) == []
    assert len({beep_hz(second) for second in range(8)}) == 8
