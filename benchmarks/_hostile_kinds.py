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

from ._hostile_rig import HostileRig, kept, slow_readers

type Act = Callable[[HostileRig], Awaitable[str]]

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


async def honest(rig: HostileRig) -> str:
    """Add, fetch and remove as an honest device's owner would."""
    said = await rig.add(rig.yard)
    said += f", {await rig.sync()}"
    await rig.remove_all()
    return said


async def settle(rig: HostileRig) -> str:
    """Set up both devices for whatever follows."""
    said = f"{await rig.add(rig.yard)}, {await rig.add(rig.lane)}"
    report = await first_sync(rig.api)
    rig.rows = await asyncio.to_thread(kept, rig.running.config.folder)
    return f"{said}, complete: {report['complete']}, {len(rig.rows)} clips"


# --- Devices ---------------------------------------------------------------------------------


async def _add_hostile(rig: HostileRig, *, faults: dict[str, Any]) -> str:
    async with rig.faults(rig.yard, faults):
        try:
            said = await rig.add(rig.yard)
        except DemoError as error:
            said = str(error)[-60:]
    await rig.remove_all()
    return said


async def _add_many(rig: HostileRig) -> str:
    """Add as many cameras as one device may have, and keep them.

    To remove them is left to the next kind: what Home Assistant's registries do then is
    one turn of the loop, whoever's devices they hold.
    """
    async with rig.faults(rig.yard, _answers("many", ("GetProfiles",))):
        said = await rig.add(rig.yard)
        await asyncio.sleep(5)
    states = await rig.api.get("/api/states")
    cameras = sum(each["entity_id"].startswith("camera.") for each in states)
    return f"{said}, {cameras} cameras"


async def removed(rig: HostileRig) -> str:
    """Remove what there is."""
    await rig.remove_all()
    return "by Home Assistant"


async def _sync_hostile(rig: HostileRig, *, faults: dict[str, Any]) -> str:
    async with rig.faults(rig.yard, faults):
        return await rig.sync(wait=True)


async def _reload_hostile(
    rig: HostileRig, *, faults: dict[str, Any], seconds: float
) -> str:
    sent = await rig.simulator.sent_bytes(rig.session, rig.lane)
    async with rig.faults(rig.lane, faults):
        said = await rig.reload(rig.lane)
        await asyncio.sleep(seconds)
    sent = await rig.simulator.sent_bytes(rig.session, rig.lane) - sent
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


async def _slow_downloads(rig: HostileRig) -> str:
    path = f"clip/{rig.rows[-1].id}"
    async with slow_readers(rig.reader, path, 64) as begun:
        served = sum(b" 200 " in head for head in begun)
        status, _, body = await rig.api.fetch(f"/api/{DOMAIN}/{path}")
    return f"reader: {served} of 64 begun; owner: {status}, {len(body)} bytes"


async def _pictures(rig: HostileRig) -> str:
    mine, other = rig.rows[0].id, rig.rows[-1].id
    flood = [
        asyncio.create_task(_status(rig, f"{kind}/{mine}"))
        for kind in ("strip", "thumbnail")
        for _ in range(60)
    ]
    await asyncio.sleep(0.2)
    status, _, _ = await rig.api.fetch(f"/api/{DOMAIN}/thumbnail/{other}")
    counts = Counter(await asyncio.gather(*flood))
    return f"reader: {_counted(counts)}; owner: {status}"


async def _status(rig: HostileRig, path: str, **headers: str) -> int:
    status, _, _ = await rig.reader.fetch(f"/api/{DOMAIN}/{path}", headers)
    return status


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{count} × {what}" for what, count in sorted(counts.items()))


async def _headers(rig: HostileRig) -> str:
    path = f"clip/{rig.rows[0].id}"
    counts = Counter([await _status(rig, path, Range=each) for each in RANGES])
    for method in ("HEAD", "OPTIONS", "POST", "DELETE"):
        counts[await rig.reader.status(method, f"/api/{DOMAIN}/{path}")] += 1
    if wrong := [status for status in counts if status >= 500]:
        raise DemoError(f"a header makes {wrong[0]}")
    return _counted(counts)


async def _requests(
    rig: HostileRig, name: str, data: dict[str, Any], count: int
) -> str:
    """Ask for an action many times, as the owner: only he may."""
    now = datetime.now(UTC)

    async def once(number: int) -> str:
        span = {
            "start": (now - timedelta(days=3, hours=number)).isoformat(),
            "end": (now - timedelta(days=3, hours=number, minutes=-5)).isoformat(),
        }
        try:
            await rig.api.action(DOMAIN, name, {**span, **data})
        except DemoError as error:
            return "refused" if " 500" in str(error) or " 400" in str(error) else "lost"
        return "taken"

    answers: Counter[str] = Counter()
    for begin in range(0, count, 20):
        tasks = (once(number) for number in range(begin, min(begin + 20, count)))
        answers.update(await asyncio.gather(*tasks))
    return _counted(answers)


async def _sync_requests(rig: HostileRig) -> str:
    entity = await _camera(rig)
    return await _requests(rig, "sync", {"entity_id": entity, "wait": False}, 300)


async def _notes(rig: HostileRig) -> str:
    entity = await _camera(rig)
    data = {"entity_id": entity, "note": "n" * 1_000_000}
    # One after the other: how it reads a request is Home Assistant's own matter.
    answers = [await _requests(rig, "save_clip", data, 1) for _ in range(20)]
    return _counted(Counter(answers))


async def _exports(rig: HostileRig) -> str:
    entity = await _camera(rig)
    row = rig.rows[0]
    span = {
        "start": datetime.fromtimestamp(row.start_ms / 1000, UTC).isoformat(),
        "end": datetime.fromtimestamp(row.last_frame_ms / 1000, UTC).isoformat(),
    }
    data = {"entity_id": entity, "keep_days": 365, **span}
    return await _requests(rig, "export", data, 20)


async def _camera(rig: HostileRig) -> str:
    states = await rig.api.get("/api/states")
    found = (state["entity_id"] for state in states)
    return next(each for each in found if each.startswith("camera.yard"))


async def _diagnostics(rig: HostileRig) -> str:
    entry_id = await rig.entry_id(rig.yard)
    faults = _answers("long-texts", ("GetScopes", "GetProfiles"))
    async with rig.faults(rig.yard, faults):
        said = await rig.reload(rig.yard)
        path = f"/api/diagnostics/config_entry/{entry_id}"
        status, _, body = await rig.api.fetch(path)
    await rig.reload(rig.yard)
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
