"""People of `benchmarks.load` who look things up and do things, many at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
import random
import time
from typing import Any

from ._load_client import Person, RefusedError, again

EVERY_S = 10.0
"""So often all operators ask for something at the same moment."""
DAY_MS = 86_400_000
JOB_S = 240.0
"""So long a job may take before it counts as failed."""
CAMERAS = 16


def moment(ms: int) -> str:
    """Return a time as actions take it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


class LoadRig:
    """What there is to ask about: cameras, and some clips of the past."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self.cameras: list[dict[str, Any]] = []
        self.clips: list[dict[str, Any]] = []

    async def learn(self, person: Person) -> None:
        """Ask for the cameras, and for clips of some of them from all over the month."""
        self.cameras = (await person.ask("info"))["cameras"]
        now_ms = time.time_ns() // 1_000_000
        for camera in random.sample(self.cameras, 20):
            to_ms = now_ms - random.randrange(DAY_MS, 28 * DAY_MS)
            chosen = {"cameras": [camera["key"]], "to_ms": to_ms}
            page = await person.ask("clips/list", filter=chosen, limit=50)
            self.clips += page["clips"]

    def clip(self) -> dict[str, Any]:
        """Return one of the clips."""
        return random.choice(self.clips)

    def keys(self, count: int) -> list[str]:
        """Return some cameras."""
        return [each["key"] for each in random.sample(self.cameras, count)]


type Work = Callable[[Person, LoadRig], Awaitable[object]]


def _past(days: float = 28) -> int:
    return time.time_ns() // 1_000_000 - random.randrange(int(days * DAY_MS))


def _window(length_ms: int) -> dict[str, int]:
    to_ms = _past()
    return {"from_ms": to_ms - length_ms, "to_ms": to_ms}


async def _protect(person: Person, rig: LoadRig) -> None:
    clip = rig.clip()["id"]
    await person.act("protect", clip_id=clip, note="load")
    await person.act("unprotect", clip_id=clip)


async def _list_recordings(person: Person, rig: LoadRig) -> None:
    camera = random.choice(rig.cameras)["entity_id"]
    start_ms = _past(27)
    await person.act(
        "list_recordings",
        entity_id=camera,
        start=moment(start_ms),
        end=moment(start_ms + DAY_MS // 2),
    )


async def _tiles(person: Person, rig: LoadRig) -> None:
    level = random.choice((2, 3, 5, 6))
    number = _past() // (1024 * 1000 * 4**level)
    wanted = [[key, number] for key in rig.keys(16)]
    await person.ask("coverage/tiles", level=level, tiles=wanted)


WORK: tuple[Work, ...] = (
    lambda p, _h: p.ask("info"),
    lambda p, _h: p.ask("clips/list"),
    lambda p, h: p.ask("clips/list", filter={"cameras": h.keys(3)}, limit=100),
    lambda p, _h: p.ask("clips/list", filter={"is_protected": True}),
    lambda p, _h: p.ask("clips/list", filter={"event_class": "motion"}, limit=100),
    lambda p, h: p.ask("clips/get", clip=h.clip()["id"]),
    lambda p, h: p.ask("clips/spans", camera=h.keys(1)[0], **_window(DAY_MS)),
    lambda p, h: p.ask(
        "clips/count", filter={"cameras": h.keys(2), **_window(7 * DAY_MS)}
    ),
    lambda p, h: p.ask("coverage/at", camera=h.keys(1)[0], t_ms=_past()),
    lambda p, h: p.ask("coverage/spans", camera=h.keys(1)[0], **_window(DAY_MS)),
    lambda p, h: p.ask(
        "coverage/edge",
        camera=h.keys(1)[0],
        t_ms=_past(),
        direction="next",
        want="event",
    ),
    lambda p, h: p.ask(
        "coverage/month", cameras=h.keys(8), month=f"{datetime.now(UTC):%Y-%m}"
    ),
    _tiles,
    lambda p, h: p.ask("events/list", cameras=h.keys(8), **_window(DAY_MS)),
    lambda p, h: p.ask("events/page", cameras=h.keys(4)),
    lambda p, _h: p.ask("queue"),
    lambda p, _h: p.ask("runs"),
    lambda p, _h: p.ask("ledger", state="lost"),
    lambda p, _h: p.ask("export/list"),
    lambda p, _h: p.ask("jobs/list"),
    lambda p, _h: p.ask("share/list"),
    lambda p, _h: p.ask("schedules/list"),
    lambda p, _h: p.act("get_status"),
    _list_recordings,
    _list_recordings,
    _protect,
    _protect,
    lambda p, h: p.load(
        "picture thumbnail", f"/api/vtrack_nvr/thumbnail/{h.clip()['id']}"
    ),
    lambda p, h: p.load("picture strip", f"/api/vtrack_nvr/strip/{h.clip()['id']}"),
    lambda p, h: p.load("picture frame", _frame(h)),
)


def _frame(rig: LoadRig) -> str:
    clip = rig.clip()
    at_ms = random.randrange(clip["end_ms"] - clip["start_ms"])
    return f"/api/vtrack_nvr/frame/{clip['id']}/{at_ms}"


async def operate(person: Person, rig: LoadRig, until: float) -> None:
    """Ask for something whenever all others do, at the same moment."""
    left: list[Work] = []

    async def visit() -> None:
        async with person.connected():
            while time.time() < until:
                await asyncio.sleep(EVERY_S - time.time() % EVERY_S)
                if not left:
                    left.extend(random.sample(WORK, len(WORK)))
                await left.pop()(person, rig)

    await again(visit, until)


async def export(person: Person, rig: LoadRig, until: float, every_s: float) -> None:
    """Make a file of a minute or two, load it, and throw it away; again and again."""

    async def once() -> None:
        clip = rig.clip()
        window = {"from_ms": clip["start_ms"], "to_ms": clip["end_ms"] + 400_000}
        async with person.log.timed("job export"), asyncio.timeout(JOB_S):
            job = await person.ask("export/start", cameras=[clip["camera"]], **window)
            while job["state"] in {"waiting", "running"}:
                await asyncio.sleep(0.5)
                jobs = (await person.ask("jobs/list"))["jobs"]
                job = next(each for each in jobs if each["id"] == job["id"])
            if job["state"] != "done":
                raise RefusedError(str(job["error"]))
        made = job["export_id"]
        path = f"/api/vtrack_nvr/export/{made}"
        await person.load("job load of an export", path, most=1)
        await person.ask("export/delete", export=made)
        await asyncio.sleep(every_s)

    async def visit() -> None:
        async with person.connected():
            while time.time() < until:
                await once()

    await again(visit, until)


async def save(
    person: Person, rig: LoadRig, until: float, recording: dict[str, float]
) -> None:
    """Ask for ten seconds that a device has just recorded; again and again.

    Nobody knows of them in the library yet: the device is asked, and plays at once.
    """
    period, seconds = recording["period"], recording["seconds"]

    async def once() -> None:
        camera = random.choice(rig.cameras)
        place = int(camera["name"].rpartition("-")[2]) - 1
        first = recording["from"] + place * period / CAMERAS
        turns = (time.time() - seconds - first) // period
        if turns >= 0:
            start_ms = round(first + turns * period) * 1000
            length_ms = min(10_000, round(seconds * 500))
            saved = await person.act(
                "save_clip",
                "job",
                entity_id=camera["entity_id"],
                start=moment(start_ms + 1000),
                end=moment(start_ms + 1000 + length_ms),
                keep_days=1,
            )
            if not saved["saved"][0]["complete"]:
                person.log.failed["job action save_clip"] += 1
                person.log.words[f"save_clip: {saved['saved'][0]['outcome']}"] += 1
        await asyncio.sleep(random.uniform(10, 20))

    await again(once, until)
