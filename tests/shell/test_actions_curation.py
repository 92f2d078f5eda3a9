"""Actions that decide what stays: protect, delete, restore, purge, preview."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.vtrack_nvr.actions import curation
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.upkeep_values import DayPlan
from custom_components.vtrack_nvr.core.models import Clip, ClipState, CoverageState
from tests.shell.rig import MakeWhole, clips_below, sync


async def act(hass: HomeAssistant, name: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True
    )
    assert answer is not None
    return dict(answer)


async def refusal(hass: HomeAssistant, name: str, **data: Any) -> str | None:
    """Return the key of the error that a call ends with."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, name, **data)
    assert str(raised.value), "it has a text"
    return raised.value.translation_key


def text(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat()


async def kept(hass: HomeAssistant) -> list[Clip]:
    """Return the clips that are kept, oldest first."""
    clips = await hass.data[DOMAIN].library.browse.recent(99)
    return sorted(clips, key=lambda clip: clip.facts.range)


def the_camera(hass: HomeAssistant) -> str:
    [entity_id] = hass.states.async_entity_ids("camera")
    return str(entity_id)


async def test_clips_of_a_range_are_protected_and_let_go_again(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    first, second = await kept(hass)
    camera = the_camera(hass)
    touching = {
        "start": text(first.facts.range.start_ms + 1000),
        "end": text(first.facts.range.start_ms + 2000),
    }
    answer = await act(hass, "protect", entity_id=camera, note="Theft", **touching)
    assert answer["protected"] == answer["changed"] == 1
    [told] = answer["clips"]
    assert told["clip_id"] == first.id
    assert told["protected"]
    [now, other] = await kept(hass)
    assert now.is_protected
    assert now.note == "Theft"
    assert not other.is_protected

    both = await act(hass, "protect", clip_id=[first.id, second.id, second.id])
    assert both["protected"] == 2
    assert both["changed"] == 1
    assert (await kept(hass))[0].note == "Theft", "a note is not lost"
    assert (await act(hass, "protect", clip_id=first.id, note="Fire"))["changed"] == 1
    assert (await kept(hass))[0].note == "Fire"

    answer = await act(hass, "unprotect", clip_id=[first.id, second.id])
    assert answer["unprotected"] == answer["changed"] == 2
    assert not any(clip.is_protected for clip in await kept(hass))


async def test_what_an_action_is_about_is_said_in_one_way(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole(mode="on_demand")
    camera = the_camera(hass)
    wanted = {"start": "2026-01-02 00:00:00", "end": "2026-01-02 01:00:00"}
    for name in ("protect", "unprotect", "delete"):
        assert await refusal(hass, name) == "clips_or_range"
        assert await refusal(hass, name, entity_id=camera) == "clips_or_range"
        assert await refusal(hass, name, clip_id=1, **wanted) == "clips_or_range"
        assert await refusal(hass, name, clip_id=1, entity_id=camera) == (
            "clips_or_range"
        )
        assert await refusal(hass, name, **wanted) == "no_cameras_selected"
        assert await refusal(hass, name, clip_id=4711) == "clip_not_found"
        backwards = {"start": wanted["end"], "end": wanted["start"]}
        assert await refusal(hass, name, entity_id=camera, **backwards) == "bad_range"
        with pytest.raises(vol.Invalid):
            await act(hass, name, entity_id=camera, start=wanted["start"])
        with pytest.raises(vol.Invalid):
            await act(hass, name, clip_id=[])
        with pytest.raises(vol.Invalid):
            await act(hass, name, clip_id=list(range(1, 1002)))
    assert await refusal(hass, "restore") == "clips_or_cameras"
    assert await refusal(hass, "restore", clip_id=1, entity_id=camera) == (
        "clips_or_cameras"
    )
    assert await refusal(hass, "purge") == "no_cameras_selected"


async def test_a_deleted_clip_is_removed_not_fetched_again_and_can_be_restored(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Any
) -> None:
    _, entry = await whole()
    await sync(hass)
    first, second = await kept(hass)
    browse = hass.data[DOMAIN].library.browse
    answer = await act(hass, "delete", clip_id=first.id)
    assert answer["deleted"] == 1
    assert answer["protected"] == 0
    assert answer["clips"][0]["clip_id"] == first.id
    until = datetime.fromisoformat(answer["restore_until"])
    assert timedelta(minutes=50) < until - datetime.now(UTC) < timedelta(minutes=61)
    assert [clip.id for clip in await kept(hass)] == [second.id]
    [span] = await browse.coverage(first.camera, first.facts.range)
    assert span.state is CoverageState.REMOVED
    assert (await sync(hass))["clips"] == 0, "what a person deleted stays deleted"
    assert len(clips_below(media_dir)) == 2, (
        "the file stays as long as it can be undone"
    )

    assert await refusal(hass, "restore", clip_id=second.id) == "not_deleted"
    answer = await act(hass, "restore", clip_id=[first.id])
    assert answer["restored"] == 1
    assert await kept(hass) == [first, second]
    [span] = await browse.coverage(first.camera, first.facts.range)
    assert span.state is CoverageState.KEPT
    assert entry.runtime_data.is_attached


async def test_only_clips_that_lie_in_the_range_are_deleted(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    first, second = await kept(hass)
    camera = the_camera(hass)
    cut = {
        "start": text(first.facts.range.start_ms + 1000),
        "end": text(second.facts.range.end_ms + 1),
    }
    answer = await act(hass, "delete", entity_id=camera, **cut)
    assert answer["deleted"] == 1
    assert [clip.id for clip in await kept(hass)] == [first.id]
    answer = await act(hass, "restore", entity_id=camera)
    assert answer["restored"] == 1
    assert len(await kept(hass)) == 2
    nothing = await act(hass, "restore", entity_id=camera)
    assert nothing == {"restored": 0, "clips": []}


async def test_protected_clips_stay_unless_they_are_meant(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    first, second = await kept(hass)
    await act(hass, "protect", clip_id=first.id)
    both = [first.id, second.id]
    answer = await act(hass, "delete", clip_id=both)
    assert (answer["deleted"], answer["protected"]) == (1, 1)
    answer = await act(hass, "delete", clip_id=first.id)
    assert (answer["deleted"], answer["restore_until"]) == (0, None)
    answer = await act(hass, "delete", clip_id=first.id, include_protected=True)
    assert (answer["deleted"], answer["protected"]) == (1, 0)
    assert await kept(hass) == []


async def test_footage_is_purged_by_the_plan_that_was_shown(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    first, second = await kept(hass)
    camera = the_camera(hass)
    await act(hass, "protect", clip_id=second.id)
    plan = await act(hass, "purge", entity_id=camera)
    assert plan["dry_run"]
    assert plan["clips"] == 1
    assert plan["bytes"] == first.facts.size_bytes
    assert plan["protected"] == 1
    assert plan["restore_until"] is None
    [told] = plan["cameras"]
    assert told["camera"] == "First"
    assert told["clips"] == 1
    assert told["oldest"] == text(first.facts.range.start_ms)
    assert len(await kept(hass)) == 2, "a plan deletes nothing"

    for other in ("x", "1-x", f"{'9' * 20}-0", plan["plan"] + "0"):
        assert await refusal(hass, "purge", entity_id=camera, plan=other) == (
            "plan_changed"
        )
    await act(hass, "unprotect", clip_id=second.id)
    assert await refusal(hass, "purge", entity_id=camera, plan=plan["plan"]) == (
        "plan_changed"
    )
    assert len(await kept(hass)) == 2

    plan = await act(hass, "purge", entity_id=camera)
    assert plan["clips"] == 2
    done = await act(hass, "purge", entity_id=camera, plan=plan["plan"])
    assert not done["dry_run"]
    assert done["clips"] == 2
    assert done["plan"] is None
    assert done["restore_until"]
    assert await kept(hass) == []
    assert (await act(hass, "restore", entity_id=camera))["restored"] == 2


async def test_footage_before_a_moment_is_purged(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    first, second = await kept(hass)
    camera = the_camera(hass)
    before = text(second.facts.range.start_ms + 1)
    plan = await act(hass, "purge", entity_id=camera, before=before)
    assert plan["clips"] == 1
    assert plan["before"] == before
    await act(hass, "purge", entity_id=camera, plan=plan["plan"])
    assert [clip.id for clip in await kept(hass)] == [second.id]
    trash = await hass.data[DOMAIN].library.browse.trash()
    assert [(clip.id, clip.state) for clip in trash] == [(first.id, ClipState.TRASHED)]


async def test_the_work_of_retention_can_be_looked_at_before(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    await sync(hass)
    assert await act(hass, "preview_retention") == {"clips": 0, "bytes": 0, "days": []}
    clips = await kept(hass)
    [camera] = entry.runtime_data.cameras.values()
    library = hass.data[DOMAIN].library
    day = DayPlan(camera.key, datetime(2026, 1, 2).date(), 2, 300, 1)
    gone = DayPlan(type(camera.key)("gone/1"), datetime(2026, 1, 2).date(), 1, 100, 0)

    async def preview() -> tuple[DayPlan, ...]:
        return (day, gone)

    with patch.object(library.care, "preview_retention", preview):
        answer = await act(hass, "preview_retention")
    assert answer["clips"] == 3
    assert answer["bytes"] == 400
    assert answer["days"] == [
        {
            "camera": "First",
            "day": "2026-01-02",
            "clips": 2,
            "bytes": 300,
            "waiting_for_you": 1,
        },
        {
            "camera": "gone/1",
            "day": "2026-01-02",
            "clips": 1,
            "bytes": 100,
            "waiting_for_you": 0,
        },
    ]
    assert await kept(hass) == clips


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("protect", "protect"),
        ("unprotect", "unprotect"),
        ("delete", "delete"),
        ("purge", "delete"),
        ("restore", "restore"),
        ("preview_retention", "preview_retention"),
        ("rescan", "check"),
    ],
)
async def test_an_index_that_fails_is_told_in_words(
    hass: HomeAssistant, whole: MakeWhole, name: str, method: str
) -> None:
    await whole()
    await sync(hass)
    clips = await kept(hass)
    camera = the_camera(hass)
    data: dict[str, Any] = {"clip_id": clips[0].id}
    if name == "restore":
        await act(hass, "delete", **data)
    elif name == "purge":
        plan = await act(hass, "purge", entity_id=camera)
        data = {"entity_id": camera, "plan": plan["plan"]}
    elif name in {"preview_retention", "rescan"}:
        data = {}
    failure = NvrError(ErrorKind.INDEX_FAILED, "disk I/O error")
    care = hass.data[DOMAIN].library.care
    with (
        patch.object(care, method, side_effect=failure),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await act(hass, name, **data)
    assert raised.value.translation_key == "index_failed"


async def test_a_long_answer_is_cut_and_counted_whole(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    await whole()
    await sync(hass)
    ids = [clip.id for clip in await kept(hass)]
    with patch.object(curation, "MOST_ANSWERED", 1):
        answer = await act(hass, "protect", clip_id=ids)
    assert answer["protected"] == 2
    assert len(answer["clips"]) == 1


async def test_files_and_index_are_compared_on_request(
    hass: HomeAssistant, whole: MakeWhole, media_dir: Any
) -> None:
    await whole()
    await sync(hass)
    files = clips_below(media_dir)
    stranger = files[0].with_name("holiday.mp4")
    await hass.async_add_executor_job(stranger.write_bytes, b"not ours")
    await hass.async_add_executor_job(files[0].unlink)
    answer = await act(hass, "rescan")
    assert answer["missing"] == 1
    assert answer["adopted"] == answer["returned"] == 0
    assert answer["foreign_count"] == 1
    assert answer["foreign"][0].endswith("holiday.mp4")
    assert stranger.exists()
