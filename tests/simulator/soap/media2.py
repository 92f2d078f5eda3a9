"""Media service, version 2 (ONVIF Media2 5): the one of Profile T."""

from ..channels import Channel, Profile
from .envelope import invalid_arg, leaf, tag
from .media import (
    MediaBase,
    audio_encoding,
    audio_source_configuration,
    video_encoding,
    video_source_configuration,
)
from .service import Call, operation

_AUDIO = {
    "AAC": ("MP4A-LATM", 64, 16),
    "PCMU": ("PCMU", 64, 8),
    "PCMA": ("PCMA", 64, 8),
    "G722": ("G722", 64, 16),
}
_TYPES = {
    "All",
    "VideoSource",
    "VideoEncoder",
    "AudioSource",
    "AudioEncoder",
    "AudioOutput",
    "AudioDecoder",
    "Metadata",
    "Analytics",
    "PTZ",
    "Receiver",
}


class Media2Service(MediaBase):
    """Profiles with H.265, stream and snapshot addresses."""

    name = "media2"
    prefix = "tr2"
    path = "/onvif/media2_service"

    streaming = {  # noqa: RUF012 - read only
        "RTSPStreaming": True,
        "RTPMulticast": False,
        "RTP_RTSP_TCP": True,
    }

    @operation("GetProfiles", "tr2:Token? tr2:Type*")
    def get_profiles(self, call: Call) -> str:
        """Media2 5.2.2: without Type, no configurations."""
        body = call.request.body
        types = {item.text for item in body.all("tr2:Type")}
        if types - _TYPES:
            raise invalid_arg("ter:InvalidArgs", f"types {sorted(types - _TYPES)}")
        token = body.value("tr2:Token")
        pairs = [(c, p) for c in self.nvr.channels for p in c.profiles]
        if token is not None:
            pairs = [self.nvr.profile(token)]
        return tag(
            "tr2:GetProfilesResponse",
            [_profile(channel, profile, types) for channel, profile in pairs],
        )

    @operation("GetStreamUri", "tr2:Protocol tr2:ProfileToken")
    def get_stream_uri(self, call: Call) -> str:
        """Media2 5.4.1."""
        protocol = call.request.body.need("tr2:Protocol")
        if protocol not in ("RtspUnicast", "RTSP", "RtspOverHttp"):
            raise invalid_arg("ter:InvalidStreamSetup", f"protocol {protocol}")
        return tag(
            "tr2:GetStreamUriResponse",
            leaf("tr2:Uri", self.stream_address(call, protocol)),
        )

    @operation("GetSnapshotUri", "tr2:ProfileToken")
    def get_snapshot_uri(self, call: Call) -> str:
        """Media2 5.4.2."""
        return tag(
            "tr2:GetSnapshotUriResponse", leaf("tr2:Uri", self.snapshot_address(call))
        )


def _profile(channel: Channel, profile: Profile, types: set[str]) -> str:
    def wanted(kind: str) -> bool:
        return bool(types & {"All", kind})

    audio = channel.spec.audio
    parts = []
    if wanted("VideoSource"):
        parts.append(video_source_configuration("tr2:VideoSource", channel, profile))
    if wanted("AudioSource") and audio:
        parts.append(audio_source_configuration("tr2:AudioSource", channel))
    if wanted("VideoEncoder"):
        parts.append(_video_encoder(profile))
    if wanted("AudioEncoder") and audio:
        parts.append(_audio_encoder(channel, audio))
    return tag(
        "tr2:Profiles",
        leaf("tr2:Name", profile.name),
        tag("tr2:Configurations", parts) if parts else "",
        token=profile.token,
        fixed=True,
    )


def _video_encoder(profile: Profile) -> str:
    return tag(
        "tr2:VideoEncoder",
        video_encoding(profile),
        tag(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", 10),
            leaf("tt:BitrateLimit", 1024),
        ),
        leaf("tt:Quality", 5),
        token=profile.encoder_token,
        GovLength=profile.live.gop_ms // 100,
        Profile="Main",
    )


def _audio_encoder(channel: Channel, audio: str) -> str:
    return tag(
        "tr2:AudioEncoder",
        audio_encoding(*_AUDIO[audio]),
        token=f"AudioEncoder_{channel.number}",
    )
