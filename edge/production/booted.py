"""Which of an instance's processes can serve, told among them."""

import mmap
from dataclasses import dataclass, field


@dataclass(slots=True)
class Booted:
    """A byte for each process in memory that they share; this one writes its own.

    A byte stays: a process that replaces another is not what an instance waits for to start.
    """

    board: mmap.mmap
    place: int
    _is_here: bool = field(default=False, init=False)

    def __bool__(self) -> bool:
        """Whether this process can serve now, and every other one could already."""
        return self._is_here and 0 not in self.board[:]

    def set(self, is_booted: bool) -> None:
        """This process can serve, or for now cannot."""
        self._is_here = is_booted
        if is_booted:
            self.board[self.place] = 1
