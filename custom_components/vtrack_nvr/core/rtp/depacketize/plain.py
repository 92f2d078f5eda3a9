"""Audio whose packets are whole units (RFC 3551, RFC 3190; Opus: RFC 7587)."""

from typing import override

from ..replay_extension import ReplayStamp
from .audio import AudioDepacketizer


class PlainDepacketizer(AudioDepacketizer):
    """One packet is one unit."""

    @override
    def push(
        self,
        payload: memoryview,
        timestamp: int,
        marker: bool,
        stamp: ReplayStamp | None,
        is_after_loss: bool,
    ) -> None:
        if payload:
            self._emit(bytes(payload), timestamp, stamp)
