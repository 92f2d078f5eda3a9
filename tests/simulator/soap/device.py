"""Device Management service (ONVIF Core 8)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from .envelope import NS, invalid_arg, leaf, parse_bool, tag
from .service import Call, Service, operation

if TYPE_CHECKING:
    from ..spec import NvrSpec


class DeviceService(Service):
    """Identity, clock, service map, network."""

    name = "device"
    prefix = "tds"
    path = "/onvif/device_service"

    def capabilities(self, call: Call) -> str:
        """Return tds:Capabilities; attributes are those Core 8.1.2.4 lists."""
        mode = self.nvr.spec.auth
        return tag(
            "tds:Capabilities",
            tag("tds:Network", NTP=1, DynDNS=False, IPVersion6=False),
            tag(
                "tds:Security",
                UsernameToken=mode in ("wss", "both"),
                HttpDigest=mode in ("digest", "both"),
            ),
            tag("tds:System", DiscoveryResolve=False, DiscoveryBye=True),
        )

    @operation("GetSystemDateAndTime", is_open=True)
    def get_system_date_and_time(self, call: Call) -> str:
        """Core 8.3.6."""
        spec, faults = self.nvr.spec, self.nvr.faults
        utc_ms = self.nvr.clock.now_ms()
        local_ms = utc_ms + spec.local_offset_ms
        utc = "" if faults.no_utc_time or faults.no_times else self._time("UTC", utc_ms)
        local = "" if faults.no_times else self._time("Local", local_ms)
        return tag(
            "tds:GetSystemDateAndTimeResponse",
            tag(
                "tds:SystemDateAndTime",
                leaf("tt:DateTimeType", "NTP" if spec.is_ntp else "Manual"),
                leaf("tt:DaylightSavings", value=False),
                tag("tt:TimeZone", leaf("tt:TZ", spec.timezone)),
                utc,
                local,
            ),
        )

    def _time(self, kind: str, ms: int) -> str:
        moment = datetime.fromtimestamp(ms // 1000, UTC)
        hour, minute, second = moment.hour, moment.minute, moment.second
        day = moment.day
        if self.nvr.faults.impossible_date:
            day, hour, second = 0, 24, 60
        return tag(
            f"tt:{kind}DateTime",
            tag(
                "tt:Time",
                leaf("tt:Hour", hour),
                leaf("tt:Minute", minute),
                leaf("tt:Second", second),
            ),
            tag(
                "tt:Date",
                leaf("tt:Year", moment.year),
                leaf("tt:Month", moment.month),
                leaf("tt:Day", day),
            ),
        )

    @operation("GetServices", "tds:IncludeCapability", is_open=True)
    def get_services(self, call: Call) -> str:
        """Core 8.1.2.2."""
        include = parse_bool(call.request.body.need("tds:IncludeCapability"))
        services = []
        for service in self.nvr.announced_services():
            content = service.capabilities(call)
            if self.nvr.faults.upper_case_booleans:
                content = content.replace('"true"', '"TRUE"').replace(
                    '"false"', '"False"'
                )
            services.append(
                tag(
                    "tds:Service",
                    leaf("tds:Namespace", NS[service.prefix]),
                    leaf("tds:XAddr", self.nvr.xaddr(call, service)),
                    tag("tds:Capabilities", content) if include else "",
                    tag(
                        "tds:Version",
                        leaf("tt:Major", service.version[0]),
                        leaf("tt:Minor", service.version[1]),
                    ),
                )
            )
        return tag("tds:GetServicesResponse", services)

    @operation("GetCapabilities", "tds:Category*", is_open=True)
    def get_capabilities(self, call: Call) -> str:
        """Core 8.1.2.4, Annex A: G services sit one level down, in Extension."""
        wanted = {item.text for item in call.request.body.all("tds:Category")}
        known = {"All", "Analytics", "Device", "Events", "Imaging", "Media", "PTZ"}
        if wanted - known:
            raise invalid_arg("ter:NoSuchService", f"category {sorted(wanted)}")
        is_all = not wanted or "All" in wanted
        parts = [
            self._legacy(call, name)
            for name in ("device", "events", "media")
            if is_all or name.capitalize() in wanted
        ]
        extension = [
            self._legacy(call, name)
            for name in ("deviceio", "recording", "search", "replay")
            if is_all
        ]
        if any(extension):
            parts.append(tag("tt:Extension", extension))
        return tag("tds:GetCapabilitiesResponse", tag("tds:Capabilities", parts))

    def _legacy(self, call: Call, name: str) -> str:
        service = self.nvr.services.get(name)
        if service is None:
            return ""
        xaddr = leaf("tt:XAddr", self.nvr.xaddr(call, service))
        match name:
            case "device":
                version = tag(
                    "tt:SupportedVersions", leaf("tt:Major", 2), leaf("tt:Minor", 60)
                )
                flags = (
                    "DiscoveryResolve DiscoveryBye RemoteDiscovery SystemBackup "
                    "SystemLogging FirmwareUpgrade"
                )
                system = [leaf(f"tt:{flag}", value=False) for flag in flags.split()]
                return tag("tt:Device", xaddr, tag("tt:System", system, version))
            case "events":
                flags = (
                    "WSSubscriptionPolicySupport WSPullPointSupport "
                    "WSPausableSubscriptionManagerInterfaceSupport"
                )
                return tag(
                    "tt:Events",
                    xaddr,
                    [
                        leaf(f"tt:{flag}", value=flag == "WSPullPointSupport")
                        for flag in flags.split()
                    ],
                )
            case "media":
                return tag(
                    "tt:Media",
                    xaddr,
                    tag(
                        "tt:StreamingCapabilities",
                        leaf("tt:RTPMulticast", value=False),
                        leaf("tt:RTP_TCP", value=True),
                        leaf("tt:RTP_RTSP_TCP", value=True),
                    ),
                )
            case "deviceio":
                names = (
                    "VideoSources VideoOutputs AudioSources AudioOutputs RelayOutputs"
                )
                counts = [
                    leaf(f"tt:{n}", self._video_sources() if n == "VideoSources" else 0)
                    for n in names.split()
                ]
                return tag("tt:DeviceIO", xaddr, counts)
            case "recording":
                return tag(
                    "tt:Recording",
                    xaddr,
                    leaf("tt:ReceiverSource", value=False),
                    leaf("tt:MediaProfileSource", value=True),
                    leaf("tt:DynamicRecordings", value=False),
                    leaf("tt:DynamicTracks", value=False),
                    leaf("tt:MaxStringLength", 64),
                )
            case "search":
                return tag("tt:Search", xaddr, leaf("tt:MetadataSearch", value=False))
            case _:
                return tag("tt:Replay", xaddr)

    def _video_sources(self) -> int:
        told = self.nvr.faults.video_sources_told
        return len(self.nvr.channels) if told is None else told

    @operation("GetDeviceInformation")
    def get_device_information(self, call: Call) -> str:
        """Core 8.3.1."""
        spec = self.nvr.spec
        return tag(
            "tds:GetDeviceInformationResponse",
            leaf("tds:Manufacturer", spec.manufacturer),
            leaf("tds:Model", spec.model),
            leaf("tds:FirmwareVersion", spec.firmware),
            leaf("tds:SerialNumber", spec.serial),
            leaf("tds:HardwareId", spec.hardware_id),
        )

    @operation("GetScopes")
    def get_scopes(self, call: Call) -> str:
        """Core 8.3.14."""
        scopes = [
            tag(
                "tds:Scopes",
                leaf("tt:ScopeDef", "Configurable" if "/name/" in scope else "Fixed"),
                leaf("tt:ScopeItem", scope),
            )
            for scope in scopes_of(self.nvr.spec)
        ]
        return tag("tds:GetScopesResponse", scopes)

    @operation("GetHostname", is_open=True)
    def get_hostname(self, call: Call) -> str:
        """Core 8.2.1."""
        return tag(
            "tds:GetHostnameResponse",
            tag(
                "tds:HostnameInformation",
                leaf("tt:FromDHCP", value=False),
                leaf("tt:Name", self.nvr.spec.name),
            ),
        )

    @operation("GetNetworkInterfaces")
    def get_network_interfaces(self, call: Call) -> str:
        """Core 8.2.7."""
        spec = self.nvr.spec
        address = tag(
            "tt:Manual",
            leaf("tt:Address", spec.host),
            leaf("tt:PrefixLength", 24),
        )
        return tag(
            "tds:GetNetworkInterfacesResponse",
            tag(
                "tds:NetworkInterfaces",
                leaf("tt:Enabled", value=True),
                tag(
                    "tt:Info",
                    leaf("tt:Name", "eth0"),
                    leaf("tt:HwAddress", spec.mac),
                    leaf("tt:MTU", 1500),
                ),
                tag(
                    "tt:IPv4",
                    leaf("tt:Enabled", value=True),
                    tag("tt:Config", address, leaf("tt:DHCP", value=False)),
                ),
                token="eth0",
            ),
        )

    @operation("GetNetworkProtocols")
    def get_network_protocols(self, call: Call) -> str:
        """Core 8.2.11."""
        ports = {
            "HTTPS" if self.nvr.spec.has_tls else "HTTP": self.nvr.port,
            "RTSP": self.nvr.rtsp_port,
        }
        return tag(
            "tds:GetNetworkProtocolsResponse",
            [
                tag(
                    "tds:NetworkProtocols",
                    leaf("tt:Name", name),
                    leaf("tt:Enabled", value=True),
                    leaf("tt:Port", port),
                )
                for name, port in ports.items()
            ],
        )

    @operation("GetEndpointReference", is_open=True)
    def get_endpoint_reference(self, call: Call) -> str:
        """Core 8.3.2 (the GUID of WS-Discovery)."""
        return tag(
            "tds:GetEndpointReferenceResponse",
            leaf("tds:GUID", f"urn:uuid:{self.nvr.spec.uuid}"),
        )


def scopes_of(spec: NvrSpec) -> list[str]:
    """Return the scope URIs of a device (C 7.3.2.2)."""
    base = "onvif://www.onvif.org"
    profiles = [
        profile
        for profile, needed in (
            ("Streaming", {"media"}),
            ("T", {"media2"}),
            ("G", {"search", "replay", "recording"}),
        )
        if needed <= spec.services
    ]
    return [
        f"{base}/type/video_encoder",
        *(f"{base}/Profile/{profile}" for profile in profiles),
        f"{base}/name/{quote(spec.name, safe='')}",
        f"{base}/hardware/{quote(spec.model, safe='')}",
        f"{base}/location/{quote(spec.location, safe='')}",
        f"{base}/MAC/{quote(spec.mac, safe=':')}",
    ]
