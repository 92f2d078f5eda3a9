"""Whoever is on the network answers a search for devices with all he has."""

import asyncio
from collections.abc import Iterator
import contextlib
import socket
import struct
from typing import override

from scripts.demo_lib import flow
from scripts.demo_lib.errors import DemoError
from scripts.demo_lib.stage import DOMAIN
from tests.simulator.discovery import BadProbe, parse_probe

from ._hostile_kinds import Kind
from ._hostile_rig import HostileRig

NETWORK = "cameras"
ADDRESS = "10.77.0.1"
GROUP, PORT = "239.255.255.250", 3702
_LARGEST = 60_000


def probe_matches(message_id: str, count: int, number: int) -> bytes:
    """Return an answer with so many devices that nobody has."""
    matches = "".join(
        "<d:ProbeMatch><a:EndpointReference><a:Address>"
        f"urn:uuid:7f3d4c1e-0000-4000-8000-{number * 1000 + n:012d}</a:Address>"
        "</a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
        "<d:Scopes>onvif://www.onvif.org/name/Harm</d:Scopes>"
        f"<d:XAddrs>http://{_claimed(number, n)}/onvif/device_service</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>"
        for n in range(count)
    )
    return _envelope(message_id, f"<d:ProbeMatches>{matches}</d:ProbeMatches>")


def _claimed(number: int, n: int) -> str:
    """Return an address: the sender's own with another port, or anybody's."""
    if n % 2:
        return f"10.77.{number % 250}.{n % 250}"
    return f"{ADDRESS}:{1024 + number * 100 + n}"


def _envelope(message_id: str, body: str, before: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        f"<a:MessageID>{message_id}-x</a:MessageID>"
        f"<a:RelatesTo>{message_id}</a:RelatesTo>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches"
        f"</a:Action></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def datagrams(kind: str, message_id: str) -> Iterator[bytes]:
    """Yield what a kind sends for each probe."""
    match kind:
        case "entities":
            value = "A" * 30_000
            bomb = f'<!DOCTYPE r [<!ENTITY e "{value}">]>'
            yield from [_envelope(message_id, "&e;" * 9_000, bomb)] * 20
        case "default attributes":
            hidden = (
                '<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA "' + "A" * 20_000 + '">]>'
            )
            yield from [f"{hidden}<E>{'<e/>' * 8_000}</E>".encode()] * 20
        case "elements":
            yield from [_envelope(message_id, "<e/>" * 14_000)] * 50
        case "devices":
            for number in range(60):
                yield probe_matches(message_id, 40, number)


class Answerer(asyncio.DatagramProtocol):
    """Answers every probe with a flood."""

    def __init__(self, kind: str) -> None:
        self.sent = 0
        self._kind = kind
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message_id, _, _ = parse_probe(data)
        except BadProbe:
            return
        task = asyncio.create_task(self._flood(message_id, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flood(self, message_id: str, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for data in datagrams(self._kind, message_id):
            with contextlib.suppress(OSError):
                self._transport.sendto(data[:_LARGEST], addr)
            self.sent += 1
            await asyncio.sleep(0.002)


async def _search(rig: HostileRig, kind: str) -> str:
    """Search for devices as a person does who adds one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", PORT))
    joined = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(ADDRESS))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    loop = asyncio.get_running_loop()
    transport, answerer = await loop.create_datagram_endpoint(
        lambda: Answerer(kind), sock=sock
    )
    try:
        step = await rig.api.post(
            "/api/config/config_entries/flow", {"handler": DOMAIN}
        )
        while step["type"] in {"progress", "progress_done"}:
            await asyncio.sleep(0.5)
            step = await rig.api.get(
                f"/api/config/config_entries/flow/{step['flow_id']}"
            )
    finally:
        transport.close()
    await flow.drop(rig.api, step["flow_id"])
    if not answerer.sent:
        raise DemoError("nobody searched")
    offered = str(step["data_schema"]).count("10.77.")
    return f"{answerer.sent} datagrams, {offered} devices offered"


def networks() -> list[Kind]:
    """Return what somebody on the network does."""

    def kind(name: str) -> Kind:
        async def act(rig: HostileRig) -> str:
            return await _search(rig, name)

        return Kind("network", f"answers to a search: {name}", act)

    return [
        kind(name) for name in ("entities", "default attributes", "elements", "devices")
    ]
