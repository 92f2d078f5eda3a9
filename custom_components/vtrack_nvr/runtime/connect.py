"""From an address and a login to a device of the core, for flows and entries alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from homeassistant.components import network
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.ssl import SSLCipherList

from ..const import (
    CONF_FINGERPRINT,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_TLS,
)
from ..core.clock import SystemClock
from ..core.device_report import DeviceReport
from ..core.login_guard import LoginGuard
from ..core.onvif.client import OnvifDevice
from ..core.onvif.discovery import discover
from ..core.onvif.found import FoundDevice
from ..core.onvif.probe import ProbeAnswer, ProbeProgress, ProbeResult, probe
from ..core.onvif.targets import Target, TargetError, parse_targets
from ..core.onvif.tls import TlsMode, TlsOptions, certificate_fingerprint

__all__ = [
    "Address",
    "FoundDevice",
    "Login",
    "ProbeAnswer",
    "ProbeResult",
    "TargetError",
    "TlsMode",
    "async_discover",
    "async_fingerprint",
    "async_inspect",
    "async_probe",
    "build_device",
    "targets_of",
]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device answers and how to speak to it there."""

    host: str
    port: int
    tls: TlsMode = TlsMode.OFF
    fingerprint: str = ""
    rtsp_port: int | None = None
    endpoint_id: str = ""

    @classmethod
    def of_entry(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a config entry."""
        return cls(
            data[CONF_HOST],
            data[CONF_PORT],
            TlsMode(data.get(CONF_TLS, TlsMode.OFF)),
            data.get(CONF_FINGERPRINT, ""),
            data.get(CONF_RTSP_PORT),
        )

    @classmethod
    def of_found(cls, found: FoundDevice) -> Self:
        """Take the address of a device that discovery found."""
        return cls(
            found.host,
            found.port,
            TlsMode.VERIFY if found.is_https else TlsMode.OFF,
            endpoint_id=found.endpoint_id,
        )

    def as_data(self) -> dict[str, Any]:
        """Return what a config entry keeps."""
        return {
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_TLS: str(self.tls),
            CONF_FINGERPRINT: self.fingerprint,
            CONF_RTSP_PORT: self.rtsp_port,
        }

    def with_rtsp_port(self, port: int | None) -> Address:
        """Return the same address with RTSP on another port than it says itself."""
        return replace(self, rtsp_port=port)

    def trusting(self, fingerprint: str) -> Address:
        """Return the same address, accepting exactly this certificate."""
        return replace(self, tls=TlsMode.FINGERPRINT, fingerprint=fingerprint)

    @property
    def shown(self) -> str:
        """Return host and port as people write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the address of the device's own pages."""
        scheme = "http" if self.tls is TlsMode.OFF else "https"
        return f"{scheme}://{self.shown}"


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, and those of RTSP where they differ."""

    username: str
    password: str = field(repr=False)
    rtsp_username: str = ""
    rtsp_password: str = field(default="", repr=False)

    @classmethod
    def of_entry(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a config entry."""
        return cls(
            data.get(CONF_USERNAME, ""),
            data.get(CONF_PASSWORD, ""),
            data.get(CONF_RTSP_USERNAME, ""),
            data.get(CONF_RTSP_PASSWORD, ""),
        )

    def as_data(self) -> dict[str, Any]:
        """Return what a config entry keeps."""
        return {
            CONF_USERNAME: self.username,
            CONF_PASSWORD: self.password,
            CONF_RTSP_USERNAME: self.rtsp_username,
            CONF_RTSP_PASSWORD: self.rtsp_password,
        }

    @property
    def for_rtsp(self) -> tuple[str, str]:
        """Return user and password for RTSP."""
        if self.rtsp_username:
            return self.rtsp_username, self.rtsp_password
        return self.username, self.password


def build_device(
    hass: HomeAssistant,
    address: Address,
    login: Login,
    login_guard: LoginGuard | None = None,
) -> OnvifDevice:
    """Return a device that uses Home Assistant's HTTP session; nothing is sent yet."""
    verify = address.tls is TlsMode.VERIFY
    session = async_get_clientsession(
        hass,
        verify_ssl=verify,
        ssl_cipher=(SSLCipherList.PYTHON_DEFAULT if verify else SSLCipherList.INSECURE),
    )
    return OnvifDevice(
        address.host,
        address.port,
        login.username,
        login.password,
        session=session,
        clock=SystemClock(),
        tls=TlsOptions(address.tls, address.fingerprint),
        login_guard=login_guard,
        rtsp_port=address.rtsp_port,
        endpoint_id=address.endpoint_id,
    )


async def async_inspect(
    hass: HomeAssistant, address: Address, login: Login
) -> DeviceReport:
    """Connect once and return what the device can do; raises `NvrError`."""
    device = build_device(hass, address, login, LoginGuard())
    try:
        await device.connect()
        return await device.report()
    finally:
        await device.close()


async def async_discover(
    hass: HomeAssistant, on_progress: Callable[[float], None] | None = None
) -> tuple[FoundDevice, ...]:
    """Search the networks that Home Assistant may use, by multicast."""
    addresses = [
        str(source)
        for source in await network.async_get_enabled_source_ips(hass)
        if source.version == 4 and not source.is_loopback
    ]
    if not addresses:
        return ()
    return await discover(addresses, on_progress=on_progress)


def targets_of(hosts: str, ports: str) -> tuple[Target, ...]:
    """Read addresses and ports as people write them; raises `TargetError`."""
    return parse_targets(hosts, ports)


async def async_probe(
    hass: HomeAssistant,
    targets: Sequence[Target],
    on_progress: Callable[[ProbeProgress], None] | None = None,
) -> tuple[ProbeResult, ...]:
    """Ask each address and port whether ONVIF lives there."""
    return await probe(
        targets,
        session=async_get_clientsession(hass, verify_ssl=False),
        clock=SystemClock(),
        on_progress=on_progress,
    )


async def async_fingerprint(address: Address) -> str:
    """Return the fingerprint of the certificate shown there; raises `NvrError`."""
    return await certificate_fingerprint(address.host, address.port)
