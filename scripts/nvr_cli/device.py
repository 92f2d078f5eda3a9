"""From the command line to a device of the core."""

import argparse
from dataclasses import dataclass, field
import getpass
import os
import ssl
import sys

import aiohttp

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint, WireTap
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.http_answer import OnAnswer
from custom_components.vtrack_nvr.core.onvif.targets import parse_targets
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    trusting_context,
)
from custom_components.vtrack_nvr.core.rtsp.urls import parse_url


@dataclass(frozen=True)
class Place:
    """Where the device is and how to log in there; one guard for SOAP and RTSP."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: TlsOptions
    rtsp_port: int | None
    allow_cleartext: bool = False
    guard: LoginGuard = field(default_factory=LoginGuard)


def read_password(arguments: argparse.Namespace) -> str:
    """Return the password; it is never an argument, where other users could read it."""
    if not arguments.user:
        return ""
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return os.environ.get("VTRACK_PASSWORD") or getpass.getpass()


def place_of(arguments: argparse.Namespace) -> Place:
    """Read address and login; raises `TargetError`."""
    target = parse_targets(arguments.host, str(arguments.port or "80"))[0]
    is_https = target.is_https or bool(
        arguments.fingerprint or arguments.any_certificate
    )
    mode = TlsMode.VERIFY if is_https else TlsMode.OFF
    if arguments.fingerprint:
        mode = TlsMode.FINGERPRINT
    elif arguments.any_certificate:
        mode = TlsMode.ANY
    return Place(
        target.host,
        arguments.port or target.port,
        arguments.user,
        read_password(arguments),
        TlsOptions(mode, arguments.fingerprint),
        arguments.rtsp_port,
        arguments.cleartext,
    )


def make_device(
    place: Place, session: aiohttp.ClientSession, on_answer: OnAnswer | None = None
) -> OnvifDevice:
    """Return the device; nothing is sent yet."""
    return OnvifDevice(
        place.host,
        place.port,
        place.username,
        place.password,
        session=session,
        clock=SystemClock(),
        tls=place.tls,
        login_guard=place.guard,
        rtsp_port=place.rtsp_port,
        allow_cleartext=place.allow_cleartext,
        on_answer=on_answer,
    )


def rtsp_endpoint(place: Place, url: str, tap: WireTap | None = None) -> Endpoint:
    """Return how to open a stream or recording with the same trust as the web services."""
    options = place.tls
    tls = options.for_aiohttp()
    if not isinstance(tls, ssl.SSLContext):
        tls = ssl.create_default_context() if options.is_https else trusting_context()
    return Endpoint(
        url,
        place.username,
        place.password,
        tls=tls,
        allow_basic=place.allow_cleartext
        or (options.is_checked and parse_url(url).is_tls),
        tap=tap,
    )
