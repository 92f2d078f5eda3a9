"""Finds devices by WS-Discovery multicast (Core §7).

The WSDiscovery library asks with ONVIF's two types; the third kind of probe, without types,
is sent by ourselves: that is the kind which sloppy devices answer. Whatever comes is read
by ourselves, too: the library drops answers that lack RelatesTo or MetadataVersion or
repeat our MessageID, and expands entities that anybody on the network may send.
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

from .probe import DatagramListener
from .probe_match import (
    GROUP,
    PORT,
    TYPES,
    DatagramGate,
    Finds,
    FoundDevice,
    build_probe,
)
from .ws_library import OnDatagram, make_searcher

_LOGGER = logging.getLogger(__name__)
_TTL = 4
_REPEATS = 2
_REPEAT_SECONDS = 0.5
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
    gate = DatagramGate()

    def take(device: FoundDevice) -> None:
        if seen.add(device) and on_found:
            on_found(device)

    def hear_in_thread(data: bytes, sender: str) -> None:
        for device in gate.read(data, sender):
            with contextlib.suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(take, device)

    stop = threading.Event()
    worker = loop.run_in_executor(
        None, _listen_with_library, interfaces, seconds, stop, hear_in_thread
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_ask_untyped(interfaces, seconds, take, gate))
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
    interfaces: Sequence[str] | None, seconds: float, take: OnFound, gate: DatagramGate
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
                lambda: DatagramListener(take, gate), sock=sock
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
    hear: OnDatagram,
) -> None:
    """Ask with the library for both ONVIF types; its threads have ended on return."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        searcher = make_searcher(interfaces, hear, ttl=_TTL, repeats=_REPEATS)
        qname = importlib.import_module("wsdiscovery.qname").QName
    except ImportError as error:
        _LOGGER.warning(
            "WSDiscovery is not installed: some devices may not be found (%s)", error
        )
        return
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
    except (AttributeError, AssertionError, OSError, RuntimeError) as error:
        # It stops threads that were never started, too.
        _LOGGER.debug("discovery did not stop cleanly: %s", type(error).__name__)
