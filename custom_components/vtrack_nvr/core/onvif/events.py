"""Listens to a device by a pull point (Core §9): motion and the like as they happen."""

from collections.abc import AsyncGenerator, Mapping
import contextlib
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
)
from .soap import addressing
from .xaddr import service_urls
from .xml import Element

LIFETIME_SECONDS = 120
PULL_SECONDS = 20
_RENEW_AFTER = LIFETIME_SECONDS / 2
_SHORTEST_PULL = 0.2


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
    services = await connection.services()
    urls = service_urls(services.xaddrs.get(Service.EVENTS, ""), connection.endpoint)
    if not urls:
        raise NvrError(ErrorKind.UNSUPPORTED, "no event service", where="events")
    answer = await _send(
        connection, urls[0], CREATE_ACTION, build_create(LIFETIME_SECONDS)
    )
    subscription = read_subscription(answer)
    if subscription is None:
        raise NvrError(
            ErrorKind.PROTOCOL,
            "a subscription without a usable address",
            where="events",
        )
    url = next(iter(service_urls(subscription.address, connection.endpoint)), urls[0])
    renewed = clock.monotonic()
    try:
        while True:
            started = clock.monotonic()
            answer = await _send(
                connection,
                url,
                PULL_ACTION,
                build_pull(pull_seconds),
                subscription,
                timeout=pull_seconds + waits.soap_call,
            )
            events = read_notifications(answer, sources, connection.device_now_ms())
            for event in events:
                yield event
            if clock.monotonic() - renewed > _RENEW_AFTER:
                await _renew(connection, url, subscription)
                renewed = clock.monotonic()
            if not events and clock.monotonic() - started < _SHORTEST_PULL:
                # Some devices answer at once instead of waiting for something.
                await clock.sleep(1.0)
    finally:
        with contextlib.suppress(NvrError):
            await _send(
                connection,
                url,
                UNSUBSCRIBE_ACTION,
                build_unsubscribe(),
                subscription,
                timeout=waits.teardown,
            )


async def _renew(connection: Connection, url: str, subscription: Subscription) -> None:
    """Prolong the subscription; devices that cannot prolong it with every pull."""
    with contextlib.suppress(NvrError):
        await _send(
            connection, url, RENEW_ACTION, build_renew(LIFETIME_SECONDS), subscription
        )


async def _send(
    connection: Connection,
    url: str,
    action: str,
    body: str,
    subscription: Subscription | None = None,
    timeout: float | None = None,
) -> Element:
    address = subscription.address if subscription else url
    reference = subscription.reference if subscription else ""
    headers = addressing(action, address, str(uuid.uuid4()), reference)
    return await connection.send(Call(url, action, body, headers, timeout))
