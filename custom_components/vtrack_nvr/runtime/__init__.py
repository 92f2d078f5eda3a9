"""The one place that builds objects of the core, for everything else of the shell."""

from homeassistant.config_entries import ConfigEntry

from ..core.library.values import (
    CameraInfo,
    Export,
    IndexEventKind,
    LibraryEvent,
    LibraryEventKind,
    RoomTrouble,
    RootInfo,
)
from .footage import async_missing_unstarted
from .hub import HUB, VtrackHub
from .nvr import CameraRuntime, VtrackRuntime

type VtrackConfigEntry = ConfigEntry[VtrackRuntime]

__all__ = [
    "HUB",
    "CameraInfo",
    "CameraRuntime",
    "Export",
    "IndexEventKind",
    "LibraryEvent",
    "LibraryEventKind",
    "RoomTrouble",
    "RootInfo",
    "VtrackConfigEntry",
    "VtrackHub",
    "VtrackRuntime",
    "async_missing_unstarted",
]
