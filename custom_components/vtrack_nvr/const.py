"""Names that several files of the shell share."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "vtrack_nvr"
NAME: Final = "VTrack NVR"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
)

SUBENTRY_CAMERA: Final = "camera"

# Entry data: how to reach the device and who it is.
CONF_CLEARTEXT: Final = "cleartext"
CONF_DIGEST: Final = "digest"
CONF_ENDPOINT_ID: Final = "endpoint_id"
CONF_FINGERPRINT: Final = "fingerprint"
CONF_IDENTITY: Final = "identity"
CONF_NVR_KEY: Final = "nvr_key"
CONF_REPLAY: Final = "replay"
CONF_RTSP_PASSWORD: Final = "rtsp_password"  # noqa: S105 - the name of a field
CONF_RTSP_PORT: Final = "rtsp_port"
CONF_RTSP_USERNAME: Final = "rtsp_username"
CONF_SEEN: Final = "seen_channels"
CONF_STORAGE: Final = "storage"
CONF_TLS: Final = "tls"

# Entry options: how the NVR is treated.
CONF_BANDWIDTH: Final = "bandwidth"
CONF_GATE: Final = "gate"
CONF_INTERVAL: Final = "interval"
CONF_MISSING_AFTER: Final = "missing_after"
CONF_SESSIONS: Final = "sessions"
CONF_TIME_CORRECTION: Final = "time_correction"

# What holds for the whole installation.
CONF_FLOOR: Final = "floor"
CONF_FLOORS: Final = "floors"
CONF_TOTAL_SESSIONS: Final = "total_sessions"

# Subentry data: a camera and how it is kept.
CONF_CHANNEL: Final = "channel"
CONF_CLIP_MINUTES: Final = "clip_minutes"
CONF_EVENT_CLASSES: Final = "event_classes"
CONF_LIVE_GATE: Final = "live_gate"
CONF_MODE: Final = "mode"
CONF_NUMBER: Final = "number"
CONF_ORDER: Final = "order"
CONF_POST_ROLL: Final = "post_roll"
CONF_PRE_ROLL: Final = "pre_roll"
CONF_PROFILES: Final = "profiles"
CONF_RECORDINGS: Final = "recordings"
CONF_RETENTION_DAYS: Final = "retention_days"
CONF_RETENTION_GB: Final = "retention_gb"
CONF_SECOND_AFTER: Final = "second_after"
CONF_SECOND_STORAGE: Final = "second_storage"
CONF_SCHEDULE: Final = "schedule"
CONF_SETTLE: Final = "settle"
CONF_SOURCE: Final = "source"
CONF_STREAM: Final = "stream"
CONF_SYNC: Final = "sync"

NO_SECOND: Final = "none"
"""The second storage of a camera whose clips all stay in the first."""

DEFAULT_INTERVAL: Final = 15
DEFAULT_MISSING_AFTER: Final = 120
DEFAULT_RETENTION_DAYS: Final = 30
DEFAULT_SECOND_AFTER: Final = 7

EVENT_CLIP: Final = f"{DOMAIN}_clip"
"""Fired on the bus for every clip that is newly kept."""
EVENT_FOOTAGE_LOST: Final = f"{DOMAIN}_footage_lost"
"""Fired when a device has dropped wanted footage before it was copied."""
EVENT_STORAGE_PROBLEM: Final = f"{DOMAIN}_storage_problem"
"""Fired when a storage begins to have a problem, or has another one."""
EVENT_SYNC_FAILED: Final = f"{DOMAIN}_sync_failed"
"""Fired when a sync of an NVR ended before everything due was kept."""
EVENT_SYNC_FINISHED: Final = f"{DOMAIN}_sync_finished"
"""Fired when a sync of an NVR that brought something, or that was asked for, is done."""
