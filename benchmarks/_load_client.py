"""What the people of `benchmarks.load` ask with: WebSocket and HTTP, each answer timed."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import itertools
import time
from typing import Any

import aiohttp

PATIENCE_S = 60.0
"""An answer that takes longer counts as none."""
MANY = 10
"""So many operations at once are called many."""
MOST_WORDS = 200


class RefusedError(Exception):
    """Home Assistant said no, or nothing."""


class Log:
    """How long everything took, in ms, by kind and name; and what failed."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.among_many: list[float] = []
        """Commands that were begun beside nine others or more."""
        self.failed: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.bytes = 0
        self.in_flight = self.most_in_flight = 0
        self.until = float("inf")
        """What ends later does not count: Home Assistant is about to be stopped."""

    @asynccontextmanager
    async def timed(self, name: str) -> AsyncIterator[None]:
        """Count what is done inside; `name` begins with its kind: "command info"."""
        self.in_flight += 1
        beside, began = self.in_flight, time.perf_counter()
        self.most_in_flight = max(self.most_in_flight, beside)
        try:
            async with asyncio.timeout(None if name.startswith("job") else PATIENCE_S):
                yield
        except (RefusedError, TimeoutError, aiohttp.ClientError, OSError) as error:
            if time.time() < self.until:
                self.failed[name] += 1
                self.words[f"{name}: {type(error).__name__} {error}"[:MOST_WORDS]] += 1
            raise RefusedError(str(error)) from error
        finally:
            self.in_flight -= 1
        took = (time.perf_counter() - began) * 1000
        self.took[name].append(took)
        if beside >= MANY and name.startswith("command"):
            self.among_many.append(took)

    def values(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "took": {name: _short(values) for name, values in self.took.items()},
            "among_many": _short(self.among_many),
            "failed": {**self.failed},
            "words": {**self.words},
            "bytes": self.bytes,
            "most_in_flight": self.most_in_flight,
        }


def _short(values: list[float]) -> list[float]:
    return [round(value, 1) for value in values]


class Person:
    """Somebody signed in: a WebSocket for commands and feeds, and HTTP beside it."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str, log: Log
    ) -> None:
        """Be somebody who is not connected yet."""
        self.session, self.url, self.log = session, url, log
        self.headers = {"Authorization": f"Bearer {token}"}
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._told: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._reading: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Hold the WebSocket."""
        async with (
            self.log.timed("other connect"),
            asyncio.timeout(PATIENCE_S),
        ):
            self._socket = await self.session.ws_connect(
                f"{self.url}/api/websocket", max_msg_size=0
            )
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self._token})
            if (await self._socket.receive_json())["type"] != "auth_ok":
                raise RefusedError("the token was refused")
        self._reading = asyncio.create_task(self._read(self._socket))
        try:
            yield
        finally:
            self._reading.cancel()
            await self._socket.close()
            self._lose()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.log.bytes += len(message.data)
            told = message.json()
            number = told.get("id")
            if told["type"] == "event" and number in self._told:
                self._told[number](told["event"])
            elif number in self._waiting and not self._waiting[number].done():
                self._waiting[number].set_result(told)
        self._lose()

    def _lose(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RefusedError("the connection is gone"))

    async def ask(
        self,
        command: str,
        told: Callable[[dict[str, Any]], None] | None = None,
        **fields: Any,
    ) -> Any:
        """Return what a command answers; events of a subscription go to `told`."""
        assert self._socket is not None
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        if told is not None:
            self._told[number] = told
        try:
            async with self.log.timed(f"command {command}"):
                await self._socket.send_json(
                    {"id": number, "type": f"vtrack_nvr/{command}", **fields}
                )
                answer = await future
                if not answer["success"]:
                    raise RefusedError(str(answer["error"]["message"]))
        finally:
            del self._waiting[number]
        return answer["result"]

    async def act(self, action: str, kind: str = "command", **data: Any) -> Any:
        """Call one of our actions and return its answer."""
        url = f"{self.url}/api/services/vtrack_nvr/{action}?return_response"
        async with (
            self.log.timed(f"{kind} action {action}"),
            self.session.post(url, json=data, headers=self.headers) as answer,
        ):
            if answer.status != 200:
                raise RefusedError(f"{answer.status} {await answer.text()}")
            return (await answer.json())["service_response"]

    async def load(
        self, name: str, path: str, most: int = 0, *, has_login: bool = True
    ) -> bytes:
        """Return what lies at an address; of more than `most` bytes nothing is kept."""
        headers: Mapping[str, str] = self.headers if has_login else {}
        async with (
            self.log.timed(name),
            self.session.get(f"{self.url}{path}", headers=headers) as answer,
        ):
            if answer.status not in {200, 206}:
                raise RefusedError(str(answer.status))
            found = bytearray()
            async for piece in answer.content.iter_chunked(65_536):
                self.log.bytes += len(piece)
                if not most or len(found) < most:
                    found += piece
            return bytes(found)


async def again(
    work: Callable[[], Awaitable[object]], until: float, pause_s: float = 1.0
) -> None:
    """Do something again and again; what is refused was counted, and ends one round."""
    while time.time() < until:
        try:
            await work()
        except RefusedError:
            await asyncio.sleep(pause_s)
