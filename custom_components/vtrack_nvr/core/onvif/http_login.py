"""Sends HTTP requests with the login a device asks for (RFC 7616, RFC 7617)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from yarl import URL

from ..digest import (
    AnsweredChallenge,
    Challenge,
    basic_authorization,
    digests,
    offers_basic,
    parse_challenges,
)
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from .http_answer import HttpAnswer
from .transport import HttpTransport, once_more


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


_HTTP_MODES = frozenset({AuthMode.DIGEST, AuthMode.BASIC})


@dataclass(frozen=True, slots=True)
class Credentials:
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


@dataclass(frozen=True, slots=True)
class Rung:
    """A way to log in that is worth a try; `family` is the hash of a digest."""

    mode: AuthMode
    family: str = ""


def rungs(refusal: Refusal, *, allows_cleartext: bool) -> tuple[Rung, ...]:
    """Return what to try after an unauthenticated call was refused, best first.

    Never more than two: the second refusal stops all logins. A device that offers several
    digests may have learned the best one only half.
    """
    offered = digests(refusal.challenges)[:_MOST_RUNGS]
    found = [Rung(AuthMode.DIGEST, item.family) for item in offered]
    if not found and allows_cleartext and offers_basic(refusal.challenges):
        found.append(Rung(AuthMode.BASIC))
    found.append(Rung(AuthMode.WSS))
    if allows_cleartext:
        found.append(Rung(AuthMode.WSS_TEXT))
    return tuple(found[:_MOST_RUNGS])


_MOST_RUNGS = 2


class TokenRefusedError(NvrError):
    """The digest of a WS-Security token was refused, and no other login is offered.

    The password is wrong, or the device takes it only as it is (PasswordText).
    """


class HttpLogin:
    """Keeps the challenge that is answered with every request; one per device."""

    def __init__(
        self, transport: HttpTransport, login: Credentials, guard: LoginGuard
    ) -> None:
        """Nothing is sent yet."""
        self.has_short_nonces = False
        """The device refuses nonces that were used before, without calling them stale."""
        self._transport = transport
        self._login = login
        self._guard = guard
        self._nonce: AnsweredChallenge | None = None
        self._family = ""
        self._closed: set[str] = set()

    def offer(self, refusal: Refusal, family: str = "") -> None:
        """Answer this challenge from now on, if it is one for digest.

        `family` is the hash to answer with from now on, of those that are offered.
        """
        self._family = family or self._family
        challenge = self._digest_of(refusal.challenges)
        if challenge:
            self._nonce = AnsweredChallenge(challenge)

    def _digest_of(self, challenges: Iterable[Challenge]) -> Challenge | None:
        """Return the challenge with the hash that was chosen, else with the best one."""
        offered = digests(challenges)
        chosen = (item for item in offered if item.family == self._family)
        return next(chosen, next(iter(offered), None))

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
            challenge = self._digest_of(parse_challenges(answer.challenges))
            if challenge is None:
                return answer
            self._nonce = AnsweredChallenge(challenge)
            if nonce is not None and not challenge.is_stale:
                return answer
        return answer

    def _ways_to_picture(self, refusal: Refusal) -> tuple[Rung, ...]:
        """Return how to log in for a picture: with the hash that SOAP takes, if it is one."""
        found = rungs(refusal, allows_cleartext=self._login.allows_cleartext)
        ways = [each for each in found if each.mode in _HTTP_MODES]
        known = [each for each in ways if self._family and each.family == self._family]
        return tuple(known or ways)

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
            ways = self._ways_to_picture(refusal)
            if not ways:
                raise NvrError(
                    ErrorKind.UNSUPPORTED,
                    "asks for a password in a way that is not safe",
                    where=where,
                )
            for way in ways:
                self.offer(refusal, way.family)
                answer = await self.exchange(
                    "GET", url, way.mode, where=where, headers={}, limit=limit
                )
                if answer.status != 401:
                    break
                refusal = Refusal(parse_challenges(answer.challenges))
            else:
                self._closed.add(url)
        if answer.status in {401, 403}:
            # SOAP accepts the login, so this says nothing about the password.
            raise NvrError(
                ErrorKind.NO_PERMISSION, f"http {answer.status}", where=where
            )
        return answer
