"""Reads addresses, ranges and port lists as people write them."""

from dataclasses import dataclass
import ipaddress
import re

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

HTTPS_PORTS = frozenset({443, 8443})
MAX_HOSTS = 1024
"""A /22: the largest network that is asked address by address."""
MAX_PORTS = 1024
MAX_TARGETS = 65_536

_SEPARATORS = re.compile(r"[\s,;]+")
_DASH = re.compile(r"\s*[-–—]\s*")
_NAME = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$")
_URL = re.compile(r"^(https?)://([^/?#@]+)(?:[/?#].*)?$", re.IGNORECASE)
_RANGE = re.compile(
    r"^(\d{1,3}\.\d{1,3}\.\d{1,3}\.)(\d{1,3})-(?:(\d{1,3}\.\d{1,3}\.\d{1,3}\.))?(\d{1,3})$"
)


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


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise TargetError("port", text)
    return int(text)


def parse_ports(text: str) -> tuple[int, ...]:
    """Read "80,8000-8010"; empty means `DEFAULT_PORTS`; raises `TargetError`."""
    ports: dict[int, None] = {}
    for part in _SEPARATORS.split(_DASH.sub("-", text.strip())):
        if not part:
            continue
        first, dash, last = part.partition("-")
        low = _port(first)
        high = _port(last) if dash else low
        if high < low:
            raise TargetError("port", part)
        if high - low >= MAX_PORTS:
            raise TargetError("too_many", part)
        ports.update(dict.fromkeys(range(low, high + 1)))
        if len(ports) > MAX_PORTS:
            raise TargetError("too_many", part)
    return tuple(ports) or DEFAULT_PORTS


def _addresses(part: str) -> tuple[str, ...]:
    """Read one address, name, range or network."""
    found = _RANGE.match(part)
    if found:
        first = _address(found[1] + found[2], part)
        last = _address((found[3] or found[1]) + found[4], part)
        count = int(last) - int(first) + 1
        if count < 1:
            raise TargetError("host", part)
        if count > MAX_HOSTS:
            raise TargetError("too_many", part)
        return tuple(str(first + i) for i in range(count))
    if "/" in part:
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            raise TargetError("host", part) from error
        if network.num_addresses > MAX_HOSTS:
            raise TargetError("too_many", part)
        return tuple(str(item) for item in network.hosts())
    return (_host(part),)


def _address(text: str, part: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError as error:
        raise TargetError("host", part) from error


def _host(text: str) -> str:
    bare = text.strip("[]")
    try:
        # A zone ("%eth0") belongs to a link-local address.
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if re.fullmatch(r"[\d.]+", bare) or not _NAME.match(bare):
        raise TargetError("host", text)
    return bare.lower()


def _parts(text: str) -> list[str]:
    joined = _DASH.sub("-", text.strip()) if "://" not in text else text.strip()
    return [part for part in _SEPARATORS.split(joined) if part]


def _with_ports(part: str) -> tuple[str, tuple[int, ...], bool | None]:
    """Return host part, the ports it names itself, and whether it says https."""
    found = _URL.match(part)
    is_https = found[1].lower() == "https" if found else None
    rest = found[2] if found else part
    host, colon, port = rest.rpartition(":")
    is_bare_ipv6 = rest.count(":") > 1 and not rest.startswith("[")
    if not colon or is_bare_ipv6 or rest.endswith("]"):
        own = ((443 if is_https else 80),) if found else ()
        return rest, own, is_https
    return host, parse_ports(port), is_https


def parse_targets(hosts: str, ports: str = "") -> tuple[Target, ...]:
    """Combine hosts with ports; "host:port" and "https://host:port" name their own.

    The likeliest port of every host comes before the second port of any, so that devices
    show up early and no host is asked everything at once.
    """
    common = parse_ports(ports)
    rounds: dict[int, dict[Target, None]] = {}
    count = 0
    for part in _parts(hosts):
        written, own, is_https = _with_ports(part)
        for host in _addresses(written):
            for number, port in enumerate(own or common):
                https = port in HTTPS_PORTS if is_https is None else is_https
                rounds.setdefault(number, {})[Target(host, port, https)] = None
                count += 1
            if count > MAX_TARGETS:
                raise TargetError("too_many", part)
    if not rounds:
        raise TargetError("empty", hosts)
    ordered = (target for number in sorted(rounds) for target in rounds[number])
    return tuple(dict.fromkeys(ordered))
