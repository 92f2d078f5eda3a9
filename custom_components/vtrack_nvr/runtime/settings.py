"""From what a config entry keeps to the settings of the core."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_BANDWIDTH,
    CONF_CHANNEL,
    CONF_CLIP_MINUTES,
    CONF_EVENT_CLASSES,
    CONF_INTERVAL,
    CONF_MISSING_AFTER,
    CONF_MODE,
    CONF_ORDER,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_PROFILES,
    CONF_RETENTION_DAYS,
    CONF_RETENTION_GB,
    CONF_SECOND_AFTER,
    CONF_SECOND_STORAGE,
    CONF_SEEN,
    CONF_SESSIONS,
    CONF_SETTLE,
    CONF_SOURCE,
    CONF_SYNC,
    CONF_TIME_CORRECTION,
    DEFAULT_INTERVAL,
    DEFAULT_MISSING_AFTER,
    DEFAULT_SECOND_AFTER,
    NO_SECOND,
    SUBENTRY_CAMERA,
)
from ..core.library.values import GIGABYTE, Retention
from ..core.models import StreamProfile
from ..core.sync.settings import (
    CameraSettings,
    NvrSettings,
    SourceChoice,
    SyncMode,
    SyncOrder,
)
from ..core.sync.week import WeekPlan

FULL_SWEEP_HOUR = 3
"""The local hour of the nightly look at everything."""


def utc_hour(local_hour: int) -> int:
    """Return the hour of UTC that is a local hour today."""
    offset = dt_util.now().utcoffset() or timedelta()
    return round(local_hour - offset / timedelta(hours=1)) % 24


def camera_settings(
    data: Mapping[str, Any], week: WeekPlan | None = None
) -> CameraSettings:
    """Read a camera's subentry; `week` is what its schedule helper says."""
    classes = data.get(CONF_EVENT_CLASSES)
    return CameraSettings(
        is_enabled=data.get(CONF_SYNC, True),
        mode=SyncMode(data[CONF_MODE]),
        source=SourceChoice(data[CONF_SOURCE]),
        order=SyncOrder(data[CONF_ORDER]),
        retention_days=data[CONF_RETENTION_DAYS] or None,
        clip_ms=data[CONF_CLIP_MINUTES] * 60_000,
        pre_roll_ms=data[CONF_PRE_ROLL] * 1000,
        post_roll_ms=data[CONF_POST_ROLL] * 1000,
        settle_s=float(data[CONF_SETTLE]),
        event_classes=None if classes is None else frozenset(classes),
        week=week,
    )


def second_storage(data: Mapping[str, Any]) -> str | None:
    """Return the folder a camera's older clips go to, None where they stay."""
    path = data.get(CONF_SECOND_STORAGE, NO_SECOND)
    return None if path == NO_SECOND else str(path)


def camera_retention(data: Mapping[str, Any], second_root: int | None) -> Retention:
    """Read how long a camera's clips stay, and when they go to the second root."""
    kept = Retention(
        days=data[CONF_RETENTION_DAYS] or None,
        max_bytes=data[CONF_RETENTION_GB] * GIGABYTE or None,
    )
    if second_root is None:
        return kept
    return replace(
        kept,
        move_after_days=data.get(CONF_SECOND_AFTER, DEFAULT_SECOND_AFTER),
        move_to_root=second_root,
    )


def nvr_settings(options: Mapping[str, Any]) -> NvrSettings:
    """Read an entry's options."""
    sessions = options.get(CONF_SESSIONS, 1)
    return NvrSettings(
        interval_s=options.get(CONF_INTERVAL, DEFAULT_INTERVAL) * 60.0,
        sessions=sessions if sessions > 1 else None,
        bytes_per_second=options.get(CONF_BANDWIDTH, 0) * 125_000 or None,
        full_sweep_hour=utc_hour(FULL_SWEEP_HOUR),
        time_correction_ms=options.get(CONF_TIME_CORRECTION, 0) * 60_000,
        missing_after_s=options.get(CONF_MISSING_AFTER, DEFAULT_MISSING_AFTER) * 60.0,
    )


def stream_profiles(data: Mapping[str, Any]) -> tuple[StreamProfile, ...]:
    """Read the streams of a camera, the largest picture first."""
    return tuple(StreamProfile(**profile) for profile in data.get(CONF_PROFILES, ()))


def only_camera(entry: ConfigEntry[Any]) -> str | None:
    """Return the subentry of the one camera that a device has, None if it has others.

    A recorder of which only one channel is kept stays a recorder.
    """
    cameras = [
        subentry
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_CAMERA
    ]
    seen = entry.data.get(CONF_SEEN)
    if len(cameras) != 1 or seen is None:
        return None
    [camera] = cameras
    return None if {*seen} - {camera.data[CONF_CHANNEL]} else camera.subentry_id
