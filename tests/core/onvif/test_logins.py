"""Logging in to simulated devices: every way, and as few refusals as can be."""

import pytest

from custom_components.vtrack_nvr.core.device_report import (
    ReplaySupport,
    ReportWarning,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.onvif.http_login import TokenRefusedError
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    certificate_fingerprint,
)
from tests.core.onvif.stories import DeviceOf, Start, refused
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.auth import AuthMode


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
    assert sum(bad.values()) <= 2


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


async def pinned_to(nvr: SimulatedNvr) -> TlsOptions:
    shown = await certificate_fingerprint("127.0.0.1", nvr.port)
    return TlsOptions(TlsMode.FINGERPRINT, shown)


async def test_basic_is_sent_to_a_known_certificate_only(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("basic-over-tls")
    secure = device_of(nvr, tls=await pinned_to(nvr))
    report = await secure.report()
    assert report.auth == "basic"
    assert ReportWarning.BASIC_AUTH in report.warnings
    still = await secure.snapshot(report.channels[0].profiles[0])
    assert still.data
    anybody = device_of(nvr, tls=TlsOptions(TlsMode.ANY))
    assert (await refused(anybody.connect())).kind is ErrorKind.CLEARTEXT_LOGIN
    plain = await start("basic-only")
    seen = await refused(device_of(plain).connect())
    assert seen.kind is ErrorKind.CLEARTEXT_LOGIN
    for refusing in (nvr, plain):
        assert refusing.guard.failures["user"] == 0


async def test_basic_is_sent_readable_where_a_person_chose_it(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("basic-only")
    report = await device_of(nvr, allow_cleartext=True).report()
    assert report.auth == "basic"
    assert ReportWarning.CLEARTEXT_LOGIN in report.warnings
    assert ReportWarning.BASIC_AUTH not in report.warnings


async def test_a_choice_for_basic_changes_nothing_where_digest_is_offered(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only")
    device = device_of(nvr, allow_cleartext=True)
    assert (await device.report()).auth == "digest"
    assert device.takes_digest
    # Somebody between us and the device strips the better offer; Basic would get in.
    nvr.guard.mode = AuthMode.BASIC
    nvr.guard.failures.clear()
    error = await refused(device.report())
    assert error.kind in {ErrorKind.CLEARTEXT_LOGIN, ErrorKind.AUTH_REFUSED}


async def test_a_password_as_text_is_sent_to_a_known_certificate_or_by_choice(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("token-text-only", has_tls=True)
    report = await device_of(nvr, tls=await pinned_to(nvr)).report()
    assert report.auth == "wss_text"
    assert ReportWarning.BASIC_AUTH in report.warnings
    anybody = device_of(nvr, tls=TlsOptions(TlsMode.ANY))
    assert isinstance(await refused(anybody.connect()), TokenRefusedError)
    plain = await start("token-text-only")
    error = await refused(device_of(plain).connect())
    assert isinstance(error, TokenRefusedError)
    assert error.kind is ErrorKind.AUTH_REFUSED
    guard = LoginGuard()
    device = device_of(plain, allow_cleartext=True, login_guard=guard)
    report = await device.report()
    assert report.auth == "wss_text"
    assert ReportWarning.CLEARTEXT_LOGIN in report.warnings
    assert not device.takes_digest
    assert not guard.is_locked
    await device.recordings()


async def test_a_wrong_password_as_text_stops_after_two_refusals(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("token-text-only")
    guard = LoginGuard()
    device = device_of(nvr, password="wrong", allow_cleartext=True, login_guard=guard)
    for _ in range(3):
        assert (await refused(device.connect())).kind is ErrorKind.AUTH_REFUSED
    assert guard.is_locked
    assert nvr.guard.failures["digest"] + nvr.guard.failures["user"] == 2


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


@pytest.mark.parametrize("taken", ["MD5", "SHA-256"])
async def test_a_weaker_digest_is_tried_where_the_best_is_refused(
    start: Start, device_of: DeviceOf, taken: str
) -> None:
    nvr = await start(
        "digest-only",
        {"digest_taken": taken, "lockout_after": 3},
        digest_algorithms=("SHA-256", "MD5"),
    )
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    await device.connect()
    report = await device.report()
    assert report.auth == "digest"
    assert await device.snapshot(report.channels[0].profiles[0])
    # Once for all: what was taken is answered with from then on, for pictures, too.
    assert nvr.guard.failures["digest"] == (taken == "MD5")
    assert not guard.is_locked


async def test_two_digests_are_two_refusals_of_a_wrong_password(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start("digest-only", digest_algorithms=("SHA-256", "MD5"))
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard, password="wrong")
    assert (await refused(device.connect())).kind is ErrorKind.AUTH_REFUSED
    assert nvr.guard.failures["digest"] == 2
    assert guard.is_locked


async def test_pictures_alone_may_take_the_weaker_digest(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"digest_taken": "MD5"}, digest_algorithms=("SHA-256", "MD5")
    )
    device = device_of(nvr)
    (channel,) = await device.channels()
    for _ in range(2):
        assert await device.snapshot(channel.profiles[0])
    assert nvr.guard.failures["digest"] == 1


async def test_a_token_may_be_compared_with_the_true_time(
    start: Start, device_of: DeviceOf
) -> None:
    nvr = await start(
        "wss-only", {"wss_true_time": True}, clock_offset_ms=-2 * 3_600_000
    )
    guard = LoginGuard()
    device = device_of(nvr, login_guard=guard)
    report = await device.report()
    assert report.auth == "wss"
    assert report.recordings
    assert nvr.guard.failures["created"] == 1
    assert not guard.is_locked
