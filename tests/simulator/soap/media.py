"""Media service, version 1 (ONVIF Media 5): the one of Profile S."""

from ..channels import Channel, Profile
from .envelope import SoapFault, invalid_arg, leaf, tag
from .service import Call, Service, operation

_MULTICAST = tag(
    "tt:Multicast",
    tag("tt:Address", leaf("tt:Type", "IPv4"), leaf("tt:IPv4Address", "0.0.0.0")),
    leaf("tt:Port", 0),
    leaf("tt:TTL", 1),
    leaf("tt:AutoStart", value=False),
)
_AUDIO = {"AAC": ("AAC", 64, 16), "PCMU": ("G711", 64, 8), "PCMA": ("G711", 64, 8)}


def video_source_configuration(name: str, channel: Channel, profile: Profile) -> str:
    """Return a tt:VideoSourceConfiguration under `name`; both Media versions use it."""
    return tag(
        name,
        leaf("tt:Name", channel.spec.name),
        leaf("tt:UseCount", len(channel.profiles)),
        leaf("tt:SourceToken", profile.source_token),
        tag(
            "tt:Bounds",
            x=0,
            y=0,
            width=channel.spec.width,
            height=channel.spec.height,
        ),
        token=f"VideoSourceConfig_{channel.number}",
    )


def audio_source_configuration(name: str, channel: Channel) -> str:
    """Return a tt:AudioSourceConfiguration under `name`."""
    return tag(
        name,
        leaf("tt:Name", "Audio"),
        leaf("tt:UseCount", len(channel.profiles)),
        leaf("tt:SourceToken", f"AudioSource_{channel.number}"),
        token=f"AudioSourceConfig_{channel.number}",
    )


def _video_encoder(profile: Profile) -> str:
    live = profile.live
    return tag(
        "tt:VideoEncoderConfiguration",
        leaf("tt:Name", profile.encoder_token),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", live.codec),
        tag(
            "tt:Resolution",
            leaf("tt:Width", live.width),
            leaf("tt:Height", live.height),
        ),
        leaf("tt:Quality", 5),
        tag(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", 10),
            leaf("tt:EncodingInterval", 1),
            leaf("tt:BitrateLimit", 1024),
        ),
        tag("tt:H264", leaf("tt:GovLength", 20), leaf("tt:H264Profile", "Main")),
        _MULTICAST,
        leaf("tt:SessionTimeout", "PT60S"),
        token=profile.encoder_token,
    )


def _audio_encoder(channel: Channel, audio: str) -> str:
    encoding, bitrate, rate = _AUDIO.get(audio, ("G726", 32, 8))
    return tag(
        "tt:AudioEncoderConfiguration",
        leaf("tt:Name", "Audio"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", encoding),
        leaf("tt:Bitrate", bitrate),
        leaf("tt:SampleRate", rate),
        _MULTICAST,
        leaf("tt:SessionTimeout", "PT60S"),
        token=f"AudioEncoder_{channel.number}",
    )


class MediaService(Service):
    """Profiles, sources, stream and snapshot addresses."""

    name = "media"
    prefix = "trt"
    path = "/onvif/media_service"

    def capabilities(self, call: Call) -> str:
        """Return trt:Capabilities."""
        return tag(
            "trt:Capabilities",
            tag("trt:ProfileCapabilities", MaximumNumberOfProfiles=64),
            tag(
                "trt:StreamingCapabilities",
                RTPMulticast=False,
                RTP_TCP=True,
                RTP_RTSP_TCP=True,
            ),
            SnapshotUri=not self.nvr.faults.no_snapshot,
            Rotation=False,
        )

    @operation("GetServiceCapabilities", is_open=True)
    def get_service_capabilities(self, call: Call) -> str:
        """Media 5.17."""
        return tag("trt:GetServiceCapabilitiesResponse", self.capabilities(call))

    @operation("GetProfiles")
    def get_profiles(self, call: Call) -> str:
        """Media 5.2.2."""
        return tag(
            "trt:GetProfilesResponse",
            [
                self._profile("trt:Profiles", channel, profile)
                for channel in self.nvr.channels
                for profile in channel.profiles
            ],
        )

    @operation("GetProfile", "trt:ProfileToken")
    def get_profile(self, call: Call) -> str:
        """Media 5.2.3."""
        channel, profile = self.nvr.profile(call.request.body.need("trt:ProfileToken"))
        return tag(
            "trt:GetProfileResponse", self._profile("trt:Profile", channel, profile)
        )

    def _profile(self, name: str, channel: Channel, profile: Profile) -> str:
        audio = channel.spec.audio
        # tt:VideoEncoding of Media 1 knows no H265: the configuration is left out.
        is_expressible = profile.live.codec == "H264"
        return tag(
            name,
            leaf("tt:Name", profile.name),
            video_source_configuration("tt:VideoSourceConfiguration", channel, profile),
            audio_source_configuration("tt:AudioSourceConfiguration", channel)
            if audio
            else "",
            _video_encoder(profile) if is_expressible else "",
            _audio_encoder(channel, audio) if audio else "",
            token=profile.token,
            fixed=True,
        )

    @operation("GetVideoSources")
    def get_video_sources(self, call: Call) -> str:
        """Media 5.3.1."""
        return video_sources_response(self.nvr.channels)

    @operation("GetStreamUri", "trt:StreamSetup trt:ProfileToken")
    def get_stream_uri(self, call: Call) -> str:
        """Media 5.15.1."""
        protocol = check_stream_setup(call, "trt:StreamSetup")
        _, profile = self.nvr.profile(call.request.body.need("trt:ProfileToken"))
        return tag(
            "trt:GetStreamUriResponse",
            _media_uri(self.nvr.rtsp_uri(call, profile.path, protocol)),
        )

    @operation("GetSnapshotUri", "trt:ProfileToken")
    def get_snapshot_uri(self, call: Call) -> str:
        """Media 5.15.2."""
        channel, _ = self.nvr.profile(call.request.body.need("trt:ProfileToken"))
        return tag(
            "trt:GetSnapshotUriResponse",
            _media_uri(self.nvr.snapshot_uri(call, channel)),
        )


def video_sources_response(channels: list[Channel]) -> str:
    """Return trt:GetVideoSourcesResponse; Device-IO answers with it, too."""
    tokens: dict[str, Channel] = {}
    for channel in channels:
        for profile in channel.profiles:
            tokens.setdefault(profile.source_token, channel)
    return tag(
        "trt:GetVideoSourcesResponse",
        [
            tag(
                "trt:VideoSources",
                leaf("tt:Framerate", 10),
                tag(
                    "tt:Resolution",
                    leaf("tt:Width", channel.spec.width),
                    leaf("tt:Height", channel.spec.height),
                ),
                token=token,
            )
            for token, channel in tokens.items()
        ],
    )


def _media_uri(uri: str) -> str:
    return tag(
        "trt:MediaUri",
        leaf("tt:Uri", uri),
        leaf("tt:InvalidAfterConnect", value=False),
        leaf("tt:InvalidAfterReboot", value=False),
        leaf("tt:Timeout", "PT0S"),
    )


def check_stream_setup(call: Call, name: str) -> str:
    """Return the protocol of a tt:StreamSetup, or raise InvalidStreamSetup."""
    setup = call.request.body.first(name)
    transport = setup.first("tt:Transport") if setup else None
    names = [child.name for child in setup.children] if setup else []
    protocol = transport.value("tt:Protocol") if transport else None
    if names != ["tt:Stream", "tt:Transport"] or protocol is None:
        raise SoapFault(
            "Sender", "ter:InvalidArgs", reason="Stream and Transport wanted, in order"
        )
    if setup is not None and setup.value("tt:Stream") != "RTP-Unicast":
        raise invalid_arg("ter:InvalidStreamSetup", "only RTP-Unicast")
    if protocol not in ("RTSP", "UDP", "HTTP"):
        raise invalid_arg("ter:InvalidStreamSetup", f"protocol {protocol}")
    return protocol
