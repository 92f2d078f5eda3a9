"""WS-Discovery (Core 7, WS-Discovery April 2005): one ProbeMatch per device.

Unicast on loopback by default. Multicast is joined only where it is asked for: inside a
network namespace of its own.
"""

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, override
from urllib.parse import unquote
import uuid

from lxml import etree

from .soap.device import scopes_of

if TYPE_CHECKING:
    from .nvr import SimulatedNvr

GROUP = "239.255.255.250"
PORT = 3702
_S = "http://www.w3.org/2003/05/soap-envelope"
_A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_D = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_TYPES = {
    "dn:NetworkVideoTransmitter": (
        "{http://www.onvif.org/ver10/network/wsdl}NetworkVideoTransmitter"
    ),
    "tds:Device": "{http://www.onvif.org/ver10/device/wsdl}Device",
}
_TO = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_RFC3986 = "http://schemas.xmlsoap.org/ws/2005/04/discovery/rfc3986"


class BadProbe(Exception):  # noqa: N818 - reads better where it is raised
    """The datagram is not a Probe that WS-Discovery allows: it is not answered."""


def parse_probe(data: bytes) -> tuple[str, set[str], list[str]]:
    """Return (message id, wanted types as Clark names, wanted scopes)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadProbe("not XML") from error
    if root.tag != f"{{{_S}}}Envelope":
        raise BadProbe("not a SOAP 1.2 envelope")

    def header(name: str) -> str:
        node = root.find(f"{{{_S}}}Header/{{{_A}}}{name}")
        if node is None or not (node.text or "").strip():
            raise BadProbe(f"no {name}")
        return str(node.text).strip()

    if header("Action") != f"{_D}/Probe" or header("To") != _TO:
        raise BadProbe("not a Probe to everybody")
    message_id = header("MessageID")
    probe = root.find(f"{{{_S}}}Body/{{{_D}}}Probe")
    if probe is None:
        raise BadProbe("no Probe")
    types: set[str] = set()
    node = probe.find(f"{{{_D}}}Types")
    for name in (node.text or "").split() if node is not None else ():
        prefix, _, local = name.rpartition(":")
        uri = node.nsmap.get(prefix or None)
        if uri is None:
            raise BadProbe(f"prefix of {name} is not declared")
        types.add(f"{{{uri}}}{local}")
    node = probe.find(f"{{{_D}}}Scopes")
    scopes: list[str] = []
    if node is not None:
        if node.get("MatchBy", _RFC3986) != _RFC3986:
            raise BadProbe("unknown MatchBy")
        scopes = (node.text or "").split()
    return message_id, types, scopes


def scope_matches(wanted: str, scopes: list[str]) -> bool:
    """Return whether one scope starts with the wanted one, part by part (C 7.3.2.2)."""

    def parts(uri: str) -> list[str]:
        return [unquote(part) for part in uri.lower().rstrip("/").split("/")]

    want = parts(wanted)
    return any(parts(scope)[: len(want)] == want for scope in scopes)


class DiscoveryResponder(asyncio.DatagramProtocol):
    """Answers probes for all devices of one host."""

    def __init__(
        self,
        nvrs: list[SimulatedNvr],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        is_multicast: bool = False,
    ) -> None:
        self.nvrs = nvrs
        self.host = host
        self.port = port
        self.is_multicast = is_multicast
        self.probes = 0
        self.refused = 0
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """Return host:port."""
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        """Open the socket."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        if self.is_multicast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", self.port))
            membership = struct.pack(
                "4s4s", socket.inet_aton(GROUP), socket.inet_aton(self.host)
            )
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        else:
            sock.bind((self.host, self.port))
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, sock=sock)

    def stop(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message_id, types, scopes = parse_probe(data)
        except BadProbe:
            self.refused += 1
            return
        self.probes += 1
        for nvr in self.nvrs:
            answer = probe_match(nvr, message_id, types, scopes, addr[0])
            if answer is not None and self._transport is not None:
                with contextlib.suppress(OSError):
                    self._transport.sendto(answer, addr)


def probe_match(
    nvr: SimulatedNvr, message_id: str, types: set[str], scopes: list[str], peer: str
) -> bytes | None:
    """Return the device's answer, None where the probe does not mean it."""
    spec, faults = nvr.spec, nvr.faults
    if not nvr.is_running or faults.discovery_silent:
        return None
    own_types = {_TYPES[name] for name in spec.discovery_types}
    own_scopes = scopes_of(spec)
    if not types <= own_types or not all(scope_matches(s, own_scopes) for s in scopes):
        return None
    scheme = "https" if spec.has_tls else "http"
    host = faults.xaddr_host or spec.host
    relates = (
        f"urn:uuid:{uuid.uuid4()}" if faults.discovery_wrong_relates_to else message_id
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{_S}" xmlns:a="{_A}" xmlns:d="{_D}"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
        ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
        f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>"
        f"<a:RelatesTo>{relates}</a:RelatesTo>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        f"<a:Action>{_D}/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches>"
        "<d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>urn:uuid:{spec.uuid}</a:Address></a:EndpointReference>"
        f"<d:Types>{' '.join(spec.discovery_types)}</d:Types>"
        f"<d:Scopes>{' '.join(own_scopes)}</d:Scopes>"
        f"<d:XAddrs>{scheme}://{host}:{nvr.port}/onvif/device_service</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches>"
        "</s:Body></s:Envelope>"
    ).encode()
