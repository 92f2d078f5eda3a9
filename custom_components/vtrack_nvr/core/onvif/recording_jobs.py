"""Recording jobs: whether a device records a source, and switching that (RC 5.15-5.17)."""

from ..models import RecordingJob
from .names import Service
from .soap import element, leaf
from .xml import Element, children, find, text

ACTIVE = "Active"
IDLE = "Idle"


def read_job_modes(answer: Element) -> tuple[RecordingJob, ...]:
    """Read GetRecordingJobsResponse (RC 5.15): each job with what it is to do.

    The mode is what was asked of the job; a job that is *Active* records as far as its
    source and its disk let it.
    """
    found: list[RecordingJob] = []
    for item in children(answer, "JobItem"):
        configuration = find(item, "JobConfiguration")
        job, recording = text(item, "JobToken"), text(configuration, "RecordingToken")
        mode = text(configuration, "Mode").strip().lower()
        if job and recording and mode in {ACTIVE.lower(), IDLE.lower()}:
            found.append(RecordingJob(job, recording, mode == ACTIVE.lower()))
    return tuple(found)


def build_set_mode(job_token: str, *, is_active: bool) -> str:
    """Build SetRecordingJobMode (RC 5.17)."""
    return element(
        "t:SetRecordingJobMode",
        leaf("t:JobToken", job_token) + leaf("t:Mode", ACTIVE if is_active else IDLE),
        namespace=Service.RECORDING.value,
    )
