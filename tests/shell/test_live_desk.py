"""The desk for live recordings when devices, cameras and the index do not play along."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.values import (
    LibraryEvent,
    LibraryEventKind,
)
from custom_components.vtrack_nvr.core.live.values import LiveGap, LiveStatus
from custom_components.vtrack_nvr.core.models import CameraKey
from tests.shell.house import MakeWhole

WANTED = TimeRange(0, 1000)
STREAM = "rtsp://127.0.0.1:1/live"


async def desk_of(hass: HomeAssistant, whole: MakeWhole) -> tuple[Any, Any]:
    """Return the desk and what it knows of a camera, which nothing records."""
    await whole(mode="on_demand")
    desk = hass.data[DOMAIN].live
    [known] = desk._cameras.values()
    return desk, known


async def ask(
    hass: HomeAssistant, desk: Any, known: Any, cancel: CancelToken | None = None
) -> Any:
    """Ask for the stream as a recorder does, on its thread."""
    profile = known.camera.recorded_profile
    return await hass.async_add_executor_job(
        desk._endpoint, known, profile, cancel or CancelToken()
    )


async def test_a_camera_that_is_not_there_or_not_live_is_not_recorded(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    desk, known = await desk_of(hass, whole)
    with patch.object(desk._recorders, "record") as record:
        await desk.want(CameraKey("nobody"), WANTED)
        await desk.want(known.camera.key, WANTED)
        with pytest.raises(NvrError) as raised:
            await desk.async_record(CameraKey("nobody"), 5)
    record.assert_not_called()
    assert raised.value.kind is ErrorKind.GONE


async def test_a_recorder_that_nobody_needs_any_more_is_put_away(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    desk, known = await desk_of(hass, whole)
    key = known.camera.key
    with (
        patch.object(desk._recorders, "attach", AsyncMock()) as attach,
        patch.object(desk._recorders, "detach", AsyncMock()) as detach,
        patch.object(desk._recorders, "record"),
    ):
        await desk.async_record(key, 3600)
        attach.assert_awaited_once()
        known.asked_until_ms = 0
        await desk._reconcile()
        detach.assert_awaited_once_with(key)
        desk._is_stopping = True
        await desk.async_record(key, 1)
        attach.assert_awaited_once()
    desk._is_stopping = False
    assert known.plan is None


@pytest.mark.parametrize(
    ("kind", "knows_address", "raised"),
    [
        (ErrorKind.UNREACHABLE, False, ErrorKind.UNREACHABLE),
        (ErrorKind.UNREACHABLE, True, None),
        (ErrorKind.AUTH_REFUSED, True, ErrorKind.AUTH_REFUSED),
    ],
)
async def test_the_address_of_before_serves_while_the_web_service_is_away(
    hass: HomeAssistant,
    whole: MakeWhole,
    kind: ErrorKind,
    knows_address: bool,
    raised: ErrorKind | None,
) -> None:
    desk, known = await desk_of(hass, whole)
    known.uri = STREAM if knows_address else ""
    with patch.object(known.runtime.device, "stream_uri", side_effect=NvrError(kind)):
        if raised is None:
            assert (await ask(hass, desk, known)).url == STREAM
            return
        with pytest.raises(NvrError) as caught:
            await ask(hass, desk, known)
    assert caught.value.kind is raised


@pytest.mark.parametrize("knows_address", [True, False])
async def test_a_web_service_that_hangs_is_not_waited_for_without_end(
    hass: HomeAssistant, whole: MakeWhole, knows_address: bool
) -> None:
    desk, known = await desk_of(hass, whole)
    known.uri = STREAM if knows_address else ""
    with (
        patch.object(
            known.runtime.device, "stream_uri", lambda _: asyncio.Event().wait()
        ),
        patch.object(desk, "_waits", desk._waits.__class__(soap_call=0.01)),
    ):
        if knows_address:
            assert (await ask(hass, desk, known)).url == STREAM
            return
        with pytest.raises(NvrError) as raised:
            await ask(hass, desk, known)
    assert raised.value.kind is ErrorKind.TIMEOUT


async def test_a_recorder_that_ends_does_not_wait_for_the_address(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    desk, known = await desk_of(hass, whole)
    cancel, is_asked = CancelToken(), asyncio.Event()

    async def hang(_profile: Any) -> str:
        is_asked.set()
        await asyncio.Event().wait()
        return STREAM

    with patch.object(known.runtime.device, "stream_uri", hang):
        asking = hass.async_create_task(ask(hass, desk, known, cancel))
        await is_asked.wait()
        cancel.cancel("stopping")
        with pytest.raises(NvrError) as raised:
            await asking
    assert raised.value.kind is ErrorKind.CANCELLED


async def test_what_is_told_of_a_camera_that_left_is_let_go(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    desk, known = await desk_of(hass, whole)
    desk._note(CameraKey("nobody"), None)
    gap = LiveGap(WANTED, "unreachable")
    library = hass.data[DOMAIN].library
    with patch.object(library, "mark", AsyncMock()) as mark:
        desk._on_gap(CameraKey("nobody"), gap)
        await desk._enter(known, gap)
        mark.assert_not_awaited()
        known.is_live = True
        mark.side_effect = NvrError(ErrorKind.INDEX_FAILED)
        await desk._enter(known, gap)
        mark.assert_awaited_once()
    known.is_live = False


@pytest.mark.parametrize(
    ("problem", "is_tried"),
    [
        (ErrorKind.STORAGE_MISSING, True),
        (ErrorKind.STORAGE_FULL, True),
        (ErrorKind.AUTH_REFUSED, False),
        (None, False),
    ],
)
async def test_a_storage_that_is_back_lets_waiting_recordings_go_on_at_once(
    hass: HomeAssistant,
    whole: MakeWhole,
    problem: ErrorKind | None,
    is_tried: bool,
) -> None:
    desk, known = await desk_of(hass, whole)
    hub = hass.data[DOMAIN]
    away = NvrError(ErrorKind.STORAGE_MISSING)
    with (
        patch.object(desk._recorders, "status", lambda _: LiveStatus(problem=problem)),
        patch.object(desk._recorders, "retry_now") as retry,
    ):
        hub._told(LibraryEvent(LibraryEventKind.STORAGE, root_id=1, problem=away))
        await hass.async_block_till_done()
        retry.assert_not_called()
        hub._told(LibraryEvent(LibraryEventKind.STORAGE, root_id=1))
        await hass.async_block_till_done()
    if is_tried:
        retry.assert_called_once_with(known.camera.key)
    else:
        retry.assert_not_called()
