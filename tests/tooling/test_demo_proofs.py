"""The demo's proofs find what they claim to exclude."""

from dataclasses import replace
from pathlib import Path
import re
import sqlite3

import pytest

from scripts.demo_lib import index_rows, log_proof, table
from scripts.demo_lib.frames_proof import (
    OPEN_END_MS,
    Shown,
    is_under_way,
    stray_files,
    wrong_in_camera,
    wrong_in_row,
)
from scripts.demo_lib.index_rows import ClipRow, read_index
from scripts.demo_lib.simulator import Held

FRAMES = tuple((100 + n, 1_000_000 + 100 * n) for n in range(20))
HELD = Held("House", "Hall", FRAMES)
NOW_MS = 1_000_000 + 10 * OPEN_END_MS


def shown(of: tuple[tuple[int, int], ...] = FRAMES, **changes: object) -> Shown:
    row = ClipRow(
        id=1,
        nvr="House",
        camera="Hall",
        state="complete",
        source="replay",
        path=Path("x.mp4"),
        part=None,
        start_ms=of[0][1],
        last_frame_ms=of[-1][1],
        device_start_ms=of[0][1],
        frames=len(of),
        size_bytes=1,
        sha256="a",
    )
    return Shown(replace(row, **changes), of, "a", 1)


def test_a_row_that_says_what_its_file_shows_is_right() -> None:
    assert wrong_in_row(shown()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start_ms": 1_000_101}, r"start is \+101 ms"),
        ({"device_start_ms": 999_899}, r"device start is -101 ms"),
        ({"last_frame_ms": 1_002_001}, r"last frame is \+101 ms"),
        ({"frames": 21}, "21 frames in its row, 20 in it"),
        ({"sha256": "b"}, "size or hash"),
        ({"size_bytes": 2}, "size or hash"),
    ],
)
def test_a_row_that_lies_is_found(changes: dict[str, object], message: str) -> None:
    (found,) = wrong_in_row(shown(**changes))
    assert re.search(message, found)


def test_frames_out_of_order_are_found() -> None:
    mixed = (FRAMES[1], FRAMES[0])
    assert "out of order" in "\n".join(wrong_in_row(shown(mixed)))


def test_every_frame_once_is_right() -> None:
    assert wrong_in_camera(HELD, [shown(FRAMES[:9]), shown(FRAMES[9:])], NOW_MS) == []


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([FRAMES[:9], FRAMES[10:]], "1 of 20 frames are missing, first 109"),
        ([FRAMES[:15]], "5 of 20 frames are missing, first 115"),
        ([], "20 of 20 frames are missing"),
        ([FRAMES[:9], FRAMES[8:]], "1 frames are kept twice, first 108"),
        ([FRAMES, ((7, 5),)], "1 frames the device does not hold"),
    ],
)
def test_a_missing_double_or_foreign_frame_is_found(
    clips: list[tuple[tuple[int, int], ...]], message: str
) -> None:
    found = wrong_in_camera(HELD, [shown(frames) for frames in clips], NOW_MS)
    assert message in "\n".join(found)


def test_only_the_open_end_may_still_be_on_its_way() -> None:
    now = FRAMES[-1][1]
    assert wrong_in_camera(HELD, [shown(FRAMES[:15])], now) == []
    holed = wrong_in_camera(HELD, [shown(FRAMES[:5]), shown(FRAMES[6:15])], now)
    assert "1 of 20 frames are missing" in "\n".join(holed)


def test_a_file_without_a_row_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "vtrack_nvr" / "house"
    folder.mkdir(parents=True)
    kept, part = folder / "a.mp4", folder / ".b.mp4.7.part"
    kept.touch()
    part.touch()
    row = replace(shown().row, path=kept)
    assert stray_files(tmp_path, [row]) == ["stray file vtrack_nvr/house/.b.mp4.7.part"]


def test_an_unfinished_file_that_a_row_owns_is_no_stray(tmp_path: Path) -> None:
    part = tmp_path / "vtrack_nvr" / ".b.mp4.7.part"
    part.parent.mkdir()
    part.touch()
    row = replace(shown().row, state="fetching", part=part)
    assert stray_files(tmp_path, [row]) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"source": "live"}, True),
        ({"start_ms": NOW_MS - 1000}, True),
        ({}, False),
        ({"source": "live", "state": "missing"}, False),
    ],
)
def test_only_live_and_the_open_end_may_be_unfinished(
    changes: dict[str, object], *, expected: bool
) -> None:
    row = replace(shown().row, **{"state": "fetching", **changes})
    assert is_under_way(row, NOW_MS) is expected


def test_the_index_is_read_as_it_lies_on_disk(tmp_path: Path) -> None:
    sql = Path(index_rows.__file__).parents[2] / (
        "custom_components/vtrack_nvr/core/library/index/sql/0001-initial.sql"
    )
    (tmp_path / "vtrack_nvr").mkdir()
    database = sqlite3.connect(tmp_path / "vtrack_nvr" / "index.db")
    database.executescript(sql.read_text(encoding="utf-8"))
    database.executescript("""
        insert into root (id, uuid, path, added_ms) values (1, 'u', '/media', 0);
        insert into nvr (id, key, name, folder) values (1, 'n', 'House', 'house');
        insert into camera (id, nvr_id, key, name, folder, zone)
          values (1, 1, 'c', 'Hall', 'hall', 'UTC');
        insert into clip (id, camera_id, root_id, state, path, start_ms, end_ms,
          last_frame_ms, device_start_ms, era_id, source, created_ms, state_ms)
          values (1, 1, 1, 'complete', 'house/hall/a.mp4', 5, 9, 8, 4, 1, 'replay', 0, 0);
    """)
    database.commit()
    database.close()
    (row,) = read_index(tmp_path)
    assert row.path == Path("/media/vtrack_nvr/house/hall/a.mp4")
    assert row.part is None
    assert (row.nvr, row.camera, row.start_ms, row.device_start_ms) == (
        "House",
        "Hall",
        5,
        4,
    )


def test_no_index_is_an_empty_library(tmp_path: Path) -> None:
    assert read_index(tmp_path) == []


LOG = """\
2026-11-22 19:44:22.920+00:00 WARNING (MainThread) [homeassistant.bootstrap] Skipping
2026-11-22 19:44:22.921+00:00 ERROR (MainThread) [homeassistant.setup] Something else
2026-11-22 19:44:22.922+00:00 WARNING (MainThread) [homeassistant.loader] vtrack_nvr is custom
2026-11-22 19:44:22.923+00:00 ERROR (MainThread) [homeassistant.core] Error doing job
Traceback (most recent call last):
  File "custom_components/vtrack_nvr/camera.py", line 1
2026-11-22 19:44:22.924+00:00 WARNING (MainThread) [homeassistant.util.loop] \
Detected blocking call to open inside the event loop by custom integration 'vtrack_nvr'
2026-11-22 19:44:22.925+00:00 WARNING (MainThread) [homeassistant.helpers.frame] \
Detected that custom integration 'vtrack_nvr' uses what will stop working
2026-11-22 19:44:22.926+00:00 WARNING (MainThread) [homeassistant.helpers.frame] \
Detected that custom integration 'other' uses what will stop working
2026-11-22 19:44:22.927+00:00 INFO (MainThread) [custom_components.vtrack_nvr] synced
"""


def test_our_errors_blocking_calls_and_deprecations_are_found_and_no_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "home-assistant.log"
    path.write_text(LOG)
    found = log_proof.wrong_in_log(path)
    assert [text.partition("] ")[2][:16] for text in found] == [
        "Error doing job\n",
        "Detected blockin",
        "Detected that cu",
    ]


def test_a_log_that_was_rotated_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "home-assistant.log"
    (tmp_path / "home-assistant.log.1").write_text(LOG)
    path.touch()
    assert len(log_proof.wrong_in_log(path)) == 3


def test_no_log_is_no_proof(tmp_path: Path) -> None:
    assert log_proof.wrong_in_log(tmp_path / "home-assistant.log")


def test_the_table_tells_clips_footage_and_coverage() -> None:
    camera = {
        "camera": "Hall",
        "clips": 3,
        "kept_seconds": 130,
        "coverage_percent": 92.4,
        "backlog_seconds": 10,
    }
    nothing = {**camera, "camera": "Gate", "clips": 0, "kept_seconds": 0}
    nothing |= {"coverage_percent": None, "backlog_seconds": 0}
    status = {
        "nvrs": [
            {"name": "House", "cameras": [camera]},
            {"name": "Gate", "cameras": [nothing]},
        ]
    }
    lines = table.table(status).splitlines()
    assert lines[2].split("  ")[0] == "House · Hall"
    assert "2 min 10 s" in lines[2]
    assert "92 %, 10 s to come" in lines[2]
    assert "nothing to cover yet" in lines[3]
