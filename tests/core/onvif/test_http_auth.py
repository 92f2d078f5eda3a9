"""Digest and Basic by the book, challenges as devices write them."""

import pytest

from custom_components.vtrack_nvr.core.onvif.http_auth import (
    Challenge,
    basic_authorization,
    digest_authorization,
    offers_basic,
    parse_challenges,
    strongest_digest,
)


def test_the_example_of_rfc_7616() -> None:
    for algorithm, expected in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        challenge = Challenge(
            "digest",
            "http-auth@example.org",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
            algorithm,
            "auth",
        )
        header = digest_authorization(
            challenge,
            "GET",
            "/dir/index.html",
            "Mufasa",
            "Circle of Life",
            count=1,
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        assert f'response="{expected}"' in header
        assert "nc=00000001" in header
        assert 'opaque="FQhe' in header
        assert f"algorithm={algorithm}" in header


def test_without_qop_neither_counter_nor_cnonce_is_sent() -> None:
    # Vector of the reference, worked out for RTSP; HTTP differs in nothing.
    header = digest_authorization(
        Challenge("digest", "NVR", "abc123"),
        "DESCRIBE",
        "rtsp://192.0.2.10:554/rec/1",
        "admin",
        "secret",
        count=1,
        cnonce="0a4f113b",
    )
    assert 'response="9f69d66d273d2d6913344fa10b5b0cd3"' in header
    assert "nc=" not in header
    assert "cnonce" not in header
    assert "algorithm" not in header


def test_session_algorithms_and_body_integrity_are_understood() -> None:
    challenge = Challenge("digest", "r", "n", None, "MD5-sess", "auth-int")
    one = digest_authorization(
        challenge, "POST", "/", "u", "p", count=1, cnonce="c", body=b"a"
    )
    other = digest_authorization(
        challenge, "POST", "/", "u", "p", count=1, cnonce="c", body=b"b"
    )
    assert one != other
    assert 'cnonce="c"' in one
    plain = Challenge("digest", "r", "n", None, "MD5-sess")
    header = digest_authorization(plain, "POST", "/", "u", "p", count=1, cnonce="c")
    assert 'cnonce="c"' in header


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Digest realm="a, b", nonce="n", qop="auth,auth-int", stale=TRUE'],
         [Challenge("digest", "a, b", "n", None, "", "auth", is_stale=True)]),
        (['digest REALM="a",nonce=n,algorithm=md5'],
         [Challenge("digest", "a", "n", None, "md5")]),
        (['Basic realm="x", Digest realm="y", nonce="n"'],
         [Challenge("basic", "x"), Challenge("digest", "y", "n")]),
        (['Digest realm="q\\"uote", nonce="n", opaque=""'],
         [Challenge("digest", 'q"uote', "n", "")]),
        (['Digest nonce="n", qop="auth-int"'],
         [Challenge("digest", "", "n", None, "", "auth-int")]),
        (["Bearer x", ""], []),
    ],
)  # fmt: skip
def test_challenges(headers: list[str], expected: list[Challenge]) -> None:
    assert list(parse_challenges(headers)) == expected


def test_the_strongest_known_digest_wins() -> None:
    offered = parse_challenges(
        [
            'Digest realm="r", nonce="1", algorithm=MD5',
            'Digest realm="r", nonce="2", algorithm=SHA-256',
            'Digest realm="r", nonce="3", algorithm=WHIRLPOOL',
            'Digest realm="r", algorithm=SHA-512-256',
            'Basic realm="r"',
        ]
    )
    best = strongest_digest(offered)
    assert best is not None
    assert best.nonce == "2"
    assert offers_basic(offered)
    assert strongest_digest([Challenge("basic")]) is None
    assert not offers_basic([Challenge("digest", nonce="n")])


def test_basic_is_that_of_rfc_7617() -> None:
    assert basic_authorization("Aladdin", "open sesame") == (
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    )
