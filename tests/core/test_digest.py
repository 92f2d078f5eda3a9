"""Digest and Basic by the book, challenges as devices write them."""

import hashlib
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.digest import (
    AnsweredChallenge,
    Challenge,
    basic_authorization,
    digest_authorization,
    digest_response,
    offers_basic,
    parse_challenges,
    strongest_digest,
)

URI = "rtsp://192.0.2.10:554/rec/1"
CNONCE = "0a4f113b"
REALM = "http-auth@example.org"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def challenge(algorithm: str = "", qop: str = "") -> Challenge:
    return Challenge("digest", "NVR", "abc123", None, algorithm, qop)


@pytest.mark.parametrize(
    ("offered", "response"),
    [
        (challenge(), "9f69d66d273d2d6913344fa10b5b0cd3"),
        (challenge("MD5", "auth"), "4416777c059f5284be87effb08d12cd2"),
        (
            challenge("SHA-256"),
            "b2613b30c10016eeda5e929077c65bbf88cdc12a3e7bb615bfeb5832dfdfb6d3",
        ),
        (
            challenge("SHA-256", "auth"),
            "308bc41f49be1d97c21bfc9dae03457a94c43537224ac25ae261fd18a179b257",
        ),
    ],
)
def test_the_vectors_of_the_fact_sheet(offered: Challenge, response: str) -> None:
    assert (
        digest_response(offered, "DESCRIBE", URI, "admin", "secret", cnonce=CNONCE)
        == response
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    header = digest_authorization(
        Challenge("digest", REALM, NONCE, OPAQUE, algorithm, "auth"),
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


def test_the_example_of_rfc_2617() -> None:
    offered = Challenge(
        "digest", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth"
    )
    assert (
        digest_response(
            offered,
            "GET",
            "/dir/index.html",
            "Mufasa",
            "Circle Of Life",
            cnonce=CNONCE,
        )
        == "6629fae49393a05397450978507c4ef1"
    )


def test_without_qop_neither_counter_nor_cnonce_is_sent() -> None:
    header = digest_authorization(
        challenge(), "DESCRIBE", URI, "admin", "secret", count=1, cnonce=CNONCE
    )
    assert 'response="9f69d66d273d2d6913344fa10b5b0cd3"' in header
    assert "nc=" not in header
    assert "cnonce" not in header
    assert "algorithm" not in header


def test_session_algorithms_mix_the_nonces_in() -> None:
    plain, mixed = (
        digest_response(challenge(name, "auth"), "PLAY", URI, "a", "b", cnonce=CNONCE)
        for name in ("MD5", "MD5-sess")
    )
    assert plain != mixed
    header = digest_authorization(
        challenge("MD5-sess"), "POST", "/", "u", "p", count=1, cnonce="c"
    )
    assert 'cnonce="c"' in header


def test_body_integrity_depends_on_the_body() -> None:
    offered = Challenge("digest", "r", "n", None, "MD5-sess", "auth-int")
    one, other = (
        digest_authorization(
            offered, "POST", "/", "u", "p", count=1, cnonce="c", body=body
        )
        for body in (b"a", b"b")
    )
    assert one != other
    assert 'cnonce="c"' in one


def test_quotes_in_names_cannot_end_a_parameter() -> None:
    header = digest_authorization(
        Challenge("digest", 'r"\\', "n"), "GET", '/"x', 'a"b', "p", count=1, cnonce="c"
    )
    assert 'username="a\\"b", realm="r\\"\\\\", nonce="n", uri="/\\"x"' in header


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (
            ['Digest realm="N, V\\"R", nonce="x", stale=TRUE, qop="auth-int,auth"'],
            [Challenge("digest", 'N, V"R', "x", None, "", "auth", is_stale=True)],
        ),
        (
            ['Digest realm="a", nonce="n", algorithm=SHA-256, Basic realm="b"'],
            [Challenge("digest", "a", "n", None, "SHA-256"), Challenge("basic", "b")],
        ),
        (
            ['Basic realm="x", Digest realm="y", nonce="n"'],
            [Challenge("basic", "x"), Challenge("digest", "y", "n")],
        ),
        (
            ["Basic", 'digest realm=a,nonce=n,opaque="",qop=auth-int'],
            [Challenge("basic"), Challenge("digest", "a", "n", "", "", "auth-int")],
        ),
        (
            ['Digest  realm = "a" , nonce= "n'],
            [Challenge("digest", "a", "n")],
        ),
        (
            ['Digest realm="a, b", nonce="n", qop="auth,auth-int", stale=TRUE'],
            [Challenge("digest", "a, b", "n", None, "", "auth", is_stale=True)],
        ),
        (
            ['digest REALM="a",nonce=n,algorithm=md5'],
            [Challenge("digest", "a", "n", None, "md5")],
        ),
        (
            ['Digest realm="q\\"uote", nonce="n", opaque=""'],
            [Challenge("digest", 'q"uote', "n", "")],
        ),
        (
            ['Digest nonce="n", qop="auth-int"'],
            [Challenge("digest", "", "n", None, "", "auth-int")],
        ),
        (
            ['Digest realm="a" nonce="n" qop=auth-int,auth, opaque="o"'],
            [Challenge("digest", "a", "n", "o", "", "auth")],
        ),
        (
            ['Digest realm="Login, Basic", nonce="n"'],
            [Challenge("digest", "Login, Basic", "n")],
        ),
        (
            ["Bearer x, Negotiate YWJj==", ""],
            [Challenge("bearer"), Challenge("negotiate")],
        ),
        (['realm="lost"', "", ",=,"], []),
    ],
)
def test_challenges_are_read_leniently(
    values: list[str], found: list[Challenge]
) -> None:
    assert list(parse_challenges(values)) == found


def test_absurd_challenges_are_read_quickly() -> None:
    began = time.thread_time()
    for text in ('"' * 60_000, " " * 60_000, 'a="\\' * 15_000, "a=" + " " * 60_000):
        parse_challenges([f"Digest {text}"])
    assert time.thread_time() - began < 2


@given(st.text(max_size=100))
def test_any_challenge_is_survived(text: str) -> None:
    parse_challenges([text, f"Digest {text}"])


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


@given(WORDS, WORDS)
def test_what_is_quoted_is_read_back(realm: str, nonce: str) -> None:
    header = digest_authorization(
        Challenge("digest", realm, nonce), "GET", "/", "u", "p", count=1, cnonce="c"
    )
    assert parse_challenges([header]) == (Challenge("digest", realm, nonce),)


def test_names_that_are_not_utf8_are_hashed_as_the_device_wrote_them() -> None:
    realm = b"Enregistreur \xe9t\xe9".decode("utf-8", "surrogateescape")
    (offered,) = parse_challenges([f'Digest realm="{realm}", nonce="n"'])
    header = digest_authorization(offered, "GET", "/", "u", "p", count=1, cnonce="c")
    secret = hashlib.md5(b"u:Enregistreur \xe9t\xe9:p").hexdigest()
    request = hashlib.md5(b"GET:/").hexdigest()
    expected = hashlib.md5(f"{secret}:n:{request}".encode()).hexdigest()
    assert f'response="{expected}"' in header
    assert realm in header
    assert b"\xe9t\xe9" in header.encode("utf-8", "surrogateescape")


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
    assert strongest_digest([Challenge("bearer", nonce="n")]) is None
    assert not offers_basic([Challenge("digest", nonce="n")])


def test_each_answer_counts_up_and_has_a_cnonce_of_its_own() -> None:
    answered = AnsweredChallenge(challenge("", "auth"))
    first, second = (
        answered.authorization("PLAY", URI, "admin", "secret") for _ in range(2)
    )
    assert "nc=00000001" in first
    assert "nc=00000002" in second
    assert first.partition("cnonce=")[2] != second.partition("cnonce=")[2]


def test_basic_is_that_of_rfc_7617() -> None:
    expected = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_authorization("Aladdin", "open sesame") == expected
    answered = AnsweredChallenge(Challenge("basic", "r"))
    assert answered.authorization("GET", "/", "Aladdin", "open sesame") == expected
