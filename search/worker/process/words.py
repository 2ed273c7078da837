"""What a worker says to the pool that started it: how far it is, and last of all how it ends.

A process that ends without a last word has crashed, whatever its exit code is: user code can end it with any.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from multiprocessing.connection import Connection


class Word(StrEnum):
    """What a worker is about, as it says itself."""

    READY = "ready"  # the problem and its data are loaded
    TRAINING = "training"  # a trial is claimed
    RECORDING = "recording"  # its training is over
    STOPPING = "stopping"  # it was asked to stop, and keeps what it has
    DONE = "done"  # the last word: nothing left to do, or stopped in order
    OUTDATED = "outdated"  # the last word: the study has changed, and another is to take its place
    FAILED = "failed"  # the last word: it cannot go on

    @property
    def last(self) -> bool:
        """Tell whether nothing comes after it but the process's end."""
        return self in (Word.DONE, Word.OUTDATED, Word.FAILED)


Message = tuple[Word, str | None]
Say = Callable[[Word], None]


def say_nothing(_word: Word) -> None:
    """Answer for a worker that nobody listens to."""


class Speaker:
    """Say words into a pipe; where nobody listens any more, they are lost."""

    def __init__(self, sender: Connection) -> None:
        self._sender = sender

    def __call__(self, word: Word, text: str | None = None) -> None:
        """Say a word, and with the last one why."""
        with suppress(OSError):
            self._sender.send((str(word), text))


def hear(receiver: Connection) -> list[Message]:
    """Return what a worker has said since the last call."""
    messages: list[Message] = []
    with suppress(EOFError, OSError):
        while receiver.poll():
            word, text = receiver.recv()
            messages.append((Word(word), text))
    return messages
