"""What every part of the engine shares: the other rooms, clock, limits, sessions."""

from collections.abc import Callable
from dataclasses import dataclass
import random

from ..clock import Clock
from ..policy import Bounds, Waits
from .ports import Fetcher, Library
from .settings import EngineLimits
from .slots import Slots


@dataclass(frozen=True, slots=True)
class Rooms:
    """Handed to each worker; `changed` asks for a new status snapshot."""

    library: Library
    fetcher: Fetcher
    clock: Clock
    limits: EngineLimits
    waits: Waits
    bounds: Bounds
    rng: random.Random
    slots: Slots
    changed: Callable[[], None]
