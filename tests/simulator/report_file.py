"""A device report as a file: reading it, and what one recorded call was."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

_REFUSALS = ("NotAuthorized", "FailedAuthentication", "not authorized")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded call of the web services; `status` 0: nothing came."""

    operation: str
    path: str
    login: str
    request: str
    status: int
    content_type: str
    answer: str
    challenges: tuple[str, ...]
    failure: str
    created_off_ms: int | None

    @property
    def is_refusal(self) -> bool:
        """Return whether the login was what was wrong."""
        return self.status == 401 or (
            self.is_fault and any(word in self.answer for word in _REFUSALS)
        )

    @property
    def is_fault(self) -> bool:
        """Return whether a SOAP fault was answered."""
        return bool(re.search(r"<(?:[\w-]+:)?Fault\b", self.answer))

    @property
    def is_good(self) -> bool:
        """Return whether it was answered as it should be."""
        return self.status == 200 and "Envelope" in self.answer and not self.is_fault


@dataclass(frozen=True)
class Reported:
    """A device as its report tells of it."""

    content: Mapping[str, Any]
    exchanges: tuple[Exchange, ...]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what was found out."""
        facts: Mapping[str, Any] = self.content["facts"]
        return facts

    @property
    def host(self) -> str:
        """Return the name that the report gives to the device's own address."""
        return str(self.facts["address"]["host"])


def read_reported(path: Path) -> Reported:
    """Read a report; raises ValueError for anything else."""
    return reported_of(json.loads(path.read_text(encoding="utf-8")))


def reported_of(content: Mapping[str, Any]) -> Reported:
    """Return the device of a report's content; raises ValueError for anything else."""
    if content.get("vtrack_nvr_report") != 1 or "services" not in content["facts"]:
        raise ValueError("not the report of a device that answered")
    return Reported(content, tuple(map(_exchange, content["soap"])))


def _exchange(item: Mapping[str, Any]) -> Exchange:
    return Exchange(
        item["operation"],
        item.get("path", ""),
        item.get("logged_in_by", "none"),
        "".join(item.get("request", ())),
        item.get("status", 0),
        item.get("content_type", ""),
        "".join(item.get("answer", ())),
        tuple(item.get("challenges", ())),
        item.get("failure", ""),
        item.get("created_off_ms"),
    )
