"""The WSDiscovery library's sockets and threads, without its reading of what comes.

It parses every datagram with a parser that expands entities, before anybody could look at
it, and one in a tenth of a second. Here it sends the probes and listens; what it receives
is handed over as bytes.
"""

# ruff: noqa: N802, SLF001 - names are those of the library
from collections.abc import Callable, Sequence
import contextlib
import importlib
import socket
from typing import Any

from .probe_match import MAX_DATAGRAM

_AT_ONCE = 32

type OnDatagram = Callable[[bytes, str], None]


def make_searcher(
    interfaces: Sequence[str] | None, hear: OnDatagram, *, ttl: int, repeats: int
) -> Any:
    """Return the library's searcher, restricted to local addresses (None: to none).

    `hear` is called in its threads with each datagram and its sender. Raises ImportError
    where the library is missing or has changed inside.
    """
    threaded = importlib.import_module("wsdiscovery.threaded")
    base: Any = importlib.import_module("wsdiscovery.discovery").ThreadedWSDiscovery
    allowed = None if interfaces is None else set(interfaces)

    if not hasattr(threaded.NetworkingThreadIPv4, "_recvMessages"):
        msg = "WSDiscovery receives in another way than it did"
        raise ImportError(msg)

    def deaf(thread: Any) -> Any:
        class Deaf(thread):  # type: ignore[misc]  # the library has no types
            def _recvMessages(self) -> None:
                for key, _ in self._selector.select(0):
                    for _ in range(_AT_ONCE):
                        if self._quitEvent.is_set():
                            return
                        try:
                            data, sender = key.fileobj.recvfrom(MAX_DATAGRAM + 1)
                        except OSError:
                            break
                        hear(data, sender[0])

        return Deaf

    class Searcher(base):  # type: ignore[misc]  # the library has no types
        def _startThreads(self) -> None:
            own: Any = self
            if own._networkingThread_v4 is None:
                own._networkingThread_v4 = deaf(threaded.NetworkingThreadIPv4)(own)
                own._networkingThread_v4.start()
                monitor = threaded.AddressMonitorThread(own, socket.AF_INET)
                own._addrsMonitorThread_v4 = monitor
                monitor.start()

        def addSourceAddr(self, addr: Any) -> None:
            if self._is_allowed(addr):
                super().addSourceAddr(addr)

        def removeSourceAddr(self, addr: Any) -> None:
            if self._is_allowed(addr):
                # It forgets an address twice where an interface goes away.
                with contextlib.suppress(KeyError):
                    super().removeSourceAddr(addr)

        @staticmethod
        def _is_allowed(addr: Any) -> bool:
            return allowed is None or str(addr) in allowed

    return Searcher(ttl=ttl, multicast_num=repeats)
