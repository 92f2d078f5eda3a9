from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.urls import (
    RtspUrl,
    at_host_of,
    join_control,
    parse_url,
    setup_urls,
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


@pytest.mark.parametrize(
    ("base", "control", "joined"),
    [
        ("rtsp://h/a", "", "rtsp://h/a"),
        ("rtsp://u:p@h/a", "*", "rtsp://h/a"),
        ("rtsp://h/a", "rtsp://u:p@i/b", "rtsp://h/b"),
        ("rtsp://h/a", "rtsp://u:p@h:99/b", "rtsp://h:99/b"),
        ("rtsp://h/a", "track 1", "rtsp://h/a/track%201"),
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


ASKED = "rtsp://h:8554/live/ch1?u=1"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("/live/x/", "rtsp://h:8554/live/x/"),
        ("h:554/live/x/", "rtsp://h:554/live/x/"),
        ("192.0.2.9:554/live/x/", "rtsp://h:8554/live/x/"),
        ("192.0.2.9/live", "rtsp://h:8554/live"),
        ("//192.0.2.9/live", "rtsp://h:8554/live"),
        ("rtsp://rtsp://h/live/", "rtsp://h/live/"),
        ("rtsp://http://192.0.2.9:80/live/", "rtsp://h:8554/live/"),
        ("rtsp://u:p@h:8554/live", "rtsp://h:8554/live"),
        ("<rtsp://camera/live>", "rtsp://h:8554/live"),
        ('"rtsp://h/live"', "rtsp://h/live"),
        ("rtsp://192.0.2.9/a b", "rtsp://h:8554/a%20b"),
        ("", None),
        ("trackID=1", None),
        ("live/ch1", None),
        ("rtsp:///live", None),
        ("rtsp://h:0/live", None),
        ("rtsp://h/\0", None),
        ("h" * 5000, None),
    ],
)
def test_what_a_device_calls_its_url_is_taken_at_the_host_asked(
    said: str, meant: str | None
) -> None:
    assert at_host_of(ASKED, said) == meant


def test_a_track_is_looked_for_at_more_and_more_places() -> None:
    assert setup_urls(ASKED, "rtsp://h/odd/track1", "track1") == (
        "rtsp://h/odd/track1",
        "rtsp://h:8554/live/ch1?u=1/track1",
        "rtsp://h:8554/live/ch1/track1?u=1",
        "rtsp://h:8554/live/ch1/track1",
        "rtsp://h:8554/live/track1",
        "rtsp://h:8554/live/ch1?u=1",
    )
    assert setup_urls("rtsp://h/live", "rtsp://h/live", "*") == ("rtsp://h/live",)
    assert "rtsp://h/track1" in setup_urls("rtsp://h/a/b", "x", "/track1")


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_device_sends_us_to_another_host(said: str, control: str) -> None:
    base = at_host_of(ASKED, said)
    for url in (base or ASKED, *setup_urls(ASKED, base or ASKED, control)):
        try:
            parsed = parse_url(url)
        except NvrError:
            continue
        assert parsed.host.lower() == "h"


@given(st.text(max_size=80))
def test_anything_is_a_url_or_refused(text: str) -> None:
    try:
        parsed = parse_url(f"rtsp://{text}")
    except NvrError as error:
        assert error.kind is ErrorKind.PROTOCOL  # noqa: PT017 - both are fine
        return
    assert parsed.host
