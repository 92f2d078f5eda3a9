"""Checking credentials as a device does: RFC 2617 and RFC 7616 digest, Basic."""

import base64
from dataclasses import dataclass, field
import hashlib
import hmac
import re
import secrets
import threading
import time

from .rtsp_faults import RtspFaults
from .rtsp_message import Request

REALM = "VTrack simulator"
PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')
ALGORITHMS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in, and the challenges to answer with."""

    challenges: list[str]
    attempted: bool
    """Whether credentials were given: a failed login, not a first knock."""


@dataclass
class Authenticator:
    """All nonces of one server; may be used by any number of threads."""

    accounts: dict[str, str]
    _nonces: dict[str, float] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, request: Request, faults: RtspFaults) -> Refusal | None:
        """Return None for a request that may pass."""
        if not self.accounts:
            return None
        header = request.headers.get("authorization", "")
        scheme, _, rest = header.partition(" ")
        offered = faults.challenges
        stale = False
        if scheme.lower() == "basic" and "basic" in offered:
            if self._basic(rest):
                return None
        elif scheme.lower() == "digest":
            verdict = self._digest(request, rest, faults)
            if verdict == "good":
                return None
            stale = verdict == "stale"
        return self.refusal(request, faults, stale=stale)

    def refusal(
        self, request: Request, faults: RtspFaults, *, stale: bool = False
    ) -> Refusal:
        """Return the refusal of a request, whatever it carries."""
        attempted = "authorization" in request.headers and not stale
        return Refusal(self._challenges(faults, stale=stale), attempted)

    def _challenges(self, faults: RtspFaults, *, stale: bool) -> list[str]:
        challenges = []
        for kind in faults.challenges:
            if kind == "basic":
                challenges.append(f'Basic realm="{REALM}"')
                continue
            nonce = secrets.token_hex(16)
            with self._lock:
                self._nonces[nonce] = time.monotonic()
            text = f'Digest realm="{REALM}", nonce="{nonce}"'
            if kind == "sha256":
                text += ", algorithm=SHA-256"
            if faults.qop:
                text += ', qop="auth"'
            if stale:
                text += ", stale=true"
            challenges.append(text)
        return challenges

    def _basic(self, text: str) -> bool:
        try:
            user, _, password = base64.b64decode(text).decode().partition(":")
        except ValueError:
            return False
        known = self.accounts.get(user)
        return known is not None and hmac.compare_digest(
            known.encode(), password.encode()
        )

    def _digest(self, request: Request, text: str, faults: RtspFaults) -> str:
        """Return "good", "stale" or "bad"."""
        given = {
            name.lower(): quoted or plain
            for name, quoted, plain in PARAMETER.findall(text)
        }
        algorithm = given.get("algorithm", "MD5").upper()
        allowed = {"md5": "MD5", "sha256": "SHA-256"}
        if algorithm not in {allowed.get(kind) for kind in faults.challenges}:
            return "bad"
        password = self.accounts.get(given.get("username", ""))
        if password is None or given.get("realm") != REALM:
            return "bad"
        if given.get("uri") != request.uri:
            return "bad"

        def digest(data: str) -> str:
            return ALGORITHMS[algorithm](data.encode()).hexdigest()

        nonce = given.get("nonce", "")
        ha1 = digest(f"{given['username']}:{REALM}:{password}")
        ha2 = digest(f"{request.method}:{request.uri}")
        if given.get("qop"):
            if given["qop"] != "auth" or not faults.qop:
                return "bad"
            middle = f"{nonce}:{given.get('nc')}:{given.get('cnonce')}:auth"
        else:
            middle = nonce
        wanted = digest(f"{ha1}:{middle}:{ha2}")
        if not hmac.compare_digest(wanted, given.get("response", "").lower()):
            return "bad"
        return self._freshness(nonce, given, faults)

    def _freshness(self, nonce: str, given: dict[str, str], faults: RtspFaults) -> str:
        with self._lock:
            made = self._nonces.get(nonce)
            if made is None:
                return "stale"
            if (
                faults.stale_after is not None
                and time.monotonic() - made > faults.stale_after
            ):
                return "stale"
            if given.get("qop"):
                try:
                    count = int(given.get("nc", ""), 16)
                except ValueError:
                    return "bad"
                if count <= self._counts.get(nonce, 0):
                    return "stale"
                self._counts[nonce] = count
        return "good"
