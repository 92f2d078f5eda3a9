"""Live recording end to end: cameras that misbehave, and a process that is killed."""

# Reads private members: the cameras of a rig are served without the rest of it.

import asyncio
from collections.abc import AsyncIterator
import logging
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.end_to_end.live_rig import (
    PASSWORD,
    PATIENT,
    LiveCoreRig,
    now_ms,
    processes_that_show,
)
from tests.simulator.timeline import LiveSource

pytestmark = pytest.mark.long

OTHER = {"H264": "H265", "H265": "H264", "JPEG": "MPEG4", "MPEG4": "JPEG"}


def is_running(process: int) -> bool:
    """Return whether a process still does something."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children_of(process: int) -> list[int]:
    """Return the children of all threads of a process."""
    return [
        int(child)
        for path in Path(f"/proc/{process}/task").glob("*/children")
        for child in path.read_text().split()
    ]


@pytest.fixture
async def rig(socket_enabled: None, tmp_path: Path) -> AsyncIterator[LiveCoreRig]:
    rig = LiveCoreRig(tmp_path)
    await rig.open()
    yield rig
    await rig.close()


async def drop(rig: LiveCoreRig, number: int) -> None:
    stream, began = rig.stream(number), now_ms()
    await asyncio.to_thread(rig.servers[number].drop_connections)
    await rig.recording(number)
    rig.took_away(number, stream, began - 200)


async def stall(rig: LiveCoreRig, number: int) -> None:
    stream, began = rig.stream(number), now_ms()
    faults = rig.servers[number].faults
    faults.stall_after_frames = 1
    faults.limits["stall_after_frames"] = 1
    await asyncio.sleep(0.3)
    # It acts on the next stream; that one stands still until the watchdog ends it. What
    # came of it is recorded, so only the stream after it shows that it is over.
    await asyncio.to_thread(rig.servers[number].drop_connections)
    await rig.until(lambda: not faults.limits["stall_after_frames"])
    stalled = rig.stream(number)
    await rig.until(lambda: rig.stream(number) is not stalled)
    await rig.recording(number)
    rig.took_away(number, stream, began - 200)


async def reboot(rig: LiveCoreRig, number: int) -> None:
    server = rig.servers[number]
    stream, began = rig.stream(number), now_ms()
    port = server.port
    await asyncio.to_thread(server.stop_now)
    await asyncio.sleep(1.0)
    server.port = port
    await asyncio.to_thread(server.start_now)
    await rig.recording(number)
    rig.took_away(number, stream, began - 200)


async def change_codec(rig: LiveCoreRig, number: int) -> None:
    stream, began = rig.stream(number), now_ms()
    live = rig.servers[number].live
    old = live["/live"]
    live["/live"] = LiveSource(
        old.camera_name,
        codec=OTHER[old.codec],
        audio=old.audio,
        gop_ms=old.gop_ms,
        width=old.width,
        height=old.height,
    )
    await asyncio.to_thread(rig.servers[number].drop_connections)
    await rig.recording(number)
    rig.took_away(number, stream, began - 200)


async def change_password(rig: LiveCoreRig, number: int) -> None:
    stream, began = rig.stream(number), now_ms()
    server = rig.servers[number]
    camera = rig.cameras[number]
    rig.accounts[number]["viewer"] = "another-one"
    await asyncio.to_thread(server.drop_connections)
    await rig.state(number, LiveState.BLOCKED)
    await asyncio.sleep(0.5)
    failures = server.counters.auth_failures
    assert failures <= 3, "the camera would have locked us out"
    rig.accounts[number]["viewer"] = PASSWORD
    rig.guards[camera].reset()
    rig.live.retry_now(camera)
    await rig.recording(number)
    rig.took_away(number, stream, began - 200)


async def test_only_what_could_not_come_is_missing(
    rig: LiveCoreRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await asyncio.gather(*(rig.recording(n) for n in range(3)))
    for first, second, third in (
        (drop, change_codec, None),
        (stall, drop, change_password),
        (None, reboot, drop),
        (change_codec, stall, reboot),
    ):
        steps = [
            step(rig, number)
            for number, step in enumerate((first, second, third))
            if step
        ]
        await asyncio.gather(*steps)
        await asyncio.sleep(1.0)
    assert processes_that_show(PASSWORD) == []
    assert await rig.stop_recording() < 5.0
    lost = [await rig.prove(camera) for camera in rig.cameras]
    assert all(ms < 15_000 for ms in lost), lost
    clips = [await rig.clips(camera) for camera in rig.cameras]
    codecs = [{clip.facts.video_codec for clip in items} for items in clips]
    assert [len(item) for item in codecs] == [2, 2, 1]
    sounds = [{clip.facts.audio_codec for clip in items} for items in clips]
    assert [bool(item - {None}) for item in sounds] == [True, True, False]
    reasons = [{gap.reason for gap in rig.gaps[camera]} for camera in rig.cameras]
    assert "interrupted" in reasons[0]
    assert "unreachable" in reasons[1]
    assert "auth_refused" in reasons[2]
    assert PASSWORD not in caplog.text
    assert not list(rig.folder.rglob("*.part"))


async def test_cameras_of_other_codecs_lose_no_more(
    socket_enabled: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rig = LiveCoreRig(
        tmp_path, sounds=("PCMU", None), codecs=("JPEG", "MPEG4"), waits=PATIENT
    )
    await rig.open()
    try:
        await asyncio.gather(*(rig.recording(n, 20) for n in range(2)))
        assert len(children_of(os.getpid())) >= 2
        for first, second in ((drop, reboot), (stall, change_codec)):
            await asyncio.gather(first(rig, 0), second(rig, 1))
            await asyncio.sleep(1.0)
        assert processes_that_show(PASSWORD) == []
        assert await rig.stop_recording() < 5.0
        for camera in rig.cameras:
            await rig.prove(camera)
        clips = [await rig.clips(camera) for camera in rig.cameras]
        codecs = [{clip.facts.video_codec for clip in items} for items in clips]
        assert codecs == [{Codec.MJPEG}, {Codec.MPEG4, Codec.MJPEG}]
        assert PASSWORD not in caplog.text
        assert not list(rig.folder.rglob("*.part"))
    finally:
        await rig.close()


@pytest.mark.parametrize("codec", ["H264", "JPEG"])
async def test_a_killed_process_leaves_its_clip_to_the_next_start(
    socket_enabled: None, tmp_path: Path, codec: str
) -> None:
    camera_house = LiveCoreRig(tmp_path / "cameras", sounds=("AAC",), codecs=(codec,))
    camera_house.folder.mkdir()
    await asyncio.to_thread(camera_house._serve)
    folder = tmp_path / "data"
    folder.mkdir()
    log = (tmp_path / "log").open("w+")
    worker = subprocess.Popen(  # noqa: ASYNC220 - the loop has nothing else to do
        [sys.executable, "-m", "tests.end_to_end.live_worker", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        worker.stdin.write(f"{camera_house.ports[0]} {PASSWORD}\n")
        worker.stdin.flush()
        line = await asyncio.to_thread(worker.stdout.readline)
        assert line == "recording\n"
        await asyncio.sleep(2.5)
        assert processes_that_show(PASSWORD) == []
        children = children_of(worker.pid)
        killed_ms = now_ms()
        worker.send_signal(signal.SIGKILL)
        await asyncio.to_thread(worker.wait)
        assert len(children) == (codec != "H264")
        deadline = time.monotonic() + 10
        while any(is_running(child) for child in children):
            assert time.monotonic() < deadline, "a child outlived its parent"
            await asyncio.sleep(0.05)
    finally:
        worker.kill()
        worker.stdin.close()
        worker.stdout.close()
        worker.wait()
        for server in camera_house.servers:
            await asyncio.to_thread(server.stop_now)
    rig = LiveCoreRig(folder, sounds=("AAC",), is_simulated=False)
    await rig.open()
    [camera] = rig.cameras
    [clip] = await rig.clips(camera)
    numbers = await rig.frames(camera)
    assert len(numbers) >= 15
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert killed_ms - clip.facts.range.end_ms < 2_500
    spans = await rig.library.ledger.coverage(camera, clip.facts.range)
    assert {span.state for span in spans} == {CoverageState.KEPT}
    await rig.close()
    log.seek(0)
    assert PASSWORD not in log.read()
    log.close()
