"""Devices that differ without being wrong, or are wrong in ways that cost nothing."""

import pytest

from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.models import TimeSource
from tests.core.download.conftest import FolderSink, Runner, check_clips, frames
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.timeline import Stretch, Timeline

ODDITIES = [
    {"first_packet_delay": 0.3},
    {"reply_delay": 0.05},
    {"slow_start": 0.5},
    {"rate_limit_bytes": 400_000},
    {"extension_everywhere": True},
    {"extension_id": 0xABAD},
    {"extension_extra_words": 2},
    {"extension_needs_require": "both"},
    {"terminal_flags": False, "discontinuity_flags": False, "clean_flags": False},
    {"constant_cseq": True},
    {"restart_rtp_at_gaps": True},
    {"rtp_wraps": True},
    {"csrc_and_padding": True},
    {"packet_size": 60_000},
    {"packet_size": 300},
    {"garbage_every_frames": 7},
    {"unknown_channel_frames": True},
    {"no_marker": True},
    {"parameter_sets": "sdp"},
    {"parameter_sets": "in-band"},
    {"audio_starts_late": 0.5},
    {"audio_not_in_sdp": True},
    {"sender_reports": "none"},
    {"sender_reports": "wall"},
    {"no_get_parameter": True},
    {"challenges": ("sha256", "md5")},
    {"qop": False},
    {"stale_after": 0.2, "rate_limit_bytes": 150_000},
    {"wrong_cseq": True},
    {"no_cseq": True},
    {"replies_behind_media": True},
    {"play_reply_after_media": True},
    {"content_base": "absent"},
    {"content_base": "no-slash"},
    {"control": "absolute"},
    {"timeout_form": "quoted"},
    {"no_reason_phrase": True, "lower_case_headers": True},
    {"server_requests": True},
    {"end_notice": 2101},
    {"ignore_teardown": True},
    {"expire_sessions_after": 0.8, "rate_limit_bytes": 150_000},
    {"plays_past_end": True},
    {"live_at_end": True},
    {"outside_range": "silence"},
]


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("switches", ODDITIES, ids=",".join)
def test_every_picture_arrives_once_and_rightly_dated(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults: RtspFaults,
    switches: dict,
    codec: str,
) -> None:
    timeline.codec = codec
    timeline.stretches = [Stretch(0, 6_000), Stretch(40_000, 4_000)]
    faults.update(switches)
    outcome = fetch(0, 44_000)
    assert outcome.error is None, outcome
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 6_000) + frames(40_000, 44_000)
    assert [gap.device_range.duration_ms for gap in outcome.gaps] == [34_000]
    assert {facts.time_source for _, facts in sink.clips} == {TimeSource.CAPTURE}
    check_clips(sink)
