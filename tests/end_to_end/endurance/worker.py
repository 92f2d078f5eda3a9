"""An installation in a process of its own, told what to do by lines of JSON.

`python -m tests.end_to_end.endurance.worker decode|tables FOLDER ROOT …` says `{"is": "open"}`, then
answers each line `{"id": 1, "do": "skip", …}` with `{"id": 1, …}`, in any order.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
from collections.abc import Awaitable, Callable
from contextlib import suppress
import json
import logging
from pathlib import Path
import sys
from typing import Any

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep_values import DeleteCause
from custom_components.vtrack_nvr.core.models import Clip, CoverageState
from tests.end_to_end.endurance.clock import SharedTime, WrongClock
from tests.end_to_end.endurance.measures import measure
from tests.end_to_end.endurance.rig import EnduranceRig
from tests.insides import workers_of

EVER = TimeRange(0, 2**52)
OPEN_STATES = {CoverageState.ON_DEVICE, CoverageState.FETCHING, CoverageState.FAILED}
SETTLE_S = 0.15
"""By then everybody who slept has looked at the clock, and begun what is due."""
type Answer = dict[str, Any]


class Worker:
    """Does what it is told."""

    def __init__(self, folder: Path, roots: list[Path], *, decodes: bool) -> None:
        """Build the rig."""
        self._folder = folder
        self._roots = roots
        self._shared = SharedTime(folder / "time")
        self.rig = EnduranceRig(
            folder, roots, WrongClock(self._shared), decodes=decodes
        )
        self.library = self.rig.archive.library
        self.is_over = False
        self._syncs: set[asyncio.Task[None]] = set()

    async def do(self, order: Answer) -> Answer:
        """Do one thing; what the core refuses is an answer."""
        done: Callable[..., Awaitable[Answer | None]] = getattr(self, f"_{order['do']}")
        values = {k: v for k, v in order.items() if k not in {"id", "do"}}
        try:
            answer = await done(**values)
        except NvrError as error:
            answer = {"error": str(error.kind)}
        except KeyError as error:
            answer = {"error": f"no camera {error}"}
        return {"id": order["id"], **(answer or {})}

    # Time

    async def _skip(self, ms: int, patience_s: float) -> Answer:
        """Move time ahead as soon as no device is being asked, or patience ends."""
        busy = await self._quiet(patience_s)
        self._shared.skip(ms)
        await asyncio.sleep(SETTLE_S)
        return {"busy": busy}

    async def _quiet(self, patience_s: float) -> str:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + patience_s
        while busy := self.rig.busy():
            if loop.time() > end_s:
                return busy
            await asyncio.sleep(0.02)
        return ""

    async def _wait_quiet(self, patience_s: float) -> Answer:
        return {"busy": await self._quiet(patience_s)}

    async def _open_ms(self) -> Answer:
        """Return how much of each camera still waits to be fetched."""
        found: Answer = {}
        for info in await self.library.browse.cameras():
            totals = await self.library.ledger.totals(info.key)
            found[info.name] = sum(totals.by_state_ms.get(s, 0) for s in OPEN_STATES)
        return {"open": found}

    # Devices and people

    async def _add(self, about: Answer) -> None:
        self.rig.add(about)

    async def _choose(self, camera: str, **changes: Any) -> None:
        if changes.get("move_to_root"):
            roots = await self.library.roots()
            path = changes["move_to_root"]
            found = [r.id for r in roots if str(r.path) == path and r.is_current]
            changes["move_to_root"] = found[0] if found else None
        await self.rig.choose(camera, **changes)

    async def _remove_camera(self, camera: str) -> None:
        await self.rig.remove_camera(camera)

    async def _add_camera(self, camera: str) -> None:
        await self.rig.add_camera(camera)

    async def _relist(self) -> None:
        await self.rig.relist()

    async def _log_in(self) -> None:
        self.rig.log_in_again()

    async def _sync(self, full: bool) -> None:
        """Ask for a sync; it may need time to pass, so nobody waits for its end."""
        engine = self.rig.archive.engine
        if workers_of(engine):
            task = asyncio.create_task(self._until_done(engine.sync_now(full=full)))
            self._syncs.add(task)
            task.add_done_callback(self._syncs.discard)

    @staticmethod
    async def _until_done(sync: Awaitable[object]) -> None:
        with suppress(NvrError):
            await sync

    async def _pick(self, camera: str, at: float, most: int) -> list[Clip]:
        key = self.rig.find(camera)[2]
        clips = await self.library.ledger.clips(key, EVER)
        first = int(len(clips) * at)
        return list(clips[first : first + most])

    async def _protect(self, camera: str, at: float) -> Answer:
        clips = await self._pick(camera, at, 1)
        done = await self.library.care.protect([clip.id for clip in clips])
        return {"clips": [_told(clip) for clip in clips] if done else []}

    async def _unprotect(self, clips: list[int]) -> None:
        await self.library.care.unprotect(clips)

    async def _delete(self, camera: str, at: float, most: int, cause: str) -> Answer:
        clips = await self._pick(camera, at, most)
        gone = await self.library.care.delete(
            [clip.id for clip in clips], cause=DeleteCause(cause)
        )
        return {"clips": [_told(clip) for clip in gone]}

    async def _restore(self, clips: list[int]) -> Answer:
        back = await self.library.care.restore(clips)
        return {"clips": [_told(clip) for clip in back]}

    async def _agree(self) -> Answer:
        """Say yes to what retention asks about, as a person does."""
        plan = self.library.care.braked
        if plan is None:
            return {"asked": False}
        await self.library.care.run_retention(plan.token)
        return {"asked": True}

    async def _check(self) -> Answer:
        report = await self.library.care.check()
        return {
            name: getattr(report, name) for name in ("adopted", "missing", "foreign")
        }

    async def _export(self, camera: str, at: float) -> Answer:
        clips = await self._pick(camera, at, 3)
        if not clips:
            return {}
        wanted = TimeRange(
            clips[0].facts.range.start_ms,
            min(
                clips[-1].facts.range.end_ms, clips[0].facts.range.start_ms + 86_400_000
            ),
        )
        key = self.rig.find(camera)[2]
        made = await self.rig.archive.exports.make(
            {key: camera}, wanted, keep_gaps=False, life_ms=86_400_000
        )
        return {"path": str(made.path), "expires_ms": made.expires_ms}

    # What is looked at

    async def _measure(self) -> Answer:
        return measure(self.rig.index, self._roots)

    async def _status(self) -> Answer:
        """Return in words what the engine says of each device and camera."""
        status = await self.rig.archive.engine.fresh_status()
        found = {}
        for key, nvr in status.nvrs.items():
            found[key] = f"{nvr.problem}"
            for camera, seen in nvr.cameras.items():
                found[camera] = f"{seen.state} {seen.problem} {seen.backlog_s} s"
        return {"status": found, "now": self.rig.clock.now_ms()}

    async def _eras(self) -> Answer:
        found = {}
        for key in self.rig.entries:
            eras = await self.library.ledger.eras(key)
            found[key] = [
                [e.id, e.device_start_ms, e.offset_ms, e.is_uncertain] for e in eras
            ]
        return {"eras": found}

    async def _dump(self, path: str) -> None:
        """Write all that is to be proven into a file."""
        cameras = {}
        roots = {root.id: root for root in await self.library.roots()}
        for info in await self.library.browse.cameras():
            clips = await self.library.ledger.clips(info.key, EVER)
            spans = await self.library.ledger.coverage(info.key, EVER)
            cameras[info.name] = {
                "nvr": info.nvr,
                "clips": [
                    _told(clip) | {"root": str(roots[clip.root_id].path)}
                    for clip in clips
                ],
                "spans": [
                    [s.range.start_ms, s.range.end_ms, str(s.state), s.reason]
                    for s in spans
                ],
            }
        trash = [_told(clip) for clip in await self.library.browse.trash()]
        exports = [
            {"path": str(e.path), "state": str(e.state)}
            for e in await self.library.exports.all()
        ]
        found = {
            "cameras": cameras,
            "trash": trash,
            "exports": exports,
            **(await self._eras()),
        }
        await asyncio.to_thread(Path(path).write_text, json.dumps(found))

    async def _stop(self) -> None:
        await self.rig.close()
        self.is_over = True


def _told(clip: Clip) -> Answer:
    facts = clip.facts
    return {
        "id": clip.id,
        "camera": str(clip.camera),
        "path": clip.path,
        "start_ms": facts.range.start_ms,
        "end_ms": facts.range.end_ms,
        "last_ms": facts.last_frame_ms,
        "device_ms": facts.device_start_ms,
        "era": facts.era_id,
        "bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "frames": facts.frames,
        "holes": facts.holes,
        "source": str(facts.source),
        "dated": str(facts.time_source),
        "problem": facts.problem,
        "protected": clip.is_protected,
        "created_ms": clip.created_ms,
    }


def say(answer: Answer) -> None:
    """Answer with one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main(decodes: bool, folder: Path, roots: list[Path]) -> None:
    """Open, do what comes, end with `stop`."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    worker = Worker(folder, roots, decodes=decodes)
    await worker.rig.open()
    say({"is": "open"})
    doing: set[asyncio.Task[None]] = set()

    async def one(order: Answer) -> None:
        say(await worker.do(order))

    while not worker.is_over and (line := await orders.readline()):
        task = asyncio.create_task(one(json.loads(line)))
        doing.add(task)
        task.add_done_callback(doing.discard)
        if json.loads(line)["do"] == "stop":
            await task


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    how, where, *others = sys.argv[1:]
    asyncio.run(main(how == "decode", Path(where), [Path(name) for name in others]))
