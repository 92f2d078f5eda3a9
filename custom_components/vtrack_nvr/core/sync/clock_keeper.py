"""Keeps one NVR's clock eras true: measures when due and stores what changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
import logging

from ..errors import ErrorKind, NvrError
from ..models import ClockEra, ClockReading, NvrKey
from .clock_eras import ClockCause, ClockVerdict, EraMap, judge_reading
from .engine_context import EngineContext
from .ports import Device

_LOGGER = logging.getLogger(__name__)


class ClockKeeper:
    """Knows the eras of one NVR."""

    def __init__(self, nvr: NvrKey, device: Device, rooms: EngineContext) -> None:
        """Measure nothing yet."""
        self._nvr = nvr
        self._device = device
        self._rooms = rooms
        self._map: EraMap | None = None
        self._last: ClockReading | None = None
        self._last_now_ms = 0
        self._last_s = 0.0
        self.is_in_doubt = False
        """Whether the host's clock may be wrong: nothing is dated by it meanwhile."""
        self._is_forced = True
        self._is_own_era = False
        self._lock = asyncio.Lock()
        self.correction_ms = 0

    @property
    def eras(self) -> EraMap:
        """Return the eras; `ensure` must have succeeded once."""
        if self._map is None:
            raise NvrError(ErrorKind.UNREACHABLE, "the clock was never measured")
        return self._map

    @property
    def is_known(self) -> bool:
        """Return whether there is any era yet."""
        return self._map is not None

    @property
    def offset_ms(self) -> int | None:
        """Return the offset of the current era."""
        return self._map.current.offset_ms if self._map else None

    def force(self) -> None:
        """Measure at the next occasion (a login was refused, a setting changed)."""
        self._is_forced = True

    @property
    def host_jump_ms(self) -> int:
        """Return how far the host's clock has moved on its own since the last reading."""
        if self._last is None:
            return 0
        clock = self._rooms.clock
        wall_ms = clock.now_ms() - self._last_now_ms
        moved_ms = wall_ms - int((clock.monotonic() - self._last_s) * 1000)
        return moved_ms if abs(moved_ms) > self._rooms.bounds.clock_jump_ms else 0

    @property
    def is_due(self) -> bool:
        """Return whether the clock should be measured now."""
        return (
            self._is_forced
            or self._last is None
            or bool(self.host_jump_ms)
            or self._rooms.clock.monotonic() - self._last_s
            >= self._rooms.waits.clock_check
        )

    async def ensure(self) -> bool:
        """Measure if due; return whether the clock had moved. Raises what the device does.

        A jump is believed only when a second measurement says the same, and if the host's
        clock can be believed: `NvrError(HOST_CLOCK)` if not.
        """
        async with self._lock:
            return await self._measure() if self.is_due else False

    async def _measure(self) -> bool:
        stored = () if self._map is None else self._map.eras
        if self._map is None:
            stored = await self._rooms.library.eras(self._nvr)
        jump_ms = self.host_jump_ms
        reading = await self._device.measure_clock()
        verdict = self._judge(stored, reading, jump_ms)
        is_believed = self._rooms.clock.is_believed()
        # That both agree proves more than what the host says of itself.
        self.is_in_doubt = verdict.cause is not ClockCause.SAME and not is_believed
        if self.is_in_doubt:
            raise NvrError(ErrorKind.HOST_CLOCK, "nobody keeps this host's clock right")
        if verdict.cause not in {ClockCause.SAME, ClockCause.FIRST}:
            reading = await self._device.measure_clock()
            verdict = self._judge(stored, reading, jump_ms)
        eras = list(stored)
        if eras and verdict.device_seen_ms is not None:
            eras[-1] = await self._saw(eras[-1], verdict.device_seen_ms)
        for era in verdict.eras:
            eras.append(await self._rooms.library.add_era(self._nvr, era))
            self._is_own_era = True
        if verdict.cause not in {ClockCause.SAME, ClockCause.FIRST}:
            _LOGGER.info(
                "%s: the clock moved (%s), offset now %s ms",
                self._nvr,
                verdict.cause,
                verdict.offset_ms,
            )
        self._map = EraMap(eras)
        self._last = reading
        self._last_now_ms = self._rooms.clock.now_ms()
        self._last_s = self._rooms.clock.monotonic()
        self._is_forced = False
        return bool(verdict.eras)

    async def _saw(self, era: ClockEra, device_ms: int) -> ClockEra:
        """Write down up to when an era held."""
        if era.device_seen_ms == device_ms:
            return era
        await self._rooms.library.saw_era(era.id, device_ms)
        return replace(era, device_seen_ms=device_ms)

    def _judge(
        self, stored: Sequence[ClockEra], reading: ClockReading, jump_ms: int
    ) -> ClockVerdict:
        return judge_reading(
            stored,
            self._last,
            reading,
            correction_ms=self.correction_ms,
            host_jump_ms=jump_ms,
            is_own_era=self._is_own_era,
            bounds=self._rooms.bounds,
        )
