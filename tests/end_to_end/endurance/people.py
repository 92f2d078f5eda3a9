"""What people do meanwhile, at random, and what they were told came of it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
import random
from typing import Any

from tests.simulator.footage import UnreadablePictureError, read_frame_numbers

from .audit import Audit
from .process import EndedError, Process
from .truth import Device

DAYS = 8.0
"""The fewest days that a camera is kept."""
QUOTA_BYTES = 5_000_000
UNDONE = 0.4
"""Of deletions, which are undone."""


@dataclass
class People:
    """Asks for things, and remembers the answers."""

    process: Process
    audit: Audit
    devices: list[Device]
    second: Path
    rng: random.Random
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    deleted: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Clips that people deleted and did not bring back."""
    is_unsure: bool = False
    """The process ended before it told what it had deleted."""
    removed: set[str] = field(default_factory=set)
    """Cameras that are not set up now."""
    exports: int = 0
    was_host_wrong: bool = False
    wants: dict[str, set[str]] = field(default_factory=dict)
    """What keeps a camera from being copied all the time: removed, hours, mode."""
    rests: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    """When a camera was not to be copied all the time, in true time."""

    def _note(self, name: str, what: str, *, is_less: bool) -> None:
        """Take note that less (or all) of a camera is wanted from now on."""
        why = self.wants.setdefault(name, set())
        rests = self.rests.setdefault(name, [])
        now_ms = self.devices[0].shared.true_ms()
        was_resting = bool(why)
        (why.add if is_less else why.discard)(what)
        if why and not was_resting:
            rests.append((now_ms, None))
        elif was_resting and not why:
            rests[-1] = (rests[-1][0], now_ms)

    def cameras(self) -> list[str]:
        """Return the names of all cameras."""
        return [c.spec.name for d in self.devices for c in d.nvr.all_channels]

    async def act(self) -> None:
        """Do one thing; nothing where the process ended meanwhile."""
        kinds = {
            self._protect: 3,
            self._unprotect: 1,
            self._delete: 3,
            self._purge: 1,
            self._limits: 2,
            self._schedule: 2,
            self._mode: 1,
            self._move: 2,
            self._camera: 1,
            self._export: 3,
            self._agree: 4,
            self._check: 1,
            self._sync: 2,
        }
        act = self.rng.choices(list(kinds), list(kinds.values()))[0]
        name = act.__name__.removeprefix("_")
        try:
            await act()
        except EndedError:
            self.is_unsure |= name in {"delete", "purge"}
            return
        self.counts[name] = self.counts.get(name, 0) + 1

    def _any(self) -> str:
        return self.rng.choice(self.cameras())

    async def _protect(self) -> None:
        told = await self.process.ask(
            "protect", camera=self._any(), at=self.rng.random()
        )
        for clip in told.get("clips", ()):
            self.audit.protected.add(clip["id"])

    async def _unprotect(self) -> None:
        some = sorted(self.audit.protected)[: self.rng.randint(0, 3)]
        self.audit.protected -= set(some)
        await self.process.ask("unprotect", clips=some)

    async def _delete(self) -> None:
        is_undone = self.rng.random() < UNDONE
        told = await self.process.ask(
            "delete",
            camera=self._any(),
            at=self.rng.random(),
            most=self.rng.randint(1, 3),
            cause="person",
        )
        gone = {clip["id"]: clip for clip in told.get("clips", ())}
        self.deleted |= gone
        if is_undone and gone:
            back = await self.process.ask("restore", clips=list(gone))
            for clip in back.get("clips", ()):
                self.deleted.pop(clip["id"], None)
            self.counts["undo"] = self.counts.get("undo", 0) + 1

    async def _purge(self) -> None:
        told = await self.process.ask(
            "delete", camera=self._any(), at=0.0, most=12, cause="purge"
        )
        self.deleted |= {clip["id"]: clip for clip in told.get("clips", ())}

    async def _limits(self) -> None:
        await self.process.ask(
            "choose",
            camera=self._any(),
            days=self.rng.choice((None, DAYS, 12.0, 20.0)),
            max_bytes=self.rng.choice((None, None, QUOTA_BYTES)),
        )

    async def _schedule(self) -> None:
        first = self.rng.randint(0, 12)
        hours = self.rng.choice((None, [first, first + self.rng.randint(6, 12)]))
        name = self._any()
        self._note(name, "hours", is_less=hours is not None)
        await self.process.ask("choose", camera=name, hours=hours)

    async def _mode(self) -> None:
        mode = self.rng.choice(("everything", "everything", "on_demand"))
        name = self._any()
        self._note(name, "mode", is_less=mode != "everything")
        await self.process.ask("choose", camera=name, mode=mode)

    async def _move(self) -> None:
        days = self.rng.choice((None, 1.0, 3.0))
        await self.process.ask(
            "choose",
            camera=self._any(),
            move_after_days=days,
            move_to_root=None if days is None else str(self.second),
        )

    async def _camera(self) -> None:
        name = self._any()
        if self.removed:
            back = self.removed.pop()
            await self.process.ask("add_camera", camera=back)
            self._note(back, "removed", is_less=False)
            return
        self._note(name, "removed", is_less=True)
        told = await self.process.ask("remove_camera", camera=name)
        if "error" not in told:
            self.removed.add(name)
        else:
            self._note(name, "removed", is_less=False)

    async def _export(self) -> None:
        told = await self.process.ask(
            "export", camera=self._any(), at=self.rng.random()
        )
        if (name := told.get("path")) is None:
            return
        self.exports += 1
        path = Path(name)
        try:
            shown = await asyncio.to_thread(read_frame_numbers, path)
        except UnreadablePictureError:
            return  # a clip with holes; clips are proven one by one
        except OSError:
            return  # its storage went away meanwhile
        numbers = [number for number, _ in shown]
        # What was kept once more after the host's clock was put right lies apart.
        if sorted(set(numbers)) != numbers and not self.was_host_wrong:
            self.problems.append(f"an export shows pictures twice: {path.name}")

    async def _agree(self) -> None:
        await self.process.ask("agree")

    async def _check(self) -> None:
        await self.process.ask("check")

    async def _sync(self) -> None:
        await self.process.ask("sync", full=self.rng.random() < 0.5)

    async def put_right(self) -> None:
        """Want everything again, of every camera."""
        for name in self.cameras():
            if name in self.removed:
                await self.process.ask("add_camera", camera=name)
            await self.process.ask("choose", camera=name, hours=None, mode="everything")
            for what in ("removed", "hours", "mode"):
                self._note(name, what, is_less=False)
        self.removed.clear()
