"""What goes wrong: each trouble knows how it begins and how it ends."""

from collections.abc import Awaitable, Callable, Collection
import copy
from dataclasses import dataclass, field
import random
from typing import Any

from tests.end_to_end.case import Case, End
from tests.end_to_end.cases import CASES

from .clock import SharedTime
from .disks import Disk
from .truth import LIVE_CAMERA, Device

MINUTE = 60_000
HOUR = 60 * MINUTE
SPARE_BYTES = 100_000
"""What another program leaves free on a full disk."""
LEFT_OUT = {
    # A device does not change its manner of dating from one hour to the next, and one
    # that has shown true dates is believed for six hours.
    "dates": {
        *(name for name in CASES if name.startswith(("undated-", "times-"))),
        *("from-the-beginning", "no-extension", "wall-clock-ntp"),
        *("551-require", "ignore-range-start"),
    },
    # They are about how footage is made, and are asked for with their own.
    "footage": {n for n, c in CASES.items() if c.footage or c.sound or c.rtsp_account},
    # The whole month is then searched for footage by playing it, an hour at a time.
    "cost": {"no-events", "dates-1970", "files-as-events"},
    # What it says of how much it holds is the truth that is compared with.
    "lies": {n for n in CASES if n.startswith("listed-but-not-there")},
    # A place on a disk, set by the case's own footage.
    "damage": {"damaged"},
    # Told to the archive by the person of these cases; "password" below does it.
    "login": {"wrong-password", "wrong-rtsp-login"},
}
"""Cases of the fault matrix that are not used here, by reason."""
USED = sorted(set(CASES) - set().union(*LEFT_OUT.values()))


@dataclass
class Trouble:
    """Something that is wrong for a while."""

    name: str
    since_ms: int
    ends_at_tick: int
    end: Callable[[], Awaitable[None]]
    device: str = ""
    until_ms: int | None = None


@dataclass
class ChaosRig:
    """What troubles act on; `ask` tells the installation something if it runs."""

    devices: list[Device]
    disks: list[Disk]
    shared: SharedTime
    ask: Callable[..., Awaitable[dict[str, Any]]]
    run: Callable[[Any], Awaitable[Any]]
    """Runs something on the devices' loop."""
    now: list[Trouble] = field(default_factory=list)
    past: list[Trouble] = field(default_factory=list)
    host_wrongs: list[tuple[int, int]] = field(default_factory=list)
    """(true time, how wrong the host's clock is from then on)."""

    def is_there(self, name: str, device: str = "") -> bool:
        """Return whether such a trouble is there already."""
        return any(t.name == name and t.device in {device, ""} for t in self.now)

    async def end(self, trouble: Trouble) -> None:
        """End a trouble."""
        await trouble.end()
        trouble.until_ms = self.shared.true_ms()
        self.now.remove(trouble)
        self.past.append(trouble)


OFTEN = 20
"""How many times as often as usual a trouble comes that is asked for."""


class Chaos:
    """Begins troubles at random, by a seed."""

    def __init__(
        self, rig: ChaosRig, rng: random.Random, often: Collection[str] = ()
    ) -> None:
        """Act on a rig; `often` names what comes far more often than others.

        Raises `ValueError` for the name of no trouble.
        """
        self._rig = rig
        self._rng = rng
        self.counts: dict[str, int] = {}
        self.cases: set[str] = set()
        self._cases = list(USED)
        rng.shuffle(self._cases)
        self._kinds: list[tuple[int, str, Callable[[int], Awaitable[None]]]] = [
            (10, "manner of a device", self._case),
            (3, "network lost", self._power),
            (2, "reboot", self._reboot),
            (3, "sessions dropped", self._drop),
            (1, "password changed", self._password),
            (1, "camera vanished", self._vanish),
            (1, "recordings vanished", self._no_recordings),
            (1, "disk formatted", self._format),
            (2, "device clock set", self._device_clock),
            (2, "host clock wrong", self._host_clock),
            (2, "storage away", self._away),
            (1, "storage read-only", self._read_only),
            (2, "storage full", self._full),
        ]
        names = {name for _, name, _ in self._kinds}
        if unknown := set(often) - names:
            raise ValueError(
                f"no trouble: {sorted(unknown)}; there are {sorted(names)}"
            )
        self._kinds = [
            (weight * OFTEN if name in often else weight, name, begin)
            for weight, name, begin in self._kinds
        ]

    async def begin(self, tick: int) -> None:
        """Begin one trouble."""
        weights = [weight for weight, _, _ in self._kinds]
        _, name, begin = self._rng.choices(self._kinds, weights)[0]
        before = len(self._rig.now) + len(self._rig.past)
        await begin(tick)
        if len(self._rig.now) + len(self._rig.past) > before:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _begun(
        self,
        name: str,
        tick: int,
        end: Callable[[], Awaitable[None]],
        *,
        device: str = "",
        ticks: tuple[int, int] = (1, 4),
    ) -> None:
        ends = tick + self._rng.randint(*ticks)
        now_ms = self._rig.shared.true_ms()
        self._rig.now.append(Trouble(name, now_ms, ends, end, device))

    def _device(self, *, is_replayed: bool = False) -> Device:
        found = [d for d in self._rig.devices if d.is_replayed or not is_replayed]
        return self._rng.choice(found)

    def _is_hampered(self, device: Device) -> bool:
        return any(trouble.device == device.name for trouble in self._rig.now)

    # Devices

    async def _case(self, tick: int) -> None:
        device = self._device(is_replayed=True)
        if self._is_hampered(device):
            return
        if not self._cases:
            self._cases = list(USED)
            self._rng.shuffle(self._cases)
        case = CASES[self._cases.pop()]
        _apply(device, case)
        self.cases.add(case.name)
        # What spoils pictures, or takes whole seconds of waiting, is soon over.
        is_short = case.end in {End.HOLES, End.FAILED}

        async def end() -> None:
            _restore(device)
            await self._rig.ask("log_in")

        self._begun(
            case.name, tick, end, device=device.name, ticks=(1, 1 if is_short else 4)
        )

    async def _power(self, tick: int) -> None:
        device = self._device()
        if self._is_hampered(device):
            return
        await self._rig.run(device.nvr.stop())

        async def end() -> None:
            await self._rig.run(device.nvr.start())

        self._begun("network lost", tick, end, device=device.name)

    async def _reboot(self, tick: int) -> None:
        device = self._device()
        if self._is_hampered(device):
            return
        await self._rig.run(device.nvr.reboot(0.2))
        self._begun("reboot", tick, _nothing, device=device.name, ticks=(1, 1))

    async def _drop(self, tick: int) -> None:
        device = self._device()
        device.nvr.rtsp.drop_connections(reset=self._rng.random() < 0.5)
        self._begun("sessions dropped", tick, _nothing, ticks=(1, 1))

    async def _password(self, tick: int) -> None:
        device = self._device()
        if self._is_hampered(device):
            return
        device.nvr.set_password("changed-harbour-1")

        async def end() -> None:
            device.nvr.set_password(device.nvr.spec.password)
            await self._rig.ask("log_in")

        self._begun("password changed", tick, end, device=device.name)

    async def _vanish(self, tick: int) -> None:
        device = self._device(is_replayed=True)
        if self._is_hampered(device):
            return
        name = self._rng.choice(sorted(device.witnesses))
        device.nvr.faults.vanished_channels = [name]

        async def end() -> None:
            _restore(device)

        self._begun("camera vanished", tick, end, device=device.name)

    async def _no_recordings(self, tick: int) -> None:
        device = self._device(is_replayed=True)
        if self._is_hampered(device):
            return
        device.nvr.faults.no_recordings = True

        async def end() -> None:
            _restore(device)

        self._begun("recordings vanished", tick, end, device=device.name)

    async def _format(self, tick: int) -> None:
        device = self._device(is_replayed=True)
        if self._is_hampered(device):
            return
        device.format()

        async def end() -> None:
            await self._rig.ask("relist")

        self._begun("disk formatted", tick, end, device=device.name, ticks=(1, 2))

    # Clocks

    async def _device_clock(self, tick: int) -> None:
        device = self._device(is_replayed=True)
        if self._is_hampered(device):
            return
        by_ms = self._rng.choice((-1, 1)) * self._rng.randint(5 * MINUTE, 3 * HOUR)
        device.step_clock(by_ms)
        self._begun(
            "device clock set", tick, _nothing, device=device.name, ticks=(2, 2)
        )

    async def _host_clock(self, tick: int) -> None:
        if self._rig.is_there("host clock wrong"):
            return
        by_ms = self._rng.choice((-1, 1)) * self._rng.randint(10 * MINUTE, 30 * HOUR)
        self._set_host(by_ms)

        async def end() -> None:
            self._set_host(0)

        self._begun("host clock wrong", tick, end, ticks=(1, 2))

    def _set_host(self, wrong_ms: int) -> None:
        self._rig.shared.set_host(wrong_ms)
        self._rig.host_wrongs.append((self._rig.shared.true_ms(), wrong_ms))

    # Storage

    async def _away(self, tick: int) -> None:
        disk = self._rng.choice(self._rig.disks)
        if disk.is_away or disk.is_full or disk.is_read_only:
            return
        disk.go_away()

        async def end() -> None:
            disk.come_back()

        self._begun("storage away", tick, end, ticks=(1, 3))

    async def _read_only(self, tick: int) -> None:
        disk = self._rng.choice(self._rig.disks)
        if disk.is_away or disk.is_full:
            return
        ticks = self._rng.randint(1, 3)
        if not disk.set_read_only(is_read_only=True):
            return  # somebody writes to it

        async def end() -> None:
            disk.cure()

        self._begun("storage read-only", tick, end, ticks=(ticks, ticks))

    async def _full(self, tick: int) -> None:
        disk = self._rng.choice(self._rig.disks)
        if disk.is_away or disk.is_read_only or not disk.fill(SPARE_BYTES):
            return

        async def end() -> None:
            disk.empty()

        self._begun("storage full", tick, end, ticks=(1, 3))


async def _nothing() -> None:
    """End what ended by itself."""


def _apply(device: Device, case: Case) -> None:
    faults = device.nvr.faults
    faults.rtsp.limits.update(case.limits)
    faults.limits.update(case.soap_limits)
    faults.update({**copy.deepcopy(case.soap), "rtsp": copy.deepcopy(case.rtsp)})


def _restore(device: Device) -> None:
    device.nvr.reset_faults()
    device.nvr.faults.limits.clear()
    device.nvr.faults.rtsp.limits.clear()


def is_live(name: str) -> bool:
    """Return whether a camera is recorded live."""
    return name == LIVE_CAMERA
