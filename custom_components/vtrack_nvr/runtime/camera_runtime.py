"""A camera of an NVR, as its subentry describes it."""

from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigSubentry

from ..const import CONF_CHANNEL, CONF_GATE, CONF_STREAM
from ..core.errors import ErrorKind, NvrError
from ..core.models import CameraKey, StreamProfile
from .settings import stream_profiles


@dataclass(frozen=True, slots=True)
class CameraRuntime:
    """A camera as its subentry describes it."""

    key: CameraKey
    subentry_id: str
    name: str
    channel: str
    profiles: tuple[StreamProfile, ...]
    data: dict[str, Any]

    @classmethod
    def of_subentry(cls, subentry: ConfigSubentry) -> CameraRuntime:
        """Read a subentry."""
        return cls(
            CameraKey(str(subentry.unique_id)),
            subentry.subentry_id,
            subentry.title,
            subentry.data[CONF_CHANNEL],
            stream_profiles(subentry.data),
            dict(subentry.data),
        )

    @property
    def has_sub_stream(self) -> bool:
        """Return whether there is a smaller stream besides the main one."""
        return len(self.profiles) > 1

    def profile(self, *, sub: bool = False) -> StreamProfile:
        """Return the largest stream, or the smallest; raises UNSUPPORTED without any."""
        if not self.profiles:
            raise NvrError(ErrorKind.UNSUPPORTED, "no stream", where=self.channel)
        return self.profiles[-1] if sub else self.profiles[0]

    @property
    def recorded_profile(self) -> StreamProfile:
        """Return the stream that live recording takes."""
        return self.profile(sub=self.data.get(CONF_STREAM) == "sub")

    @property
    def gates(self) -> tuple[str, ...]:
        """Return the entities that hold back copying."""
        gate = self.data.get(CONF_GATE)
        return (gate,) if gate else ()
