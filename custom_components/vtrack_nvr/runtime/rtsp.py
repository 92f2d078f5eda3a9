"""Where and how to log in to a device's RTSP, and whether that works."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
import ssl

from homeassistant.core import HomeAssistant
from homeassistant.util.ssl import get_default_context

from ..core.cancel import CancelToken
from ..core.clock import SystemClock
from ..core.device_report import DeviceReport, Playback, StreamContent
from ..core.endpoint import Endpoint
from ..core.errors import ErrorKind, NvrError
from ..core.frames import TrackKind
from ..core.login_guard import LoginGuard
from ..core.onvif.client import OnvifDevice
from ..core.onvif.tls import TlsMode, pinned_context, trusting_context
from ..core.policy import Bounds, Waits
from ..core.rtsp.refusals import RtspRefused
from ..core.rtsp.session import RtspSession
from ..core.rtsp.urls import parse_url
from .connect import Address, Login, Way, build_device

TELLING = frozenset(
    {
        ErrorKind.AUTH_REFUSED,
        ErrorKind.CLEARTEXT_LOGIN,
        ErrorKind.TLS,
        ErrorKind.TIMEOUT,
        ErrorKind.UNREACHABLE,
    }
)
"""Kinds that a person mends by another port or login; a busy device is no reason."""

_PLAYBACK = {
    ErrorKind.UDP_ONLY: Playback.UDP_ONLY,
    ErrorKind.NO_PERMISSION: Playback.REFUSED,
    ErrorKind.AUTH_REFUSED: Playback.REFUSED,
}
"""What lasts; what is busy or silent now may play later."""

REMEMBERED_S = 600.0


class RtspError(NvrError):
    """The web services work and RTSP, which carries the footage, does not."""


def tls_context(address: Address) -> ssl.SSLContext:
    """Return how certificates of a device are treated; loads nothing from disk.

    A device that is spoken to in plain text and streams encrypted may show any: it gets
    nothing over that connection that it would not get in plain text.
    """
    match address.tls:
        case TlsMode.VERIFY:
            return get_default_context()
        case TlsMode.FINGERPRINT:
            return pinned_context(address.fingerprint)
    return trusting_context()


def rtsp_endpoint(url: str, address: Address, login: Login) -> Endpoint:
    """Return everything a session needs for a replay or stream URI of the device."""
    user, password = login.for_rtsp
    return Endpoint(
        url,
        user,
        password,
        tls=tls_context(address),
        allow_basic=Way.RTSP in login.cleartext or _is_proven(url, address),
        tunnel_port=address.port,
    )


def _is_proven(url: str, address: Address) -> bool:
    """Return whether the certificate proves the device on this very connection."""
    return address.is_checked and parse_url(url).is_tls


class WantedLogin(StrEnum):
    """What RTSP asks for before it describes a stream."""

    NONE = "none"
    DIGEST = "digest"
    BASIC = "basic"


def wanted_login(endpoint: Endpoint) -> WantedLogin:
    """Ask for a description without a login; blocking.

    Raises `NvrError` where nobody answers, the certificate is not the right one, the
    device is busy, or it points elsewhere.
    """
    stranger = replace(endpoint, username="", password="", allow_basic=False)
    try:
        _describe(stranger)
    except NvrError as error:
        match error.kind:
            case ErrorKind.AUTH_REFUSED:
                return WantedLogin.DIGEST
            case ErrorKind.CLEARTEXT_LOGIN:
                return WantedLogin.BASIC
            case (
                ErrorKind.UNREACHABLE
                | ErrorKind.TIMEOUT
                | ErrorKind.TLS
                | ErrorKind.BUSY
            ):
                raise
        if isinstance(error, RtspRefused) and 300 <= error.status < 400:
            raise NvrError(
                ErrorKind.NOT_RTSP, "points elsewhere", where="rtsp"
            ) from error
    return WantedLogin.NONE


class LoginScout:
    """Finds out what RTSP asks for, before anybody else answers it.

    A digest is remembered for a while: all streams of a device ask for the same, and it
    is not to be asked anew with every look at a camera.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing."""
        self._hass = hass
        self._lock = asyncio.Lock()
        self._digest_until: dict[tuple[str, str, int], float] = {}

    async def async_wanted(self, endpoint: Endpoint) -> WantedLogin:
        """Return what is asked for; raises as `wanted_login`."""
        url = parse_url(endpoint.url)
        place = (url.scheme, url.host, url.port_or_default())
        async with self._lock:
            if self._digest_until.get(place, 0) > self._hass.loop.time():
                return WantedLogin.DIGEST
            wanted = await self._hass.async_add_executor_job(wanted_login, endpoint)
            if wanted is WantedLogin.DIGEST:
                self._digest_until[place] = self._hass.loop.time() + REMEMBERED_S
            return wanted


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
        return await _async_check(hass, device, report, address, login)
    finally:
        await device.close()


async def _async_check(
    hass: HomeAssistant,
    device: OnvifDevice,
    report: DeviceReport,
    address: Address,
    login: Login,
) -> DeviceReport:
    """Ask what the first live stream and the first recording carry.

    What a device cannot describe just now is no complaint.
    """
    live = await _live_url(device, report)
    replay = await _replay_url(device, report)
    if live:
        seen = await _async_seen(hass, live, address, login)
        if seen.error is None:
            report = replace(report, live=seen.content)
        report = seen.added_to(report)
    if replay:
        seen = await _async_seen(hass, replay, address, login, is_only=not live)
        if not live:
            report = seen.added_to(report)
        report = replace(report, playback=_playback(seen))
    return report


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a description told, or why there is none; `auth` as in `DeviceReport`."""

    url: str
    auth: str = ""
    content: StreamContent = StreamContent.UNKNOWN
    error: ErrorKind | None = None

    def added_to(self, report: DeviceReport) -> DeviceReport:
        """Return the report with how RTSP is reached, where that is known."""
        if self.error is not None:
            return report
        is_tls = parse_url(self.url).is_tls
        return replace(report, rtsp_auth=self.auth, is_rtsp_tls=is_tls)


async def _async_seen(
    hass: HomeAssistant,
    url: str,
    address: Address,
    login: Login,
    *,
    is_only: bool = True,
) -> _Seen:
    """Describe a stream; raises `RtspError` for what a person mends, if it is the only one."""
    try:
        endpoint = rtsp_endpoint(url, address, login)
        auth, content = await hass.async_add_executor_job(_describe_best, endpoint)
    except NvrError as error:
        if is_only and error.kind in TELLING:
            raise RtspError(error.kind, error.detail, where="rtsp") from error
        return _Seen(url, error=error.kind)
    return _Seen(url, auth, content)


def _playback(seen: _Seen) -> Playback:
    if seen.error is None:
        has_pictures = seen.content is StreamContent.PICTURES
        return Playback.DESCRIBED if has_pictures else Playback.NO_PICTURES
    return _PLAYBACK.get(seen.error, Playback.UNTRIED)


def _describe_best(endpoint: Endpoint) -> tuple[str, StreamContent]:
    """Describe a stream; return the login that took and what the stream carries.

    The login is "digest", "basic" or nothing.
    """
    try:
        has_login, content = _describe(replace(endpoint, allow_basic=False))
    except NvrError as error:
        if error.kind is not ErrorKind.CLEARTEXT_LOGIN or not endpoint.allow_basic:
            raise
    else:
        return ("digest" if has_login else ""), content
    return "basic", _describe(endpoint)[1]


async def _live_url(device: OnvifDevice, report: DeviceReport) -> str:
    profiles = [item for channel in report.channels for item in channel.profiles]
    with suppress(NvrError, IndexError):
        return await device.stream_uri(profiles[0])
    return ""


async def _replay_url(device: OnvifDevice, report: DeviceReport) -> str:
    with suppress(NvrError, IndexError):
        return await device.replay_uri(report.recordings[0].token)
    return ""


def _describe(endpoint: Endpoint) -> tuple[bool, StreamContent]:
    """Describe a stream; return whether a login was asked for, and what it carries."""
    with RtspSession(
        endpoint,
        clock=SystemClock(),
        waits=Waits(connect=5),
        bounds=Bounds(),
        cancel=CancelToken(),
        guard=LoginGuard(),
    ) as session:
        tracks = session.describe().tracks
        kinds = {track.format.kind for track in tracks}
        content = StreamContent.NOTHING
        if TrackKind.VIDEO in kinds:
            content = StreamContent.PICTURES
        elif TrackKind.AUDIO in kinds:
            content = StreamContent.SOUND_ONLY
        return session.has_login, content
