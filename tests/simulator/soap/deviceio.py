"""Device I/O service (ONVIF Device-IO 5): how many inputs there are."""

from typing import override

from .envelope import Request, SoapFault, tag
from .media import video_sources_response
from .service import Call, Operation, Service, operation


class DeviceIoService(Service):
    """GetVideoSources."""

    name = "deviceio"
    prefix = "tmd"
    path = "/onvif/deviceio_service"

    def capabilities(self, call: Call) -> str:
        """Return tmd:Capabilities."""
        told = self.nvr.faults.video_sources_told
        count = len(self.nvr.channels) if told is None else told
        return tag("tmd:Capabilities", VideoSources=count)

    @operation("GetVideoSources")
    def get_video_sources(self, call: Call) -> str:
        """Device-IO 5.2: the messages are those of the Media service."""
        return video_sources_response(self.nvr.channels)

    @override
    def find(self, request: Request) -> Operation:
        """Return the operation; GetVideoSources is in the Media namespace (WSDL)."""
        if request.operation == "trt:GetVideoSources":
            return self.operations["GetVideoSources"]
        if request.operation == "tmd:GetVideoSources":
            raise SoapFault("Receiver", "ter:ActionNotSupported")
        return super().find(request)
