"""Which tracks of a session to set up; pure."""

from ..errors import ErrorKind, NvrError
from ..frames import Codec, TrackKind
from ..rtp.depacketize import can_depacketize
from ..rtsp.session_values import MediaTrack, SessionDescription

_PREFERRED = frozenset({Codec.H264, Codec.H265})
OLD_CODECS = frozenset({Codec.MJPEG, Codec.MPEG4})


def choose_video(
    description: SessionDescription,
    *,
    takes_old: bool = False,
    takes_others: bool = False,
) -> MediaTrack:
    """Return the first video track we can keep; raises `UNSUPPORTED_CODEC`,
    and `NO_PICTURES` where there is none.

    Some devices list one per codec they ever recorded: H.264 and H.265 come first, then
    the `OLD_CODECS` if they are taken. `takes_others`: where all are in other codecs, the
    first one will do.
    """
    videos = [
        track for track in description.tracks if track.format.kind is TrackKind.VIDEO
    ]
    for codecs in (_PREFERRED, OLD_CODECS if takes_old else frozenset()):
        for track in videos:
            if track.format.codec in codecs:
                return track
    if takes_others and videos:
        return videos[0]
    if not videos:
        kinds = ", ".join(sorted({track.format.kind for track in description.tracks}))
        raise NvrError(ErrorKind.NO_PICTURES, f"tracks: {kinds or 'none'}")
    names = ", ".join(track.format.name or track.format.codec for track in videos)
    raise NvrError(ErrorKind.UNSUPPORTED_CODEC, f"pictures in {names}")


def choose_sound(description: SessionDescription) -> MediaTrack | None:
    """Return the audio track to keep, None without one.

    It is never the one for talking back, and the first that can be kept of several.
    """
    tracks = description.tracks
    direction = next(
        (each.direction for each in tracks if each.format.kind is TrackKind.VIDEO), ""
    )
    sounds = [
        track
        for track in tracks
        if track.format.kind is TrackKind.AUDIO
        and not _is_for_talking(track.direction, direction)
    ]
    sounds.sort(
        key=lambda track: (
            track.direction != direction,
            not can_depacketize(track.format),
        )
    )
    return sounds[0] if sounds else None


def _is_for_talking(direction: str, pictures: str) -> bool:
    """Return whether a track goes from us to the device (ONVIF Streaming 5.3.1).

    The specification writes `sendonly` for that and `recvonly` for what the device sends.
    Some devices mean themselves: their pictures are `sendonly` then.
    """
    if direction == "inactive":
        return True
    if pictures == "sendonly":
        return direction == "recvonly"
    return direction == "sendonly"
