"""Answers of real devices, in shape: every one is read to the end."""

from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.device_report import ReplaySupport
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import Channel, StreamProfile
from custom_components.vtrack_nvr.core.onvif.channels import match_recordings
from custom_components.vtrack_nvr.core.onvif.lenient import parse_time_ms
from custom_components.vtrack_nvr.core.onvif.media import read_uri
from custom_components.vtrack_nvr.core.onvif.profiles import (
    group_channels,
    read_profiles1,
)
from custom_components.vtrack_nvr.core.onvif.recording import read_jobs
from custom_components.vtrack_nvr.core.onvif.search import (
    read_event_page,
    read_recording_page,
    read_search_token,
)
from custom_components.vtrack_nvr.core.onvif.segments import fold_segments
from custom_components.vtrack_nvr.core.onvif.services import (
    read_capabilities,
    read_services,
)
from custom_components.vtrack_nvr.core.onvif.soap import read_body
from custom_components.vtrack_nvr.core.onvif.xaddr import media_uri
from custom_components.vtrack_nvr.core.onvif.xml import Element, parse_xml
from custom_components.vtrack_nvr.core.redact import Redactor

DEVICES = Path(__file__).parents[2] / "devices"
FILES = sorted(DEVICES.glob("*/*.xml"))


def answer(name: str) -> Element:
    return read_body(parse_xml((DEVICES / f"{name}.xml").read_bytes()), name)


def ms(written: str) -> int:
    found = parse_time_ms(written)
    assert found is not None
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_answer_is_xml_and_holds_no_identity(path: Path) -> None:
    parse_xml(path.read_bytes())
    written = path.read_text()
    # Documentation addresses only (RFC 5737), and nothing else that redaction knows.
    rest = written.replace("192.0.2.", "127.0.0.1/")
    assert "**" not in Redactor().text(rest).replace("**host-1**", "")


def test_a_hikvision_camera_writes_its_truths_in_capitals() -> None:
    found = read_services(answer("hikvision_camera/GetServices"))
    assert found.replay is ReplaySupport.FULL
    assert found.has_recording_options
    assert "media2" in found.labels


def test_a_hikvision_camera_refuses_with_a_web_page() -> None:
    with pytest.raises(NvrError) as caught:
        parse_xml((DEVICES / "hikvision_camera/unauthorized.html").read_bytes())
    assert caught.value.kind is ErrorKind.NOT_ONVIF


def test_a_hikvision_recorder_has_a_source_per_stream() -> None:
    channels = group_channels(read_profiles1(answer("hikvision_recorder/GetProfiles")))
    assert [c.number for c in channels] == [1, 2, 12]
    assert [[p.width for p in c.profiles] for c in channels] == [[2560, 640]] * 3
    with pytest.raises(NvrError) as caught:
        answer("hikvision_recorder/NotAuthorized")
    assert caught.value.kind is ErrorKind.AUTH_REFUSED


def test_an_axis_recording_is_traced_by_its_job() -> None:
    page = read_recording_page(answer("axis_camera/GetRecordingSearchResults"))
    (recording,) = page.recordings
    assert recording.device_earliest_ms == ms("2026-03-01T07:12:09.123Z")
    channels = [
        Channel("0", 1, "", (StreamProfile("profile_1_h264", "", "H264", 1, 1),)),
        Channel("1", 2, "", (StreamProfile("profile_2_h264", "", "H264", 1, 1),)),
    ]
    jobs = read_jobs(answer("axis_camera/GetRecordingJobs"))
    assert match_recordings(channels, [recording], jobs) == {recording.token: "0"}
    uri = media_uri(read_uri(answer("axis_camera/GetReplayUri")), "cam.lan")
    assert uri is not None
    assert uri.endswith("&onvifreplayext=1&streamtype=unicast&session_timeout=30")


def test_a_tapo_announces_profile_g_and_has_none() -> None:
    found = read_capabilities(answer("tplink_tapo/GetCapabilities"))
    assert found.replay is ReplaySupport.NONE
    assert found.labels == ("device", "media", "events", "device_io")


def test_a_uniview_recorder_has_brackets_in_its_tokens() -> None:
    assert read_search_token(answer("uniview_recorder/FindEvents")) == "SearchToken[1]"
    uri = media_uri(read_uri(answer("uniview_recorder/GetReplayUri")), "nvr.lan", 8554)
    assert uri == "rtsp://nvr.lan:8554/c1/b1772349129/e1772435529/replay/"


def test_a_dahua_recorder_tells_files_twice_and_minutes_over_59() -> None:
    page = read_event_page(answer("dahua_recorder/GetEventSearchResults"))
    assert page.results == 14
    recording = read_recording_page(
        parse_xml(
            b"<R><ResultList><RecordingInformation><RecordingToken>"
            b"RecordMediaProfile00000</RecordingToken></RecordingInformation>"
            b"</ResultList></R>"
        )
    ).recordings[0]
    window = TimeRange(ms("2026-03-01T00:00:00Z"), ms("2026-03-02T00:00:00Z"))
    fold = fold_segments(page.events, recording, window, ms("2026-03-05T00:00:00Z"))
    assert [segment.device_range for segment in fold.segments] == [
        TimeRange(ms("2026-03-01T07:00:00Z"), ms("2026-03-01T08:00:01Z")),
        TimeRange(ms("2026-03-01T09:15:00Z"), ms("2026-03-01T10:00:30Z")),
    ]
    assert fold.is_proven
