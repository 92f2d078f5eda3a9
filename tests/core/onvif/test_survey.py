"""The report says what really works, and warns of what a person should know."""

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.device_report import (
    ReplaySupport,
    ReportWarning,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import (
    Channel,
    ClockReading,
    DeviceIdentity,
    Recording,
)
from custom_components.vtrack_nvr.core.onvif.caller import is_local_time
from custom_components.vtrack_nvr.core.onvif.device_clock import DeviceTime
from custom_components.vtrack_nvr.core.onvif.http_login import AuthMode
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.onvif.services import ServiceMap
from custom_components.vtrack_nvr.core.onvif.survey import Survey, make_report

GOOD = Survey(
    identity=DeviceIdentity("M", "X", "1", "SN9", "h", "02:00:5e:00:00:01"),
    services=ServiceMap(
        {Service.SEARCH: "http://a/", Service.REPLAY: "http://a/"},
    ),
    channels=(Channel("V1", 1, "Hall", recording_tokens=("R1",)),),
    clock=ClockReading(0, 5),
    device_time=DeviceTime(5, is_ntp=True),
    scopes=(
        "onvif://www.onvif.org/name/Hall%20cam",
        "onvif://www.onvif.org/location/hall",
        "onvif://www.onvif.org/Profile/G",
    ),
    recordings=(
        Recording("R1", device_earliest_ms=10, device_latest_ms=90),
        Recording("R2", device_earliest_ms=5),
    ),
    auth=AuthMode.DIGEST,
    is_https=True,
)
WHOLE = replace(GOOD, recordings=GOOD.recordings[:1])


def test_a_good_device_gives_no_warning() -> None:
    report = make_report(WHOLE)
    assert report.warnings == ()
    assert report.replay is ReplaySupport.FULL
    assert (report.name, report.location, report.profiles) == (
        "Hall cam",
        "hall",
        ("G",),
    )
    assert (report.device_oldest_ms, report.device_newest_ms) == (10, 90)
    assert report.services == ("search", "replay")
    assert report.auth == "digest"


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"clock": ClockReading(-70_000, 5)}, ReportWarning.CLOCK_OFF),
        ({"clock": ClockReading(3_600_000 + 20_000, 4_000_000)}, ReportWarning.LOCAL_TIME_AS_UTC),
        ({"recordings": (Recording("R1", device_latest_ms=700_000),)},
         ReportWarning.RECORDINGS_AHEAD),
        ({"device_time": DeviceTime(5)}, ReportWarning.CLOCK_NOT_NTP),
        ({"device_time": DeviceTime(None, is_ntp=True)}, ReportWarning.NO_CLOCK),
        ({"recordings": ()}, ReportWarning.NO_RECORDINGS),
        ({"recordings": GOOD.recordings}, ReportWarning.UNASSIGNED_RECORDINGS),
        ({"services": ServiceMap()}, ReportWarning.NO_REPLAY),
        ({"identity": DeviceIdentity("M", "X", serial="0000")}, ReportWarning.NO_SERIAL),
        ({"has_inner_addresses": True}, ReportWarning.INNER_ADDRESS),
        ({"is_https": False}, ReportWarning.PLAIN_HTTP),
        ({"auth": AuthMode.BASIC}, ReportWarning.BASIC_AUTH),
        ({"search_error": NvrError(ErrorKind.NO_PERMISSION)}, ReportWarning.NO_PLAYBACK_RIGHT),
        ({"search_error": NvrError(ErrorKind.BUSY)}, ReportWarning.SEARCH_FAILED),
        ({"replay_error": NvrError(ErrorKind.BUSY)}, ReportWarning.REPLAY_FAILED),
        ({"replay_error": NvrError(ErrorKind.UNSUPPORTED)}, ReportWarning.NO_REPLAY),
    ],
)  # fmt: skip
def test_each_warning_stands_alone(
    changes: dict[str, object], warning: ReportWarning
) -> None:
    assert make_report(replace(WHOLE, **changes)).warnings == (warning,)


@pytest.mark.parametrize(
    ("search", "replay", "support"),
    [
        (None, ErrorKind.UNSUPPORTED, ReplaySupport.SEARCH_ONLY),
        (ErrorKind.UNSUPPORTED, None, ReplaySupport.REPLAY_ONLY),
        (ErrorKind.NOT_ONVIF, ErrorKind.NOT_ONVIF, ReplaySupport.NONE),
        (ErrorKind.BUSY, ErrorKind.TIMEOUT, ReplaySupport.FULL),
    ],
)
def test_what_is_announced_and_does_not_work_is_not_there(
    search: ErrorKind | None, replay: ErrorKind | None, support: ReplaySupport
) -> None:
    report = make_report(
        replace(
            WHOLE,
            search_error=NvrError(search) if search else None,
            replay_error=NvrError(replay) if replay else None,
        )
    )
    assert report.replay is support


def test_an_offset_is_a_time_zone_only_in_whole_quarters() -> None:
    hour = 3_600_000
    assert is_local_time(8 * hour)
    assert is_local_time(-3 * hour - hour // 2 + 30_000)
    assert not is_local_time(0)
    assert not is_local_time(hour // 10)
    assert not is_local_time(400 * hour)
