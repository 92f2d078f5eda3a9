"""Which device is this? Names that last, and tells look-alikes apart."""

from ..models import DeviceIdentity, NvrKey


def nvr_key(identity: DeviceIdentity, endpoint_id: str = "") -> NvrKey:
    """Return a name that is safe in paths and stays when the address changes.

    Made of serial, hardware id and MAC together, so that devices which share one of them
    stay apart; of the WS-Discovery UUID only where those say nothing.
    """
    raise NotImplementedError


def is_same_device(known: DeviceIdentity, seen: DeviceIdentity) -> bool:
    """Say whether two readings can be of one device (firmware and name may change)."""
    raise NotImplementedError
