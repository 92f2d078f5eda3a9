import base64
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.tunnel import (
    build_get,
    build_post,
    encode_message,
    read_tunnel_answer,
)
from custom_components.vtrack_nvr.core.rtsp.urls import parse_url


def test_the_get_asks_for_a_tunnel() -> None:
    text = build_get(parse_url("http://u:p@h:8080/rec?x=1#f"), "c00k1e").decode()
    assert text.startswith("GET /rec?x=1 HTTP/1.0\r\nHost: h:8080\r\n")
    assert "\r\nx-sessioncookie: c00k1e\r\n" in text
    assert "\r\nAccept: application/x-rtsp-tunnelled\r\n" in text
    assert text.endswith("\r\n\r\n")


def test_the_post_announces_a_length_and_the_same_cookie() -> None:
    text = build_post(parse_url("rtsp://[fe80::1]"), "c").decode()
    assert text.startswith("POST / HTTP/1.0\r\nHost: [fe80::1]\r\n")
    assert "x-sessioncookie: c\r\n" in text
    assert "Content-Length: 32767\r\n" in text


def test_messages_travel_as_base64() -> None:
    assert base64.b64decode(encode_message(b"OPTIONS")) == b"OPTIONS"


def test_what_follows_the_head_of_the_answer_is_rtsp() -> None:
    head = b"HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\n"
    assert read_tunnel_answer(head[:-1], 100) is None
    assert read_tunnel_answer(head + b"RTSP", 100) == b"RTSP"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", ErrorKind.UNSUPPORTED),
        (b"SSH-2.0\r\n\r\n", ErrorKind.PROTOCOL),
        (b"x" * 200, ErrorKind.PROTOCOL),
    ],
)
def test_other_answers_are_named(data: bytes, kind: ErrorKind) -> None:
    with pytest.raises(NvrError) as error:
        read_tunnel_answer(data, 100)
    assert error.value.kind is kind


@given(st.binary(max_size=200), st.integers(1, 50))
def test_the_answer_means_the_same_in_any_pieces(data: bytes, limit: int) -> None:
    for whole in (data, b"HTTP/1.0 200 OK\r\n\r\n" + data):
        known: list[bytes] = []
        for end in range(len(whole) + 1):
            try:
                rest = read_tunnel_answer(whole[:end], limit)
            except NvrError as error:
                assert error.kind in {ErrorKind.PROTOCOL, ErrorKind.UNSUPPORTED}  # noqa: PT017 - both are fine
                break
            if rest is not None:
                known.append(rest)
        assert all(later.startswith(first) for first, later in pairwise(known))
