"""Reads what a device says of itself (Core §8.3)."""

from collections.abc import Iterable, Mapping
import re
from urllib.parse import unquote

from ..models import DeviceIdentity
from ..texts import clean
from .lenient import parse_bool
from .xml import Element, children, descendants, text

_SCOPE = re.compile(r"^onvif://www\.onvif\.org/([^/]+)/?(.*)$", re.IGNORECASE)
_MAC = re.compile(r"^[0-9a-f]{12}$")
_PROFILES = {"streaming": "S"}


def read_device_information(answer: Element) -> DeviceIdentity:
    """Read GetDeviceInformationResponse; what is missing is empty."""
    return DeviceIdentity(
        manufacturer=text(answer, "Manufacturer"),
        model=text(answer, "Model"),
        firmware=text(answer, "FirmwareVersion"),
        serial=text(answer, "SerialNumber"),
        hardware_id=text(answer, "HardwareId"),
    )


def normal_mac(written: str) -> str:
    """Return aa:bb:cc:dd:ee:ff, empty for what is no address of a real interface."""
    digits = re.sub(r"[^0-9a-f]", "", written.lower())
    if not _MAC.match(digits) or digits in {"0" * 12, "f" * 12}:
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def read_macs(answer: Element) -> tuple[str, ...]:
    """Read GetNetworkInterfacesResponse; enabled interfaces go first."""
    found: list[tuple[bool, int, str]] = []
    for number, item in enumerate(children(answer, "NetworkInterfaces")):
        mac = normal_mac(text(item, "Info/HwAddress"))
        is_off = parse_bool(text(item, "Enabled")) is False
        if mac:
            found.append((is_off, number, mac))
    return tuple(dict.fromkeys(mac for _, _, mac in sorted(found)))


def read_scopes(answer: Element) -> tuple[str, ...]:
    """Read GetScopesResponse."""
    return tuple(text(item) for item in descendants(answer, "ScopeItem") if text(item))


def bare_uuid(address: str) -> str:
    """Return an endpoint address without `urn:uuid:`, in lower case."""
    return re.sub(r"^(urn:)?(uuid:)?", "", address.strip().lower())


def scope_values(scopes: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the ONVIF scopes by lower-case key, values percent-decoded."""
    values: dict[str, list[str]] = {}
    for scope in scopes:
        found = _SCOPE.match(scope.strip())
        if found:
            value = unquote(found[2], errors="replace").strip()
            values.setdefault(found[1].lower(), []).append(value)
    return {key: tuple(items) for key, items in values.items()}


def scope_text(values: Mapping[str, tuple[str, ...]], *keys: str) -> str:
    """Return the first value that is not empty under any of the keys."""
    return next((v for key in keys for v in map(clean, values.get(key, ())) if v), "")


def scope_location(values: Mapping[str, tuple[str, ...]]) -> str:
    """Return the place: several levels are joined, key words left out."""
    places = [item.rpartition("/")[2] for item in values.get("location", ()) if item]
    return clean(", ".join(dict.fromkeys(places)))


def scope_profiles(values: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the profile letters the scopes claim; a hint, not a proof."""
    letters = {item.partition("/")[0] for item in values.get("profile", ())}
    return frozenset(
        _PROFILES.get(letter.lower(), letter.upper()) for letter in letters if letter
    )
