from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind
from custom_components.vtrack_nvr.core.rtsp.sdp import parse_sdp
from custom_components.vtrack_nvr.core.rtsp.sdp_formats import track_format
from custom_components.vtrack_nvr.core.rtsp.session_values import SessionDescription

BASE = "rtsp://192.0.2.10:554/rec/1"

FULL = b"""v=0
o=- 1 1 IN IP4 192.0.2.10
s=NVR replay
t=0 0
a=control:rtsp://192.0.2.10:554/rec/1/
a=range:clock=20260301T000000Z-
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; profile-level-id=64001f; sprop-parameter-sets=Z2QAH6zZQFAFuhAAAAMAEAAAAwPI8YMZYA==,aOvjyyLA
a=control:trackID=video
a=Media_header:MEDIAINFO=494D4B48010100000400010000000000
a=x-onvif-track:VIDEO001
m=video 0 RTP/AVP 98
a=rtpmap:98 H265/90000
a=fmtp:98 sprop-vps=QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ; sprop-sps=QgEBAWAAAAMAAAMAAAMAAAMAlqADwIAQ5Z+SZ;sprop-pps=RAHA8vA8kA==
a=control:trackID=video2
a:x-onvif-track:VIDEO002
m=audio 0 RTP/AVP 97
a=rtpmap:97 mpeg4-generic/16000/1
a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408
a=control:trackID=audio
a=x-onvif-track: AUDIO001
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
a=control:trackID=meta
"""


def test_a_replay_description_is_read() -> None:
    described = parse_sdp(FULL, BASE)
    assert described.name == "NVR replay"
    assert described.control == f"{BASE}/"
    video, video2, audio, metadata = described.tracks
    assert video.format.codec is Codec.H264
    assert [nal[0] & 31 for nal in video.format.parameter_sets] == [7, 8]
    assert video.control == f"{BASE}/trackID=video"
    assert [t.onvif_track for t in described.tracks] == [
        "VIDEO001",
        "VIDEO002",
        "AUDIO001",
        "",
    ]
    assert [nal[0] >> 1 for nal in video2.format.parameter_sets] == [32, 34]
    assert audio.format == TrackFormat(
        TrackKind.AUDIO,
        Codec.AAC,
        16000,
        config=bytes.fromhex("1408"),
        name="mpeg4-generic",
    )
    assert metadata.format.kind is TrackKind.METADATA
    assert [t.index for t in described.tracks] == [0, 1, 2, 3]
    assert [t.payload_type for t in described.tracks] == [96, 98, 97, 107]


@pytest.mark.parametrize("newline", [b"\r\n", b"\r", b"\n\r\n"])
def test_any_line_end_will_do(newline: bytes) -> None:
    assert parse_sdp(FULL.replace(b"\n", newline), BASE) == parse_sdp(FULL, BASE)


def test_without_controls_the_request_url_is_used() -> None:
    described = parse_sdp(b"v=0\nm=video 0 RTP/AVP 26\n", f"{BASE}?x=1")
    assert described.control == f"{BASE}?x=1"
    assert described.tracks[0].control == f"{BASE}?x=1"


def test_a_star_keeps_the_base_and_tracks_follow_a_query() -> None:
    described = parse_sdp(
        b"v=0\na=control:*\nm=video 0 RTP/AVP 96\na=control:trackID=0\n", f"{BASE}?x=1"
    )
    assert described.control == f"{BASE}?x=1"
    assert described.tracks[0].control == f"{BASE}?x=1/trackID=0"


def test_the_payload_type_with_a_name_is_chosen_whatever_its_number() -> None:
    described = parse_sdp(
        b"m=video 0 RTP/AVP 35 99\na=rtpmap:99 H264/90000\n"
        b"m=video 0 RTP/AVP 35\na=rtpmap:35 H264/90000\n"
        b"m=video 0 RTP/AVP\na=rtpmap:35 H265/90000\n",
        BASE,
    )
    assert [t.payload_type for t in described.tracks] == [99, 35, 35]
    assert [t.format.codec for t in described.tracks] == [
        Codec.H264,
        Codec.H264,
        Codec.H265,
    ]


def test_broken_lines_are_left_out() -> None:
    described = parse_sdp(
        b"\xff\xfe\nm=\na=rtpmap:x H264\na=rtpmap:9999 H264/1\nm=audio 0 RTP/AVP 200 8\n=\na\n",
        BASE,
    )
    assert [t.format.codec for t in described.tracks] == [Codec.PCMU, Codec.PCMA]


def test_the_number_of_tracks_is_bounded() -> None:
    assert len(parse_sdp(b"m=video 0 RTP/AVP 96\n" * 1000, BASE).tracks) == 64


def audio(payload_type: int, rtpmap: str = "", fmtp: str = "") -> TrackFormat:
    return track_format(TrackKind.AUDIO, payload_type, rtpmap, fmtp)


@pytest.mark.parametrize(
    ("payload_type", "rtpmap", "codec", "clock_rate"),
    [
        (0, "", Codec.PCMU, 8000),
        (8, "", Codec.PCMA, 8000),
        (9, "", Codec.G722, 8000),
        (98, "PCMA/16000", Codec.PCMA, 16000),
        (2, "", Codec.G726, 8000),
        (111, "opus/48000/2", Codec.OPUS, 48000),
        (77, "", Codec.UNKNOWN, 8000),
        (77, "L16/44100/2", Codec.L16, 44100),
        (10, "", Codec.L16, 44100),
        (11, "", Codec.L16, 44100),
        (99, "L24/48000", Codec.L24, 48000),
        (99, "L8/8000", Codec.L8, 8000),
        (99, "L20/48000", Codec.UNKNOWN, 48000),
        (77, "PCMU/fast", Codec.PCMU, 8000),
    ],
)
def test_audio_formats(
    payload_type: int, rtpmap: str, codec: Codec, clock_rate: int
) -> None:
    made = audio(payload_type, rtpmap)
    assert (made.codec, made.clock_rate) == (codec, clock_rate)
    assert made.kind is TrackKind.AUDIO


@pytest.mark.parametrize(
    ("name", "bits"), [("G726-16", 2), ("G726-32", 4), ("AAL2-G726-40", 5)]
)
def test_g726_knows_its_bits(name: str, bits: int) -> None:
    made = audio(97, f"{name}/8000")
    assert (made.codec, made.bits_per_sample) == (Codec.G726, bits)


@pytest.mark.parametrize(
    ("rtpmap", "fmtp", "config", "bits"),
    [
        ("MPEG4-GENERIC/8000", "", "1588", (13, 3, 3)),
        ("MPEG4-GENERIC/48000/2", "config=zz", "1190", (13, 3, 3)),
        ("MPEG4-GENERIC/48000/8", "", "11b8", (13, 3, 3)),
        ("MPEG4-GENERIC/12345", "", "", (13, 3, 3)),
        (
            "MPEG4-GENERIC/8000",
            'SizeLength=6; indexLength="2";indexdeltalength=2;config="1588"',
            "1588",
            (6, 2, 2),
        ),
        (
            "MPEG4-GENERIC/8000",
            "sizelength=0;indexlength=0;indexdeltalength=99;nonsense",
            "1588",
            (13, 0, 3),
        ),
    ],
)
def test_aac_formats(
    rtpmap: str, fmtp: str, config: str, bits: tuple[int, int, int]
) -> None:
    made = audio(97, rtpmap, fmtp)
    assert made.codec is Codec.AAC
    assert made.config.hex() == config
    assert made.au_header_bits == bits


@pytest.mark.parametrize(
    ("fmtp", "codec", "config"),
    [
        ("cpresent=0;config=40002810", Codec.AAC, "1408"),
        ("cpresent=0;config=400056131044", Codec.AAC, "2b098822"),
        ("cpresent=0;config=80002810", Codec.AAC, "1408"),
        ("cpresent=0;config=40", Codec.AAC, "1408"),
        ("cpresent=0;config=", Codec.AAC, "1408"),
        ("cpresent=0", Codec.AAC, "1408"),
        ("config=40002320", Codec.AAC, "1190"),
        ("cpresent=1;config=40002810", Codec.LATM, ""),
        ("", Codec.LATM, ""),
    ],
)
def test_latm_with_its_configuration_outside_is_aac(
    fmtp: str, codec: Codec, config: str
) -> None:
    made = audio(97, "MP4A-LATM/16000", fmtp)
    assert (made.codec, made.config.hex(), made.name) == (codec, config, "MP4A-LATM")


def video(rtpmap: str, fmtp: str = "") -> TrackFormat:
    return track_format(TrackKind.VIDEO, 96, rtpmap, fmtp)


@pytest.mark.parametrize(
    ("rtpmap", "codec"),
    [
        ("H264/90000", Codec.H264),
        ("hevc", Codec.H265),
        ("JPEG/90000", Codec.MJPEG),
        ("MP4V-ES/90000", Codec.MPEG4),
        ("VP8/90000", Codec.UNKNOWN),
        ("", Codec.UNKNOWN),
    ],
)
def test_video_formats(rtpmap: str, codec: Codec) -> None:
    made = video(rtpmap)
    assert (made.codec, made.clock_rate) == (codec, 90_000)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("Z2QAH6zZQA,aOvjyyLA", [7, 8]),
        ("AAAAAWdkAB+s,AAABaOvjyyLA", [7, 8]),
        ("Z2QAH6zZQA==,!!!,,Zg==", [7]),
        ("", []),
    ],
)
def test_parameter_sets_are_taken_where_they_are_ones(
    value: str, kinds: list[int]
) -> None:
    made = video("H264/90000", f"sprop-parameter-sets={value}")
    assert [nal[0] & 31 for nal in made.parameter_sets] == kinds


@pytest.mark.parametrize(
    ("fmtp", "codec"),
    [
        ("", Codec.H265),
        ("sprop-max-don-diff=0", Codec.H265),
        ("sprop-max-don-diff=1", Codec.UNKNOWN),
        ("sprop-max-don-diff=32767;sprop-depack-buf-nalus=5", Codec.UNKNOWN),
    ],
)
def test_pictures_out_of_order_are_not_taken_for_ones_in_order(
    fmtp: str, codec: Codec
) -> None:
    made = video("H265/90000", fmtp)
    assert made.codec is codec
    assert made.name.startswith("H265")


def test_numbers_without_end_are_survived() -> None:
    digits = b"9" * 10_000
    text = (
        b"m=video 0 RTP/AVP " + digits + b" 96\na=rtpmap:" + digits + b" H264/90000\n"
    )
    text += b"a=rtpmap:96 H264/" + digits + b"\na=fmtp:96 sprop-max-don-diff=" + digits
    assert [t.payload_type for t in parse_sdp(text, BASE).tracks] == [96]


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_description_is_survived(data: bytes) -> None:
    for text in (data, b"m=video 0 RTP/AVP 96\na=" + data, FULL[:400] + data):
        assert isinstance(parse_sdp(text, BASE), SessionDescription)


@settings(max_examples=100)
@given(st.data())
def test_mutated_descriptions_are_survived(data: st.DataObject) -> None:
    text = bytearray(FULL)
    for _ in range(data.draw(st.integers(1, 30))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    described = parse_sdp(bytes(text[: data.draw(st.integers(0, len(text)))]), BASE)
    assert len(described.tracks) <= 64


def test_further_payload_types_of_sound_are_told() -> None:
    text = (
        b"m=video 0 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\n"
        b"a=rtpmap:97 H265/90000\r\nm=audio 0 RTP/AVP 0 8 97 0\r\n"
        b"a=rtpmap:97 L16/8000\r\n"
    )
    video, sound = parse_sdp(text, "rtsp://h/a").tracks
    assert video.others == ()
    assert sound.payload_type == 97
    assert [(number, other.codec) for number, other in sound.others] == [
        (0, Codec.PCMU),
        (8, Codec.PCMA),
    ]


@pytest.mark.parametrize(
    ("lines", "config"),
    [
        ("a=fmtp:40 config=1190", "1190"),
        ("a=fmtp: 97 config=1190", "1190"),
        ("a=fmtp:40 config=1190\r\na=fmtp:97 config=1408", "1408"),
        ("a=fmtp:40 config=1190\r\na=fmtp:41 config=1190", "1588"),
        ("a=fmtp:98 config=1190", "1588"),
    ],
)
def test_parameters_of_another_payload_type_count_if_they_are_nobodys(
    lines: str, config: str
) -> None:
    text = f"m=audio 0 RTP/AVP 97 98\r\na=rtpmap:97 MPEG4-GENERIC/8000\r\n{lines}\r\n"
    (sound,) = parse_sdp(text.encode(), "rtsp://h/a").tracks
    assert sound.format.config.hex() == config


def test_the_only_name_counts_for_a_dynamic_payload_type() -> None:
    text = b"m=audio 0 RTP/AVP 97\r\na=rtpmap:96 PCMA/16000\r\n"
    (sound,) = parse_sdp(text, "rtsp://h/a").tracks
    assert (sound.format.codec, sound.format.clock_rate) == (Codec.PCMA, 16_000)
    static = b"m=audio 0 RTP/AVP 8\r\na=rtpmap:96 PCMU/16000\r\n"
    (sound,) = parse_sdp(static, "rtsp://h/a").tracks
    assert (sound.format.codec, sound.format.clock_rate) == (Codec.PCMA, 8_000)


def test_constant_sizes_are_read() -> None:
    made = audio(97, "MPEG4-GENERIC/8000", "mode=generic;constantSize=60;config=1588")
    assert (made.au_bytes, made.au_header_bits) == (60, (0, 0, 0))
    alone = audio(97, "MPEG4-GENERIC/8000", "sizeLength=13;config=1588")
    assert (alone.au_bytes, alone.au_header_bits) == (0, (13, 0, 0))
    slow = audio(97, "MPEG4-GENERIC/8000", "mode=AAC-lbr;config=1588")
    assert slow.au_header_bits == (6, 2, 2)


@pytest.mark.parametrize(
    ("text", "codec", "payload_type"),
    [
        (
            (
                "m=video 0 RTP/AVP 97 96\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n"
                "a=rtpmap:96 H264/90000\n"
            ),
            Codec.H264,
            96,
        ),
        (
            "m=audio 0 RTP/AVP 101 8\na=rtpmap:101 telephone-event/8000\n",
            Codec.PCMA,
            8,
        ),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96\tH264/90000\n", Codec.H264, 96),
        ("m=video 0 RTP/AVP 96\na=rtpmap: 96  H264/90000\n", Codec.H264, 96),
        (" M=video 0 RTP/AVP 96\n A=rtpmap:96 H264/90000\n", Codec.H264, 96),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 VP9/90000\n", Codec.UNKNOWN, 96),
    ],
)
def test_what_carries_the_footage_is_chosen(
    text: str, codec: Codec, payload_type: int
) -> None:
    (track,) = parse_sdp(text.encode(), "rtsp://h/x").tracks
    assert (track.format.codec, track.payload_type) == (codec, payload_type)
