"""The way to one device: its clock, its services and where they really answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import math

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..models import ClockReading
from . import wsdl
from .caller import Call, SoapCaller
from .device_clock import DeviceTime, OffsetBounds, bounds_of, read_time
from .names import DEVICE_PATH, OTHER_DEVICE_PATHS, Service
from .services import ServiceMap, read_capabilities, read_services
from .soap import SoapFault, element
from .transport import ends_talk
from .xaddr import ReachedHost, is_inner, service_urls
from .xml import Element

_ELSEWHERE = frozenset(
    {ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT, ErrorKind.NOT_ONVIF, ErrorKind.TLS}
)
_CATEGORIES = (("All",), (), ("Media",), ("Events",))
"""What to ask GetCapabilities for; some devices know single categories only."""
_CLOCK = "GetSystemDateAndTime"
_ACCIDENTS = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})
_PARALLEL_CALLS = 2
_SAMPLE_SECONDS = 0.12
_SAMPLES = 10
_SHARP_MS = 200
_SHARP_FOR_SECONDS = 6 * 3600.0
_DRIFT = 1e-4
_MOVED_MS = 1_000
_NO_CLOCK_FOR_S = 600.0
"""A device may take its time not to answer."""

type CallerFactory = Callable[[Callable[[], Awaitable[bool]]], SoapCaller]


class Connection:
    """Calls services by name; connects by itself, once, when first needed."""

    def __init__(
        self, endpoint: ReachedHost, caller_for: CallerFactory, clock: Clock
    ) -> None:
        """Nothing is sent yet; `caller_for` makes the caller that logs in."""
        self.endpoint = endpoint
        self.device_time = DeviceTime(None)
        self.reading: ClockReading | None = None
        self._clock = clock
        self.caller: SoapCaller = caller_for(self._refresh_clock)
        self._services: ServiceMap | None = None
        self._device_url = endpoint.url(DEVICE_PATH)
        self._set_proofs()
        self._urls: dict[Service, tuple[str, ...]] = {}
        self._connect_lock = asyncio.Lock()
        self._clock_lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(_PARALLEL_CALLS)
        self._sharp: tuple[OffsetBounds, float, int] | None = None
        self._tells_time = False
        self._no_clock_until = -math.inf

    @property
    def has_inner_addresses(self) -> bool:
        """Return whether the device advertises another host than the configured one."""
        services = self._services
        return services is not None and any(
            is_inner(xaddr, self.endpoint) for xaddr in services.xaddrs.values()
        )

    def device_now_ms(self) -> int:
        """Return the time on the device's clock."""
        return self._clock.now_ms() - self.caller.offset_ms

    def redirect(self, endpoint: ReachedHost) -> None:
        """Use another address; the services are asked for again."""
        self.endpoint = endpoint
        self._services = None
        self._device_url = endpoint.url(DEVICE_PATH)
        self._set_proofs()
        self._urls.clear()

    def _set_proofs(self) -> None:
        """Name the calls by which a login is judged: any user may make them."""
        proofs = [(self._device_url, Service.DEVICE, "GetDeviceInformation")]
        for service in (Service.MEDIA, Service.MEDIA2):
            if self._services and self._services.has(service):
                urls = service_urls(self._services.xaddrs[service], self.endpoint)
                proofs += [(url, service, "GetProfiles") for url in urls[:1]]
        self.caller.proofs = tuple(
            Call(
                url, f"{service}/{name}", element(f"t:{name}", namespace=service.value)
            )
            for url, service, name in proofs
        )

    async def services(self) -> ServiceMap:
        """Return the services; measures the clock first, for the login needs it."""
        if self._services is not None:
            return self._services
        async with self._connect_lock:
            if self._services is None:
                await self._measure()
                await wsdl.warm_up()
                self._services = await self._ask_services()
                self._set_proofs()
            return self._services

    async def _find_device_service(self) -> bool:
        """Look where the device service is if it is not where ONVIF demands it."""
        body = element(f"t:{_CLOCK}", namespace=Service.DEVICE.value)
        for path in OTHER_DEVICE_PATHS:
            call = Call(self.endpoint.url(path), f"{Service.DEVICE}/{_CLOCK}", body)
            try:
                await self.caller.call(call, with_login=False)
            except NvrError as error:
                if error.kind is not ErrorKind.AUTH_REFUSED:
                    continue
            self._device_url = call.url
            self._set_proofs()
            return True
        return False

    async def _ask_services(self) -> ServiceMap:
        """Ask in the new way, in the old one, and where the media service must be."""
        body = wsdl.build(Service.DEVICE, "GetServices", {"IncludeCapability": True})
        found, failed = ServiceMap(), None
        for is_last in (False, True):
            try:
                found = read_services(await self._device("GetServices", body))
            except NvrError as error:
                if ends_talk(error) or error.kind is ErrorKind.BUSY:
                    raise
                # Of the two ways this one tells more: an accident must not decide.
                if error.kind in _ACCIDENTS and not is_last:
                    continue
            break
        if found.xaddrs:
            return found
        for categories in _CATEGORIES:
            parameters = {"Category": list(categories)} if categories else {}
            body = wsdl.build(Service.DEVICE, "GetCapabilities", parameters)
            try:
                answer = await self._device("GetCapabilities", body)
            except NvrError as error:
                if ends_talk(error):
                    raise
                failed = failed or error
                continue
            found = found.joined(read_capabilities(answer))
            if found.xaddrs and categories in {("All",), ()}:
                return found
        if found.xaddrs or failed is None:
            return found
        return await self._guess_services(failed)

    async def _guess_services(self, failed: NvrError) -> ServiceMap:
        """Return the media service at the device's own address, where it is there."""
        guess = ServiceMap({Service.MEDIA: self._device_url})
        body = wsdl.build(Service.MEDIA, "GetProfiles", {})
        try:
            await self.caller.call(
                Call(self._device_url, f"{Service.MEDIA}/GetProfiles", body)
            )
        except NvrError as error:
            if ends_talk(error):
                raise
            raise failed from error
        return guess

    async def _device(self, operation: str, body: str) -> Element:
        """Call the device service without a login, and with one where it insists."""
        call = Call(self._device_url, f"{Service.DEVICE}/{operation}", body)
        async with self._slots:
            return await self.caller.call_open(call)

    async def call(
        self,
        service: Service,
        operation: str,
        parameters: Mapping[str, object] | None = None,
        *,
        body: str | None = None,
        timeout: float | None = None,
        is_list: bool = False,
    ) -> Element:
        """Call an operation and return its answer; UNSUPPORTED where it is not offered.

        The request is zeep's unless `body` is given. `is_list`: see `Call`.
        """
        services = await self.services()
        action = f"{service}/{operation}"
        urls = self._urls_of(service, services)
        for number, url in enumerate(urls):
            try:
                async with self._slots:
                    if body is None:
                        # Not before its turn: hundreds of cameras may call at once.
                        body = wsdl.build(service, operation, parameters or {})
                    answer = await self.caller.call(
                        Call(url, action, body, timeout=timeout, is_list=is_list)
                    )
            except NvrError as error:
                is_last = number == len(urls) - 1
                if is_last or error.kind not in _ELSEWHERE:
                    raise
                continue
            self._urls[service] = (url,)
            return answer
        raise NvrError(
            ErrorKind.UNSUPPORTED, f"no {service.label} service", where=operation
        )

    def _urls_of(self, service: Service, services: ServiceMap) -> tuple[str, ...]:
        if service is Service.DEVICE:
            return (self._device_url,)
        if service not in self._urls:
            urls = service_urls(services.xaddrs.get(service, ""), self.endpoint)
            # Where a service is not at its address, it is mostly at the device's own.
            self._urls[service] = (
                tuple(dict.fromkeys((*urls, self._device_url))) if urls else ()
            )
        return self._urls[service]

    async def addresses(self, service: Service) -> tuple[str, ...]:
        """Return where a service may answer, most trusted first; empty: not offered."""
        return self._urls_of(service, await self.services())

    async def send(self, call: Call) -> Element:
        """Send a call to an address of its own (a pull point)."""
        return await self.caller.call(call)

    async def _ask_time(
        self, *, is_plain: bool = False
    ) -> tuple[OffsetBounds | None, int]:
        """Return what one answer proves of the offset, and how long it took.

        `is_plain`: without a login and without waiting for a turn, for use in the middle
        of another call. None for the offset of a device that does not tell its time.
        """
        body = element(f"t:{_CLOCK}", namespace=Service.DEVICE.value)
        sent_ms, started = self._clock.now_ms(), self._clock.monotonic()
        if is_plain:
            call = Call(self._device_url, f"{Service.DEVICE}/{_CLOCK}", body)
            answer = await self.caller.call(call, with_login=False)
        else:
            answer = await self._device(_CLOCK, body)
        self.device_time = read_time(answer)
        # Monotonic: the host's own clock may be corrected in between.
        took_ms = round((self._clock.monotonic() - started) * 1000)
        device_ms = self.device_time.device_ms
        if device_ms is None:
            return None, took_ms
        self._tells_time = True
        return bounds_of(device_ms, sent_ms, sent_ms + took_ms), took_ms

    async def _ask_time_or_none(self) -> tuple[OffsetBounds | None, int]:
        """Do the same on a device that may have no such operation.

        What told its time once is not believed to have none: without its clock its
        footage would be dated wrong, so that its failures are raised.
        """
        if self._clock.monotonic() < self._no_clock_until:
            return None, 0
        for is_last in (False, True):
            try:
                return await self._ask_time()
            except NvrError as error:
                if ends_talk(error) or self._tells_time:
                    raise
                is_missing = error.kind is ErrorKind.NOT_ONVIF
                if is_missing and await self._find_device_service():
                    continue
                if is_last or isinstance(error, SoapFault):
                    break
        self.device_time = DeviceTime(None)
        self._no_clock_until = self._clock.monotonic() + _NO_CLOCK_FOR_S
        return None, 0

    def _note(self, offset_ms: int, took_ms: int) -> ClockReading:
        self.caller.offset_ms = offset_ms
        self.reading = ClockReading(offset_ms, self._clock.now_ms(), took_ms)
        return self.reading

    async def _measure(self) -> ClockReading:
        """Measure once, to a second; good enough to log in."""
        bounds, took_ms = await self._ask_time_or_none()
        if bounds is None:
            return self._note(0, took_ms)
        sharp = self._still_sharp(bounds)
        return self._note(bounds.best_ms if sharp is None else sharp, took_ms)

    def _still_sharp(self, seen: OffsetBounds) -> int | None:
        """Return the offset measured before, if this answer does not contradict it."""
        if self._sharp is None:
            return None
        bounds, measured, offset_ms = self._sharp
        age = self._clock.monotonic() - measured
        drift_ms = round(age * 1000 * _DRIFT)
        agrees = seen.intersection(bounds.widened(drift_ms)) is not None
        return offset_ms if agrees and age < _SHARP_FOR_SECONDS else None

    async def measure(self) -> ClockReading:
        """Measure to about a tenth of a second, by watching the device's second change.

        Costs one request where an earlier sharp measurement still holds, up to eleven
        within 1.3 s otherwise.
        """
        async with self._clock_lock:
            bounds, took_ms = await self._ask_time_or_none()
            if bounds is None:
                return self._note(0, took_ms)
            sharp = self._still_sharp(bounds)
            if sharp is not None:
                return self._note(sharp, took_ms)
            for _ in range(_SAMPLES):
                if bounds.width_ms <= _SHARP_MS:
                    break
                await self._clock.sleep(_SAMPLE_SECONDS)
                seen, took_ms = await self._ask_time()
                if seen is None:
                    break
                bounds = bounds.intersection(seen) or seen
            self._sharp = (bounds, self._clock.monotonic(), bounds.best_ms)
            return self._note(bounds.best_ms, took_ms)

    async def _refresh_clock(self) -> bool:
        """Measure because a login was refused; say whether the clock moved."""
        before_ms = self.caller.offset_ms
        try:
            bounds, took_ms = await self._ask_time(is_plain=True)
        except NvrError:
            return False
        if bounds is None:
            return False
        is_same = bounds.low_ms - _MOVED_MS <= before_ms <= bounds.high_ms + _MOVED_MS
        if not is_same:
            self._sharp = None
            self._note(bounds.best_ms, took_ms)
        return not is_same
