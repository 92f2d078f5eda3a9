"""A whole house at work in a real Home Assistant: syncing, dashboards, players, actions.

Ten recorders with 16 cameras each are simulated in processes of their own, an index with a
million clips is entered before. Home Assistant is looked at without us, idle, syncing new
footage alone, and then for so many minutes with everybody at once: 25 dashboards over
WebSockets, 20 players over HLS, 12 people who all ask at the same moment every ten seconds,
exports, and clips that are asked for from the devices. Prints what it cost, how late the loop
was, how long every operation took, what failed, and who else used the machine. Ends with 1 if
a bar was missed.

Run: `scripts/bench load`, or `scripts/bench load --minutes 1 --clips 10000`.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
import json
import os
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import aiohttp

from scripts.demo_lib import flow, home_assistant, loopback_only
from scripts.demo_lib.api import Api
from scripts.demo_lib.config_dir import ConfigDir
from scripts.demo_lib.errors import DemoError
from scripts.demo_lib.log_proof import wrong_in_log
from scripts.demo_lib.ports import free_port
from scripts.demo_lib.say import say
from scripts.demo_lib.stage import DOMAIN, Home, home

from ._load_fill import fill, kept, longest_kept_ms
from ._load_process import Machine, Process
from ._load_report import Run, report
from ._load_rows import Answers, Phase
from ._measures import rows_of

ROOT = Path(__file__).parents[1]
WATCH = Path(__file__).parent / "loop_watch"
RECORDERS = 10
SIMULATORS = 2
USERS = 8
"""People who are no owners, between whom dashboards and players are shared."""
FIRST = 15
"""How nice Home Assistant is not where it goes before all others."""
TRIES = 5
EVERY_S = 5.0
"""Between two looks at Home Assistant's process."""
COUNT_EVERY = 6
"""So many looks between two counts of tasks, which take a request each."""
TEMPLATE_MS = 50_000
PATIENCE_S = 600.0
BACK_S = 600
"""The recorders have been recording for so long when syncing begins."""
_ENTRIES = "/api/config/config_entries/entry"


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--dashboards", type=int, default=25)
    parser.add_argument("--players", type=int, default=20)
    parser.add_argument("--operators", type=int, default=12)
    parser.add_argument("--period", type=float, default=300, help="of a camera, s")
    parser.add_argument("--seconds", type=int, default=20, help="recorded in a period")
    parser.add_argument("--kbps", type=int, default=2000, help="of the footage")
    parser.add_argument("--interval", type=int, default=1, help="of sweeps, minutes")
    parser.add_argument("--nice", type=int, default=5, help="of recorders and people")
    parser.add_argument(
        "--first",
        action="store_true",
        help="let Home Assistant go before everything else on the machine (root)",
    )
    parser.add_argument("--json", type=Path, help="write the rows into this file, too")
    parser.add_argument("--keep", type=Path, help="a folder for all files, kept")
    return parser.parse_args()


def put_first(pid: int) -> None:
    """Let a process go before others; Linux weighs sessions before processes (sched(7))."""
    os.setpriority(os.PRIO_PROCESS, pid, -FIRST)
    autogroup = Path(f"/proc/{pid}/autogroup")
    if autogroup.exists():
        autogroup.write_text(f"-{FIRST}", encoding="ascii")


@asynccontextmanager
async def first(
    config: ConfigDir, session: aiohttp.ClientSession, asked: argparse.Namespace
) -> AsyncIterator[Home]:
    """Hold a Home Assistant, before all others on the machine if that was asked for."""
    async with home(config, session) as running:
        if asked.first:
            put_first(running.child.process.pid)
        yield running


@asynccontextmanager
async def helper(
    module: str, *words: object, log: Path, nice: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Hold a process of ours that gives way to Home Assistant."""
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *map(str, words)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            preexec_fn=lambda: os.setpriority(os.PRIO_PROCESS, 0, nice),
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class LoadRig:
    """Everything that runs: recorders, Home Assistant, people."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        """Nothing runs yet."""
        self.folder, self.asked = folder, asked
        self.simulators: list[asyncio.subprocess.Process] = []
        self.devices: list[dict[str, Any]] = []
        self.recording: dict[str, float] = {}

    def config(self, name: str) -> ConfigDir:
        """Return a configuration with the recorder and our watch."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return ConfigDir(folder, free_port(), beside=WATCH, more="recorder:\n")

    async def switch_on(self, stack: AsyncExitStack) -> None:
        """Start the recorders."""
        share = RECORDERS // SIMULATORS
        for first in range(0, RECORDERS, share):
            process = await stack.enter_async_context(
                helper(
                    "benchmarks._load_recorders",
                    *(first, share, self.asked.kbps),
                    log=self.folder / "recorders.log",
                    nice=self.asked.nice,
                )
            )
            assert process.stdout is not None
            self.devices += json.loads(await process.stdout.readline())
            self.simulators.append(process)

    async def record(self, until: float) -> None:
        """Let all cameras record from a while ago on."""
        self.recording = {
            "from": int(time.time()) - BACK_S,
            "period": self.asked.period,
            "seconds": self.asked.seconds,
            "until": until,
        }
        for process in self.simulators:
            assert process.stdin is not None
            process.stdin.write(f"{json.dumps(self.recording)}\n".encode())
            await process.stdin.drain()


async def look(
    name: str, process: Process, api: Api, seconds: float, *others: asyncio.Task[Any]
) -> Phase:
    """Look at Home Assistant for a while; ends early if somebody else does."""
    await api.action("loop_watch", "read", {})
    until = time.monotonic() + seconds
    samples, tasks = [await asyncio.to_thread(process.look)], []
    while (left := until - time.monotonic()) > 0:
        done = [task for task in others if task.done()]
        if done:
            raise DemoError(f"people ended early: {done[0]}")
        await asyncio.sleep(min(left, EVERY_S))
        samples.append(await asyncio.to_thread(process.look))
        if len(samples) % COUNT_EVERY == 0:
            count = (await api.action("loop_watch", "count", {}))["tasks"]
            tasks.append((samples[-1].at, count))
    seen = await api.action("loop_watch", "read", {})
    phase = Phase(name, samples, seen, tasks)
    say(
        f"{name}: {phase.seconds:.0f} s, {phase.cpu:.1f} % of a core,"
        f" {phase.most_memory:.0f} MB, loop late p99 {seen['late_p99_ms']:.1f} ms"
    )
    return phase


async def loaded(api: Api) -> int:
    """Return how many of our entries are loaded."""
    entries = await api.get(_ENTRIES)
    ours = [each for each in entries if each["domain"] == DOMAIN]
    return sum(each["state"] == "loaded" for each in ours)


async def add(api: Api, answers: dict[str, str]) -> None:
    """Add a recorder; try again where it did not answer in time, as a person would."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            await flow.add(api, DOMAIN, answers)
        except flow.RefusedError as refused:
            await flow.drop(api, refused.flow_id)
            if not tries_left:
                raise
        else:
            return


async def all_loaded(api: Api) -> bool:
    """Return whether every recorder is set up."""
    return await loaded(api) == RECORDERS


async def is_settled(api: Api) -> bool:
    """Return whether all recorders have been looked through."""
    nvrs = (await api.action(DOMAIN, "get_status", {}))["nvrs"]
    return len(nvrs) == RECORDERS and all(each["last_sync"] for each in nvrs)


async def is_copied(index: Path) -> bool:
    """Return whether the clip is here that the past is made of."""
    return await asyncio.to_thread(longest_kept_ms, index) >= TEMPLATE_MS


async def becomes_true(is_true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await is_true():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.5)


async def prepare(rig: LoadRig, session: aiohttp.ClientSession) -> float:
    """Add the recorders as a person would, copy a clip, enter the past.

    Returns the seconds from the start of Home Assistant to the first kept clip.
    """
    config = rig.config("house")
    index = config.folder / "vtrack_nvr" / "index.db"
    began = time.monotonic()
    async with first(config, session, rig.asked) as running:
        for device in rig.devices:
            answers = {
                "host": device["host"],
                "port": str(device["port"]),
                "username": device["user"],
                "password": device["password"],
            }
            await add(running.api, answers)
        say(f"Added {len(rig.devices)} recorders: {time.monotonic() - began:.0f} s")
        await becomes_true(lambda: is_copied(index))
        first_s = time.monotonic() - began
        await make_users(running)
        await becomes_true(lambda: is_settled(running.api))
    set_interval(config.folder, rig.asked.interval)
    began = time.monotonic()
    spare = rig.folder / "spare"
    clips = await asyncio.to_thread(fill, index, spare, rig.asked.clips)
    say(f"{clips} clips entered: {time.monotonic() - began:.0f} s")
    return first_s


def set_interval(folder: Path, minutes: int) -> None:
    """Write what the form of an NVR writes; Home Assistant must not run."""
    path = folder / ".storage" / "core.config_entries"
    stored = json.loads(path.read_text(encoding="utf-8"))
    for entry in stored["data"]["entries"]:
        if entry["domain"] == DOMAIN:
            entry["options"] = {**entry["options"], "interval": minutes}
    path.write_text(json.dumps(stored), encoding="utf-8")


async def make_users(running: Home) -> None:
    """Create people who may use everything and administer nothing."""
    for number in range(USERS):
        name = f"person{number}"
        (made,) = await running.api.ask(
            {
                "type": "config/auth/create",
                "name": name,
                "group_ids": ["system-users"],
            }
        )
        await running.api.ask(
            {
                "type": "config/auth_provider/homeassistant/create",
                "user_id": made["user"]["id"],
                "username": name,
                "password": name,
            }
        )


async def tokens(session: aiohttp.ClientSession, running: Home) -> list[str]:
    """Return the owner's token, then those of everybody else."""
    found = [running.api.token]
    for number in range(USERS):
        name = f"person{number}"
        api = await home_assistant.sign_in(session, running.url, name, name)
        found.append(api.token)
    return found


async def busiest_camera(api: Api, folder: Path, since: float) -> tuple[int, int]:
    """Return how many rows the recorder wrote: for the busiest camera, and for all."""
    (registry,) = await api.ask({"type": "config/entity_registry/list"})
    owners = {
        each["entity_id"]: each["config_subentry_id"]
        for each in registry
        if each["platform"] == DOMAIN
    }
    await asyncio.sleep(EVERY_S)  # the recorder writes every five seconds
    found: dict[str, int] = {}
    for entity_id, count in (await asyncio.to_thread(rows_of, folder, since)).items():
        if (owner := owners.get(entity_id)) is not None:
            found[owner] = found.get(owner, 0) + count
    return max(found.values(), default=0), sum(found.values())


async def everybody(
    rig: LoadRig, session: aiohttp.ClientSession, running: Home, minutes: float
) -> tuple[Phase, Answers, dict[str, Any]]:
    """Let all people in for so many minutes."""
    asked = rig.asked
    task: dict[str, Any] = {
        "url": running.url,
        "tokens": await tokens(session, running),
        "recording": rig.recording,
        "operators": asked.operators,
    }
    counts = {"dashboards": asked.dashboards, "players": asked.players}
    logs = rig.folder / "people.log"
    async with AsyncExitStack() as stack:
        them = {
            name: await stack.enter_async_context(
                helper("benchmarks._load_people", name, log=logs, nice=asked.nice)
            )
            for name in counts
        }
        for process in them.values():
            assert process.stdout is not None
            await process.stdout.readline()
        task["until"] = time.time() + minutes * 60
        telling = [
            asyncio.create_task(
                process.communicate(
                    f"{json.dumps({**task, 'count': counts[name]})}\n".encode()
                )
            )
            for name, process in them.items()
        ]
        phase = await look(
            "everybody",
            Process(running.child.process.pid),
            running.api,
            minutes * 60 - EVERY_S,
            *telling,
        )
        async with asyncio.timeout(PATIENCE_S):
            outs = [(await each)[0] for each in telling]
    if not all(outs):
        raise DemoError(f"people failed:\n{logs.read_text()[-3000:]}")
    told = [json.loads(out) for out in outs]
    return phase, Answers.of(told), {**told[0], **told[1], "own": own_lateness(told)}


def own_lateness(told: Sequence[dict[str, Any]]) -> float:
    """Return how late the people themselves were: that much is not Home Assistant's."""
    return max(float(each["own_late_p95"]) for each in told)


async def measure(rig: LoadRig, session: aiohttp.ClientSession) -> Run:
    """Do everything; returns what was seen."""
    minutes = rig.asked.minutes
    quiet_s = min(60.0, max(15.0, minutes * 6))
    async with first(rig.config("empty"), session, rig.asked) as running:
        process = Process(running.child.process.pid)
        await asyncio.sleep(5)
        base = await look("without us", process, running.api, quiet_s)
    first_s = await prepare(rig, session)
    config = rig.config("house")
    index = config.folder / "vtrack_nvr" / "index.db"
    began = time.monotonic()
    async with first(config, session, rig.asked) as running:
        process = Process(running.child.process.pid)
        await becomes_true(lambda: all_loaded(running.api))
        started_s = time.monotonic() - began
        await becomes_true(lambda: is_settled(running.api))
        await asyncio.sleep(15)
        machine = Machine([process.pid, *(each.pid for each in rig.simulators)])
        since = time.time()
        idle = await look("idle", process, running.api, quiet_s)
        rows = await busiest_camera(running.api, config.folder, since)
        sync_s = min(360.0, max(20.0, minutes * 12))
        await rig.record(time.time() + minutes * 60 + sync_s + 600)
        before = await asyncio.to_thread(kept, index)
        syncing = await look("syncing", process, running.api, sync_s)
        between = await asyncio.to_thread(kept, index)
        whole, answers, told = await everybody(rig, session, running, minutes)
        found = Run(
            base=base,
            idle=idle,
            syncing=syncing,
            whole=whole,
            answers=answers,
            first_clip_s=first_s,
            started_s=started_s,
            rows_a_minute=tuple(60 * count / idle.seconds for count in rows),
            clips_before=before,
            clips_synced=between - before,
            clips_in_all=await asyncio.to_thread(kept, index),
            segments=(told["shown"], told["late"]),
            people_late=told["own"],
            others=machine.others(),
            is_running=running.child.is_running,
            recorders=await loaded(running.api),
            status=await running.api.action(DOMAIN, "get_status", {}),
            footage=f"{rig.asked.seconds} s of {rig.asked.kbps} kbit/s in each"
            f" {rig.asked.period:.0f} s",
        )
    found.wrong += wrong_in_log(config.log)
    found.locks = sum(
        "database is locked" in line
        for path in config.folder.glob("home-assistant.log*")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    )
    return found


async def run(folder: Path, asked: argparse.Namespace) -> Run:
    """Measure in a folder."""
    rig = LoadRig(folder, asked)
    timeout = aiohttp.ClientTimeout(total=600)
    async with (
        AsyncExitStack() as stack,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        await rig.switch_on(stack)
        return await measure(rig, session)


def main() -> int:
    """Run the benchmark; the exit code."""
    asked = arguments()
    loopback_only.enter()
    if asked.keep:
        asked.keep.mkdir(parents=True)
        return report(asyncio.run(run(asked.keep, asked)), asked.json)
    with tempfile.TemporaryDirectory(prefix="vtrack-load-") as name:
        return report(asyncio.run(run(Path(name), asked)), asked.json)


if __name__ == "__main__":
    sys.exit(main())
