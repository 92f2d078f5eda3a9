"""HTTP answers whose framing lies, read from their bytes alone."""

import gzip

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.onvif.http_answer import (
    Arrival,
    HttpAnswer,
    arrived,
    is_cut,
    is_whole,
    picture_in,
    read_http_answer,
    unpack_body,
)

BODY = b"<?xml version='1.0'?><s:Envelope xmlns:s='u'><s:Body>x</s:Body></s:Envelope>"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 50 + b"\xff\xd9"
REAL = b"\xff\xd8\xff\xe1\x00\x08\xff\xd8\xff\xd9..\xff\xda" + b"x" * 50 + b"\xff\xd9"
"""With a small picture in its head."""


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\nServer: x\n\n" + BODY,
        b"HTTP/1.0 200\r\n\r\n" + BODY,
        b"junk\r\nHTTP/1.1 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nServer: x\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5]
        + b"\r\n%x\r\n" % (len(BODY) - 5) + BODY[5:],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY)
        + BODY + b"\r\n0\r\n\r\n",
        BODY,
    ],
    ids=["right", "too long", "too short", "no number", "bare line feeds", "no reason",
         "junk before", "interim", "no end of head", "no chunks", "no last chunk",
         "chunks", "no head"],
)  # fmt: skip
def test_an_envelope_is_found_in_whatever_was_sent(data: bytes) -> None:
    answer = read_http_answer(data)
    assert answer is not None
    assert answer.status == 200
    assert answer.body == BODY


def test_broken_chunks_are_joined_without_their_sizes() -> None:
    answer = read_http_answer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n" + BODY[:5]
        + b"\r\nffff\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
    )  # fmt: skip
    assert answer is not None
    assert BODY in answer.body


def test_headers_are_read_as_far_as_they_can_be() -> None:
    answer = read_http_answer(
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: Text/HTML; charset=x\r\n"
        b"WWW-Authenticate: Digest realm=\"a\",\r\n  nonce=\"b\"\r\nnonsense\r\n"
        b"WWW-Authenticate : Basic realm=\"\xe9\"\r\nLocation: /x\r\n\r\nno"
    )  # fmt: skip
    assert answer == HttpAnswer(
        401,
        "text/html",
        b"no",
        ('Digest realm="a", nonce="b"', 'Basic realm="\udce9"'),
        "/x",
    )


@pytest.mark.parametrize(
    "data", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 OK", b"<html></html>"]
)
def test_what_is_no_answer_is_none(data: bytes) -> None:
    assert read_http_answer(data) is None


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(data: bytes) -> None:
    arrived(data)
    for whole in (data, b"HTTP/1.1 200 OK\r\n" + data, b"\x1f\x8b" + data):
        read_http_answer(whole)
        unpack_body(whole, 1_000)
        picture_in(whole)


@pytest.mark.parametrize(
    ("body", "whole", "cut"),
    [
        (BODY, True, False),
        (BODY + b"\r\n\0\0", True, False),
        (BODY[:-5], False, True),
        (BODY.decode().encode("utf-16"), True, False),
        (BODY.decode().encode("utf-16")[:-20], False, True),
        (JPEG, True, False),
        (JPEG + b"\r\n", True, False),
        (JPEG + b"\xff\xff\0", True, False),
        (JPEG[:-1], False, True),
        (REAL + b"text behind", False, False),
        (REAL[:-2], False, True),
        (BODY + b"<!--" + b"x" * 3_000 + b"-->", True, False),
        (BODY + b"<!--" + b"x" * 30_000 + b"-->", False, False),
        (b"<html>", False, False),
        (b"", False, False),
    ],
)
def test_a_body_knows_its_own_end(body: bytes, whole: bool, cut: bool) -> None:
    assert is_whole(body) is whole
    assert is_cut(body) is cut


def test_a_picture_of_the_told_length_is_whole_whatever_it_ends_with() -> None:
    assert not is_cut(JPEG[:-2] + b"text", is_complete=True)
    assert is_cut(JPEG[:-2] + b"text")
    # An envelope that breaks off is cut, whatever was told.
    assert is_cut(BODY[:-9], is_complete=True)
    told = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    answer = read_http_answer(told % (len(JPEG) + 4) + JPEG + b"text")
    assert answer is not None
    assert (answer.body, answer.is_complete) == (JPEG + b"text", True)
    answer = read_http_answer(told % 9_999 + JPEG)
    assert answer is not None
    assert not answer.is_complete


HEAD = b"HTTP/1.1 %d X\r\nno header\r\n%s\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Arrival.OPEN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Arrival.OPEN),
        (HEAD % (200, b"Content-Length: 0\r\n"), Arrival.TOLD),
        (HEAD % (200, b"Content-Length: 5\r\n") + b"1234", Arrival.OPEN),
        (HEAD % (200, b"Content-Length: 5\r\n") + b"12345", Arrival.TOLD),
        (HEAD % (200, b"Content-Length: %d\r\n" % len(BODY)) + BODY, Arrival.WHOLE),
        (HEAD % (200, b"Content-Length: 9\r\n") + BODY, Arrival.TOLD),
        (HEAD % (200, b"Content-Length: -1\r\n") + BODY, Arrival.OPEN),
        (HEAD % (200, b"") + BODY, Arrival.OPEN),
        (HEAD % (401, b"Content-Length: 0\r\n"), Arrival.WHOLE),
        (HEAD % (401, b""), Arrival.TOLD),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Arrival.OPEN),
    ],
)
def test_how_much_has_come_is_known_while_it_comes(
    data: bytes, expected: Arrival
) -> None:
    assert arrived(data) is expected


def test_what_was_packed_is_unpacked_within_bounds() -> None:
    assert unpack_body(gzip.compress(BODY), 1_000) == BODY
    assert len(unpack_body(gzip.compress(bytes(10_000_000)), 1_000)) == 1_001
    assert unpack_body(b"\x1f\x8bnothing", 1_000) == b"\x1f\x8bnothing"


def test_a_picture_is_taken_out_of_what_surrounds_it() -> None:
    around = b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG + b"\r\n--x\r\n" + JPEG
    assert picture_in(around) == JPEG
    assert picture_in(JPEG) == JPEG
    assert picture_in(b"none") == b"none"
