"""HTTP digest and Basic authentication, without a socket (RFC 7616, RFC 7617).

Tolerant where devices are: several challenges in one header or in many, missing quotes,
no qop, algorithm names in any case.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
import hashlib
import re

_SCHEME = re.compile(r"(?:^|,)\s*(Digest|Basic)\b", re.IGNORECASE)
_PARAMETER = re.compile(
    r"([A-Za-z0-9_-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))"
)
_STRENGTH = {"SHA-512-256": 3, "SHA-256": 2, "MD5": 1}
_HASHES = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One `WWW-Authenticate` challenge."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: str = ""
    is_stale: bool = False

    @property
    def family(self) -> str:
        """Return the hash's name without `-sess`, MD5 where nothing is said."""
        return self.algorithm.upper().removesuffix("-SESS") or "MD5"


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return all Digest and Basic challenges; others are skipped."""
    found: list[Challenge] = []
    for header in headers:
        marks = list(_SCHEME.finditer(header))
        for number, mark in enumerate(marks):
            end = marks[number + 1].start() if number + 1 < len(marks) else len(header)
            values = {
                item[1].lower(): re.sub(r"\\(.)", r"\1", item[2])
                if item[2] is not None
                else item[3]
                for item in _PARAMETER.finditer(header[mark.end() : end])
            }
            offered = [
                item.strip().lower() for item in values.get("qop", "").split(",")
            ]
            found.append(
                Challenge(
                    scheme=mark[1].lower(),
                    realm=values.get("realm", ""),
                    nonce=values.get("nonce", ""),
                    opaque=values.get("opaque"),
                    algorithm=values.get("algorithm", ""),
                    qop=next((q for q in ("auth", "auth-int") if q in offered), ""),
                    is_stale=values.get("stale", "").lower() == "true",
                )
            )
    return tuple(found)


def strongest_digest(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the digest challenge with the best hash we know, or None."""
    known = [
        item
        for item in challenges
        if item.scheme == "digest" and item.nonce and item.family in _STRENGTH
    ]
    return max(known, key=lambda item: _STRENGTH[item.family], default=None)


def offers_basic(challenges: Iterable[Challenge]) -> bool:
    """Say whether Basic is among the challenges."""
    return any(item.scheme == "basic" for item in challenges)


def basic_authorization(username: str, password: str) -> str:
    """Return the header value; only ever sent inside TLS."""
    joined = base64.b64encode(f"{username}:{password}".encode()).decode()
    return f"Basic {joined}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def digest_authorization(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str,
    *,
    count: int,
    cnonce: str,
    body: bytes = b"",
) -> str:
    """Return the header value; `uri` exactly as in the request line."""

    def digest(value: bytes) -> str:
        return hashlib.new(
            _HASHES[challenge.family], value, usedforsecurity=False
        ).hexdigest()

    secret = digest(f"{username}:{challenge.realm}:{password}".encode())
    if challenge.algorithm.upper().endswith("-SESS"):
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}".encode())
    request = f"{method}:{uri}"
    if challenge.qop == "auth-int":
        request = f"{request}:{digest(body)}"
    hashed = digest(request.encode())
    counter = f"{count:08x}"
    middle = f"{counter}:{cnonce}:{challenge.qop}:" if challenge.qop else ""
    response = digest(f"{secret}:{challenge.nonce}:{middle}{hashed}".encode())
    parts = [
        f"username={_quoted(username)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(uri)}",
        f'response="{response}"',
    ]
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    if challenge.qop:
        parts += [f"qop={challenge.qop}", f"nc={counter}"]
    if challenge.qop or challenge.algorithm.upper().endswith("-SESS"):
        parts.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parts)
