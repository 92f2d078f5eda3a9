"""Recording jobs: what a device records by itself, and switching it."""

from custom_components.vtrack_nvr.core.models import RecordingJob
from custom_components.vtrack_nvr.core.onvif.recording_jobs import (
    build_set_mode,
    read_job_modes,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def job(token: str, recording: str, mode: str) -> str:
    return (
        f"<JobItem><JobToken>{token}</JobToken><JobConfiguration>"
        f"<RecordingToken>{recording}</RecordingToken><Mode>{mode}</Mode>"
        "</JobConfiguration></JobItem>"
    )


def read(*jobs: str) -> tuple[RecordingJob, ...]:
    return read_job_modes(parse_xml(f"<R>{''.join(jobs)}</R>".encode()))


def test_jobs_and_what_they_are_to_do() -> None:
    assert read(job("J1", "R1", "Active"), job("J2", "R2", "Idle")) == (
        RecordingJob("J1", "R1", is_active=True),
        RecordingJob("J2", "R2", is_active=False),
    )


def test_the_spelling_of_a_mode_does_not_matter() -> None:
    assert read(job("J1", "R1", " active ")) == (
        RecordingJob("J1", "R1", is_active=True),
    )


def test_a_job_that_says_too_little_is_left_out() -> None:
    assert (
        read(job("", "R1", "Idle"), job("J", "", "Idle"), job("J", "R", "Maybe")) == ()
    )


def test_the_request_names_job_and_mode() -> None:
    body = build_set_mode("J<1", is_active=False)
    assert "SetRecordingJobMode" in body
    assert "J&lt;1" in body
    assert ">Idle<" in body
    assert ">Active<" in build_set_mode("J", is_active=True)
