"""A simulated device that answers as a report says: word for word where nothing moves."""

# Reads private members: lxml names the type of an element so.

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
import re
from typing import override

from aiohttp import web
from lxml import etree

from .channels import Profile
from .footage import FootageStore
from .nvr import SimulatedNvr
from .report_file import Exchange, Reported
from .reported import plausible, service_prefix, spec_of
from .soap.endpoint import SoapEndpoint
from .soap.envelope import CONTENT_TYPE, Request, SoapFault, parse_request, prefixed
from .soap.events import EventService
from .soap.service import Service

_STILL = frozenset(
    {
        "GetServices",
        "GetCapabilities",
        "GetServiceCapabilities",
        "GetDeviceInformation",
        "GetScopes",
        "GetNetworkInterfaces",
        "GetProfiles",
        "GetVideoSources",
        "GetVideoSourceConfigurations",
        "GetRecordings",
        "GetRecordingJobs",
        "GetRecordingOptions",
        "FindRecordings",
        "GetRecordingSearchResults",
    }
)
"""What is answered as recorded: nothing in it follows the time or our addresses' paths."""
_BEGINS = {"FindRecordings": "GetRecordingSearchResults"}
_MANNERS = frozenset(
    {"KeepAliveTime", "MaxMatches", "MaxResults", "MinResults", "WaitTime"}
)
"""How patiently somebody asks is no part of the question."""
_ENVELOPE = re.compile(
    r"(?:<\?xml[^>]*>\s*)?<(?:[\w-]+:)?Envelope\b.*</(?:[\w-]+:)?Envelope>", re.DOTALL
)
_URL = re.compile(
    r"((?:https?|rtsps?)://)(\*\*host-\d+\*\*|[\w.-]+|\[[^\]]*\])(?::(\d+))?"
)

type Signature = tuple[str, tuple[tuple[str, str], ...]]


class PlayedNvr(SimulatedNvr):
    """The device of a report, on loopback."""

    def __init__(
        self,
        reported: Reported,
        footage_cache: Path | None = None,
        *,
        footage: FootageStore | None = None,
    ) -> None:
        """Take spec, tokens and answers from the report."""
        super().__init__(spec_of(reported), footage_cache, footage=footage)
        self.reported = reported
        self.asked: Service | None = None
        self.endpoint = PlayedEndpoint(self)
        self._rename(reported)
        events = self.services.get("events")
        if isinstance(events, EventService):
            events.first_messages = tuple(
                self.here(text) for text in first_messages(reported)
            )

    def _rename(self, reported: Reported) -> None:
        """Give channels and profiles the device's own tokens."""
        for channel, told in zip(
            self.all_channels, reported.facts["channels"], strict=False
        ):
            channel.source_token = told["token"]
            last = channel.profiles[-1]
            for number, profile in enumerate(told["profiles"]):
                if number < len(channel.profiles):
                    channel.profiles[number].token = profile["token"]
                    channel.profiles[number].source_token = told["token"]
                    continue
                channel.profiles.append(
                    Profile(
                        profile["token"],
                        profile["name"],
                        "sub",
                        told["token"],
                        last.encoder_token,
                        last.live,
                        last.path,
                    )
                )

    @override
    def service_at(self, path: str) -> Service | None:
        """Return the service a request is for: a device has its own paths."""
        return self.asked or super().service_at(path)

    def here(self, text: str) -> str:
        """Return a recorded text with this device's addresses in it."""
        facts = self.reported.facts
        web_port, rtsp_port = facts["address"]["port"], facts["urls"]["rtsp_port"]

        def put(found: re.Match[str]) -> str:
            scheme, host, port = found.groups()
            if host.strip("[]") == self.reported.host:
                usual = 554 if scheme.startswith("rtsp") else 80
                number = int(port or usual)
                ports = {web_port: self.port, rtsp_port: self.rtsp_port}
                return f"{scheme}{self.spec.host}:{ports.get(number, number)}"
            return found[0]

        return plausible(_URL.sub(put, text), self.spec.user)


def first_messages(reported: Reported) -> Iterator[str]:
    """Yield the messages that a device told the first time it was listened to."""
    for item in reported.exchanges:
        if item.operation == "PullMessages" and item.is_good:
            whole = _ENVELOPE.search(item.answer)
            if whole is None:
                continue
            root = etree.fromstring(whole[0].encode())
            for message in root.iter("{*}NotificationMessage"):
                yield etree.tostring(message, encoding="unicode", with_tail=False)


class PlayedEndpoint(SoapEndpoint):
    """Looks for a recorded answer before the simulator makes one."""

    nvr: PlayedNvr

    def __init__(self, nvr: PlayedNvr) -> None:
        """Sort what was recorded by what was asked."""
        super().__init__(nvr)
        by_name: defaultdict[str, list[Exchange]] = defaultdict(list)
        self._good: defaultdict[Signature, list[Exchange]] = defaultdict(list)
        self._next: defaultdict[Signature, int] = defaultdict(int)
        self._anonymous: dict[str, Exchange] = {}
        for item in nvr.reported.exchanges:
            prefix = service_prefix(item)
            if not prefix:
                continue
            name = f"{prefix}:{item.operation}"
            by_name[name].append(item)
            if item.is_good and item.operation in _STILL:
                self._good[_signature(item.request)].append(item)
        self._open = {
            name
            for name, items in by_name.items()
            if any(item.is_good and item.login == "none" for item in items)
        }
        self._bad = {
            name: bad[-1]
            for name, items in by_name.items()
            if not any(item.is_good for item in items)
            # What is refused to a login that is good elsewhere is forbidden.
            and (
                bad := [
                    item
                    for item in items
                    if not item.is_refusal or item.login != "none"
                ]
            )
        }
        for name, items in by_name.items():
            first = items[0]
            if (
                first.login == "none"
                and name not in self._open
                and not (first.is_refusal or name in self._bad)
            ):
                self._anonymous[name] = first

    @override
    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as recorded, else as the simulator does with the derived switches."""
        self.nvr.asked = None
        if request.method == "POST":
            data = await request.read()
            try:
                parsed = parse_request(data)
            except SoapFault as fault:
                return self._fault(fault)
            answer = await self._recorded(request, parsed, data)
            if answer is not None:
                self.nvr.counters.http_requests += 1
                self.nvr.counters.operations[parsed.operation] += 1
                return answer
            self.nvr.asked = next(
                (
                    service
                    for service in self.nvr.services.values()
                    if parsed.prefix in (service.prefix, *service.also_prefixes())
                ),
                None,
            )
        return await super().handle(request)

    async def _recorded(
        self, request: web.Request, parsed: Request, data: bytes
    ) -> web.StreamResponse | None:
        name = parsed.operation
        is_anonymous = "Authorization" not in request.headers and not any(
            item.name == "wsse:Security" for item in parsed.header
        )
        if is_anonymous and name in self._anonymous:
            return await self._send(request, name, self._anonymous[name])
        found = self._bad.get(name) or self._still(parsed, data)
        if found is None:
            return None
        if name not in self._open:
            try:
                self._login(request, parsed)
            except SoapFault as fault:
                return self._fault(fault)
        if found.status == 0:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        return await self._send(request, name, found)

    def _still(self, parsed: Request, data: bytes) -> Exchange | None:
        signature = _signature_of(etree.fromstring(data))
        items = self._good.get(signature)
        if not items:
            return None
        if begun := _BEGINS.get(parsed.local):
            for other in self._good:
                if other[0].endswith(f":{begun}"):
                    self._next[other] = 0
        number = min(self._next[signature], len(items) - 1)
        self._next[signature] = number + 1
        return items[number]

    async def _send(
        self, request: web.Request, name: str, item: Exchange
    ) -> web.Response:
        # Parts are made anew, with a boundary of their own.
        text, kind = item.answer, item.content_type or "text/plain"
        if kind.startswith("multipart"):
            found = _ENVELOPE.search(text)
            text, kind = found[0] if found else text, CONTENT_TYPE
        answer = web.Response(
            status=item.status,
            body=self.nvr.here(text).encode(),
            headers={"Content-Type": kind},
        )
        return await self._crooked(request, name, answer)


def _signature(request: str) -> Signature:
    """Return what a recorded request asked, its namespaces resolved."""
    return _signature_of(etree.fromstring(f"<Body>{request}</Body>"))


def _signature_of(root: etree._Element) -> Signature:
    """Return the operation and the texts of its leaves, but for how patiently it asks."""
    body = root if root.tag == "Body" else root.find("{*}Body")
    assert body is not None
    asked = body[0]
    leaves = [
        (prefixed(node.tag), (node.text or "").strip())
        for node in asked.iter()
        if isinstance(node.tag, str)
        and not len(node)
        and node is not asked
        and etree.QName(node).localname not in _MANNERS
    ]
    return prefixed(asked.tag), tuple(leaves)
