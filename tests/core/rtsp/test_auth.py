import base64
import re
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.auth import (
    Authenticator,
    Challenge,
    digest_response,
    parse_challenges,
)

URI = "rtsp://192.0.2.10:554/rec/1"
CNONCE = "0a4f113b"


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
        digest_response(offered, "admin", "secret", "DESCRIBE", URI, CNONCE) == response
    )


def test_the_example_of_rfc_7616() -> None:
    offered = Challenge(
        "digest",
        "http-auth@example.org",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
        "SHA-256",
        "auth",
    )
    assert (
        digest_response(
            offered,
            "Mufasa",
            "Circle of Life",
            "GET",
            "/dir/index.html",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )


def test_session_variants_mix_the_nonces_in() -> None:
    plain = digest_response(challenge("MD5", "auth"), "a", "b", "PLAY", URI, CNONCE)
    mixed = digest_response(
        challenge("MD5-sess", "auth"), "a", "b", "PLAY", URI, CNONCE
    )
    assert plain != mixed


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (
            ['Digest realm="N, V\\"R", nonce="x", stale=TRUE, qop="auth-int,auth"'],
            [Challenge("digest", 'N, V"R', "x", None, "", "auth", True)],
        ),
        (
            ['Digest realm="a", nonce="n", algorithm=SHA-256, Basic realm="b"'],
            [
                Challenge("digest", "a", "n", None, "SHA-256"),
                Challenge("basic", "b"),
            ],
        ),
        (
            ["Basic", 'digest realm=a,nonce=n,opaque="",qop=auth-int'],
            [Challenge("basic"), Challenge("digest", "a", "n", "", "", "auth-int")],
        ),
        (
            ['Digest  realm = "a" , nonce= "n'],
            [Challenge("digest", "a", "n")],
        ),
        (['realm="lost"', "", ",=,"], []),
    ],
)
def test_challenges_are_read_leniently(
    values: list[str], found: list[Challenge]
) -> None:
    assert list(parse_challenges(values)) == found


def test_absurd_challenges_are_read_quickly() -> None:
    began = time.monotonic()
    for text in ('"' * 60_000, " " * 60_000, 'a="\\' * 15_000, "a=" + " " * 60_000):
        parse_challenges([f"Digest {text}"])
    assert time.monotonic() - began < 2


@given(st.text(max_size=100))
def test_any_challenge_is_survived(text: str) -> None:
    parse_challenges([text, f"Digest {text}"])


def authenticator(**more: object) -> Authenticator:
    return Authenticator(
        "admin",
        "secret",
        make_cnonce=lambda: CNONCE,
        **more,  # type: ignore[arg-type]
    )


def parameters(header: str) -> dict[str, str]:
    return {
        name: value.strip('"')
        for name, value in re.findall(r'(\w+)=("[^"]*"|\w+)', header)
    }


def test_nothing_is_sent_before_a_challenge() -> None:
    auth = authenticator()
    assert auth.authorization("OPTIONS", URI) is None
    assert not auth.has_challenge


def test_the_strongest_challenge_is_answered_in_whatever_order() -> None:
    auth = authenticator(allow_basic=True)
    auth.challenged(
        [
            'Basic realm="NVR"',
            'Digest realm="NVR", nonce="abc123", algorithm=SHA-256, qop="auth"',
            'Digest realm="NVR", nonce="abc123"',
            'Digest realm="NVR", nonce="x", algorithm=UNKNOWN',
            'Bearer realm="x"',
        ],
        None,
    )
    header = auth.authorization("DESCRIBE", URI)
    assert header is not None
    given = parameters(header)
    assert given["response"].startswith("308bc41f")
    assert given["nc"] == "00000001"
    assert given["uri"] == URI
    again = auth.authorization("DESCRIBE", URI)
    assert again is not None
    assert parameters(again)["nc"] == "00000002"
    assert auth.has_challenge


def test_without_qop_the_old_form_is_sent() -> None:
    auth = authenticator()
    auth.challenged(['Digest realm="NVR", nonce="abc123", opaque="o\\"p"'], None)
    header = auth.authorization("DESCRIBE", URI)
    assert header == (
        'Digest username="admin", realm="NVR", nonce="abc123", '
        f'uri="{URI}", response="9f69d66d273d2d6913344fa10b5b0cd3", opaque="o\\"p"'
    )


def test_basic_is_only_sent_where_it_is_allowed() -> None:
    with pytest.raises(NvrError) as error:
        authenticator().challenged(['Basic realm="NVR"'], None)
    assert error.value.kind is ErrorKind.UNSUPPORTED
    auth = authenticator(allow_basic=True)
    auth.challenged(['Basic realm="NVR"'], None)
    header = auth.authorization("PLAY", URI)
    assert header == "Basic " + base64.b64encode(b"admin:secret").decode()


@pytest.mark.parametrize("values", [[], ["Bearer x"], ['Digest qop="auth-int"']])
def test_unknown_ways_to_log_in_are_named(values: list[str]) -> None:
    with pytest.raises(NvrError, match="no acceptable way") as error:
        authenticator().challenged(values, None)
    assert error.value.kind is ErrorKind.UNSUPPORTED


def test_without_a_login_the_challenge_is_a_refusal() -> None:
    with pytest.raises(NvrError) as error:
        Authenticator("", "").challenged(['Digest nonce="x"'], None)
    assert error.value.kind is ErrorKind.AUTH_REFUSED


def digest(nonce: str, *, stale: bool = False) -> list[str]:
    return [f'Digest realm="N", nonce="{nonce}"{", stale=true" if stale else ""}']


def test_an_answered_challenge_that_is_refused_is_final() -> None:
    auth = authenticator()
    auth.challenged(digest("1"), None)
    with pytest.raises(NvrError) as error:
        auth.challenged(digest("2"), auth.authorization("DESCRIBE", URI))
    assert error.value.kind is ErrorKind.AUTH_REFUSED


def test_a_stale_nonce_is_renewed_but_not_for_ever() -> None:
    auth = authenticator()
    auth.challenged(digest("1"), None)
    auth.challenged(digest("2", stale=True), auth.authorization("PLAY", URI))
    auth.challenged(digest("3", stale=True), auth.authorization("PLAY", URI))
    with pytest.raises(NvrError):
        auth.challenged(digest("4", stale=True), auth.authorization("PLAY", URI))


def test_the_same_nonce_called_stale_is_a_refusal() -> None:
    auth = authenticator()
    auth.challenged(digest("1"), None)
    with pytest.raises(NvrError):
        auth.challenged(digest("1", stale=True), auth.authorization("PLAY", URI))


def test_a_login_that_worked_gets_one_new_nonce_without_the_word_stale() -> None:
    auth = authenticator()
    auth.challenged(digest("1"), None)
    for nonce in ("2", "3", "4"):
        auth.accepted()
        auth.challenged(digest(nonce), auth.authorization("PLAY", URI))
    with pytest.raises(NvrError):
        auth.challenged(digest("5"), auth.authorization("PLAY", URI))
