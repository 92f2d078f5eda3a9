"""Commands that set work going: fetch, sync, pause; and jobs."""

from typing import Any

import voluptuous as vol

from ..core.ledger import Want
from .caller import Caller
from .command import command
from .errors import CommandError
from .fields import (
    CAMERA,
    KEY,
    NOTE,
    RANGE,
    bounded_text,
    camera_keys,
    camera_of,
    flag,
    nvr_of,
    range_of,
    whole,
)
from .jobs import JOBS, Job
from .limits import LONGEST_FETCH_MS, MOST_CAMERAS, MOST_MINUTES

WAIT_S = 86_400.0
"""How long a job follows a request; the request itself stays open after that."""
REQUEST = "w"
"""Begins the id of a job that is a request; its number follows."""

NVR = {vol.Optional("nvr"): KEY}


@command("fetch", {**CAMERA, **RANGE, vol.Optional("note", default=""): NOTE})
async def fetch(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Ask for a range ahead of everything else."""
    (camera,) = await caller.controlled([camera_of(msg)])
    window = range_of(msg, LONGEST_FETCH_MS)
    caller.attached(camera)
    jobs = caller.hass.data[JOBS]
    jobs.check_room(caller.user.id)
    engine = caller.hub.engine
    want = await engine.request(camera, window, msg["note"])

    async def work(job: Job) -> None:
        saved = await engine.wait_for(want, WAIT_S)
        job.outcome = saved.outcome
        job.clips = len(saved.clips)
        job.bytes = sum(clip.facts.size_bytes for clip in saved.clips)

    job = await jobs.run(
        caller.user.id,
        "fetch",
        work,
        cameras=[camera],
        window=window,
        job_id=f"{REQUEST}{want.id}",
    )
    return job.row()


@command("fetch/stop", CAMERA)
async def fetch_stop(caller: Caller, msg: dict[str, Any]) -> None:
    """End the fetch of a camera that runs; it is planned anew later."""
    (camera,) = await caller.controlled([camera_of(msg)])
    caller.attached(camera)
    caller.hub.engine.cancel(camera)


@command(
    "sync",
    {
        vol.Optional("cameras"): camera_keys(MOST_CAMERAS),
        vol.Optional("is_full", default=False): flag,
    },
)
async def sync(caller: Caller, msg: dict[str, Any]) -> None:
    """Look for news now; does not wait for what comes of it."""
    named = msg.get("cameras")
    if named is None:
        keys = [key for key in await caller.known() if caller.may(key, control=True)]
    else:
        keys = await caller.controlled(named)
    await caller.hub.engine.sync_now(keys, full=msg["is_full"], wait=False)


@command(
    "pause",
    {
        **NVR,
        vol.Optional("minutes", default=60): whole(1, MOST_MINUTES),
    },
    admin=True,
)
async def pause(caller: Caller, msg: dict[str, Any]) -> None:
    """Let background work rest for a while; it begins again by itself."""
    nvr = nvr_of(msg)
    if nvr is not None:
        caller.runtime(nvr)
    caller.hub.engine.pause(nvr, msg["minutes"] * 60)


@command("resume", NVR, admin=True)
async def resume(caller: Caller, msg: dict[str, Any]) -> None:
    """End a pause."""
    nvr = nvr_of(msg)
    if nvr is not None:
        caller.runtime(nvr)
    caller.hub.engine.resume(nvr)


@command("jobs/list")
async def jobs_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return one's own jobs, newest first."""
    del msg
    jobs = caller.hass.data[JOBS].of(caller.user.id)
    return {"jobs": [job.row() for job in jobs]}


@command("jobs/cancel", {vol.Required("job"): bounded_text(40, least=1)})
async def jobs_cancel(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """End a job; a request is closed unserved, whoever made it.

    Requests are known across restarts, so that their number is enough.
    """
    jobs = caller.hass.data[JOBS]
    job_id = msg["job"]
    want = await _open_want(caller, job_id)
    if want is not None:
        caller.require_control([want.camera])
        await caller.hub.engine.cancel_request(want)
        try:
            job = jobs.get(caller.user.id, job_id)
        except CommandError:
            job = Job(job_id, "fetch", caller.user.id, want.made_ms, (want.camera,))
            job.state, job.range, job.outcome = "cancelled", want.range, "cancelled"
            job.ended_ms = caller.hub.library.clock.now_ms()
        return job.row()
    job = jobs.get(caller.user.id, job_id)
    if job.kind == "export":
        jobs.cancel(job)
    await jobs.stop(job)
    return job.row()


async def _open_want(caller: Caller, job_id: str) -> Want | None:
    """Return the open request that a job is, None where it is another kind of job."""
    number = job_id.removeprefix(REQUEST)
    if number == job_id or not (number.isascii() and number.isdecimal()):
        return None
    known = await caller.known()
    for runtime in caller.runtimes():
        for want in await caller.hub.library.ledger.wants(runtime.key):
            if want.id == int(number[:16]) and want.camera in known:
                return want
    return None
