"""The core from a shell: find, ask, list, fetch, capture and report a simulated device."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
import io
import json
from pathlib import Path
import sys
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.diagnose.questions import Questions
from custom_components.vtrack_nvr.core.diagnose.report import read_report
from custom_components.vtrack_nvr.core.diagnose.sessions import Patience
from scripts.nvr_cli.__main__ import main
from scripts.nvr_cli.output import moment, span, table
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import at
from tests.simulator.spec import CameraSpec

type Start = Callable[..., Awaitable[SimulatedNvr]]
type Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a thread, for the simulator needs this one."""

    async def begin(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, [str(word) for word in words])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    monkeypatch.setenv("VTRACK_PASSWORD", "harbour-42")
    return begin


@pytest.fixture
async def nvr(start: Start) -> SimulatedNvr:
    camera = CameraSpec("Porch", (at(0, 7, 0, 6), at(0, 7, 1, 4)), base_days=1)
    return await start("digest-only", cameras=(camera,))


def where(nvr: SimulatedNvr) -> tuple[str, str, str]:
    return (f"127.0.0.1:{nvr.port}", "--user", nvr.spec.user)


async def test_discover_asks_addresses(run: Run, nvr: SimulatedNvr) -> None:
    code, shown = await run("discover", "127.0.0.1", "--ports", f"1,{nvr.port}")
    assert code == 0
    assert "onvif" in shown
    assert "refused" in shown
    code, shown = await run("--json", "discover", "127.0.0.1:1")
    assert code == 1
    assert json.loads(shown)[0]["answer"] == "silent"


async def test_info_says_what_a_device_can_do(run: Run, nvr: SimulatedNvr) -> None:
    code, shown = await run("info", *where(nvr))
    assert code == 0
    for word in (
        nvr.spec.serial,
        "replay: full",
        "Porch",
        "H264 640x360",
        "recordings can be copied",
        "clock is right",
        "The connection is not encrypted.",
    ):
        assert word in shown
    code, shown = await run("--json", "info", *where(nvr))
    assert json.loads(shown)["identity"]["serial"] == nvr.spec.serial


async def test_list_shows_segments(run: Run, nvr: SimulatedNvr) -> None:
    code, shown = await run("list", *where(nvr))
    assert code == 0
    assert shown.count("OnvifRecordingToken_1") == 2
    code, shown = await run(
        "--json", "list", *where(nvr), "--camera", 1, "--recording", "other"
    )
    assert (code, json.loads(shown)) == (0, [])
    code, shown = await run("list", *where(nvr), "--camera", 9)
    assert "OnvifRecordingToken" not in shown
    assert "lists no recording of that kind" in shown


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"missing_ops": {"tse:*": "empty-400"}},
         ("does not say where its recordings begin", "Assumed", "did not end as it should")),
        ({"missing_ops": {"FindEvents": "empty-400"}}, ("Assumed", "did not end")),
        ({"fault_ops": {"FindEvents": "Receiver ter:ActionNotSupported"}},
         ("Assumed", "cannot search for events")),
        ({"no_recordings": True}, ("lists no recording",)),
        ({}, ()),
    ],
)  # fmt: skip
async def test_list_says_why_little_came(
    run: Run, nvr: SimulatedNvr, faults: dict[str, Any], words: tuple[str, ...]
) -> None:
    nvr.faults.update(faults)
    code, shown = await run("list", *where(nvr))
    assert code == 0
    assert all(word in shown for word in words)
    assert ("Assumed" in shown) == ("Assumed" in words)
    start = "--start", "2001-01-01T00:00:00Z", "--end", "2001-01-01T01:00:00Z"
    code, shown = await run("list", *where(nvr), *start)
    assert words or "Nothing in this range" in shown


async def test_fetch_brings_every_frame(
    run: Run, nvr: SimulatedNvr, tmp_path: Path
) -> None:
    code, shown = await run("--json", "fetch", *where(nvr), tmp_path)
    answer: dict[str, Any] = json.loads(shown)
    assert (code, answer["problems"]) == (0, [])
    assert [clip["frames"] for clip in answer["clips"]] == [60, 40]
    listed = [p.name for p in tmp_path.iterdir()]  # noqa: ASYNC240 - a handful of names
    assert sorted(listed) == sorted(Path(clip["path"]).name for clip in answer["clips"])


@pytest.mark.parametrize(
    ("faults", "words", "silent"),
    [
        ({"no_recordings": True}, "has recorded nothing yet", "can be copied"),
        ({"resource_problem": True}, "could not be listed just now", "can be copied"),
        (
            {"missing_ops": {"GetSystemDateAndTime": "empty-400"}},
            "does not tell its time",
            "clock is right",
        ),
    ],
)
async def test_info_says_nothing_twice_and_nothing_against_itself(
    run: Run, nvr: SimulatedNvr, faults: dict[str, Any], words: str, silent: str
) -> None:
    nvr.faults.update(faults)
    code, shown = await run("info", *where(nvr))
    assert code == 0
    assert words in shown
    assert silent not in shown


@pytest.mark.parametrize("command", ["list", "fetch"])
async def test_a_device_without_recordings_to_give_says_so(
    run: Run, start: Start, tmp_path: Path, command: str
) -> None:
    nvr = await start("no-profile-g")
    folder = (tmp_path,) if command == "fetch" else ()
    code, shown = await run(command, *where(nvr), *folder)
    assert code == 2
    assert "does not offer its recordings (no Profile G)" in shown


async def test_fetch_says_why_nothing_came(
    run: Run, nvr: SimulatedNvr, tmp_path: Path
) -> None:
    nvr.faults.update({"fault_ops": {"GetReplayUri": "Sender ter:NotAuthorized"}})
    code, shown = await run("fetch", *where(nvr), tmp_path)
    assert code == 1
    assert "may not do that. Give it the right to play back recordings" in shown
    assert "[no_permission" in shown


async def test_fetch_says_when_there_was_nothing(
    run: Run, nvr: SimulatedNvr, tmp_path: Path
) -> None:
    words = ("--start", "2001-01-01T00:00:00Z", "--end", "2001-01-01T01:00:00Z")
    code, shown = await run("fetch", *where(nvr), *words, "--no-audio", tmp_path)
    assert code == 1
    assert "Nothing in this range" in shown


async def test_capture_leaves_no_secret_and_no_identity(
    run: Run, nvr: SimulatedNvr, tmp_path: Path
) -> None:
    code, shown = await run("capture", *where(nvr), tmp_path / "device")
    assert code == 0
    assert "operations" in shown
    files = {p.name: p.read_text() for p in (tmp_path / "device").iterdir()}
    assert {"device.json", "GetServices.xml", "FindEvents.xml"} <= set(files)
    everything = "\n".join(files.values())
    for secret in (nvr.spec.password, nvr.spec.serial, nvr.spec.mac, "viewer"):
        assert secret not in everything
    assert "OnvifRecordingToken_1" in everything


async def test_the_password_may_come_from_standard_input(
    run: Run, nvr: SimulatedNvr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    code, shown = await run("info", *where(nvr), "--password-stdin")
    assert code == 2
    assert "auth_refused" in shown
    assert "wrong" not in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("info", "127.0.0.1:1"), "unreachable"),
        (("info", "not a host!"), "host"),
        (("list", "127.0.0.1:1", "--any-certificate"), "unreachable"),
    ],
)
async def test_errors_are_one_line(
    run: Run, words: tuple[str, ...], expected: str
) -> None:
    code, shown = await run(*words)
    assert code == 2
    assert expected in shown
    assert shown.count("\n") == 1


async def test_a_time_that_is_none(run: Run, nvr: SimulatedNvr) -> None:
    code, shown = await run("list", *where(nvr), "--start", "yesterday")
    assert code == 2
    assert "yesterday" in shown


async def test_a_certificate_by_its_fingerprint(run: Run, start: Start) -> None:
    nvr = await start("tls-self-signed")
    code, shown = await run("info", *where(nvr), "--fingerprint", "AB" * 32)
    assert code == 2
    assert "tls" in shown
    code, _ = await run("info", *where(nvr), "--any-certificate")
    assert code == 0


def test_tables_are_aligned() -> None:
    assert table(("a", "long"), [(1, "x"), (22, "yy")]) == "a   long\n1   x\n22  yy"
    assert moment(None) == "-"
    assert span(3_723_000) == "1:02:03"


async def test_a_password_is_sent_readable_only_where_that_is_asked_for(
    run: Run, start: Start
) -> None:
    nvr = await start("basic-only")
    code, shown = await run("info", *where(nvr))
    assert code == 2
    assert "cleartext_login" in shown
    code, shown = await run("info", *where(nvr), "--cleartext")
    assert code == 0
    assert "basic" in shown


async def test_report_writes_one_file_and_says_what_is_in_it(
    run: Run, nvr: SimulatedNvr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = partial(Questions, patience=Patience(quiet=0.4, paced=0.4, live=0.4))
    monkeypatch.setattr("scripts.nvr_cli.report.Questions", short)
    path = tmp_path / "porch.json"
    code, shown = await run("report", *where(nvr), "--out", path)
    assert code == 0
    assert "It can be searched and played back (Profile G)." in shown
    assert str(path) in shown
    text = path.read_text()
    assert read_report(text)["facts"]["identity"]["model"] == nvr.spec.model
    for secret in (nvr.spec.password, nvr.spec.serial, nvr.spec.mac, nvr.spec.user):
        assert secret not in text
    monkeypatch.chdir(tmp_path)
    nvr.faults.html_ops = ["*"]
    code, shown = await run("report", *where(nvr))
    assert code == 1
    assert "could not be asked" in shown
    listed = [p.name for p in tmp_path.iterdir()]  # noqa: ASYNC240 - a handful of names
    assert any(name.startswith("report_device_") for name in listed)
