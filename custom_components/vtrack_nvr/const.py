"""Names that several files of the shell share."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "vtrack_nvr"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
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

# Subentry data: a camera and how it is kept.
CONF_CHANNEL: Final = "channel"
CONF_CLIP_MINUTES: Final = "clip_minutes"
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
