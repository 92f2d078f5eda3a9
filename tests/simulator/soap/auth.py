"""Who may call: WS-UsernameToken (Core 5.9.5, WSS 1.1) and HTTP digest (RFC 7616).

Strict by default: only PasswordDigest, `Created` in UTC with Z and near the device's
clock, no nonce twice, digest `uri` equal to the request's.
"""

import base64
import binascii
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
import hashlib
import hmac
import re
import secrets
import time

from ..faults import Faults
from ..timeline import Clock
from .envelope import Element, Request, SoapFault, parse_utc_ms


class AuthMode(StrEnum):
    """What a device accepts."""

    WSS = "wss"
    DIGEST = "digest"
    BOTH = "both"
    BASIC = "basic"
    """HTTP Basic; sane over TLS only."""
    WSS_TEXT = "wss_text"
    """WS-UsernameToken with PasswordText; the digest is refused."""
    NONE = "none"


_PASSWORD_DIGEST = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)
_PASSWORD_TEXT = _PASSWORD_DIGEST.replace("#PasswordDigest", "#PasswordText")
_KEPT_NONCES = 5000


@dataclass
class Guard:
    """Checks credentials and counts failures; one per NVR."""

    accounts: dict[str, str]
    mode: AuthMode
    clock: Clock
    true_clock: Clock
    faults: Faults
    realm: str = "ONVIF"
    algorithms: tuple[str, ...] = ("MD5",)
    failures: Counter[str] = field(default_factory=Counter)
    """By cause: digest, created, nonce, user, locked, stale, missing."""
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _nonces: dict[str, tuple[float, set[str]]] = field(default_factory=dict)
    _bad_in_a_row: int = 0
    _locked_until: float = 0.0

    def reset(self) -> None:
        """Forget lock-outs and nonces, as a reboot does."""
        self._seen.clear()
        self._nonces.clear()
        self._bad_in_a_row = 0
        self._locked_until = 0.0

    def check(
        self, request: Request, authorization: str | None, method: str, path: str
    ) -> str:
        """Return the user who sent a request, or raise the fault to answer."""
        if self.mode is AuthMode.NONE:
            return ""
        security = next((h for h in request.header if h.name == "wsse:Security"), None)
        if security is not None and self.mode in (AuthMode.WSS, AuthMode.BOTH):
            return self._accepted(self._check_token(security))
        if self.mode in (AuthMode.WSS, AuthMode.WSS_TEXT):
            if security is None:
                self.failures["missing"] += 1
                raise self.refusal("no UsernameToken")
            return self._accepted(self._check_token(security))
        return self.check_http(authorization, method, path)

    def check_http(self, authorization: str | None, method: str, path: str) -> str:
        """Return the user of an HTTP digest, or raise 401 with a challenge."""
        if self.mode is AuthMode.NONE:
            return ""
        if not authorization:
            self.failures["missing"] += 1
            raise self.challenge("credentials wanted")
        if self.mode is AuthMode.BASIC:
            return self._accepted(self._check_basic(authorization))
        return self._accepted(self._check_digest(authorization, method, path))

    def challenge(self, reason: str, *, is_stale: bool = False) -> SoapFault:
        """Return the 401 with one WWW-Authenticate line per algorithm."""
        stale = ", stale=true" if is_stale else ""
        lines = []
        if self.mode is AuthMode.BASIC:
            lines.append(f'Basic realm="{self.realm}"')
        for algorithm in self.algorithms if not lines else ():
            nonce = secrets.token_hex(16)
            self._nonces[nonce] = (time.monotonic(), set())
            if len(self._nonces) > _KEPT_NONCES:
                del self._nonces[next(iter(self._nonces))]
            lines.append(
                f'Digest realm="{self.realm}", qop="auth", nonce="{nonce}", '
                f"algorithm={algorithm}{stale}"
            )
        return SoapFault(
            "Sender",
            "ter:NotAuthorized",
            reason=reason,
            status=401,
            headers={"WWW-Authenticate": "\n".join(lines)},
        )

    def refusal(self, reason: str) -> SoapFault:
        """Return the fault of a device without HTTP digest (C 5.9.5: HTTP 400)."""
        return SoapFault(
            "Sender",
            "ter:NotAuthorized",
            reason=reason,
            status=self.faults.unauthorized_status or 400,
        )

    def _accepted(self, user: str) -> str:
        self._bad_in_a_row = 0
        return user

    def _bad_login(self, cause: str, fault: SoapFault) -> SoapFault:
        self.failures[cause] += 1
        self._bad_in_a_row += 1
        limit = self.faults.lockout_after
        if limit is not None and self._bad_in_a_row >= limit:
            self._locked_until = time.monotonic() + self.faults.lockout_s
            self._bad_in_a_row = 0
        return fault

    def _refuse_when_locked(self) -> None:
        if time.monotonic() < self._locked_until:
            self.failures["locked"] += 1
            raise self.refusal("account locked after too many bad logins")

    def _check_token(self, security: Element) -> str:
        self._refuse_when_locked()
        token = security.first("wsse:UsernameToken")
        if token is None:
            self.failures["missing"] += 1
            raise self.refusal("no UsernameToken")
        user = token.value("wsse:Username") or ""
        password = token.first("wsse:Password")
        nonce_text = token.value("wsse:Nonce") or ""
        created = token.value("wsu:Created") or ""
        if self.mode is AuthMode.WSS_TEXT:
            kind = password.attributes.get("Type") if password is not None else ""
            if password is None or kind != _PASSWORD_TEXT:
                raise self._bad_login("digest", self.refusal("PasswordText wanted"))
            if self.accounts.get(user) != password.text:
                raise self._bad_login("user", self.refusal("not authorized"))
            return user
        if (
            password is None
            or password.attributes.get("Type") != _PASSWORD_DIGEST
            or not nonce_text
            or not created
        ):
            raise self._bad_login("digest", self.refusal("PasswordDigest wanted"))
        try:
            nonce = base64.b64decode(nonce_text, validate=True)
            created_ms = parse_utc_ms(created)
        except binascii.Error, SoapFault:
            raise self._bad_login(
                "created", self.refusal("bad Nonce or Created")
            ) from None
        reference = self.true_clock if self.faults.wss_true_time else self.clock
        if abs(created_ms - reference.now_ms()) > self.faults.wss_window_s * 1000:
            raise self._bad_login("created", self.refusal("Created out of window"))
        if nonce_text in self._seen:
            raise self._bad_login("nonce", self.refusal("nonce used before"))
        self._seen[nonce_text] = None
        if len(self._seen) > _KEPT_NONCES:
            self._seen.popitem(last=False)
        if user not in self.accounts:
            raise self._bad_login("user", self.refusal("not authorized"))
        wanted = base64.b64encode(
            hashlib.sha1(
                nonce + created.encode() + self.accounts[user].encode()
            ).digest()
        )
        if not hmac.compare_digest(wanted, password.text.encode()):
            raise self._bad_login("digest", self.refusal("not authorized"))
        return user

    def _check_basic(self, authorization: str) -> str:
        self._refuse_when_locked()
        scheme, _, text = authorization.partition(" ")
        try:
            pair = base64.b64decode(text, validate=True).decode()
        except binascii.Error, UnicodeDecodeError:
            pair = ""
        user, _, password = pair.partition(":")
        if scheme.lower() != "basic" or self.accounts.get(user) != password:
            raise self._bad_login("user", self.challenge("not authorized"))
        return user

    def _check_digest(self, authorization: str, method: str, path: str) -> str:
        self._refuse_when_locked()
        scheme, _, rest = authorization.partition(" ")
        fields = parse_fields(rest)
        algorithm = fields.get("algorithm", "MD5").upper()
        if scheme.lower() != "digest" or algorithm not in self.algorithms:
            raise self._bad_login("digest", self.challenge("digest wanted"))
        nonce = fields.get("nonce", "")
        issued, used = self._nonces.get(nonce, (None, set()))
        if issued is None or (
            time.monotonic() - issued > self.faults.digest_nonce_s
            or fields.get("nc", "") in used
        ):
            self.failures["stale"] += 1
            raise self.challenge("nonce is stale", is_stale=True)
        user = fields.get("username", "")
        if user not in self.accounts or fields.get("uri") != path:
            raise self._bad_login("user", self.challenge("not authorized"))
        if fields.get("qop") != "auth" or not fields.get("cnonce"):
            raise self._bad_login("digest", self.challenge("qop=auth wanted"))
        if self.faults.digest_taken not in {"", algorithm}:
            raise self._bad_login("digest", self.challenge("not authorized"))
        hasher = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

        def digest(text: str) -> str:
            return hasher(text.encode()).hexdigest()

        ha1 = digest(f"{user}:{self.realm}:{self.accounts[user]}")
        ha2 = digest(f"{method}:{path}")
        wanted = digest(
            f"{ha1}:{nonce}:{fields.get('nc', '')}:{fields['cnonce']}:auth:{ha2}"
        )
        if not hmac.compare_digest(wanted, fields.get("response", "")):
            raise self._bad_login("digest", self.challenge("not authorized"))
        used.add(fields.get("nc", ""))
        return user


_FIELD = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


def parse_fields(text: str) -> dict[str, str]:
    """Return the parameters of an Authorization header."""
    return {
        match[1].lower(): match[2] if match[2] is not None else match[3]
        for match in _FIELD.finditer(text)
    }
