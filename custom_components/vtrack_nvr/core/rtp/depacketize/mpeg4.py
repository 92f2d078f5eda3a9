"""MPEG-4 Visual in RTP (RFC 6416 5): a picture is its payloads, cut anywhere."""

from typing import Final, override

from .pieces import PieceDepacketizer

_PICTURE: Final = b"\0\0\1\xb6"
_INTRA: Final = 0


class Mpeg4Depacketizer(PieceDepacketizer):
    """Whole pictures (VOPs) with what stands before them; an I-VOP is a key picture."""

    @override
    def _picture(self, data: bytes) -> tuple[bytes, bool] | None:
        at = data.find(_PICTURE)
        if at < 0 or at + 4 >= len(data):
            return None
        return data, data[at + 4] >> 6 == _INTRA
