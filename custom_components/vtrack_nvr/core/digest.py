"""Digest and Basic logins of HTTP and RTSP, without a socket (RFC 7616, 2617, 7617).

Tolerant where devices are: several challenges in one header or in many, missing quotes,
blanks or commas, no qop, names in any case. Whether a refusal is final is the room's
to judge: HTTP asks each time anew, RTSP keeps one connection.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
import hashlib
import re
import secrets
from typing import Final

_HASHES: Final = {"MD5": "md5", "SHA-512-256": "sha512_256", "SHA-256": "sha256"}
_STRENGTH: Final = tuple(
    name
    for name, known_as in _HASHES.items()
    if known_as in hashlib.algorithms_available
)
"""Weakest first; SHA-256 before the rarer variant, which OpenSSL may lack."""
_AS_SENT: Final = ("utf-8", "surrogateescape")
_PROTECTIONS: Final = ("auth", "auth-int")
_ITEM = re.compile(
    r"([^\s,=\"]+)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^\s,\"]*)))?", re.DOTALL
)
"""A name, alone or with a value; nothing in it can be matched in two ways."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that the device offers; `scheme` in lower case."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: str = ""
    """`auth`, else `auth-int`, empty where neither is offered."""
    is_stale: bool = False

    @property
    def family(self) -> str:
        """Return the hash's name in capitals without `-SESS`; MD5 where none is said."""
        return self.algorithm.upper().removesuffix("-SESS") or "MD5"

    @property
    def is_session(self) -> bool:
        """Return whether the nonces are mixed into the secret."""
        return self.algorithm.upper().endswith("-SESS")

    @property
    def strength(self) -> int:
        """Return a rank: digests above Basic, 0 for what cannot be answered."""
        if self.scheme == "digest" and self.nonce and self.family in _STRENGTH:
            return 2 + _STRENGTH.index(self.family)
        return int(self.scheme == "basic")


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Read WWW-Authenticate headers, each of which may hold several challenges."""
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        end = -1
        for item in _ITEM.finditer(value):
            name, quoted, bare = item[1].lower(), item[2], item[3]
            if quoted is not None or bare is not None:
                text = bare if quoted is None else re.sub(r"(?s)\\(.)", r"\1", quoted)
                if found:
                    found[-1][1][name] = text
            elif name in _PROTECTIONS and found:
                # `qop=auth,auth-int`, the quotes forgotten
                found[-1][1]["qop"] = f"{found[-1][1].get('qop', '')},{name}"
            elif end < 0 or "," in value[end : item.start()]:
                found.append((name, {}))
            end = item.end()
    return tuple(_challenge(scheme, given) for scheme, given in found)


def _challenge(scheme: str, given: dict[str, str]) -> Challenge:
    offered = [item.strip().lower() for item in given.get("qop", "").split(",")]
    return Challenge(
        scheme,
        given.get("realm", ""),
        given.get("nonce", ""),
        given.get("opaque"),
        given.get("algorithm", ""),
        next((item for item in _PROTECTIONS if item in offered), ""),
        given.get("stale", "").lower() == "true",
    )


def strongest_digest(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the digest challenge with the best hash we know, or None."""
    return next(iter(digests(challenges)), None)


def digests(challenges: Iterable[Challenge]) -> tuple[Challenge, ...]:
    """Return the digest challenges that can be answered, one of a hash, best first."""
    known = {item.family: item for item in reversed([*challenges]) if item.strength > 1}
    return tuple(sorted(known.values(), key=lambda item: -item.strength))


def offers_basic(challenges: Iterable[Challenge]) -> bool:
    """Return whether Basic is among the challenges."""
    return any(item.scheme == "basic" for item in challenges)


def basic_authorization(username: str, password: str) -> str:
    """Return the header value; where it may be sent is the caller's to judge."""
    pair = f"{username}:{password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def digest_response(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str,
    *,
    count: int = 1,
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """Return the `response` value (RFC 7616 3.4.1)."""

    def digest(value: str | bytes) -> str:
        # What is not UTF-8 in a header counts as the bytes that the device sent.
        data = value if isinstance(value, bytes) else value.encode(*_AS_SENT)
        name = _HASHES[challenge.family]
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    secret = digest(f"{username}:{challenge.realm}:{password}")
    if challenge.is_session:
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    request = f"{method}:{uri}"
    if challenge.qop == "auth-int":
        request = f"{request}:{digest(body)}"
    middle = f"{count:08x}:{cnonce}:{challenge.qop}:" if challenge.qop else ""
    return digest(f"{secret}:{challenge.nonce}:{middle}{digest(request)}")


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
    """Return the header value; `uri` exactly as in the request line.

    Bytes of the challenge that are no UTF-8 come back the way they were read in
    (`surrogateescape`), so that they can be sent back unchanged.
    """
    response = digest_response(
        challenge,
        method,
        uri,
        username,
        password,
        count=count,
        cnonce=cnonce,
        body=body,
    )
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
        parts += [f"qop={challenge.qop}", f"nc={count:08x}"]
    if challenge.qop or challenge.is_session:
        parts.append(f'cnonce="{cnonce}"')
    return f"Digest {', '.join(parts)}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def fresh_cnonce() -> str:
    """Return a nonce of our own that nobody can guess."""
    return secrets.token_hex(8)


@dataclass(slots=True)
class AnsweredChallenge:
    """A challenge and how often it was answered: the nonce-count must never repeat."""

    challenge: Challenge
    make_cnonce: Callable[[], str] = field(default=fresh_cnonce, repr=False)
    count: int = 0

    def authorization(
        self,
        method: str,
        uri: str,
        username: str,
        password: str,
        body: bytes = b"",
    ) -> str:
        """Return the header value for one more request."""
        if self.challenge.scheme == "basic":
            return basic_authorization(username, password)
        self.count += 1
        return digest_authorization(
            self.challenge,
            method,
            uri,
            username,
            password,
            count=self.count,
            cnonce=self.make_cnonce(),
            body=body,
        )
