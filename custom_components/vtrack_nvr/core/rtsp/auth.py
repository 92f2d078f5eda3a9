"""RTSP login: digest (RFC 2617, RFC 7616) and, where allowed, Basic."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import hashlib
import re
import secrets
from typing import Final

from ..errors import ErrorKind, NvrError

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_STRENGTH: Final = ("MD5", "SHA-512-256", "SHA-256")
"""Weakest first; SHA-256 before the rarer variant, which OpenSSL may lack."""
_RENEWALS_ALLOWED: Final = 2
_ITEM = re.compile(r'((?:[^",]|"(?:[^"\\]|\\.)*"?)+)')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that the device offers; `scheme` in lower case."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: str = ""
    is_stale: bool = False

    @property
    def hash_name(self) -> str:
        """Return the name without `-sess`, in capitals."""
        return (self.algorithm or "MD5").upper().removesuffix("-SESS")

    @property
    def strength(self) -> int:
        """Return a rank: digests above Basic, 0 for what we do not know."""
        if self.scheme == "digest":
            if self.hash_name in _STRENGTH and self.qop in {"", "auth"}:
                return 2 + _STRENGTH.index(self.hash_name)
            return 0
        return 1 if self.scheme == "basic" else 0


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Read WWW-Authenticate headers, each of which may hold several challenges.

    Tolerates missing quotes, blanks and odd spellings (retina #62).
    """
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        for item in _ITEM.findall(value):
            left, equals, right = item.partition("=")
            words = left.lower().split()
            if not words:
                continue
            if len(words) > 1 or not equals:
                found.append((words[0], {}))
            if equals and found:
                found[-1][1][words[-1]] = _unquote(right.strip())
    return tuple(_challenge(scheme, given) for scheme, given in found)


def _unquote(text: str) -> str:
    text = text.removeprefix('"').removesuffix('"')
    return re.sub(r"\\(.)", r"\1", text)


def _challenge(scheme: str, given: dict[str, str]) -> Challenge:
    offered = [item.strip().lower() for item in given.get("qop", "").split(",")]
    return Challenge(
        scheme,
        given.get("realm", ""),
        given.get("nonce", ""),
        given.get("opaque"),
        given.get("algorithm", ""),
        "auth" if "auth" in offered else ",".join(filter(None, offered)),
        given.get("stale", "").lower() == "true",
    )


def digest_response(
    challenge: Challenge,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str = "",
    count: int = 1,
) -> str:
    """Return the `response` value (RFC 7616 3.4.1)."""

    def digest(text: str) -> str:
        name = _HASHES[challenge.hash_name]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    secret = digest(f"{username}:{challenge.realm}:{password}")
    if challenge.algorithm.upper().endswith("-SESS"):
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    request = digest(f"{method}:{uri}")
    if not challenge.qop:
        return digest(f"{secret}:{challenge.nonce}:{request}")
    middle = f"{challenge.nonce}:{count:08x}:{cnonce}:{challenge.qop}"
    return digest(f"{secret}:{middle}:{request}")


class Authenticator:
    """Answers challenges of one connection.

    An answered challenge that is refused again is final, unless the device says that only
    the nonce was too old, or a login that had worked meets a new nonce in mid-session.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        allow_basic: bool = False,
        make_cnonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """Keep the login; nothing is sent before a challenge."""
        self._username = username
        self._password = password
        self._allow_basic = allow_basic
        self._make_cnonce = make_cnonce
        self._challenge: Challenge | None = None
        self._count = 0
        self._has_worked = False
        self._renewals = 0

    @property
    def has_challenge(self) -> bool:
        """Say whether requests carry credentials from now on."""
        return self._challenge is not None

    def authorization(self, method: str, uri: str) -> str | None:
        """Return the Authorization header for a request, None before a challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            pair = f"{self._username}:{self._password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        self._count += 1
        needs_cnonce = bool(challenge.qop) or challenge.algorithm.upper().endswith(
            "-SESS"
        )
        cnonce = self._make_cnonce() if needs_cnonce else ""
        response = digest_response(
            challenge,
            self._username,
            self._password,
            method,
            uri,
            cnonce,
            self._count,
        )
        parts = [
            f'username="{_quoted(self._username)}"',
            f'realm="{_quoted(challenge.realm)}"',
            f'nonce="{_quoted(challenge.nonce)}"',
            f'uri="{uri}"',
            f'response="{response}"',
        ]
        if challenge.algorithm:
            parts.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            parts.append(f'opaque="{_quoted(challenge.opaque)}"')
        if challenge.qop:
            parts.append(f"qop={challenge.qop}")
            parts.append(f"nc={self._count:08x}")
        if needs_cnonce:
            parts.append(f'cnonce="{cnonce}"')
        return f"Digest {', '.join(parts)}"

    def accepted(self) -> None:
        """Note that a request with credentials was let through."""
        self._has_worked = True
        self._renewals = 0

    def challenged(self, values: Iterable[str], answered: str | None) -> None:
        """Take the challenges of a 401; returns when the request may be sent again.

        `answered` is the Authorization the request carried. Raises `NvrError`:
        AUTH_REFUSED when they refuse what was answered or there is no login to answer
        with, UNSUPPORTED when none of the offered ways may be used.
        """
        offered = parse_challenges(values)
        usable = [
            item for item in offered if item.strength > (0 if self._allow_basic else 1)
        ]
        if not usable:
            names = ", ".join(
                sorted({f"{item.scheme} {item.algorithm}".strip() for item in offered})
            )
            raise NvrError(
                ErrorKind.UNSUPPORTED,
                f"no acceptable way to log in ({names or 'none'})",
            )
        if not self._username:
            raise NvrError(ErrorKind.AUTH_REFUSED, "a login is needed, none is known")
        best = max(usable, key=lambda item: item.strength)
        if answered is not None and not self._may_renew(best):
            raise NvrError(ErrorKind.AUTH_REFUSED, "user name or password refused")
        self._challenge = best
        self._count = 0

    def _may_renew(self, challenge: Challenge) -> bool:
        """Say whether the refusal is about the nonce and not about the login."""
        old = self._challenge
        is_new = old is None or challenge.nonce != old.nonce
        self._renewals += 1
        return (
            is_new
            and (challenge.is_stale or self._has_worked)
            and self._renewals <= (_RENEWALS_ALLOWED if challenge.is_stale else 1)
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
