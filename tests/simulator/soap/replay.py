"""Replay Control service (ONVIF Replay 5): one address for a whole recording."""

from .envelope import SoapFault, invalid_arg, leaf, tag
from .media import check_stream_setup
from .service import Call, Service, operation


class ReplayService(Service):
    """GetReplayUri and its configuration."""

    name = "replay"
    prefix = "trp"
    path = "/onvif/replay_service"
    version = (21, 12)

    def capabilities(self, call: Call) -> str:
        """Return trp:Capabilities."""
        return tag(
            "trp:Capabilities",
            ReversePlayback=False,
            SessionTimeoutRange="1 60",
            RTP_RTSP_TCP=True,
        )

    @operation("GetReplayUri", "trp:StreamSetup trp:RecordingToken")
    def get_replay_uri(self, call: Call) -> str:
        """Replay 5.1."""
        protocol = check_stream_setup(call, "trp:StreamSetup")
        if self.nvr.faults.replay_only_udp and protocol == "RTSP":
            raise invalid_arg("ter:InvalidStreamSetup", "only UDP and HTTP")
        if self.nvr.faults.playback_forbidden:
            raise SoapFault(
                "Sender", "ter:NotAuthorized", reason="no right to play recordings"
            )
        token = call.request.body.need("trp:RecordingToken")
        channel = self.nvr.recorded_channel(token)
        if channel is None:
            raise invalid_arg("ter:NoRecording", f"no recording {token}")
        path = channel.replay_path + self.nvr.spec.replay_query
        return tag(
            "trp:GetReplayUriResponse",
            leaf("trp:Uri", self.nvr.rtsp_uri(call, path, protocol)),
        )

    @operation("GetReplayConfiguration")
    def get_replay_configuration(self, call: Call) -> str:
        """Replay 5.2; deprecated, the RTSP Session header decides."""
        return tag(
            "trp:GetReplayConfigurationResponse",
            tag(
                "trp:Configuration",
                leaf("tt:SessionTimeout", f"PT{self.nvr.faults.rtsp.session_timeout}S"),
            ),
        )
