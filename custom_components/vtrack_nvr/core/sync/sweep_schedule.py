"""When the next sweep of an NVR is due, and of which kind."""

from dataclasses import dataclass, field

from ..clock import Clock
from ..intervals import DAY_MS, HOUR_MS
from ..ledger import RunKind
from ..models import CameraKey
from .runs import Run
from .settings import NvrSettings


@dataclass(slots=True)
class SweepSchedule:
    """Light sweeps at an interval, a full one each night, others when asked for.

    `spread` (0 to 1) moves the nightly sweep within its hour, so that NVRs do not all
    begin at once.
    """

    clock: Clock
    settings: NvrSettings
    spread: float
    light_s: float = 0.0
    event_s: float | None = None
    event_cameras: set[CameraKey] = field(default_factory=set)
    full_ms: int = 0
    manual: list[Run] = field(default_factory=list)
    last_s: float | None = None

    def __post_init__(self) -> None:
        """Plan the first nightly sweep."""
        self.full_ms = self.next_full_ms()

    def next_full_ms(self) -> int:
        """Return the next occurrence of the nightly hour after now."""
        now_ms = self.clock.now_ms()
        hour_ms = int((self.settings.full_sweep_hour + self.spread) * HOUR_MS)
        today_ms = now_ms // DAY_MS * DAY_MS + hour_ms
        while today_ms <= now_ms:
            today_ms += DAY_MS
        return today_ms

    def due(self) -> RunKind | None:
        """Return the kind of sweep that is due, the most important first."""
        now_s = self.clock.monotonic()
        if self.manual:
            return RunKind.MANUAL
        if self.clock.now_ms() >= self.full_ms:
            return RunKind.FULL
        if self.event_s is not None and now_s >= self.event_s:
            return RunKind.EVENT
        return RunKind.LIGHT if now_s >= self.light_s else None

    def begun(self, kind: RunKind) -> None:
        """Take note that a sweep began; all but those for events look at all cameras."""
        now_s = self.clock.monotonic()
        self.last_s = now_s
        self.event_s = None
        self.event_cameras.clear()
        if kind is not RunKind.EVENT:
            self.light_s = now_s + self.settings.interval_s
        if kind is RunKind.FULL or self.full_ms - self.clock.now_ms() > 2 * DAY_MS:
            self.full_ms = self.next_full_ms()

    def failed(self, kind: RunKind) -> None:
        """Let the sweep be due again as soon as the device may be asked again."""
        self.light_s = 0.0
        if kind is RunKind.FULL:
            self.full_ms = self.clock.now_ms()

    def hint(self, camera: CameraKey, delay_s: float, pause_s: float) -> None:
        """Ask for a sweep of a camera after `delay_s`, `pause_s` after the last or later."""
        self.event_cameras.add(camera)
        at_s = self.clock.monotonic() + delay_s
        if self.last_s is not None:
            at_s = max(at_s, self.last_s + pause_s)
        self.event_s = at_s if self.event_s is None else min(self.event_s, at_s)

    def next_s(self) -> float:
        """Return when the next sweep is due (monotonic seconds)."""
        now_s = self.clock.monotonic()
        if self.manual:
            return now_s
        full_s = now_s + max(self.full_ms - self.clock.now_ms(), 0) / 1000
        return min(self.light_s, full_s, self.event_s or full_s)
