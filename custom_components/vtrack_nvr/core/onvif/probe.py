"""Asks given addresses and ports whether ONVIF lives there (§1.5, §7)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
import socket
from typing import override

import aiohttp

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..login_guard import LoginGuard
from ..policy import Bounds, Waits
from .caller import Call, SoapCaller
from .device import (
    normal_mac,
    read_scopes,
    scope_location,
    scope_profiles,
    scope_text,
    scope_values,
)
from .device_clock import bounds_of, read_time
from .http_login import Credentials
from .names import DEVICE_PATH, OTHER_DEVICE_PATHS, Service
from .probe_match import DatagramGate, FoundDevice
from .redirects import RedirectedAway
from .soap import SoapFault, element
from .targets import Target
from .tls import TlsMode, TlsOptions
from .transport import HttpTransport
from .xaddr import ReachedHost

_CONNECT_SECONDS = 1.5
_ANSWER_BYTES = 256 * 1024
_PROGRESS_SECONDS = 0.1
_KEEP_SILENT_UP_TO = 64
_NOT_HERE = frozenset({"http 404", "http 405", "http 410"})
"""What a server says that may have the service elsewhere."""


class ProbeAnswer(StrEnum):
    """What lives at an address."""

    ONVIF = "onvif"
    """It told its time without a password, as ONVIF demands."""
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a word for people, not a secret
    """It answers nothing there without a login."""
    NOT_ONVIF = "not_onvif"
    """Something answers, and it is not ONVIF."""
    SILENT = "silent"
    """Nothing answers."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The answer of one address; `detail` says why, for logs ("html page", "refused").

    `device` is set for ONVIF and NEEDS_PASSWORD. `clock_offset_ms` is UTC − device.
    """

    target: Target
    answer: ProbeAnswer
    detail: str = ""
    device: FoundDevice | None = None
    clock_offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ProbeProgress:
    """How far a scan has got."""

    done: int
    total: int
    found: int


async def probe(
    targets: Sequence[Target],
    *,
    session: aiohttp.ClientSession,
    clock: Clock,
    timeout: float = 4.0,
    concurrency: int = 128,
    per_second: float = 400.0,
    on_found: Callable[[ProbeResult], None] | None = None,
    on_progress: Callable[[ProbeProgress], None] | None = None,
    keep_silent: bool | None = None,
) -> tuple[ProbeResult, ...]:
    """Ask every target; returns the answers in the order of the targets.

    First a bare TCP connect, then GetSystemDateAndTime without credentials, so an address
    without a listener costs one packet. Silent ones are left out where `keep_silent` is
    False; None keeps them for up to 64 targets. `on_found` gets each answer that is not
    silent, `on_progress` is called at most ten times a second and once at the end.
    Raises nothing; cancelling it closes every socket.
    """
    if keep_silent is None:
        keep_silent = len(targets) <= _KEEP_SILENT_UP_TO
    scan = _Scan(session, clock, timeout)
    pace = _Pace(clock, per_second)
    results: dict[int, ProbeResult] = {}
    numbers: Iterator[int] = iter(range(len(targets)))
    addresses = await _resolved(targets)
    done = found = 0
    reported = clock.monotonic()

    async def work() -> None:
        nonlocal done, found, reported
        for number in numbers:
            await pace.turn()
            target = targets[number]
            result = await scan.ask(target, addresses.get(target.host, ()))
            done += 1
            is_silent = result.answer is ProbeAnswer.SILENT
            if keep_silent or not is_silent:
                results[number] = result
            if not is_silent:
                found += result.device is not None
                if on_found:
                    on_found(result)
            if on_progress and clock.monotonic() - reported >= _PROGRESS_SECONDS:
                reported = clock.monotonic()
                on_progress(ProbeProgress(done, len(targets), found))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(targets))):
            group.create_task(work())
    if on_progress:
        on_progress(ProbeProgress(done, len(targets), found))
    return tuple(results[number] for number in sorted(results))


async def _resolved(
    targets: Sequence[Target],
) -> Mapping[str, tuple[tuple[int, object], ...]]:
    """Resolve every host once, outside of the loop; unknown names are left out."""
    loop = asyncio.get_running_loop()
    found: dict[str, tuple[tuple[int, object], ...]] = {}
    for host in dict.fromkeys(target.host for target in targets):
        try:
            socket.inet_pton(socket.AF_INET, host)
            found[host] = ((socket.AF_INET, (host,)),)
            continue
        except OSError:
            pass
        # UnicodeError: a label that is too long for a name.
        with contextlib.suppress(OSError, UnicodeError):
            infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found[host] = tuple((info[0], info[4]) for info in infos)
    return found


class _Pace:
    """Lets so many through per second, evenly."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._step = 1.0 / per_second
        self._next = clock.monotonic()

    async def turn(self) -> None:
        now = self._clock.monotonic()
        self._next = max(self._next, now - 1.0) + self._step
        # Always a turn of the loop, so that refused connects never hold it.
        await self._clock.sleep(max(0.0, self._next - now))


class _Scan:
    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, timeout: float
    ) -> None:
        self._session = session
        self._clock = clock
        self._timeout = timeout
        self._waits = Waits(connect=timeout, soap_call=timeout)
        self._bounds = Bounds(soap_answer_bytes=_ANSWER_BYTES)

    async def ask(
        self, target: Target, addresses: Sequence[tuple[int, object]]
    ) -> ProbeResult:
        if not addresses:
            return ProbeResult(target, ProbeAnswer.SILENT, "the name is not known")
        detail = ""
        for family, address in addresses:
            detail = await self._connect(family, address, target.port)
            if not detail:
                return await self._speak(target)
        return ProbeResult(target, ProbeAnswer.SILENT, detail)

    async def _connect(self, family: int, address: object, port: int) -> str:
        """Return why nothing listens there, empty where something does."""
        parts = tuple(address) if isinstance(address, tuple) else (address,)
        place = (parts[0], port, *parts[2:])
        try:
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                sock.setblocking(False)
                async with asyncio.timeout(min(self._timeout, _CONNECT_SECONDS)):
                    await asyncio.get_running_loop().sock_connect(sock, place)
        except TimeoutError:
            return "no answer"
        except ConnectionRefusedError:
            return "refused"
        except OSError as error:
            return error.strerror or "unreachable"
        return ""

    async def _speak(self, target: Target) -> ProbeResult:
        tls = TlsOptions(TlsMode.ANY if target.is_https else TlsMode.OFF)
        transport = HttpTransport(self._session, self._waits, self._bounds, tls)
        caller = SoapCaller(transport, Credentials(), LoginGuard(), self._clock, _never)
        endpoint = ReachedHost(target.host, target.port, target.is_https)
        body = element("t:GetSystemDateAndTime", namespace=Service.DEVICE.value)
        first: ProbeResult | None = None
        for path in (DEVICE_PATH, *OTHER_DEVICE_PATHS):
            url = endpoint.url(path)
            call = Call(url, f"{Service.DEVICE}/GetSystemDateAndTime", body)
            sent_ms = self._clock.now_ms()
            try:
                time = read_time(await caller.call(call, with_login=False))
            except RedirectedAway as error:
                return await self._follow(target, error)
            except NvrError as error:
                result = _explain(target, error)
                first = first or result
                if result.device is not None or error.detail not in _NOT_HERE:
                    return result if result.device is not None else first
                continue
            offset_ms = None
            if time.device_ms is not None:
                now_ms = self._clock.now_ms()
                offset_ms = bounds_of(time.device_ms, sent_ms, now_ms).best_ms
            device = await self._named(caller, target, url)
            return ProbeResult(
                target, ProbeAnswer.ONVIF, device=device, clock_offset_ms=offset_ms
            )
        assert first is not None
        return first

    async def _follow(self, target: Target, error: RedirectedAway) -> ProbeResult:
        """Ask over https where plain http sends us there; no login is at stake."""
        plain = _explain(target, error)
        if error.https_port is None or target.is_https:
            return plain
        secure = Target(target.host, error.https_port, is_https=True)
        found = await self._speak(secure)
        return replace(found, target=target) if found.device else plain

    @staticmethod
    async def _named(caller: SoapCaller, target: Target, url: str) -> FoundDevice:
        """Return the device with what its scopes tell, where it tells them freely."""
        call = Call(
            url,
            f"{Service.DEVICE}/GetScopes",
            element("t:GetScopes", namespace=Service.DEVICE.value),
        )
        scopes: tuple[str, ...] = ()
        with contextlib.suppress(NvrError):
            scopes = read_scopes(await caller.call(call, with_login=False))
        values = scope_values(scopes)
        return FoundDevice(
            target.host,
            target.port,
            target.is_https,
            name=scope_text(values, "name"),
            hardware=scope_text(values, "hardware"),
            location=scope_location(values),
            mac=normal_mac(scope_text(values, "mac", "macaddr")),
            serial=scope_text(values, "serial", "serialnumber", "sn"),
            profiles=scope_profiles(values),
        )


def _explain(target: Target, error: NvrError) -> ProbeResult:
    """Say what an answer that is no time means."""
    device = FoundDevice(target.host, target.port, target.is_https)
    if error.kind is ErrorKind.AUTH_REFUSED:
        return ProbeResult(
            target, ProbeAnswer.NEEDS_PASSWORD, error.detail, device=device
        )
    if isinstance(error, SoapFault):
        # It speaks SOAP at ONVIF's own path; connecting will tell the rest.
        return ProbeResult(target, ProbeAnswer.ONVIF, error.detail, device=device)
    return ProbeResult(target, ProbeAnswer.NOT_ONVIF, error.detail)


class DatagramListener(asyncio.DatagramProtocol):
    """Hands on the devices that answer."""

    def __init__(
        self, on_found: Callable[[FoundDevice], object], gate: DatagramGate
    ) -> None:
        """`on_found` is called on the loop, for every answer the gate lets through."""
        self._on_found = on_found
        self._gate = gate

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Read one answer."""
        for device in self._gate.read(data, addr[0]):
            self._on_found(device)

    @override
    def error_received(self, exc: Exception) -> None:
        """Ignore that one host has nobody listening."""


async def _never() -> bool:
    return False
