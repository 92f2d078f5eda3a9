"""Which recording belongs to which channel? The ladder of §1.6, as a pure function.

ONVIF relates the two only loosely. A rung is used for the recordings that no rung above
placed; what is left over is shown under its own name, for the user to assign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..models import Channel, Recording
from .profiles import is_generic, last_number

_PROFILE_TYPE = "/profile"

type ChannelPlaces = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class JobSource:
    """What feeds a recording (GetRecordingJobs); `type` says what the token is."""

    recording_token: str
    token: str
    type: str = ""

    @property
    def is_profile(self) -> bool:
        """Return whether the token names a media profile."""
        return self.type.lower().endswith(_PROFILE_TYPE)


def match_recordings(
    channels: Sequence[Channel],
    recordings: Sequence[Recording],
    jobs: Sequence[JobSource] = (),
    compatible: Mapping[str, Sequence[str]] | None = None,
    sources: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """Return the channel token for every recording that can be placed.

    `compatible` are the profile tokens of GetRecordingOptions by recording. `sources`
    translates profile and configuration tokens into video sources.
    """
    aliases = _aliases(channels, sources or {})
    placed: dict[str, str] = {}
    rungs: tuple[Callable[[], ChannelPlaces], ...] = (
        lambda: _by_only_channel(channels, recordings),
        lambda: {r.token: aliases.get(r.video_source_token) for r in recordings},
        lambda: _by_jobs(jobs, aliases),
        lambda: {r.token: aliases.get(r.source_id) for r in recordings},
        lambda: _by_compatible(compatible or {}, aliases),
        lambda: _by_name(channels, recordings),
        lambda: _by_number(channels, recordings, placed),
        lambda: _by_order(channels, recordings, placed),
    )
    for rung in rungs:
        for token, channel in rung().items():
            if channel:
                placed.setdefault(token, channel)
    known = {recording.token for recording in recordings}
    return {token: channel for token, channel in placed.items() if token in known}


def _aliases(
    channels: Sequence[Channel], sources: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the channel for every token that names it, its source or its profiles."""
    aliases: dict[str, str] = {}
    for channel in channels:
        aliases[channel.token] = channel.token
        for profile in channel.profiles:
            aliases[profile.token] = channel.token
    for token, source in sources.items():
        if source in aliases:
            aliases.setdefault(token, aliases[source])
        elif token in aliases:
            # A stream's own source (101, 102) belongs to the channel of its profile.
            aliases.setdefault(source, aliases[token])
    return aliases


def _by_jobs(jobs: Sequence[JobSource], aliases: Mapping[str, str]) -> ChannelPlaces:
    ordered = sorted(jobs, key=lambda job: not job.is_profile)
    found: dict[str, str | None] = {}
    for job in ordered:
        if channel := aliases.get(job.token):
            found.setdefault(job.recording_token, channel)
    return found


def _by_compatible(
    compatible: Mapping[str, Sequence[str]], aliases: Mapping[str, str]
) -> ChannelPlaces:
    found: dict[str, str | None] = {}
    for recording, tokens in compatible.items():
        channels = {aliases[token] for token in tokens if token in aliases}
        # A device where every recording takes every source says nothing by it.
        if len(channels) == 1:
            found[recording] = channels.pop()
    return found


def _by_name(
    channels: Sequence[Channel], recordings: Sequence[Recording]
) -> ChannelPlaces:
    by_name: dict[str, list[str]] = {}
    for channel in channels:
        by_name.setdefault(channel.name.strip().lower(), []).append(channel.token)
    found: dict[str, str | None] = {}
    for recording in recordings:
        named = by_name.get(recording.source_name.strip().lower(), ())
        if len(named) == 1:
            found[recording.token] = named[0]
    return found


def _by_only_channel(
    channels: Sequence[Channel], recordings: Sequence[Recording]
) -> ChannelPlaces:
    return (
        {recording.token: channels[0].token for recording in recordings}
        if len(channels) == 1
        else {}
    )


def _shift(channels: Sequence[Channel], numbers: Sequence[int]) -> int | None:
    """Return what to add to the recordings' numbers, None where that is a guess.

    Recorders count sources from 0 and recordings from 1, or the other way round.
    """
    first = min(channel.number for channel in channels)
    if 0 in numbers:
        return first if first in {0, 1} else None
    if first:
        return 0
    # Channels from 0, recordings without a 0: from 1, or the first is not recorded.
    return -1 if len(numbers) == len(channels) else None


def _by_number(
    channels: Sequence[Channel],
    recordings: Sequence[Recording],
    placed: Mapping[str, str],
) -> ChannelPlaces:
    """Match numbers in tokens and names against channel numbers, all or none."""
    rest = [recording for recording in recordings if recording.token not in placed]
    if not rest or not channels:
        return {}
    taken = set(placed.values())
    free = {c.number: c.token for c in channels if c.token not in taken}
    picks: tuple[Callable[[Recording], str], ...] = (
        lambda recording: recording.source_id,
        lambda recording: recording.source_name,
        lambda recording: recording.token,
    )
    for pick in picks:
        found = [last_number(pick(recording)) for recording in rest]
        numbers = [number for number in found if number is not None]
        if len(numbers) != len(rest) or len(set(numbers)) != len(numbers):
            continue
        shift = _shift(channels, numbers)
        if shift is not None and all(number + shift in free for number in numbers):
            return {
                recording.token: free[number + shift]
                for recording, number in zip(rest, numbers, strict=True)
            }
    return {}


def _by_order(
    channels: Sequence[Channel],
    recordings: Sequence[Recording],
    placed: Mapping[str, str],
) -> ChannelPlaces:
    if placed or len(channels) != len(recordings):
        return {}
    return {
        recording.token: channel.token
        for recording, channel in zip(recordings, channels, strict=True)
    }


def with_recordings(
    channels: Sequence[Channel],
    recordings: Sequence[Recording],
    placed: Mapping[str, str],
) -> tuple[Channel, ...]:
    """Return the channels with their recordings, the longest time line first.

    A channel without a name of its own takes the one its recording has.
    """

    def span_ms(recording: Recording) -> int:
        first, last = recording.device_earliest_ms, recording.device_latest_ms
        return (last - first) if first is not None and last is not None else -1

    by_channel: dict[str, list[Recording]] = {}
    for recording in recordings:
        by_channel.setdefault(placed.get(recording.token, ""), []).append(recording)
    result = []
    for channel in channels:
        own = sorted(by_channel.get(channel.token, ()), key=span_ms, reverse=True)
        name = channel.name
        if name == f"Camera {channel.number}":
            told = [r.source_name.strip() for r in own if not is_generic(r.source_name)]
            name = told[0] if told else name
        result.append(
            replace(channel, name=name, recording_tokens=tuple(r.token for r in own))
        )
    return tuple(result)
