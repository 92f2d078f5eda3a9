"""One simulated NVR: web services, RTSP server, clock, accounts, switched on and off."""

import asyncio
from collections.abc import Callable
import copy
from dataclasses import asdict
from pathlib import Path
import ssl
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from .channels import Channel, Profile, make_channels
from .footage import FootageStore
from .listening import listen
from .rtsp_server import Counters as RtspCounters, RtspServer
from .snapshot import SNAPSHOT_TAILS, snapshot_jpeg
from .soap.auth import AuthMode, Guard
from .soap.device import DeviceService
from .soap.deviceio import DeviceIoService
from .soap.endpoint import Counters, SoapEndpoint
from .soap.envelope import SoapFault, invalid_arg
from .soap.events import EventService
from .soap.media import MediaService
from .soap.media2 import Media2Service
from .soap.recording import RecordingService
from .soap.replay import ReplayService
from .soap.search import SearchService
from .soap.service import Call, Service
from .spec import NvrSpec
from .timeline import DeviceClock
from .tls import server_context

_OPTIONAL: tuple[type[Service], ...] = (
    MediaService,
    Media2Service,
    EventService,
    SearchService,
    ReplayService,
    RecordingService,
    DeviceIoService,
)
_G_SERVICES = ("search", "replay", "recording")


class SimulatedNvr:
    """A device on loopback: `async with SimulatedNvr(spec) as nvr`.

    What it recorded lives as long as the object; stop and start are power off and on.
    """

    def __init__(
        self,
        spec: NvrSpec,
        footage_cache: Path | None = None,
        *,
        footage: FootageStore | None = None,
    ) -> None:
        self.spec = spec
        self.faults = spec.faults
        self.faults.rtsp.challenges = spec.rtsp_challenges
        self._own_ways = copy.deepcopy(self.faults.values())
        self.clock = DeviceClock(spec.clock_offset_ms)
        self.accounts = {spec.user: spec.password}
        self.all_channels = make_channels(spec, self.clock.now_ms())
        self.counters = Counters()
        self.guard = Guard(
            self.accounts,
            spec.auth,
            self.clock,
            DeviceClock(),
            self.faults,
            algorithms=spec.digest_algorithms,
        )
        self.services: dict[str, Service] = {"device": DeviceService(self)}
        for kind in _OPTIONAL:
            if kind.name in spec.services:
                self.services[kind.name] = kind(self)
        self.port = spec.port
        self.is_running = False
        is_open = spec.auth is AuthMode.NONE
        self.rtsp_accounts = spec.rtsp_accounts or ({} if is_open else self.accounts)
        self._tls = self._new_tls() if spec.has_tls else None
        self.rtsp = RtspServer(
            spec.host,
            spec.rtsp_port,
            self.rtsp_accounts,
            self.clock,
            {c.replay_path: c.timeline for c in self.all_channels if c.timeline},
            {p.path: p.live for c in self.all_channels for p in c.profiles},
            self.faults.rtsp,
            footage=footage,
            footage_cache=footage_cache,
            tls=self._tls,
        )
        self.endpoint = SoapEndpoint(self)
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._formats = 0

    def _new_tls(self) -> ssl.SSLContext:
        return server_context(self.spec.host, is_old=self.spec.has_old_tls)

    async def renew_certificate(self) -> None:
        """Restart with another certificate, as after a reset to factory settings."""
        await self.stop()
        self._tls = self._new_tls()
        self.rtsp.use_tls(self._tls)
        await self.start()

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that are there now."""
        gone = self.faults.vanished_channels
        return [c for c in self.all_channels if c.spec.name not in gone]

    @property
    def rtsp_port(self) -> int:
        """Return the RTSP port, the real one once the device was on."""
        return self.rtsp.port

    # --- Power -----------------------------------------------------------------------

    async def start(self) -> None:
        """Open the sockets; ports chosen once stay."""
        if self.is_running:
            return
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/snapshot/{number}", self._snapshot)
        app.router.add_route("*", "/{path:.*}", self.endpoint.handle)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=0.1
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        listener = listen(self.spec.host, self.port)
        self.port = listener.getsockname()[1]
        self._server = await loop.create_server(
            self._counted(self._runner.server), sock=listener, ssl=self._tls
        )
        await self.rtsp.start()
        self.is_running = True

    async def stop(self) -> None:
        """Close every socket at once, as pulling the plug does."""
        if not self.is_running:
            return
        self.is_running = False
        assert self._server is not None
        assert self._runner is not None
        self._server.close()
        await self._runner.cleanup()
        await self.rtsp.stop()
        self._server = self._runner = None
        for service in self.services.values():
            service.reset()
        self.guard.reset()

    def encode(self) -> None:
        """Encode what was recorded, before somebody asks for it; blocks.

        A device has its footage; one that encodes while it sends is silent meanwhile, for
        long on a busy machine.
        """
        for channel in self.channels:
            if channel.timeline:
                self.rtsp.footage.warm(channel.timeline.spans(self.clock.now_ms()))

    async def move(self, port: int = 0) -> None:
        """Go to another port (0: a free one), as a device does that got a new address."""
        was_running = self.is_running
        await self.stop()
        self.port = port
        if was_running:
            await self.start()

    async def reboot(self, off_s: float = 0.5) -> None:
        """Switch off and on; searches, subscriptions and nonces are forgotten."""
        await self.stop()
        await asyncio.sleep(off_s)
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _counted(self, server: web.Server | None) -> Callable[[], asyncio.Protocol]:
        assert server is not None

        def connect() -> asyncio.Protocol:
            self.counters.http_connections += 1
            return server()

        return connect

    # --- What the services ask -------------------------------------------------------

    def service_at(self, path: str) -> Service | None:
        """Return the service that answers at a path."""
        moved = self.faults.device_path
        if moved and path == moved:
            return self.services["device"]
        for service in self.services.values():
            if moved and service.name == "device":
                continue
            if path == service.path or path.startswith(f"{service.path}/"):
                return service
        return None

    def announced_services(self) -> list[Service]:
        """Return the services GetServices lists."""
        return list(self.services.values())

    def xaddr(self, call: Call, service: Service) -> str:
        """Return a service's address: scheme and host of the request (C 8.1.2.2)."""
        faults = self.faults
        if faults.empty_g_xaddrs and service.name in _G_SERVICES:
            return ""
        path = service.path
        if service.name == "device":
            path = faults.device_path or path
        return f"{call.scheme}://{self._authority(call)}{path}"

    def _authority(self, call: Call) -> str:
        faults = self.faults
        if faults.xaddr_doubled_port:
            return f"{call.host_name}:{self.port}:{self.port}"
        if faults.xaddr_host is None and faults.xaddr_port is None:
            return call.host
        return f"{faults.xaddr_host or call.host_name}:{faults.xaddr_port or self.port}"

    def rtsp_uri(self, call: Call, path: str, protocol: str = "RTSP") -> str:
        """Return the address of a stream or recording; HTTP means the tunnel."""
        faults = self.faults
        login = f"{self.spec.user}:inner@" if faults.rtsp_uri_credentials else ""
        host = faults.rtsp_uri_host or call.host_name
        scheme = "http" if protocol in ("HTTP", "RtspOverHttp") else "rtsp"
        uri = f"{scheme}://{login}{host}:{self.rtsp_port}{path}"
        return f"\n  {uri} \n" if faults.rtsp_uri_blanks else uri

    def snapshot_uri(self, call: Call, channel: Channel) -> str:
        """Return the address of a channel's still picture."""
        if self.faults.no_snapshot:
            raise SoapFault("Receiver", "ter:ActionNotSupported")
        return f"{call.scheme}://{self._authority(call)}/snapshot/{channel.number}"

    def profile(self, token: str) -> tuple[Channel, Profile]:
        """Return a media profile and its channel, or raise NoProfile."""
        for channel in self.channels:
            for profile in channel.profiles:
                if profile.token == token:
                    return channel, profile
        raise invalid_arg("ter:NoProfile", f"no profile {token}")

    def recorded(self) -> list[Channel]:
        """Return the channels whose recordings are listed."""
        if self.faults.no_recordings:
            return []
        channels = [channel for channel in self.channels if channel.timeline]
        return channels[::-1] if self.spec.lists_backwards else channels

    def recorded_channel(self, token: str) -> Channel | None:
        """Return the channel of a recording."""
        for channel in self.channels:
            if channel.timeline and channel.timeline.recording_token == token:
                return channel
        return None

    async def wait_for_release(self, switch: str, operation: str) -> None:
        """Wait until a hanging operation hangs no more, or the device goes off."""
        prefix, local = operation.split(":")
        names = {operation, local, f"{prefix}:*", "*"}
        # Switches are plain values that anybody may set: there is no event to wait for.
        while self.is_running and names & set(getattr(self.faults, switch)):  # noqa: ASYNC110 - faults are plain fields
            await asyncio.sleep(0.05)

    async def _snapshot(self, request: web.Request) -> web.Response:
        self.counters.snapshots += 1
        try:
            self.guard.check_http(
                request.headers.get("Authorization"), request.method, request.path_qs
            )
        except SoapFault as fault:
            response = web.Response(status=401, text="401 Unauthorized")
            for line in fault.headers.get("WWW-Authenticate", "").split("\n"):
                response.headers.add("WWW-Authenticate", line)
            return response
        if self.faults.snapshot_status:
            return web.Response(status=self.faults.snapshot_status)
        number = request.match_info["number"]
        channel = next((c for c in self.channels if str(c.number) == number), None)
        if channel is None:
            return web.Response(status=404)
        picture = await asyncio.to_thread(
            snapshot_jpeg,
            channel.spec.name,
            channel.spec.width,
            channel.spec.height,
            self.clock.now_ms(),
        )
        tail = SNAPSHOT_TAILS[self.faults.snapshot_tail]
        return web.Response(body=picture + tail, content_type="image/jpeg")

    # --- What tests and the control port ask -----------------------------------------

    def ledger(self) -> dict[str, Any]:
        """Return every frame and segment held, by recording token, in device time."""
        now = self.clock.now_ms()
        return {
            channel.timeline.recording_token: {
                "camera": channel.spec.name,
                "channel": channel.number,
                "growing": channel.timeline.is_growing,
                "frames": [list(frame) for frame in channel.timeline.frames(now)],
                "segments": [list(span) for span in channel.timeline.segments(now)],
            }
            for channel in self.channels
            if channel.timeline
        }

    def description(self) -> dict[str, Any]:
        """Return what somebody needs to know to add the device."""
        return {
            "name": self.spec.name,
            "host": self.spec.host,
            "port": self.port,
            "rtsp_port": self.rtsp_port,
            "user": self.spec.user,
            "password": self.accounts[self.spec.user],
            "profile_g": self.spec.has_profile_g,
            "tls": self.spec.has_tls,
            "uuid": self.spec.uuid,
            "serial": self.spec.serial,
            "running": self.is_running,
            "cameras": [
                {
                    "name": channel.spec.name,
                    "channel": channel.number,
                    "recording_token": channel.timeline.recording_token
                    if channel.timeline
                    else None,
                    "profiles": [profile.token for profile in channel.profiles],
                }
                for channel in self.channels
            ],
        }

    def counts(self) -> dict[str, Any]:
        """Return the counters as plain values."""
        counters = self.counters
        return {
            "operations": dict(counters.operations),
            "faults": dict(counters.faults),
            "auth_failures": dict(self.guard.failures),
            "http_requests": counters.http_requests,
            "http_connections": counters.http_connections,
            "snapshots": counters.snapshots,
            "rtsp": {
                **asdict(self.rtsp.counters),
                "requests": dict(self.rtsp.requests),
                "plays": len(self.rtsp.plays),
                "media_bytes": sum(p.sender.progress.bytes for p in self.rtsp.plays),
                "sessions_open": self.rtsp.sessions_open,
            },
        }

    def reset_counts(self) -> None:
        """Start counting from zero."""
        self.counters.reset()
        self.guard.failures.clear()
        self.rtsp.counters = RtspCounters()
        self.rtsp.requests.clear()
        self.rtsp.plays.clear()

    def reset_faults(self) -> None:
        """Put every switch back to where the device's specification has it."""
        self.faults.update(copy.deepcopy(self._own_ways))

    def set_clock(self, offset_ms: int) -> None:
        """Set the device's clock; what is being recorded breaks off there.

        Set back, the device does not record over what it has: it goes on recording
        when its clock has passed the newest footage.
        """
        growing = [c.timeline for c in self.channels if c.timeline]
        growing = [timeline for timeline in growing if timeline.is_growing]
        for timeline in growing:
            timeline.stop_growing(self.clock.now_ms())
        self.clock.offset_ms = offset_ms
        now = self.clock.now_ms()
        for timeline in growing:
            spans = timeline.spans(2**62)
            timeline.start_growing(max([now, *(span.end_ms for span in spans)]))

    def set_password(self, password: str, user: str | None = None) -> None:
        """Change a password; sessions that exist go on."""
        self.accounts[user or self.spec.user] = password

    def format(self) -> None:
        """Format the disk: footage gone, recordings under new tokens."""
        self._formats += 1
        now = self.clock.now_ms()
        for channel in self.channels:
            if channel.timeline:
                token = channel.timeline.recording_token.split("~")[0]
                channel.timeline.format(now, f"{token}~{self._formats}")

    def record(self, *, is_on: bool, camera: str | None = None) -> None:
        """Start or stop recording, of one camera or all."""
        now = self.clock.now_ms()
        for channel in self.channels:
            if channel.timeline and camera in (None, channel.spec.name):
                if is_on:
                    channel.timeline.start_growing(now)
                else:
                    channel.timeline.stop_growing(now)

    def set_identity(self, changes: dict[str, str]) -> None:
        """Become another device at the same address; unknown fields: ValueError."""
        known = "manufacturer model firmware serial hardware_id mac uuid location"
        if unknown := set(changes) - set(known.split()):
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self.spec, name, str(value))

    def notify(self, event: dict[str, Any]) -> int:
        """Send an event to the pull points; returns how many there are."""
        service = self.services.get("events")
        if not isinstance(service, EventService):
            return 0
        return service.notify(event)
