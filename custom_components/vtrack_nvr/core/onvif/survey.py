"""Puts together what onboarding shows of a device; decides nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..device_report import DeviceReport, ReplaySupport, ReportWarning
from ..errors import ErrorKind, NvrError
from ..models import Channel, ClockReading, DeviceIdentity, Recording
from .caller import is_local_time
from .device import scope_location, scope_profiles, scope_text, scope_values
from .device_clock import DeviceTime
from .http_login import AuthMode
from .identity import nvr_key, usable_serial
from .services import ServiceMap

_CLOCK_OFF_MS = 60_000
_FUTURE_MS = 10 * 60_000


@dataclass(frozen=True, slots=True)
class Survey:
    """The answers a report is made of; an error stands where an answer should be."""

    identity: DeviceIdentity
    services: ServiceMap
    channels: tuple[Channel, ...]
    clock: ClockReading
    device_time: DeviceTime
    scopes: tuple[str, ...] = ()
    recordings: tuple[Recording, ...] = ()
    search_error: NvrError | None = None
    replay_error: NvrError | None = None
    endpoint_id: str = ""
    auth: AuthMode | None = None
    is_https: bool = False
    has_inner_addresses: bool = False


def replay_support(survey: Survey) -> ReplaySupport:
    """Return what really works of Profile G, not what is announced."""
    announced = survey.services.replay
    searches = announced in {ReplaySupport.FULL, ReplaySupport.SEARCH_ONLY}
    replays = announced in {ReplaySupport.FULL, ReplaySupport.REPLAY_ONLY}
    searches = searches and not _is_missing(survey.search_error)
    replays = replays and not _is_missing(survey.replay_error)
    if searches and replays:
        return ReplaySupport.FULL
    if searches:
        return ReplaySupport.SEARCH_ONLY
    return ReplaySupport.REPLAY_ONLY if replays else ReplaySupport.NONE


def _is_missing(error: NvrError | None) -> bool:
    return error is not None and error.kind in {
        ErrorKind.UNSUPPORTED,
        ErrorKind.NOT_ONVIF,
    }


def _is_from_the_future(survey: Survey) -> bool:
    """Return whether footage is dated after the device's own now (§2.2)."""
    device_now_ms = survey.clock.measured_ms - survey.clock.offset_ms
    return any(
        recording.device_latest_ms is not None
        and recording.device_latest_ms > device_now_ms + _FUTURE_MS
        for recording in survey.recordings
    )


def _warnings(survey: Survey, unassigned: Sequence[str]) -> Iterable[ReportWarning]:
    replay = replay_support(survey)
    offset_ms = survey.clock.offset_ms
    errors = [e for e in (survey.search_error, survey.replay_error) if e]
    if survey.device_time.device_ms is None:
        yield ReportWarning.NO_CLOCK
    elif is_local_time(offset_ms):
        yield ReportWarning.LOCAL_TIME_AS_UTC
    elif abs(offset_ms) > _CLOCK_OFF_MS:
        yield ReportWarning.CLOCK_OFF
    if survey.device_time.device_ms is not None and _is_from_the_future(survey):
        yield ReportWarning.RECORDINGS_AHEAD
    if not survey.device_time.is_ntp:
        yield ReportWarning.CLOCK_NOT_NTP
    if replay is not ReplaySupport.FULL:
        yield ReportWarning.NO_REPLAY
    elif any(error.kind is ErrorKind.NO_PERMISSION for error in errors):
        yield ReportWarning.NO_PLAYBACK_RIGHT
    elif survey.search_error:
        yield ReportWarning.SEARCH_FAILED
    elif survey.replay_error:
        yield ReportWarning.REPLAY_FAILED
    elif not survey.recordings:
        yield ReportWarning.NO_RECORDINGS
    if unassigned:
        yield ReportWarning.UNASSIGNED_RECORDINGS
    if not usable_serial(survey.identity.serial):
        yield ReportWarning.NO_SERIAL
    if survey.has_inner_addresses:
        yield ReportWarning.INNER_ADDRESS
    if not survey.is_https:
        yield ReportWarning.PLAIN_HTTP
    if survey.auth and survey.auth.is_cleartext:
        yield (
            ReportWarning.BASIC_AUTH
            if survey.is_https
            else ReportWarning.CLEARTEXT_LOGIN
        )


def make_report(survey: Survey) -> DeviceReport:
    """Return the report; pure."""
    placed = {
        token for channel in survey.channels for token in channel.recording_tokens
    }
    unassigned = tuple(r.token for r in survey.recordings if r.token not in placed)
    values = scope_values(survey.scopes)
    starts = [r.device_earliest_ms for r in survey.recordings]
    ends = [r.device_latest_ms for r in survey.recordings]
    return DeviceReport(
        key=nvr_key(survey.identity, survey.endpoint_id),
        identity=survey.identity,
        channels=survey.channels,
        replay=replay_support(survey),
        clock=survey.clock,
        recordings=survey.recordings,
        unassigned=unassigned,
        device_oldest_ms=min((t for t in starts if t is not None), default=None),
        device_newest_ms=max((t for t in ends if t is not None), default=None),
        name=scope_text(values, "name"),
        location=scope_location(values),
        endpoint_id=survey.endpoint_id,
        services=survey.services.labels,
        profiles=tuple(sorted(scope_profiles(values))),
        auth=survey.auth.value if survey.auth else "none",
        warnings=tuple(_warnings(survey, unassigned)),
    )
