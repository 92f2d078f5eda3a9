"""Which device is this? Names that last, and tells look-alikes apart."""

import hashlib
import re

from ..models import DeviceIdentity, NvrKey

_MEANINGLESS = re.compile(
    r"^(0*|f*|1234567?8?9?0?|none|null|n/?a|unknown|default|serial(number)?|-+|x+)$",
    re.IGNORECASE,
)


def usable_serial(serial: str) -> str:
    """Return a serial without padding, empty where it says nothing ("0000", "N/A")."""
    stripped = serial.strip()
    return "" if _MEANINGLESS.match(stripped) else stripped


def nvr_key(identity: DeviceIdentity, endpoint_id: str = "") -> NvrKey:
    """Return a name that is safe in paths and stays when the address changes.

    Made of serial, hardware id and MAC together, so that devices which share one of them
    stay apart; of the WS-Discovery UUID only where those say nothing.
    """
    serial = usable_serial(identity.serial)
    mac = identity.mac
    marks = [
        identity.manufacturer.strip().lower(),
        serial,
        usable_serial(identity.hardware_id),
        mac,
    ]
    if not serial and not mac:
        marks.append(endpoint_id.strip().lower())
        marks.append(identity.model.strip().lower())
    joined = "\x1f".join(marks)
    return NvrKey(hashlib.sha256(joined.encode()).hexdigest()[:20])


def is_same_device(known: DeviceIdentity, seen: DeviceIdentity) -> bool:
    """Say whether two readings can be of one device (firmware and name may change).

    Every mark that both readings have must agree, so that clones with one serial or one
    MAC stay apart; without a serial or MAC in common they are two devices, unless a
    hardware id, maker and model all agree.
    """
    pairs = (
        (usable_serial(known.serial), usable_serial(seen.serial)),
        (known.mac, seen.mac),
    )
    common = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
    if common:
        return all(ours == theirs for ours, theirs in common)
    hardware = (usable_serial(known.hardware_id), usable_serial(seen.hardware_id))
    return (
        all(hardware)
        and hardware[0] == hardware[1]
        and known.manufacturer == seen.manufacturer
        and known.model == seen.model
    )
