"""One NVR over ONVIF: what there is, when it was, where to get it.

This file orders the conversation; requests and answers are built and read by the pure
files next to it. zeep and XML never leave this folder.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import Self

import aiohttp

from ..clock import Clock
from ..device_habits import DeviceHabits
from ..device_report import DeviceReport
from ..endpoint import Endpoint as RtspEndpoint
from ..errors import ErrorKind, NvrError
from ..fetch_job import ReplaySource
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..models import (
    Channel,
    ClockReading,
    DeviceEvent,
    DeviceIdentity,
    Recording,
    RecordingJob,
    SegmentListing,
    StreamProfile,
)
from ..policy import Bounds, Quirk, Waits
from .caller import SoapCaller
from .channels import JobSource, match_recordings, with_recordings
from .connection import Connection
from .device import read_device_information, read_macs, read_scopes
from .http_answer import OnAnswer
from .http_login import AuthMode, Credentials
from .media import MediaCalls, Snapshot, reachable, read_uri
from .names import Service
from .profiles import SourcedProfile, group_channels, may_be_streams, tokens_of
from .pull_point import PullMemory, gone, listen, peek
from .recording import (
    PROTOCOLS,
    read_compatible_sources,
    read_jobs,
    replay_uri_parameters,
)
from .recording_jobs import build_set_mode, read_job_modes
from .search_runner import Searcher
from .services import read_video_sources
from .soap import element
from .survey import Survey, make_report
from .tls import TlsOptions
from .transport import HttpTransport, ends_talk
from .xaddr import ReachedHost
from .xml import Element

type EndpointOf = Callable[[str], RtspEndpoint]

_DECIDED = frozenset({ErrorKind.GONE, ErrorKind.BUSY, ErrorKind.NO_PERMISSION})
"""What GetReplayUri is answered for every protocol."""
_MOST_OPTIONS = 64
_MISSING_FOR_S = 3_600.0
"""So long an optional operation that failed is not asked for again."""
_FEW = 200


class OnvifDevice:
    """One ONVIF endpoint (NVR or camera); satisfies `core.sync.ports.Device`.

    Every method raises `NvrError` and nothing else: UNREACHABLE, TIMEOUT, TLS, NOT_ONVIF,
    AUTH_REFUSED, NO_PERMISSION, BUSY, UNSUPPORTED, GONE or PROTOCOL. Every method connects
    by itself where `connect` was not called. Nothing is ever changed on the device.
    """

    def __init__(  # noqa: PLR0913 - one device's whole description, each by name
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        tls: TlsOptions | None = None,
        login_guard: LoginGuard | None = None,
        rtsp_port: int | None = None,
        endpoint_id: str = "",
        allow_cleartext: bool = False,
        on_answer: OnAnswer | None = None,
        endpoint_of: EndpointOf | None = None,
    ) -> None:
        """Describe the endpoint; nothing is sent yet.

        `session` is borrowed and never closed. `tls` None means plain http. `login_guard`
        is shared with RTSP (`core/login_guard.py`). `rtsp_port` replaces the port of
        every RTSP URI (port forwarding). `endpoint_id` is its WS-Discovery UUID if known.
        `allow_cleartext`: a person chose that the password may be read on its way, where
        the device takes it in no other way.
        `endpoint_of` returns how an RTSP URI of the device is connected to, by default
        with the same login.
        `on_answer` is given every operation's name and raw answer (captures).
        """
        self._clock = clock
        self._waits = waits or Waits()
        bounds = bounds or Bounds()
        self._most_channels = bounds.channels
        self._rtsp_port = rtsp_port
        self._endpoint_id = endpoint_id
        options = tls or TlsOptions()
        transport = HttpTransport(session, self._waits, bounds, options, on_answer)
        login = Credentials(username, password, options.is_checked, allow_cleartext)
        guard = self._guard = login_guard or LoginGuard()
        habits = DeviceHabits()
        self._endpoint_of = endpoint_of or (
            lambda url: RtspEndpoint(url, username, password, habits=habits)
        )
        self._connection = Connection(
            ReachedHost(host, port, options.is_https),
            lambda refresh: SoapCaller(transport, login, guard, clock, refresh),
            clock,
        )
        self._media = MediaCalls(self._connection, rtsp_port)
        self._searcher = Searcher(self._connection, clock, self._waits, bounds)
        self._identity: DeviceIdentity | None = None
        self._missing: dict[str, float] = {}
        self._tokens: Mapping[str, str] | None = None
        self._pulling = PullMemory()

    @property
    def host(self) -> str:
        """Return the configured host."""
        return self._connection.endpoint.host

    @property
    def port(self) -> int:
        """Return the configured port."""
        return self._connection.endpoint.port

    @property
    def quirks(self) -> frozenset[Quirk]:
        """Return the oddities seen so far, for the learned policy."""
        caller = self._connection.caller
        is_digest = caller.default_mode is AuthMode.DIGEST
        more = {Quirk.HTTP_DIGEST} if is_digest else set()
        return frozenset(self._searcher.quirks | more)

    @property
    def takes_digest(self) -> bool:
        """Return whether it has taken a login whose password nobody could read."""
        mode = self._connection.caller.default_mode
        return mode in {AuthMode.DIGEST, AuthMode.WSS}

    async def connect(self) -> DeviceIdentity:
        """Measure the clock, learn the services and prove the login (§1.3, §2)."""
        await self._connection.services()
        identity = await self._marks()
        await self._connection.caller.prove_login()
        return identity

    async def close(self) -> None:
        """Forget what was learned; never raises. Searches end by themselves."""
        self._connection.redirect(self._connection.endpoint)
        self._missing.clear()

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close."""
        await self.close()

    def redirect(self, host: str, port: int) -> None:
        """Use another address from now on (the same device moved)."""
        endpoint = replace(self._connection.endpoint, host=host, port=port)
        self._connection.redirect(endpoint)

    async def measure_clock(self) -> ClockReading:
        """Ask the time, without credentials where allowed; `offset_ms` = UTC − device.

        Sharp to about 0.1 s though devices tell whole seconds; exactly 0 where both
        clocks can be equal. Takes up to 1.3 s the first time, one request later on.
        """
        return await self._connection.measure()

    async def identity(self) -> DeviceIdentity:
        """Return what the device says it is, with its MAC if it tells it; raises `NvrError`."""
        answer = await self._connection.call(Service.DEVICE, "GetDeviceInformation")
        return await self._with_macs(read_device_information(answer))

    async def _marks(self) -> DeviceIdentity:
        """Return the same, with what is left if the device does not say what it is.

        It is known by its MAC addresses and its endpoint id then.
        """
        try:
            return await self.identity()
        except NvrError as error:
            if ends_talk(error):
                raise
        return await self._with_macs(DeviceIdentity())

    async def _with_macs(self, identity: DeviceIdentity) -> DeviceIdentity:
        macs = self._identity.macs if self._identity else ()
        if not macs:
            found = await self._optional(Service.DEVICE, "GetNetworkInterfaces")
            macs = read_macs(found) if found is not None else ()
        self._identity = replace(identity, mac=macs[0] if macs else "", macs=macs)
        return self._identity

    async def _optional(
        self,
        service: Service,
        operation: str,
        parameters: Mapping[str, object] | None = None,
        *,
        body: str | None = None,
    ) -> Element | None:
        """Call what is only useful; None where the device does not offer it to us.

        Whatever it fails with says no more than that, but for a refused login and a
        device that is not there.
        """
        now = self._clock.monotonic()
        if now < self._missing.get(operation, now):
            return None
        try:
            return await self._connection.call(
                service,
                operation,
                parameters,
                body=body,
                timeout=self._waits.soap_optional,
            )
        except NvrError as error:
            if ends_talk(error):
                raise
            self._missing[operation] = now + _MISSING_FOR_S
            return None

    async def channels(self) -> tuple[Channel, ...]:
        """Return all video sources with their streams and matched recordings."""
        services = await self._connection.services()
        recordings: tuple[Recording, ...] = ()
        if services.has(Service.SEARCH):
            try:
                recordings = await self._searcher.recordings()
            except NvrError as error:
                if ends_talk(error):
                    raise
        return await self._channels_with(recordings)

    async def _channels_with(
        self, recordings: tuple[Recording, ...]
    ) -> tuple[Channel, ...]:
        profiles, grouped = await self._grouped()
        channels = grouped or _from_recordings(recordings)
        self._tokens = tokens = tokens_of(channels, profiles)
        if not recordings:
            return channels
        jobs, compatible = await self._feeds(recordings, profiles)

        def match() -> tuple[Mapping[str, str], tuple[Channel, ...]]:
            placed = match_recordings(channels, recordings, jobs, compatible, tokens)
            return placed, with_recordings(channels, recordings, placed)

        placed, matched = await _apart(len(channels) + len(recordings), match)
        # Events about a recording tell its token instead.
        self._tokens = {**placed, **tokens}
        return matched

    async def _grouped(
        self,
    ) -> tuple[tuple[SourcedProfile, ...], tuple[Channel, ...]]:
        """Return all profiles and the channels they make."""
        profiles = await self._media.profiles()
        sources = await self._video_sources() if may_be_streams(profiles) else None
        channels = await _apart(
            len(profiles), lambda: group_channels(profiles, sources)
        )
        if len(channels) > self._most_channels:
            raise NvrError(
                ErrorKind.PROTOCOL, f"{len(channels)} cameras", where="GetProfiles"
            )
        return profiles, channels

    async def _video_sources(self) -> int | None:
        """Return how many lenses the device says it has, None if it does not."""
        services = await self._connection.services()
        if services.video_sources is not None or not services.has(Service.DEVICE_IO):
            return services.video_sources
        name = "GetServiceCapabilities"
        answer = await self._optional(
            Service.DEVICE_IO,
            name,
            body=element(f"t:{name}", namespace=Service.DEVICE_IO.value),
        )
        return read_video_sources(answer) if answer is not None else None

    async def _feeds(
        self, recordings: tuple[Recording, ...], profiles: tuple[SourcedProfile, ...]
    ) -> tuple[tuple[JobSource, ...], Mapping[str, tuple[str, ...]]]:
        """Ask what feeds each recording; only as far as it is not clear without."""
        services = await self._connection.services()
        known = {profile.source for profile in profiles}
        if (
            len(known) < 2
            or not services.has(Service.RECORDING)
            or all(r.video_source_token in known for r in recordings)
        ):
            return (), {}
        answer = await self._optional(Service.RECORDING, "GetRecordingJobs")
        jobs = read_jobs(answer) if answer is not None else ()
        fed = {job.recording_token for job in jobs}
        compatible: dict[str, tuple[str, ...]] = {}
        if services.has_recording_options:
            open_tokens = [r.token for r in recordings if r.token not in fed]
            for token in open_tokens[:_MOST_OPTIONS]:
                answer = await self._optional(
                    Service.RECORDING, "GetRecordingOptions", {"RecordingToken": token}
                )
                if answer is None:
                    break
                compatible[token] = read_compatible_sources(answer)
        return jobs, compatible

    async def stream_uri(self, profile: StreamProfile) -> str:
        """Return the live RTSP URI, host made reachable, without credentials."""
        return await self._media.stream_uri(profile)

    async def snapshot(self, profile: StreamProfile) -> Snapshot:
        """Fetch a still; UNSUPPORTED where the device has none."""
        return await self._media.snapshot(profile)

    async def recordings(self) -> tuple[Recording, ...]:
        """List all recordings (RS 5.6); empty is an answer; UNSUPPORTED without search."""
        return await self._searcher.recordings()

    async def recording(self, token: str) -> Recording:
        """Read one recording's information (RS 5.4); GONE if the token is unknown."""
        return await self._searcher.recording(token)

    async def data_from_ms(self) -> int | None:
        """Return where all footage begins (RS 5.3), None: the device does not say."""
        return await self._searcher.data_from_ms()

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search what the recording holds in the window; longer ones are cut at 24 h."""
        return await self._searcher.segments(recording, device_window, device_now_ms)

    async def replay_uri(self, recording_token: str) -> str:
        """Return a fresh replay URI, host made reachable, without credentials (RP 5.1)."""
        for protocol in PROTOCOLS:
            try:
                answer = await self._connection.call(
                    Service.REPLAY,
                    "GetReplayUri",
                    replay_uri_parameters(recording_token, protocol),
                )
            except NvrError as error:
                is_decided = ends_talk(error) or error.kind in _DECIDED
                if is_decided or protocol == PROTOCOLS[-1]:
                    raise
                continue
            break
        return reachable(read_uri(answer), self.host, self._rtsp_port, "GetReplayUri")

    async def replay(self, recording_token: str) -> ReplaySource:
        """Return where a recording is played, with login and guard."""
        uri = await self.replay_uri(recording_token)
        return ReplaySource(self._endpoint_of(uri), self._guard)

    async def recording_jobs(self) -> tuple[RecordingJob, ...]:
        """Return what the device records by itself (RC 5.15); empty if it offers none."""
        services = await self._connection.services()
        if not services.has(Service.RECORDING):
            return ()
        answer = await self._optional(Service.RECORDING, "GetRecordingJobs")
        return read_job_modes(answer) if answer is not None else ()

    async def set_recording_job(self, token: str, *, is_active: bool) -> None:
        """Switch one of the device's own recordings (RC 5.17); raises `NvrError`."""
        await self._connection.call(
            Service.RECORDING,
            "SetRecordingJobMode",
            body=build_set_mode(token, is_active=is_active),
        )

    async def report(self) -> DeviceReport:
        """Return everything onboarding and a connection test show; asks for all anew."""
        self._missing.clear()
        self._connection.caller.forget_denials()
        identity = await self._marks()
        services = await self._connection.services()
        answer = await self._optional(Service.DEVICE, "GetScopes")
        scopes = read_scopes(answer) if answer is not None else ()
        recordings: tuple[Recording, ...] = ()
        search_error = replay_error = None
        if services.has(Service.SEARCH):
            try:
                recordings = await self._searcher.recordings()
            except NvrError as error:
                search_error = _passed_on(error)
        if recordings and services.has(Service.REPLAY):
            try:
                await self.replay_uri(recordings[0].token)
            except NvrError as error:
                replay_error = _passed_on(error)
        channels = await self._channels_with(recordings)
        caller = self._connection.caller
        return make_report(
            Survey(
                identity=identity,
                services=services,
                channels=channels,
                clock=await self._connection.measure(),
                device_time=self._connection.device_time,
                scopes=scopes,
                recordings=recordings,
                search_error=search_error,
                replay_error=replay_error,
                endpoint_id=self._endpoint_id,
                auth=caller.default_mode,
                is_https=self._connection.endpoint.is_https,
                has_inner_addresses=self._connection.has_inner_addresses,
            )
        )

    async def events(self) -> AsyncGenerator[DeviceEvent]:
        """Yield events until the iterator is closed; raises when the device gives up.

        An async generator: close it with `aclosing`, or cancel the task that runs it. The
        caller subscribes anew after a pause. UNSUPPORTED only of a device that has never
        made a subscription. `source_token` is the channel's token where the device tells
        which one it is.
        """
        try:
            tokens = await self._known_tokens()
        except NvrError as error:
            raise gone(error) from error
        stream = listen(
            self._connection, tokens, self._clock, self._waits, self._pulling
        )
        try:
            async for event in stream:
                yield event
        finally:
            await stream.aclose()

    async def first_events(self, seconds: float) -> tuple[DeviceEvent, ...]:
        """Return what the device tells whoever begins to listen; waits so long at most.

        Raises `NvrError`; UNSUPPORTED without an event service.
        """
        tokens = await self._known_tokens()
        return await peek(self._connection, tokens, self._waits, self._pulling, seconds)

    async def _known_tokens(self) -> Mapping[str, str]:
        if self._tokens is None:
            profiles, channels = await self._grouped()
            self._tokens = tokens_of(channels, profiles)
        return self._tokens


async def _apart[T](count: int, work: Callable[[], T]) -> T:
    """Return what pure work gives; the loop does not wait for much of it."""
    if count <= _FEW:
        return work()
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _passed_on(error: NvrError) -> NvrError:
    """Return an error a report can tell of; raise one that ends the conversation."""
    if ends_talk(error):
        raise error
    return error


def _from_recordings(recordings: tuple[Recording, ...]) -> tuple[Channel, ...]:
    """Return a channel per recording, for recorders without a media service."""
    return tuple(
        Channel(token=item.token, number=number, name=item.source_name or item.token)
        for number, item in enumerate(recordings, 1)
    )
