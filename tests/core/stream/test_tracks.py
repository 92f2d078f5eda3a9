import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.sdp import parse_sdp
from custom_components.vtrack_nvr.core.rtsp.values import SessionDescription
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


def test_without_sound_there_is_none() -> None:
    assert choose_sound(described("video H264/90000")) is None
