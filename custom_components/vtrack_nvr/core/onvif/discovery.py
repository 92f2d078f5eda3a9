"""Finds devices by WS-Discovery multicast (Core §7).

The WSDiscovery library asks with ONVIF's two types; it drops answers that lack RelatesTo
or MetadataVersion or repeat our MessageID. So the third kind of probe, without types, is
sent and read by ourselves: that is the kind which sloppy devices answer.
"""

import asyncio
from collections.abc import Callable, Sequence
import contextlib
import importlib
import ipaddress
import logging
import socket
import struct
import threading
from typing import Any
import uuid

from .found import FoundDevice
from .probe import DatagramListener
from .probe_match import GROUP, PORT, TYPES, Finds, build_probe, make_found

_LOGGER = logging.getLogger(__name__)
_TTL = 4
_REPEATS = 2
_REPEAT_SECONDS = 0.5
_POLL_SECONDS = 0.1
_NOISY = ("daemon", "threading", "util", "wsdiscovery.message")
"""Loggers of the library: it warns of every foreign message on the network."""

type OnFound = Callable[[FoundDevice], None]


async def discover(
    interfaces: Sequence[str] | None = None,
    *,
    seconds: float = 6.0,
    on_found: OnFound | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[FoundDevice, ...]:
    """Return what answers on the given local IPv4 addresses (None: all of the host).

    Three kinds of probe, each sent twice, then `seconds` of listening, all in threads that
    have ended when this returns or is cancelled. `on_found` is called on the loop as soon
    as a device is seen, `on_progress` with 0…1. Loopback is never asked. No interface with
    multicast is an empty answer; raises nothing else.
    """
    loop = asyncio.get_running_loop()
    seen = Finds()

    def take(device: FoundDevice) -> None:
        if seen.add(device) and on_found:
            on_found(device)

    def take_from_thread(device: FoundDevice) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closing
            loop.call_soon_threadsafe(take, device)

    stop = threading.Event()
    worker = loop.run_in_executor(
        None, _listen_with_library, interfaces, seconds, stop, take_from_thread
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_ask_untyped(interfaces, seconds, take))
            group.create_task(_tell_progress(seconds, on_progress))
        await asyncio.shield(worker)
    finally:
        stop.set()
        # Its threads end within a fraction of a second; cancelled or not, wait for them.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(worker)
    # What the thread handed over last is still in the loop's queue.
    await asyncio.sleep(0)
    if on_progress:
        on_progress(1.0)
    return seen.devices


async def _tell_progress(
    seconds: float, on_progress: Callable[[float], None] | None
) -> None:
    steps = 20
    for step in range(steps):
        if on_progress:
            on_progress(step / steps)
        await asyncio.sleep(seconds / steps)


def local_addresses() -> tuple[str, ...]:
    """Return the host's IPv4 addresses without loopback; blocks for a moment."""
    adapters = importlib.import_module("ifaddr").get_adapters()
    return tuple(
        str(item.ip)
        for adapter in adapters
        for item in adapter.ips
        if isinstance(item.ip, str) and not ipaddress.ip_address(item.ip).is_loopback
    )


async def _ask_untyped(
    interfaces: Sequence[str] | None, seconds: float, take: OnFound
) -> None:
    """Send the probe without types from every interface and read whatever comes."""
    loop = asyncio.get_running_loop()
    if interfaces is None:
        interfaces = await loop.run_in_executor(None, local_addresses)
    transports: list[asyncio.DatagramTransport] = []
    try:
        for address in interfaces:
            if ipaddress.ip_address(address).is_loopback:
                continue
            try:
                sock = _multicast_socket(address)
            except OSError as error:
                _LOGGER.debug("no multicast on an interface: %s", error.strerror)
                continue
            transport, _ = await loop.create_datagram_endpoint(
                lambda: DatagramListener(take), sock=sock
            )
            transports.append(transport)
        for _ in range(_REPEATS):
            for transport in transports:
                transport.sendto(build_probe(str(uuid.uuid4())), (GROUP, PORT))
            await asyncio.sleep(min(_REPEAT_SECONDS, seconds / 4))
        await asyncio.sleep(seconds - _REPEATS * min(_REPEAT_SECONDS, seconds / 4))
    finally:
        for transport in transports:
            transport.close()


def _multicast_socket(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", _TTL)
        )
        sock.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address)
        )
        sock.bind((address, 0))
    except OSError:
        sock.close()
        raise
    return sock


def _listen_with_library(
    interfaces: Sequence[str] | None,
    seconds: float,
    stop: threading.Event,
    take: OnFound,
) -> None:
    """Ask with the library for both ONVIF types; its threads have ended on return."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        library = importlib.import_module("wsdiscovery.discovery")
        qname = importlib.import_module("wsdiscovery.qname").QName
    except ImportError:
        _LOGGER.warning("WSDiscovery is not installed: some devices may not be found")
        return
    searcher = _searcher(library.ThreadedWSDiscovery, interfaces, take)
    try:
        searcher.start()
    except OSError as error:
        # Somebody else holds port 3702 for himself.
        _LOGGER.debug("no multicast listener: %s", error.strerror)
        _stop(searcher)
        return
    try:
        for kind in TYPES:
            if kind and not stop.is_set():
                namespace, name, prefix = kind
                searcher.searchServices([qname(namespace, name, prefix)], timeout=0)
        stop.wait(seconds)
    finally:
        _stop(searcher)


def _stop(searcher: Any) -> None:
    try:
        searcher.stop()
    except (AttributeError, OSError, RuntimeError) as error:
        # It stops threads that were never started, too.
        _LOGGER.debug("discovery did not stop cleanly: %s", type(error).__name__)


def _searcher(base: Any, interfaces: Sequence[str] | None, take: OnFound) -> Any:
    """Return the library's searcher, restricted to interfaces, telling who answered."""
    allowed = None if interfaces is None else set(interfaces)

    class Searcher(base):  # type: ignore[misc]
        def addSourceAddr(self, addr: Any) -> None:  # noqa: N802 - the library's name
            if self._is_allowed(addr):
                super().addSourceAddr(addr)

        def removeSourceAddr(self, addr: Any) -> None:  # noqa: N802
            if self._is_allowed(addr):
                super().removeSourceAddr(addr)

        @staticmethod
        def _is_allowed(addr: Any) -> bool:
            return allowed is None or str(addr) in allowed

        def envReceived(self, env: Any, addr: tuple[str, int]) -> None:  # noqa: N802
            # Everything else on the group (other people's probes) is not for us.
            if not str(env.getAction()).endswith("/ProbeMatches"):
                return
            for match in env.getProbeResolveMatches():
                device = make_found(
                    match.getEPR() or "",
                    [scope.getQuotedValue() for scope in match.getScopes()],
                    list(match.getXAddrs()),
                    addr[0],
                    types=" ".join(item.getLocalname() for item in match.getTypes()),
                )
                if device:
                    take(device)

    return Searcher(ttl=_TTL, multicast_num=_REPEATS, relates_to=True)
