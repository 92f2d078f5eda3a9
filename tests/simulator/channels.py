"""The channels of a simulated NVR: tokens, media profiles, recording, live paths."""

from dataclasses import dataclass

from .spec import CameraSpec, NvrSpec
from .timeline import LiveSource, Timeline


@dataclass(slots=True)
class Profile:
    """A media profile and the RTSP path of its stream."""

    token: str
    name: str
    stream: str
    source_token: str
    encoder_token: str
    live: LiveSource
    path: str


@dataclass(slots=True)
class Channel:
    """One camera of the device; `timeline` is None where nothing is recorded."""

    number: int
    spec: CameraSpec
    source_token: str
    profiles: list[Profile]
    timeline: Timeline | None
    job_token: str

    @property
    def replay_path(self) -> str:
        """Return the RTSP path of the recording; it survives a format."""
        return f"/replay/{self.number}"


def make_channels(spec: NvrSpec, now_ms: int) -> list[Channel]:
    """Return the channels of a device that was switched on at `now_ms` of its clock."""
    channels = []
    for number, camera in enumerate(spec.cameras, spec.first_channel):
        source = spec.source_token.format(n=number)
        profiles = []
        streams = ("main", "sub") if camera.has_sub_stream else ("main",)
        for index, stream in enumerate(streams, 1):
            token = spec.profile_token.format(n=number, stream=stream, index=index)
            own_source = f"{source}0{index}" if spec.source_per_stream else source
            profiles.append(
                Profile(
                    token,
                    f"{camera.name} {stream}",
                    stream,
                    own_source,
                    f"VideoEncoder_{number}_{stream}",
                    camera.live(is_sub=stream == "sub"),
                    f"/live/{number}/{stream}",
                )
            )
        timeline = None
        if camera.is_recorded and spec.services & {"search", "recording"}:
            timeline = camera.timeline(
                spec.recording_token.format(n=number, index=number), now_ms
            )
        channels.append(
            Channel(
                number, camera, source, profiles, timeline, f"RecordingJob_{number}"
            )
        )
    return channels
