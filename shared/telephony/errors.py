"""What the database says no with, whichever way it was asked."""

from shared.errors import BadInputError, FunctionError


class NotStoredError(FunctionError):
    """The event is not in the database: answered with 500, so that the provider sends it again."""

    default_code = "DATABASE_UNAVAILABLE"


class RefusedError(Exception):
    """The database has undone the transaction; `code` is Postgres's or the data API's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def is_sqlstate(self) -> bool:
        """Whether Postgres itself has said it."""
        return len(self.code) == 5

    @property
    def is_conflict(self) -> bool:
        return self.code.startswith("40")

    def as_error(self) -> FunctionError:
        """Return the HTTP error for the sender."""
        if self.code == "PT400":
            return BadInputError(self.message)
        if self.code.startswith("22"):
            return unstorable()
        error = NotStoredError("The event could not be stored.", metadata={"reason": self.code})
        error.__cause__ = self
        return error


def unstorable() -> FunctionError:
    """Build the error for values of JSON that Postgres cannot hold."""
    return BadInputError("The event holds a value that cannot be stored.", code="UNSTORABLE")


def unreachable() -> NotStoredError:
    """Build the error for a database that does not respond."""
    return NotStoredError("The database cannot be reached just now.")
