"""The one place that builds objects of the core, for everything else of the shell."""

from .camera_runtime import CameraRuntime
from .hub import HUB, VtrackHub
from .nvr import VtrackConfigEntry, VtrackRuntime

__all__ = ["HUB", "CameraRuntime", "VtrackConfigEntry", "VtrackHub", "VtrackRuntime"]
