"""Something a server says every so often."""


class Beat:
    """Due each ``every`` nanoseconds once started; what was missed is not made up for."""

    __slots__ = ("_due_at", "_every")

    def __init__(self, every: int) -> None:
        self._every = every
        self._due_at: int | None = None

    def start(self, now: int) -> None:
        """First due one period from now."""
        self._due_at = now + self._every

    def stop(self) -> None:
        """Not due any more."""
        self._due_at = None

    def due(self, now: int) -> bool:
        """Whether it is due; a yes counts as said."""
        if self._due_at is None or now < self._due_at:
            return False
        self._due_at += self._every * (1 + (now - self._due_at) // self._every)
        return True
