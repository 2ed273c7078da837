"""What a table in a CSV file is made of: which columns tell something, of which kind, and what is to be predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.tables.amounts import as_numbers
from registry.core.tables.csv_table import keras_name, read_csv

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MANY_CLASSES = 100  # more different values than this are no classes
MANY_CATEGORIES = 50
FEW_NUMBERS = 20  # a target of whole numbers with at most this many different values is a class
LEAST_ROWS = 20
LEAST_OF_A_CLASS = 5  # rows of each class, for equal shares of the classes in each part


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table, as a problem's file tells of it.

    Args:
        read: how pandas reads the file.
        target: the column to predict.
        classes: its values in their order, where it has classes; empty where it is a number.
        equal_shares: whether each class has rows enough to be split in equal shares.
        numbers, categories, texts: the other columns by what they hold: numbers, one of a few texts, words.
        left_out: columns that tell nothing, with the reason.
        amounts: columns, the target perhaps among them, whose numbers stand there as texts such as 1,200.
    """

    read: dict[str, str]
    target: str
    classes: tuple[Any, ...]
    equal_shares: bool
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    texts: Sequence[str] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    amounts: Sequence[str] = ()


def read_table(path: Path, target: str | None) -> TableFacts:
    """Look at a table in a CSV file.

    Raises:
        NotFoundError: there is no such file or column.
        UsageError: it is no table, or the target cannot be predicted.
    """
    read, table, amounts = _read(path)
    names = [str(name) for name in table.columns]
    if target is None:
        raise UsageError(f"which column is to be predicted? say --target with one of: {', '.join(names[:20])}")
    target = keras_name(target)
    if target not in names:
        raise NotFoundError(f"{path} has no column {target!r}; {did_you_mean(target, names)}")
    table = table.dropna(subset=[target])
    if len(table) < LEAST_ROWS:
        raise UsageError(f"{path} has {len(table)} rows with a {target!r}; expected {LEAST_ROWS} or more")
    classes = _classes(path, table[target])
    rarest = int(table[target].value_counts().min()) if classes else 0
    kinds: dict[str, list[str]] = {"numbers": [], "categories": [], "texts": []}
    left_out: dict[str, str] = {}
    for name in names:
        if name != target:
            kind, reason = _kind(name, table[name])
            kinds[kind].append(name) if kind else left_out.update({name: reason})
    if not any(kinds.values()):
        raise UsageError(
            f"{path} has no column beside {target!r} that tells anything: {listed(left_out) or 'there is none'}"
        )
    used = [name for name in amounts if name not in left_out]
    return TableFacts(read, target, classes, rarest >= LEAST_OF_A_CLASS, **kinds, left_out=left_out, amounts=used)


def _read(path: Path) -> tuple[dict[str, str], DataFrame, list[str]]:
    if not path.is_file():
        raise NotFoundError(f"there is no file {str(path)!r}; expected a table in a CSV file")
    read, table, found = read_csv(path)
    table = table.rename(columns=keras_name).replace([float("inf"), float("-inf")], float("nan"))
    if table.shape[1] < 2:
        raise UsageError(f"{path} has one column; expected a table whose values are separated by , or ; or tabs")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise UsageError(
            f"{path} has more than one column called {twice!r}, where / in a name counts as _; expected names of their "
            "own in its first line"
        )
    amounts = [keras_name(name) for name in found]
    table[amounts] = as_numbers(table[amounts], read)
    return read, table, amounts


def _classes(path: Path, target: Series[Any]) -> tuple[Any, ...]:
    """Return the target's values in their order; nothing where it is a number."""
    import pandas as pd

    values = target.unique().tolist()
    if len(values) == 1:
        raise UsageError(
            f"{target.name!r} is {values[0]!r} in all rows of {path}; expected two different values or more"
        )
    numeric = pd.api.types.is_numeric_dtype(target) and not pd.api.types.is_bool_dtype(target)
    whole = numeric and bool((target == target.round()).all())
    each_twice = len(target) // 2
    if numeric and not (whole and len(values) <= min(FEW_NUMBERS, each_twice)):
        return ()
    most = min(MANY_CLASSES, each_twice)
    if len(values) > most:
        raise UsageError(
            f"{target.name!r} has {len(values)} different values in {len(target)} rows of {path}; "
            f"expected numbers, or {most} classes at most"
        )
    return tuple(sorted(int(value) if numeric else value for value in values))


def _kind(name: str, column: Series[Any]) -> tuple[str, str]:
    """Return which kind a column is of; or why it tells nothing."""
    import pandas as pd

    values = column.dropna()
    different = values.nunique()
    if different < 2:
        return "", "the same in all rows" if different else "empty"
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        counted = different == len(column) and pd.api.types.is_integer_dtype(column) and values.is_monotonic_increasing
        return ("", "counts the rows") if counted else ("numbers", "")
    if different <= MANY_CATEGORIES and different <= len(values) / 2:
        return "categories", ""
    words = values.astype(str).str.split().str.len().mean()
    return ("texts", "") if words >= 2 else ("", "another word in almost every row")


def listed(left_out: Mapping[str, str]) -> str:
    """Return columns that tell nothing, with the reasons, as people read them."""
    return "; ".join(f"{name} ({reason})" for name, reason in left_out.items())
