"""From an address and a login to a device of the core, for flows and entries alike."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from homeassistant.components import network
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.ssl import SSLCipherList

from ..const import (
    CONF_CLEARTEXT,
    CONF_DIGEST,
    CONF_ENDPOINT_ID,
    CONF_FINGERPRINT,
    CONF_IDENTITY,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_TLS,
)
from ..core.clock import SystemClock
from ..core.device_report import DeviceReport
from ..core.diagnose.soap_tap import SoapTap
from ..core.login_guard import LoginGuard
from ..core.models import DeviceIdentity
from ..core.onvif.client import EndpointOf, OnvifDevice
from ..core.onvif.discovery import discover
from ..core.onvif.identity import Marks
from ..core.onvif.probe import ProbeProgress, ProbeResult, probe
from ..core.onvif.probe_match import FoundDevice
from ..core.onvif.targets import Target
from ..core.onvif.tls import (
    ShownCertificate,
    TlsMode,
    TlsOptions,
    shown_certificate,
)


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
            data.get(CONF_ENDPOINT_ID, ""),
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
            CONF_ENDPOINT_ID: self.endpoint_id,
        }

    def with_rtsp_port(self, port: int | None) -> Address:
        """Return the same address with RTSP on another port than it says itself."""
        return replace(self, rtsp_port=port)

    def trusting(self, fingerprint: str) -> Address:
        """Return the same address, accepting exactly this certificate."""
        return replace(self, tls=TlsMode.FINGERPRINT, fingerprint=fingerprint)

    def at(self, host: str, port: int) -> Address:
        """Return the same device elsewhere; what is demanded of it stays as it was."""
        return replace(self, host=host, port=port)

    @property
    def is_checked(self) -> bool:
        """Return whether the device proves who it is before anything is sent."""
        return self.tls_options.is_checked

    @property
    def tls_options(self) -> TlsOptions:
        """Return how the certificate is treated."""
        return TlsOptions(self.tls, self.fingerprint)

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


_LISTENS_S = 5.0


class Way(StrEnum):
    """Where a login is sent."""

    ONVIF = "onvif"
    RTSP = "rtsp"


_CLEARTEXT_AUTHS = frozenset({"basic", "wss_text"})
_DIGEST_AUTHS = frozenset({"digest", "wss"})


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, and those of RTSP where they differ.

    `cleartext` is where whoever reads the connection may read them: nowhere, unless a
    person chose it for this device. `digest` is where it has ever taken a digest of them:
    there it is never sent anything else.
    """

    username: str
    password: str = field(repr=False)
    rtsp_username: str = ""
    rtsp_password: str = field(default="", repr=False)
    cleartext: frozenset[Way] = frozenset()
    digest: frozenset[Way] = frozenset()

    @classmethod
    def of_entry(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a config entry."""
        return cls(
            data.get(CONF_USERNAME, ""),
            data.get(CONF_PASSWORD, ""),
            data.get(CONF_RTSP_USERNAME, ""),
            data.get(CONF_RTSP_PASSWORD, ""),
            frozenset(Way(item) for item in data.get(CONF_CLEARTEXT, ())),
            frozenset(Way(item) for item in data.get(CONF_DIGEST, ())),
        )

    def as_data(self) -> dict[str, Any]:
        """Return what a config entry keeps."""
        return {
            CONF_USERNAME: self.username,
            CONF_PASSWORD: self.password,
            CONF_RTSP_USERNAME: self.rtsp_username,
            CONF_RTSP_PASSWORD: self.rtsp_password,
            CONF_CLEARTEXT: sorted(self.cleartext),
            CONF_DIGEST: sorted(self.digest),
        }

    def is_same_user(self, other: Login) -> bool:
        """Return whether user and password are the same."""
        return (self.username, self.password) == (other.username, other.password)

    def with_cleartext(self, is_allowed: bool) -> Login:
        """Return the same login, for a device that may take it only as it is."""
        allowed = frozenset(Way) if is_allowed else frozenset()
        return replace(self, cleartext=allowed - self.digest)

    def with_digest(self, *ways: Way) -> Login:
        """Return the same login, for a device that took a digest of it there."""
        digest = self.digest | frozenset(ways)
        return replace(self, digest=digest, cleartext=self.cleartext - digest)

    def as_needed(self, report: DeviceReport) -> Login:
        """Return the same login, allowed as it is only where the device took no other."""
        auths = {Way.ONVIF: report.auth, Way.RTSP: report.rtsp_auth}
        needed = {way for way, auth in auths.items() if auth in _CLEARTEXT_AUTHS}
        took = [way for way, auth in auths.items() if auth in _DIGEST_AUTHS]
        login = replace(self, cleartext=self.cleartext & needed)
        return login.with_digest(*took)

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
    tap: SoapTap | None = None,
    endpoint_of: EndpointOf | None = None,
) -> OnvifDevice:
    """Return a device that uses Home Assistant's HTTP session; nothing is sent yet.

    `tap` hears what is said; `endpoint_of` adds RTSP's login to a URI of the device.
    """
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
        session=tap.session(session) if tap else session,
        clock=SystemClock(),
        tls=address.tls_options,
        login_guard=login_guard,
        rtsp_port=address.rtsp_port,
        endpoint_id=address.endpoint_id,
        allow_cleartext=Way.ONVIF in login.cleartext,
        on_answer=tap.keep if tap else None,
        endpoint_of=endpoint_of,
    )


def marks_of_entry(data: Mapping[str, Any]) -> Marks:
    """Return the marks of a device as its config entry remembers them."""
    identity = DeviceIdentity.of_data(data[CONF_IDENTITY])
    return Marks(identity, data.get(CONF_ENDPOINT_ID, ""))


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


async def async_listens(address: Address) -> bool:
    """Return whether anything takes a connection there; sends nothing."""
    try:
        async with asyncio.timeout(_LISTENS_S):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError:
        return False
    writer.transport.abort()
    return True


async def async_certificate(address: Address) -> ShownCertificate:
    """Return the certificate shown there, sending no login; raises `NvrError`."""
    return await shown_certificate(address.host, address.port)
