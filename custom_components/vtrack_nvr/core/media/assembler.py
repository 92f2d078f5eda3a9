"""Groups of pictures from the units of a stream, sound put beside its pictures."""

from collections import deque

from ..policy import Bounds
from .beside import WaitingSound
from .units import Gop, TimedUnit

_PAUSE_US = 2_000_000
_PAUSE_TIMES_USUAL = 3
_SOUND_PATIENCE_US = 3_000_000
"""So far behind its pictures sound may be sent, in the stream's own time."""
_DEFAULT_STEP_US = 40_000


class GopAssembler:
    """Units in the order they were sent go in, finished groups come out.

    Pictures before the first key frame are dropped. Sound belongs to the group whose
    times contain it, sent before or behind the pictures: a group is held back until its
    sound has come, at most three seconds of pictures long. Groups larger than
    `Bounds.gop_bytes` or longer than `gop_ms` come in pieces.
    """

    def __init__(self, bounds: Bounds, *, has_sound: bool) -> None:
        """Make a new one per connection: a group never spans two."""
        self._most_bytes = bounds.gop_bytes
        self._most_us = bounds.gop_ms * 1000
        self._has_sound = has_sound
        self._open: Gop | None = None
        self._done: deque[Gop] = deque()
        self._sound = WaitingSound(bounds.gop_bytes)
        self._has_given = False
        self._is_set_back = False
        """The last of the finished groups ends where the clock was set back."""
        self._short_us = 0
        self._picture_us = 0
        self.step_us = _DEFAULT_STEP_US
        """The usual distance of two pictures."""
        self._is_guessed = self._is_measured = False

    @property
    def held_bytes(self) -> int:
        """Return how much is in memory."""
        return (
            sum(gop.bytes for gop in self._done)
            + (self._open.bytes if self._open else 0)
            + self._sound.bytes
        )

    @property
    def lost_sound_us(self) -> int:
        """Return about how much sound found no pictures, or never came for some."""
        return self._sound.lost_us + self._short_us

    def awaits_sound(self, before_us: int) -> bool:
        """Return whether groups that began before are held for sound that is behind."""
        newest_us = self._sound.newest_us
        if newest_us is None or not self._done:
            return False
        gop = self._done[0]
        behind_us = gop.end_us - newest_us - self._sound.step_us
        return gop.start_us < before_us and behind_us <= _SOUND_PATIENCE_US

    def add_picture(self, item: TimedUnit) -> list[Gop]:
        """Take a picture; return the groups that are finished by it."""
        unit = item.unit
        size = len(unit.data)
        if not self._is_measured and self._picture_us:
            self._guess(abs(item.time_us - self._picture_us))
        self._picture_us = item.time_us
        gop = self._open
        if unit.is_key:
            if gop:
                self._close(gop, item.time_us)
            self._open = Gop([item], bytes=size)
        elif gop is None:
            return []
        elif gop.bytes + size > self._most_bytes or (
            item.time_us - gop.video[0].time_us > self._most_us
        ):
            self._close(gop, item.time_us)
            self._open = Gop([item], bytes=size, begins_with_key=False)
        else:
            gop.video.append(item)
            gop.bytes += size
            return []
        return self.ready()

    def add_sound(self, item: TimedUnit) -> list[Gop]:
        """Take a piece of sound; return the groups that are finished by it."""
        self._sound.add(item)
        return self.ready() if self._done else []

    def ready(self) -> list[Gop]:
        """Return the groups whose sound is there, or will not come any more."""
        groups: list[Gop] = []
        while self._done and not self._is_waiting(self._done[0].end_us):
            groups.append(self._give(self._done.popleft()))
        return groups

    def _is_waiting(self, end_us: int) -> bool:
        """Return whether sound before `end_us` may still come."""
        newest_us = self._sound.newest_us
        return (
            self._has_sound
            and not self._is_set_back
            and (newest_us is None or newest_us < end_us)
            and self._picture_us < end_us + _SOUND_PATIENCE_US
            and self.held_bytes <= self._most_bytes
        )

    def finish(self) -> list[Gop]:
        """Return everything held; the last group is marked as not whole."""
        if gop := self._open:
            self._open = None
            gop.is_whole = False
            self._measure(gop)
            gop.end_us = gop.last_us + self.step_us
            self._done.append(gop)
        groups = [self._give(self._done.popleft()) for _ in range(len(self._done))]
        if groups and self._sound.newest_us is not None:
            short_us = groups[-1].end_us - self._sound.newest_us - self._sound.step_us
            if self._sound.step_us < short_us <= _SOUND_PATIENCE_US:
                self._short_us += short_us
        self._sound.clear()
        return groups

    def _close(self, gop: Gop, next_us: int) -> None:
        self._measure(gop)
        last = gop.last_us
        pause = next_us - last
        is_pause = pause > _PAUSE_US and pause > _PAUSE_TIMES_USUAL * self.step_us
        if is_pause or pause <= 0 or gop.video[-1].unit.is_last:
            gop.end_us = last + self.step_us
            if pause > 0:
                gop.end_us = min(gop.end_us, next_us)
        else:
            gop.end_us = next_us
        self._is_set_back = pause <= 0
        self._done.append(gop)

    def _guess(self, distance_us: int) -> None:
        """Before the first group is whole: the smallest distance there was."""
        if 0 < distance_us < _PAUSE_US:
            if self._is_guessed:
                distance_us = min(distance_us, self.step_us)
            self._is_guessed = True
            self.step_us = distance_us

    def _measure(self, gop: Gop) -> None:
        if len(gop.video) > 1:
            self._is_measured = True
            times = [item.time_us for item in gop.video]
            self.step_us = max(1, (max(times) - min(times)) // (len(times) - 1))

    def _give(self, gop: Gop) -> Gop:
        """Put the sound beside its pictures."""
        is_set_back = self._is_set_back and not self._done
        gop.audio = self._sound.take(
            gop.start_us,
            gop.end_us,
            is_first=not self._has_given,
            is_set_back=is_set_back,
        )
        self._has_given = not is_set_back
        self._is_set_back &= not is_set_back
        return gop
