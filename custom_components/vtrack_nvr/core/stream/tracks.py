"""Which tracks of a session to set up; pure."""

from ..errors import ErrorKind, NvrError
from ..frames import Codec, TrackKind
from ..rtsp.values import MediaTrack, SessionDescription

_PICTURES = frozenset({Codec.H264, Codec.H265})


def choose_video(
    description: SessionDescription, *, takes_others: bool = False
) -> MediaTrack:
    """Return the first video track we can keep; raises `UNSUPPORTED_CODEC`.

    Some devices list one per codec they ever recorded. `takes_others`: where none is in a
    codec of ours, the first one will do.
    """
    videos = [
        track for track in description.tracks if track.format.kind is TrackKind.VIDEO
    ]
    for track in videos:
        if track.format.codec in _PICTURES:
            return track
    if takes_others and videos:
        return videos[0]
    names = ", ".join(track.format.name or track.format.codec for track in videos)
    raise NvrError(ErrorKind.UNSUPPORTED_CODEC, f"pictures in {names or 'no codec'}")


def choose_sound(description: SessionDescription) -> MediaTrack | None:
    """Return the first audio track, None without one."""
    return next(
        (track for track in description.tracks if track.format.kind is TrackKind.AUDIO),
        None,
    )
