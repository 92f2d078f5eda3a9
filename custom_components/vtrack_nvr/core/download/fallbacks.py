"""What to leave out when a device refuses a request (profile-g §5.11); pure."""

from ..policy import DevicePolicy, Quirk

RANGE_FORMS = frozenset({Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE})
"""What a refused `Range` makes us try."""
_RUNGS: dict[int, tuple[frozenset[Quirk], ...]] = {
    551: (frozenset({Quirk.NO_REQUIRE}),),
    501: (frozenset({Quirk.NO_RATE_CONTROL}),),
    461: (frozenset({Quirk.HTTP_TUNNEL}),),
    457: (
        frozenset({Quirk.WHOLE_SECONDS}),
        frozenset({Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE}),
    ),
    400: (
        frozenset({Quirk.WHOLE_SECONDS}),
        frozenset({Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE}),
        frozenset({Quirk.NO_RATE_CONTROL}),
        frozenset({Quirk.NO_RATE_CONTROL, Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE}),
    ),
}


class Ladder:
    """One descent, from the policy known so far; a new one for every session.

    `policy` is what to try now; it is worth learning once the device has accepted it.
    """

    def __init__(self, known: DevicePolicy) -> None:
        """Begin on the rung the device is known to need."""
        self.policy = known
        self._base = known
        self._tried: set[frozenset[Quirk]] = {frozenset()}

    def step_down(self, status: int) -> bool:
        """Leave out the next thing after a refusal; False where nothing is left.

        What an earlier status made us leave out stays out; what was only tried does not.
        """
        if status in {551, 461} and self.policy is not self._base:
            self._base = self.policy
        for rung in _RUNGS.get(status, ()):
            extra = rung - self._base.quirks
            if extra and extra not in self._tried:
                self._tried.add(extra)
                self.policy = self._base.learn(*extra)
                if status in {551, 501, 461}:
                    self._base = self.policy
                return True
        return False
