"""Which ways to log in are tried, and in which order."""

import pytest

from custom_components.vtrack_nvr.core.digest import parse_challenges
from custom_components.vtrack_nvr.core.onvif.http_login import AuthMode, Refusal, rungs

DIGEST = 'Digest realm="r", nonce="n{}", qop="auth"'


@pytest.mark.parametrize(
    ("headers", "allows_cleartext", "expected"),
    [
        ([DIGEST], False, [AuthMode.DIGEST, AuthMode.WSS]),
        ([DIGEST, "Basic realm=x"], True, [AuthMode.DIGEST, AuthMode.WSS]),
        (["Basic realm=x"], True, [AuthMode.BASIC, AuthMode.WSS]),
        (["Basic realm=x"], False, [AuthMode.WSS]),
        ([], True, [AuthMode.WSS, AuthMode.WSS_TEXT]),
        ([], False, [AuthMode.WSS]),
    ],
)
def test_the_ladder(
    headers: list[str], allows_cleartext: bool, expected: list[AuthMode]
) -> None:
    refusal = Refusal(parse_challenges(headers))
    found = rungs(refusal, allows_cleartext=allows_cleartext)
    assert [rung.mode for rung in found] == expected


def test_the_next_weaker_digest_is_the_second_rung() -> None:
    headers = [
        f'Digest realm="x", nonce="n", algorithm={family}'
        for family in ("MD5", "SHA-256", "md5-sess", "SHA-3")
    ]
    for allows_cleartext in (False, True):
        found = rungs(
            Refusal(parse_challenges(headers)), allows_cleartext=allows_cleartext
        )
        assert [rung.family for rung in found] == ["SHA-256", "MD5"]
