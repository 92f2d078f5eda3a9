"""Recording Control: only what tells which source feeds which recording (RC §5)."""

from .channels import JobSource
from .xml import Element, attribute, children, descendants, find, text


def read_recording_tokens(answer: Element) -> tuple[str, ...]:
    """Read GetRecordingsResponse: the tokens of all recordings (RC 5.6)."""
    tokens = (
        text(item, "RecordingToken") for item in children(answer, "RecordingItem")
    )
    return tuple(token for token in tokens if token)


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
