"""A program's first import; until `started` is called, modules are imported without garbage collection.

Nothing that an import makes is garbage, and collecting it takes a tenth of a short command's time.
"""

from __future__ import annotations

import gc

gc.disable()


def started() -> None:
    """Turn garbage collection on again, except for what has been imported."""
    gc.freeze()
    gc.enable()
