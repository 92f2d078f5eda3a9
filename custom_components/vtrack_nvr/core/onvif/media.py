"""Requests of the two media services that are not zeep's, and their answers (M1, M2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ErrorKind, NvrError
from ..models import StreamProfile
from .connection import Connection
from .http_answer import picture_in
from .names import Service
from .profiles import SourcedProfile, merge, read_profiles1, read_profiles2
from .soap import element, leaf
from .transport import ends_talk
from .xaddr import media_uri, service_urls
from .xml import Element, descendants, read_in_turns, text

STREAM_SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


def build_profiles2() -> str:
    """Build Media 2's GetProfiles; without `Type` no configurations come back."""
    return element(
        "t:GetProfiles", leaf("t:Type", "All"), namespace=Service.MEDIA2.value
    )


def build_stream_uri2(profile_token: str, protocol: str = "RTSP") -> str:
    """Build Media 2's GetStreamUri (M2 5.4.1)."""
    return element(
        "t:GetStreamUri",
        leaf("t:Protocol", protocol) + leaf("t:ProfileToken", profile_token),
        namespace=Service.MEDIA2.value,
    )


def build_snapshot_uri2(profile_token: str) -> str:
    """Build Media 2's GetSnapshotUri."""
    return element(
        "t:GetSnapshotUri",
        leaf("t:ProfileToken", profile_token),
        namespace=Service.MEDIA2.value,
    )


def stream_uri_parameters(profile: StreamProfile) -> dict[str, object]:
    """Return the parameters of Media 1's GetStreamUri (M1 5.15.1)."""
    return {"StreamSetup": STREAM_SETUP, "ProfileToken": profile.token}


def read_uri(answer: Element) -> str:
    """Read the one URI of an answer (GetStreamUri, GetSnapshotUri, GetReplayUri)."""
    return next((text(item) for item in descendants(answer, "Uri") if text(item)), "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A still picture as the device sent it."""

    data: bytes
    content_type: str


class MediaCalls:
    """Media 2 where it is offered (H.265 is often only there), Media 1 otherwise."""

    def __init__(self, connection: Connection, rtsp_port: int | None) -> None:
        """Nothing is sent yet."""
        self._connection = connection
        self._rtsp_port = rtsp_port
        self._snapshots: dict[str, str] = {}

    async def profiles(self) -> tuple[SourcedProfile, ...]:
        """Return all profiles that show a video source."""
        services = await self._connection.services()
        second: tuple[SourcedProfile, ...] = ()
        if services.has(Service.MEDIA2):
            try:
                answer = await self._connection.call(
                    Service.MEDIA2, "GetProfiles", body=build_profiles2()
                )
                second = await read_in_turns(read_profiles2, answer)
            except NvrError as error:
                if ends_talk(error) or not services.has(Service.MEDIA):
                    raise
        if not services.has(Service.MEDIA):
            return second
        try:
            answer = await self._connection.call(Service.MEDIA, "GetProfiles")
            first = await read_in_turns(read_profiles1, answer)
        except NvrError as error:
            if ends_talk(error) or not second:
                raise
            return second
        return merge(first, second)

    async def stream_uri(self, profile: StreamProfile) -> str:
        """Return the live URI, host made reachable."""
        answer = await self._of_either(
            profile,
            "GetStreamUri",
            stream_uri_parameters(profile),
            build_stream_uri2(profile.token),
        )
        return reachable(
            read_uri(answer),
            self._connection.endpoint.host,
            self._rtsp_port,
            "GetStreamUri",
        )

    async def _of_either(
        self,
        profile: StreamProfile,
        operation: str,
        parameters: Mapping[str, object],
        body2: str,
    ) -> Element:
        """Ask the media service that told of a profile, and else the other one.

        Some devices list their profiles in both and serve one of them only.
        """
        services = await self._connection.services()
        ways: list[tuple[Service, str | None]] = [
            (Service.MEDIA, None),
            (Service.MEDIA2, body2),
        ]
        ways.sort(key=lambda way: (way[1] is not None) != (profile.media_version == 2))
        failed: NvrError | None = None
        for service, body in ways:
            if failed is not None and not services.has(service):
                break
            try:
                return await self._connection.call(
                    service, operation, parameters, body=body
                )
            except NvrError as error:
                if ends_talk(error) or error.kind is ErrorKind.BUSY:
                    raise
                failed = failed or error
        assert failed is not None
        raise failed

    async def snapshot(self, profile: StreamProfile) -> Snapshot:
        """Fetch a still; its address is asked for once and again when it fails."""
        url = self._snapshots.get(profile.token) or await self._snapshot_url(profile)
        answer = await self._connection.caller.get(url, where="snapshot")
        if answer.status != 200 or not answer.body:
            self._snapshots.pop(profile.token, None)
            raise NvrError(
                ErrorKind.UNSUPPORTED if answer.status == 404 else ErrorKind.PROTOCOL,
                f"http {answer.status}",
                where="snapshot",
            )
        self._snapshots[profile.token] = url
        return Snapshot(picture_in(answer.body), answer.content_type)

    async def _snapshot_url(self, profile: StreamProfile) -> str:
        answer = await self._of_either(
            profile,
            "GetSnapshotUri",
            {"ProfileToken": profile.token},
            build_snapshot_uri2(profile.token),
        )
        urls = service_urls(read_uri(answer), self._connection.endpoint)
        if not urls:
            raise NvrError(ErrorKind.UNSUPPORTED, "no address", where="snapshot")
        return urls[0]


def reachable(uri: str, host: str, rtsp_port: int | None, where: str) -> str:
    """Return a streaming URI that can be reached; PROTOCOL where it is none."""
    found = media_uri(uri, host, rtsp_port) if uri else None
    if found is None:
        raise NvrError(ErrorKind.PROTOCOL, "no usable address", where=where)
    return found
