"""Runs cases of the fault matrix in a process of its own, several side by side.

`python -m tests.end_to_end.matrix CASE/VARIANT[/decode] …` prints a line of JSON per case:
name, problems (empty: as the tables say), seconds, counts. With `decode`, clips are checked
as they are by default: pictures are decoded in a child process.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
from contextlib import aclosing
import faulthandler
import json
from pathlib import Path
import sys
import tempfile
import time
import traceback
from typing import Any

from custom_components.vtrack_nvr.core.download.downloader import Verify
from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CoverageState, TimeSource
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.end_to_end.case import Case, End, Events
from tests.end_to_end.cases import (
    CASES,
    DAMAGED_MS,
    FIRST_LENGTH,
    FIRST_MS,
    SECOND_LENGTH,
    SECOND_MS,
    VARIANTS,
)
from tests.end_to_end.devices import Devices
from tests.end_to_end.proof import prove, silence
from tests.end_to_end.rig import Attached, CoreRig, short_waits, until
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import DAY_MS, CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch

AT_ONCE = 10
BASE_MS = (time.time_ns() // 1_000_000 // DAY_MS - 1) * DAY_MS
MOST_SILENCE_S = 0.2
"""Frames of sound begin with no picture: up to one is missing at each end of a clip."""
ESTIMATE_MS = 2_500
"""How far estimated times may be off: the group before the start, and a little."""


def spec_of(case: Case, variant: str) -> NvrSpec:
    """Return the device of a case: one camera, two stretches yesterday."""
    codec, audio = VARIANTS[variant]
    footage = dict(case.footage)
    camera = CameraSpec(
        "Matrix",
        (Stretch(FIRST_MS, FIRST_LENGTH), Stretch(SECOND_MS, SECOND_LENGTH)),
        base_ms=BASE_MS,
        codec=footage.pop("codec", codec),
        audio=case.sound or audio,
        width=320,
        height=footage.pop("height", 180),
        bframes=footage.pop("bframes", 0),
        has_sub_stream=False,
        extra=footage,
    )
    spec = NvrSpec("Matrix", (camera,), **case.device)
    if case.rtsp_account:
        spec.rtsp_accounts = dict([case.rtsp_account])
    return spec


def break_it(nvr: SimulatedNvr, case: Case) -> None:
    """Turn the case's switches on."""
    rtsp = dict(case.rtsp)
    if rtsp.get("damaged_at_ms") == -1:
        rtsp["damaged_at_ms"] = BASE_MS + DAMAGED_MS
    nvr.faults.rtsp.limits.update(case.limits)
    nvr.faults.limits.update(case.soap_limits)
    nvr.faults.update({**case.soap, "rtsp": rtsp})


async def run_case(
    devices: Devices, case: Case, variant: str, verify: Verify
) -> dict[str, Any]:
    """Run one case; returns problems and counts."""
    nvr = await devices.start(spec_of(case, variant))
    try:
        await asyncio.to_thread(nvr.encode)
        with tempfile.TemporaryDirectory() as folder:
            waits = short_waits(**{"teardown": 3.0, **case.waits})
            rig = CoreRig(Path(folder), waits=waits, verify=verify)
            async with rig:
                problems = await Trial(rig, nvr, case, devices).run()
        return {"problems": problems, "counts": nvr.counts()}
    finally:
        await devices.stop(nvr)


class Trial:
    """One case on one rig."""

    def __init__(
        self, rig: CoreRig, nvr: SimulatedNvr, case: Case, devices: Devices
    ) -> None:
        self.rig, self.nvr, self.case = rig, nvr, case
        self.devices = devices
        self.problems: list[str] = []

    async def run(self) -> list[str]:
        """Break the device, sync until rest, say what is not as it must be."""
        case, about = self.case, self.nvr.description()
        if case.name == "wrong-password":
            return await self._wrong_password(about)
        if case.is_at_setup:
            break_it(self.nvr, case)
        attached = await self.rig.introduce(about)
        if not case.is_at_setup:
            break_it(self.nvr, case)
        self.nvr.reset_counts()
        await self.rig.attach(about)
        if case.end is End.FAILED:
            await self._fails_and_recovers(attached)
        elif case.end is End.BLOCKED:
            await self._is_blocked(attached)
        else:
            await self.rig.settled(attached, case.timeout_s)
            self._check_counts()
            await self._check(attached, case.end)
        if case.events is not Events.NOT_ASKED:
            found = await self._listened(attached)
            if found is not case.events:
                self._say(f"events are {found}, not {case.events}")
        return self.problems

    async def _listened(self, attached: Attached) -> Events:
        """Listen until something that happens is heard of, or listening ends."""

        async def first() -> None:
            async with aclosing(attached.device.events()) as stream:
                async for event in stream:
                    if event.is_active and not event.is_initial:
                        return

        hearing = asyncio.create_task(first())
        while not hearing.done():
            for is_active in (False, True):
                news = {"kind": "motion", "active": is_active}
                self.devices.loop.call_soon_threadsafe(self.nvr.notify, news)
            await asyncio.wait([hearing], timeout=0.1)
        try:
            await hearing
        except NvrError:
            return Events.LOST
        return Events.HEARD

    def _say(self, text: str) -> None:
        self.problems.append(text)

    async def _proof(self, attached: Attached, end: End) -> Any:
        (camera,) = attached.cameras
        clips = await self.rig.clips(camera)
        (ledger,) = self.nvr.ledger().values()
        proof = await asyncio.to_thread(
            prove,
            ledger["frames"],
            [(clip, self.rig.path(clip)) for clip in clips],
            tolerance_ms=ESTIMATE_MS if end is End.ESTIMATED else 100,
            may_have_holes=end is End.HOLES,
        )
        if strays := self.rig.strays({self.rig.path(clip) for clip in clips}):
            self._say(f"strays: {strays}")
        return proof, clips

    async def _check(self, attached: Attached, end: End) -> None:
        (camera,) = attached.cameras
        proof, clips = await self._proof(attached, end)
        state = await self.rig.ms_in(camera)
        if lost := {k: v for k, v in state.items() if k in {"lost", "missing"}}:
            self._say(f"without proof: {lost}")
        match end:
            case End.WHOLE | End.ESTIMATED:
                if not proof.is_exact:
                    self._say(str(proof))
                if open_ms := state.get("failed", 0) + state.get("on_device", 0):
                    self._say(f"still open: {open_ms} ms")
                wanted = (
                    TimeSource.ESTIMATED if end is End.ESTIMATED else TimeSource.CAPTURE
                )
                if {clip.facts.time_source for clip in clips} - {wanted}:
                    self._say(f"times are not {wanted}")
                for clip in clips if self.case.sound else ():
                    lost_s = silence(self.rig.path(clip), clip.facts.range.duration_ms)
                    if lost_s > MOST_SILENCE_S:
                        self._say(f"{lost_s:.2f} s without sound")
            case End.HOLES:
                if not sum(clip.facts.holes for clip in clips):
                    self._say(f"no hole is counted: {proof}")
                if proof.twice or proof.foreign or proof.wrong:
                    self._say(str(proof))
                if open_ms := state.get("failed", 0) + state.get("on_device", 0):
                    self._say(f"still open: {open_ms} ms")
            case End.SKIPPED:
                await self._check_skipped(attached, proof)
            case End.PARTLY:
                if not proof.is_exact:
                    self._say(str(proof))
        if self.problems:
            self._say(await self.rig.describe(attached))

    async def _check_skipped(self, attached: Attached, proof: Any) -> None:
        (camera,) = attached.cameras
        bounds = Bounds()
        if proof.twice or proof.foreign or proof.wrong:
            self._say(str(proof))
        most = (bounds.skip_ms + 2 * 2000) // 100
        if not 0 < len(proof.missing) <= most:
            self._say(f"{len(proof.missing)} frames are missing, 1 to {most} may be")
        failed = [
            span
            for span in await self.rig.spans(camera)
            if span.state is CoverageState.FAILED
        ]
        damaged = BASE_MS + DAMAGED_MS
        if not any(s.range.start_ms <= damaged <= s.range.end_ms for s in failed):
            self._say("the damaged stretch is not failed")
        if {span.reason for span in failed} != {self.case.reason}:
            self._say(f"reasons: {[span.reason for span in failed]}")

    def _check_counts(self) -> None:
        counts, case = self.nvr.counts(), self.case
        rtsp = counts["rtsp"]
        for what, found, most in (
            ("plays", rtsp["requests"].get("PLAY", 0), case.plays),
            ("RTSP connections", rtsp["connections"], case.connections),
            ("SOAP calls", sum(counts["operations"].values()), case.calls),
            ("refused logins", self._refused(), case.refusals),
        ):
            if found > most:
                self._say(f"{found} {what}, at most {most} are expected")
        if rtsp["sessions_most"] > 1 and case.name != "leaks-sessions":
            self._say(f"{rtsp['sessions_most']} sessions at once")

    def _refused(self) -> int:
        counts = self.nvr.counts()
        stale = counts["auth_failures"].get("stale", 0)
        soap = sum(counts["auth_failures"].values()) - stale
        return int(soap + counts["rtsp"]["auth_failures"])

    async def _fails_and_recovers(self, attached: Attached) -> None:
        """Nothing is kept and nothing lost; after the cure all of it comes."""
        (camera,) = attached.cameras

        async def has_failed() -> bool:
            status = await self.rig.camera_status(attached.key, camera)
            return bool(status.problem) and self.rig.rests(attached.key)

        await until(
            has_failed, self.case.timeout_s, lambda: self.rig.describe(attached)
        )
        (ledger,) = self.nvr.ledger().values()
        state: dict[str, int] = {}
        for start_ms, end_ms in ledger["segments"]:
            state |= await self.rig.ms_in(camera, TimeRange(start_ms, end_ms))
        if {"lost", "missing", "kept", "absent"} & state.keys():
            self._say(f"ledger after failing: {state}")
        status = await self.rig.camera_status(attached.key, camera)
        if self.case.reason and status.problem.kind != self.case.reason:
            self._say(f"problem is {status.problem}")
        self._check_counts()
        self.nvr.faults.rtsp.reset()
        self.rig.engine.credentials_changed(attached.key)
        await self.rig.settled(attached, self.case.timeout_s)
        await self._check(attached, End.WHOLE)

    async def _is_blocked(self, attached: Attached) -> None:
        """After two refusals nothing is tried, whatever is asked, until a person acts."""

        async def is_locked() -> bool:
            return attached.guard.is_locked and self.rig.rests(attached.key)

        await until(is_locked, 15, lambda: self.rig.describe(attached))
        await self.rig.engine.sync_now()
        await self.rig.engine.sync_now(full=True)
        await asyncio.sleep(0.5)
        if (refused := self._refused()) != 2:
            self._say(f"{refused} refused logins instead of two")
        if attached.locked != 1:
            self._say(f"told {attached.locked} times")
        self._check_counts()
        # A person gives the right login: all goes on.
        self.nvr.rtsp_accounts[self.nvr.spec.user] = self.nvr.spec.password
        self.nvr.faults.rtsp.lock_after_failures = None
        attached.guard.reset()
        self.rig.engine.credentials_changed(attached.key)
        await self.rig.settled(attached, self.case.timeout_s)
        await self._check(attached, End.WHOLE)

    async def _wrong_password(self, about: dict[str, Any]) -> list[str]:
        """The password changes on the device after it was added."""
        rig, nvr = self.rig, self.nvr
        attached = await rig.introduce(about)
        break_it(nvr, self.case)
        nvr.set_password("changed-harbour-1")
        nvr.reset_counts()
        await rig.attach(about)

        async def is_locked() -> bool:
            return attached.guard.is_locked and rig.rests(attached.key)

        await until(is_locked, 15, lambda: rig.describe(attached))
        await rig.engine.sync_now()
        await rig.engine.sync_now(full=True)
        for ask in (attached.device.recordings, attached.device.identity):
            try:
                await ask()
            except NvrError:
                pass
            else:
                self._say("a locked login is still used")
        if (refused := self._refused()) > 2:
            self._say(f"{refused} refused logins: {nvr.counts()['auth_failures']}")
        status = await rig.status(attached.key)
        if status.problem is None or status.problem.kind != "auth_refused":
            self._say(f"problem is {status.problem}")
        (camera,) = attached.cameras
        if await rig.ms_in(camera):
            self._say("the ledger changed")
        nvr.set_password(nvr.spec.password)
        attached.guard.reset()
        rig.engine.credentials_changed(attached.key)
        await rig.settled(attached, self.case.timeout_s)
        await self._check(attached, End.WHOLE)
        return self.problems


async def main(names: list[str]) -> None:
    """Run the named cases, the longest ones not last."""
    devices = Devices(FootageStore())
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        case, variant, *how = name.split("/")
        verify = Verify(*how) if how else Verify.TABLES
        async with gate:
            began = time.monotonic()
            try:
                async with asyncio.timeout(180):
                    result = await run_case(devices, CASES[case], variant, verify)
            except Exception as error:  # noqa: BLE001 - it is the result
                trace = traceback.format_exception(error)
                result = {"problems": ["".join(trace)[-3000:]], "counts": {}}
            result |= {"name": name, "seconds": round(time.monotonic() - began, 2)}
            print(json.dumps(result), flush=True)

    # what waits longest goes first
    def waits_long(name: str) -> bool:
        case = CASES[name.split("/", maxsplit=1)[0]]
        return case.end in {End.FAILED, End.PARTLY} or case.timeout_s > 60

    order = sorted(names, key=waits_long, reverse=True)
    await asyncio.gather(*(one(name) for name in order))
    await devices.close()


if __name__ == "__main__":
    faulthandler.dump_traceback_later(300 + 5 * len(sys.argv), exit=True)
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
