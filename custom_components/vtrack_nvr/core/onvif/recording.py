"""Recording Control: only what tells which source feeds which recording (RC §5)."""

from collections.abc import Mapping

from ..models import Recording, Track
from .channels import JobSource
from .search import track_kind
from .xml import Element, attribute, children, descendants, find, text


def read_configured_recordings(answer: Element) -> tuple[Recording, ...]:
    """Read GetRecordingsResponse (RC 5.6): what feeds each recording, without its ends."""
    found: list[Recording] = []
    for item in children(answer, "RecordingItem"):
        token = text(item, "RecordingToken")
        configuration = find(item, "Configuration")
        source = find(configuration, "Source")
        if token:
            found.append(
                Recording(
                    token=token,
                    source_id=text(source, "SourceId"),
                    source_name=text(source, "Name"),
                    content=text(configuration, "Content"),
                    tracks=tuple(
                        Track(
                            token=text(track, "TrackToken"),
                            kind=track_kind(text(track, "Configuration/TrackType")),
                            description=text(track, "Configuration/Description"),
                        )
                        for track in children(find(item, "Tracks"), "Track")
                    ),
                )
            )
    return tuple(found)


def read_jobs(answer: Element) -> tuple[JobSource, ...]:
    """Read GetRecordingJobsResponse: what feeds each recording (RC 5.15)."""
    found: list[JobSource] = []
    for item in children(answer, "JobItem"):
        configuration = find(item, "JobConfiguration")
        recording = text(configuration, "RecordingToken")
        for source in children(configuration, "Source"):
            token = find(source, "SourceToken")
            name = text(token, "Token")
            if recording and name:
                found.append(JobSource(recording, name, attribute(token, "Type")))
    return tuple(found)


def read_compatible_sources(answer: Element) -> tuple[str, ...]:
    """Read GetRecordingOptionsResponse: profile tokens that may feed it (RC 5.20)."""
    tokens: list[str] = []
    for item in descendants(find(answer, "Options"), "Job"):
        tokens += attribute(item, "CompatibleSources").split()
        tokens += (text(e) for e in descendants(item, "CompatibleSources") if text(e))
    return tuple(dict.fromkeys(tokens))


PROTOCOLS = ("RTSP", "UDP", "HTTP")
"""What to ask for, in order. Whatever is granted, SETUP asks for interleaved TCP first."""


def replay_uri_parameters(token: str, protocol: str) -> Mapping[str, object]:
    """Return the parameters of GetReplayUri."""
    return {
        "StreamSetup": {"Stream": "RTP-Unicast", "Transport": {"Protocol": protocol}},
        "RecordingToken": token,
    }
