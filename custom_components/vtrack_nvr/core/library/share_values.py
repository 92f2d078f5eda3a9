"""What a link without a login shows, and whose it is."""

from dataclasses import dataclass
from enum import StrEnum

from ..intervals import TimeRange
from ..models import CameraKey


class ShareKind(StrEnum):
    """What a link shows."""

    CLIP = "clip"
    PICTURE = "picture"
    EXPORT = "export"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class ShareTarget:
    """One thing: a clip, its picture, or an export by id, or a camera's range without one."""

    kind: ShareKind
    cameras: tuple[CameraKey, ...]
    range: TimeRange
    item_id: int | None = None

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        has_item = self.item_id is not None
        is_range = self.kind is ShareKind.RANGE
        if not self.cameras or has_item is is_range:
            msg = f"nothing to share: {self.kind}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Share:
    """A link as it is listed; `user` is who made it, "" Home Assistant itself."""

    id: int
    target: ShareTarget
    user: str
    made_ms: int
    expires_ms: int
