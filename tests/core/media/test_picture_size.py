"""Picture sizes as encoders write them, and parameter sets that make no sense."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.picture_size import picture_size
from tests.core.media import encoded


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize(
    "size", [(160, 120), (352, 288), (1280, 720), (1920, 1080), (2560, 1440), (98, 66)]
)
def test_the_size_is_that_of_the_encoder(codec: Codec, size: tuple[int, int]) -> None:
    data = encoded.pictures(codec, count=1, size=size)[0][1]
    assert picture_size(annexb.parameter_sets(data, codec), codec) == size


class Writer:
    """Writes the bits of a parameter set."""

    def __init__(self) -> None:
        self.bits = ""

    def u(self, value: int, count: int) -> Writer:
        self.bits += f"{value:0{count}b}"
        return self

    def ue(self, *values: int) -> Writer:
        for value in values:
            text = f"{value + 1:b}"
            self.bits += "0" * (len(text) - 1) + text
        return self

    def data(self) -> bytes:
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8)


def h264(profile: int, body: Writer) -> bytes:
    return bytes([0x67, profile, 0, 40]) + body.data()


def test_scaling_lists_fields_and_cropping_are_understood() -> None:
    body = Writer().ue(0, 1, 0, 0).u(0, 1).u(1, 1)
    body.u(1, 1)
    for _ in range(16):
        body.ue(1)
    body.u(1, 1).ue(16)
    body.u(0, 6)
    body.ue(0, 1).u(1, 1).ue(0, 0, 2, 3, 4)
    body.ue(1).u(0, 1).ue(119, 33).u(0, 1).u(0, 1).u(1, 1).u(1, 1).ue(0, 0, 0, 2)
    body.u(0, 1)
    assert picture_size((h264(100, body),), Codec.H264) == (1920, 1080)


def test_full_colour_is_understood() -> None:
    body = Writer().ue(0, 3).u(0, 1).ue(0, 0).u(0, 1).u(0, 1).ue(0, 2)
    body.ue(1).u(0, 1).ue(9, 9).u(1, 1).u(1, 1).u(1, 1).ue(1, 1, 2, 2)
    assert picture_size((h264(244, body),), Codec.H264) == (158, 156)


def test_sub_layers_are_skipped() -> None:
    body = Writer().u(0, 4).u(1, 3).u(1, 1)
    body.u(0, 88).u(0, 8).u(1, 1).u(1, 1).u(0, 14).u(0, 88).u(0, 8)
    body.ue(0, 3).u(0, 1).ue(640, 360).u(1, 1).ue(1, 1, 2, 2).ue(0, 0)
    nal = bytes([33 << 1, 1]) + body.data()
    assert picture_size((nal,), Codec.H265) == (638, 356)


@pytest.mark.parametrize(
    "sets", [(), (b"",), (b"\x67",), (b"\x67\x64\x00\x28",), (b"\x67" + bytes(60),)]
)
def test_nonsense_has_no_size(sets: tuple[bytes, ...]) -> None:
    assert picture_size(sets, Codec.H264) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    for head, codec in ((b"\x67", Codec.H264), (b"\x42\x01", Codec.H265)):
        found = picture_size((head + data,), codec)
        assert found is None or (0 < found.width <= 16_384 and found.height > 0)
