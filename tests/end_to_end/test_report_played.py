"""A report of a device, played back, is the same device to us.

For each maker's shape: its report is taken and written, a device is made of the text
alone, and both are surveyed and fetched from.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
import json
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.device_report import DeviceReport, ReplaySupport
from custom_components.vtrack_nvr.core.diagnose.questions import Questions
from custom_components.vtrack_nvr.core.diagnose.report import write_report
from custom_components.vtrack_nvr.core.diagnose.sessions import Patience
from custom_components.vtrack_nvr.core.diagnose.soap_tap import SoapTap
from custom_components.vtrack_nvr.core.download.downloader import Downloader
from custom_components.vtrack_nvr.core.endpoint import Endpoint, WireTap
from custom_components.vtrack_nvr.core.fetch_job import FetchJob
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.models import CameraKey, ClockEra
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.policy import DevicePolicy
from custom_components.vtrack_nvr.core.redact import Redactor
from scripts.nvr_cli.folder_sink import FolderSink
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.played import PlayedNvr
from tests.simulator.report_file import reported_of
from tests.simulator.scenario import ODD_HOUSE, make_specs
from tests.simulator.spec import NvrSpec

from .devices import Devices
from .proof import Proof, prove
from .rig import CoreRig

pytestmark = pytest.mark.long

QUICK = ("hikvision-like", "dahua-like", "tapo-like", "no-name")
REST = tuple(name for name in ODD_HOUSE if name not in QUICK)
SYNCED = ("hikvision-like", "dahua-like", "axis-like")
FILES = sorted((Path(__file__).parents[1] / "devices").glob("*/report.json"))
SHORT = Patience(first=8.0, quiet=0.6, paced=0.8, live=0.8, events=1.0)


@dataclass(frozen=True)
class Seen:
    """What we make of a device."""

    survey: dict[str, Any]
    segments: tuple[tuple[int, int], ...]
    learned: DevicePolicy
    outcome: tuple[object, ...]
    pictures: tuple[bytes, ...]


@pytest.fixture
async def devices() -> AsyncIterator[Devices]:
    devices = Devices(FootageStore(None))
    yield devices
    await devices.close()


def device_of(
    nvr: SimulatedNvr, session: aiohttp.ClientSession, tap: SoapTap | None = None
) -> OnvifDevice:
    spec = nvr.spec
    return OnvifDevice(
        "127.0.0.1",
        nvr.port,
        spec.user,
        spec.password,
        session=tap.session(session) if tap else session,
        clock=SystemClock(),
        login_guard=LoginGuard(),
        on_answer=tap.keep if tap else None,
    )


async def report_text(nvr: SimulatedNvr, patience: Patience = SHORT) -> str:
    """Take a report as a person would, from the device alone."""
    clock = SystemClock()
    tap = SoapTap(clock)
    user, password = nvr.spec.user, nvr.spec.password

    def endpoint(url: str, ear: WireTap) -> Endpoint:
        return Endpoint(url, user, password, tap=ear)

    async with aiohttp.ClientSession() as session:
        questions = Questions(
            device_of(nvr, session, tap),
            tap,
            endpoint,
            clock=clock,
            guard=LoginGuard(),
            patience=patience,
        )
        found = await questions.ask()
    assert found.seconds < 120
    return write_report(found, [user, password])


def plain(report: DeviceReport) -> dict[str, Any]:
    """Return a report's facts but for identities, which are not handed on."""
    blank = replace(report.identity, serial="", hardware_id="", mac="", macs=())
    assert report.clock.round_trip_ms >= 0
    return {
        "identity": blank,
        "has_serial": bool(report.identity.serial),
        "has_mac": bool(report.identity.mac),
        "macs": len(report.identity.macs),
        "channels": report.channels,
        "replay": report.replay,
        "clock_s": round(report.clock.offset_ms / 2000),
        "recordings": report.recordings,
        "unassigned": report.unassigned,
        "oldest": report.device_oldest_ms,
        "newest": report.device_newest_ms,
        "name": report.name,
        "services": report.services,
        "profiles": report.profiles,
        "auth": report.auth,
        "warnings": report.warnings,
    }


async def look(nvr: SimulatedNvr, folder: Path) -> Seen:
    """Survey a device and fetch its first stretch."""
    async with aiohttp.ClientSession() as session:
        device = device_of(nvr, session)
        report = await device.report()
        if not report.recordings:
            return Seen(plain(report), (), DevicePolicy(), (), ())
        recording = report.recordings[0]
        now_ms = SystemClock().now_ms() - report.clock.offset_ms
        # Reports that were sent are of long ago.
        latest_ms = min(recording.device_latest_ms or now_ms, now_ms)
        window = TimeRange(latest_ms - 2 * 86_400_000, now_ms)
        listing = await device.segments(recording, window, now_ms)
        first = listing.segments[0].device_range
        # Not to its end: whether the end of a range is obeyed is seen.
        wanted = TimeRange(first.start_ms, first.start_ms + first.duration_ms // 2)
        job = FetchJob(
            camera=CameraKey("played/1"),
            recording_token=recording.token,
            replay=await device.replay(recording.token),
            device_range=wanted,
            era=ClockEra(0, 0, report.clock.offset_ms),
            clip_ms=300_000,
            policy=DevicePolicy(),
        )
        downloader = Downloader(clock=SystemClock())
        sink = FolderSink(folder, "camera")
        try:
            outcome = await downloader.fetch(
                job, sink, CancelToken(), lambda _: None, lambda: False
            )
        finally:
            await downloader.close()
    facts = [
        (clip.device_start_ms, clip.range.duration_ms, clip.frames, clip.time_source)
        for _, clip in sink.finished
    ]
    spans = tuple(
        (s.device_range.start_ms, s.device_range.end_ms) for s in listing.segments
    )
    told = (outcome.reason, *facts, *outcome.notices)
    pictures = [packet for path, _ in sink.finished for packet in coded(path)]
    return Seen(plain(report), spans, outcome.learned, told, tuple(pictures))


def coded(path: Path) -> list[bytes]:
    """Return the coded pictures of a clip."""
    with av.open(path) as container:
        return [bytes(p) for p in container.demux(video=0) if p.size]


async def same(spec: NvrSpec, devices: Devices, folder: Path) -> tuple[Seen, PlayedNvr]:
    """Return what is seen of a device, and of its report played back alike."""
    real = await devices.start(spec)
    text = await report_text(real)
    for secret in (spec.password, spec.serial, spec.mac, spec.user, spec.hardware_id):
        assert secret not in text
    seen = await look(real, folder / "real")
    await devices.stop(real)
    played = PlayedNvr(reported_of(json.loads(text)), footage=devices.footage)
    await devices.run(played.start())
    try:
        again = await look(played, folder / "played")
    finally:
        await devices.run(played.stop())
    assert again.survey == seen.survey
    if seen.survey["channels"][0].name == spec.cameras[0].name:
        assert again == seen
    else:
        # Pictures show the name that was told, not the one that is true.
        assert replace(again, pictures=()) == replace(seen, pictures=())
        assert len(again.pictures) == len(seen.pictures)
    assert bool(seen.pictures) == (seen.survey["replay"] is ReplaySupport.FULL)
    return seen, played


@pytest.mark.parametrize("vendor", QUICK)
async def test_a_played_report_behaves_as_the_device(
    vendor: str, devices: Devices, tmp_path: Path
) -> None:
    await same(make_specs(vendor)[0], devices, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", REST)
async def test_the_rest_of_the_makers(
    vendor: str, devices: Devices, tmp_path: Path
) -> None:
    await same(make_specs(vendor)[0], devices, tmp_path)


ODD: dict[str, dict[str, Any]] = {
    "refusing": {
        "refuse_rate_control": 501,
        "refuse_closed_range": True,
        "keep_alive_status": {"GET_PARAMETER": 405},
        "max_sessions": 1,
        "busy_status": 503,
        "terminal_flags": False,
        "plays_past_end": False,
    },
    "undated": {
        "refuse_require": True,
        "no_extension": True,
        "no_rtp_info": True,
        "end_of_range": "bye",
    },
    "endless": {"plays_past_end": True, "max_sessions": 1, "clean_flags": False},
    "slow": {"ignore_rate_control": True, "end_of_range": "close", "no_marker": True},
}


@pytest.mark.parametrize("oddity", ODD)
async def test_what_is_odd_about_playback_is_played_back(
    oddity: str, devices: Devices, tmp_path: Path
) -> None:
    spec = make_specs("hanwha-like")[0]
    spec.faults.rtsp.update({"extension_needs_require": "no", **ODD[oddity]})
    real = await devices.start(spec)
    content = json.loads(await report_text(real))
    seen = await look(real, tmp_path / "real")
    await devices.stop(real)
    played = PlayedNvr(reported_of(content), footage=devices.footage)
    rtsp = played.faults.rtsp
    for name, value in ODD[oddity].items():
        assert getattr(rtsp, name) == value, name
    await devices.run(played.start())
    try:
        again = await look(played, tmp_path / "played")
    finally:
        await devices.run(played.stop())
    assert again == seen
    assert bool(seen.learned.quirks) == (oddity in {"refusing", "undated"})


HALF_BUILT: dict[str, Any] = {
    "status_ops": {"GetNetworkInterfaces": 500},
    "fault_ops": {"GetRecordingInformation": "Receiver ter:ActionNotSupported"},
    "empty_ops": ["GetRecordingJobs"],
    "rtsp_uri_blanks": True,
}


async def test_what_services_lack_is_played_back(
    devices: Devices, tmp_path: Path
) -> None:
    spec = make_specs("mapping-order")[0]
    spec.faults.update(HALF_BUILT)
    seen, played = await same(spec, devices, tmp_path)
    assert seen.survey["channels"][0].recording_tokens
    assert played.faults.rtsp_uri_blanks


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
async def test_every_report_that_was_sent_works_or_says_why(
    path: Path, devices: Devices, tmp_path: Path
) -> None:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 - one small file
    assert Redactor().text(text).count("**") == text.count("**")
    reported = reported_of(json.loads(text))
    facts = reported.facts
    played = PlayedNvr(reported, footage=devices.footage)
    await devices.run(played.start())
    try:
        seen = await look(played, tmp_path)
    finally:
        await devices.run(played.stop())
    assert str(seen.survey["replay"]) == facts["replay"]
    assert [str(word) for word in seen.survey["warnings"]] == facts["warnings"]
    assert [c.token for c in seen.survey["channels"]] == [
        channel["token"] for channel in facts["channels"]
    ]
    assert bool(seen.pictures) == bool(facts["sessions"].get("fast"))


async def sync_and_prove(
    content: dict[str, Any], devices: Devices, folder: Path
) -> list[Proof]:
    """Let the whole engine copy a device made of a report; prove each camera's clips."""
    played = PlayedNvr(reported_of(content), footage=devices.footage)
    await devices.run(played.start())
    try:
        async with CoreRig(folder) as rig:
            attached = await rig.attach(played.description())
            await rig.settled(attached, 60)
            offset_ms = int(content["facts"]["clock_offset_ms"])
            held = {
                each["channel"]: each["frames"] for each in played.ledger().values()
            }
            sources = {each.source_token: each.number for each in played.all_channels}
            proofs = []
            for camera in attached.cameras:
                clips = [(clip, rig.path(clip)) for clip in await rig.clips(camera)]
                frames = held[sources[camera.rpartition("/")[2]]]
                proof = await asyncio.to_thread(
                    prove, frames, clips, offset_ms=offset_ms, tolerance_ms=1000
                )
                assert proof.is_exact, f"{proof}\n{await rig.describe(attached)}"
                proofs.append(proof)
            return proofs
    finally:
        await devices.run(played.stop())


async def first_events(nvr: SimulatedNvr) -> list[tuple[str, str, str, bool]]:
    """Return what a device tells whoever begins to listen."""
    async with aiohttp.ClientSession() as session:
        events = await device_of(nvr, session).first_events(1)
    return [(e.event_class, e.topic, e.source_token, e.is_active) for e in events]


async def test_what_a_device_tells_of_its_events_is_played_back(
    devices: Devices,
) -> None:
    real = await devices.start(make_specs("dahua-like")[0])
    for kind, is_active in (("motion", True), ("person", False), ("tamper", False)):
        real.notify({"kind": kind, "active": is_active})
    told = await first_events(real)
    assert len(told) >= 3
    text = await report_text(real)
    await devices.stop(real)
    played = PlayedNvr(reported_of(json.loads(text)), footage=devices.footage)
    await devices.run(played.start())
    try:
        assert await first_events(played) == told
    finally:
        await devices.run(played.stop())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
async def test_every_report_that_was_sent_is_a_device_that_syncs(
    path: Path, devices: Devices, home_folder: Path
) -> None:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 - one small file
    content = json.loads(text)
    proofs = await sync_and_prove(content, devices, home_folder)
    can_replay = content["facts"]["replay"] == str(ReplaySupport.FULL)
    assert all(bool(proof.frames) is can_replay for proof in proofs)


@pytest.mark.parametrize("vendor", SYNCED)
async def test_a_stranger_s_device_syncs_from_nothing_but_its_report(
    vendor: str, devices: Devices, home_folder: Path
) -> None:
    real = await devices.start(make_specs(vendor)[0])
    text = await report_text(real)
    frames = [len(each["frames"]) for each in real.ledger().values()]
    await devices.stop(real)
    proofs = await sync_and_prove(json.loads(text), devices, home_folder)
    assert len(proofs) == len(frames)
    assert all(proof.frames for proof in proofs)
