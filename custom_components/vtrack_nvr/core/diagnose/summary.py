"""What a report says in plain words: what works, what does not, and why. Pure."""

from collections.abc import Iterator

from ..device_report import ReplaySupport, ReportWarning
from .questions import Examination
from .rtsp_tap import ChannelFacts
from .sessions import SessionFacts

_REPLAY = {
    ReplaySupport.FULL: "It can be searched and played back (Profile G).",
    ReplaySupport.SEARCH_ONLY: "It lists recordings and offers no way to play them.",
    ReplaySupport.REPLAY_ONLY: "It offers playback and cannot say what it recorded.",
    ReplaySupport.NONE: "It has no Profile G: only its live stream can be recorded.",
}
_ENDS = {
    "bye": "says BYE",
    "close": "closes the connection",
    "notice": "sends an end notice",
    "teardown": "ends the session",
    "silence": "falls silent",
    "past_end": "goes on playing past the end",
}
_CLOCK_OFF_MS = 2_000
_SANE_US = 120 * 1_000_000
_FAST = 1.5


def summarise(found: Examination) -> list[str]:
    """Return sentences, the most important first."""
    return [
        *_device(found),
        *_recordings(found),
        *_replay(found),
        *_rest(found),
        *_events(found),
    ]


def _device(found: Examination) -> Iterator[str]:
    report = found.report
    if report is None:
        yield "The device could not be asked what it is."
        return
    identity = report.identity
    yield (
        f"{identity.manufacturer or 'Unknown maker'} {identity.model or 'unknown model'},"
        f" firmware {identity.firmware or 'unknown'}."
    )
    yield _REPLAY[report.replay]
    yield f"Services: {', '.join(report.services) or 'none'}. Login: {report.auth}."
    if ReportWarning.NO_CLOCK in report.warnings:
        yield "It does not tell its time."
    elif abs(report.clock.offset_ms) > _CLOCK_OFF_MS:
        seconds = report.clock.offset_ms / -1000
        yield f"Its clock is {abs(seconds):.0f} s {'fast' if seconds > 0 else 'slow'}."
    else:
        yield "Its clock is right."
    streams = [
        f"{profile.encoding} {profile.width}x{profile.height}"
        for channel in report.channels
        for profile in channel.profiles
    ]
    yield f"Cameras: {len(report.channels)}; streams: {', '.join(streams[:8]) or 'none'}."


def _recordings(found: Examination) -> Iterator[str]:
    report = found.report
    if report is None or report.replay in {
        ReplaySupport.NONE,
        ReplaySupport.REPLAY_ONLY,
    }:
        return
    if ReportWarning.SEARCH_FAILED in report.warnings:
        yield "Its recordings could not be listed."
        return
    if ReportWarning.NO_PLAYBACK_RIGHT in report.warnings:
        yield "The login may not see or play recordings."
    segments = [s for listing in found.listings for s in listing.segments]
    yield (
        f"Recordings: {len(report.recordings)}; stretches found in the last days:"
        f" {len(segments)}."
    )
    if any(segment.is_assumed for segment in segments):
        yield "It does not say where its footage begins and ends; that is guessed."
    if any(not listing.is_complete for listing in found.listings):
        yield "Its search broke off or contradicted itself."


def _replay(found: Examination) -> Iterator[str]:
    fast = found.sessions.get("fast")
    if fast is None:
        return
    if fast.error and not _video(fast):
        yield f"Playback did not work: {fast.error}."
        return
    if ("SETUP", 551) in fast.refused or ("PLAY", 551) in fast.refused:
        yield "It does not know the ONVIF way of playback (551)."
    if fast.rate_control is None:
        yield "It refuses Rate-Control."
    if fast.whole_seconds:
        yield "It refuses fractions of a second."
    if fast.open_range:
        yield "It refuses a range with an end."
    video = _video(fast)
    if video is None:
        yield "Playback was accepted and no picture came."
        return
    yield capture_words(fast, video)
    if fast.footage_s and fast.play_s:
        speed = fast.footage_s / fast.play_s
        if speed > _FAST:
            yield "It plays recordings faster than life."
        else:
            yield "It plays recordings in real time only, so copying takes as long."
    if fast.end in _ENDS:
        yield f"At the end of a range it {_ENDS[fast.end]}."


def capture_words(facts: SessionFacts, video: ChannelFacts) -> str:
    """Return what its capture times are worth."""
    if not video.stamped:
        return (
            "It sends no capture times, so the dates of its footage cannot be proven."
        )
    if video.first_stamp_us is None:
        return "Its capture times are empty."
    if video.stamps < 2 <= video.markers:
        return "Its capture times stand still."
    if facts.asked_ms is not None:
        off_us = video.first_stamp_us - facts.asked_ms[0] * 1000
        if abs(off_us) > _SANE_US:
            return (
                f"Its capture times are {abs(off_us) / 1e6:.0f} s away from what was"
                " asked for."
            )
    return "Its capture times are there and right."


def _video(facts: SessionFacts) -> ChannelFacts | None:
    for track in facts.tracks:
        if track.kind == "video" and track.channel is not None:
            channel = facts.channels.get(track.channel)
            if channel is not None and channel.packets:
                return channel
    return None


def _rest(found: Examination) -> Iterator[str]:
    second = found.second
    if second is not None:
        if second.is_allowed:
            yield "It allows a second session at the same time."
        elif second.status:
            yield f"It refuses a second session ({second.method}: {second.status})."
        else:
            yield f"A second session failed: {second.error}."
    for facts in found.sessions.values():
        if facts.keep_alive:
            ways = [
                f"{way} {status or 'unanswered'}"
                for way, status in facts.keep_alive.items()
            ]
            yield f"Keep-alive: {', '.join(ways)}."
    live = found.sessions.get("live")
    if live is not None:
        tracks = [f"{t.kind} {t.codec}" for t in live.tracks]
        if live.error:
            yield f"The live stream did not work: {live.error}."
        elif _video(live) is None:
            yield "The live stream brought no picture."
        else:
            yield f"Live: {', '.join(tracks)}."
    for name, facts in found.sessions.items():
        for track in facts.tracks:
            channel = facts.channels.get(track.channel or -1)
            if track.kind == "audio" and track.refused:
                yield f"Sound was refused ({name}: {track.refused})."
            elif track.kind == "audio" and track.channel and not channel:
                yield f"Sound is announced and none came ({name})."


def _events(found: Examination) -> Iterator[str]:
    if found.events is not None:
        told = sorted({event.notice or event.event_class for event in found.events})
        yield f"Its events told at once: {', '.join(told) or 'nothing'}."
    for problem in found.problems:
        yield f"Not answered: {problem}."
