"""Every kind of harm that `benchmarks.hostile` does to Home Assistant."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from scripts.demo_lib.errors import DemoError
from scripts.demo_lib.stage import DOMAIN, first_sync

from ._hostile_stage import Stage, kept, slow_readers

type Act = Callable[[Stage], Awaitable[str]]

LATER = ("GetDeviceInformation", "GetServices", "GetCapabilities", "GetProfiles")
LISTS = ("GetProfiles", "GetScopes", "GetNetworkInterfaces", "GetVideoSources")
SEARCHES = ("GetRecordingSearchResults", "GetRecordings", "GetEventSearchResults")
RANGES = (
    "bytes=0-" + "9" * 4400,
    "bytes=-" + "9" * 4400,
    "bytes=١-٢",
    "bytes=5-2",
    "bytes=" + ",".join(f"{n}-{n}" for n in range(2000)),
    "bytes=--1",
    "lines=1-2",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of harm; `act` returns in words what came of it."""

    who: str
    name: str
    act: Act


async def honest(stage: Stage) -> str:
    """Add, fetch and remove as an honest device's owner would."""
    said = await stage.add(stage.yard)
    said += f", {await stage.sync()}"
    await stage.remove_all()
    return said


async def settle(stage: Stage) -> str:
    """Set up both devices for whatever follows."""
    said = f"{await stage.add(stage.yard)}, {await stage.add(stage.lane)}"
    report = await first_sync(stage.api)
    stage.rows = await asyncio.to_thread(kept, stage.running.config.folder)
    return f"{said}, complete: {report['complete']}, {len(stage.rows)} clips"


# --- Devices ---------------------------------------------------------------------------------


async def _add_hostile(stage: Stage, *, faults: dict[str, Any]) -> str:
    async with stage.faults(stage.yard, faults):
        try:
            said = await stage.add(stage.yard)
        except DemoError as error:
            said = str(error)[-60:]
    await stage.remove_all()
    return said


async def _add_many(stage: Stage) -> str:
    """Add as many cameras as one device may have, and keep them.

    To remove them is left to the next kind: what Home Assistant's registries do then is
    one turn of the loop, whoever's devices they hold.
    """
    async with stage.faults(stage.yard, _answers("many", ("GetProfiles",))):
        said = await stage.add(stage.yard)
        await asyncio.sleep(5)
    states = await stage.api.get("/api/states")
    cameras = sum(each["entity_id"].startswith("camera.") for each in states)
    return f"{said}, {cameras} cameras"


async def removed(stage: Stage) -> str:
    """Remove what there is."""
    await stage.remove_all()
    return "by Home Assistant"


async def _sync_hostile(stage: Stage, *, faults: dict[str, Any]) -> str:
    async with stage.faults(stage.yard, faults):
        return await stage.sync(wait=True)


async def _reload_hostile(
    stage: Stage, *, faults: dict[str, Any], seconds: float
) -> str:
    sent = await stage.simulator.sent_bytes(stage.session, stage.lane)
    async with stage.faults(stage.lane, faults):
        said = await stage.reload(stage.lane)
        await asyncio.sleep(seconds)
    sent = await stage.simulator.sent_bytes(stage.session, stage.lane) - sent
    return f"{said}, {sent / 1e6:.0f} MB of media sent"


def _answers(kind: str, operations: tuple[str, ...] = ("*",)) -> dict[str, Any]:
    return {"hostile_ops": dict.fromkeys(operations, kind)}


def strangers() -> list[Kind]:
    """Return what a device does that is being added."""
    everywhere = [
        "entities",
        "default-attributes",
        "external-entity",
        "elements",
        "attributes",
        "deep",
        "endless-name",
        "long-texts",
        "endless",
        "trickle",
        "gzip-bomb",
        "gzip-bomb-twice",
        "endless-header",
    ]
    kinds = [(f"{kind} first", _answers(kind)) for kind in everywhere]
    # The first answer comes to whoever looks for devices, these to whoever asks one.
    kinds += [(kind, _answers(kind, LATER)) for kind in everywhere]
    kinds += [
        (f"{kind} lists", _answers(kind, LISTS))
        for kind in ("long-texts", "repeated", "just-below")
    ]
    kinds += [
        (f"{kind} recordings", _answers(kind, SEARCHES))
        for kind in ("repeated", "just-below")
    ]
    kinds.append(
        ("long names", _answers("long-texts", ("GetDeviceInformation", "GetScopes")))
    )
    return [
        *(
            Kind("device", f"{name}, while added", partial(_add_hostile, faults=faults))
            for name, faults in kinds
        ),
        Kind("device", "as many cameras as can be", _add_many),
        Kind("nobody", "their removal", removed),
    ]


def devices() -> list[Kind]:
    """Return what a device does that is set up."""
    kinds = [
        Kind(
            "device",
            f"{kind} results of searches",
            partial(_sync_hostile, faults=_answers(kind, SEARCHES)),
        )
        for kind in ("repeated", "just-below", "default-attributes")
    ]
    floods: dict[str, tuple[dict[str, Any], float]] = {
        "endless events": ({"pull_flood": 100}, 8),
        "RTP flood": ({"rtsp": {"repeats": 400}}, 10),
        "noise for RTSP": ({"rtsp": {"instead_of_rtsp": "noise"}}, 5),
    }
    return kinds + [
        Kind("device", name, partial(_reload_hostile, faults=faults, seconds=seconds))
        for name, (faults, seconds) in floods.items()
    ]


# --- Users -----------------------------------------------------------------------------------


async def _slow_downloads(stage: Stage) -> str:
    path = f"clip/{stage.rows[-1].id}"
    async with slow_readers(stage.reader, path, 64) as begun:
        served = sum(b" 200 " in head for head in begun)
        status, _, body = await stage.api.fetch(f"/api/{DOMAIN}/{path}")
    return f"reader: {served} of 64 begun; owner: {status}, {len(body)} bytes"


async def _pictures(stage: Stage) -> str:
    mine, other = stage.rows[0].id, stage.rows[-1].id
    flood = [
        asyncio.create_task(_status(stage, f"{kind}/{mine}"))
        for kind in ("strip", "thumbnail")
        for _ in range(60)
    ]
    await asyncio.sleep(0.2)
    status, _, _ = await stage.api.fetch(f"/api/{DOMAIN}/thumbnail/{other}")
    counts = Counter(await asyncio.gather(*flood))
    return f"reader: {_counted(counts)}; owner: {status}"


async def _status(stage: Stage, path: str, **headers: str) -> int:
    status, _, _ = await stage.reader.fetch(f"/api/{DOMAIN}/{path}", headers)
    return status


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{count} × {what}" for what, count in sorted(counts.items()))


async def _headers(stage: Stage) -> str:
    path = f"clip/{stage.rows[0].id}"
    counts = Counter([await _status(stage, path, Range=each) for each in RANGES])
    for method in ("HEAD", "OPTIONS", "POST", "DELETE"):
        counts[await stage.reader.status(method, f"/api/{DOMAIN}/{path}")] += 1
    if wrong := [status for status in counts if status >= 500]:
        raise DemoError(f"a header makes {wrong[0]}")
    return _counted(counts)


async def _requests(stage: Stage, name: str, data: dict[str, Any], count: int) -> str:
    """Ask for an action many times, as the owner: only he may."""
    now = datetime.now(UTC)

    async def once(number: int) -> str:
        span = {
            "start": (now - timedelta(days=3, hours=number)).isoformat(),
            "end": (now - timedelta(days=3, hours=number, minutes=-5)).isoformat(),
        }
        try:
            await stage.api.action(DOMAIN, name, {**span, **data})
        except DemoError as error:
            return "refused" if " 500" in str(error) or " 400" in str(error) else "lost"
        return "taken"

    answers: Counter[str] = Counter()
    for begin in range(0, count, 20):
        tasks = (once(number) for number in range(begin, min(begin + 20, count)))
        answers.update(await asyncio.gather(*tasks))
    return _counted(answers)


async def _sync_requests(stage: Stage) -> str:
    entity = await _camera(stage)
    return await _requests(stage, "sync", {"entity_id": entity, "wait": False}, 300)


async def _notes(stage: Stage) -> str:
    entity = await _camera(stage)
    data = {"entity_id": entity, "note": "n" * 1_000_000}
    # One after the other: how it reads a request is Home Assistant's own matter.
    answers = [await _requests(stage, "save_clip", data, 1) for _ in range(20)]
    return _counted(Counter(answers))


async def _exports(stage: Stage) -> str:
    entity = await _camera(stage)
    row = stage.rows[0]
    span = {
        "start": datetime.fromtimestamp(row.start_ms / 1000, UTC).isoformat(),
        "end": datetime.fromtimestamp(row.last_frame_ms / 1000, UTC).isoformat(),
    }
    data = {"entity_id": entity, "keep_days": 365, **span}
    return await _requests(stage, "export", data, 20)


async def _camera(stage: Stage) -> str:
    states = await stage.api.get("/api/states")
    found = (state["entity_id"] for state in states)
    return next(each for each in found if each.startswith("camera.yard"))


async def _diagnostics(stage: Stage) -> str:
    entry_id = await stage.entry_id(stage.yard)
    faults = _answers("long-texts", ("GetScopes", "GetProfiles"))
    async with stage.faults(stage.yard, faults):
        said = await stage.reload(stage.yard)
        path = f"/api/diagnostics/config_entry/{entry_id}"
        status, _, body = await stage.api.fetch(path)
    await stage.reload(stage.yard)
    return f"{said}, {status}, {len(body)} bytes"


def users() -> list[Kind]:
    """Return what a person does; most of it needs no right but to read."""
    return [
        Kind("user", "64 slow downloads", _slow_downloads),
        Kind("user", "120 pictures at once", _pictures),
        Kind("user", "odd ranges and methods", _headers),
        Kind("user", "300 requests to fetch", _sync_requests),
        Kind("user", "notes of 1 MB", _notes),
        Kind("user", "20 exports for a year", _exports),
        Kind("user", "diagnostics of long names", _diagnostics),
    ]
