"""Fetches in threads: several at once, ended with their caller, closed in time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
import threading

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.download import downloader as downloader_module
from custom_components.vtrack_nvr.core.download.downloader import Downloader, Verify
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import EndReason, FetchJob
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from tests.core.download.conftest import WAITS, DeviceTime, FolderSink, frames


@pytest.fixture
async def downloader(socket_enabled: None) -> AsyncIterator[Downloader]:
    running = Downloader(clock=DeviceTime(), waits=WAITS)
    yield running
    await running.close()


async def run(downloader: Downloader, job: FetchJob, sink: FolderSink, **options):
    return await downloader.fetch(
        job,
        sink,
        options.get("cancel", CancelToken()),
        lambda report: None,
        lambda: False,
    )


async def test_a_fetch_runs_beside_the_loop_and_is_checked_by_decoding(
    downloader: Downloader, make_job: Callable[..., FetchJob], sink: FolderSink
) -> None:
    outcome = await run(downloader, make_job(0, 12_000), sink)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 12_000)


async def test_three_fetches_at_once(
    downloader: Downloader, make_job: Callable[..., FetchJob], tmp_path
) -> None:
    sinks = []
    for name in "abc":
        (tmp_path / name).mkdir()
        sinks.append(FolderSink(tmp_path / name))
    outcomes = await asyncio.gather(
        *(run(downloader, make_job(0, 12_000), sink) for sink in sinks)
    )
    assert {outcome.reason for outcome in outcomes} == {EndReason.REACHED}
    for sink in sinks:
        assert sink.pictures() == frames(0, 12_000)


async def test_a_clip_that_nobody_can_decode_is_not_kept(
    make_job: Callable[..., FetchJob], sink: FolderSink, monkeypatch
) -> None:
    def fail(*_args, **_options):
        raise NvrError(ErrorKind.VERIFY_FAILED, "no picture can be decoded")

    monkeypatch.setattr(downloader_module, "check_decodes", fail)
    for verify, reason in (
        (Verify.DECODE, EndReason.FAILED),
        (Verify.TABLES, EndReason.REACHED),
    ):
        running = Downloader(clock=DeviceTime(), waits=WAITS, verify=verify)
        outcome = await run(running, make_job(0, 4_000), sink)
        await running.close()
        assert outcome.reason is reason
    assert sink.abandoned == ["verify_failed"]
    assert len(sink.clips) == 1


async def test_a_locked_login_is_not_tried(
    make_job: Callable[..., FetchJob], sink: FolderSink, server
) -> None:
    guard = LoginGuard()
    guard.refused("soap")
    guard.refused("soap")
    running = Downloader(clock=DeviceTime(), waits=WAITS)
    job = make_job(0, 4_000)
    job = replace(job, replay=replace(job.replay, guard=guard))
    outcome = await run(running, job, sink)
    await running.close()
    assert outcome.error
    assert outcome.error.kind is ErrorKind.AUTH_REFUSED
    assert server.counters.auth_failures == 0


async def test_a_cancelled_caller_ends_its_fetch(
    downloader: Downloader, make_job: Callable[..., FetchJob], sink: FolderSink, faults
) -> None:
    faults.stall_after_frames = 25
    task = asyncio.create_task(run(downloader, make_job(0, 12_000), sink))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sink.pictures() in ([], frames(0, 2_000))


async def test_closing_cancels_what_runs(
    make_job: Callable[..., FetchJob], sink: FolderSink, faults
) -> None:
    faults.first_packet_delay = 5.0
    running = Downloader(clock=DeviceTime(), waits=WAITS)
    task = asyncio.create_task(run(running, make_job(0, 12_000), sink))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(running.close(), 3.0)
    assert (await task).reason is EndReason.CANCELLED
    late = await run(running, make_job(0, 12_000), sink)
    assert late.reason is EndReason.CANCELLED
    assert not [t for t in threading.enumerate() if t.name.startswith("vtrack_fetch")]
