"""Listens to a device by a pull point (Core §9): motion and the like as they happen."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
import contextlib
from dataclasses import dataclass, replace
import functools
import uuid

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..models import DeviceEvent
from ..policy import Waits
from .caller import Call
from .connection import Connection
from .names import Service
from .notifications import (
    CREATE_ACTION,
    MESSAGES,
    PULL_ACTION,
    RENEW_ACTION,
    UNSUBSCRIBE_ACTION,
    Subscription,
    build_create,
    build_pull,
    build_renew,
    build_unsubscribe,
    read_notifications,
    read_subscription,
    termination,
)
from .soap import EmptyAnswer, addressing
from .transport import ends_talk
from .xaddr import service_urls
from .xml import Element, read_in_turns

LIFETIME_SECONDS = 120
PULL_SECONDS = 20
_FEW_MESSAGES = 10
_SHORT_PULL_SECONDS = 5
_RENEW_AFTER = LIFETIME_SECONDS / 2
_SHORTEST_PULL = 0.5
_PAUSE_SECONDS = 0.5
"""Between two pulls of a device that does not wait for anything to happen."""
_IDLE_PAUSE_SECONDS = 1.0
_EVENTS_A_TURN = 50
_NO_OTHER_WAY = frozenset(
    {ErrorKind.BUSY, ErrorKind.GONE, ErrorKind.NO_PERMISSION, ErrorKind.CANCELLED}
)
_TIMED = frozenset({CREATE_ACTION, RENEW_ACTION})


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device wants to be asked; by the rules to begin with."""

    has_addressing: bool = True
    has_absolute_times: bool = False
    names_end: bool = True
    """A subscription is asked for with the time for which it shall live."""
    is_small: bool = False
    """It gives a few messages at a time, and does not wait for long."""


@dataclass(slots=True)
class PullMemory:
    """What was learned of a device by its pull points, from one to the next."""

    manner: Manner = Manner()
    has_subscribed: bool = False


def gone(error: NvrError) -> NvrError:
    """Return what ends a subscription, never UNSUPPORTED.

    Devices call anything unsupported while they start, and whatever is asked of a pull
    point that they have forgotten.
    """
    if error.kind is ErrorKind.UNSUPPORTED:
        return NvrError(ErrorKind.GONE, error.detail, where=error.where)
    return error


async def listen(
    connection: Connection,
    sources: Mapping[str, str],
    clock: Clock,
    waits: Waits,
    memory: PullMemory,
) -> AsyncGenerator[DeviceEvent]:
    """Yield events until closed; raises `NvrError` when the subscription is lost.

    `sources` translates tokens in events into channel tokens. The subscription is ended
    on the device when the iterator is closed. UNSUPPORTED is raised only by a device that
    has never made one.
    """
    point = _PullPoint(connection, memory)
    try:
        granted_s = (await point.create()).lifetime_s or LIFETIME_SECONDS
        pull_s = max(1.0, min(PULL_SECONDS, granted_s / 3))
        renewed = clock.monotonic()
        has_said = True
        idle_s = _IDLE_PAUSE_SECONDS
        while True:
            started = clock.monotonic()
            answer = await point.pull(pull_s, waits.soap_call)
            events: tuple[DeviceEvent, ...] = ()
            if answer is not None:
                has_said, idle_s = True, _IDLE_PAUSE_SECONDS
                read = functools.partial(
                    read_notifications,
                    sources=sources,
                    device_now_ms=connection.device_now_ms(),
                )
                events = await read_in_turns(read, answer)
            for number, event in enumerate(events):
                if number % _EVENTS_A_TURN == _EVENTS_A_TURN - 1:
                    await asyncio.sleep(0)
                yield event
            if clock.monotonic() - renewed > min(_RENEW_AFTER, granted_s / 2):
                # Devices that cannot do it prolong the subscription with every pull.
                if not await point.renew() and not has_said:
                    raise NvrError(
                        ErrorKind.GONE, "says nothing any more", where="events"
                    )
                renewed, has_said = clock.monotonic(), False
            if clock.monotonic() - started < _SHORTEST_PULL:
                # Some devices answer at once instead of waiting for something.
                await clock.sleep(_PAUSE_SECONDS if events else idle_s)
                idle_s = min(idle_s * (1 if answer is not None else 2), pull_s)
    except NvrError as error:
        raise (gone(error) if memory.has_subscribed else error) from error
    finally:
        await point.end(waits.teardown)


async def peek(
    connection: Connection,
    sources: Mapping[str, str],
    waits: Waits,
    memory: PullMemory,
    pull_seconds: float,
) -> tuple[DeviceEvent, ...]:
    """Return what a device tells a new subscription at once: mostly the states of all it sees.

    `sources` is as of `listen`. The subscription is ended again. Raises `NvrError`.
    """
    point = _PullPoint(connection, memory)
    await point.create()
    try:
        answer = await point.pull(pull_seconds, waits.soap_call)
        if answer is None:
            return ()
        read = functools.partial(
            read_notifications,
            sources=sources,
            device_now_ms=connection.device_now_ms(),
        )
        return await read_in_turns(read, answer)
    finally:
        await point.end(waits.teardown)


class _PullPoint:
    """Speaks to one pull point in the way that the device understands.

    By the rules, requests carry WS-Addressing headers and a lifetime; some devices refuse
    the headers, some take nothing but a time on their own clock or none at all, and some
    refuse to give many messages or to wait for long.
    """

    def __init__(self, connection: Connection, memory: PullMemory) -> None:
        self._connection = connection
        self._memory = memory
        self._url = ""
        self._subscription: Subscription | None = None
        self._settled: set[str] = set()
        """Actions that were understood once, or in none of the ways."""

    async def create(self) -> Subscription:
        urls = await self._connection.addresses(Service.EVENTS)
        if not urls:
            raise NvrError(ErrorKind.UNSUPPORTED, "no event service", where="events")
        failed: NvrError | None = None
        for url in urls:
            self._url = url
            try:
                answer = await self._send(CREATE_ACTION, build_create)
            except NvrError as error:
                if ends_talk(error) or error.kind in _NO_OTHER_WAY:
                    raise
                failed = failed or error
                continue
            subscription = read_subscription(answer)
            if subscription is None:
                raise NvrError(
                    ErrorKind.PROTOCOL,
                    "a subscription without a usable address",
                    where="events",
                )
            self._subscription = subscription
            self._memory.has_subscribed = True
            endpoint = self._connection.endpoint
            self._url = next(iter(service_urls(subscription.address, endpoint)), url)
            return subscription
        assert failed is not None
        raise failed

    async def pull(self, wait_s: float, patience_s: float) -> Element | None:
        """Return an answer, None for one without a word: nothing has happened."""

        def build(_until: str) -> str:
            if self._memory.manner.is_small:
                return build_pull(min(wait_s, _SHORT_PULL_SECONDS), _FEW_MESSAGES)
            return build_pull(wait_s, MESSAGES)

        try:
            return await self._send(PULL_ACTION, build, timeout=wait_s + patience_s)
        except EmptyAnswer as error:
            if error.status not in {200, 400}:
                raise
            return None

    async def renew(self) -> bool:
        """Prolong the subscription; return whether the device did."""
        try:
            await self._send(RENEW_ACTION, build_renew)
        except NvrError:
            return False
        return True

    async def end(self, timeout: float) -> None:
        """End the subscription on the device, if there is one; never raises."""
        if self._subscription is None:
            return
        self._settled.add(UNSUBSCRIBE_ACTION)
        with contextlib.suppress(NvrError):
            await self._send(
                UNSUBSCRIBE_ACTION, lambda _: build_unsubscribe(), timeout=timeout
            )

    async def _send(
        self,
        action: str,
        build: Callable[[str], str],
        *,
        timeout: float | None = None,
    ) -> Element:
        """Send in the way that was understood last, and in the others where it fails."""
        known = self._memory.manner
        failed: NvrError | None = None
        for manner in self._manners(action, known):
            self._memory.manner = manner
            now_ms = self._connection.device_now_ms()
            until = termination(
                LIFETIME_SECONDS, now_ms if manner.has_absolute_times else None
            )
            body = build(until if manner.names_end or action != CREATE_ACTION else "")
            headers = self._addressing(action) if manner.has_addressing else ""
            call = Call(self._url, action, body, headers, timeout)
            try:
                answer = await self._connection.send(call)
            except NvrError as error:
                self._memory.manner = known
                if ends_talk(error) or error.kind in _NO_OTHER_WAY:
                    raise
                # An answer without a word may be one to the question.
                if failed is None or isinstance(error, EmptyAnswer):
                    failed = error
                continue
            self._settled.add(action)
            return answer
        assert failed is not None
        if action != CREATE_ACTION:
            self._settled.add(action)
        raise failed

    def _manners(self, action: str, known: Manner) -> tuple[Manner, ...]:
        if action in self._settled:
            return (known,)
        other = replace(known, has_addressing=not known.has_addressing)
        found = [known, other]
        if action in _TIMED:
            found = [
                replace(each, has_absolute_times=is_absolute)
                for each in found
                for is_absolute in (
                    known.has_absolute_times,
                    not known.has_absolute_times,
                )
            ]
        if action == CREATE_ACTION:
            found.append(replace(known, names_end=not known.names_end))
        if action == PULL_ACTION:
            found.append(replace(known, is_small=not known.is_small))
        return tuple(found)

    def _addressing(self, action: str) -> str:
        subscription = self._subscription
        address = subscription.address if subscription else self._url
        reference = subscription.reference if subscription else ""
        return addressing(action, address, str(uuid.uuid4()), reference)
