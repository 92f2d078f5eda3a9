"""How tests ask over the WebSocket: an answer, or the error that was answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import hashlib
import json
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipFacts,
    ClipSource,
    CoverageState,
    EventClass,
    EventMark,
)


class AnsweredError(Exception):
    """The error of an answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.code: str = error["code"]
        self.key: str | None = error.get("translation_key")
        self.placeholders = error.get("translation_placeholders") or {}
        self.message: str = error["message"]


@dataclass
class Socket:
    """A connection of a person, with what came besides answers."""

    client: Any
    events: list[dict[str, Any]]
    sizes: list[int]

    async def ask(self, command: str, **fields: Any) -> Any:
        """Send a command and return its answer; raises `AnsweredError`."""
        message = {"type": f"{DOMAIN}/{command}", **fields}
        await self.client.send_json_auto_id(message)
        while True:
            text = await self.client.receive_str()
            self.sizes.append(len(text))
            answer = self.client.decode(text)
            if answer["type"] == "event":
                self.events.append(answer)
                continue
            if not answer["success"]:
                raise AnsweredError(answer["error"])
            return answer["result"]

    async def event(self) -> dict[str, Any]:
        """Return the next event."""
        if self.events:
            return self.events.pop(0)
        while True:
            answer = self.client.decode(await self.client.receive_str())
            if answer["type"] == "event":
                return answer


type Connect = Callable[..., Awaitable[Socket]]


async def connect(
    hass: HomeAssistant, clients: WebSocketGenerator, token: str | None = None
) -> Socket:
    """Return a connection of the person that a token is of (an administrator)."""

    client = await (clients(hass) if token is None else clients(hass, token))
    client.decode = json.loads
    return Socket(client, [], [])


async def code_of(asked: Awaitable[Any]) -> str:
    """Return the code of the error that a command answers, "" where it answers."""
    try:
        await asked
    except AnsweredError as error:
        return error.code
    return ""


@dataclass
class Stock:
    """Clips that were put into the library directly."""

    first: str
    second: str
    start_ms: int
    clips: list[int]
    others: list[int]
    """Clips of the second camera."""


MINUTE = 60_000


async def stock(hass: HomeAssistant, *, days_ago: int = 2) -> Stock:
    """Put twelve clips of a camera and three of another into the library."""
    hub = hass.data[DOMAIN]
    cameras = sorted(info.key for info in await hub.library.browse.cameras())[:2]
    now_ms = hub.library.clock.now_ms()
    start_ms = now_ms // 3_600_000 * 3_600_000 - days_ago * 86_400_000

    def keep(camera: CameraKey, begin_ms: int) -> int:
        span = TimeRange(begin_ms, begin_ms + 5 * MINUTE)
        start = ClipStart(camera, span.start_ms, span.start_ms, 0, ClipSource.REPLAY)
        sink = hub.library.ledger.sink(camera)
        target = sink.open(start)
        data = f"{camera}{begin_ms}".encode() * 100
        target.part_path.write_bytes(data)
        facts = ClipFacts(
            range=span,
            last_frame_ms=span.end_ms - 40,
            device_start_ms=span.start_ms,
            era_id=0,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            video_codec=Codec.H264,
            audio_codec=None,
            width=640,
            height=360,
            frames=3000,
        )
        sink.finish(target, facts)
        return target.clip_id

    def fill() -> tuple[list[int], list[int]]:
        return (
            [keep(cameras[0], start_ms + n * 5 * MINUTE) for n in range(12)],
            [keep(cameras[1], start_ms + n * 10 * MINUTE) for n in range(3)],
        )

    clips, others = await hass.async_add_executor_job(fill)
    await hub.library.ledger.mark(
        cameras[0],
        [TimeRange(start_ms + 60 * MINUTE, start_ms + 65 * MINUTE)],
        CoverageState.FAILED,
        "timeout",
    )
    await hub.library.ledger.mark(
        cameras[0],
        [TimeRange(start_ms + 65 * MINUTE, start_ms + 70 * MINUTE)],
        CoverageState.ON_DEVICE,
    )
    await hub.library.ledger.add_marks(
        cameras[0],
        [
            EventMark(EventClass.PERSON, TimeRange(at, at + 1000), "door")
            for at in range(start_ms, start_ms + 60 * MINUTE, 20 * MINUTE)
        ],
    )
    await hass.async_block_till_done()
    return Stock(str(cameras[0]), str(cameras[1]), start_ms, clips, others)


def spread(runs: list[int]) -> list[tuple[int, int]]:
    """Return (main, mark) of each bucket of a tile."""
    return [
        (runs[place + 1], runs[place + 2])
        for place in range(0, len(runs), 3)
        for _ in range(runs[place])
    ]
