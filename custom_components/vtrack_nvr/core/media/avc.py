"""H.264 as MP4 files hold it (ISO/IEC 14496-15), turned into Annex B."""

from .annexb import START_CODE


def sets(config: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets of an AVCDecoderConfigurationRecord (5.3.3.1)."""
    found: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):
        if at >= len(config):
            break
        count = config[at] & mask
        at += 1
        for _ in range(count):
            length = int.from_bytes(config[at : at + 2])
            if nal := config[at + 2 : at + 2 + length]:
                found.append(nal)
            at += 2 + length
    return tuple(found)


def to_annexb(data: bytes) -> bytes:
    """Return NAL units with start codes instead of lengths of four bytes."""
    parts: list[bytes] = []
    at = 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4])
        parts += (START_CODE, data[at + 4 : at + 4 + length])
        at += 4 + length
    return b"".join(parts)
