"""A page of versions, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from registry.core.errors import UsageError
from registry.query.filters import Where, condition_of, order_of
from registry.query.language.tree import Order
from registry.query.paging import Search, by_score, page_ids
from registry.values.html import html_table
from registry.values.version import Loader, ModelVersion
from registry.versions.find import find_model
from registry.versions.read import fetch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Page:
    """What `Registry.find` found.

    Args:
        versions: in the order that was asked for.
        next: the cursor of the next page, to be given as ``after``; None where this is the last one.
    """

    versions: tuple[ModelVersion, ...]
    next: str | None = None

    def __iter__(self) -> Iterator[ModelVersion]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each version."""
        rows = [(v.ref, v.metric, v.score, v.epoch, v.source.study, ", ".join(v.aliases)) for v in self.versions]
        more = "" if self.next is None else ", and more"
        count = "1 version" if len(rows) == 1 else f"{len(rows)} versions"
        return html_table(count + more, ("version", "metric", "score", "epoch", "study", "aliases"), rows)

    def __repr__(self) -> str:
        refs = ", ".join(version.ref for version in self.versions[:3])
        return f"<Page of {len(self.versions)} versions{f': {refs}' if refs else ''}{', …' if len(self) > 3 else ''}>"

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame with a row for each version; see `registry.versions.frame.to_frame`."""
        from registry.versions.frame import to_frame

        return to_frame(self.versions)


def find_page(
    connection: Connection,
    model: str | None,
    where: Where,
    *,
    study: str | None,
    sort: str | Order | Any,
    best_first: bool,
    limit: int | None,
    after: str | None,
    loader: Loader,
) -> Page:
    """Return the versions that fit a filter, sorted, a page of them; see `Registry.find`.

    Raises:
        NotFoundError: there is no such model.
        UsageError: a wrong filter, sort, limit or cursor.
    """
    if limit is not None and not 0 < limit < 2**31:
        raise UsageError(f"the limit is {limit}; expected 1 to {2**31 - 1}, or None for all")
    if best_first and (model is None or sort is not None):
        raise UsageError("best first is by the score of one model: name the model, and give no other sort")
    row = None if model is None else find_model(connection, model)
    order = by_score(row.direction) if row is not None and best_first else order_of(connection, sort)
    search = Search(condition_of(connection, where, study=study), order, None if row is None else row.id)
    ids, following = page_ids(connection, search, limit, after)
    return Page(tuple(fetch(connection, ids, loader)), following)
