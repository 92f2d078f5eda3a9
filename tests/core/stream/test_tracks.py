import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind
from custom_components.vtrack_nvr.core.rtsp.sdp import parse_sdp
from custom_components.vtrack_nvr.core.rtsp.session_values import (
    MediaTrack,
    SessionDescription,
)
from custom_components.vtrack_nvr.core.stream.tracks import choose_sound, choose_video


def described(*media: str) -> SessionDescription:
    lines = [
        f"m={kind} 0 RTP/AVP {96 + n}\r\na=rtpmap:{96 + n} {name}\r\n"
        for n, (kind, name) in enumerate(item.split(" ") for item in media)
    ]
    return parse_sdp("".join(lines).encode(), "rtsp://h/a")


def test_the_first_track_of_each_kind_that_can_be_kept_is_chosen() -> None:
    description = described(
        "application vnd.onvif.metadata/90000",
        "video JPEG/90000",
        "video H265/90000",
        "video H264/90000",
        "audio PCMU/8000",
        "audio PCMA/8000",
    )
    sound = choose_sound(description)
    assert choose_video(description).index == 2
    assert sound is not None
    assert sound.index == 4


@pytest.mark.parametrize(
    ("media", "kind", "name"),
    [
        ("video VP8/90000", ErrorKind.UNSUPPORTED_CODEC, "VP8"),
        ("audio PCMU/8000", ErrorKind.NO_PICTURES, "audio"),
    ],
)
def test_without_a_usable_picture_it_is_named_what_there_is(
    media: str, kind: ErrorKind, name: str
) -> None:
    with pytest.raises(NvrError, match=name) as error:
        choose_video(described(media))
    assert error.value.kind is kind


def section(media: str, *attributes: str) -> str:
    return "".join([f"m={media}\r\n", *(f"a={item}\r\n" for item in attributes)])


VIDEO = "video 0 RTP/AVP 96"
G711 = "audio 0 RTP/AVP 0"


@pytest.mark.parametrize(
    ("pictures", "sounds", "chosen"),
    [
        ("", ["", "sendonly"], 1),
        ("recvonly", ["sendonly", "recvonly"], 2),
        ("recvonly", ["sendonly"], None),
        ("sendonly", ["sendonly", "recvonly"], 1),
        ("sendonly", ["recvonly", "sendonly"], 2),
        ("", ["recvonly", ""], 2),
        ("", ["recvonly"], 1),
        ("", ["inactive", ""], 2),
        ("sendrecv", ["sendonly", "sendrecv"], 2),
        ("", ["sendrecv"], 1),
    ],
)
def test_the_track_for_talking_back_is_never_chosen(
    pictures: str, sounds: list[str], chosen: int | None
) -> None:
    text = section(VIDEO, "rtpmap:96 H264/90000", *filter(None, [pictures]))
    for direction in sounds:
        text += section(G711, *filter(None, [direction]))
    sound = choose_sound(parse_sdp(text.encode(), "rtsp://h/a"))
    assert (sound.index if sound else None) == chosen


def test_of_two_sounds_the_one_that_can_be_kept_is_chosen() -> None:
    sound = choose_sound(
        described("video H264/90000", "audio SPEEX/8000", "audio PCMA/8000")
    )
    assert sound is not None
    assert sound.index == 2


def test_without_sound_there_is_none() -> None:
    assert choose_sound(described("video H264/90000")) is None


def track(index: int, kind: TrackKind, codec: Codec) -> MediaTrack:
    made = TrackFormat(kind, codec, 90_000, name=codec.value.upper())
    return MediaTrack(index, made, 96 + index, f"rtsp://x/{index}")


def test_the_first_track_we_can_keep_is_taken() -> None:
    tracks = (
        track(0, TrackKind.METADATA, Codec.UNKNOWN),
        track(1, TrackKind.VIDEO, Codec.MJPEG),
        track(2, TrackKind.VIDEO, Codec.H265),
        track(3, TrackKind.AUDIO, Codec.PCMA),
    )
    known = SessionDescription(tracks, "rtsp://x")
    assert choose_video(known).index == 2
    sound = choose_sound(known)
    assert sound
    assert sound.index == 3
    with pytest.raises(NvrError) as caught:
        choose_video(SessionDescription(tracks[:2], "rtsp://x"))
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    assert "MJPEG" in caught.value.detail
    assert choose_sound(SessionDescription(tracks[:2], "rtsp://x")) is None
