"""A device as discovery sees it, before anybody logged in."""

from dataclasses import dataclass

from ..texts import clean_fields


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """Where a device answers and what its scopes tell; any text may be empty.

    `endpoint_id` is the UUID of its WS-Discovery endpoint without `urn:uuid:`; it is empty
    where only the port answered. `xaddrs` are the advertised service addresses as sent.
    """

    host: str
    port: int
    is_https: bool = False
    endpoint_id: str = ""
    name: str = ""
    hardware: str = ""
    location: str = ""
    mac: str = ""
    serial: str = ""
    profiles: frozenset[str] = frozenset()
    """Profile letters as the scopes claim them: "S", "T", "G" …; a hint only."""
    xaddrs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Clean what a device wrote."""
        clean_fields(self, "endpoint_id", "name", "hardware", "location", "serial")
