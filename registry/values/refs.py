"""References: ``model``, ``model/3`` and ``model@alias``, and the rules for names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from registry.core.errors import UsageError

# The version that an alias has to be on: its number, nowhere, or wherever it is.
Expected = int | Literal["none"] | None

NAME_PATTERN = r"\w[\w.-]{0,199}"
_NAME = re.compile(NAME_PATTERN)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Ref:
    """One version of a model: the best, a number, or what an alias points to.

    Example:
        >>> str(Ref("fmnist", alias="champion"))
        'fmnist@champion'
    """

    model: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.model}/{self.version}"
        return self.model if self.alias is None else f"{self.model}@{self.alias}"


def parse_ref(text: str) -> Ref:
    """Return the reference that a text means.

    Raises:
        UsageError: it is not a reference.

    Example:
        >>> parse_ref("fmnist/3")
        Ref(model='fmnist', version=3, alias=None)
    """
    if not isinstance(text, str):
        kind = type(text).__name__
        raise UsageError(
            f"a reference is of type {kind}; expected MODEL, MODEL/3 or MODEL@ALIAS, such as a version's ref"
        )
    model, slash, number = text.partition("/")
    if slash and _NAME.fullmatch(model) and _NUMBER.fullmatch(number):
        return Ref(model, version=int(number))
    model, at, alias = text.partition("@")
    if _NAME.fullmatch(model) and (not at or _NAME.fullmatch(alias)):
        return Ref(model, alias=alias if at else None)
    raise UsageError(f"{text!r} names no version; expected MODEL, MODEL/3 or MODEL@ALIAS")


def check_name(kind: str, name: str) -> str:
    """Return the name of a model, alias or tag, if it is allowed.

    Raises:
        UsageError: it has other characters than letters, digits, ``_``, ``.`` and ``-``, or begins with one of
            the last two.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        one = f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
        raise UsageError(
            f"{name!r} cannot be the name of {one}; expected up to 200 letters, digits, '_', '.' or '-', "
            "beginning with a letter, digit or '_'"
        )
    return name


def parse_alias(text: str) -> tuple[str, str]:
    """Return the model and the alias of ``MODEL@ALIAS``.

    Raises:
        UsageError: it names no alias.
    """
    ref = parse_ref(text)
    if ref.alias is None:
        raise UsageError(f"{text!r} names no alias; expected MODEL@ALIAS")
    return ref.model, ref.alias
