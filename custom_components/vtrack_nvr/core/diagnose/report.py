"""The file: one JSON text without identities, addresses and secrets. Pure."""

from collections.abc import Iterable, Mapping
import dataclasses
import json
import re
from typing import Any, Final
from urllib.parse import urlsplit

from ..models import SegmentListing
from ..redact import Redactor
from .questions import Examination
from .rtsp_tap import ChannelFacts, RtspTap
from .sessions import SessionFacts
from .soap_tap import SoapExchange
from .summary import summarise

FORMAT: Final = 1
LARGEST_BYTES: Final = 8 * 1024 * 1024
"""A report is never longer; the dialogue is cut, and the report says so."""
_BETWEEN = re.compile(r"(?<=>)(?=<)")
_LONGEST_LINE: Final = 100
_MARKS: Final = ("serial", "hardware_id", "mac", "macs")


def write_report(found: Examination, secrets: Iterable[str] = ()) -> str:
    """Return the report as JSON: summary on top, then facts, SOAP and RTSP.

    `secrets` are user names and passwords; they are hidden in every encoding.
    """
    redactor = Redactor([secret for secret in secrets if secret])
    facts = redactor.value(_facts(found))
    report = found.report
    identity = report.identity if report else None
    # What names the device or its owner is known again wherever it turns up.
    redactor.value({name: getattr(identity, name, "") for name in _MARKS})
    content = {
        "vtrack_nvr_report": FORMAT,
        "about": (
            "Addresses, names of users, serial numbers and passwords are taken out."
            " Look through it before you hand it on: what cameras are called is in it."
        ),
        "summary": [redactor.text(line) for line in summarise(found)],
        "facts": facts,
        "rtsp": [_connection(tap, redactor) for tap in found.taps],
        "soap": [_exchange(item, redactor) for item in found.exchanges],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    while len(text.encode()) > LARGEST_BYTES and content["soap"]:
        content["soap"] = content["soap"][: len(content["soap"]) // 2]
        content["cut"] = "the dialogue was too long and has been cut"
        text = json.dumps(content, indent=1, ensure_ascii=False)
    return f"{text}\n"


def read_report(text: str) -> dict[str, Any]:
    """Return a report's content; raises ValueError for anything else."""
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("vtrack_nvr_report") != FORMAT:
        msg = "not a device report"
        raise ValueError(msg)
    return content


def split_text(text: str) -> list[str]:
    """Return a text as lines of bearable length; joined they are the text again."""
    lines = text.splitlines(keepends=True)
    return [
        piece
        for line in lines
        for piece in (_BETWEEN.split(line) if len(line) > _LONGEST_LINE else (line,))
    ]


def _exchange(item: SoapExchange, redactor: Redactor) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operation": item.operation,
        "path": redactor.text(item.path),
        "logged_in_by": item.login,
        "created_off_ms": item.created_off_ms,
        "request": split_text(redactor.text(item.body)),
        "status": item.status,
        "content_type": item.content_type,
        "challenges": list(item.challenges),
        "took_ms": item.took_ms,
        "failure": item.failure,
        "answer": split_text(redactor.text(item.answer)),
    }
    return {name: value for name, value in told.items() if value not in ("", [], None)}


def _connection(tap: RtspTap, redactor: Redactor) -> dict[str, Any]:
    return {
        "for": tap.name,
        "dialogue": [
            {
                "at_s": message.at_s,
                "from": "us" if message.is_sent else "device",
                "text": redactor.text(message.text).splitlines(keepends=True),
            }
            for message in tap.messages
        ],
        "challenges": list(tap.challenges),
        "stray_bytes": tap.stray_bytes,
        "media": {str(n): _channel(facts) for n, facts in tap.channels.items()},
    }


def _channel(facts: ChannelFacts) -> dict[str, Any]:
    told = {
        item.name: getattr(facts, item.name)
        for item in dataclasses.fields(facts)
        if item.name != "sequence"
    }
    told["payload_types"] = {str(n): c for n, c in facts.payload_types.items()}
    told["flags"] = {flag: count for flag, count in facts.flags.items() if count}
    return {name: value for name, value in told.items() if value}


def _facts(found: Examination) -> dict[str, Any]:
    report = found.report
    told: dict[str, Any] = {
        "address": {"host": found.host, "port": found.port, "tls": found.is_tls},
        "started_ms": found.started_ms,
        "seconds": found.seconds,
        "urls": {
            "replay": found.replay_url,
            "live": dict(found.live_urls),
            "rtsp_port": _rtsp_port(found),
        },
        "sessions": {name: _session(s) for name, s in found.sessions.items()},
        "second_session": dataclasses.asdict(found.second) if found.second else None,
        "events": _events(found),
        "problems": list(found.problems),
    }
    if report is not None:
        told |= {
            "identity": dataclasses.asdict(report.identity),
            "name": report.name,
            "services": list(report.services),
            "onvif_profiles": list(report.profiles),
            "auth": report.auth,
            "clock_offset_ms": report.clock.offset_ms,
            "replay": report.replay.value,
            "warnings": [str(warning) for warning in report.warnings],
            "channels": [dataclasses.asdict(item) for item in report.channels],
            "unassigned": list(report.unassigned),
            "recordings": [dataclasses.asdict(item) for item in report.recordings],
            "segments": _segments(found.listings),
        }
    return told


def _events(found: Examination) -> list[dict[str, Any]] | None:
    if found.events is None:
        return None
    return [
        {
            "class": event.event_class,
            "topic": event.topic,
            "source": event.source_token,
            "is_active": event.is_active,
        }
        for event in found.events
    ]


def _rtsp_port(found: Examination) -> int:
    for url in (found.replay_url, *found.live_urls.values()):
        if url:
            return urlsplit(url).port or 554
    return 554


def _segments(listings: Iterable[SegmentListing]) -> dict[str, list[dict[str, Any]]]:
    return {
        listing.recording.token: [
            {
                "start_ms": segment.device_range.start_ms,
                "end_ms": segment.device_range.end_ms,
                "is_growing": segment.is_growing,
                "is_assumed": segment.is_assumed,
            }
            for segment in listing.segments
        ]
        for listing in listings
    }


def _session(facts: SessionFacts) -> Mapping[str, Any]:
    told = dataclasses.asdict(dataclasses.replace(facts, channels={}))
    del told["channels"]
    return told
