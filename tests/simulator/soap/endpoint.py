"""The HTTP side of a simulated NVR: one POST in, SOAP, a fault or a misfortune out."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from ..hostile import hostile_answer
from .crooked import FRAMINGS, TEXTS
from .envelope import (
    CONTENT_TYPE,
    NS,
    Request,
    SoapFault,
    envelope,
    fault_envelope,
    fault_envelope_11,
    parse_request,
)
from .service import Call, Service

if TYPE_CHECKING:
    from ..nvr import SimulatedNvr

_HTML = (
    "<!DOCTYPE html><html><head><title>Web Service</title></head>"
    "<body><h1>Log in</h1><p>Please & thank you<br></body></html>"
)


@dataclass
class Counters:
    """What reached a device; tests count requests with it."""

    operations: Counter[str] = field(default_factory=Counter)
    """SOAP requests by prefixed operation, refused ones included."""
    faults: Counter[str] = field(default_factory=Counter)
    """SOAP faults sent, by innermost subcode."""
    http_requests: int = 0
    http_connections: int = 0
    snapshots: int = 0

    def reset(self) -> None:
        """Start from zero."""
        self.operations.clear()
        self.faults.clear()
        self.http_requests = self.http_connections = self.snapshots = 0


class SoapEndpoint:
    """Answers the POSTs of one device."""

    def __init__(self, nvr: SimulatedNvr) -> None:
        self.nvr = nvr

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        faults = self.nvr.faults
        if faults.redirects_to and request.path_qs != faults.redirects_to:
            where = {"Location": faults.redirects_to}
            return web.Response(status=302, text=_HTML, headers=where)
        service = self.nvr.service_at(request.path)
        if service is None:
            return web.Response(status=404, text=_HTML, content_type="text/html")
        if request.method != "POST":
            return web.Response(status=405, text=_HTML, content_type="text/html")
        self.nvr.counters.http_requests += 1
        if request.content_type != "application/soap+xml":
            # SOAP 1.2 part 2, 7.1.4.
            return web.Response(status=415, text=_HTML, content_type="text/html")
        data = await request.read()
        name = f"{service.prefix}:?"
        try:
            parsed = parse_request(data)
            name = parsed.operation
            self.nvr.counters.operations[name] += 1
            accident = await self._accident(request, name, parsed)
            if accident is not None:
                return accident
            body = await self._answer(request, service, parsed)
        except SoapFault as fault:
            return await self._crooked(request, name, self._fault(fault))
        answer = envelope(body, self._header(parsed, service))
        if harm := self.nvr.faults.value("hostile_ops", name):
            return await hostile_answer(harm, request, answer)
        if self.nvr.faults.acts("truncate_ops", name):
            return await self._truncated(request, answer)
        sent = web.Response(body=answer, headers={"Content-Type": CONTENT_TYPE})
        return await self._crooked(request, name, sent)

    async def _crooked(
        self, request: web.Request, name: str, answer: web.Response
    ) -> web.Response:
        """Write and frame an answer as the switches say."""
        faults = self.nvr.faults
        body = answer.body if isinstance(answer.body, bytes) else b""
        if writing := faults.value("text_ops", name):
            body = TEXTS[writing](body.decode())
            answer.body = body
        framing = faults.value("framing_ops", name)
        transport = request.transport
        if not framing or transport is None:
            return answer
        lines = [
            f"{key}: {value}"
            for key, value in answer.headers.items()
            if key.lower() != "content-length"
        ]
        data, ending = FRAMINGS[framing](answer.status, lines, body)
        transport.write(data)
        match ending:
            case "reset":
                # After the client has read it: it must not lose what was sent.
                await asyncio.sleep(0.02)
                _reset(transport)
            case "close":
                transport.close()
            case _:
                while not transport.is_closing():  # noqa: ASYNC110 - no event for it
                    await asyncio.sleep(0.02)
        return answer

    async def _answer(
        self, request: web.Request, service: Service, parsed: Request
    ) -> str:
        faults = self.nvr.faults
        if parsed.operation == "tds:GetServices" and faults.no_get_services:
            raise SoapFault("Receiver", "ter:ActionNotSupported")
        if faults.refuses_addressing and any(
            item.name.startswith("wsa:") for item in parsed.header
        ):
            raise SoapFault("MustUnderstand", reason="header not understood")
        found = service.find(parsed)
        forced = faults.value("fault_ops", parsed.operation)
        is_open = found.is_open or faults.acts("open_ops", parsed.operation)
        if found.name == "GetSystemDateAndTime" and faults.date_needs_login:
            is_open = False
        # An unneeded token is not looked at: such operations are for everybody.
        user = "" if is_open else self._login(request, parsed)
        if faults.acts("forbidden_ops", parsed.operation):
            raise SoapFault(
                "Sender", "ter:NotAuthorized", reason="Sender not authorized"
            )
        if forced:
            code, *subcodes = forced.split()
            raise SoapFault(code, *subcodes)
        call = Call(parsed, user, request.url.scheme, request.host, request.path)
        return await service.answer(found, call)

    def _login(self, request: web.Request, parsed: Request) -> str:
        guard = self.nvr.guard
        has_token = any(item.name == "wsse:Security" for item in parsed.header)
        authorization = request.headers.get("Authorization")
        if self.nvr.faults.acts("wss_html_401", parsed.operation):
            if authorization and not has_token:
                return guard.check_http(authorization, request.method, request.path_qs)
            guard.failures["html"] += 1
            fault = guard.challenge("html")
            fault.detail = "html"
            raise fault
        return guard.check(parsed, authorization, request.method, request.path_qs)

    async def _accident(
        self, request: web.Request, name: str, parsed: Request
    ) -> web.StreamResponse | None:
        faults = self.nvr.faults
        delay = faults.delay_s + (faults.value("delay_ops", name) or 0.0)
        if delay:
            await asyncio.sleep(delay)
        if faults.acts("hang_ops", name):
            await self.nvr.wait_for_release("hang_ops", name)
        if faults.acts("drop_ops", name):
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        if faults.acts("html_ops", name):
            return web.Response(text=_HTML, content_type="text/html")
        if faults.acts("malformed_ops", name):
            text = envelope("<tds:Broken><tt:Open>").decode()
            return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})
        if faults.acts("empty_ops", name):
            return web.Response(body=b"", headers={"Content-Type": CONTENT_TYPE})
        if faults.acts("empty_soap_body_ops", name):
            return web.Response(
                body=envelope(""), headers={"Content-Type": CONTENT_TYPE}
            )
        missing = faults.value("missing_ops", name)
        if (
            not missing
            and faults.anonymous_answer
            and self._is_anonymous(request, parsed)
        ):
            missing = faults.anonymous_answer
        if missing == "nothing":
            await self.nvr.wait_for_release("missing_ops", name)
            missing = "hangup"
        if missing == "hangup":
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        if missing:
            status = int(missing.rpartition("-")[2]) if missing != "empty" else 200
            text = _HTML if missing in {"403", "404"} else None
            return web.Response(status=status, text=text)
        status = faults.value("status_ops", name)
        if status:
            return web.Response(status=status, text="Service Unavailable")
        return None

    def _is_anonymous(self, request: web.Request, parsed: Request) -> bool:
        """Return whether a call that needs a login comes without one."""
        service = self.nvr.service_at(request.path)
        if service is None or service.find(parsed).is_open:
            return False
        has_token = any(item.name == "wsse:Security" for item in parsed.header)
        return not has_token and "Authorization" not in request.headers

    async def _truncated(
        self, request: web.Request, answer: bytes
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
        response.content_length = len(answer)
        await response.prepare(request)
        await response.write(answer[: len(answer) // 2])
        if request.transport is not None:
            request.transport.close()
        return response

    def _fault(self, fault: SoapFault) -> web.Response:
        name = fault.subcodes[-1] if fault.subcodes else fault.code
        self.nvr.counters.faults[name] += 1
        response: web.Response
        if fault.detail == "html":
            response = web.Response(status=401, text=_HTML, content_type="text/html")
        else:
            status = fault.status
            if status != 401 and self.nvr.faults.fault_status:
                status = self.nvr.faults.fault_status
            is_old = self.nvr.faults.is_soap_11
            response = web.Response(
                status=500 if is_old and status != 401 else status,
                body=fault_envelope_11(fault) if is_old else fault_envelope(fault),
                headers={"Content-Type": CONTENT_TYPE},
            )
        for key, value in fault.headers.items():
            for line in value.split("\n"):
                response.headers.add(key, line)
        return response

    def _header(self, parsed: Request, service: Service) -> str:
        """Return WS-Addressing headers where the request used them (WSA 1.0)."""
        message = next((h for h in parsed.header if h.name == "wsa:MessageID"), None)
        if message is None:
            return ""
        uri = NS[parsed.prefix]
        return (
            f"<wsa:Action>{uri}/{parsed.local}Response</wsa:Action>"
            f"<wsa:RelatesTo>{message.text}</wsa:RelatesTo>"
        )


def _reset(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
