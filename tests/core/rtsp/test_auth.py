import base64
import re

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.auth import Authenticator
from custom_components.vtrack_nvr.core.rtsp.messages import Headers, Request

URI = "rtsp://192.0.2.10:554/rec/1"
CNONCE = "0a4f113b"


def authenticator(**more: object) -> Authenticator:
    return Authenticator(
        "admin",
        "secret",
        make_cnonce=lambda: CNONCE,
        **more,
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
    assert error.value.kind is ErrorKind.CLEARTEXT_LOGIN
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


def test_a_device_that_cannot_do_the_hash_it_offers_gets_the_other_one() -> None:
    auth = authenticator(allow_basic=True)
    values = [
        'Digest realm="NVR", nonce="n1", algorithm=SHA-256',
        'Digest realm="NVR", nonce="n1", algorithm=MD5',
        'Basic realm="NVR"',
    ]
    auth.challenged(values, None)
    first = auth.authorization("DESCRIBE", URI)
    assert parameters(first)["algorithm"] == "SHA"  # -256: the rest is cut off
    auth.challenged([value.replace("n1", "n2") for value in values], first)
    second = auth.authorization("DESCRIBE", URI)
    assert parameters(second)["algorithm"] == "MD5"
    with pytest.raises(NvrError) as error:
        auth.challenged(values, second)
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


def test_a_challenge_that_comes_twice_keeps_its_counter() -> None:
    offer = ['Digest realm="N", nonce="1", qop="auth"']
    auth = authenticator()
    auth.challenged(offer, None)
    first = auth.authorization("OPTIONS", URI)
    # The refusal of a request that had gone out before the login was known.
    auth.challenged(offer, None)
    second = auth.authorization("DESCRIBE", URI)
    assert first
    assert second
    assert parameters(first)["nc"] == "00000001"
    assert parameters(second)["nc"] == "00000002"


def test_a_realm_goes_back_byte_for_byte() -> None:
    realm = b"\xe9t\xe9".decode("utf-8", "surrogateescape")
    auth = authenticator()
    auth.challenged([f'Digest realm="{realm}", nonce="1"'], None)
    header = auth.authorization("OPTIONS", URI)
    assert header
    data = Request("OPTIONS", URI, Headers([("Authorization", header)])).encode()
    assert b'realm="\xe9t\xe9"' in data
