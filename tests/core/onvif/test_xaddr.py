"""Advertised addresses become reachable ones."""

import re
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.onvif.xaddr import (
    ReachedHost,
    is_inner,
    media_uri,
    service_urls,
    split,
)

PLAIN = ReachedHost("cam.lan", 1001)
SECURE = ReachedHost("192.0.2.9", 443, is_https=True)


@pytest.mark.parametrize(
    ("advertised", "endpoint", "expected"),
    [
        ("http://cam.lan:1001/onvif/search", PLAIN, ["http://cam.lan:1001/onvif/search"]),
        # The same host on another port: what it says, then where we reached it.
        ("http://cam.lan:8080/a", PLAIN,
         ["http://cam.lan:8080/a", "http://cam.lan:1001/a"]),
        # NAT: the inner port may be another device's outside.
        ("http://192.168.1.20/a?x=1&y=%20", PLAIN,
         ["http://cam.lan:1001/a?x=1&y=%20"]),
        ("http://127.0.0.1:1001/a", PLAIN, ["http://cam.lan:1001/a"]),
        ("http://10.0.0.1:80:80/a", PLAIN, ["http://cam.lan:1001/a"]),
        ("http://user:pw@cam.lan:1001/a", PLAIN, ["http://cam.lan:1001/a"]),
        ("https://cam.lan/a", PLAIN, ["http://cam.lan:1001/a"]),
        # TLS is never given up.
        ("http://192.0.2.9:80/a", SECURE, ["https://192.0.2.9:443/a"]),
        ("https://192.0.2.9/a", SECURE, ["https://192.0.2.9:443/a"]),
        ("https://192.0.2.9:99999/a", SECURE, ["https://192.0.2.9:443/a"]),
        ("http://[fe80::1]/a", ReachedHost("2001:db8::1", 80), ["http://[2001:db8::1]:80/a"]),
        ("", PLAIN, []),
        ("/onvif/a", PLAIN, [f"{PLAIN.url('/onvif/a')}"]),
        ("//other/a", PLAIN, []),
        (" http://cam.lan:80/a http://10.0.0.1/b", PLAIN,
         ["http://cam.lan:80/a", "http://cam.lan:1001/a"]),
        ("http://cam.lan:1001", PLAIN, []),
    ],
)  # fmt: skip
def test_service_addresses(
    advertised: str, endpoint: ReachedHost, expected: list[str]
) -> None:
    assert list(service_urls(advertised, endpoint)) == expected


@pytest.mark.parametrize(
    ("advertised", "port", "expected"),
    [
        ("rtsp://192.168.1.2:554/a?b=c%20d&e", None, "rtsp://nvr.lan:554/a?b=c%20d&e"),
        ("rtsp://192.168.1.2/a", None, "rtsp://nvr.lan/a"),
        ("rtsp://admin:p@ss@192.168.1.2/a", 8554, "rtsp://nvr.lan:8554/a"),
        (" \n rtsp://x:554/a?x=1&amp;y=2\n", None, "rtsp://nvr.lan:554/a?x=1&y=2"),
        ("rtsp://[fe80::2]:554/a", None, "rtsp://nvr.lan:554/a"),
        ("rtsp://x:554?a=1", None, "rtsp://nvr.lan:554/?a=1"),
        ("rtsp://x", None, "rtsp://nvr.lan"),
        ("not a uri", None, None),
    ],
)
def test_media_addresses(
    advertised: str, port: int | None, expected: str | None
) -> None:
    assert media_uri(advertised, "nvr.lan", port) == expected


@pytest.mark.parametrize(
    "hostile",
    [
        "http://cam.lan/a\r\nX-Injected: 1",
        "http://cam.lan/a\x00b",
        "http://" + "@" * 200_000 + ":x",
        "http://cam.lan/" + "a" * 5000,
    ],
    ids=["line-break", "null", "endless-logins", "endless-path"],
)
def test_addresses_that_are_none_are_refused_at_once(hostile: str) -> None:
    began = time.thread_time()
    assert split(hostile) is None
    assert service_urls(hostile, PLAIN) == ()
    assert media_uri(hostile, "nvr.lan") is None
    assert time.thread_time() - began < 2


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_address_keeps_to_the_configured_host(host: str, rest: str) -> None:
    for url in service_urls(f"http://{host}/{rest}", PLAIN):
        assert url.startswith("http://cam.lan:")
    uri = media_uri(f"rtsp://{host}{rest}", "nvr.lan")
    assert uri is None or re.match(r"rtsp://nvr\.lan(:\d+)?(/|$)", uri, re.ASCII)


def test_hosts_are_bracketed_where_needed() -> None:
    assert media_uri("rtsp://x/a", "2001:db8::1") == "rtsp://[2001:db8::1]/a"
    assert ReachedHost("[2001:db8::1]", 80).url("/a") == "http://[2001:db8::1]:80/a"


def test_inner_addresses_are_noticed() -> None:
    assert is_inner("http://192.168.1.1/a", PLAIN)
    assert not is_inner("http://CAM.lan:99/a", PLAIN)
    assert not is_inner("", PLAIN)
    assert split("nothing") is None
