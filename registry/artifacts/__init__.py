"""Where artifacts lie: in the database, in a folder, or behind any fsspec URL; one contract for all."""

from registry.artifacts.selection import (
    choose,
    current,
    hold,
    open_outside,
    open_store,
    other,
    outside,
    record_store,
    store_below,
)
from registry.artifacts.stores.contract import Held, MissingError, Store
from registry.artifacts.stores.urls import check_lasts, display, located

__all__ = [
    "Held",
    "MissingError",
    "Store",
    "check_lasts",
    "choose",
    "current",
    "display",
    "hold",
    "located",
    "open_outside",
    "open_store",
    "other",
    "outside",
    "record_store",
    "store_below",
]
