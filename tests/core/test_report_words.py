"""Whatever a device is, no two sentences about it contradict each other."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
import json
from pathlib import Path
import string

import pytest

from custom_components.vtrack_nvr.core.device_report import (
    DeviceReport,
    Playback,
    ReplaySupport,
    ReportWarning,
    StreamContent,
)
from custom_components.vtrack_nvr.core.models import (
    Channel,
    ClockReading,
    DeviceIdentity,
    NvrKey,
    Recording,
    StreamProfile,
)
from custom_components.vtrack_nvr.core.report_words import Sources, Subject, sentences

ENGLISH = Path("custom_components/vtrack_nvr/translations/en.json")
TEXTS: dict[str, str] = json.loads(ENGLISH.read_text(encoding="utf-8"))["common"]

STREAM = StreamProfile("P", "main", "H264", 640, 360)
WITH_ALL = Channel("V1", 1, "Hall", (STREAM,), ("R1",))
LIVE_ONLY = Channel("V2", 2, "Yard", (STREAM,))
BARE = Channel("V3", 3, "Attic")
FULL = Recording("R1", device_earliest_ms=10, device_latest_ms=90)
EMPTY = Recording("R1", device_earliest_ms=10, device_latest_ms=10)
GOOD = DeviceReport(
    key=NvrKey("k"),
    identity=DeviceIdentity("M", "X", "1", "SN9"),
    channels=(WITH_ALL,),
    replay=ReplaySupport.FULL,
    clock=ClockReading(0, 5),
    recordings=(FULL,),
    device_oldest_ms=10,
)

# What each sentence claims. Two sentences contradict each other where they claim
# something else of the same thing.
CLAIMS: dict[str, dict[str, bool]] = {
    "report_footage_full": {
        "listed": True,
        "plays": True,
        "recorded": True,
        "can": True,
    },
    "report_footage_no_profile_g": {"listed": False, "plays": False, "copies": False},
    "report_footage_search_only": {"plays": False, "copies": False},
    "report_footage_replay_only": {"listed": False, "copies": False},
    "report_footage_not_listed": {"listed": False},
    "report_footage_no_search_right": {"listed": False},
    "report_footage_nothing": {"recorded": False},
    "report_footage_empty": {"listed": True, "recorded": False},
    "report_footage_not_tried": {"listed": True},
    "report_footage_no_replay_right": {"listed": True, "plays": False, "copies": False},
    "report_footage_undated": {"listed": True, "copies": False},
    "report_footage_udp_only": {"listed": True, "copies": False},
    "report_footage_no_pictures": {"listed": True, "copies": False},
    "report_footage_broken": {"listed": True, "plays": False, "copies": False},
    "report_footage_no_camera": {"listed": True, "copies": False, "matched": False},
    "report_live_all": {"can": False, "copies": False, "live": True},
    "report_live_none": {"can": False, "copies": False, "live": False},
    "report_live_all_but": {
        "can": False,
        "copies": False,
        "live": True,
        "all_live": False,
    },
    "report_live_some": {"copies": True, "live": True},
    "report_live_lacking": {"copies": True, "live": False, "all_live": False},
    "report_live_some_but": {"copies": True, "live": True, "all_live": False},
    "report_live_unassigned": {"listed": True, "live": True},
    "report_live_unassigned_none": {"listed": True, "live": False},
    "report_stream_sound_only": {},
    "report_stream_nothing": {},
    "report_oldest": {"listed": True, "recorded": True},
    "report_unassigned_recordings": {"listed": True, "matched": True},
    "report_clock_untold": {"told": False},
    "report_clock_right": {"told": True, "right": True},
    "report_clock_not_ntp": {"told": True, "ntp": False},
    "report_clock_ntp_fails": {"told": True, "right": False, "ntp": True},
    "report_recordings_ahead": {"told": True, "listed": True, "recorded": True},
    "report_login_cleartext": {"tls": False, "readable": True},
    "report_login_video_cleartext": {"readable": True},
    "report_login_plain": {"tls": False, "readable": False},
    "report_login_inside_tls": {"tls": True, "readable": False},
    "report_login_encrypted": {"tls": True, "readable": False},
    "report_login_video_plain": {"tls": True, "readable": False},
    "report_login_services_encrypted": {"tls": True, "readable": False},
    "report_no_serial": {},
    "report_inner_address": {},
    **{
        f"report_clock_{way}_{unit}": {"told": True, "right": False}
        for way in ("fast", "slow")
        for unit in ("seconds", "minutes", "hours", "days")
    },
    **{
        f"report_clock_local_{way}_{unit}": {"told": True, "right": False}
        for way in ("fast", "slow")
        for unit in ("minutes", "hours")
    },
}
ALWAYS = {Subject.FOOTAGE, Subject.CLOCK, Subject.LOGIN}


def contradictions(keys: list[str]) -> list[tuple[str, str, str]]:
    return [
        (one, other, claim)
        for one, other in combinations(keys, 2)
        for claim, value in CLAIMS[one].items()
        if CLAIMS[other].get(claim, value) is not value
    ]


FOOTAGE_WARNINGS = (
    (),
    (ReportWarning.SEARCH_FAILED,),
    (ReportWarning.REPLAY_FAILED,),
    (ReportWarning.NO_PLAYBACK_RIGHT,),
    (ReportWarning.NO_RECORDINGS,),
    (ReportWarning.NO_REPLAY, ReportWarning.UNASSIGNED_RECORDINGS),
)
SOURCES = (None, *(Sources(*some) for some in product((0, 2), repeat=3)))
CHANNELS = (
    (),
    (WITH_ALL,),
    (LIVE_ONLY,),
    (BARE,),
    (WITH_ALL, LIVE_ONLY),
    (WITH_ALL, BARE),
    (LIVE_ONLY, BARE),
    (WITH_ALL, LIVE_ONLY, BARE),
)


def footage_reports() -> Iterator[DeviceReport]:
    for replay, playback, live, warnings, recordings, unassigned, channels in product(
        ReplaySupport,
        Playback,
        StreamContent,
        FOOTAGE_WARNINGS,
        ((), (FULL,), (EMPTY,), (Recording("R1"), FULL)),
        ((), ("R9",)),
        CHANNELS,
    ):
        yield replace(
            GOOD,
            replay=replay,
            playback=playback,
            live=live,
            warnings=warnings,
            recordings=recordings,
            unassigned=unassigned,
            channels=channels,
        )


def test_of_footage_and_live_nothing_is_said_against_another_sentence() -> None:
    for report in footage_reports():
        for sources in SOURCES:
            said = sentences(report, sources)
            keys = [sentence.key for sentence in said.values()]
            assert not contradictions(keys), report
            assert said.keys() >= ALWAYS
            if sources is None and report.channels and not copied(report):
                # Where nothing is copied, what takes over is always told.
                assert Subject.LIVE in said, report


def copied(report: DeviceReport) -> bool:
    """Return whether recordings of any camera will be copied, by the facts alone."""
    return (
        report.replay is ReplaySupport.FULL
        and report.playback in {Playback.UNTRIED, Playback.DESCRIBED}
        and bool(report.recordings)
        and any(channel.recording_tokens for channel in report.channels)
    )


def test_of_clock_and_login_nothing_is_said_against_another_sentence() -> None:
    about_clock = [
        warning
        for warning in ReportWarning
        if "clock" in warning or "time" in warning or "ahead" in warning
    ]
    some = [
        chosen
        for count in range(len(about_clock) + 1)
        for chosen in combinations(about_clock, count)
    ]
    offsets = (0, 1500, 30_000, -90_000, 3_600_000, -86_400_000 * 40)
    for warnings, offset_ms, recordings in product(some, offsets, ((), (FULL,))):
        said = sentences(
            replace(
                GOOD,
                warnings=warnings,
                clock=ClockReading(offset_ms, 5),
                recordings=recordings,
            )
        )
        assert not contradictions([sentence.key for sentence in said.values()])
        is_told = ReportWarning.NO_CLOCK not in warnings
        assert (said[Subject.CLOCK].key == "report_clock_untold") is not is_told
    auths = ("none", "wss", "wss_text", "digest", "basic")
    for auth, rtsp, is_tls, is_plain in product(
        auths, ("", "digest", "basic"), (None, True, False), (True, False)
    ):
        warnings = (ReportWarning.PLAIN_HTTP,) if is_plain else ()
        said = sentences(
            replace(
                GOOD, auth=auth, rtsp_auth=rtsp, is_rtsp_tls=is_tls, warnings=warnings
            )
        )
        claims = CLAIMS[said[Subject.LOGIN].key]
        assert claims.get("tls", not is_plain) is not is_plain
        is_readable = (auth in {"basic", "wss_text"} and is_plain) or (
            rtsp == "basic" and not is_tls
        )
        assert claims["readable"] is is_readable


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, ["footage_full", "oldest", "clock_right", "login_services_encrypted"]),
        (
            {"recordings": (EMPTY,)},
            ["footage_empty", "clock_right", "login_services_encrypted"],
        ),
        (
            {"playback": Playback.UNDATED, "is_rtsp_tls": False},
            [
                "footage_undated",
                "live_all",
                "oldest",
                "clock_right",
                "login_video_plain",
            ],
        ),
        (
            {
                "warnings": (
                    ReportWarning.NO_CLOCK,
                    ReportWarning.CLOCK_NOT_NTP,
                    ReportWarning.SEARCH_FAILED,
                    ReportWarning.PLAIN_HTTP,
                ),
                "recordings": (),
                "auth": "wss_text",
            },
            ["footage_not_listed", "live_all", "clock_untold", "login_cleartext"],
        ),
        (
            {"replay": ReplaySupport.NONE, "live": StreamContent.SOUND_ONLY},
            [
                "footage_no_profile_g",
                "live_none",
                "stream_sound_only",
                "clock_right",
                "login_services_encrypted",
            ],
        ),
        (
            {"channels": (LIVE_ONLY,), "unassigned": ("R1",)},
            [
                "footage_no_camera",
                "live_all",
                "oldest",
                "clock_right",
                "login_services_encrypted",
            ],
        ),
    ],
)
def test_what_is_said_in_which_order(
    changes: dict[str, object], keys: list[str]
) -> None:
    said = sentences(replace(GOOD, **changes))
    assert [item.key.removeprefix("report_") for item in said.values()] == keys


def test_every_sentence_has_a_text_with_the_right_placeholders() -> None:
    told = {key for key in TEXTS if key.startswith("report_")}
    assert told - {"report_device", "report_cameras"} == CLAIMS.keys()
    for report in footage_reports():
        for sentence in sentences(report).values():
            values = {*sentence.values, *(("moment",) if sentence.utc_ms else ())}
            parts = string.Formatter().parse(TEXTS[sentence.key])
            assert {name for _, name, _, _ in parts if name} <= values
