from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.rtsp.messages import (
    Headers,
    MessageDefectError,
    Request,
    Response,
    parse_head,
)


def test_a_request_is_written_and_read() -> None:
    request = Request("PLAY", "rtsp://h/a", Headers([("CSeq", "3"), ("Range", "x")]))
    data = request.encode()
    assert data == b"PLAY rtsp://h/a RTSP/1.0\r\nCSeq: 3\r\nRange: x\r\n\r\n"
    assert parse_head(data[:-4]) == request


def test_a_response_is_written_with_the_length_of_its_body() -> None:
    response = Response(200, "OK", Headers([("CSeq", "3")]), b"body")
    data = response.encode()
    assert data == b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        (b"RTSP/1.0 200 OK", 200, "OK"),
        (b"RTSP/1.0 453 Not Enough Bandwidth ", 453, "Not Enough Bandwidth"),
        (b"RTSP/1.0 454", 454, ""),
        (b"RTSP/2.0  200  OK", 200, "OK"),
    ],
)
def test_status_lines_are_read_leniently(head: bytes, status: int, reason: str) -> None:
    message = parse_head(head)
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.protocol) == (
        status,
        reason,
        "RTSP",
    )


def test_a_web_server_is_recognised() -> None:
    message = parse_head(b"HTTP/1.1 400 Bad Request")
    assert isinstance(message, Response)
    assert message.protocol == "HTTP"


def test_headers_are_found_without_case_folded_and_repeated() -> None:
    headers = parse_head(
        b"RTSP/1.0 401 No\nwww-authenticate: Digest a,\r\n b\r\nnonsense\r\n"
        b"WWW-Authenticate:Basic\n: empty"
    ).headers
    assert headers.all("WWW-AUTHENTICATE") == ("Digest a, b", "Basic")
    assert headers.get("Www-Authenticate") == "Digest a, b"
    assert headers.get("x", "none") == "none"
    assert len(headers.items) == 2


@pytest.mark.parametrize(
    ("text", "number"),
    [("17", 17), (" 17 ", 17), ("", None), ("-1", None), ("x", None), ("9" * 10, None)],
)
def test_numbers_in_headers_are_small_and_not_negative(
    text: str, number: int | None
) -> None:
    assert Headers([("n", text)]).number("N") == number


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("17", 17),
        ("0000000000017", 17),
        ("", 0),
        ("-1", 0),
        ("x", 0),
        ("9" * 10, 10**9),
        ("9" * 60_000, 10**9),
    ],
)
def test_lengths_that_are_absurd_stay_too_large(text: str, length: int) -> None:
    assert Headers([("Content-Length", text)]).body_length == length


def test_a_lone_carriage_return_ends_a_line() -> None:
    headers = parse_head(b"RTSP/1.0 200 OK\rCSeq: 1\rSession: a\rX: y").headers
    assert headers.items == (("CSeq", "1"), ("Session", "a"), ("X", "y"))


@given(st.binary(max_size=60))
def test_what_a_device_says_can_be_said_back(value: bytes) -> None:
    headers = parse_head(b"RTSP/1.0 200 OK\r\nSession: " + value).headers
    session = headers.get("Session")
    data = Request("PLAY", "rtsp://h", Headers([("Session", session)])).encode()
    assert data.count(b"\r\n") == 3
    whole = b"" if set(value) & set(b"\r\n") else value.strip(b" \t")
    assert whole in data


@pytest.mark.parametrize(
    ("reason", "shown"),
    [(b"No \xe9\x1b[31m", "No ??[31m"), (b"x" * 10_000, "x" * 80)],
)
def test_reasons_can_stand_in_a_log(reason: bytes, shown: str) -> None:
    message = parse_head(b"RTSP/1.0 500 " + reason)
    assert isinstance(message, Response)
    assert message.reason == shown


def test_headers_never_show_their_values() -> None:
    assert repr(Headers([("Authorization", "secret")])) == "Headers(Authorization)"
    assert Headers() != "x"


@pytest.mark.parametrize("head", [b"", b"nonsense", b"GET / HTTP/1.1", b"RTSP/1.0 20"])
def test_other_texts_are_defects(head: bytes) -> None:
    with pytest.raises(MessageDefectError):
        parse_head(head)


def test_no_line_can_be_smuggled_into_a_header() -> None:
    with pytest.raises(ValueError, match="line break"):
        Request("PLAY", "rtsp://h", Headers([("Range", "a\r\nX: y")])).encode()


@given(st.binary(max_size=200))
def test_anything_is_a_message_or_a_defect(data: bytes) -> None:
    try:
        message = parse_head(data)
    except MessageDefectError:
        return
    assert isinstance(message, Request | Response)
