"""Coalesces requests for the same work: one run at a time, and one more for later requests."""

from collections.abc import Awaitable, Callable, Hashable


class Coalesced:
    """Runs work once at a time per key; requests during a run cause a single further run."""

    def __init__(self) -> None:
        self._is_requested: dict[Hashable, bool] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        """Run `work` until no request came during the last run.

        Returns at once while another call runs the key: that call then runs its work once more.
        An exception of `work` propagates to the call that runs it, and drops pending requests.
        """
        if key in self._is_requested:
            self._is_requested[key] = True
            return
        self._is_requested[key] = True
        try:
            while self._is_requested[key]:
                self._is_requested[key] = False
                await work()
        finally:
            del self._is_requested[key]
