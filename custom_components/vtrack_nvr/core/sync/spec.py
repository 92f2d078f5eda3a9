"""What the shell hands the engine for each NVR and each of its cameras."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..models import CameraKey, NvrKey
from .ports import Device, Gate, LiveSource
from .settings import CameraSettings, NvrSettings


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera of an NVR.

    `recording_tokens`: the recordings that hold its footage (the camera ↔ recording map,
    onvif-profile-g §1.6); empty where it has no Profile G. `source_tokens`: what pull-point
    events call it (video source, configuration or recording tokens). `can_live`: a live
    stream exists. `live`: who records it, for requests; None where nobody does.
    """

    settings: CameraSettings = field(default_factory=CameraSettings)
    recording_tokens: tuple[str, ...] = ()
    source_tokens: frozenset[str] = frozenset()
    can_live: bool = False
    live: LiveSource | None = None


@dataclass(frozen=True, slots=True)
class NvrSpec:
    """One NVR: its device, its cameras, and the gate of its background work."""

    key: NvrKey
    device: Device
    cameras: Mapping[CameraKey, CameraSpec] = field(default_factory=dict)
    settings: NvrSettings = field(default_factory=NvrSettings)
    gate: Gate | None = None
