"""What a search found, kept for the length of a flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.onvif.probe import ProbeAnswer, ProbeResult
from ..core.onvif.probe_match import FoundDevice
from ..phrases import Phrases
from ..placeholders import Markdown
from ..runtime.connect import Address

MOST_STRANGERS = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that could be added."""

    address: Address
    device: FoundDevice
    needs_password: bool = False

    @property
    def key(self) -> str:
        """Return what the form calls it."""
        return self.address.shown

    def label(self, phrases: Phrases) -> str:
        """Return name, model and address for a list to choose from."""
        known = " · ".join(
            text
            for text in (
                self.device.name,
                self.device.hardware,
                self.device.location,
                self.address.shown,
            )
            if text
        )
        if self.needs_password:
            return phrases.get("found_needs_password", device=known)
        if "G" in self.device.profiles:
            return phrases.get("found_with_recordings", device=known)
        return phrases.get("found", device=known)


class Candidates:
    """The candidates so far, one for each address."""

    def __init__(self) -> None:
        """Start empty."""
        self._candidates: dict[str, Candidate] = {}
        self._latest: set[str] = set()
        self._strangers: list[str] = []

    def add_devices(self, devices: Iterable[FoundDevice]) -> None:
        """Take what multicast found."""
        for device in devices:
            self._add(Candidate(Address.of_found(device), device))

    def add_results(self, results: Sequence[ProbeResult]) -> None:
        """Take what asking addresses found; what was found before stays."""
        self._latest.clear()
        self._strangers.clear()
        for result in results:
            if result.answer is ProbeAnswer.NOT_ONVIF and len(results) > 1:
                target = result.target
                self._strangers.append(Address(target.host, target.port).shown)
            if result.device is not None:
                candidate = Candidate(
                    Address.of_found(result.device),
                    result.device,
                    result.answer is ProbeAnswer.NEEDS_PASSWORD,
                )
                self._add(candidate)
                self._latest.add(candidate.key)

    def _add(self, candidate: Candidate) -> None:
        self._candidates.setdefault(candidate.key, candidate)

    def candidate(self, key: str) -> Candidate:
        """Return what the user chose."""
        return self._candidates[key]

    def text(self, listed: int, phrases: Phrases) -> Markdown:
        """Return how a search ended: what can be chosen, and what is no device."""
        text = phrases.markdown("found_some" if listed else "found_none", count=listed)
        if not self._strangers:
            return text
        named = ", ".join(self._strangers[:MOST_STRANGERS])
        if len(self._strangers) > MOST_STRANGERS:
            named += ", …"
        strangers = phrases.markdown("found_strangers", addresses=named)
        return Markdown(f"{text}\n\n{strangers}")

    def name_of(self, address: Address) -> str:
        """Return the device's name and address, as far as they are known."""
        candidate = self._candidates.get(address.shown)
        if candidate is None or not candidate.device.name:
            return address.shown
        return f"{candidate.device.name} ({address.shown})"

    def candidates(self, configured: set[tuple[str, int]]) -> list[Candidate]:
        """Return those that are not set up yet."""
        return [
            item
            for item in self._candidates.values()
            if (item.address.host, item.address.port) not in configured
        ]

    def only(self) -> Candidate | None:
        """Return the only device behind the addresses asked last, set up or not."""
        if len(self._latest) == 1:
            return self._candidates[next(iter(self._latest))]
        return None

    def others(
        self, chosen: Address, configured: set[tuple[str, int]]
    ) -> list[Candidate]:
        """Return what else could be added with the same login."""
        return [
            item for item in self.candidates(configured) if item.key != chosen.shown
        ]

    @staticmethod
    def explain(results: Iterable[ProbeResult]) -> str:
        """Return why a search found nothing (a key of `config.error`), else nothing.

        The most telling answer wins: something that is not ONVIF before silence.
        """
        seen = list(results)
        if any(result.device is not None for result in seen):
            return ""
        strange = [r for r in seen if r.answer is ProbeAnswer.NOT_ONVIF]
        if any(result.detail == "redirects to https" for result in strange):
            return "wants_https"
        if any("html" in result.detail for result in strange):
            return "html_page"
        if strange:
            return "not_onvif"
        return "unreachable" if len(seen) <= 1 else "nothing_found"
