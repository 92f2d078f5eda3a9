"""Reads addresses, ranges and port lists as people write them."""

from dataclasses import dataclass

DEFAULT_PORTS = (
    80,
    8000,
    8080,
    8899,
    2020,
    443,
    5000,
    8100,
    6688,
    3333,
    1000,
    8081,
)
"""Ports where ONVIF was seen in the field (§1.5), likely ones first."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One address and port to ask; https on 443 and 8443."""

    host: str
    port: int
    is_https: bool = False


class TargetError(ValueError):
    """What was written cannot be read; `code` is "host", "port", "empty" or "too_many"."""

    def __init__(self, code: str, text: str) -> None:
        """Name the part that could not be read."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def parse_ports(text: str) -> tuple[int, ...]:
    """Read "80,8000-8010"; empty means `DEFAULT_PORTS`; raises `TargetError`."""
    raise NotImplementedError


def parse_hosts(text: str) -> tuple[str, ...]:
    """Read names, addresses, "192.0.2.1-40", "192.0.2.0/24" (up to /22), separated by
    commas or spaces; raises `TargetError`.
    """
    raise NotImplementedError


def parse_targets(hosts: str, ports: str = "") -> tuple[Target, ...]:
    """Combine hosts with ports; "host:port" and "https://host:port" name their own."""
    raise NotImplementedError
