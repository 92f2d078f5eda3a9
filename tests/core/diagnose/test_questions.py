"""What is asked of a device, and what the report says of its answers."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.diagnose import report
from custom_components.vtrack_nvr.core.diagnose.questions import Examination
from custom_components.vtrack_nvr.core.diagnose.report import (
    read_report,
    split_text,
    write_report,
)
from custom_components.vtrack_nvr.core.diagnose.sessions import Patience
from custom_components.vtrack_nvr.core.diagnose.soap_tap import SoapExchange, SoapTap
from custom_components.vtrack_nvr.core.diagnose.summary import summarise
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.http_answer import HttpAnswer
from tests.core.diagnose.conftest import SHORT, Ask
from tests.simulator.spec import ALL_SERVICES, CameraSpec

pytestmark = pytest.mark.long


async def test_a_report_tells_the_dialogue_and_no_secret(ask: Ask) -> None:
    seen: list[float] = []
    found = await ask(
        on_progress=seen.append, serial="SN-77-LONG", mac="02:00:5e:aa:bb:cc"
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    text = write_report(found, ["viewer", "harbour-42"])
    for secret in ("harbour-42", "viewer", "SN-77-LONG", "02:00:5e:aa", "nonce="):
        assert secret not in text
    content = read_report(text)
    assert list(content)[:3] == ["vtrack_nvr_report", "about", "summary"]
    asked = [item["operation"] for item in content["soap"]]
    assert {"GetServices", "GetProfiles", "FindEvents", "GetReplayUri"} <= set(asked)
    lines = [line for item in content["rtsp"][0]["dialogue"] for line in item["text"]]
    assert any(line.startswith("PLAY ") for line in lines)
    assert "Rate-Control: no\n" in lines
    assert [item["for"] for item in content["rtsp"]] == [
        "fast",
        "paced",
        "second",
        "live",
    ]
    media = content["rtsp"][0]["media"]["0"]
    assert media["stamped"] == media["markers"] > 20
    assert "capture" in media["first"][0]
    # Pictures are counted, never kept.
    assert len(text) < 200_000


async def test_what_is_told_whoever_begins_to_listen_is_in_the_report(ask: Ask) -> None:
    states = ({"kind": "motion", "active": True}, {"kind": "person", "active": False})
    found = await ask(events=states)
    content = read_report(write_report(found))
    told = {(e["class"], e["is_active"]) for e in content["facts"]["events"]}
    assert told == {("motion", True), ("person", False)}
    assert "Its events told at once: motion, person." in content["summary"]
    [pulled] = [i for i in content["soap"] if i["operation"] == "PullMessages"]
    assert "PeopleDetect" in "".join(pulled["answer"])
    asked = {item["operation"] for item in content["soap"]}
    assert {"CreatePullPointSubscription", "Unsubscribe", "GetRecordingJobs"} <= asked


async def test_a_device_whose_events_cannot_be_listened_to_is_told_as_such(
    ask: Ask,
) -> None:
    full = await ask(faults={"max_pull_points": 0})
    assert full.events is None
    assert any("Not answered: listening to its events" in s for s in summarise(full))
    none = await ask(services=ALL_SERVICES - {"events", "recording"})
    assert none.events is None
    assert none.problems == []
    assert not any("events" in line for line in summarise(none)[3:])


async def test_the_ways_to_log_in_are_told(ask: Ask) -> None:
    found = await ask(rtsp_challenges=("sha256", "md5"))
    offered = {line for item in found.exchanges for line in item.challenges}
    assert offered == {f"digest algorithm={a} qop=auth" for a in ("MD5", "SHA-256")}
    assert [line.split()[1] for line in found.taps[0].challenges] == [
        "algorithm=SHA-256",
        "algorithm=MD5",
    ]
    assert {item.login for item in found.exchanges} == {"none", "digest"}


SENTENCES: dict[str, tuple[dict[str, Any], str]] = {
    "require": ({"refuse_require": True}, "It does not know the ONVIF way"),
    "rate": ({"refuse_rate_control": 400}, "It refuses Rate-Control."),
    "fractions": ({"refuse_fractions": True}, "It refuses fractions of a second."),
    "closed": ({"refuse_closed_range": True}, "It refuses a range with an end."),
    "times": ({"no_extension": True}, "It sends no capture times"),
    "1900": ({"extension_times": "1900"}, "away from what was asked for."),
    "still": ({"extension_times": "constant"}, "capture times stand still."),
    "real-time": ({"ignore_rate_control": True}, "in real time only"),
    "bye": ({"end_of_range": "bye"}, "it says BYE."),
    "close": ({"end_of_range": "close"}, "it closes the connection."),
    "notice": ({"end_notice": 2101}, "it sends an end notice."),
    "past": ({"plays_past_end": True}, "it goes on playing past the end."),
    "silence": ({}, "it falls silent."),
    "second": ({"max_sessions": 1}, "It refuses a second session (SETUP: 453)."),
    "keep-alive": (
        {"keep_alive_status": {"GET_PARAMETER": 454}},
        "Keep-alive: GET_PARAMETER 454",
    ),
    "no-sound": ({"audio_absent": True}, "Sound is announced and none came (fast)."),
    "no-picture": ({"outside_range": "silence", "stall_after_frames": 0}, "no picture"),
    "forbidden": ({"forbidden": True}, "Playback did not work: PLAY: 403"),
    "not-found": ({"not_found": True}, "Playback did not work: DESCRIBE: 404"),
    "setup": ({"status_on": {"SETUP": 551}}, "Playback did not work: SETUP: 551"),
    "setup-once": (
        {"status_on": {"SETUP": 551}, "limits": {"status_on": 1}},
        "It does not know the ONVIF way",
    ),
    "range": ({"status_on": {"PLAY": 457}}, "Playback did not work: PLAY: 457"),
    "keep-alive-lost": (
        {"expire_sessions_after": 0.2},
        "Keep-alive: GET_PARAMETER 454",
    ),
    "more-media": ({"more_media_in_sdp": True}, "capture times are there and right."),
    "noise": ({"instead_of_rtsp": "html"}, "Playback did not work: protocol"),
}


@pytest.mark.parametrize("oddity", SENTENCES)
async def test_what_is_odd_is_said_in_words(ask: Ask, oddity: str) -> None:
    switches, sentence = SENTENCES[oddity]
    found = await ask(faults={"rtsp": switches})
    said = summarise(found)
    assert any(sentence in line for line in said), said


async def test_a_device_that_cannot_be_asked_has_a_report(ask: Ask) -> None:
    found = await ask(faults={"malformed_ops": ["*"]})
    content = read_report(write_report(found))
    assert content["summary"][0] == "The device could not be asked what it is."
    assert "Not answered: asking what it is" in content["summary"][1]
    assert content["rtsp"] == []


async def test_what_breaks_off_is_in_the_dialogue(ask: Ask) -> None:
    found = await ask(faults={"drop_ops": ["FindEvents"]})
    failed = {i.operation: i.failure for i in found.exchanges if i.failure}
    assert "Disconnected" in failed["FindEvents"]
    assert found.report is not None


async def test_a_refused_password_is_not_tried_over_and_over(ask: Ask) -> None:
    found = await ask("locks-out", password="wrong-one")
    assert found.report is None
    assert len([i for i in found.exchanges if i.login != "none"]) <= 2
    assert found.sessions == {}


async def test_a_device_without_recordings_shows_its_live_stream(ask: Ask) -> None:
    found = await ask("no-profile-g")
    said = summarise(found)
    assert "It has no Profile G: only its live stream can be recorded." in said
    assert set(found.sessions) == {"live"}
    assert found.sessions["live"].keep_alive["OPTIONS"] == 200
    assert "Live: video h264, audio aac." in said


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"no_recordings": True}, "Recordings: 0"),
        ({"fault_ops": {"FindEvents": "Receiver ter:ActionNotSupported"}}, "guessed"),
        (
            {"fault_ops": {"GetReplayUri": "Sender ter:Odd"}},
            "the address of a recording",
        ),
        ({"fault_ops": {"GetStreamUri": "Sender ter:Odd"}}, "the live address of"),
        ({"playback_forbidden": True}, "may not see or play"),
        ({"no_times": True}, "It does not tell its time."),
    ],
)
async def test_what_the_services_lack_is_said(
    ask: Ask, faults: dict[str, Any], sentence: str
) -> None:
    said = summarise(await ask(faults=faults))
    assert any(sentence in line for line in said), said


async def test_what_cannot_be_listed_is_said_and_the_rest_is_asked(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise NvrError(ErrorKind.BUSY, "not now", where="FindEvents")

    monkeypatch.setattr(OnvifDevice, "recording", broken)
    monkeypatch.setattr(OnvifDevice, "segments", broken)
    found = await ask()
    said = summarise(found)
    token = "OnvifRecordingToken_1"
    line = f"Not answered: listing recording {token}: FindEvents: not now (busy)."
    assert said.count(line) == 2
    # What lies before the latest that it says it holds is played all the same.
    assert "fast" in found.sessions


async def test_a_slow_device_is_not_asked_for_every_recording(ask: Ask) -> None:
    found = await ask(patience=replace(SHORT, total=0.5))
    assert found.listings == []
    assert any("too slow" in line for line in found.problems)


async def test_search_alone_and_replay_alone_are_said(ask: Ask) -> None:
    said = summarise(await ask("search-only"))
    assert "It lists recordings and offers no way to play them." in said
    services = frozenset({"media", "replay"})
    said = summarise(await ask("digest-only", services=services))
    assert "It offers playback and cannot say what it recorded." in said


async def test_what_is_recorded_now_is_played_from_a_while_ago(ask: Ask) -> None:
    camera = CameraSpec("Porch", grows=True, grown_ms=60_000, base_days=1)
    found = await ask(cameras=(camera,))
    asked = found.sessions["fast"].asked_ms
    assert asked is not None
    assert asked[1] < found.started_ms - 20_000
    assert found.sessions["fast"].end


async def test_a_device_that_sends_without_end_is_stopped(ask: Ask) -> None:
    patience = Patience(quiet=0.4, fast=0.5, paced=0.2, live=0.2)
    found = await ask(faults={"rtsp": {"ignore_rate_control": True}}, patience=patience)
    assert found.sessions["fast"].end == "stopped"


async def test_a_clock_that_is_off_is_said(ask: Ask) -> None:
    said = summarise(await ask(clock_offset_ms=90_000))
    assert "Its clock is 90 s fast." in said


async def test_two_minutes_are_never_exceeded(ask: Ask) -> None:
    patience = Patience(
        total=3.0, first=30.0, quiet=30.0, fast=60.0, paced=SHORT.paced, live=SHORT.live
    )
    found = await ask(patience=patience)
    assert any("two minutes" in line or "too slow" in line for line in found.problems)
    assert found.seconds < 30


def test_lines_are_the_text_again() -> None:
    text = "<a>" + "<b>x</b>" * 40 + "</a>\nnext\n"
    lines = split_text(text)
    assert len(lines) > 40
    assert "".join(lines) == text


def test_a_long_dialogue_is_cut_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "LARGEST_BYTES", 20_000)
    found = Examination("127.0.0.1", 80, is_tls=False, started_ms=0)
    answer = "x y " * 1000
    found.exchanges = [SoapExchange("GetScopes", 0, answer=answer) for _ in range(60)]
    text = write_report(found)
    assert len(text.encode()) <= 20_000
    assert "has been cut" in read_report(text)["cut"]


def test_of_very_long_answers_the_beginning_is_kept() -> None:
    tap = SoapTap(SystemClock())
    body = b"<a>" + b"x" * 3_000_000
    for _ in range(5):
        tap.keep("GetProfiles", HttpAnswer(200, "text/xml", body))
    lengths = [len(item.answer) for item in tap.exchanges]
    assert sum(lengths) < 5_000_000
    assert min(lengths) > 1000
    tap.keep("GET", HttpAnswer(200, "image/jpeg", b"1234"))
    assert tap.exchanges[-1].answer == "(4 bytes)"
    for _ in range(500):
        tap.keep("GetProfiles", HttpAnswer(200, "text/xml", b"<a/>"))
    assert len(tap.exchanges) <= 400


@pytest.mark.parametrize("text", ["[]", "{}", '{"vtrack_nvr_report": 99}', "nonsense"])
def test_anything_else_is_no_report(text: str) -> None:
    with pytest.raises(ValueError, match=r"report|Expecting"):
        read_report(text)


def test_json_is_what_is_written() -> None:
    found = Examination("192.0.2.7", 8080, is_tls=True, started_ms=0)
    content = json.loads(write_report(found))
    assert content["facts"]["address"] == {
        "host": "**host-1**",
        "port": 8080,
        "tls": True,
    }
