"""Numbers that stand in a table as texts, such as ``1,200``, ``€ 12.50`` or ``37 %``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SIGNS = "$€£¥%"


def amounts_in(table: pd.DataFrame, way: Mapping[str, str]) -> list[str]:
    """Return the columns of texts of which every value is such a number, all of them written alike.

    Args:
        table: as pandas reads it.
        way: how it was read, with what its numbers have for a point.
    """
    decimal = way.get("decimal", ".")
    apart = "," if decimal == "." else "."
    whole = (rf"[1-9]\d{{0,2}}(?:\{apart}\d{{3}})*|0", r"[1-9]\d*|0")  # thousands apart, or not
    forms = [rf"(?:[-+]?[{SIGNS}]?|[{SIGNS}]\s?[-+]?)\s?(?:{each})(?:\{decimal}\d+)?\s?[{SIGNS}]?" for each in whole]
    amounts = []
    for name in table.select_dtypes(exclude=["number", "bool"]):
        values = table[name].dropna().astype(str)
        signs = set(values.str.replace(rf"[^{SIGNS}]", "", regex=True))
        alike = len(signs) == 1 and signs <= {"", *SIGNS}
        if alike and any(values.str.fullmatch(form).all() for form in forms):
            amounts.append(name)
    return amounts


def as_numbers(columns: pd.DataFrame, way: Mapping[str, str]) -> pd.DataFrame:
    """Return columns that `amounts_in` names as numbers; arguments are its own."""
    decimal = way.get("decimal", ".")
    digits = columns.replace(rf"[^0-9{decimal}-]", "", regex=True)
    return digits.replace(rf"\{decimal}", ".", regex=True).astype(float)
