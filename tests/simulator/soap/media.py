"""Media service, version 1 (ONVIF Media 5): the one of Profile S."""

from collections.abc import Mapping
from typing import ClassVar

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


def video_encoding(profile: Profile) -> str:
    """Return how an encoder configuration begins in both Media versions."""
    live = profile.live
    return (
        leaf("tt:Name", profile.encoder_token)
        + leaf("tt:UseCount", 1)
        + leaf("tt:Encoding", live.codec)
        + tag(
            "tt:Resolution",
            leaf("tt:Width", live.width),
            leaf("tt:Height", live.height),
        )
    )


def audio_encoding(encoding: str, bitrate: int, rate: int) -> str:
    """Return how a configuration of sound begins in both Media versions."""
    return (
        leaf("tt:Name", "Audio")
        + leaf("tt:UseCount", 1)
        + leaf("tt:Encoding", encoding)
        + leaf("tt:Bitrate", bitrate)
        + leaf("tt:SampleRate", rate)
    )


def _video_encoder(profile: Profile) -> str:
    return tag(
        "tt:VideoEncoderConfiguration",
        video_encoding(profile),
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
    return tag(
        "tt:AudioEncoderConfiguration",
        audio_encoding(*_AUDIO.get(audio, ("G726", 32, 8))),
        _MULTICAST,
        leaf("tt:SessionTimeout", "PT60S"),
        token=f"AudioEncoder_{channel.number}",
    )


class MediaBase(Service):
    """What both Media versions have in common; namespaces and a few words differ."""

    streaming: ClassVar[Mapping[str, bool]]
    """Attributes of StreamingCapabilities."""

    def capabilities(self, call: Call) -> str:
        """Return Capabilities."""
        return tag(
            f"{self.prefix}:Capabilities",
            tag(f"{self.prefix}:ProfileCapabilities", MaximumNumberOfProfiles=64),
            tag(f"{self.prefix}:StreamingCapabilities", **self.streaming),
            SnapshotUri=not self.nvr.faults.no_snapshot,
            **self.more_capabilities(),
        )

    def more_capabilities(self) -> Mapping[str, bool]:
        """Return attributes that only one version has."""
        return {}

    def stream_address(self, call: Call, protocol: str) -> str:
        """Return the live address of the profile a request names."""
        _, profile = self._asked(call)
        if self.nvr.faults.stream_uri is not None:
            return self.nvr.faults.stream_uri
        return self.nvr.rtsp_uri(call, profile.path, protocol)

    def snapshot_address(self, call: Call) -> str:
        """Return the address of a still of the profile a request names."""
        channel, _ = self._asked(call)
        return self.nvr.snapshot_uri(call, channel)

    def _asked(self, call: Call) -> tuple[Channel, Profile]:
        return self.nvr.profile(call.request.body.need(f"{self.prefix}:ProfileToken"))


class MediaService(MediaBase):
    """Profiles, sources, stream and snapshot addresses."""

    name = "media"
    prefix = "trt"
    path = "/onvif/media_service"
    streaming = {"RTPMulticast": False, "RTP_TCP": True, "RTP_RTSP_TCP": True}  # noqa: RUF012 - read only

    def more_capabilities(self) -> Mapping[str, bool]:
        """Media 1 can tell whether pictures can be turned."""
        return {"Rotation": False}

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
        channel, profile = self._asked(call)
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
            self._encoder(profile) if is_expressible else "",
            _audio_encoder(channel, audio) if audio else "",
            token=profile.token,
            fixed=True,
        )

    def _encoder(self, profile: Profile) -> str:
        kind = self.nvr.faults.main_without_facts if profile.stream == "main" else ""
        if kind == "missing":
            return ""
        if kind == "empty":
            return tag(
                "tt:VideoEncoderConfiguration",
                leaf("tt:Name", profile.encoder_token),
                leaf("tt:UseCount", 1),
                token=profile.encoder_token,
            )
        return _video_encoder(profile)

    @operation("GetVideoSources")
    def get_video_sources(self, call: Call) -> str:
        """Media 5.3.1."""
        return video_sources_response(self.nvr.channels)

    @operation("GetStreamUri", "trt:StreamSetup trt:ProfileToken")
    def get_stream_uri(self, call: Call) -> str:
        """Media 5.15.1."""
        protocol = check_stream_setup(call, "trt:StreamSetup")
        return tag(
            "trt:GetStreamUriResponse", _media_uri(self.stream_address(call, protocol))
        )

    @operation("GetSnapshotUri", "trt:ProfileToken")
    def get_snapshot_uri(self, call: Call) -> str:
        """Media 5.15.2."""
        return tag(
            "trt:GetSnapshotUriResponse", _media_uri(self.snapshot_address(call))
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
