"""What a launcher gives: running workers, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    pass


FAILED = 1  # the exit code of a worker that said why


@dataclass(frozen=True, slots=True)
class Child:
    """A worker's process.

    Args:
        process: the process (``pid``, ``is_alive``, ``exitcode``, ``terminate``, ``kill``, ``join``, ``sentinel``).
        reason: returns why it could not go on, once, after it has ended; None where it did not say.
    """

    process: Any
    reason: Callable[[], str | None]


class Workers(Protocol):
    """The running workers of one `Study.run`, wherever they are: a `Pool` or a `RayPool`."""

    stop_seconds: float  # in which workers that are asked to stop have ended

    @property
    def exit_codes(self) -> list[int | None]:
        """The exit codes of the workers; None, or nothing yet, of those that still run."""

    @property
    def reasons(self) -> list[str]:
        """Why workers could not go on, as far as that is known here."""

    def tell(self) -> None:
        """Say why workers could not go on, where that was not said before."""

    def alive(self) -> bool:
        """Tell whether a worker still runs, after replacing those that died."""

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, at most so long."""

    def stop(self) -> None:
        """Ask the workers to stop at their next safe point."""

    def join(self, seconds: float) -> bool:
        """Wait for the workers to end; tell whether they did within the time."""

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""
