"""A server for trying the player: the playback contract over simulated footage.

`python frontend/dev/player/serve.py --port 8130 --clips DIR` writes the clips (once per
folder) and answers what the player asks, as Home Assistant would, without it.
"""

import argparse
import asyncio
from dataclasses import dataclass, field
from pathlib import Path
import sys
import time
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[3]))

from aiohttp import web

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media import cutting
from custom_components.vtrack_nvr.core.media.fragment_index import (
    FragmentIndex,
    GrowingIndex,
    read_index,
    shifts_of,
)
from custom_components.vtrack_nvr.core.playback import playlist
from custom_components.vtrack_nvr.core.playback.media_segments import Timeline
from custom_components.vtrack_nvr.core.playback.viewings import LEAD_MS
from frontend.dev.player.footage import GOP_MS, ClipMaker, Stretch
from frontend.dev.player.scenes import BASE_MS, DEVICE, GROWING, scenes
from tests.simulator.footage import FootageStore

FETCH_PACE_S = 0.25
"""How long a group of footage takes to come from the device."""


@dataclass(slots=True)
class Shelved:
    """A clip on disk."""

    id: int
    stretch: Stretch
    path: Path
    index: FragmentIndex | None = None
    growing: GrowingIndex | None = None

    def look(self) -> FragmentIndex | None:
        """Return what there is of it."""
        if self.index is not None and self.growing is None:
            return self.index
        with self.path.open("rb") as file:
            size = self.path.stat().st_size
            if self.growing is None:
                self.index = read_index(file, size)
            else:
                self.growing.extend(file, size)
                self.index = self.growing.index
        return self.index


@dataclass(slots=True)
class Session:
    """An opened range."""

    camera: str
    window: TimeRange
    timeline: Timeline
    fetched: bool = False
    is_over: bool = False
    target: int = 0


@dataclass(slots=True)
class World:
    """All there is."""

    folder: Path
    maker: ClipMaker
    clips: dict[int, Shelved] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    """Status by what an address contains; set by tests."""
    asked: list[str] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    delay_s: float = 0.0

    def write(self) -> None:
        """Write what is not there yet."""
        for number, stretch in enumerate(scenes(), 1):
            path = self.folder / f"{number}.mp4"
            if not path.exists():
                part = path.with_suffix(".part")
                self.maker.write(stretch, part)
                part.rename(path)
            self.clips[number] = Shelved(number, stretch, path)

    def of(self, camera: str) -> list[Shelved]:
        """Return the clips of a camera, oldest first."""
        mine = [clip for clip in self.clips.values() if clip.stretch.camera == camera]
        return sorted(mine, key=lambda clip: clip.stretch.start_ms)

    def refresh(self, session: Session) -> None:
        """List what is new in a range."""
        for clip in self.of(session.camera):
            stretch = clip.stretch
            if stretch.end_ms <= session.window.start_ms:
                continue
            if stretch.start_ms >= session.window.end_ms:
                continue
            index = clip.look()
            if index is not None and len(index):
                session.timeline.add(clip.id, stretch.start_ms, index)
        session.is_over = not any(
            clip.growing is not None for clip in self.of(session.camera)
        )
        longest = playlist.target_s(session.timeline.segments, is_over=session.is_over)
        session.target = session.target or longest

    async def grow(self, stretch: Stretch, pace_s: float) -> None:
        """Write a clip group by group, as a camera or a device would bring it."""
        number = max(self.clips) + 1
        path = self.folder / f"growing-{number}.mp4"
        path.unlink(missing_ok=True)  # of a former run
        clip = Shelved(number, stretch, path, growing=GrowingIndex())
        writer = await asyncio.to_thread(self.maker.open, stretch, path)
        path.touch()
        self.clips[number] = clip
        for group in self.maker.groups(stretch):
            await asyncio.to_thread(writer.write, group)
            await asyncio.sleep(pace_s)
        await asyncio.to_thread(writer.close)
        clip.growing = None
        clip.index = None

    def start(self, stretch: Stretch, pace_s: float) -> None:
        """Begin to write a clip in the background."""
        task = asyncio.create_task(self.grow(stretch, pace_s))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


WORLD = web.AppKey("world", World)


def spans(world: World, camera: str, start: int, end: int) -> list[dict[str, Any]]:
    """Return coverage: kept where clips are, else what the scene says."""
    found: list[dict[str, Any]] = []
    at = start
    for clip in world.of(camera):
        low, high = max(clip.stretch.start_ms, start), min(clip.stretch.end_ms, end)
        if high <= low:
            continue
        if low > at:
            found.append(_hole(camera, at, low))
        state = "kept" if clip.growing is None else "fetching"
        found.append(_span(state, low, high, ""))
        at = high
    if at < end:
        found.append(_hole(camera, at, end))
    return found


def _hole(camera: str, start: int, end: int) -> dict[str, Any]:
    if camera == DEVICE.camera and start < DEVICE.end_ms:
        return _span("on_device", start, min(end, DEVICE.end_ms), "not_yet")
    return _span("absent", start, end, "nothing_recorded")


def _span(state: str, start: int, end: int, reason: str) -> dict[str, Any]:
    return {
        "state": state,
        "from_ms": start,
        "to_ms": end,
        "reason": reason,
        "next_try_ms": None,
        "attempts": 0,
    }


class RefusedError(Exception):
    """A command is answered with an error; its code."""


def opened(world: World, message: dict[str, Any]) -> dict[str, Any]:
    """Answer `playback/open`."""
    camera, start, end = message["camera"], message["from"], message["to"]
    fetched = bool(message.get("fetch"))
    if fetched and camera == DEVICE.camera:
        first = start // GOP_MS * GOP_MS
        length = -(-(end - first) // GOP_MS) * GOP_MS
        world.start(Stretch(camera, first, length), FETCH_PACE_S)
    session = Session(camera, TimeRange(start, end), Timeline(TimeRange(start, end)))
    session.fetched = fetched
    world.refresh(session)
    if not session.timeline.segments and session.is_over and not fetched:
        raise RefusedError("no_footage")
    token = f"{camera}-{start}-{end}-{int(fetched)}"
    world.sessions[token] = session
    segments = session.timeline.segments
    return {
        "token": token,
        "url": f"/api/vtrack_nvr/s/{token}/index.m3u8",
        "h264_url": f"/api/vtrack_nvr/s/{token}/h264/index.m3u8",
        "map_url": f"/api/vtrack_nvr/s/{token}/map.json",
        "from": start,
        "to": end,
        "codecs": [look.codecs for look in session.timeline.looks],
        "formats": [playlist.format_of(look) for look in session.timeline.looks],
        "first": segments[0].start_us // 1000 if segments else None,
        "last": session.timeline.end_ms,
        "growing": not session.is_over,
        "expires_in": 21600,
    }


def edge(world: World, message: dict[str, Any]) -> dict[str, Any]:
    """Answer `coverage/edge` for kept footage."""
    at = message["t_ms"]
    starts = [clip.stretch.start_ms for clip in world.of(message["camera"])]
    if message["direction"] == "next":
        found = min((start for start in starts if start > at), default=None)
    else:
        found = max((start for start in starts if start < at), default=None)
    return {"t_ms": found, "to_ms": None, "searched_ms": None}


def clip_spans(world: World, message: dict[str, Any]) -> dict[str, Any]:
    """Answer `clips/spans`."""
    start, end = message["from_ms"], message["to_ms"]
    flat: list[int] = []
    for clip in world.of(message["camera"]):
        if clip.stretch.end_ms > start and clip.stretch.start_ms < end:
            flat += [clip.id, clip.stretch.start_ms - start, clip.stretch.length_ms]
    return {"clips": flat, "next_from_ms": None}


async def command(request: web.Request) -> web.Response:
    """Answer a command of the socket."""
    world = request.app[WORLD]
    message = await request.json()
    kind = message["type"].removeprefix("vtrack_nvr/")
    await asyncio.sleep(world.delay_s)
    try:
        if kind == "playback/open":
            result: Any = opened(world, message)
        elif kind == "playback/close":
            result = None
        elif kind == "coverage/spans":
            found = spans(
                world, message["camera"], message["from_ms"], message["to_ms"]
            )
            result = {"spans": found, "next_from_ms": None}
        elif kind == "coverage/edge":
            result = edge(world, message)
        elif kind == "clips/spans":
            result = clip_spans(world, message)
        elif kind == "coverage/at":
            result = {"clip": None}
        else:
            raise RefusedError("unknown_command")
    except RefusedError as error:
        return web.json_response({"code": str(error), "message": ""}, status=400)
    return web.json_response(result)


async def control(request: web.Request) -> web.Response:
    """Change the world: begin to grow, break addresses, tell what was asked."""
    world = request.app[WORLD]
    wish = await request.json()
    if wish.get("grow"):
        world.start(GROWING, GOP_MS / 1000)
    if "break" in wish:
        world.broken = wish["break"]
    if wish.get("forget"):
        world.asked.clear()
    return web.json_response({"asked": world.asked, "base": BASE_MS})


async def below_token(request: web.Request) -> web.StreamResponse:
    """Answer a playlist or a segment."""
    world = request.app[WORLD]
    token, rest = request.match_info["token"], request.match_info["rest"]
    world.asked.append(rest)
    for part, status in world.broken.items():
        if part in request.path:
            return web.Response(status=status, headers={"Retry-After": "1"})
    session = world.sessions.get(token)
    if session is None:
        return web.Response(status=404)
    if rest in {"index.m3u8", "media.m3u8"}:
        return await _playlist(world, session, rest)
    if rest.startswith("h264/"):
        return web.Response(status=415)
    clip_id, _, name = rest.partition("/")
    clip = world.clips[int(clip_id)]
    index = clip.look()
    assert index is not None
    if name == "init.mp4":
        return web.Response(body=index.init, content_type="video/mp4")
    first, last = (int(part) for part in name.removesuffix(".m4s").split("-"))
    offset, length = index.place(first, last)
    origin_ms = session.window.start_ms - LEAD_MS
    shifts = shifts_of(index.scales, (clip.stretch.start_ms - origin_ms) * 1000)
    with clip.path.open("rb") as file:
        layout = cutting.cut_fragments(
            file, (offset, length), is_absolute=index.is_absolute, shifts=shifts
        )
        body = layout.read(file, 0, layout.size)
    return web.Response(body=body, content_type="video/mp4")


async def _playlist(world: World, session: Session, name: str) -> web.Response:
    until = time.monotonic() + 5
    world.refresh(session)
    while not session.timeline.segments and time.monotonic() < until:
        await asyncio.sleep(0.1)
        world.refresh(session)
    if not session.timeline.segments:
        return web.Response(status=503, headers={"Retry-After": "1"})
    if name == "index.m3u8":
        variant = playlist.Variant(session.timeline.looks, 1000, "media.m3u8")
        text = playlist.master_playlist([variant])
    else:
        text = playlist.media_playlist(
            session.timeline, target=session.target, is_over=session.is_over
        )
    return web.Response(text=text, content_type=playlist.CONTENT_TYPE)


def main() -> None:
    """Write the clips and serve them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8130)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument(
        "--delay", type=float, default=0.0, help="seconds a command takes"
    )
    choice = parser.parse_args()
    choice.clips.mkdir(parents=True, exist_ok=True)
    store = FootageStore(choice.clips / "groups")
    world = World(choice.clips, ClipMaker(store), delay_s=choice.delay)
    world.write()
    app = web.Application()
    app[WORLD] = world
    app.router.add_post("/dev/command", command)
    app.router.add_post("/dev/control", control)
    app.router.add_get("/api/vtrack_nvr/s/{token}/{rest:.*}", below_token)
    sys.stdout.write(f"ready {choice.port}\n")
    sys.stdout.flush()
    web.run_app(app, host="127.0.0.1", port=choice.port, print=None)


if __name__ == "__main__":
    main()
