"""What people see of a camera, derived from its facts; pure."""

from typing import Any

import pytest

from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.core.sync.status import (
    CameraStatus,
    FootageSource,
    SyncState,
)

CAMERA = CameraKey("nvr/1")
NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("status", "lag"),
    [
        ({}, None),
        ({"last_clip_end_ms": NOW - 90_000}, None),
        ({"last_clip_end_ms": NOW - 90_000, "device_newest_ms": NOW - 30_000}, 60),
        ({"last_clip_end_ms": NOW, "device_newest_ms": NOW - 30_000}, 0),
        ({"last_clip_end_ms": NOW - 90_000, "source": FootageSource.LIVE}, 90),
        (
            {
                "last_clip_end_ms": NOW - 90_000,
                "source": FootageSource.LIVE,
                "state": SyncState.RECORDING,
            },
            0,
        ),
    ],
)
def test_how_far_a_camera_lags_behind(status: dict[str, Any], lag: int | None) -> None:
    assert CameraStatus(CAMERA, **status).lag_s(NOW) == lag
