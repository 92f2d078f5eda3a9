"""Which services a device offers, from either of the two ways to ask (§1.2, §1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..device_report import ReplaySupport
from .lenient import parse_bool, parse_int
from .names import LEGACY_CATEGORIES, Service
from .xml import Element, attribute, children, descendants, find, local, text

_BY_NAMESPACE = {service.value.lower(): service for service in Service}


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Advertised addresses by service, and the capabilities worth knowing."""

    xaddrs: Mapping[Service, str] = field(default_factory=dict)
    has_recording_options: bool = False
    video_sources: int | None = None
    """How many the device says that it has (deviceIO), None where it does not."""

    def has(self, service: Service) -> bool:
        """Return whether the service is offered (an empty address means it is not)."""
        return service in self.xaddrs

    @property
    def replay(self) -> ReplaySupport:
        """Return how much of Profile G is there."""
        searches, replays = self.has(Service.SEARCH), self.has(Service.REPLAY)
        if searches and replays:
            return ReplaySupport.FULL
        if searches:
            return ReplaySupport.SEARCH_ONLY
        return ReplaySupport.REPLAY_ONLY if replays else ReplaySupport.NONE

    def joined(self, other: ServiceMap) -> ServiceMap:
        """Return the services of both; the first to name one is right."""
        sources = self.video_sources
        return ServiceMap(
            {**other.xaddrs, **self.xaddrs},
            self.has_recording_options or other.has_recording_options,
            other.video_sources if sources is None else sources,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the short names of all services, in a fixed order."""
        return tuple(service.label for service in Service if service in self.xaddrs)


def _is_usable(xaddr: str) -> bool:
    """Return whether it is an address, or at least a path at the device."""
    return "://" in xaddr or xaddr.startswith("/")


def read_video_sources(answer: Element) -> int | None:
    """Read how many lenses deviceIO's Capabilities tell of (IO 5.1)."""
    told = (
        parse_int(attribute(found, "VideoSources"))
        for found in descendants(answer, "Capabilities")
    )
    return next((count for count in told if count), None)


def read_services(answer: Element) -> ServiceMap:
    """Read GetServicesResponse; the highest version of a namespace wins."""
    best: dict[Service, tuple[int, int]] = {}
    xaddrs: dict[Service, str] = {}
    options = False
    sources = None
    for item in children(answer, "Service"):
        service = _BY_NAMESPACE.get(text(item, "Namespace").rstrip("/").lower())
        xaddr = text(item, "XAddr")
        if service is None or not _is_usable(xaddr):
            continue
        version = (
            parse_int(text(item, "Version/Major")) or 0,
            parse_int(text(item, "Version/Minor")) or 0,
        )
        if service in best and best[service] >= version:
            continue
        best[service] = version
        xaddrs[service] = xaddr
        if service is Service.DEVICE_IO:
            sources = read_video_sources(item)
        if service is Service.RECORDING:
            options = any(
                parse_bool(attribute(found, "Options")) is True
                for found in descendants(item, "Capabilities")
            )
    return ServiceMap(xaddrs, options, sources)


def read_capabilities(answer: Element) -> ServiceMap:
    """Read GetCapabilitiesResponse; Profile G's services stand inside `Extension`."""
    xaddrs: dict[Service, str] = {}
    sources = None
    capabilities = find(answer, "Capabilities")
    for holder in (capabilities, find(capabilities, "Extension")):
        for item in children(holder):
            service = LEGACY_CATEGORIES.get(local(item.tag).lower())
            xaddr = text(item, "XAddr")
            if service and _is_usable(xaddr):
                xaddrs.setdefault(service, xaddr)
            if service is Service.DEVICE_IO:
                sources = parse_int(text(item, "VideoSources")) or sources
    return ServiceMap(xaddrs, video_sources=sources)
