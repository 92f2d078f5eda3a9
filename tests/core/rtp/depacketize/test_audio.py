from collections.abc import Callable
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
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtp.depacketize import (
    can_depacketize,
    make_depacketizer,
)
from custom_components.vtrack_nvr.core.rtp.depacketize.base import Depacketizer
from custom_components.vtrack_nvr.core.rtp.replay_extension import CLEAN, ReplayStamp
from tests.core.test_aac_config import adts

BOUNDS = Bounds(access_unit_bytes=1000)
STAMP = ReplayStamp(777, CLEAN, 2)
AAC_16K = bytes.fromhex("1408")


def audio(codec: Codec, **more: object) -> TrackFormat:
    arguments: dict[str, object] = {"clock_rate": 8000, **more}
    return TrackFormat(TrackKind.AUDIO, codec, **arguments)


def make(
    track_format: TrackFormat,
) -> tuple[list[AccessUnit], Callable[..., None], Depacketizer]:
    out: list[AccessUnit] = []
    depacketizer = make_depacketizer(3, track_format, BOUNDS, out)

    def push(
        payload: bytes,
        timestamp: int = 0,
        marker: bool = True,
        stamp: ReplayStamp | None = None,
        lost: bool = False,
    ) -> None:
        depacketizer.push(memoryview(payload), timestamp, marker, stamp, lost)

    return out, push, depacketizer


def au(*frames: bytes, sizes: tuple[int, ...] = ()) -> bytes:
    """Return an AAC-hbr payload."""
    sizes = sizes or tuple(len(frame) for frame in frames)
    heads = b"".join((size << 3).to_bytes(2) for size in sizes)
    return (16 * len(sizes)).to_bytes(2) + heads + b"".join(frames)


@pytest.mark.parametrize(
    "codec",
    [
        Codec.PCMU,
        Codec.PCMA,
        Codec.G722,
        Codec.G726,
        Codec.OPUS,
        Codec.L8,
        Codec.L16,
        Codec.L24,
    ],
)
def test_a_packet_of_plain_audio_is_a_unit(codec: Codec) -> None:
    out, push, depacketizer = make(audio(codec))
    push(b"sound", 160, False, STAMP)
    push(b"", 320)
    push(b"more", 320, False)
    depacketizer.release()
    depacketizer.finish()
    depacketizer.reset()
    assert out == [
        AccessUnit(3, b"sound", 160, 777, True, False, True, play_cseq=2),
        AccessUnit(3, b"more", 320, None, True),
    ]


def test_one_aac_frame_in_a_packet() -> None:
    out, push, _ = make(audio(Codec.AAC, clock_rate=16000, config=AAC_16K))
    push(au(b"frame"), 1024, stamp=STAMP)
    assert out == [AccessUnit(3, b"frame", 1024, 777, True, False, True, play_cseq=2)]


def test_several_aac_frames_are_dated_a_frame_apart_and_wrap() -> None:
    out, push, _ = make(audio(Codec.AAC, clock_rate=16000, config=AAC_16K))
    push(au(b"one", b"two!", b"three"), 0xFFFFFF00, stamp=STAMP)
    assert [(u.data, u.rtp_time, u.time_us) for u in out] == [
        (b"one", 0xFFFFFF00, 777),
        (b"two!", 0x300, None),
        (b"three", 0x700, None),
    ]


def test_an_aac_frame_larger_than_packets_is_put_together() -> None:
    out, push, _ = make(audio(Codec.AAC, config=AAC_16K))
    push(au(b"abc", sizes=(8,)), 5, False, STAMP)
    push(au(b"def", sizes=(8,)), 5, False)
    push(au(b"gh", sizes=(8,)), 5)
    assert [(u.data, u.time_us) for u in out] == [(b"abcdefgh", 777)]


def test_an_aac_frame_with_a_missing_piece_is_dropped() -> None:
    out, push, _ = make(audio(Codec.AAC, config=AAC_16K))
    push(au(b"abc", sizes=(8,)), 5, False)
    push(au(b"gh", sizes=(8,)), 5, True, lost=True)
    push(au(b"abc", sizes=(8,)), 6, False)
    push(au(b"xyz", sizes=(9,)), 6, False)
    push(au(b"abcdefgh!", sizes=(12,)), 6, True)
    push(au(b"abcdefgh!", sizes=(12,)), 6, True)
    push(au(b"next"), 9)
    assert [u.data for u in out] == [b"next"]


def test_aac_frames_of_other_layouts_are_read() -> None:
    out, push, _ = make(audio(Codec.AAC, config=AAC_16K, au_header_bits=(6, 2, 2)))
    push(bytes((0, 16, 2 << 2, 3 << 2)) + b"ababc")
    assert [u.data for u in out] == [b"ab", b"abc"]


def au_of(bits: int, headers: int, data: bytes) -> bytes:
    """Return a payload with headers of so many bits."""
    size = (bits + 7) // 8
    return bits.to_bytes(2) + (headers << 8 * size - bits).to_bytes(size) + data


@pytest.mark.parametrize(
    ("described", "payload", "frames"),
    [
        ((13, 0, 0), au_of(13, 5, b"frame"), [b"frame"]),
        ((13, 0, 0), au(b"frame"), [b"frame"]),
        ((13, 3, 3), au_of(13, 5, b"frame"), [b"frame"]),
        ((13, 3, 0), au(b"one", b"two!"), [b"one", b"two!"]),
        ((13, 3, 3), au_of(26, 3 << 13 | 4, b"onetwo!"), [b"one", b"two!"]),
        ((13, 3, 3), au_of(8, 3 << 2, b"one"), [b"one"]),
        ((13, 3, 3), b"\0\0frame", [b"frame"]),
        ((13, 3, 3), au(*[b"x"] * 13), [b"x"] * 13),
        (
            (13, 3, 3),
            au_of(208, sum(1 << 13 * n for n in range(16)), b"x" * 16),
            [b"x"] * 16,
        ),
    ],
)
def test_what_the_headers_say_counts_not_what_was_described(
    described: tuple[int, int, int], payload: bytes, frames: list[bytes]
) -> None:
    out, push, _ = make(audio(Codec.AAC, config=AAC_16K, au_header_bits=described))
    push(payload)
    assert [u.data for u in out] == frames


@pytest.mark.parametrize("step", [512, 1024])
def test_times_are_right_whichever_of_two_rates_a_device_counts_in(step: int) -> None:
    """The rtpmap says 8 kHz, the configuration 16 kHz."""
    out, push, _ = make(audio(Codec.AAC, clock_rate=8000, config=AAC_16K))
    for number in range(20):
        push(au(b"one", b"two"), 2**32 - 5000 + number * 2 * step)
    steps = [b.rtp_time - a.rtp_time & 0xFFFFFFFF for a, b in pairwise(out)]
    assert set(steps[8:]) == {512}
    assert [u.data for u in out] == [b"one", b"two"] * 20


def test_units_of_one_size_need_no_headers() -> None:
    out, push, _ = make(
        audio(Codec.AAC, config=AAC_16K, au_header_bits=(0, 0, 0), au_bytes=3)
    )
    push(b"onetwo", 7)
    out2, push2, _ = make(
        audio(Codec.AAC, config=AAC_16K, au_header_bits=(0, 3, 3), au_bytes=3)
    )
    push2(au_of(6, 0, b"onetwo"), 7)
    assert [u.data for u in out] == [u.data for u in out2] == [b"one", b"two"]


def test_adts_inside_units_is_taken_off() -> None:
    out, push, _ = make(audio(Codec.AAC, clock_rate=16000, config=AAC_16K))
    two = adts(b"one") + adts(b"two", channels=2)
    push(au(two, adts(b"three")), 100, stamp=STAMP)
    push(two, 5000)
    whole = adts(b"large" * 3)
    push(au(whole[:9], sizes=(len(whole),)), 9000, False)
    push(au(whole[9:], sizes=(len(whole),)), 9000)
    assert [(u.data, u.rtp_time, u.time_us, u.config.hex()) for u in out] == [
        (b"one", 100, 777, "1408"),
        (b"two", 1124, None, "1410"),
        (b"three", 2148, None, "1408"),
        (b"one", 5000, None, "1408"),
        (b"two", 6024, None, "1410"),
        (b"large" * 3, 9000, None, "1408"),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        b"\0\x10",
        b"\0\x10\0",
        b"\xff\xff\0\0",
        b"\0\x08\0\0",
        au(b"", sizes=(0,)),
    ],
)
def test_broken_aac_payloads_are_skipped(payload: bytes) -> None:
    out, push, _ = make(audio(Codec.AAC, config=AAC_16K))
    push(payload)
    assert out == []


def test_aac_frames_that_do_not_fit_the_packet_end_it() -> None:
    out, push, depacketizer = make(audio(Codec.AAC, config=AAC_16K))
    push(au(b"good", b"cut", sizes=(4, 9)))
    depacketizer.finish()
    assert [u.data for u in out] == [b"good"]


@pytest.mark.parametrize("codec", [Codec.AAC, Codec.LATM])
def test_an_audio_frame_beyond_its_bound_is_refused(codec: Codec) -> None:
    _, push, _ = make(audio(codec, config=AAC_16K))
    with pytest.raises(NvrError) as error:
        push(au(bytes(1500), sizes=(4000,)), marker=False)
    assert error.value.kind is ErrorKind.PROTOCOL


def test_latm_with_its_configuration_outside_is_raw_aac() -> None:
    out, push, _ = make(
        audio(Codec.AAC, clock_rate=16000, config=AAC_16K, name="MP4A-LATM")
    )
    push(b"\x03abc\x02de", 100, stamp=STAMP)
    push(b"\xff\x01" + bytes(256), 5000)
    push(b"\xff\xff", 9000)
    push(b"\x09abc", 9500)
    push(b"\x00", 9600)
    assert [(u.data, u.rtp_time, u.time_us) for u in out] == [
        (b"abc", 100, 777),
        (b"de", 1124, None),
        (bytes(256), 5000, None),
    ]


def test_latm_with_its_configuration_inside_is_framed_as_loas() -> None:
    out, push, depacketizer = make(audio(Codec.LATM))
    push(b"abc", 1, False)
    depacketizer.release()
    push(b"de", 1, True)
    push(b"", 2, True)
    assert [u.data for u in out] == [b"\x56\xe0\x05abcde"]


def test_latm_elements_with_missing_packets_are_dropped() -> None:
    out, push, depacketizer = make(audio(Codec.LATM))
    push(b"abc", 1, False)
    push(b"de", 1, True, lost=True)
    push(b"cut", 2, False)
    push(b"new", 3, True)
    push(b"open", 4, False)
    depacketizer.finish()
    assert [u.data for u in out] == [b"\x56\xe0\x03new"]


@pytest.mark.parametrize(
    ("codec", "payload"),
    [(Codec.AAC, au(b"", sizes=(900,))), (Codec.LATM, b"")],
)
def test_an_audio_frame_in_endless_empty_pieces_is_refused(
    codec: Codec, payload: bytes
) -> None:
    _, push, _ = make(audio(codec, config=AAC_16K))

    def go_on() -> None:
        for _ in range(100_000):
            push(payload, marker=False)

    with pytest.raises(NvrError) as error:
        go_on()
    assert error.value.kind is ErrorKind.PROTOCOL


def test_other_codecs_are_refused_by_name() -> None:
    track_format = TrackFormat(TrackKind.VIDEO, Codec.UNKNOWN, 90_000, name="X-ODD")
    assert not can_depacketize(track_format)
    with pytest.raises(NvrError, match="X-ODD") as error:
        make_depacketizer(0, track_format, BOUNDS, [])
    assert error.value.kind is ErrorKind.UNSUPPORTED_CODEC


def aac_frames() -> tuple[bytes, list[bytes]]:
    """Return the configuration and the frames of half a second of real AAC."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate = 16_000
    encoder.layout = "mono"
    encoder.format = "fltp"
    encoder.open()
    packets = []
    for _ in range(8):
        frame = av.AudioFrame("fltp", "mono", 1024)
        frame.sample_rate = 16_000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return bytes(encoder.extradata or b"")[:2], [bytes(packet) for packet in packets]


def test_latm_with_its_configuration_inside_can_be_decoded() -> None:
    config, frames = aac_frames()
    out, push, _ = make(audio(Codec.LATM, clock_rate=16_000))
    for number, frame in enumerate(frames):
        # AudioMuxElement(1): new config, then the length and the frame, bit by bit
        bits = "0" + "0" + "1" + "000000" + "0000" + "000"
        bits += f"{int.from_bytes(config):016b}" + "000" + "11111111" + "0" + "0"
        bits += "11111111" * (len(frame) // 255) + f"{len(frame) % 255:08b}"
        bits += f"{int.from_bytes(frame):0{8 * len(frame)}b}"
        bits += "0" * (-len(bits) % 8)
        push(int(bits, 2).to_bytes(len(bits) // 8), number * 1024)
    decoder = av.CodecContext.create("aac_latm", "r")
    decoded = [f for unit in out for f in decoder.decode(av.Packet(unit.data))]
    assert len(decoded) == len(frames)
    assert decoded[0].sample_rate == 16_000
