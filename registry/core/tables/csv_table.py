"""Tables in CSV files, as whoever reads one takes them."""

from __future__ import annotations

import warnings
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from registry.core.error_text import one_line
from registry.core.errors import UsageError
from registry.core.tables.amounts import amounts_in

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t")


def read_csv(
    path: Path, *, or_else: str = "", texts: Container[str] = ()
) -> tuple[dict[str, str], pd.DataFrame, list[str]]:
    """Return how pandas is to read a table, the table, and the columns that `amounts_in` finds in it.

    What separates a row's values is one of `SEPARATORS`; where that is no comma, numbers may have commas for points.

    Args:
        path: the file.
        or_else: how else than as text in UTF-8 it could be saved, to end the advice with.
        texts: columns whose values are texts as they stand there, where pandas would take all of them for numbers.

    Raises:
        UsageError: it is no table, or no text in UTF-8, or has rows longer than its first line.
    """
    import pandas as pd

    try:
        heads = {separator: pd.read_csv(path, sep=separator, nrows=0).shape[1] for separator in SEPARATORS}
        separator = max(heads, key=heads.__getitem__)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of longer rows, whose values it would shift
            ways = [{"sep": separator}, *([] if separator == "," else [{"sep": separator, "decimal": ","}])]
            tables = [pd.read_csv(path, index_col=False, **way) for way in ways]
            amounts = [amounts_in(table, way) for way, table in zip(ways, tables, strict=True)]
            numbers = [
                (table.select_dtypes("number").shape[1], len(found))
                for table, found in zip(tables, amounts, strict=True)
            ]
            best = numbers.index(max(numbers))
            way, table = ways[best], tables[best]
            if taken := [name for name in table.select_dtypes("number") if keras_name(name) in texts]:
                table[taken] = pd.read_csv(path, index_col=False, dtype=str, **way)[taken]
            return way, table, amounts[best]
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8 ({one_line(error)}); save it as that{or_else}") from error
    except pd.errors.ParserWarning as error:
        raise UsageError(f"{path} has a row of more values than its first line has names") from error
    except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
        raise UsageError(f"{path} is no table that pandas can read: {one_line(error)}") from error


def keras_name(column: object) -> str:
    """Return what an input for a column is called: no name in Keras has a slash."""
    return str(column).replace("/", "_")
