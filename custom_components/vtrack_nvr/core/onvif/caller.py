"""Sends SOAP calls to one device and logs in the way it asks for (Core 5.9.1).

The first call goes out without credentials; what the device demands decides: HTTP digest
where it is offered, Basic only inside TLS, WS-UsernameToken otherwise. What works is
remembered per service, because some devices want one thing here and another there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import secrets

from ..clock import Clock
from ..digest import offers_basic, parse_challenges, strongest_digest
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from .http_answer import HttpAnswer
from .http_login import (
    AuthMode,
    Credentials,
    HttpLogin,
    Refusal,
    Rung,
    TokenRefusedError,
    rungs,
)
from .redirects import redirected
from .soap import SoapFault, envelope, read_body, without_soap
from .transport import HttpTransport, NoConnection, ends_talk, once_more
from .wsse import cleartext_header, security_header
from .xml import ANSWER, SEARCH, Element, parse_in_turns

_WHERE = "soap"
_QUARTER_MS = 15 * 60_000
_MOST_REDIRECTS = 3
_DENIED_FOR_S = 3_600.0
"""So long an operation is not asked for that this user may not use: each time it costs
refused logins, and devices lock accounts for these.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `headers` are SOAP header blocks besides the login.

    `is_list`: the device decides how long the answer is.
    """

    url: str
    action: str
    body: str
    headers: str = ""
    timeout: float | None = None
    is_list: bool = False

    @property
    def operation(self) -> str:
        """Return the operation's name for messages."""
        return self.action.rpartition("/")[2]


def is_local_time(offset_ms: int, tolerance_ms: int = 60_000) -> bool:
    """Return whether an offset looks like a time zone (n × 15 min, n ≠ 0, |n| ≤ 56)."""
    quarters = round(offset_ms / _QUARTER_MS)
    off_by = abs(offset_ms - quarters * _QUARTER_MS)
    return 0 < abs(quarters) <= 56 and off_by <= tolerance_ms


class SoapCaller:
    """Calls one device with one login; shared by all its services."""

    def __init__(
        self,
        transport: HttpTransport,
        login: Credentials,
        guard: LoginGuard,
        clock: Clock,
        refresh_clock: Callable[[], Awaitable[bool]],
    ) -> None:
        """Start without knowing how the device wants to be logged in to.

        `refresh_clock` measures `offset_ms` anew and says whether it moved.
        """
        self.offset_ms = 0
        self.default_mode: AuthMode | None = None
        self.proofs: tuple[Call, ...] = ()
        """Calls that any user may make: by these a login is judged, and by no other."""
        self._http = HttpLogin(transport, login, guard)
        self._list_bytes = transport.bounds.search_answer_bytes
        self._login = login
        self._guard = guard
        self._clock = clock
        self._refresh_clock = refresh_clock
        self._modes: dict[str, AuthMode] = {}
        self._moved: dict[str, str] = {}
        self._open: set[Call] = set()
        self._denied: dict[tuple[str, str], float] = {}
        self._refused_once: set[tuple[str, str]] = set()
        """By accident, it may be: only a second refusal in a row is one for good."""
        self._witness: Call | None = None
        self._lock = asyncio.Lock()
        self._ignores_offset = False

    async def call(self, call: Call, *, with_login: bool = True) -> Element:
        """Send and return the answer's element; raises `NvrError`.

        AUTH_REFUSED means the login; NO_PERMISSION that the same login is still good
        elsewhere on the device.
        """
        if not with_login or not self._login.username:
            answer = await self._send(call, AuthMode.NONE)
            if isinstance(answer, Refusal):
                raise self._refused(call, "a login is needed")
            return answer
        self._guard.check()
        if self._clock.monotonic() < self._denied.get((call.url, call.action), 0.0):
            raise NvrError(
                ErrorKind.NO_PERMISSION, "refused before", where=call.operation
            )
        asked = (call.url, call.action)
        try:
            answer = await self._call_with_login(call)
        except NvrError as error:
            if error.kind is ErrorKind.NO_PERMISSION:
                if asked in self._refused_once:
                    self._denied[asked] = self._clock.monotonic() + _DENIED_FOR_S
                self._refused_once.add(asked)
            raise
        self._refused_once.discard(asked)
        return answer

    def forget_denials(self) -> None:
        """Ask again for what was refused; somebody may have given the user more rights."""
        self._denied.clear()
        self._refused_once.clear()

    async def _call_with_login(self, call: Call) -> Element:
        mode = self._mode_for(call.url)
        if mode is None:
            async with self._lock:
                mode = self._mode_for(call.url)
                if mode is None:
                    return await self._first_login(call)
        used_ms = self.offset_ms
        answer = await self._send(call, mode)
        if isinstance(answer, Refusal):
            async with self._lock:
                return await self._refused_later(call, mode, answer, used_ms)
        return answer

    def _mode_for(self, url: str) -> AuthMode | None:
        return self._modes.get(url, self.default_mode)

    def _refused(self, call: Call, detail: str) -> NvrError:
        return NvrError(ErrorKind.AUTH_REFUSED, detail, where=call.operation)

    async def call_open(self, call: Call) -> Element:
        """Call what needs no login by the rules; with one where it fails without."""
        answer, failed = await self._anonymous(call)
        if not isinstance(answer, Refusal):
            return answer
        if not self._login.username:
            raise failed or self._refused(call, "a login is needed")
        if self._mode_for(call.url) is None:
            async with self._lock:
                if self._mode_for(call.url) is None:
                    return await self._log_in(call, answer, failed)
        return await self.call(call)

    async def _first_login(self, call: Call) -> Element:
        """Call without a login, and with one where that fails, in whatever way."""
        self._guard.check()
        answer, failed = await self._anonymous(call)
        if not isinstance(answer, Refusal):
            return answer
        return await self._log_in(call, answer, failed)

    async def _log_in(
        self, call: Call, refusal: Refusal, failed: NvrError | None
    ) -> Element:
        """Find the way to log in; by a call that any user may make, if this is none.

        Many devices keep single operations for administrators, or call what they do not
        have forbidden: such an answer says nothing of the password.
        """
        self._guard.check()
        names = {proof.operation for proof in self.proofs}
        if not names or call.operation in names:
            return await self._climb(call, refusal, failed)
        await self._prove()
        mode = self.default_mode
        if mode is None:
            if failed and self._open.issuperset(self.proofs):
                # A device that asks nobody for a login fails for another reason.
                raise failed
            return await self._climb(call, refusal, failed, is_proof=False)
        try:
            answer = await self._send(call, mode)
        except NvrError as error:
            raise failed or error from error
        if isinstance(answer, Refusal):
            return await self._refused_later(call, mode, answer, self.offset_ms)
        return answer

    async def prove_login(self) -> None:
        """Log in, if any of the calls that every user may make asks for it.

        Raises AUTH_REFUSED; whatever else fails is the calls' own matter.
        """
        if self._login.username and self.default_mode is None:
            async with self._lock:
                if self.default_mode is None:
                    self._guard.check()
                    await self._prove()

    async def _prove(self) -> None:
        for proof in self.proofs:
            if proof in self._open:
                continue
            try:
                answer, failed = await self._anonymous(proof)
                if isinstance(answer, Refusal):
                    await self._climb(proof, answer, failed)
                    return
            except NvrError as error:
                if error.kind is ErrorKind.TIMEOUT:
                    # Not even this: the device answers nothing at all.
                    raise NoConnection(
                        error.kind, error.detail, where=error.where
                    ) from error
                if ends_talk(error):
                    raise
            else:
                self._open.add(proof)

    async def _anonymous(self, call: Call) -> tuple[Element | Refusal, NvrError | None]:
        """Return what comes without a login; a failure counts as a refusal, too."""
        try:
            return await self._send(call, AuthMode.NONE), None
        except NvrError as error:
            if ends_talk(error):
                raise
            return Refusal(detail=error.detail), error

    async def _climb(
        self,
        call: Call,
        refusal: Refusal,
        failed: NvrError | None,
        *,
        is_proof: bool = True,
    ) -> Element:
        """Try the logins that are offered, best first; `failed` is told if none helps."""
        tried: set[Rung] = set()
        while True:
            rung = next((r for r in self._rungs(refusal) if r not in tried), None)
            if rung is None:
                break
            tried.add(rung)
            mode = rung.mode
            self._guard.check()
            self._http.offer(refusal, rung.family)
            try:
                answer = await self._attempt(call, mode)
            except NvrError as error:
                # It fails for another reason than the login.
                raise failed or error from error
            if not isinstance(answer, Refusal):
                if is_proof:
                    self.default_mode = mode
                    self._witness = call
                    self._guard.accepted(_WHERE)
                else:
                    self._modes[call.url] = mode
                return answer
            if answer.challenges:
                refusal = answer
            if is_proof and self._guard.refused(_WHERE):
                break
        if not is_proof:
            raise NvrError(
                ErrorKind.NO_PERMISSION, refusal.detail, where=call.operation
            )
        raise self._all_refused(call, refusal)

    def _rungs(self, refusal: Refusal) -> tuple[Rung, ...]:
        return rungs(refusal, allows_cleartext=self._login.allows_cleartext)

    def _offered(self, refusal: Refusal, mode: AuthMode) -> AuthMode:
        """Return what a refusal asks for; a token is asked for without saying which."""
        offered = self._rungs(refusal)[0].mode
        is_token = offered is AuthMode.WSS and mode is AuthMode.WSS_TEXT
        return mode if is_token else offered

    def _all_refused(self, call: Call, refusal: Refusal) -> NvrError:
        """Return what it means that no way of logging in was accepted."""
        where = call.operation
        if self._login.allows_cleartext or strongest_digest(refusal.challenges):
            return self._refused(call, "the login was refused")
        if offers_basic(refusal.challenges):
            return NvrError(ErrorKind.CLEARTEXT_LOGIN, "only Basic", where=where)
        return TokenRefusedError(
            ErrorKind.AUTH_REFUSED, "the token was refused", where=where
        )

    async def _attempt(self, call: Call, mode: AuthMode) -> Element | Refusal:
        answer = await self._send(call, mode)
        if (
            isinstance(answer, Refusal)
            and mode is AuthMode.WSS
            and is_local_time(self.offset_ms)
        ):
            # Devices that sell local time as UTC check `Created` against true UTC.
            self._ignores_offset = True
            answer = await self._send(call, mode)
            self._ignores_offset = not isinstance(answer, Refusal)
        return answer

    async def _refused_later(
        self, call: Call, mode: AuthMode, refusal: Refusal, used_ms: int
    ) -> Element:
        """Find out why a login that worked does not work for this call.

        `used_ms` is the clock offset it was sent with: another call may have found out
        meanwhile that the clock has jumped.
        """
        self._guard.check()
        if mode is AuthMode.WSS and (
            used_ms != self.offset_ms or await self._refresh_clock()
        ):
            answer = await self._send(call, mode)
            if not isinstance(answer, Refusal):
                return answer
            refusal = answer
        proof = self._proof_for(call, mode)
        offered = self._offered(refusal, mode)
        if self._guard.refused(_WHERE) or (proof is None and offered is mode):
            raise self._refused(call, "the login is not accepted any more")
        if proof is None:
            if self._is_worse(offered, mode):
                raise NvrError(
                    ErrorKind.CLEARTEXT_LOGIN, "only Basic now", where=call.operation
                )
            return await self._other_mode(call, offered, refusal)
        # One more login decides: refused, it was the second and there is no third.
        again = await self._send(proof, self._mode_for(proof.url) or AuthMode.WSS)
        if isinstance(again, Refusal):
            self._guard.refused(_WHERE)
            raise self._refused(call, "the login is not accepted any more")
        self._guard.accepted(_WHERE)
        if proof is call:
            self._http.has_short_nonces = True
            return again
        return await self._not_the_login(call, mode, refusal)

    def _is_worse(self, offered: AuthMode, mode: AuthMode) -> bool:
        """Return whether a device that took a digest now wants the password itself."""
        return (
            offered.is_cleartext and not mode.is_cleartext and not self._login.is_proven
        )

    async def _other_mode(
        self, call: Call, mode: AuthMode, refusal: Refusal
    ) -> Element:
        """Log in the way the device asks for now; somebody changed its settings."""
        self._http.offer(refusal)
        answer = await self._attempt(call, mode)
        if isinstance(answer, Refusal):
            self._guard.refused(_WHERE)
            raise self._refused(call, "the login is not accepted any more")
        self._guard.accepted(_WHERE)
        self._modes[call.url] = mode
        return answer

    def _proof_for(self, call: Call, mode: AuthMode) -> Call | None:
        """Return what to send to find out whether the login is still good at all."""
        witness = self._witness
        if witness and (witness.url, witness.action) != (call.url, call.action):
            return witness
        # A nonce that was used before may have aged without the device saying so.
        return call if mode is AuthMode.DIGEST else None

    async def _not_the_login(
        self, call: Call, mode: AuthMode, refusal: Refusal
    ) -> Element:
        """Try once more what was refused though the login is good elsewhere."""
        if mode is AuthMode.DIGEST:
            answer = await self._send(call, mode)
            if not isinstance(answer, Refusal):
                self._http.has_short_nonces = True
                return answer
        offered = self._offered(refusal, mode)
        if offered is not mode and not self._is_worse(offered, mode):
            self._http.offer(refusal)
            answer = await self._attempt(call, offered)
            if not isinstance(answer, Refusal):
                self._modes[call.url] = offered
                return answer
        raise NvrError(ErrorKind.NO_PERMISSION, refusal.detail, where=call.operation)

    async def _send(self, call: Call, mode: AuthMode) -> Element | Refusal:
        return await once_more(lambda: self._send_once(call, mode))

    async def _send_once(self, call: Call, mode: AuthMode) -> Element | Refusal:
        headers = call.headers
        if mode is AuthMode.WSS_TEXT:
            headers = (
                cleartext_header(self._login.username, self._login.password) + headers
            )
        elif mode is AuthMode.WSS:
            offset_ms = 0 if self._ignores_offset else self.offset_ms
            headers = (
                security_header(
                    self._login.username,
                    self._login.password,
                    secrets.token_bytes(16),
                    self._clock.now_ms() - offset_ms,
                )
                + headers
            )
        url = self._moved.get(call.url, call.url)
        for _ in range(_MOST_REDIRECTS):
            answer = await self._http.exchange(
                "POST",
                url,
                mode,
                where=call.operation,
                headers={
                    "Content-Type": "application/soap+xml; charset=utf-8; "
                    f'action="{call.action}"'
                },
                body=envelope(call.body, headers),
                timeout=call.timeout,
                limit=self._list_bytes if call.is_list else None,
            )
            if not 300 <= answer.status < 400:
                break
            url = self._moved[call.url] = redirected(url, answer, call.operation)
        return await self._read(call, answer)

    async def _read(self, call: Call, answer: HttpAnswer) -> Element | Refusal:
        where = call.operation
        refusal = Refusal(parse_challenges(answer.challenges), f"http {answer.status}")
        if answer.status == 401:
            return refusal
        try:
            limits = SEARCH if call.is_list else ANSWER
            root = await parse_in_turns(answer.body, limits)
            return read_body(root, where)
        except SoapFault as fault:
            if fault.is_auth:
                return Refusal(refusal.challenges, fault.detail)
            raise
        except NvrError as error:
            raise without_soap(answer, error, where) from error

    async def get(self, url: str, *, where: str) -> HttpAnswer:
        """Fetch a picture with the same login; raises `NvrError`."""
        for _ in range(_MOST_REDIRECTS):
            answer = await self._http.get(url, where=where)
            if not 300 <= answer.status < 400:
                break
            url = redirected(url, answer, where)
        return answer
