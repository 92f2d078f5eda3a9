"""Device I/O service (ONVIF Device-IO 5): how many inputs there are."""

from .envelope import leaf, tag
from .service import Call, Service, operation


class DeviceIoService(Service):
    """GetVideoSources as plain tokens."""

    name = "deviceio"
    prefix = "tmd"
    path = "/onvif/deviceio_service"

    def capabilities(self, call: Call) -> str:
        """Return tmd:Capabilities."""
        return tag("tmd:Capabilities", VideoSources=len(self.nvr.channels))

    @operation("GetServiceCapabilities", is_open=True)
    def get_service_capabilities(self, call: Call) -> str:
        """Device-IO 5.13."""
        return tag("tmd:GetServiceCapabilitiesResponse", self.capabilities(call))

    @operation("GetVideoSources")
    def get_video_sources(self, call: Call) -> str:
        """Device-IO 5.2."""
        tokens = dict.fromkeys(
            profile.source_token
            for channel in self.nvr.channels
            for profile in channel.profiles
        )
        return tag(
            "tmd:GetVideoSourcesResponse",
            [leaf("tmd:Token", token) for token in tokens],
        )
