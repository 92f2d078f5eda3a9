"""Media service, version 2 (ONVIF Media2 5): the one of Profile T."""

from ..channels import Channel, Profile
from .envelope import invalid_arg, leaf, tag
from .media import audio_source_configuration, video_source_configuration
from .service import Call, Service, operation

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


class Media2Service(Service):
    """Profiles with H.265, stream and snapshot addresses."""

    name = "media2"
    prefix = "tr2"
    path = "/onvif/media2_service"

    def capabilities(self, call: Call) -> str:
        """Return tr2:Capabilities."""
        return tag(
            "tr2:Capabilities",
            tag("tr2:ProfileCapabilities", MaximumNumberOfProfiles=64),
            tag(
                "tr2:StreamingCapabilities",
                RTSPStreaming=True,
                RTPMulticast=False,
                RTP_RTSP_TCP=True,
            ),
            SnapshotUri=not self.nvr.faults.no_snapshot,
        )

    @operation("GetServiceCapabilities", is_open=True)
    def get_service_capabilities(self, call: Call) -> str:
        """Media2 5.9."""
        return tag("tr2:GetServiceCapabilitiesResponse", self.capabilities(call))

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
        _, profile = self.nvr.profile(call.request.body.need("tr2:ProfileToken"))
        return tag(
            "tr2:GetStreamUriResponse",
            leaf("tr2:Uri", self.nvr.rtsp_uri(call, profile.path, protocol)),
        )

    @operation("GetSnapshotUri", "tr2:ProfileToken")
    def get_snapshot_uri(self, call: Call) -> str:
        """Media2 5.4.2."""
        channel, _ = self.nvr.profile(call.request.body.need("tr2:ProfileToken"))
        return tag(
            "tr2:GetSnapshotUriResponse",
            leaf("tr2:Uri", self.nvr.snapshot_uri(call, channel)),
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
    live = profile.live
    return tag(
        "tr2:VideoEncoder",
        leaf("tt:Name", profile.encoder_token),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", live.codec),
        tag(
            "tt:Resolution",
            leaf("tt:Width", live.width),
            leaf("tt:Height", live.height),
        ),
        tag(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", 10),
            leaf("tt:BitrateLimit", 1024),
        ),
        leaf("tt:Quality", 5),
        token=profile.encoder_token,
        GovLength=live.gop_ms // 100,
        Profile="Main",
    )


def _audio_encoder(channel: Channel, audio: str) -> str:
    encoding, bitrate, rate = _AUDIO[audio]
    return tag(
        "tr2:AudioEncoder",
        leaf("tt:Name", "Audio"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", encoding),
        leaf("tt:Bitrate", bitrate),
        leaf("tt:SampleRate", rate),
        token=f"AudioEncoder_{channel.number}",
    )
