"""Sends HTTP requests with the login a device asks for (RFC 7616, RFC 7617)."""

from dataclasses import dataclass, field
from enum import StrEnum

from yarl import URL

from ..digest import (
    AnsweredChallenge,
    Challenge,
    basic_authorization,
    offers_basic,
    parse_challenges,
    strongest_digest,
)
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from .transport import HttpAnswer, HttpTransport, once_more


class AuthMode(StrEnum):
    """How a login travels."""

    NONE = "none"
    WSS = "wss"
    WSS_TEXT = "wss_text"
    """WS-Security with the password itself (PasswordText)."""
    DIGEST = "digest"
    BASIC = "basic"

    @property
    def is_cleartext(self) -> bool:
        """Return whether whoever reads the connection reads the password."""
        return self in {AuthMode.BASIC, AuthMode.WSS_TEXT}


@dataclass(frozen=True, slots=True)
class Login:
    """User name and password; the password is kept out of `repr`.

    `is_proven`: the device proves by its certificate who it is. `is_chosen`: a person
    chose for this device that the password may be read on its way.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    is_proven: bool = False
    is_chosen: bool = False

    @property
    def allows_cleartext(self) -> bool:
        """Return whether the password itself may be sent, where nothing better goes."""
        return self.is_proven or self.is_chosen


@dataclass(frozen=True, slots=True)
class Refusal:
    """The device wants a login, or another one."""

    challenges: tuple[Challenge, ...] = ()
    detail: str = ""


def rungs(refusal: Refusal, *, allows_cleartext: bool) -> tuple[AuthMode, ...]:
    """Return what to try after an unauthenticated call was refused, best first.

    Never more than two: the second refusal stops all logins.
    """
    if strongest_digest(refusal.challenges):
        return (AuthMode.DIGEST, AuthMode.WSS)
    if not allows_cleartext:
        return (AuthMode.WSS,)
    if offers_basic(refusal.challenges):
        return (AuthMode.BASIC, AuthMode.WSS)
    return (AuthMode.WSS, AuthMode.WSS_TEXT)


class TokenRefusedError(NvrError):
    """The digest of a WS-Security token was refused, and no other login is offered.

    The password is wrong, or the device takes it only as it is (PasswordText).
    """


class HttpLogin:
    """Keeps the challenge that is answered with every request; one per device."""

    def __init__(
        self, transport: HttpTransport, login: Login, guard: LoginGuard
    ) -> None:
        """Nothing is sent yet."""
        self.has_short_nonces = False
        """The device refuses nonces that were used before, without calling them stale."""
        self._transport = transport
        self._login = login
        self._guard = guard
        self._nonce: AnsweredChallenge | None = None
        self._closed: set[str] = set()

    def offer(self, refusal: Refusal) -> None:
        """Answer this challenge from now on, if it is one for digest."""
        challenge = strongest_digest(refusal.challenges)
        if challenge:
            self._nonce = AnsweredChallenge(challenge)

    async def exchange(
        self,
        method: str,
        url: str,
        mode: AuthMode,
        *,
        where: str,
        headers: dict[str, str],
        body: bytes | None = None,
        timeout: float | None = None,
        limit: int | None = None,
    ) -> HttpAnswer:
        """Send with HTTP authentication where the mode says so; renews stale nonces.

        A refusal without `stale` may cost the account: it is the caller's to judge.
        """
        if self.has_short_nonces and self._nonce and self._nonce.count:
            self._nonce = None
        for _ in range(3):
            nonce = self._nonce
            sent = dict(headers)
            if mode is AuthMode.BASIC:
                sent["Authorization"] = basic_authorization(
                    self._login.username, self._login.password
                )
            elif mode is AuthMode.DIGEST and nonce:
                header = nonce.authorization(
                    method,
                    URL(url, encoded=True).raw_path_qs,
                    self._login.username,
                    self._login.password,
                    body or b"",
                )
                # aiohttp writes UTF-8 only; devices do not compare what they said.
                escaped = header.encode("utf-8", "surrogateescape")
                sent["Authorization"] = escaped.decode("utf-8", "replace")
            answer = await self._transport.request(
                method,
                url,
                where=where,
                headers=sent,
                body=body,
                timeout=timeout,
                limit=limit,
            )
            if answer.status != 401 or mode is not AuthMode.DIGEST:
                return answer
            challenge = strongest_digest(parse_challenges(answer.challenges))
            if challenge is None:
                return answer
            self._nonce = AnsweredChallenge(challenge)
            if nonce is not None and not challenge.is_stale:
                return answer
        return answer

    async def get(self, url: str, *, where: str) -> HttpAnswer:
        """Fetch a picture; see `_get`."""
        return await once_more(lambda: self._get(url, where))

    async def _get(self, url: str, where: str) -> HttpAnswer:
        """Fetch a picture, logging in by HTTP if it is asked for; raises `NvrError`.

        An address that refuses the login is not asked again: pictures are fetched every
        few seconds, and the device would lock the account.
        """
        if url in self._closed:
            raise NvrError(ErrorKind.NO_PERMISSION, "refused before", where=where)
        limit = self._transport.bounds.picture_bytes
        answer = await self.exchange(
            "GET", url, AuthMode.NONE, where=where, headers={}, limit=limit
        )
        if answer.status == 401 and self._login.username:
            self._guard.check()
            refusal = Refusal(parse_challenges(answer.challenges))
            mode = rungs(refusal, allows_cleartext=self._login.allows_cleartext)[0]
            if mode is AuthMode.WSS:
                raise NvrError(
                    ErrorKind.UNSUPPORTED,
                    "asks for a password in a way that is not safe",
                    where=where,
                )
            self.offer(refusal)
            answer = await self.exchange(
                "GET", url, mode, where=where, headers={}, limit=limit
            )
            if answer.status == 401:
                self._closed.add(url)
        if answer.status in {401, 403}:
            # SOAP accepts the login, so this says nothing about the password.
            raise NvrError(
                ErrorKind.NO_PERMISSION, f"http {answer.status}", where=where
            )
        return answer
