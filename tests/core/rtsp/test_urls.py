from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.urls import (
    RtspUrl,
    join_control,
    parse_url,
    with_host,
    without_credentials,
)


@pytest.mark.parametrize(
    ("url", "parsed", "port"),
    [
        ("rtsp://h/p?q=1", RtspUrl("rtsp", "h", None, "/p?q=1"), 554),
        ("RTSPS://h:99", RtspUrl("rtsps", "h", 99, ""), 99),
        ("rtsp://[fe80::1]:554/x", RtspUrl("rtsp", "fe80::1", 554, "/x"), 554),
        ("rtsp://[fe80::1]/x", RtspUrl("rtsp", "fe80::1", None, "/x"), 554),
        ("http://h/t", RtspUrl("http", "h", None, "/t"), 80),
        ("https://h?x", RtspUrl("https", "h", None, "?x"), 443),
        (" rtsp://u:p@w@h:1/p ", RtspUrl("rtsp", "h", 1, "/p"), 1),
    ],
)
def test_urls_are_taken_apart(url: str, parsed: RtspUrl, port: int) -> None:
    assert parse_url(url) == parsed
    assert parsed.port_or_default() == port
    assert parsed.is_tls == url.lower().startswith(("rtsps", "https"))
    assert parse_url(str(parsed)) == parsed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h/p",
        "ftp://h",
        "rtsp://",
        "rtsp:///p",
        "rtsp://h:x/",
        "rtsp://h:0/",
        "rtsp://h:70000/",
        "rtsp://h/a b",
        "rtsp://h/a\r\nX: y",
        "rtsp://h/" + "a" * 5000,
    ],
)
def test_what_is_no_url_of_ours_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(NvrError) as error:
        parse_url(url)
    assert error.value.kind is ErrorKind.PROTOCOL
    assert not url or url not in str(error.value)


def test_the_message_never_holds_the_password() -> None:
    with pytest.raises(NvrError) as error:
        parse_url("rtsp://admin:secret@h:x/")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("rtsp://u:p@h:554/a%2Fb?x=@y", "rtsp://h:554/a%2Fb?x=@y"),
        ("rtsp://h/a@b", "rtsp://h/a@b"),
        ("trackID=1", "trackID=1"),
    ],
)
def test_credentials_are_stripped_and_nothing_else(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


def test_the_host_is_replaced_and_the_rest_kept() -> None:
    url = "rtsp://admin:x@192.168.1.9:554/a?b=%20c&amp"
    assert with_host(url, "nvr.lan") == "rtsp://nvr.lan:554/a?b=%20c&amp"
    assert with_host(url, "fe80::2", 8554) == "rtsp://[fe80::2]:8554/a?b=%20c&amp"


@pytest.mark.parametrize(
    ("base", "control", "joined"),
    [
        ("rtsp://h/a", "", "rtsp://h/a"),
        ("rtsp://u:p@h/a", "*", "rtsp://h/a"),
        ("rtsp://h/a", "rtsp://u:p@i/b", "rtsp://i/b"),
        ("rtsp://h/a", "trackID=0", "rtsp://h/a/trackID=0"),
        ("rtsp://h/a/", "trackID=0", "rtsp://h/a/trackID=0"),
        ("rtsp://h/a/", "/trackID=0", "rtsp://h/a/trackID=0"),
        ("rtsp://h/a?c=1&s=0", "trackID=0", "rtsp://h/a?c=1&s=0/trackID=0"),
        ("rtsp://h/a?c=1/", "trackID=0", "rtsp://h/a?c=1/trackID=0"),
        ("rtsp://h/a", "/trackID=0", "rtsp://h/a/trackID=0"),
        ("rtsp://h/a", "t?u=http://x", "rtsp://h/a/t?u=http://x"),
    ],
)
def test_controls_are_joined_as_devices_expect(
    base: str, control: str, joined: str
) -> None:
    assert join_control(base, control) == joined


@given(st.text(max_size=80))
def test_anything_is_a_url_or_refused(text: str) -> None:
    try:
        parsed = parse_url(f"rtsp://{text}")
    except NvrError as error:
        assert error.kind is ErrorKind.PROTOCOL  # noqa: PT017 - both are fine
        return
    assert parsed.host
