"""Conversations with simulated devices, from the first question to the replay URI."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.device_report import (
    ReplaySupport,
    ReportWarning,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.models import DeviceEvent, EventClass
from custom_components.vtrack_nvr.core.onvif import searching
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    certificate_fingerprint,
)
from custom_components.vtrack_nvr.core.policy import Quirk, Waits
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.auth import AuthMode
from tests.simulator.spec import ALL_SERVICES

type Start = Callable[..., Awaitable[SimulatedNvr]]
type DeviceOf = Callable[..., OnvifDevice]

DAY = 86_400_000


async def refused(awaitable: Awaitable[Any]) -> NvrError:
    with pytest.raises(NvrError) as caught:
        await awaitable
    return caught.value


def footage(nvr: SimulatedNvr, number: int = 0) -> list[TimeRange]:
    timeline = nvr.channels[number].timeline
    assert timeline is not None
    now = nvr.clock.now_ms()
    return [TimeRange(s.start_ms, s.end_ms) for s in timeline.spans(now)]


async def listed(
    device: OnvifDevice, nvr: SimulatedNvr, days: int = 3, token: str = ""
) -> tuple[list[TimeRange], bool]:
    recording = next(
        r for r in await device.recordings() if not token or r.token == token
    )
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - days * DAY, now), now)
    return [s.device_range for s in listing.segments], listing.is_complete


async def test_a_whole_conversation(start: Start, device_of: DeviceOf) -> None:
    nvr = await start()
    async with device_of(nvr) as device:
        report = await device.report()
        assert report.replay is ReplaySupport.FULL
        assert report.identity.serial == nvr.spec.serial
        assert report.identity.mac == nvr.spec.mac
        assert report.auth == "digest"
        assert report.clock.offset_ms == 0
        assert report.warnings == (ReportWarning.PLAIN_HTTP,)
        (channel,) = report.channels
        assert channel.name == "Digest"
        assert [p.width for p in channel.profiles] == [640, 320]
        assert channel.recording_tokens == ("OnvifRecordingToken_1",)
        assert await listed(device, nvr) == (footage(nvr), True)
        (recording,) = report.recordings
        assert await device.recording(recording.token) == recording
        uri = await device.replay_uri(recording.token)
        assert uri == f"rtsp://127.0.0.1:{nvr.rtsp_port}/replay/1"
        live = await device.stream_uri(channel.profiles[0])
        assert live == f"rtsp://127.0.0.1:{nvr.rtsp_port}/live/1/main"
        still = await device.snapshot(channel.profiles[1])
        assert still.content_type == "image/jpeg"
        assert still.data.startswith(b"\xff\xd8")
        await device.snapshot(channel.profiles[1])
    assert device.quirks == {Quirk.HTTP_DIGEST}
    assert nvr.guard.failures["digest"] == nvr.guard.failures["user"] == 0
    assert nvr.counters.operations["tr2:GetSnapshotUri"] == 1


async def test_an_idle_look_costs_two_calls(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    await device.measure_clock()
    (recording,) = await device.recordings()
    nvr.reset_counts()
    await device.measure_clock()
    await device.recording(recording.token)
    assert sum(nvr.counters.operations.values()) == 2


@pytest.mark.parametrize(
    ("scenario", "auth", "replay", "warnings"),
    [
        ("wss-only", "wss", ReplaySupport.FULL, set()),
        ("no-login", "none", ReplaySupport.FULL, set()),
        ("no-profile-g", "digest", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("search-only", "digest", ReplaySupport.SEARCH_ONLY, {ReportWarning.NO_REPLAY}),
        ("empty-g-xaddrs", "wss", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("empty-disk", "digest", ReplaySupport.FULL, {ReportWarning.NO_RECORDINGS}),
        ("inner-xaddr", "digest", ReplaySupport.FULL, {ReportWarning.INNER_ADDRESS}),
        ("clock-3-years-off", "digest", ReplaySupport.FULL, {ReportWarning.CLOCK_OFF}),
        ("local-as-utc", "digest", ReplaySupport.FULL, {ReportWarning.LOCAL_TIME_AS_UTC}),
        ("no-get-services", "digest", ReplaySupport.FULL, set()),
        ("h265-media2-only", "digest", ReplaySupport.FULL, set()),
        ("tapo-like", "wss", ReplaySupport.NONE, {ReportWarning.NO_REPLAY}),
        ("no-name", "digest", ReplaySupport.NONE,
         {ReportWarning.NO_REPLAY, ReportWarning.LOCAL_TIME_AS_UTC,
          ReportWarning.INNER_ADDRESS}),
    ],
)  # fmt: skip
async def test_every_profile_onboards_or_explains_itself(
    start: Start,
    device_of: DeviceOf,
    scenario: str,
    auth: str,
    replay: ReplaySupport,
    warnings: set[ReportWarning],
) -> None:
    nvr = await start(scenario)
    device = device_of(nvr)
    report = await device.report()
    assert report.replay is replay
    assert set(report.warnings) - {ReportWarning.PLAIN_HTTP} == warnings
    assert report.channels
    assert report.auth == auth or (auth == "digest" and report.auth == "wss")
    uri = await device.stream_uri(report.channels[0].profiles[0])
    assert uri.startswith(f"rtsp://127.0.0.1:{nvr.rtsp_port}/")
    if report.recordings:
        assert await listed(device, nvr) == (footage(nvr), True)


@pytest.mark.parametrize(
    "scenario",
    ["mapping-video-source", "mapping-source-id", "mapping-options", "mapping-order",
     "sources-per-stream", "channels-from-zero", "channels-from-one", "hikvision-like",
     "dahua-like", "hanwha-like"],
)  # fmt: skip
async def test_every_recording_finds_its_own_channel(
    start: Start, device_of: DeviceOf, scenario: str
) -> None:
    nvr = await start(scenario)
    report = await device_of(nvr).report()
    assert report.unassigned == ()
    expected = {
        c.profiles[0].token: c.timeline.recording_token
        for c in nvr.channels
        if c.timeline
    }
    found = {c.profiles[0].token: c.recording_tokens[0] for c in report.channels}
    assert found == expected


@pytest.mark.parametrize("count", [16, 32])
async def test_large_recorders(start: Start, device_of: DeviceOf, count: int) -> None:
    nvr = await start(f"nvr{count}")
    channels = await device_of(nvr).channels()
    assert [c.number for c in channels] == list(range(1, count + 1))
    assert all(len(c.profiles) == 2 and c.recording_tokens for c in channels)


async def test_a_wrong_password_costs_the_device_two_logins_at_most(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only", {"lockout_after": 5})
    locked: list[bool] = []
    guard = LoginGuard(lambda: locked.append(True))
    device = device_of(nvr, password="wrong", login_guard=guard)
    for _ in range(4):
        error = await refused(device.report())
        assert error.kind is ErrorKind.AUTH_REFUSED
        assert "wrong" not in repr(error)
    assert guard.is_locked
    assert locked == [True]
    bad = {k: v for k, v in nvr.guard.failures.items() if k not in {"missing", "stale"}}
    assert sum(bad.values()) <= 2


@pytest.mark.parametrize("scenario", ["digest-only", "wss-only"])
async def test_a_password_changed_on_the_device_stops_soon(
    start: Start, device_of: DeviceOf, scenario: str
) -> None:
    nvr = await start(scenario)
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    await device.recordings()
    nvr.set_password("another")
    for _ in range(5):
        assert (await refused(device.recordings())).kind is ErrorKind.AUTH_REFUSED
    assert guard.is_locked
    bad = {k: v for k, v in nvr.guard.failures.items() if k not in {"missing", "stale"}}
    assert sum(bad.values()) <= 4


async def test_no_user_name_against_a_device_that_wants_one(
    start: Start, device_of: DeviceOf
) -> None:
    guard = LoginGuard()
    device = device_of(await start(), username="", password="", login_guard=guard)
    for _ in range(3):
        assert (await refused(device.connect())).kind is ErrorKind.AUTH_REFUSED
    assert not guard.is_locked


async def test_a_missing_playback_right_is_told_from_a_bad_password(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"playback_forbidden": True})
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    report = await device.report()
    assert ReportWarning.NO_PLAYBACK_RIGHT in report.warnings
    assert report.replay is ReplaySupport.FULL
    for _ in range(3):
        error = await refused(device.replay_uri("OnvifRecordingToken_1"))
        assert error.kind is ErrorKind.NO_PERMISSION
    assert not guard.is_locked


async def test_the_clock_may_jump_while_we_are_logged_in(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    await device.recordings()
    nvr.set_clock(-7_000_000)
    await device.recordings()
    assert not guard.is_locked
    assert abs((await device.measure_clock()).offset_ms - 7_000_000) <= 1000


async def test_nonces_that_go_stale_are_renewed_silently(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only", {"digest_nonce_s": 0.0})
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    nvr.faults.digest_nonce_s = 600.0
    await device.connect()
    nvr.guard.reset()
    await device.recordings()
    assert nvr.guard.failures["stale"] == 1
    assert not guard.is_locked


async def test_a_device_that_answers_the_time_only_after_a_login(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only", {"date_needs_login": True})
    assert (await device_of(nvr).measure_clock()).offset_ms == 0


async def test_a_device_that_wants_digest_on_one_service_only(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"wss_html_401": ["tse:*"]}, auth=AuthMode.BOTH)
    device = device_of(nvr)
    for _ in range(2):
        assert len(await device.recordings()) == 1
    assert nvr.guard.failures["digest"] == 0


@pytest.mark.parametrize("status", [200, 401, 403, 500])
async def test_not_authorized_is_known_with_any_status(
    start: Start, device_of: DeviceOf, status: int
) -> None:
    nvr = await start(
        "wss-only", {"fault_status": status, "unauthorized_status": status}
    )
    assert len(await device_of(nvr).recordings()) == 1


async def test_basic_is_used_inside_tls_only(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("basic-over-tls")
    secure = device_of(nvr, tls=TlsOptions(TlsMode.ANY))
    report = await secure.report()
    assert report.auth == "basic"
    assert ReportWarning.BASIC_AUTH in report.warnings
    still = await secure.snapshot(report.channels[0].profiles[0])
    assert still.data
    plain = await start("basic-over-tls", has_tls=False)
    seen = await refused(device_of(plain).connect())
    assert seen.kind is ErrorKind.AUTH_REFUSED
    assert plain.guard.failures["user"] == 0


async def test_certificates(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("tls-self-signed")
    checked = device_of(nvr, tls=TlsOptions(TlsMode.VERIFY))
    assert (await refused(checked.connect())).kind is ErrorKind.TLS
    shown = await certificate_fingerprint("127.0.0.1", nvr.port)
    assert len(shown.split(":")) == 32
    pinned = device_of(nvr, tls=TlsOptions(TlsMode.FINGERPRINT, shown))
    report = await pinned.report()
    assert ReportWarning.PLAIN_HTTP not in report.warnings
    wrong = TlsOptions(TlsMode.FINGERPRINT, shown.replace(shown[:2], "00", 1))
    error = await refused(device_of(nvr, tls=wrong).connect())
    assert error.kind is ErrorKind.TLS
    nonsense = TlsOptions(TlsMode.FINGERPRINT, "no hex")
    assert (await refused(device_of(nvr, tls=nonsense).connect())).kind is ErrorKind.TLS
    plain = await refused(device_of(nvr).connect())
    assert plain.kind in {ErrorKind.NOT_ONVIF, ErrorKind.UNREACHABLE}


@pytest.mark.parametrize(
    "faults",
    [
        {"searching_rounds": 3},
        {"page_size": 1},
        {"end_search_fault": True},
        {"unordered": True},
        {"duplicate_events": True},
        {"repeated_values": True},
        {"unrelated_events": True},
        {"topic_prefix": "odd"},
        {"odd_dialect": True},
        {"track_token_empty": True},
        {"source_item_missing": True},
        {"ignore_window": True},
        {"ignore_scope": True},
        {"start_state_changed": True},
        {"no_start_state": True},
        {"no_status": True},
        {"no_tracks": True},
        {"no_earliest": True},
        {"no_latest": True},
        {"times_without_z": True},
        {"times_with_offset": True},
        {"dates_1970": True},
        {"file_minutes": 0.05},
        {"find_recordings_empty": True},
        {"upper_case_booleans": True},
        {"refuse_filters": True},
        {"xaddr_doubled_port": True},
        {"empty_soap_body_ops": ["tds:GetScopes"]},
        {"no_recording_state": True},
    ],
    ids=lambda f: next(iter(f)),
)
async def test_oddities_of_search_that_lose_nothing(
    start: Start, device_of: DeviceOf, faults: dict[str, Any]
) -> None:
    nvr = await start("wss-only", faults)
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert is_complete


@pytest.mark.parametrize(
    "faults",
    [
        {"unknown_state": True},
        {"never_completes": True},
        {"only_recording_state": True},
    ],
    ids=lambda f: next(iter(f)),
)
async def test_answers_that_prove_nothing_are_not_called_complete(
    start: Start,
    device_of: DeviceOf,
    faults: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searching, "MAX_EMPTY_ANSWERS", 1)
    nvr = await start("wss-only", faults)
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert not is_complete


async def test_a_list_that_is_silently_cut_short_is_continued(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"silent_cap": 10, "file_minutes": 0.05})
    found, is_complete = await listed(device_of(nvr), nvr)
    assert found == footage(nvr)
    assert is_complete


async def test_without_any_events_the_recordings_extent_is_assumed(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"no_events": True})
    device = device_of(nvr)
    (recording,) = await device.recordings()
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - 3 * DAY, now), now)
    assert not listing.is_complete
    assert all(segment.is_assumed for segment in listing.segments)
    first, last = footage(nvr)[0], footage(nvr)[-1]
    assert listing.segments[0].device_range.start_ms <= first.start_ms
    assert listing.segments[-1].device_range.end_ms >= last.end_ms


async def test_a_device_that_cannot_search_events_is_remembered(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"FindEvents": "Receiver ter:ActionNotSupported"}}
    )
    device = device_of(nvr)
    await listed(device, nvr, days=2)
    await listed(device, nvr, days=2)
    assert Quirk.NO_EVENT_SEARCH in device.quirks
    assert nvr.counters.operations["tse:FindEvents"] == 1


async def test_a_device_that_ignores_the_scope_is_remembered_and_filtered(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("channels-from-one", {"ignore_scope": True})
    device = device_of(nvr)
    token = nvr.channels[2].timeline.recording_token  # type: ignore[union-attr]
    found, is_complete = await listed(device, nvr, token=token)
    assert found == footage(nvr, 2)
    assert is_complete
    assert Quirk.IGNORES_SEARCH_FILTER in device.quirks


async def test_a_list_cut_short_at_its_very_start_proves_nothing(
    start: Start, device_of: DeviceOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvr = await start("wss-only", {"silent_cap": 10, "file_minutes": 0.02})
    monkeypatch.setattr(searching, "_MAX_CONTINUATIONS", 1)
    _, is_complete = await listed(device_of(nvr), nvr)
    assert not is_complete


async def test_recording_options_that_are_refused_end_the_asking(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "mapping-options",
        {"fault_ops": {"GetRecordingOptions": "Receiver ter:ActionNotSupported"}},
    )
    channels = await device_of(nvr).channels()
    assert len(channels) == 4
    assert nvr.counters.operations["trc:GetRecordingOptions"] <= 1


async def test_a_search_nobody_answers_ends_the_report(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"drop_ops": ["tse:*"]})
    device = device_of(nvr)
    assert (await refused(device.report())).kind is ErrorKind.UNREACHABLE
    assert (await refused(device.channels())).kind is ErrorKind.UNREACHABLE


async def test_growing_footage_says_so(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("demo")
    device = device_of(nvr)
    (recording,) = await device.recordings()
    now = nvr.clock.now_ms()
    listing = await device.segments(recording, TimeRange(now - DAY, now), now)
    last = listing.segments[-1]
    assert last.is_growing
    assert now - 3000 <= last.device_range.end_ms <= now
    assert listing.is_complete


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"resource_problem": True}, ErrorKind.BUSY),
        ({"html_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"malformed_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"empty_ops": ["*"]}, ErrorKind.NOT_ONVIF),
        ({"drop_ops": ["*"]}, ErrorKind.UNREACHABLE),
        ({"truncate_ops": ["*"]}, ErrorKind.PROTOCOL),
        ({"status_ops": {"*": 503}}, ErrorKind.BUSY),
        ({"status_ops": {"*": 500}}, ErrorKind.PROTOCOL),
        ({"status_ops": {"*": 404}}, ErrorKind.NOT_ONVIF),
        ({"status_ops": {"tse:*": 403}}, ErrorKind.NO_PERMISSION),
        ({"hang_ops": ["*"]}, ErrorKind.TIMEOUT),
        ({"empty_soap_body_ops": ["FindRecordings"]}, ErrorKind.PROTOCOL),
        ({"fault_ops": {"FindRecordings": "Receiver ter:Action ter:ResourceProblem"}},
         ErrorKind.BUSY),
    ],
    ids=lambda f: str(f)[:50],
)  # fmt: skip
async def test_failures_are_classified(
    start: Start, device_of: DeviceOf, faults: dict[str, Any], kind: ErrorKind
) -> None:
    nvr = await start("wss-only", faults)
    device = device_of(nvr, waits=Waits(connect=1, soap_call=0.4, search_wait=0.3))
    assert (await refused(device.recordings())).kind is kind


async def test_one_lost_search_session_is_started_anew(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    nvr.faults.fault_ops["GetEventSearchResults"] = (
        "Sender ter:InvalidArgVal ter:InvalidToken"
    )
    nvr.faults.limits["GetEventSearchResults"] = 1
    assert await listed(device_of(nvr), nvr) == (footage(nvr), True)


async def test_a_search_that_is_always_lost_proves_nothing(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    lost = "Sender ter:InvalidArgVal ter:InvalidToken"
    nvr.faults.fault_ops["GetEventSearchResults"] = lost
    device = device_of(nvr)
    _, is_complete = await listed(device, nvr, days=1)
    assert not is_complete
    nvr.faults.fault_ops["GetRecordingSearchResults"] = lost
    assert (await refused(device.recordings())).kind is ErrorKind.TIMEOUT


async def test_busy_results_end_the_search_and_are_passed_on(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    nvr.faults.fault_ops["GetRecordingSearchResults"] = (
        "Receiver ter:Action ter:ResourceProblem"
    )
    assert (await refused(device_of(nvr).recordings())).kind is ErrorKind.BUSY
    assert nvr.counters.operations["tse:EndSearch"] == 1


async def test_recordings_are_gone_after_formatting(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only")
    device = device_of(nvr)
    (recording,) = await device.recordings()
    nvr.format()
    for asked in (
        device.recording(recording.token),
        device.replay_uri(recording.token),
    ):
        assert (await refused(asked)).kind is ErrorKind.GONE
    now = nvr.clock.now_ms()
    window = TimeRange(now - DAY, now)
    gone = await refused(device.segments(recording, window, now))
    assert gone.kind is ErrorKind.GONE


async def test_recording_control_lists_what_find_recordings_does_not(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"FindRecordings": "Receiver ter:ActionNotSupported"}}
    )
    assert len(await device_of(nvr).recordings()) == 1
    bare = await start(
        "wss-only",
        {"fault_ops": {"FindRecordings": "Receiver ter:ActionNotSupported"}},
        services=ALL_SERVICES - {"recording"},
    )
    assert (await refused(device_of(bare).recordings())).kind is ErrorKind.UNSUPPORTED


async def test_a_replay_uri_is_cleaned_and_its_protocol_falls_back(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only",
        {"replay_only_udp": True, "rtsp_uri_host": "192.168.9.9",
         "rtsp_uri_credentials": True, "rtsp_uri_blanks": True},
        replay_query="?a=1&b=%20c",
    )  # fmt: skip
    device = device_of(nvr, rtsp_port=8554)
    uri = await device.replay_uri("OnvifRecordingToken_1")
    assert uri == "rtsp://127.0.0.1:8554/replay/1?a=1&b=%20c"


async def test_search_only_devices_say_that_they_cannot_replay(
    start: Start, device_of: DeviceOf
) -> None:
    device = device_of(await start("search-only"))
    assert (await refused(device.replay_uri("x"))).kind is ErrorKind.UNSUPPORTED
    live = device_of(await start("no-profile-g"))
    assert (await refused(live.recordings())).kind is ErrorKind.UNSUPPORTED
    assert (await live.channels())[0].recording_tokens == ()


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"no_snapshot": True}, ErrorKind.UNSUPPORTED),
        ({"snapshot_status": 404}, ErrorKind.UNSUPPORTED),
        ({"snapshot_status": 500}, ErrorKind.PROTOCOL),
        ({"snapshot_status": 403}, ErrorKind.NO_PERMISSION),
    ],
)
async def test_stills_that_cannot_be_had(
    start: Start, device_of: DeviceOf, faults: dict[str, Any], kind: ErrorKind
) -> None:
    device = device_of(await start("digest-only", faults))
    (channel,) = await device.channels()
    assert (await refused(device.snapshot(channel.profiles[0]))).kind is kind


async def test_media_2_that_fails_leaves_media_1(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"fault_ops": {"tr2:*": "Receiver ter:ActionNotSupported"}}
    )
    device = device_of(nvr)
    (channel,) = await device.channels()
    assert {p.media_version for p in channel.profiles} == {1}
    assert await device.snapshot(channel.profiles[0])
    other = await start(
        "wss-only", {"fault_ops": {"trt:*": "Receiver ter:ActionNotSupported"}}
    )
    (channel,) = await device_of(other).channels()
    assert {p.media_version for p in channel.profiles} == {2}
    none = await start("wss-only", {"fault_ops": {"trt:*": "Receiver ter:ActionNotSupported",
                                                 "tr2:*": "Receiver ter:ActionNotSupported"}})  # fmt: skip
    assert (await refused(device_of(none).channels())).kind is ErrorKind.UNSUPPORTED


async def test_a_recorder_without_media_has_a_channel_per_recording(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", services=ALL_SERVICES - {"media", "media2"})
    (channel,) = await device_of(nvr).channels()
    assert channel.recording_tokens == ("OnvifRecordingToken_1",)
    assert channel.profiles == ()


async def test_a_busy_search_does_not_hide_the_cameras(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("wss-only", {"resource_problem": True})
    device = device_of(nvr)
    assert len(await device.channels()) == 1
    assert ReportWarning.SEARCH_FAILED in (await device.report()).warnings


async def test_a_moved_device_is_followed(start: Start, device_of: DeviceOf) -> None:
    nvr = await start("wss-only")
    other = await start("wss-only", password=nvr.spec.password)
    device = device_of(nvr)
    await device.recordings()
    device.redirect("127.0.0.1", other.port)
    assert (device.host, device.port) == ("127.0.0.1", other.port)
    await device.recordings()
    assert other.counters.operations["tse:FindRecordings"] == 1


async def test_nobody_there(device_of: DeviceOf, start: Start) -> None:
    nvr = await start("wss-only")
    await nvr.stop()
    error = await refused(device_of(nvr).report())
    assert error.kind is ErrorKind.UNREACHABLE


async def events_of(
    device: OnvifDevice, nvr: SimulatedNvr, kinds: list[str]
) -> list[DeviceEvent]:
    """Let things happen once somebody listens; return what arrived of them."""
    service: Any = nvr.services["events"]
    found: list[DeviceEvent] = []

    async def happen() -> None:
        while not service.points:  # noqa: ASYNC110 - the simulator has no event
            await asyncio.sleep(0.01)
        for kind in kinds:
            service.notify({"kind": kind, "camera": nvr.channels[0].spec.name})

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(happen())
        async with aclosing(device.events()) as stream:
            async for event in stream:
                found.append(event)
                if len(found) >= len(kinds):
                    break
        await task
    return found


async def test_events_arrive_with_class_and_channel(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo")
    device = device_of(nvr)
    found = await events_of(device, nvr, ["motion", "person", "vehicle", "animal"])
    assert [event.event_class for event in found] == [
        EventClass.MOTION,
        EventClass.PERSON,
        EventClass.VEHICLE,
        EventClass.ANIMAL,
    ]
    (channel,) = await device.channels()
    assert {event.source_token for event in found} == {channel.token}
    assert all(abs(e.device_ms - nvr.clock.now_ms()) < 10_000 for e in found)
    assert nvr.counters.operations["wsnt:Unsubscribe"] == 1


async def test_a_lost_subscription_is_an_error(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("demo", {"pull_points_die": True})
    async with asyncio.timeout(10):
        with pytest.raises(NvrError):
            async for _ in device_of(nvr).events():
                pass


async def test_no_event_service_is_said(start: Start, device_of: DeviceOf) -> None:
    bare = await start("wss-only", services=ALL_SERVICES - {"events"})
    with pytest.raises(NvrError) as caught:
        await anext(device_of(bare).events())
    assert caught.value.kind is ErrorKind.UNSUPPORTED
