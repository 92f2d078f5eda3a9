"""Where and how to log in to a device's RTSP, and whether that works."""

import hashlib
import hmac
import ssl
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.util.ssl import get_default_context

from ..core.cancel import CancelToken
from ..core.clock import SystemClock
from ..core.device_report import DeviceReport
from ..core.errors import ErrorKind, NvrError
from ..core.login_guard import LoginGuard
from ..core.onvif.client import OnvifDevice
from ..core.onvif.tls import TlsMode
from ..core.policy import Bounds, Waits
from ..core.rtsp.session import RtspSession
from ..core.rtsp.values import Endpoint
from .connect import Address, Login, build_device

TELLING = frozenset(
    {
        ErrorKind.AUTH_REFUSED,
        ErrorKind.TLS,
        ErrorKind.TIMEOUT,
        ErrorKind.UNREACHABLE,
    }
)
"""Kinds that a person mends by another port or login; a busy device is no reason."""


class RtspError(NvrError):
    """The web services work and RTSP, which carries the footage, does not."""


def _unchecked() -> ssl.SSLContext:
    """Return a context that encrypts and believes anybody, old devices too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _pinned(fingerprint: str) -> ssl.SSLContext:
    """Return a context that accepts exactly one certificate (SHA-256 in hex)."""
    wanted = fingerprint.replace(":", "").lower()

    class PinnedSocket(ssl.SSLSocket):
        @override
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            shown = self.getpeercert(binary_form=True) or b""
            if not hmac.compare_digest(hashlib.sha256(shown).hexdigest(), wanted):
                raise ssl.SSLError("another certificate is shown")

    context = _unchecked()
    context.sslsocket_class = PinnedSocket
    return context


def tls_context(address: Address) -> ssl.SSLContext:
    """Return how certificates of a device are treated; loads nothing from disk.

    A device that is spoken to in plain text and streams encrypted is believed: that is
    no worse than the plain text.
    """
    match address.tls:
        case TlsMode.VERIFY:
            return get_default_context()
        case TlsMode.FINGERPRINT:
            return _pinned(address.fingerprint)
    return _unchecked()


def rtsp_endpoint(url: str, address: Address, login: Login) -> Endpoint:
    """Return everything a session needs for a replay or stream URI of the device."""
    user, password = login.for_rtsp
    return Endpoint(
        url, user, password, tls=tls_context(address), tunnel_port=address.port
    )


async def async_prove(
    hass: HomeAssistant, address: Address, login: Login
) -> DeviceReport:
    """Connect once by all ways that sync uses and return what the device can do.

    Raises `NvrError`, and `RtspError` where only RTSP fails.
    """
    device = build_device(hass, address, login, LoginGuard())
    try:
        await device.connect()
        report = await device.report()
        await _async_check(hass, device, report, address, login)
    finally:
        await device.close()
    return report


async def _async_check(
    hass: HomeAssistant,
    device: OnvifDevice,
    report: DeviceReport,
    address: Address,
    login: Login,
) -> None:
    """Ask for a description; what a device cannot describe just now is no complaint."""
    url = await _url(device, report)
    if not url:
        return
    endpoint = rtsp_endpoint(url, address, login)
    try:
        await hass.async_add_executor_job(_describe, endpoint)
    except NvrError as error:
        if error.kind in TELLING:
            raise RtspError(error.kind, error.detail, where="rtsp") from error


async def _url(device: OnvifDevice, report: DeviceReport) -> str:
    profiles = [item for channel in report.channels for item in channel.profiles]
    try:
        if profiles:
            return await device.stream_uri(profiles[0])
        return await device.replay_uri(report.recordings[0].token)
    except NvrError, IndexError:
        return ""


def _describe(endpoint: Endpoint) -> None:
    with RtspSession(
        endpoint,
        clock=SystemClock(),
        waits=Waits(connect=5),
        bounds=Bounds(),
        cancel=CancelToken(),
        guard=LoginGuard(),
    ) as session:
        session.describe()
