"""Home Assistant's REST and WebSocket API, as its own frontend uses it."""

from collections.abc import Mapping
import itertools
from typing import Any

import aiohttp

from .errors import DemoError


class Api:
    """A signed-in user's connection; made by `home_assistant.sign_in`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self.token = token

    async def get(self, path: str) -> Any:
        """Return the JSON answer of a GET."""
        return await self._ask("GET", path)

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """Return the JSON answer of a POST."""
        return await self._ask("POST", path, json=data)

    async def delete(self, path: str) -> Any:
        """Return the JSON answer of a DELETE."""
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        async with self.session.request(
            method, f"{self.url}{path}", headers=self._headers, **more
        ) as answer:
            if answer.status >= 400:
                text = (await answer.text())[:500]
                raise DemoError(f"{method} {path} answered {answer.status}: {text}")
            return await answer.json()

    async def fetch(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return (status, headers, body) of a GET, whatever the status."""
        async with self.session.get(
            f"{self.url}{path}", headers={**self._headers, **(headers or {})}
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    async def status(self, method: str, path: str) -> int:
        """Return the status of a request of any method."""
        async with self.session.request(
            method, f"{self.url}{path}", headers=self._headers
        ) as answer:
            await answer.read()
            return answer.status

    async def action(self, domain: str, name: str, data: Mapping[str, Any]) -> Any:
        """Call an action and return its response."""
        path = f"/api/services/{domain}/{name}?return_response"
        return (await self.post(path, data))["service_response"]

    async def ask(self, *messages: Mapping[str, Any]) -> list[Any]:
        """Send WebSocket messages over one connection and return their results."""
        async with self.session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0
        ) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise DemoError("Home Assistant refused the token")
            return [
                await _exchange(socket, number, message)
                for number, message in zip(itertools.count(1), messages, strict=False)
            ]


async def _exchange(
    socket: aiohttp.ClientWebSocketResponse, number: int, message: Mapping[str, Any]
) -> Any:
    await socket.send_json({"id": number, **message})
    while True:
        answer = await socket.receive_json()
        if answer.get("id") == number and answer["type"] == "result":
            break
    if not answer["success"]:
        raise DemoError(f"{message['type']} failed: {answer['error']['message']}")
    return answer["result"]
