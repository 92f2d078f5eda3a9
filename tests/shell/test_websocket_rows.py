"""How values are told: problems with their remedy, cameras without a status, jobs that fail."""

# Reads private members: pure helpers are tried with more than a home has.

import asyncio
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.values import CameraInfo, RootInfo
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey
from custom_components.vtrack_nvr.core.sync.status import (
    CameraStatus,
    MissingCause,
    MissingFootage,
    NvrStatus,
    Problem,
    Progress,
    SyncState,
    SyncStatus,
)
from custom_components.vtrack_nvr.websocket import feed, picture, rows
from custom_components.vtrack_nvr.websocket.errors import CommandError
from custom_components.vtrack_nvr.websocket.jobs import Job, Jobs
from custom_components.vtrack_nvr.websocket.sizes import fitting

CAMERA = CameraKey("n/1")
NOW = 1_800_000_000_000


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_problem_has_a_remedy(kind: ErrorKind) -> None:
    row = rows.problem_row(Problem(kind, NOW, "why\n\x00"), "entry")
    assert row is not None
    assert row["detail"] == "why"
    remedy = row["remedy"]
    assert remedy["action"] in {
        "login",
        "address",
        "certificate",
        "storage",
        "repairs",
        "retry",
        "none",
    }
    assert (remedy["url"] is None) is (remedy["action"] in {"retry", "none"})


def test_a_remedy_leads_to_the_entry_or_to_all_of_them() -> None:
    login = rows.remedy_of(ErrorKind.AUTH_REFUSED, "abc")
    assert login["url"].endswith("#config_entry=abc")
    assert rows.remedy_of(ErrorKind.TLS, None)["url"] == rows.INTEGRATION


def test_a_camera_without_a_status_is_told_by_its_sums() -> None:
    info = CameraInfo(CAMERA, NvrKey("n"), "Garden", "Recorder", "garden")
    row = picture.camera_now(info, None, None, None, NOW)
    assert (row["state"], row["last_clip"], row["lag_s"]) == ("offline", None, None)
    assert row["today_percent"] is None


def test_today_in_percent_is_kept_of_expected() -> None:
    sums = dict.fromkeys(range(10), 0)
    assert picture.percent_of(tuple(sums.values())) is None
    sums |= {0: 50, 1: 30, 4: 10, 8: 99}
    assert picture.percent_of(tuple(sums.values())) == 75.0


def test_what_is_missing_is_told_with_its_cause() -> None:
    missing = MissingFootage(MissingCause.GIVEN_UP, NOW, 12.4, "timeout")
    assert rows.missing_row(missing) == {
        "cause": "given_up",
        "since_ms": NOW,
        "seconds": 12,
        "reason": "timeout",
    }


def test_very_many_changes_are_told_as_one_for_each_camera(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [(CAMERA, n, n + 1) for n in (5, 3, 9, 3)]
    assert feed._folded(many) == many[:3]
    monkeypatch.setattr(feed, "MOST_STRETCHES", 2)
    assert feed._folded(many) == [(CAMERA, 3, 10)]


def test_as_many_rows_go_into_a_message_as_fit() -> None:
    small, large = {"a": 1}, {"a": "x" * 100_000}
    assert fitting([]) == 0
    assert fitting([small] * 50) == 50
    assert fitting([large] * 5) == 2
    assert fitting([{"a": "x" * 300_000}]) == 1
    parts = [*feed._parts([("cameras", "k", large)] * 5)]
    assert [len(part) for part in parts] == [2, 2, 1]


def test_people_who_are_no_administrators_get_no_addresses_of_settings() -> None:
    problem = rows.problem_row(Problem(ErrorKind.AUTH_REFUSED, NOW, "admin"), "e")
    row = feed._without_secrets({"problem": problem, "path": "/media/nas"})
    assert row["path"] is None
    assert row["problem"]["remedy"] == {"action": "login", "url": None}
    assert row["problem"]["detail"] == ""


async def test_a_job_tells_why_it_failed(hass: HomeAssistant) -> None:
    jobs = Jobs(hass, lambda: NOW)

    async def ended(error: BaseException | None) -> Job:
        async def work(_job: Job) -> None:
            if error is not None:
                raise error

        return await jobs.run("anna", "export", work, cameras=[CAMERA])

    done = await ended(None)
    assert (done.state, done.done, done.error) == ("done", 1.0, None)
    for error, code, key in (
        (NvrError(ErrorKind.STORAGE_FULL), "failed", "storage_full"),
        (CommandError("too_late", "undo_too_late"), "too_late", "undo_too_late"),
        (HomeAssistantError("no"), "failed", None),
        (ZeroDivisionError(), "failed", None),
    ):
        job = await ended(error)
        assert job.state == "failed"
        assert job.error is not None
        assert (job.error["code"], job.error["translation_key"]) == (code, key)
        assert job.error["message"]
    assert len(jobs.of("anna")) == 5
    assert jobs.of("bert") == []


async def test_jobs_that_ended_long_ago_are_forgotten(hass: HomeAssistant) -> None:
    moment = [NOW]
    jobs = Jobs(hass, lambda: moment[0])

    async def work(job: Job) -> None:
        if job.kind == "fetch":
            await asyncio.Event().wait()

    await jobs.run("anna", "export", work)
    running = await jobs.run("anna", "fetch", work, job_id="w1")
    assert await jobs.run("anna", "fetch", work, job_id="w1") is running
    moment[0] += 700_000
    assert jobs.of("anna") == [running]
    jobs.cancel(running)
    await jobs.stop(running)
    assert running.state == "cancelled"
    moment[0] += 700_000
    assert jobs.of("anna") == []


def test_a_fetch_under_way_is_told_by_its_camera() -> None:
    progress = Progress(NOW, NOW + 300_000, 0.12345, 1000, 8.456, 12.34)
    camera = CameraStatus(CAMERA, state=SyncState.FETCHING, progress=progress)
    status = SyncStatus(
        NOW, {NvrKey("n"): NvrStatus(NvrKey("n"), cameras={CAMERA: camera})}
    )
    assert picture.fetching_rows(status) == {
        CAMERA: {
            "start_ms": NOW,
            "end_ms": NOW + 300_000,
            "done": 0.123,
            "bytes": 1000,
            "speed": 8.46,
            "seconds_left": 12.3,
        }
    }


def test_a_storage_that_is_away_is_the_library_s_problem() -> None:
    away = NvrError(ErrorKind.STORAGE_MISSING, "gone")
    roots = (
        RootInfo(1, Path("/a"), "A", 0, "u1", free_bytes=5, days_left=3.21),
        RootInfo(2, Path("/b"), "B", 0, "u2", problem=away, checked_ms=NOW - 5),
        RootInfo(3, Path("/c"), "C", 0, "u3", is_current=False, free_bytes=99),
    )
    row = picture.library_row(SyncStatus(NOW), roots, is_checking=True, is_braked=False)
    assert row["storage_problem"]["kind"] == "storage_missing"
    assert row["storage_problem"]["remedy"]["action"] == "storage"
    assert (row["free_bytes"], row["days_left"]) == (5, 3.2)
    told = picture.storage_rows(roots, NOW)
    assert told["2"]["problem"]["since_ms"] == NOW - 5
    full = SyncStatus(NOW, storage_problem=Problem(ErrorKind.STORAGE_FULL, NOW))
    row = picture.library_row(full, (), is_checking=False, is_braked=True)
    assert row["storage_problem"]["kind"] == "storage_full"
    assert row["free_bytes"] is None
