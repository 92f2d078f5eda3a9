"""Kills a syncing rig again and again, and proves what is left of it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import random
import signal
import sqlite3
import sys
import time

from custom_components.vtrack_nvr.core.download.downloader import Verify
from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch

from .devices import Devices
from .proof import prove
from .rig import DAY_MS, CoreRig

ROOT = Path(__file__).parents[2]
MINUTE = 60_000
SLOW_BYTES = 120_000
"""A sync takes long enough to be killed in many places."""
LONGEST_LIFE_S = 1.6
STARTUP_SHARE = 0.2
"""This share of the kills comes while the worker starts and salvages."""
PLAYING_SHARE = 0.3
"""This share comes after footage began to flow; the others at any time."""


def victim() -> NvrSpec:
    """Return an NVR whose footage crosses borders of clips and has gaps."""
    now_ms = time.time_ns() // 1_000_000
    base = (now_ms // DAY_MS - 1) * DAY_MS

    def camera(name: str, hour: int, audio: str | None) -> CameraSpec:
        start = hour * 60 * MINUTE
        return CameraSpec(
            name,
            (
                Stretch(start - 14_000, 34_000),
                Stretch(start + 50_000, 12_000),
                Stretch(start + 5 * MINUTE - 6_000, 16_000),
            ),
            base_ms=base,
            audio=audio,
            width=320,
            height=180,
            has_sub_stream=False,
        )

    spec = NvrSpec("Victim", (camera("One", 6, "AAC"), camera("Two", 9, None)))
    spec.faults.rtsp.rate_limit_bytes = SLOW_BYTES
    return spec


@dataclass
class Tally:
    """What came of it."""

    kills: int = 0
    in_fetch: int = 0
    """Kills that came while a session with the device was open."""
    decoding: int = 0
    """Kills of workers that decode what they fetched, as the product does."""
    in_round: list[int] = field(default_factory=list)
    """Kills of each round."""
    frames: int = 0
    clips: int = 0
    lost: int = 0
    twice: int = 0
    mislabelled: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rounds(self) -> int:
        """Return how often a folder was killed until it was done, and proven."""
        return len(self.in_round)

    @property
    def problems(self) -> list[str]:
        """Return everything that must not be."""
        found = [*self.mislabelled, *self.strays, *self.other]
        if self.lost:
            found.append(f"{self.lost} frames lost")
        if self.twice:
            found.append(f"{self.twice} frames twice")
        idle = [n for n, kills in enumerate(self.in_round) if not kills]
        if idle:
            found.append(f"rounds {idle} ended before anything was killed")
        return found


class Killer:
    """Runs workers on folders and kills them at random moments of a seeded sequence."""

    def __init__(self, devices: Devices, folder: Path, seed: int) -> None:
        self._devices = devices
        self._folder = folder
        self._rng = random.Random(seed)
        self.tally = Tally()

    async def run(self, kills: int, told: Callable[[str], None] = str) -> Tally:
        """Kill so often; each round ends with a sync that is left alone, and a proof."""
        began = time.monotonic()
        nvr = await self._devices.start(victim())
        try:
            expected = await self._undisturbed(nvr)
            while self.tally.kills < kills:
                await self._round(nvr, kills, expected)
                told(
                    f"{self.tally.kills} kills, {self.tally.in_round[-1]} in this round,"
                    f" {self.tally.problems or 'all well'}"
                )
        finally:
            await self._devices.stop(nvr)
        self.tally.seconds = time.monotonic() - began
        return self.tally

    async def _round(
        self, nvr: SimulatedNvr, kills: int, expected: list[object]
    ) -> None:
        """Kill workers on one folder until one is done or there were enough kills."""
        tally = self.tally
        number = tally.rounds
        folder = self._folder / f"round{number}"
        verify = Verify.DECODE if number % 2 == 0 else Verify.TABLES
        tally.in_round.append(0)
        while tally.kills < kills and not await self._life(nvr, folder, verify):
            tally.kills += 1
            tally.in_round[-1] += 1
            tally.decoding += verify is Verify.DECODE
            self._check_rows(folder)
        await self._finish(nvr, folder, expected)

    async def _worker(
        self, nvr: SimulatedNvr, folder: Path, verify: Verify
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.end_to_end.worker",
            str(folder),
            json.dumps(nvr.description()),
            verify,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def _life(self, nvr: SimulatedNvr, folder: Path, verify: Verify) -> bool:
        """Let a worker live for a while and kill it; True if it ended before."""
        kind = self._rng.random()
        life_s = self._rng.uniform(0, LONGEST_LIFE_S)
        plays = len(nvr.rtsp.plays)
        worker = await self._worker(nvr, folder, verify)
        said: list[bytes] = []
        listening = asyncio.ensure_future(_listen(worker, said))
        try:
            if kind >= STARTUP_SHARE:
                await _until(lambda: bool(said), listening)
            if kind >= 1 - PLAYING_SHARE:
                await _until(lambda: len(nvr.rtsp.plays) > plays, listening)
            await asyncio.wait({listening}, timeout=life_s)
            if not listening.done():
                self.tally.in_fetch += bool(nvr.rtsp.sessions_open)
                return False
            if await worker.wait() or said[-1:] != [b"done"]:
                self.tally.other.append(f"a worker said {said}: {worker.returncode}")
            return True
        finally:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGKILL)
            await worker.wait()
            await listening

    def _check_rows(self, folder: Path) -> None:
        """Every complete row has its file, at any moment."""
        path = folder / "index.db"
        if not path.exists():
            return
        connection = sqlite3.connect(path)
        try:
            rows = connection.execute(
                "select path, size_bytes from clip where state = 'complete'"
            ).fetchall()
        except sqlite3.OperationalError:
            rows = []  # killed before the tables were there
        finally:
            connection.close()
        for name, size in rows:
            file = folder / "media" / "vtrack_nvr" / name
            if not file.is_file() or file.stat().st_size != size:
                self.tally.other.append(f"complete without its file: {name}")

    async def _undisturbed(self, nvr: SimulatedNvr) -> list[object]:
        """Sync once without a kill; return what the ledger says then."""
        return await self._finish(nvr, self._folder / "undisturbed", None)

    async def _finish(
        self, nvr: SimulatedNvr, folder: Path, expected: list[object] | None
    ) -> list[object]:
        """Sync to the end at full speed, then compare files, rows and ledger."""
        tally = self.tally
        slow = nvr.faults.rtsp.rate_limit_bytes
        nvr.faults.rtsp.rate_limit_bytes = None
        said: list[object] = []
        try:
            async with CoreRig(folder) as rig:
                attached = await rig.introduce(nvr.description())
                await rig.attach(nvr.description())
                await rig.settled(attached, 60)
                known: set[Path] = set()
                for camera, ledger in zip(
                    attached.cameras, nvr.ledger().values(), strict=True
                ):
                    clips = [(c, rig.path(c)) for c in await rig.clips(camera)]
                    known |= {path for _, path in clips}
                    proof = await asyncio.to_thread(prove, ledger["frames"], clips)
                    tally.lost += len(proof.missing)
                    tally.twice += len(proof.twice)
                    tally.mislabelled += proof.wrong + [str(n) for n in proof.foreign]
                    if expected is not None:
                        tally.frames += proof.frames
                        tally.clips += len(clips)
                    said.append(await self._ledger(rig, camera))
                tally.strays += rig.strays(known)
        finally:
            nvr.faults.rtsp.rate_limit_bytes = slow
        if expected is not None and said != expected:
            tally.other.append(f"the ledger is {said}, undisturbed it is {expected}")
        return said

    @staticmethod
    async def _ledger(rig: CoreRig, camera: object) -> object:
        """Return what is kept, and every state that is not."""
        spans = await rig.spans(camera)
        kept = union(
            (s.range for s in spans if s.state is CoverageState.KEPT), join_ms=150
        )
        others = {s.state for s in spans} - {CoverageState.KEPT, CoverageState.ABSENT}
        return [TimeRange(r.start_ms, r.end_ms) for r in kept], sorted(others)


async def _listen(worker: asyncio.subprocess.Process, said: list[bytes]) -> None:
    """Take note of what a worker says until it ends."""
    assert worker.stdout is not None
    while line := await worker.stdout.readline():
        said.append(line.strip())


async def _until(is_true: Callable[[], bool], ended: asyncio.Future[None]) -> None:
    """Wait until something is true or the worker ended."""
    async with asyncio.timeout(60):
        while not (is_true() or ended.done()):
            await asyncio.wait({ended}, timeout=0.01)
