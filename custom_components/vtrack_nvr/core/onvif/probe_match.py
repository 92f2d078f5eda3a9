"""WS-Discovery messages, without a socket: probes out, matches in (Core §7)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import ipaddress
from itertools import islice
import time

from ..errors import NvrError
from ..texts import clean_fields
from .device import (
    bare_uuid,
    normal_mac,
    scope_location,
    scope_profiles,
    scope_text,
    scope_values,
)
from .xaddr import UrlParts, split
from .xml import DATAGRAM, descendants, parse_xml, text


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """Where a device answers and what its scopes tell; any text may be empty.

    `endpoint_id` is the UUID of its WS-Discovery endpoint without `urn:uuid:`; it is empty
    where only the port answered. `xaddrs` are the advertised service addresses as sent.
    """

    host: str
    port: int
    is_https: bool = False
    endpoint_id: str = ""
    name: str = ""
    hardware: str = ""
    location: str = ""
    mac: str = ""
    serial: str = ""
    profiles: frozenset[str] = frozenset()
    """Profile letters as the scopes claim them: "S", "T", "G" …; a hint only."""
    xaddrs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "endpoint_id", "name", "hardware", "location", "serial")


GROUP = "239.255.255.250"
PORT = 3702
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
TYPES = ((NETWORK, "NetworkVideoTransmitter", "dn"), (DEVICE, "Device", "tds"), None)
"""The three kinds of probe: some devices answer to just one of them."""

_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
MAX_DATAGRAM = 16 * 1024
"""Ten times what the longest list of scopes needs."""
MAX_FOUND = 250
"""More devices than a network has: anybody on it can make up answers."""
MAX_OF_SENDER = 16
"""Devices behind one address; a recorder answers for each of its cameras."""
_MOST_DATAGRAMS = 5_000
_MOST_DATAGRAMS_OF_SENDER = 200
_MOST_SECONDS = 1.0
_MOST_SENDERS = 1_000
_MOST_SCOPES = 64
_MOST_XADDRS = 8
_MOST_MATCHES = 8


def build_probe(message_id: str, kind: tuple[str, str, str] | None = None) -> bytes:
    """Build a probe: one line, prefixes on the root, or some devices refuse it."""
    types = ""
    declared = ""
    if kind:
        namespace, name, prefix = kind
        declared = f' xmlns:{prefix}="{namespace}"'
        types = f"<d:Types>{prefix}:{name}</d:Types>"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{_ENVELOPE}" xmlns:a="{_ADDRESSING}"'
        f' xmlns:d="{_DISCOVERY}"{declared}><s:Header>'
        f"<a:Action>{_DISCOVERY}/Probe</a:Action>"
        f"<a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def read_matches(data: bytes, sender: str) -> tuple[FoundDevice, ...]:
    """Read an answer; what is no ProbeMatch of an ONVIF device is nothing.

    Wrong or missing RelatesTo, MetadataVersion and AppSequence do not matter.
    """
    if len(data) > MAX_DATAGRAM:
        return ()
    try:
        root = parse_xml(data, DATAGRAM)
    except NvrError:
        return ()
    matches = (
        match
        for name in ("ProbeMatch", "ResolveMatch")
        for match in descendants(root, name)
    )
    found = (
        make_found(
            text(match, "EndpointReference/Address"),
            text(match, "Scopes").split()[:_MOST_SCOPES],
            text(match, "XAddrs").split()[:_MOST_XADDRS],
            sender,
            types=text(match, "Types"),
        )
        for match in islice(matches, _MOST_MATCHES)
    )
    return tuple(device for device in found if device)


class DatagramGate:
    """Reads the datagrams of one search: so many of it, of a sender, and so long.

    Anybody on the network may send them; what is left unread was sent by a device that
    has told more than enough, or in a flood.
    """

    def __init__(self) -> None:
        """Let everybody in."""
        self._counts: Counter[str] = Counter()
        self._left = _MOST_DATAGRAMS
        self._spent_s = 0.0

    def read(self, data: bytes, sender: str) -> tuple[FoundDevice, ...]:
        """Return the devices in a datagram, none where it is not let in."""
        count = self._counts[sender]
        if (
            count >= _MOST_DATAGRAMS_OF_SENDER
            or (not count and len(self._counts) >= _MOST_SENDERS)
            or self._left <= 0
            or self._spent_s > _MOST_SECONDS
        ):
            return ()
        self._counts[sender] += 1
        self._left -= 1
        started = time.thread_time()
        try:
            return read_matches(data, sender)
        finally:
            self._spent_s += time.thread_time() - started


def make_found(
    endpoint: str,
    scopes: Sequence[str],
    xaddrs: Sequence[str],
    sender: str,
    *,
    types: str = "",
) -> FoundDevice | None:
    """Return the device of one match; None where it is no ONVIF device (a printer)."""
    values = scope_values(scopes)
    is_onvif = (
        bool(values)
        or "NetworkVideo" in types
        or any("/onvif/" in item.lower() for item in xaddrs)
    )
    if not is_onvif:
        return None
    address = _choose(xaddrs, sender)
    is_https = address.scheme == "https" if address else False
    return FoundDevice(
        host=address.host if address and address.host == sender else sender,
        port=(address.port if address else None) or (443 if is_https else 80),
        is_https=is_https,
        endpoint_id=bare_uuid(endpoint),
        name=scope_text(values, "name"),
        hardware=scope_text(values, "hardware"),
        location=scope_location(values),
        mac=next(
            (
                mac
                for key in ("mac", "macaddr", "macaddress")
                for mac in map(normal_mac, values.get(key, ()))
                if mac
            ),
            "",
        ),
        serial=scope_text(values, "serial", "serialnumber", "sn"),
        profiles=scope_profiles(values),
        xaddrs=tuple(xaddrs),
    )


def _choose(xaddrs: Iterable[str], sender: str) -> UrlParts | None:
    """Return the address to use: the sender's own first, plain http before https."""
    addresses = [address for address in map(split, xaddrs) if address]
    usable = [a for a in addresses if a.scheme in {"http", "https"}]

    def rank(address: UrlParts) -> tuple[bool, bool, bool]:
        try:
            is_link_local = ipaddress.ip_address(address.host).is_link_local
        except ValueError:
            is_link_local = False
        return address.host != sender, is_link_local, address.scheme == "https"

    return min(usable, key=rank, default=None)


class Finds:
    """The devices that answered, each once, in the order they came.

    One UUID is one device, but cheap clones share theirs: answers from two addresses are
    one device only if one of them advertises the other's address, too.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._devices: list[FoundDevice] = []

    @property
    def devices(self) -> tuple[FoundDevice, ...]:
        """Return those seen so far."""
        return tuple(self._devices)

    def add(self, device: FoundDevice) -> bool:
        """Keep a device; say whether it is a new one."""
        of_sender = sum(other.host == device.host for other in self._devices)
        if (
            len(self._devices) >= MAX_FOUND
            or of_sender >= MAX_OF_SENDER
            or any(_is_same(device, other) for other in self._devices)
        ):
            return False
        self._devices.append(device)
        return True


def _is_same(one: FoundDevice, other: FoundDevice) -> bool:
    if (one.host, one.port) == (other.host, other.port):
        return not (one.endpoint_id and other.endpoint_id) or (
            one.endpoint_id == other.endpoint_id
        )
    if not one.endpoint_id or one.endpoint_id != other.endpoint_id:
        return False
    if one.host == other.host:
        return (one.serial, one.mac) == (other.serial, other.mac) and (
            set(one.xaddrs) == set(other.xaddrs)
        )
    advertises = other.host in _hosts(one) or one.host in _hosts(other)
    return advertises and one.serial == other.serial


def _hosts(device: FoundDevice) -> set[str]:
    return {address.host for address in map(split, device.xaddrs) if address}
