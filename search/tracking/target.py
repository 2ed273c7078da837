"""Where trials are logged, as the user names it: ``tensorboard:DIR`` or ``mlflow:URI``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from registry.core.errors import UsageError, UserError
from registry.core.trackers.mlflow import check_database

TENSORBOARD, MLFLOW = "tensorboard", "mlflow"


@dataclass(frozen=True, slots=True)
class Target:
    """Where trials are logged.

    Args:
        kind: ``tensorboard`` or ``mlflow``.
        place: a folder's absolute path, or a tracking URI, with its password.
    """

    kind: str
    place: str

    def __str__(self) -> str:
        return without_password(f"{self.kind}:{self.place}")

    __repr__ = __str__


def parse_targets(texts: Sequence[str]) -> tuple[Target, ...]:
    """Return where trials are to be logged, each place once; nothing is asked over a network.

    Raises:
        UsageError: it is no such place.
        UserError: MLflow is not installed, or the folder cannot be made.
        DatabaseError: MLflow's database is another program's.

    Example:
        >>> parse_targets(["mlflow:http://ann:secret@host:5000"])
        (mlflow:http://***@host:5000,)
    """
    return tuple(dict.fromkeys(map(_parse, texts)))


def _parse(text: str) -> Target:
    kind, _, place = text.partition(":")
    if kind not in (TENSORBOARD, MLFLOW) or not place:
        raise UsageError(f"--log is {without_password(text)!r}; expected tensorboard:DIR or mlflow:URI")
    if kind == MLFLOW:
        if find_spec("mlflow") is None:
            raise UserError("--log mlflow needs MLflow's client; install it: pip install 'studies[mlflow]'")
        check_database(place, may_begin=True)
        return Target(kind, place)
    folder = Path(place).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Target(kind, str(folder))


def without_password(text: str) -> str:
    """Return a text, such as an error, without what stands before the host of its URLs.

    Example:
        >>> without_password("no answer from http://ann:secret@host:5000/")
        'no answer from http://***@host:5000/'
    """
    return re.sub(r"://[^/@\s]*@", "://***@", text)
