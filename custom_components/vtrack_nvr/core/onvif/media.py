"""Requests of the two media services that are not zeep's, and their answers (M1, M2)."""

from ..models import StreamProfile
from .names import Service
from .soap import element, leaf
from .xml import Element, descendants, text

STREAM_SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


def build_profiles2() -> str:
    """Build Media 2's GetProfiles; without `Type` no configurations come back."""
    return element(
        "t:GetProfiles", leaf("t:Type", "All"), namespace=Service.MEDIA2.value
    )


def build_stream_uri2(profile_token: str, protocol: str = "RTSP") -> str:
    """Build Media 2's GetStreamUri (M2 5.4.1)."""
    return element(
        "t:GetStreamUri",
        leaf("t:Protocol", protocol) + leaf("t:ProfileToken", profile_token),
        namespace=Service.MEDIA2.value,
    )


def build_snapshot_uri2(profile_token: str) -> str:
    """Build Media 2's GetSnapshotUri."""
    return element(
        "t:GetSnapshotUri",
        leaf("t:ProfileToken", profile_token),
        namespace=Service.MEDIA2.value,
    )


def stream_uri_parameters(profile: StreamProfile) -> dict[str, object]:
    """Return the parameters of Media 1's GetStreamUri (M1 5.15.1)."""
    return {"StreamSetup": STREAM_SETUP, "ProfileToken": profile.token}


def read_uri(answer: Element) -> str:
    """Read the one URI of an answer (GetStreamUri, GetSnapshotUri, GetReplayUri)."""
    return next((text(item) for item in descendants(answer, "Uri") if text(item)), "")
