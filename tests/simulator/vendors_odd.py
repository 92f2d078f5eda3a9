"""Devices whose web services are broken in ways that people reported; see `docs/devices`.

Like the shapes of `vendors.py` these are made up in the makers' style, and each combines
what was reported of several models.
"""

from .faults import Faults
from .soap.auth import AuthMode
from .spec import ALL_SERVICES, CameraSpec, NvrSpec


def dahua_old_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: lengths too big and kept open, no facts of the main stream, durations
    refused.
    """
    return NvrSpec(
        cameras=cameras,
        services=ALL_SERVICES - {"media2"},
        auth=AuthMode.WSS,
        source_token="{n:05d}",
        profile_token="MediaProfile{n:03d}0{index}",
        faults=Faults(
            framing_ops={"*": "length-too-big-kept"},
            main_without_facts="empty",
            absolute_times_only=True,
        ),
        **identity,
    )


def hikvision_old_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: 200 without a byte to whoever has not logged in, and an account that may
    not read the network.
    """
    return NvrSpec(
        cameras=cameras,
        auth=AuthMode.WSS,
        faults=Faults(
            anonymous_answer="empty",
            open_ops=["GetDeviceInformation"],
            forbidden_ops=["GetNetworkInterfaces"],
            absolute_times_only=True,
            lockout_after=5,
        ),
        **identity,
    )


def gm8135_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera on a cheap chip: a web server's 404 for what it lacks, prefixes nobody
    declares, every connection dropped, the device service elsewhere.
    """
    return NvrSpec(
        cameras=cameras,
        services=frozenset({"media", "events", "search", "replay", "recording"}),
        auth=AuthMode.WSS,
        faults=Faults(
            missing_ops={
                "GetServices": "404",
                "GetNetworkInterfaces": "404",
                "GetScopes": "empty-500",
            },
            framing_ops={"*": "reset-when-idle"},
            text_ops={"*": "undeclared-prefix"},
            device_path="/onvif/services",
            refuses_addressing=True,
        ),
        **identity,
    )


def dlink_like(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """Camera: a video source for each stream of its one lens, NVT probes only."""
    return NvrSpec(
        cameras=cameras,
        source_token="VideoSourceConfiguration",
        source_per_stream=True,
        discovery_types=("dn:NetworkVideoTransmitter",),
        faults=Faults(video_sources_told=1, framing_ops={"*": "length-too-big"}),
        **identity,
    )


def half_built_server(cameras: tuple[CameraSpec, ...], **identity: str) -> NvrSpec:
    """A server of a third party: of search only what lists recordings, by HTTP 400."""
    return NvrSpec(
        cameras=cameras,
        faults=Faults(
            missing_ops={
                "GetRecordingInformation": "empty-400",
                "GetRecordingSummary": "empty-400",
                "GetMediaAttributes": "empty-400",
                "EndSearch": "hangup",
                "trc:*": "404",
                "GetServiceCapabilities": "empty-400",
            },
            text_ops={"*": "latin-1-as-utf-8"},
            framing_ops={"*": "multipart"},
        ),
        **identity,
    )
