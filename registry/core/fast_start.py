"""A program's first import and its last: in between, modules are imported without looking for garbage.

Nothing that an import makes is garbage, and looking for it takes a tenth of a short command's time.
"""

from __future__ import annotations

import gc

gc.disable()


def started() -> None:
    """Look for garbage again, but not among what has been imported."""
    gc.freeze()
    gc.enable()
