"""RTSP login: answers the challenges of one connection (RFC 2326 16, RFC 7616)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ..digest import AnsweredChallenge, Challenge, fresh_cnonce, parse_challenges
from ..errors import ErrorKind, NvrError

_RENEWALS_ALLOWED: Final = 2


class Authenticator:
    """Answers challenges of one connection.

    An answered challenge that is refused again is final, unless the device says that only
    the nonce was too old, a login that had worked meets a new nonce in mid-session, or the
    device offers a digest by another hash.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        allow_basic: bool = False,
        make_cnonce: Callable[[], str] = fresh_cnonce,
    ) -> None:
        """Keep the login; nothing is sent before a challenge."""
        self._username = username
        self._password = password
        self._allow_basic = allow_basic
        self._make_cnonce = make_cnonce
        self._answered: AnsweredChallenge | None = None
        self._has_worked = False
        self._renewals = 0
        self._refused: set[str] = set()
        """Hashes that were refused: devices offer one that they cannot compute."""

    @property
    def has_challenge(self) -> bool:
        """Return whether requests carry credentials from now on."""
        return self._answered is not None

    @property
    def _took_digest(self) -> bool:
        """Return whether a digest was asked for: Basic would be a step back."""
        return self._answered is not None and self._answered.challenge.strength > 1

    def authorization(self, method: str, uri: str) -> str | None:
        """Return the Authorization header for a request, None before a challenge."""
        if self._answered is None:
            return None
        return self._answered.authorization(method, uri, self._username, self._password)

    def accepted(self) -> None:
        """Note that a request with credentials was let through."""
        self._has_worked = True
        self._renewals = 0

    def challenged(self, values: Iterable[str], answered: str | None) -> None:
        """Take the challenges of a 401; returns when the request may be sent again.

        `answered` is the Authorization the request carried. Raises `NvrError`:
        AUTH_REFUSED when they refuse what was answered or there is no login to answer
        with, CLEARTEXT_LOGIN when Basic is all that is offered and it may not be used,
        UNSUPPORTED when nothing that is offered is known.
        """
        offered = parse_challenges(values)
        weakest = 1 if self._allow_basic and not self._took_digest else 2
        usable = [item for item in offered if item.strength >= weakest]
        if not usable and any(item.scheme == "basic" for item in offered):
            raise NvrError(ErrorKind.CLEARTEXT_LOGIN, "only Basic is offered")
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
        best = self._best(usable)
        if answered is not None and not self._may_renew(best):
            if self._answered is not None and not self._has_worked:
                self._refused.add(self._answered.challenge.family)
            best = self._best(usable)
            if self._has_worked or best.family in self._refused:
                raise NvrError(ErrorKind.AUTH_REFUSED, "user name or password refused")
        if self._answered is None or self._answered.challenge != best:
            # The counter of a nonce must never begin anew.
            self._answered = AnsweredChallenge(best, self._make_cnonce)

    def _best(self, usable: Sequence[Challenge]) -> Challenge:
        """Return the strongest challenge, of those that were not refused if there is one."""
        return max(
            usable, key=lambda item: (item.family not in self._refused, item.strength)
        )

    def _may_renew(self, challenge: Challenge) -> bool:
        """Return whether the refusal is about the nonce and not about the login."""
        old = self._answered
        is_new = old is None or challenge.nonce != old.challenge.nonce
        self._renewals += 1
        return (
            is_new
            and (challenge.is_stale or self._has_worked)
            and self._renewals <= (_RENEWALS_ALLOWED if challenge.is_stale else 1)
        )
