"""Listens to a device by a pull point (Core §9): motion and the like as they happen."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
import contextlib
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
from .soap import addressing
from .transport import ends_talk
from .xaddr import service_urls
from .xml import Element, read_in_turns

LIFETIME_SECONDS = 120
PULL_SECONDS = 20
_RENEW_AFTER = LIFETIME_SECONDS / 2
_SHORTEST_PULL = 0.5
_PAUSE_SECONDS = 0.5
"""Between two pulls of a device that does not wait for anything to happen."""
_IDLE_PAUSE_SECONDS = 1.0
_EVENTS_A_TURN = 50
_NO_OTHER_WAY = frozenset(
    {ErrorKind.BUSY, ErrorKind.GONE, ErrorKind.NO_PERMISSION, ErrorKind.CANCELLED}
)


async def listen(
    connection: Connection,
    sources: Mapping[str, str],
    clock: Clock,
    waits: Waits,
    pull_seconds: int = PULL_SECONDS,
) -> AsyncGenerator[DeviceEvent]:
    """Yield events until closed; raises `NvrError` when the subscription is lost.

    `sources` translates tokens in events into channel tokens. The subscription is ended
    on the device when the iterator is closed.
    """
    point = _PullPoint(connection)
    subscription = await point.create()
    granted_s = subscription.lifetime_s or LIFETIME_SECONDS
    pull_s = max(1.0, min(pull_seconds, granted_s / 3))
    renewed = clock.monotonic()
    try:
        while True:
            started = clock.monotonic()
            answer = await point.send(
                PULL_ACTION,
                lambda _: build_pull(pull_s),
                timeout=pull_s + waits.soap_call,
            )
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
                with contextlib.suppress(NvrError):
                    await point.send(RENEW_ACTION, build_renew, has_time=True)
                renewed = clock.monotonic()
            if clock.monotonic() - started < _SHORTEST_PULL:
                # Some devices answer at once instead of waiting for something.
                await clock.sleep(_PAUSE_SECONDS if events else _IDLE_PAUSE_SECONDS)
    finally:
        with contextlib.suppress(NvrError):
            await point.send(
                UNSUBSCRIBE_ACTION,
                lambda _: build_unsubscribe(),
                timeout=waits.teardown,
                is_last=True,
            )


class _PullPoint:
    """Speaks to one pull point in the way that the device understands.

    By the rules, requests carry WS-Addressing headers and a lifetime; some devices refuse
    the headers, and some take nothing but a time on their own clock.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = ""
        self._subscription: Subscription | None = None
        self._has_addressing = True
        self._has_absolute_times = False
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
                answer = await self.send(CREATE_ACTION, build_create, has_time=True)
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
            endpoint = self._connection.endpoint
            self._url = next(iter(service_urls(subscription.address, endpoint)), url)
            return subscription
        assert failed is not None
        raise failed

    async def send(
        self,
        action: str,
        build: Callable[[str], str],
        *,
        timeout: float | None = None,
        has_time: bool = False,
        is_last: bool = False,
    ) -> Element:
        """Send in the way that was understood last, and in the others where it fails."""
        failed: NvrError | None = None
        for has_addressing, is_absolute in self._ways(action, has_time, is_last):
            until = termination(
                LIFETIME_SECONDS,
                self._connection.device_now_ms() if is_absolute else None,
            )
            headers = self._addressing(action) if has_addressing else ""
            call = Call(self._url, action, build(until), headers, timeout)
            try:
                answer = await self._connection.send(call)
            except NvrError as error:
                if ends_talk(error) or error.kind in _NO_OTHER_WAY:
                    raise
                failed = failed or error
                continue
            self._has_addressing = has_addressing
            self._has_absolute_times = is_absolute
            self._settled.add(action)
            return answer
        assert failed is not None
        if action != CREATE_ACTION:
            self._settled.add(action)
        raise failed

    def _ways(
        self, action: str, has_time: bool, is_last: bool
    ) -> tuple[tuple[bool, bool], ...]:
        addressed, absolute = self._has_addressing, self._has_absolute_times
        if is_last or action in self._settled:
            return ((addressed, absolute),)
        if not has_time:
            return (addressed, absolute), (not addressed, absolute)
        return (
            (addressed, absolute),
            (addressed, not absolute),
            (not addressed, absolute),
            (not addressed, not absolute),
        )

    def _addressing(self, action: str) -> str:
        subscription = self._subscription
        address = subscription.address if subscription else self._url
        reference = subscription.reference if subscription else ""
        return addressing(action, address, str(uuid.uuid4()), reference)
