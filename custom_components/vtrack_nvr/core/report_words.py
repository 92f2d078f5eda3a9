"""What is said of a device: for each subject one sentence at most; pure.

A report is a list of findings, and two of them can say the opposite of each other once
each has a text of its own. Here one function decides about each subject, so that nothing
can be said twice, or taken back by the next line. `docs/onboarding.md` lists the
sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .device_report import (
    BAD_PLAYBACK,
    DeviceReport,
    Playback,
    ReplaySupport,
    ReportWarning,
    StreamContent,
)
from .models import Channel

RIGHT_SECONDS = 2
OFF_SECONDS = 60
_ZONES_S = range(13 * 60, 15 * 3600)
"""From a quarter of an hour to 14 hours, with some room for the clock itself."""
_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60))
_CLEARTEXT = frozenset({"basic", "wss_text"})


class Subject(StrEnum):
    """What is spoken of, in the order of the sentences."""

    FOOTAGE = "footage"
    """What the device recorded, and whether that can be copied."""
    LIVE = "live"
    """What takes over where nothing is copied."""
    STREAM = "stream"
    OLDEST = "oldest"
    UNASSIGNED = "unassigned"
    CLOCK = "clock"
    CARE = "care"
    """Who sets the clock."""
    DATES = "dates"
    LOGIN = "login"
    """Who can read the password and the traffic."""
    IDENTITY = "identity"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The key of a text with what stands in it; `utc_ms` is a moment that it names."""

    key: str
    values: Mapping[str, int | str] = field(default_factory=dict)
    utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Of how many cameras recordings are copied, the live stream is recorded, or nothing."""

    copied: int = 0
    live: int = 0
    nothing: int = 0


def sentences(
    report: DeviceReport, sources: Sources | None = None
) -> dict[Subject, Sentence]:
    """Return what is to be said, by subject and in order.

    `sources` is what is being done with a device that is set up; else it follows from the
    report. Of clock, footage and login something is always said.
    """
    if report.replay in _LISTS_NOTHING:
        report = replace(report, recordings=(), unassigned=())
    is_copying = sources is not None and sources.copied > 0
    footage = _footage(report, is_copying=is_copying)
    found = {
        Subject.FOOTAGE: Sentence(f"report_footage_{footage}"),
        Subject.LIVE: _live(sources or _expected(report), footage),
        Subject.STREAM: _stream(report),
        Subject.OLDEST: _oldest(report, footage),
        Subject.UNASSIGNED: _unassigned(report, footage),
        Subject.CLOCK: clock_sentence(report),
        Subject.CARE: _care(report),
        Subject.DATES: _dates(report),
        Subject.LOGIN: Sentence(f"report_login_{_login(report)}"),
        Subject.IDENTITY: _warned(report, ReportWarning.NO_SERIAL),
        Subject.ADDRESS: _warned(report, ReportWarning.INNER_ADDRESS),
    }
    return {subject: said for subject, said in found.items() if said is not None}


def _warned(report: DeviceReport, warning: ReportWarning) -> Sentence | None:
    if warning not in report.warnings:
        return None
    return Sentence(f"report_{warning}")


# Footage


class _Footage(StrEnum):
    FULL = "full"
    NO_PROFILE_G = "no_profile_g"
    SEARCH_ONLY = "search_only"
    REPLAY_ONLY = "replay_only"
    NOT_LISTED = "not_listed"
    NO_SEARCH_RIGHT = "no_search_right"
    NOTHING = "nothing"
    EMPTY = "empty"
    NOT_TRIED = "not_tried"
    NO_REPLAY_RIGHT = "no_replay_right"
    UNDATED = "undated"
    UDP_ONLY = "udp_only"
    NO_PICTURES = "no_pictures"
    BROKEN = "broken"
    NO_CAMERA = "no_camera"


_LACKS = {
    ReplaySupport.NONE: _Footage.NO_PROFILE_G,
    ReplaySupport.SEARCH_ONLY: _Footage.SEARCH_ONLY,
    ReplaySupport.REPLAY_ONLY: _Footage.REPLAY_ONLY,
}
_PLAYBACK = {
    Playback.UNDATED: _Footage.UNDATED,
    Playback.UDP_ONLY: _Footage.UDP_ONLY,
    Playback.NO_PICTURES: _Footage.NO_PICTURES,
    Playback.REFUSED: _Footage.NO_REPLAY_RIGHT,
    Playback.BROKEN: _Footage.BROKEN,
}
_NOT_COPIED = frozenset({*_LACKS.values(), *_PLAYBACK.values(), _Footage.NO_CAMERA})
"""Nothing can be copied, whatever the engine still relies on."""
_COPYABLE = frozenset({_Footage.FULL, _Footage.EMPTY, _Footage.NOT_TRIED})
_LISTS_NOTHING = frozenset({ReplaySupport.NONE, ReplaySupport.REPLAY_ONLY})


def _footage(report: DeviceReport, *, is_copying: bool) -> _Footage:
    warnings = frozenset(report.warnings)
    if report.replay in _LACKS:
        return _LACKS[report.replay]
    is_refused = ReportWarning.NO_PLAYBACK_RIGHT in warnings
    if not report.recordings:
        if is_refused:
            return _Footage.NO_SEARCH_RIGHT
        if ReportWarning.SEARCH_FAILED in warnings:
            return _Footage.NOT_LISTED
        return _Footage.NOTHING
    if is_refused:
        return _Footage.NO_REPLAY_RIGHT
    if report.playback in _PLAYBACK:
        return _PLAYBACK[report.playback]
    if _is_empty(report):
        return _Footage.EMPTY
    if warnings & {ReportWarning.REPLAY_FAILED, ReportWarning.SEARCH_FAILED}:
        return _Footage.NOT_TRIED
    is_matched = any(channel.recording_tokens for channel in report.channels)
    if not (is_matched or is_copying):
        return _Footage.NO_CAMERA
    return _Footage.FULL


def _is_empty(report: DeviceReport) -> bool:
    """Return whether every recording ends where it begins, as far as the device says."""
    return all(
        item.device_earliest_ms is not None
        and item.device_latest_ms is not None
        and item.device_latest_ms <= item.device_earliest_ms
        for item in report.recordings
    )


def _oldest(report: DeviceReport, footage: _Footage) -> Sentence | None:
    if (
        footage is _Footage.EMPTY
        or not report.recordings
        or report.device_oldest_ms is None
    ):
        return None
    utc_ms = report.device_oldest_ms + report.clock.offset_ms
    return Sentence("report_oldest", utc_ms=utc_ms)


def _unassigned(report: DeviceReport, footage: _Footage) -> Sentence | None:
    """Return that some are nobody's; that all are is said of the footage."""
    is_some = report.unassigned and report.recordings
    if not is_some or footage is _Footage.NO_CAMERA:
        return None
    return Sentence("report_unassigned_recordings")


# Live


def _expected(report: DeviceReport) -> Sources:
    """Return what will be done with a device that is new."""
    is_bad = (
        report.playback in BAD_PLAYBACK
        or ReportWarning.NO_PLAYBACK_RIGHT in report.warnings
    )
    has_replay = report.replay is ReplaySupport.FULL and not is_bad
    copied = live = nothing = 0
    for channel in report.channels:
        if has_replay and report.recordings and channel.recording_tokens:
            copied += 1
        elif _has_pictures(report, channel):
            live += 1
        else:
            nothing += 1
    return Sources(copied, live, nothing)


def _has_pictures(report: DeviceReport, channel: Channel) -> bool:
    is_known_bad = report.live in {StreamContent.SOUND_ONLY, StreamContent.NOTHING}
    return bool(channel.profiles) and not (
        is_known_bad and channel is report.channels[0]
    )


def _live(sources: Sources, footage: _Footage) -> Sentence | None:
    if footage in _NOT_COPIED:
        sources = replace(sources, copied=0)
    if footage in _COPYABLE and not sources.copied:
        # Those with recordings are recorded live all the same: they are not theirs here.
        return _live_unassigned(sources)
    numbers: dict[str, int | str] = {"live": sources.live, "nothing": sources.nothing}
    match (sources.copied > 0, sources.live > 0, sources.nothing > 0):
        case (False, True, False):
            return Sentence("report_live_all")
        case (False, False, True):
            return Sentence("report_live_none")
        case (False, True, True):
            return Sentence("report_live_all_but", numbers)
        case (True, True, False):
            return Sentence("report_live_some", numbers)
        case (True, False, True):
            return Sentence("report_live_lacking", numbers)
        case (True, True, True):
            return Sentence("report_live_some_but", numbers)
    return None


def _live_unassigned(sources: Sources) -> Sentence | None:
    if sources.live:
        return Sentence("report_live_unassigned")
    return Sentence("report_live_unassigned_none") if sources.nothing else None


def _stream(report: DeviceReport) -> Sentence | None:
    if not report.channels or not report.channels[0].profiles:
        return None
    values: dict[str, int | str] = {"camera": report.channels[0].name}
    match report.live:
        case StreamContent.SOUND_ONLY:
            return Sentence("report_stream_sound_only", values)
        case StreamContent.NOTHING:
            return Sentence("report_stream_nothing", values)
    return None


# Clock


def clock_sentence(report: DeviceReport) -> Sentence:
    """Return how far the device's clock is off, in the unit that people would use."""
    if ReportWarning.NO_CLOCK in report.warnings:
        return Sentence("report_clock_untold")
    seconds = round(-report.clock.offset_ms / 1000)
    size = abs(seconds)
    if size <= RIGHT_SECONDS:
        return Sentence("report_clock_right")
    way = "fast" if seconds > 0 else "slow"
    if size in _ZONES_S and ReportWarning.LOCAL_TIME_AS_UTC in report.warnings:
        way = f"local_{way}"
    for unit, length in _UNITS:
        if size >= 2 * length:
            return Sentence(
                f"report_clock_{way}_{unit}", {"count": round(size / length)}
            )
    return Sentence(f"report_clock_{way}_seconds", {"count": size})


def _care(report: DeviceReport) -> Sentence | None:
    """Return who looks after a clock that the device tells."""
    warnings = report.warnings
    if ReportWarning.NO_CLOCK in warnings:
        return None
    if ReportWarning.CLOCK_NOT_NTP in warnings:
        return Sentence("report_clock_not_ntp")
    is_off = abs(report.clock.offset_ms) > OFF_SECONDS * 1000
    if is_off and ReportWarning.LOCAL_TIME_AS_UTC not in warnings:
        return Sentence("report_clock_ntp_fails")
    return None


def _dates(report: DeviceReport) -> Sentence | None:
    warnings = report.warnings
    if ReportWarning.NO_CLOCK in warnings or not report.recordings:
        return None
    return _warned(report, ReportWarning.RECORDINGS_AHEAD)


# Login


class _LoginWords(StrEnum):
    CLEARTEXT = "cleartext"
    VIDEO_CLEARTEXT = "video_cleartext"
    PLAIN = "plain"
    INSIDE_TLS = "inside_tls"
    ENCRYPTED = "encrypted"
    VIDEO_PLAIN = "video_plain"
    SERVICES_ENCRYPTED = "services_encrypted"


def _login(report: DeviceReport) -> _LoginWords:
    """Return the worst of what anybody in between can read."""
    is_plain = ReportWarning.PLAIN_HTTP in report.warnings
    is_readable = report.auth in _CLEARTEXT
    is_video_readable = report.rtsp_auth in _CLEARTEXT
    if is_plain and is_readable:
        return _LoginWords.CLEARTEXT
    if is_video_readable and not report.is_rtsp_tls:
        return _LoginWords.VIDEO_CLEARTEXT
    if is_plain:
        return _LoginWords.PLAIN
    if is_readable or is_video_readable:
        return _LoginWords.INSIDE_TLS
    match report.is_rtsp_tls:
        case True:
            return _LoginWords.ENCRYPTED
        case False:
            return _LoginWords.VIDEO_PLAIN
    return _LoginWords.SERVICES_ENCRYPTED
