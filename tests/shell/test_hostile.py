"""A device that means harm is refused in words: no memory, no flood of calls, no traceback.

How long it holds Home Assistant's loop is measured by `scripts/bench hostile`.
"""

import asyncio
from collections.abc import Iterator
import logging
from pathlib import Path
import sys
import time
import traceback

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.runtime.connect import async_inspect
from tests.shell.conftest import StartNvr, address_of, login_of
from tests.shell.rig import MakeWhole, sync, until
from tests.simulator.hostile import BODIES, KINDS

pytestmark = pytest.mark.long

MOST_MB = 200
"""As in `benchmarks.hostile`; the simulated device lives in this process, too."""
MOST_CALLS = 60
"""An honest device is asked about half as often."""
MET_EARLY = ("GetServices", "GetCapabilities", "GetDeviceInformation")
MET_LATE = ("GetProfiles", "GetVideoSources", "GetScopes", "GetNetworkInterfaces")
SEARCHES = ("GetRecordings", "GetRecordingSearchResults", "GetEventSearchResults")
BOMBS = {"entities", "default-attributes", "external-entity", "deep"}
_STATUS = Path("/proc/self/status")


@pytest.fixture
def grown() -> Iterator[None]:
    """Fail if memory grows too far, at any moment of the test."""
    if sys.platform != "linux":
        yield
        return
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _megabytes("VmRSS")
    yield
    assert _megabytes("VmHWM") - before < MOST_MB


def _megabytes(line: str) -> int:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(text.split()[1]) for text in lines if text.startswith(line)) // 1024


def is_ours(record: logging.LogRecord) -> bool:
    """Return whether something failed in our code, wherever it was met."""
    return "vtrack_nvr" in "".join(traceback.format_exception(*record.exc_info or ()))


def _calls(nvr: object) -> int:
    return sum(nvr.counters.operations.values())


@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize("operations", [MET_EARLY, MET_LATE], ids=["early", "late"])
# What trickles is waited for as long as any answer.
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"trickle"}))
async def test_harm_in_an_answer_is_an_error_in_words(
    hass: HomeAssistant,
    start_nvr: StartNvr,
    kind: str,
    operations: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    nvr = (await start_nvr("hostile"))[0]
    nvr.faults.hostile_ops = dict.fromkeys(operations, kind)
    refused: NvrError | None = None
    try:
        report = await async_inspect(hass, address_of(nvr), login_of(nvr))
    except NvrError as error:
        refused = error
    else:
        assert len(report.channels) <= Bounds().channels
        assert len(report.name) <= 100
    if kind in BOMBS and operations is MET_EARLY:
        assert refused is not None
        assert refused.kind in {ErrorKind.PROTOCOL, ErrorKind.NOT_ONVIF}
    assert _calls(nvr) <= MOST_CALLS
    assert not [each for each in caplog.records if each.exc_info and is_ours(each)]


async def test_more_cameras_than_any_recorder_has_are_refused(
    hass: HomeAssistant, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("hostile"))[0]
    nvr.faults.hostile_ops = {"GetProfiles": "many"}
    report = await async_inspect(hass, address_of(nvr), login_of(nvr))
    assert 200 < len(report.channels) <= Bounds().channels
    nvr.faults.hostile_ops = {"GetProfiles": "just-below"}
    with pytest.raises(NvrError) as caught:
        await async_inspect(hass, address_of(nvr), login_of(nvr))
    assert caught.value.kind is ErrorKind.PROTOCOL


async def test_the_loop_has_its_turn_after_the_entities_of_each_camera(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _nvr, entry = await whole("mapping-video-source", mode="on_demand")
    turn = 0
    seen: list[int] = []

    def count() -> None:
        nonlocal turn
        turn += 1
        handle[0] = hass.loop.call_soon(count)

    handle = [hass.loop.call_soon(count)]
    end = await entry.runtime_data.async_on_camera(lambda _: seen.append(turn))
    handle[0].cancel()
    end()
    assert len(seen) == len(set(seen)) == 4
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize("kind", sorted(BODIES))
async def test_harm_in_results_of_searches_leaves_the_library_as_it_is(
    hass: HomeAssistant,
    whole: MakeWhole,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nvr, entry = await whole("hostile", mode="on_demand")
    try:
        nvr.faults.hostile_ops = dict.fromkeys(SEARCHES, kind)
        before = _calls(nvr)
        await sync(hass)
        assert _calls(nvr) - before <= MOST_CALLS
        assert entry.runtime_data.hub.library is not None
        # Of Home Assistant's own, one tells that a library of the system's is missing.
        assert not [each for each in caplog.records if each.exc_info and is_ours(each)]
    finally:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await hass.async_block_till_done()


@pytest.mark.usefixtures("grown")
async def test_events_without_end_are_pulled_at_a_pace(
    hass: HomeAssistant, start_nvr: StartNvr, whole: MakeWhole
) -> None:
    nvr, _entry = await whole("hostile", mode="on_demand")
    nvr.faults.pull_flood = 200
    pulls = nvr.counters.operations
    # One pull may wait for an event since before.
    nvr.notify({"kind": "motion"})
    await until(hass, lambda: pulls["tev:PullMessages"] > 1)
    begun, before = time.monotonic(), pulls["tev:PullMessages"]
    await asyncio.sleep(2)
    took = time.monotonic() - begun
    assert pulls["tev:PullMessages"] - before <= took / 0.5 + 1
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
