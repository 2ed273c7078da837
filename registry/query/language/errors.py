"""What is wrong with a filter or a sort, and where."""

from __future__ import annotations

from registry.core.errors import UsageError

SHOWN = 200  # characters of a filter in a message


class FilterError(UsageError):
    """A wrong filter or sort; its message is one line, `picture` shows the place.

    Args:
        message: what came, what was expected and what to do.
        text: the filter's text; None where it was built in Python.
        at: where in the text, from 0.
    """

    def __init__(self, message: str, text: str | None = None, at: int | None = None) -> None:
        self.text, self.at = text, at
        super().__init__(
            message if text is None or at is None else f"in {_near(text, at)!r}, column {at + 1}: {message}"
        )

    @property
    def picture(self) -> str | None:
        """The filter's text with a caret under the place, in two lines."""
        if self.text is None or self.at is None:
            return None
        line = "".join(" " if character.isspace() else character for character in self.text)
        return f"{line}\n{' ' * self.at}^"


def _near(text: str, at: int) -> str:
    """Return a text, or what stands near a place in it where it is long."""
    if len(text) <= SHOWN:
        return text
    start = max(0, at - SHOWN // 2)
    return "…" * (start > 0) + text[start : start + SHOWN] + "…" * (start + SHOWN < len(text))
