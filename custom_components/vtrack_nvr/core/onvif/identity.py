"""Which device is this? Names that last, and tells look-alikes apart.

No mark of a device can be relied on alone: makers ship whole series with one serial
number or one MAC address, tell some marks to administrators only, and change others with
the firmware. So marks are compared together, and a name, once given, is kept.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
import hashlib
import re

from ..models import DeviceIdentity, NvrKey

_MEANINGLESS = re.compile(
    r"^(none|null|nil|n/?a|unknown|default|undefined|empty|test|serial(number)?|sn|"
    r"device|camera|ip[ _-]?cam(era)?|nvr|dvr|\W+)$",
    re.IGNORECASE,
)
_FEWEST_DIGITS = 4
_UUID_DIGITS = 32
_UUID = re.compile(rf"[0-9a-f]{{{_UUID_DIGITS}}}")
_URN = re.compile(r"^(urn:)?(uuid:)?")
_RUNS = (
    "01234567890123456789",
    "09876543210987654321",
    "0123456789abcdef0123456789abcdef",
    "fedcba9876543210fedcba9876543210",
)
_ALMOST_RUNS = frozenset({"12345679890", "1234567980", "12345678910"})
"""Typed on somebody's keyboard and burnt into whole series (EYEPLUS)."""


class Likeness(StrEnum):
    """What two readings of marks say together."""

    SAME = "same"
    """Marks agree that are different on every device, and none contradicts."""
    UNCERTAIN = "uncertain"
    """Nothing contradicts, and nothing proves it."""
    OTHER = "other"
    """They contradict each other: two devices."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What may be told of a device at one moment; `endpoint_id` by WS-Discovery."""

    identity: DeviceIdentity
    endpoint_id: str = ""

    @property
    def serial(self) -> str:
        """Return the serial, empty where it is worth nothing or names a model only."""
        serial = usable_serial(self.identity.serial)
        names = (self.identity.manufacturer, self.identity.model)
        is_name = serial.casefold() in {name.strip().casefold() for name in names}
        return "" if is_name else serial

    @property
    def macs(self) -> frozenset[str]:
        """Return the MAC addresses that a real interface can have."""
        told = (self.identity.mac, *self.identity.macs)
        return frozenset(mac for mac in told if mac and not _is_pattern(_hex(mac)))

    @property
    def uuid(self) -> str:
        """Return the endpoint id as `endpoint_digits`, empty where it is worth nothing."""
        uuid = endpoint_digits(self.endpoint_id)
        return "" if len(uuid) >= _UUID_DIGITS and _is_pattern(uuid) else uuid

    @property
    def hardware(self) -> str:
        """Return the hardware id, often that of the board or the firmware."""
        written = self.identity.hardware_id.strip()
        return "" if _MEANINGLESS.match(written) or not written.strip("0") else written

    @property
    def make(self) -> tuple[str, str]:
        """Return maker and model as they can be compared."""
        identity = self.identity
        return (
            identity.manufacturer.strip().casefold(),
            identity.model.strip().casefold(),
        )


def endpoint_digits(endpoint_id: str) -> str:
    """Return what of an endpoint id can be compared: a UUID's digits, however written.

    Firmwares change between `urn:uuid:…`, `uuid:…`, braces and capitals.
    """
    bare = _URN.sub("", endpoint_id.strip().lower())
    digits = re.sub(r"[-{}]", "", bare)
    return digits if _UUID.fullmatch(digits) else bare


def _hex(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.lower())


def _is_pattern(text: str) -> bool:
    """Return whether somebody typed this rather than counted: 000000, 123456, abab."""
    if len(set(text)) <= 1 or text in _ALMOST_RUNS:
        return True
    if any(text in run for run in _RUNS):
        return True
    return len(text) >= 8 and any(
        text == (text[:size] * len(text))[: len(text)] for size in (1, 2)
    )


def usable_serial(serial: str) -> str:
    """Return a serial without padding, empty where it says nothing ("0000", "N/A")."""
    stripped = serial.strip().strip("\x00").strip()
    if _MEANINGLESS.match(stripped):
        return ""
    bare = _hex(stripped)
    is_short = bare.isdecimal() and len(bare.lstrip("0")) < _FEWEST_DIGITS
    return "" if stripped.isascii() and (is_short or _is_pattern(bare)) else stripped


def nvr_key(
    identity: DeviceIdentity, endpoint_id: str = "", taken: Collection[str] = ()
) -> NvrKey:
    """Return a name for a device that is new here; safe in paths.

    Made of the best mark alone, so that a device which is added again gets its old name
    whoever signs in: the serial; where it says nothing, a MAC address; then the endpoint
    id; then what is left. Two devices may share that mark: `taken` are the names that
    others have, and the result is none of them.
    """
    marks = Marks(identity, endpoint_id)
    parts = [marks.make[0]]
    if marks.serial:
        parts += ["serial", marks.serial]
    elif macs := [m for m in (identity.mac, *sorted(marks.macs)) if m in marks.macs]:
        parts += ["mac", macs[0]]
    elif marks.uuid:
        parts += ["uuid", endpoint_id.strip().lower()]
    else:
        parts += ["model", marks.make[1], marks.hardware]
    key, number = _hashed(parts), 1
    while key in taken:
        number += 1
        key = _hashed([*parts, str(number)])
    return key


def _hashed(parts: Collection[str]) -> NvrKey:
    return NvrKey(hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20])


def compare_marks(known: Marks, seen: Marks) -> Likeness:
    """Compare all marks of two readings; firmware and name may change.

    A mark that one reading lacks says nothing. Serials or MAC addresses that differ are
    two devices, unless the other one and the endpoint id agree both: then a person has to
    say. Where only one of them can be compared, endpoint ids must not contradict it, nor,
    for a MAC address alone, the hardware. Where neither can, an endpoint id proves it;
    maker, model and hardware are those of a whole series.
    """
    serials = _agree(known.serial.casefold(), seen.serial.casefold())
    macs = bool(known.macs & seen.macs) if known.macs and seen.macs else None
    uuids = _agree(known.uuid, seen.uuid)
    hardware = _agree(known.hardware, seen.hardware)
    makers, models = map(_agree, known.make, seen.make, strict=True)
    if serials is False or macs is False:
        is_likely = uuids and (serials or macs) and makers is not False
        return Likeness.UNCERTAIN if is_likely else Likeness.OTHER
    if serials and macs:
        return Likeness.SAME
    if uuids is False or makers is False:
        return Likeness.OTHER
    if serials:
        return Likeness.SAME
    if models is False or (hardware is False and not uuids):
        return Likeness.OTHER
    return Likeness.SAME if macs or uuids else Likeness.UNCERTAIN


class Mark(StrEnum):
    """What of two readings a person may be shown as different."""

    SERIAL = "serial"
    MAC = "mac"
    MANUFACTURER = "manufacturer"
    MODEL = "model"
    HARDWARE = "hardware"


def differences(known: Marks, seen: Marks) -> Mapping[Mark, tuple[str, str]]:
    """Return which marks contradict each other, as they were told and as they are now."""
    pairs = {
        Mark.SERIAL: (known.serial, seen.serial),
        Mark.MAC: (", ".join(sorted(known.macs)), ", ".join(sorted(seen.macs))),
        Mark.MANUFACTURER: (known.identity.manufacturer, seen.identity.manufacturer),
        Mark.MODEL: (known.identity.model, seen.identity.model),
        Mark.HARDWARE: (known.hardware, seen.hardware),
    }
    found = {
        mark: (ours.strip(), theirs.strip())
        for mark, (ours, theirs) in pairs.items()
        if _agree(ours.strip().casefold(), theirs.strip().casefold()) is False
    }
    if known.macs & seen.macs:
        found.pop(Mark.MAC, None)
    return found


def with_marks_of(known: DeviceIdentity, seen: DeviceIdentity) -> DeviceIdentity:
    """Return what the same device tells now; what it does not tell stays known."""
    told = {
        item.name: getattr(seen, item.name)
        for item in fields(seen)
        if getattr(seen, item.name)
    }
    return replace(known, **told)


def agree_twice(known: Marks, seen: Marks) -> bool:
    """Return whether serial and MAC address agree both: hardly so on two devices."""
    is_same = compare_marks(known, seen) is Likeness.SAME
    return is_same and bool(known.serial and seen.serial and known.macs & seen.macs)


def _agree(ours: str, theirs: str) -> bool | None:
    """Return whether two marks agree; None where one is missing."""
    return ours == theirs if ours and theirs else None
