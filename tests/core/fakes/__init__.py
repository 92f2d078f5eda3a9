"""Stand-ins for the rooms around the engine, in memory, on a clock that tests move."""

from .clock import SimulatedClock
from .device import FakeDevice, FakeRecording
from .fetcher import FakeFetcher
from .library import FakeLibrary

__all__ = [
    "FakeDevice",
    "FakeFetcher",
    "FakeLibrary",
    "FakeRecording",
    "SimulatedClock",
]
