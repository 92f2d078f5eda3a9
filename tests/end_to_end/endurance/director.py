"""Lets an installation live through a month: devices, people, troubles, kills, a proof."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
import random
import time
from typing import Any

from tests.end_to_end.devices import Devices
from tests.simulator.footage import FootageStore

from .audit import Audit
from .chaos import Chaos, ChaosRig
from .clock import SharedTime
from .disks import Disk
from .measures import Sample, too_much
from .people import People
from .problems import Kind, Problem
from .process import EndedError, HungError, Process
from .proof import Court, Finding, Judge
from .truth import Device, specs

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST_DISK_BYTES = 16_000_000
SECOND_DISK_BYTES = 10_000_000
CALM = ((0.0, 0.08), (0.45, 0.6), (0.95, 1.1))
"""Shares of the time in which nothing is broken or killed: what goes missing then was not
the fault of any trouble, and a process lives long enough to show what grows."""
KILLS = 0.12
STOPS = 0.03
"""Of ticks in which troubles are allowed."""
TROUBLES = 0.35
ACTS = 0.5
LIVE = 0.12
"""Of the pieces of time, in which live streams come …"""
LIVE_S = (2.0, 4.0)
"""… for so many real seconds."""
LIVE_KILLED = 0.3
"""Of the kills that come while live streams come."""
BUSY_S = 1.2
"""By then the work that a piece of time brings is mostly done."""
TOLD = 10
"""Every so many ticks a line is printed."""
LAST_DAYS = 3
"""Days at the end without trouble or news: what failed is tried again once a day."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and by which seed."""

    days: float
    ticks: int
    seed: int
    longest_s: float | None = None
    """After so many real seconds no further tick begins."""
    is_real_time: bool = False
    """No time is skipped: a tick takes as long as it says."""
    often: frozenset[str] = frozenset()
    """Troubles that come far more often than others, by name."""

    @property
    def tick_ms(self) -> int:
        """Return how much time passes in a tick on average."""
        return round(self.days * DAY / self.ticks)


@dataclass
class Outcome:
    """What came of it."""

    plan: Plan
    seconds: float = 0.0
    days: float = 0.0
    ticks: int = 0
    kills: int = 0
    stops: int = 0
    busy_skips: dict[str, int] = field(default_factory=dict)
    """How often time was moved although a device was being asked."""
    live_times: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    cases: int = 0
    acts: dict[str, int] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    audits: int = 0
    deleted: dict[str, int] = field(default_factory=dict)
    is_real_disk: bool = True
    grown_ms: int = 0
    over_budget: int = 0


class Director:
    """One run; `folder` is empty and on a disk with some room."""

    def __init__(
        self, plan: Plan, folder: Path, told: Callable[[str], None] = str
    ) -> None:
        """Make clocks, disks and devices; nothing runs."""
        self._plan = plan
        self._told = told
        # One for each, so that what one of them finds does not change what others do.
        self._rng, people, chaos, self._news = (
            random.Random(f"{plan.seed} {name}")
            for name in ("director", "people", "chaos", "news")
        )
        self._shared = SharedTime(folder / "time")
        self._disks = [
            Disk(folder, "media", FIRST_DISK_BYTES),
            Disk(folder, "second", SECOND_DISK_BYTES),
        ]
        self._folder = folder
        self._log = folder / "worker.log"
        roots = [disk.path for disk in self._disks]
        self._process = Process(folder, roots, self._log)
        self._host = Devices(FootageStore(memory_bytes=64 * 1024 * 1024))
        self._devices = [
            Device(spec, self._shared, self._host.footage) for spec in specs()
        ]
        self._audit = Audit(folder / "index.db", self._disks)
        self._people = People(
            self._process, self._audit, self._devices, roots[1], people
        )
        self._rig = ChaosRig(
            self._devices, self._disks, self._shared, self._ask, self._host.run
        )
        self._chaos = Chaos(self._rig, chaos, plan.often)
        self._births: list[int] = []
        self._acts: list[tuple[int, str]] = []
        self._tick = 0
        self._began_s = time.monotonic()
        self._began_ms = self._shared.true_ms()
        self.outcome = Outcome(plan, is_real_disk=self._disks[0].is_real)

    async def run(self) -> Outcome:
        """Live, then prove."""
        try:
            self._set_live(is_on=self._plan.is_real_time)
            for device in self._devices:
                await self._host.run(device.nvr.start())
            await self._begin()
            for device in self._devices:
                await self._process.ask("add", about=device.nvr.description())
            longest_s = self._plan.longest_s
            while self._tick < self._plan.ticks:
                if longest_s and self._passed_s > longest_s:
                    break
                await self._one_tick()
                self._tick += 1
            self.outcome.ticks = self._tick
            await self._recover()
            await self._prove()
        except (HungError, EndedError) as error:
            self._other(f"tick {self._tick}: {error}")
        finally:
            await self._process.kill()
            await self._close()
        out = self.outcome
        out.seconds = self._passed_s
        out.days = (self._shared.true_ms() - self._began_ms) / DAY
        out.troubles, out.acts = self._chaos.counts, self._people.counts
        out.cases = len(self._chaos.cases)
        out.audits, out.deleted = self._audit.times, self._audit.deleted
        for text in (
            *self._audit.problems,
            *self._people.problems,
            *self._faults_of_ours(),
            *too_much(out.samples),
        ):
            self._other(text)
        return out

    def _other(self, text: str) -> None:
        self.outcome.problems.append(Problem(Kind.OTHER, text))

    async def _close(self) -> None:
        for device in self._devices:
            await self._host.run(device.nvr.stop())
        await self._host.close()
        for disk in self._disks:
            disk.close()

    # The process

    async def _begin(self) -> None:
        self._births.append(self._shared.true_ms())
        await self._process.begin()
        await self._process.opened()

    async def _ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Ask for what a dead process need not do."""
        try:
            return await self._process.ask(do, **values)
        except EndedError:
            return {}

    async def _kill(self) -> None:
        await self._process.kill()
        self.outcome.kills += 1
        self._audit.look(self._shared.true_ms())
        await self._process.begin()
        self._births.append(self._shared.true_ms())
        if self._rng.random() < 0.2:  # killed again while it starts
            await asyncio.sleep(self._rng.uniform(0.2, 2.0))
            await self._process.kill()
            self.outcome.kills += 1
            self._audit.look(self._shared.true_ms())
            await self._process.begin()
        await self._process.opened()

    async def _restart(self) -> None:
        await self._process.stop()
        self.outcome.stops += 1
        self._audit.look(self._shared.true_ms())
        await self._begin()

    # Time

    @property
    def _passed_s(self) -> float:
        return time.monotonic() - self._began_s

    @property
    def _is_calm(self) -> bool:
        share = self._tick / self._plan.ticks
        if self._plan.longest_s:
            share = max(share, self._passed_s / self._plan.longest_s)
        return any(begin <= share < end for begin, end in CALM)

    def _step_ms(self) -> float:
        """Return how long this tick is: longer where the machine is behind the plan."""
        usual_ms, longest_s = self._plan.tick_ms, self._plan.longest_s
        if longest_s is None or self._plan.is_real_time:
            return usual_ms
        due_ms = self._plan.days * DAY * min(1.0, self._passed_s / longest_s)
        behind_ms = due_ms - (self._shared.true_ms() - self._began_ms)
        return min(max(usual_ms + behind_ms, usual_ms), 3 * usual_ms)

    async def _one_tick(self) -> None:
        rng = self._rng
        for trouble in [*self._rig.now]:
            if trouble.ends_at_tick <= self._tick or self._is_calm:
                await self._rig.end(trouble)
        if not self._is_calm and rng.random() < TROUBLES:
            await self._chaos.begin(self._tick)
        kill_at = -1
        parts = rng.randint(2, 4)
        if not self._is_calm and rng.random() < KILLS:
            kill_at = rng.randrange(parts)
        for part in range(parts):
            ms = max(1000, round(self._step_ms() * rng.uniform(0.4, 1.6) / parts))
            for device in self._devices:
                self.outcome.grown_ms += device.grow(ms, self._news)
            if part == kill_at:
                await self._pass_and_die(ms)
            else:
                await self._pass(ms, live_s=self._live_s(LIVE))
        if not self._is_calm and rng.random() < STOPS:
            await self._restart()
        if rng.random() < ACTS:
            self._people.was_host_wrong = bool(self._rig.host_wrongs)
            await self._people.act()
            self._acts.append((self._shared.true_ms(), ""))
        await self._look()

    async def _pass(self, ms: int, *, live_s: float = 0.0) -> None:
        """Let time pass, and what is due be done.

        A live stream cannot be skipped: it comes for some seconds of real time, and is
        away whenever time is moved.
        """
        if self._plan.is_real_time:
            await asyncio.sleep(ms / 1000)
            return
        told = await self._process.ask("skip", ms=ms, patience_s=4.0)
        if busy := told["busy"]:
            self.outcome.busy_skips[busy] = self.outcome.busy_skips.get(busy, 0) + 1
        if live_s:
            await self._live(live_s)
        await self._process.ask("wait_quiet", patience_s=4.0)

    async def _live(self, seconds: float) -> None:
        """Let live streams come for a while."""
        self.outcome.live_times += 1
        self._set_live(is_on=True)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._set_live(is_on=False)

    def _live_s(self, share: float) -> float:
        """Return for how long live streams come now, mostly not at all."""
        seconds = self._rng.uniform(*LIVE_S)
        return seconds if self._rng.random() < share else 0.0

    def _set_live(self, *, is_on: bool) -> None:
        for device in self._devices:
            if device.is_replayed:
                continue
            rtsp = device.nvr.rtsp
            rtsp.faults.instead_of_rtsp = None if is_on else "close"
            if not is_on:
                rtsp.drop_connections()

    async def _pass_and_die(self, ms: int) -> None:
        """Let time pass and kill the process somewhere in the work that brings."""
        before_ms = self._shared.skipped_ms
        live_s = self._live_s(LIVE_KILLED)
        passing = asyncio.ensure_future(self._pass(ms, live_s=live_s))
        longest_s = ms / 1000 if self._plan.is_real_time else live_s or BUSY_S
        await asyncio.wait({passing}, timeout=self._rng.uniform(0.0, longest_s))
        await self._kill()
        (ended,) = await asyncio.gather(passing, return_exceptions=True)
        if isinstance(ended, BaseException) and not isinstance(ended, EndedError):
            raise ended
        if self._shared.skipped_ms == before_ms and not self._plan.is_real_time:
            self._shared.skip(ms)

    async def _look(self) -> None:
        """Measure, and see which clocks the archive knows."""
        values = await self._process.ask("measure")
        values.pop("id")
        now_ms = self._shared.true_ms()
        self.outcome.samples.append(Sample(self._process.lives, now_ms, values))
        if any(step.seen_ms is None for d in self._devices for step in d.steps):
            eras = (await self._process.ask("eras"))["eras"]
            for device in self._devices:
                if found := eras.get(f"nvr-{device.nvr.spec.serial}"):
                    device.note_offset(found[-1][2], self._shared.host_wrong_ms)
        if self._tick % TOLD == 0:
            last = {k: int(v) for k, v in values.items()}
            self._told(
                f"tick {self._tick} of {self._plan.ticks}: {self.outcome.kills} kills,"
                f" {[t.name for t in self._rig.now]}, {last},"
                f" {self.outcome.busy_skips},"
                f" {len(self._audit.problems)} problems"
            )

    # The end

    async def _recover(self) -> None:
        """End every trouble, and let what is left to do be done."""
        for trouble in [*self._rig.now]:
            await self._rig.end(trouble)
        for disk in self._disks:
            disk.cure()
        await self._process.ask("log_in")
        await self._people.put_right()
        await self._process.ask("relist")
        await self._process.ask("agree")
        left: dict[str, int] = {}
        if self._plan.is_real_time:  # what failed rests for as long as it would
            self._set_live(is_on=False)
            self._plan = replace(self._plan, is_real_time=False)
        for hour in range(0, LAST_DAYS * 24, 4):
            if hour % 12 == 0:
                await self._process.ask("log_in")
                await self._process.ask("sync", full=True)
            await self._pass(4 * HOUR, live_s=0.0 if hour % 24 else LIVE_S[0])
            left = (await self._process.ask("open_ms"))["open"]
        self._told(f"at rest; still open: {left}")
        if any(left.values()):
            self._told(str(await self._process.ask("status")))
        await self._process.ask("check")
        await self._process.ask("wait_quiet", patience_s=10.0)

    async def _prove(self) -> None:
        path = self._folder / "dump.json"
        await self._process.ask("dump", path=str(path))
        await self._process.stop()
        self._audit.look(self._shared.true_ms())
        self.outcome.over_budget = self._audit.over_budget()
        dump = json.loads(await asyncio.to_thread(path.read_text))
        court = Court(
            self._disks,
            self._rig.past,
            self._rig.host_wrongs,
            self._shared.true_ms(),
            self._births[1:],
            self._acts,
            list(self._people.deleted.values()),
            is_unsure=self._people.is_unsure,
            rests=self._people.rests,
        )
        self._told("reading every picture back")
        with ThreadPoolExecutor(2) as pool:
            for device in self._devices:
                for channel in device.nvr.all_channels:
                    name = channel.spec.name
                    if name not in dump["cameras"]:
                        self._other(f"{name} was never set up")
                        continue
                    judge = Judge(court, device, name, dump)
                    found = await asyncio.to_thread(judge.prove, pool)
                    self.outcome.findings[name] = found
                    self.outcome.problems += found.problems

    def _faults_of_ours(self) -> list[str]:
        """Return the ends of all tracebacks in the process's log."""
        found = []
        is_inside = False
        for line in self._log.read_text(errors="replace").splitlines():
            if line.startswith("Traceback"):
                is_inside = True
            elif is_inside and line and not line[0].isspace():
                found.append(f"in the log: {line[:200]}")
                is_inside = False
        return found
