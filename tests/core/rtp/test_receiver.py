from collections.abc import Iterator
from dataclasses import replace
import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtp.receiver import Receiver
from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    CLEAN,
    LAST,
    TERMINAL,
    ReplayStamp,
    build_extension,
)

from .packets import fragment_h264, fragment_h265, interleave, rtp

H264 = TrackFormat(TrackKind.VIDEO, Codec.H264, 90_000)
H265 = TrackFormat(TrackKind.VIDEO, Codec.H265, 90_000)
PCMU = TrackFormat(TrackKind.AUDIO, Codec.PCMU, 8000)
AAC = TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000, config=bytes.fromhex("1408"))
BYE = bytes.fromhex("80cb0000")
SETS = {
    Codec.H264: (b"\x67\x42", b"\x68\xce"),
    Codec.H265: (b"\x40\x01v", b"\x42\x01s", b"\x44\x01p"),
}
REPORT = bytes.fromhex("80c80006") + b"\0\0\0\1" + bytes(20)


def receiver(video: TrackFormat = H264, audio: TrackFormat = PCMU) -> Receiver:
    made = Receiver(Bounds())
    made.add_track(0, replace(video, parameter_sets=SETS[video.codec]), 96, 0, 1)
    made.add_track(1, audio, 0, 2, 3)
    return made


def picture(codec: Codec, number: int, size: int = 5000) -> bytes:
    body = random.Random(number).randbytes(size)
    if codec is Codec.H264:
        return bytes((0x65 if number % 5 == 0 else 0x41, 0x88)) + body
    return bytes(((19 if number % 5 == 0 else 1) << 1, 1, 0x80)) + body


def unit_data(codec: Codec, number: int) -> bytes:
    """Return a picture as it comes out: a key picture with its parameter sets."""
    nals = (*(SETS[codec] if number % 5 == 0 else ()), picture(codec, number))
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def stream(
    codec: Codec = Codec.H264,
    *,
    pictures: int = 12,
    stamp_all: bool = False,
    first: int = 65_500,
) -> Iterator[tuple[int, bytes]]:
    """Yield channel and packet of video with audio in between; sequence numbers wrap."""
    fragment = fragment_h264 if codec is Codec.H264 else fragment_h265
    sequence = first
    for number in range(pictures):
        payloads = list(fragment(picture(codec, number), 400))
        stamp = ReplayStamp(10**15 + number * 40_000, CLEAN, 7)
        for place, payload in enumerate(payloads):
            yield (
                0,
                rtp(
                    payload,
                    sequence,
                    number * 3600,
                    marker=place == len(payloads) - 1,
                    stamp=stamp if stamp_all or place == 0 else None,
                ),
            )
            sequence += 1
            if place == 5:
                yield 2, rtp(bytes(80), number, number * 160, payload_type=0)


def feed(made: Receiver, data: bytes, block: int) -> list[AccessUnit]:
    """Feed block by block through a buffer that is used again, as a session does."""
    buffer = bytearray(block + 70_000)
    view = memoryview(buffer)
    held = 0
    for start in range(0, len(data), block):
        piece = data[start : start + block]
        buffer[held : held + len(piece)] = piece
        end = held + len(piece)
        position = made.take(view, 0, end)
        held = end - position
        buffer[:held] = buffer[position:end]
        buffer[held:] = bytes(len(buffer) - held)
    made.end_marked()
    return made.units


def joined(items: Iterator[tuple[int, bytes]]) -> bytes:
    return b"".join(interleave(channel, data) for channel, data in items)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("stamp_all", [False, True])
@pytest.mark.parametrize("block", [1, 333, 4096, 1_000_000])
def test_units_are_the_same_in_whatever_pieces_they_come(
    codec: Codec, stamp_all: bool, block: int
) -> None:
    made = receiver(H264 if codec is Codec.H264 else H265)
    pictures = 3 if block == 1 else 12
    units = feed(
        made, joined(stream(codec, stamp_all=stamp_all, pictures=pictures)), block
    )
    video = [unit for unit in units if unit.track == 0]
    assert [unit.data for unit in video] == [
        unit_data(codec, number) for number in range(pictures)
    ]
    assert [unit.time_us for unit in video] == [
        10**15 + number * 40_000 for number in range(pictures)
    ]
    assert [unit.is_key for unit in video] == [n % 5 == 0 for n in range(pictures)]
    assert len(units) - len(video) == pictures
    assert made.holes == 0
    assert made.malformed == 0


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_every_lost_packet_is_a_hole_and_damages_one_unit(codec: Codec) -> None:
    packets = list(stream(codec, pictures=4))
    video = [place for place, (channel, _) in enumerate(packets) if channel == 0]
    for lost in video[1:-1]:
        made = receiver(H264 if codec is Codec.H264 else H265)
        units = feed(made, joined(iter(packets[:lost] + packets[lost + 1 :])), 4096)
        pictures = [unit for unit in units if unit.track == 0]
        whole = {unit_data(codec, number) for number in range(4)}
        assert made.holes == 1
        assert all(unit.is_damaged or unit.data in whole for unit in pictures)
        assert sum(unit.is_damaged for unit in pictures) <= 1
        assert sum(not unit.is_damaged for unit in pictures) == 3


def test_a_new_source_is_no_hole() -> None:
    made = receiver()
    feed(made, interleave(0, rtp(b"\x41\x9a\x01", 5, 0, marker=True)), 4096)
    feed(made, interleave(0, rtp(b"\x41\x9a\x01", 99, 9, marker=True, ssrc=1)), 4096)
    assert made.holes == 0
    assert len(made.units) == 2


def test_packets_of_another_payload_type_are_skipped_once_the_right_one_was_seen() -> (
    None
):
    made = receiver()
    odd = interleave(2, rtp(b"cn", 1, 0, payload_type=13))
    feed(made, odd, 4096)
    feed(made, interleave(2, rtp(b"ulaw", 2, 80, payload_type=0)), 4096)
    feed(made, odd, 4096)
    assert [unit.data for unit in made.units] == [b"cn", b"ulaw"]


def test_an_unknown_payload_type_all_along_is_taken() -> None:
    made = receiver()
    packets = (
        interleave(0, rtp(payload, n, 0, payload_type=35, marker=n == 12))
        for n, payload in enumerate(fragment_h264(picture(Codec.H264, 1), 400))
    )
    feed(made, b"".join(packets), 4096)
    assert [len(unit.data) for unit in made.units] == [5006]


def test_malformed_packets_are_counted_and_skipped() -> None:
    made = receiver()
    feed(made, interleave(0, b"") + interleave(0, b"\x00" * 20), 4096)
    assert made.malformed == 2
    assert made.units == []


def test_frames_on_unknown_channels_are_skipped() -> None:
    made = receiver()
    data = interleave(9, b"old session") + interleave(
        2, rtp(b"new", 1, 0, payload_type=0)
    )
    assert feed(made, data, 4096)[0].data == b"new"


def test_taking_stops_at_what_is_no_frame_and_at_half_a_frame() -> None:
    made = receiver()
    whole = interleave(2, rtp(b"x", 1, 0, payload_type=0))
    data = memoryview(whole + b"RTSP/1.0 200 OK")
    assert made.take(data, 0, len(data)) == len(whole)
    half = memoryview(whole[:-1])
    assert made.take(half, 0, len(half)) == 0


def test_bye_is_seen_per_track_on_either_channel_and_taken_back_by_media() -> None:
    made = receiver()
    feed(made, interleave(1, BYE), 4096)
    assert made.ended_tracks == {0}
    assert not made.have_all_ended
    feed(made, interleave(2, BYE), 4096)
    assert made.have_all_ended
    feed(made, interleave(2, rtp(b"x", 1, 0, payload_type=0)), 4096)
    assert made.ended_tracks == {0}


def test_without_tracks_nothing_has_ended() -> None:
    assert not Receiver(Bounds()).have_all_ended


def test_sender_reports_are_kept_with_their_track() -> None:
    made = receiver()
    feed(made, interleave(3, REPORT), 4096)
    assert [(track, report.ssrc) for track, report in made.reports] == [(1, 1)]


def test_restart_forgets_what_was_under_way() -> None:
    made = receiver()
    packets = list(stream(pictures=2))
    feed(made, joined(iter(packets[:20])), 4096)
    made.restart()
    assert made.units == []
    feed(made, joined(stream(pictures=1, first=3)), 4096)
    assert made.holes == 0
    assert [unit.is_damaged for unit in made.units if unit.track == 0] == [False]


def test_finish_reaches_the_tracks() -> None:
    made = receiver()
    feed(made, interleave(0, rtp(b"\x41\x9a\x01", 5, 0)), 4096)
    made.finish()
    assert len(made.units) == 1


def test_parameter_sets_are_those_of_the_track() -> None:
    made = receiver()
    feed(made, interleave(0, rtp(b"\x67\x42\x07", 5, 0)), 4096)
    feed(made, interleave(0, rtp(b"\x65\x88\x01", 6, 0, marker=True)), 4096)
    assert made.parameter_sets(0) == (b"\x67\x42\x07", SETS[Codec.H264][1])
    assert made.parameter_sets(1) == ()
    assert made.parameter_sets(7) == ()


def test_a_unit_without_end_is_refused() -> None:
    made = Receiver(Bounds(access_unit_bytes=50_000))
    made.add_track(0, H264, 96, 0, 1)
    packets = (
        interleave(0, rtp(payload, n, 0))
        for n, payload in enumerate(
            fragment_h264(bytes((0x65, 0x80)) + bytes(90_000), 900)
        )
    )
    with pytest.raises(NvrError) as error:
        feed(made, b"".join(packets), 4096)
    assert error.value.kind is ErrorKind.PROTOCOL


@pytest.mark.parametrize("video", [H264, H265])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_streams_never_raise_anything_of_their_own(
    video: TrackFormat, data: st.DataObject
) -> None:
    whole = bytearray(joined(stream(video.codec, pictures=3)))
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(
            st.integers(0, 255)
        )
    cut = data.draw(st.integers(0, len(whole)))
    made = receiver(video, AAC)
    view = memoryview(bytes(whole[:cut]))
    position = made.take(view, 0, len(view))
    assert 0 <= position <= cut
    assert sum(len(unit.data) for unit in made.units) <= 2 * cut + 4096


def one_by_one(made: Receiver, data: bytes) -> None:
    """Feed every frame alone, so that none is taken in a run with others."""
    view = memoryview(data)
    position = 0
    while position < len(data):
        end = position + 4 + int.from_bytes(data[position + 2 : position + 4])
        assert made.take(view, position, end) == end
        position = end


@pytest.mark.parametrize("video", [H264, H265])
@pytest.mark.parametrize("stamp_all", [False, True])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_is_taken_in_a_run_is_what_is_taken_one_by_one(
    video: TrackFormat, stamp_all: bool, data: st.DataObject
) -> None:
    frames = [
        bytearray(interleave(channel, packet))
        for channel, packet in stream(video.codec, pictures=3, stamp_all=stamp_all)
    ]
    for _ in range(data.draw(st.integers(0, 12))):
        frame = frames[data.draw(st.integers(0, len(frames) - 1))]
        heads = st.integers(4, min(len(frame), 40) - 1)
        place = data.draw(heads | st.just(len(frame) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        frame[place] = data.draw(st.sampled_from((0, frame[place] ^ bit)))
    whole = b"".join(frames)
    together, alone = receiver(video), receiver(video)
    assert together.take(memoryview(whole), 0, len(whole)) == len(whole)
    one_by_one(alone, whole)
    assert together.units == alone.units
    assert together.hole_places == alone.hole_places
    assert together.malformed == alone.malformed
    assert together.ready == alone.ready


def test_flags_of_the_last_packet_alone_are_seen() -> None:
    made = receiver()
    payloads = list(fragment_h264(picture(Codec.H264, 0), 400))
    last = len(payloads) - 1
    for number, payload in enumerate(payloads):
        flags = LAST | TERMINAL if number == last else CLEAN
        stamp = ReplayStamp(10**15, flags, 7)
        packet = rtp(payload, number, 0, marker=number == last, stamp=stamp)
        payloads[number] = interleave(0, packet)
    (unit,) = feed(made, b"".join(payloads), 1_000_000)
    assert (unit.is_clean, unit.is_last, unit.is_terminal) == (True, True, True)


def test_longer_extensions_on_every_packet_are_taken_off() -> None:
    made = receiver()
    payloads = fragment_h264(picture(Codec.H264, 0), 400)
    stamp = build_extension(ReplayStamp(10**15, CLEAN, 7))
    extension = stamp[:2] + b"\0\5" + stamp[4:] + b"JPEGJPEG"
    packets = (
        interleave(0, rtp(payload, number, 0, extension=extension))
        for number, payload in enumerate(payloads)
    )
    feed(made, b"".join(packets), 1_000_000)
    made.finish()
    assert [unit.data for unit in made.units] == [unit_data(Codec.H264, 0)]


def test_a_unit_that_ends_in_a_run_is_refused_if_it_is_too_long() -> None:
    made = Receiver(Bounds(access_unit_bytes=50_000))
    made.add_track(0, H264, 96, 0, 1)
    payloads = list(fragment_h264(bytes((0x65, 0x80)) + bytes(59_999) + b"\1", 900))
    last = len(payloads) - 1
    packets = (
        interleave(0, rtp(payload, n, 0, marker=n == last))
        for n, payload in enumerate(payloads)
    )
    with pytest.raises(NvrError) as error:
        feed(made, b"".join(packets), 1_000_000)
    assert error.value.kind is ErrorKind.PROTOCOL


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((0, 1, 2, 3)), st.binary(max_size=40)), max_size=20
    )
)
def test_any_payloads_are_survived(payloads: list[tuple[int, bytes]]) -> None:
    for video, audio in ((H264, AAC), (H265, PCMU)):
        made = receiver(video, audio)
        data = joined(
            (
                channel,
                rtp(
                    payload,
                    n,
                    n // 3,
                    marker=n % 2 == 0,
                    payload_type=0 if channel else 96,
                ),
            )
            for n, (channel, payload) in enumerate(payloads)
        )
        view = memoryview(data)
        assert made.take(view, 0, len(view)) == len(data)


def test_sound_of_another_payload_type_says_how_it_is_coded() -> None:
    pcma = replace(PCMU, codec=Codec.PCMA)
    made = Receiver(Bounds())
    made.add_track(1, PCMU, 0, 2, 3, others={8: pcma})
    data = b"".join(
        interleave(2, rtp(b"sound", number, number * 160, payload_type=kind))
        for number, kind in enumerate((8, 0, 0, 8, 13, 0))
    )
    made.take(memoryview(data), 0, len(data))
    assert [(unit.rtp_time, unit.format) for unit in made.units] == [
        (0, pcma),
        (160, PCMU),
        (320, PCMU),
        (480, pcma),
        (800, PCMU),
    ]
    assert made.holes == 1
    made.restart()
