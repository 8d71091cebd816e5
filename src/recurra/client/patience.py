"""How long, and how often, something is tried again."""

import random
import time
from collections.abc import Callable

from recurra.errors import RecurraError

_SHORTEST, _LONGEST = 0.05, 5.0


class Patience:
    """Waits longer from time to time (exponential backoff with jitter), and ends.

    Args:
        seconds: After so long without success there is no next time.
        now: The time, in seconds since whenever.
        chance: Draws from 0 to 1.
    """

    def __init__(
        self,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.seconds, self.now, self._chance = seconds, now, chance
        self._since: float | None = None
        self._times = 0

    def anew(self) -> "Patience":
        """The same, without any trouble yet."""
        return Patience(self.seconds, self.now, self._chance)

    def rest(self) -> None:
        """It went well."""
        self._since, self._times = None, 0

    def wait(self, error: RecurraError, at_least: float = 0.0) -> float:
        """Seconds to wait before the next time.

        Args:
            error: Why.
            at_least: As the server said.

        Raises:
            RecurraError: That error: it went on for too long.
        """
        now = self.now()
        if self._since is None:
            self._since = now
        if now - self._since + at_least > self.seconds:
            raise error
        most = min(_LONGEST, _SHORTEST * 2.0 ** min(self._times, 16))
        self._times += 1
        return at_least + most * (0.5 + 0.5 * self._chance())
