"""Devices after what public reports say of makers' firmware; see `docs/devices`.

Each is a shape, not a copy: names and tokens are made up in the makers' style.
"""

from .faults import Faults
from .rtsp_faults import RtspFaults
from .soap.auth import AuthMode
from .spec import ALL_SERVICES, CameraSpec, Mapping, NvrSpec

_LIVE_ONLY = frozenset({"media", "media2", "events"})


def hikvision_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """NVR: one playback session, plays past the end, HTML 401 on WSS, source per stream."""
    return NvrSpec(
        cameras=cameras,
        source_token="VideoSourceToken{n}",
        profile_token="ProfileToken{n}0{index}",
        source_per_stream=True,
        auth=AuthMode.WSS,
        rtsp_challenges=("sha256",),
        digest_algorithms=("MD5", "SHA-256"),
        faults=Faults(
            wss_html_401=["tse:*", "trp:*", "trc:*"],
            lockout_after=7,
            rtsp=RtspFaults(
                plays_past_end=True,
                max_sessions=1,
                busy_on_describe=True,
                stop_without_authorized_keep_alive=True,
                terminal_flags=False,
                discontinuity_flags=False,
            ),
        ),
        **identity,
    )


def axis_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: short session timeout, nonce of 150 s, WSS window of 10 s, odd tokens."""
    return NvrSpec(
        cameras=cameras,
        recording_token="SD_DISK_20260101_00000{n}_A1B2C3D4",
        profile_token="profile_{n}_{stream}",
        replay_query=(
            "?onvifreplayid=SD_DISK&onvifreplayext=1&streamtype=unicast"
            "&session_timeout=30"
        ),
        faults=Faults(
            wss_window_s=10,
            digest_nonce_s=150,
            rtsp=RtspFaults(session_timeout=30, stale_after=150),
        ),
        **identity,
    )


def dahua_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """NVR: channels from 0, control after the query, recordings told as files."""
    return NvrSpec(
        cameras=cameras,
        first_channel=0,
        mapping=Mapping.NUMBERS,
        source_token="{n:03d}",
        profile_token="MediaProfile{n:03d}0{index}",
        recording_token="RecordMediaProfile{n:03d}00",
        replay_query="?channel=1&subtype=0",
        faults=Faults(
            file_minutes=30,
            duplicate_events=True,
            rtsp=RtspFaults(control="after-query", terminal_flags=False),
        ),
        **identity,
    )


def hanwha_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """NVR: header extension only with Require, times without Z."""
    return NvrSpec(
        cameras=cameras,
        recording_token="Recording-{n}",
        mapping=Mapping.NUMBERS,
        faults=Faults(
            times_without_z=True, rtsp=RtspFaults(extension_needs_require="both")
        ),
        **identity,
    )


def milesight_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: plain Profile G, only Recording/State in its history."""
    return NvrSpec(
        cameras=cameras,
        faults=Faults(only_recording_state=True, no_status=True),
        **identity,
    )


def tapo_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: G services with empty addresses, WSS only, no Media 2."""
    return NvrSpec(
        cameras=cameras,
        auth=AuthMode.WSS,
        services=ALL_SERVICES - {"media2"},
        faults=Faults(empty_g_xaddrs=True, no_get_services=True, no_snapshot=True),
        **identity,
    )


def reolink_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera or NVR without Profile G."""
    return NvrSpec(cameras=cameras, services=_LIVE_ONLY, **identity)


def no_name(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Clone: 127.0.0.9 and a wrong port in every address, local time sold as UTC, no G."""
    return NvrSpec(
        cameras=cameras,
        services=frozenset({"media", "events"}),
        auth=AuthMode.WSS,
        clock_offset_ms=8 * 3_600_000,
        timezone="CST-8",
        faults=Faults(
            wss_true_time=True,
            xaddr_host="127.0.0.9",
            xaddr_port=5000,
            rtsp_uri_blanks=True,
        ),
        **identity,
    )
