"""A server that answers what a test tells it to, and a clock nobody waits for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, override

from aiohttp import web

from custom_components.vtrack_nvr.core.clock import SystemClock

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"


class QuickClock(SystemClock):
    """The real clock, but nobody waits long."""

    @override
    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.01))


type Handler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


@dataclass
class ScriptedServer:
    """Answers each operation with what the test put into `answers`.

    A value is an XML body, a whole response, or a function of request and body.
    """

    port: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    """Operation, path and Authorization header of every request."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        action = request.headers.get("Content-Type", "").partition('action="')[2]
        operation = action.rstrip('"').rpartition("/")[2] or request.method
        self.seen.append(
            (operation, request.path_qs, request.headers.get("Authorization", ""))
        )
        answer = self.answers.get(operation, self.answers.get("*"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = await answer(request, body)
        if isinstance(answer, web.Response):
            # A response can be sent only once.
            return web.Response(
                status=answer.status, body=answer.body, headers=answer.headers.copy()
            )
        if answer is None:
            return web.Response(status=404, text="nothing here")
        return soap(answer)

    def count(self, operation: str) -> int:
        return sum(1 for name, _, _ in self.seen if name == operation)


def soap(body: str, status: int = 200, **headers: str) -> web.Response:
    text = f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{body}</s:Body></s:Envelope>'
    return web.Response(
        status=status, text=text, content_type="application/soap+xml", headers=headers
    )


def fault(subcode: str, status: int = 400, reason: str = "") -> web.Response:
    return soap(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>"
        f"ter:{subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{reason}"
        "</s:Text></s:Reason></s:Fault>",
        status,
    )
