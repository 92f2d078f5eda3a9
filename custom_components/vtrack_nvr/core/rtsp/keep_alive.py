"""When and how one session is kept alive (ST 5.2.2.2, 6.7; RFC 2326 12.37); no I/O."""

from collections.abc import Set as AbstractSet
from typing import Final

from ..device_habits import DeviceHabits, KeepAlive
from ..policy import Waits

_REQUESTS: Final = (
    KeepAlive.GET_PARAMETER,
    KeepAlive.OPTIONS,
    KeepAlive.SET_PARAMETER,
)
_OPEN_ALLOWED: Final = 8


class KeepAlives:
    """Chooses among the ways in turn, beginning with the one that is known to count.

    A refusal, of whatever status, makes it try the next way at once. No answer until half
    way to the next one makes it use another then, and believes an answer that comes late,
    for it may be stuck behind media. What was answered where another was not is learned.
    """

    def __init__(self, habits: DeviceHabits, waits: Waits) -> None:
        """Nothing is due before `plan`."""
        self.due = float("inf")
        self._habits = habits
        self._waits = waits
        self._way = habits.keep_alive or KeepAlive.GET_PARAMETER
        self._is_known = habits.keep_alive is not None
        self._timeout_s = 0.0
        self._unlisted: frozenset[KeepAlive] = frozenset()
        self._refused: set[KeepAlive] = set()
        self._missed: set[KeepAlive] = set()
        self._open: dict[int, KeepAlive] = {}
        self._sent_at = float("-inf")
        self._counted_at = 0.0

    @property
    def way(self) -> KeepAlive:
        """Return the way that is used now."""
        return self._way

    @property
    def interval_s(self) -> float:
        """Return the time between two: half the timeout, within bounds."""
        waits = self._waits
        half_s = self._timeout_s / 2
        return max(waits.shortest_keep_alive, min(half_s, waits.longest_keep_alive))

    def plan(self, now: float, timeout_s: float, public: AbstractSet[str]) -> None:
        """Begin anew after a request that counts: SETUP or PLAY was answered."""
        self._timeout_s = timeout_s
        self._counted_at = now
        if public and not self._is_known:
            self._unlisted = frozenset(_REQUESTS[:1]) - public
            self._choose()
        self.due = now + self.interval_s

    def begin(self, now: float) -> KeepAlive:
        """Return the way to use now; tell `sent` under which number it went out."""
        if self._way in self._open.values():
            self._missed.add(self._way)
            self._choose()
        self._sent_at = now
        self.due = now + self.interval_s
        return self._way

    def sent(self, cseq: int) -> None:
        """Take note that a request went out, to be answered halfway to the next one."""
        while len(self._open) >= _OPEN_ALLOWED:
            del self._open[next(iter(self._open))]
        self._open[cseq] = self._way
        self.due = self._sent_at + self.interval_s / 2

    def answered(self, cseq: int, now: float, *, is_refused: bool) -> bool:
        """Take an answer; return False where it answers none of ours."""
        way = self._open.pop(cseq, None)
        if way is None:
            return False
        if is_refused:
            self._refused.add(way)
            if way is self._way:
                self._choose()
                self.due = now
            return True
        if way not in self._missed and (self._refused or self._missed):
            self._habits.learn(way)
        self._open.clear()
        self._missed.clear()
        self._way = way
        self.due = max(now, self._sent_at + self.interval_s)
        return True

    def ended(self, now: float) -> None:
        """Take note that the device ended the session while it played."""
        for timeout_s in {self._timeout_s, 2 * self.interval_s}:
            if timeout_s and self._habits.ended(
                self._way,
                silent_s=now - self._sent_at,
                alive_s=now - self._counted_at,
                timeout_s=timeout_s,
            ):
                return

    def _choose(self) -> None:
        """Go to the first way that was neither refused nor left unanswered."""
        out = self._refused | self._unlisted
        left = [way for way in _REQUESTS if way not in out]
        if not left:
            self._way = KeepAlive.REPORTS
            self._habits.learn(KeepAlive.REPORTS)
            return
        fresh = [way for way in left if way not in self._missed]
        if not fresh:
            self._missed.clear()
            fresh = left
        self._way = fresh[0]
