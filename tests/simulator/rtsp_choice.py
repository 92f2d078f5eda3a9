"""What one PLAY is sent, and in what shape: headers (ST §6.5) and switches together."""

from .rtp_block import AUDIO, VIDEO, PacketStyle
from .rtsp_faults import RtspFaults
from .rtsp_feed import FeedChoice
from .rtsp_message import Request
from .rtsp_state import FEATURE, Session


def extension_mode(request: Request, session: Session, faults: RtspFaults) -> str:
    """Return on which packets the replay extension goes: "first", "all" or "none"."""
    on_play = FEATURE in request.headers.get("require", "")
    asked = {
        "either": session.required or on_play,
        "both": session.required and on_play,
        "no": True,
    }[faults.extension_needs_require]
    if faults.no_extension or not asked:
        return "none"
    if faults.extension_on_keys:
        return "keys"
    return "all" if faults.extension_everywhere else "first"


def feed_choice(
    session: Session, faults: RtspFaults, request: Request, extension: str
) -> FeedChoice:
    """Return which parts of the footage a PLAY wants, and how they are packed."""
    frames = request.headers.get("frames", "all").strip().lower()
    every = None
    if frames.startswith("intra"):
        every = int(frames.partition("/")[2] or 0)
    style = PacketStyle(
        faults.packet_size,
        extension,
        faults.extension_id,
        faults.extension_extra_words,
        faults.csrc_and_padding,
        faults.parameter_sets != "sdp",
        not faults.no_marker,
        faults.clean_flags,
        faults.marks_slices,
        faults.unmarked_every,
        faults.annex_b,
        faults.odd_nals,
        not faults.no_key_pictures,
        sound_form=faults.sound_form,
        sound_ahead_ms=faults.sound_ahead_ms,
    )
    return FeedChoice(
        video=session.tracks[VIDEO] is not None,
        audio=session.tracks[AUDIO] is not None and not faults.audio_absent,
        intra_every_ms=every,
        audio_delay_ms=round(faults.audio_starts_late * 1000),
        burst_ms=faults.live_burst_ms,
        style=style,
    )
