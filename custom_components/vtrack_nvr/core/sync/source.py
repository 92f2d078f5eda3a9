"""Where a camera's footage comes from, and why; pure."""

from dataclasses import dataclass

from .settings import SourceChoice
from .status import FootageSource, SourceReason


@dataclass(frozen=True, slots=True)
class SourceDecision:
    """The source in use; `is_fetching`: replay is fetched from (also to fill holes)."""

    source: FootageSource
    reason: SourceReason
    is_fetching: bool


def decide_source(
    choice: SourceChoice,
    *,
    is_enabled: bool,
    has_replay: bool,
    is_replay_broken: bool = False,
    is_replay_undated: bool = False,
    can_live: bool,
) -> SourceDecision:
    """Return where footage comes from.

    Replay that proved broken is still used for requests and re-probed by the engine; the
    decision says only what the camera relies on. A live camera with working replay has
    the holes of its live recording filled from the device.
    """
    if not is_enabled:
        return SourceDecision(
            FootageSource.NONE, SourceReason.SWITCHED_OFF, is_fetching=False
        )
    is_replay_good = has_replay and not is_replay_broken
    if choice is SourceChoice.LIVE and can_live:
        return SourceDecision(
            FootageSource.LIVE, SourceReason.CHOSEN, is_fetching=is_replay_good
        )
    if is_replay_good:
        reason = (
            SourceReason.CHOSEN
            if choice is SourceChoice.REPLAY
            else SourceReason.PROFILE_G
        )
        return SourceDecision(FootageSource.REPLAY, reason, is_fetching=True)
    lack = SourceReason.NO_PROFILE_G
    if has_replay:
        lack = SourceReason.REPLAY_BROKEN
        if is_replay_undated:
            lack = SourceReason.REPLAY_UNDATED
    if can_live and choice is not SourceChoice.REPLAY:
        return SourceDecision(FootageSource.LIVE, lack, is_fetching=False)
    return SourceDecision(FootageSource.NONE, lack, is_fetching=False)
