"""The names ONVIF gives to its services and namespaces (Core §8.1.2)."""

from enum import StrEnum

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
SCHEMA = "http://www.onvif.org/ver10/schema"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
DEVICE_PATH = "/onvif/device_service"
OTHER_DEVICE_PATHS = (
    "/onvif/device",
    "/onvif/services",
    "/onvif/service",
    "/device_service",
)
"""Where some devices have it in spite of Core 5.1.1."""


class Service(StrEnum):
    """The services we speak to; the value is the namespace."""

    DEVICE = "http://www.onvif.org/ver10/device/wsdl"
    MEDIA = "http://www.onvif.org/ver10/media/wsdl"
    MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
    EVENTS = "http://www.onvif.org/ver10/events/wsdl"
    SEARCH = "http://www.onvif.org/ver10/search/wsdl"
    REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
    RECORDING = "http://www.onvif.org/ver10/recording/wsdl"
    RECEIVER = "http://www.onvif.org/ver10/receiver/wsdl"
    DEVICE_IO = "http://www.onvif.org/ver10/deviceIO/wsdl"

    @property
    def label(self) -> str:
        """Return the short name for reports and logs ("media2")."""
        return self.name.lower()


LEGACY_CATEGORIES = {
    "device": Service.DEVICE,
    "media": Service.MEDIA,
    "events": Service.EVENTS,
    "search": Service.SEARCH,
    "replay": Service.REPLAY,
    "recording": Service.RECORDING,
    "receiver": Service.RECEIVER,
    "deviceio": Service.DEVICE_IO,
}
"""Elements of GetCapabilities, in lower case; Profile G's stand inside `Extension`."""
