"""Which services a device offers, from either of the two ways to ask (§1.2, §1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..device_report import ReplaySupport
from .names import LEGACY_CATEGORIES, Service
from .values import parse_bool, parse_int
from .xml import Element, attribute, children, descendants, find, local, text

_BY_NAMESPACE = {service.value.lower(): service for service in Service}


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Advertised addresses by service, and the capabilities worth knowing."""

    xaddrs: Mapping[Service, str] = field(default_factory=dict)
    has_recording_options: bool = False

    def has(self, service: Service) -> bool:
        """Say whether the service is offered (an empty address means it is not)."""
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

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the short names of all services, in a fixed order."""
        return tuple(service.label for service in Service if service in self.xaddrs)


def _is_usable(xaddr: str) -> bool:
    return "://" in xaddr


def read_services(answer: Element) -> ServiceMap:
    """Read GetServicesResponse; the highest version of a namespace wins."""
    best: dict[Service, tuple[int, int]] = {}
    xaddrs: dict[Service, str] = {}
    options = False
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
        if service is Service.RECORDING:
            options = any(
                parse_bool(attribute(found, "Options")) is True
                for found in descendants(item, "Capabilities")
            )
    return ServiceMap(xaddrs, options)


def read_capabilities(answer: Element) -> ServiceMap:
    """Read GetCapabilitiesResponse; Profile G's services stand inside `Extension`."""
    xaddrs: dict[Service, str] = {}
    capabilities = find(answer, "Capabilities")
    for holder in (capabilities, find(capabilities, "Extension")):
        for item in children(holder):
            service = LEGACY_CATEGORIES.get(local(item.tag).lower())
            xaddr = text(item, "XAddr")
            if service and _is_usable(xaddr):
                xaddrs.setdefault(service, xaddr)
    return ServiceMap(xaddrs)
